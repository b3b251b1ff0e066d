/** Tile values under other shapes, flipped, cut in two and put together. */
import { describe, expect, it } from 'vitest'
import { hl, type Tensor } from '../../src/language/index.ts'
import type { KernelFunction } from '../../src/language/trace/trace_kernel.ts'
import type { TileValue } from '../../src/language/values/value.ts'
import { rearranged } from '../codegen/rearranged_kernels.ts'
import { bodyOf, expectRun, host, ramp } from './harness.ts'
import { mistake } from './mistakes.ts'

describe.each([0, 1, 3])('of %i rows', (rows) => {
  it.each(Object.entries(rearranged(rows)))('%s', (_, [fn, args, wanted]) => {
    expectRun(fn, args, wanted)
  })
})

describe('reshape', () => {
  it('is no work where it only adds axes of one', () => {
    const kernel = (x: Tensor): void => {
      for (const t of hl.tile(x.shape[0]))
        x.at(t, ':').set(x.at(t, ':').reshape([1, t, 1, x.shape[1]]).sum(0).squeeze(1))
    }
    const text = bodyOf(kernel, [ramp([3, 4])])
    expect(text).not.toContain('gather')
  })

  it('of positions goes on past the end of a range', () => {
    const kernel = (x: Tensor): Tensor => {
      const out = hl.zeros([3])
      for (const t of hl.tile(5, { blockSize: 4 })) {
        const [even] = hl.split(t.index.reshape([2, 2]))
        out.at(even.floorDiv(2)).set(x.at(even).add(1))
      }
      return out
    }
    expectRun(kernel, [host([5], [1, 2, 3, 4, 5])], [2, 4, 6], [undefined])
  })

  it('keeps the axes at both ends of what changes', () => {
    const kernel = (x: Tensor): Tensor => {
      const out = hl.empty([2, 2, 3, 4])
      for (const t of hl.tile(2))
        out.at(t, ':', ':', ':').set(x.at(t, ':', ':').reshape([t, 2, -1, x.shape[2]]))
      return out
    }
    const x = ramp([2, 6, 4])
    expect(bodyOf(kernel, [x])).toContain('along 1 at')
    expectRun(kernel, [x], [...x.data])
  })

  it('of nothing', () => {
    const kernel = (x: Tensor): Tensor => {
      const out = hl.empty([2, 0, 2])
      for (const t of hl.tile(2)) out.at(t, ':', ':').set(x.at(t, ':').reshape([t, 0, 2]))
      return out
    }
    expectRun(kernel, [ramp([2, 0])], [])
  })
})

it('shape has the tiles and sizes of a value', () => {
  const kernel = (x: Tensor): Tensor => {
    const out = hl.emptyLike(x)
    for (const t of hl.tile(x.shape[0])) {
      const value = x.at(t, ':')
      const acc = hl.zeros(value.shape)
      acc.addAssign(value.unsqueeze(1).reshape(value.shape))
      expect(value.unsqueeze(0).shape).toHaveLength(3)
      expect(value.unsqueeze(0).shape[0]).toBe(1)
      out.at(t, ':').set(acc)
    }
    return out
  }
  expectRun(kernel, [ramp([3, 4])], [...ramp([3, 4]).data])
})

it('stack and join broadcast, and take any dtype', () => {
  const kernel = (x: Tensor): Tensor => {
    const out = hl.empty([2, 2, 2], 'i32')
    for (const t of hl.tile(2))
      out.at(':', t, ':').set(hl.stack([hl.join(x.at(t), x.at(0).sub(4)), hl.join(x.at(t), x.at(t))]))
    return out
  }
  expectRun(kernel, [host([2], [5, 7], 'i32')], [5, 1, 7, 1, 5, 5, 7, 7])
})

it('a slice of one position, of an axis of one, and of nothing', () => {
  const kernel = (x: Tensor) => {
    const out = {
      last: hl.empty([2, 1]),
      one: hl.empty([2, 1]),
      none: hl.empty([2, 0]),
      gone: hl.empty([2, 0]),
    }
    for (const t of hl.tile(2)) {
      const row = x.at(t, ':')
      out.last.at(t, ':').set(row.slice(1, 2, 3))
      out.one.at(t, ':').set(row.sum(1, { keepdim: true }).slice(1, 0, 1))
      out.none.at(t, ':').set(row.slice(1, 1, 1))
      out.gone.at(t, ':').set(row.sum(1, { keepdim: true }).slice(1, 0, 0))
    }
    return out
  }
  expectRun(kernel, [host([2, 3], [1, 2, 3, 4, 5, 6])], { last: [3, 6], one: [6, 15], none: [], gone: [] })
})

it('nothing and one behind one another are an axis of one', () => {
  const kernel = (x: Tensor) => {
    const out = hl.emptyLike(x)
    for (const t of hl.tile(x.shape[0])) {
      const value = x.at(t, ':')
      out.at(t, ':').set(hl.cat([value.slice(1, 1), value.slice(1, 0, 1)], 1))
    }
    return out
  }
  expectRun(kernel, [host([2, 1], [3, 4])], [3, 4])
})

it('expand repeats axes of one along tiles and sizes, and adds axes in front', () => {
  const kernel = (x: Tensor) => {
    const out = hl.empty([2, 2, 3])
    for (const t of hl.tile(2)) {
      const sums = x.at(t, ':').sum(1, { keepdim: true })
      out.at(':', t, ':').set(sums.expand([2, t, 3]).add(x.at(t, ':').expand([2, -1, -1])))
    }
    return out
  }
  const x = host([2, 3], [1, 2, 3, 4, 5, 6])
  const wanted = [7, 8, 9, 19, 20, 21]
  expectRun(kernel, [x], [...wanted, ...wanted])
})

describe('a mistake', () => {
  const inRows =
    (body: (value: TileValue) => unknown) =>
    (x: Tensor): void => {
      for (const t of hl.tile(4)) body(x.at(t, ':'))
    }
  const COUNT = 'Sizes are 0 or more; one at most is -1, and is worked out from the others.'
  const TILE =
    "How many positions a tile has is the config's choice: take the whole dimension with ':', or give the " +
    'loop a length, hl.tile(n, { blockSize: 64 }) or one of hl.registerBlockSize.'

  const SIZES =
    'Name tiles in their order, as value.shape has them. An axis that takes up a tile has a size of ' +
    'tiles: tile.blockSize.mul(2), hl.mul(blockSize, 2), or -1.'

  it.each<readonly [KernelFunction, string, string]>([
    [
      inRows((v) => v.reshape([v.shape[0] ?? 0, 4])), // ✗
      'reshape of [tile0 of 4, :6] to [tile0, 4] makes another number of elements: 4 is not equal to 6',
      'Check the shapes of the arguments.',
    ],
    [
      inRows((v) => v.reshape([v.shape[0] ?? 0, -1, -1])), // ✗
      'reshape of [tile0 of 4, :6] to [tile0, -1, -1] has -1 twice',
      COUNT,
    ],
    [
      inRows((v) => v.reshape([v.shape[0] ?? 0, -2])), // ✗
      'reshape of [tile0 of 4, :6] to [tile0, -2] has a size below 0',
      COUNT,
    ],
    [
      inRows((v) => v.reshape([v.shape[0] ?? 0, 0, -1])), // ✗
      'reshape of [tile0 of 4, :6] to [tile0, 0, -1] with -1 beside a size of 0',
      'Give all sizes: any would do in its place.',
    ],
    [
      inRows((v) => v.reshape([12, 2])), // ✗
      'reshape of [tile0 of 4, :6] to [12, 2]',
      SIZES,
    ],
    [
      inRows((v) => v.sum(0).reshape([v.shape[0] ?? 0, 2])), // ✗
      'reshape of [:6] to [tile0, 2]',
      SIZES,
    ],
    [
      inRows((v) => v.sum(0).T), // ✗
      '.T of a tile with 1 axes',
      'Use .transpose(a, b) or .permute(…).',
    ],
    [inRows((v) => v.flip(0)), 'flip along axis 0 of [tile0 of 4, :6], which is a tile', TILE], // ✗
    [
      inRows((v) => v.split()), // ✗
      'split of [tile0 of 4, :6] along its last axis, which has not two positions',
      'Make one: value.reshape([…, 2]).',
    ],
    [inRows((v) => v.slice(0, 0, 1)), 'slice along axis 0 of [tile0 of 4, :6], which is a tile', TILE], // ✗
    [
      inRows((v) => v.slice(1, 2, 7)), // ✗
      'slice(1, 2, 7) of [tile0 of 4, :6] lies within the dimension: 7 is not at most 6',
      'Check the shapes of the arguments.',
    ],
    [
      inRows((v) => v.slice(1, 0, 6, 0)), // ✗
      'the step of a range is the number 0',
      'A step is a plain integer of at least 1, or a list of one for each dimension.',
    ],
    [
      inRows((v) => v.expand([v.shape[0] ?? 0, 5])), // ✗
      'expand keeps the size of an axis: 6 is not equal to 5',
      'Check the shapes of the arguments.',
    ],
    [
      inRows((v) => v.expand([6])), // ✗
      'expand of a value with shape [tile0 of 4, :6] to the shape [6] [:6]',
      'The value must have those axes, or broadcast to them.',
    ],
    [inRows((v) => hl.cat([v, v])), 'hl.cat along axis 0 of [tile0 of 4, :6], which is a tile', TILE], // ✗
    [
      inRows((v) => hl.cat([v, v.sum(0)], -1)), // ✗
      'hl.cat of [tile0 of 4, :6] and [:6]',
      'All need the same number of axes; add one with .unsqueeze(axis).',
    ],
    [
      inRows(() => hl.stack([])), // ✗
      'hl.stack of no values',
      'It takes a list of one or more tile values.',
    ],
    [
      inRows((v) => hl.stack([v, 1 as never])), // ✗
      'hl.stack of what is not a tile value',
      'It takes a list of one or more tile values.',
    ],
  ])('number %#', (kernel, what, remedy) => {
    const text = mistake(kernel, [ramp([4, 6])], { dynamic: false })
    expect(text.replaceAll('\n  ', ' ')).toBe(`${what}\n${remedy}`)
  })
})
