/** Views of tensors outside of kernels: their contents, as arguments of kernels, and what cannot be one. */
import { describe, expect, it } from 'vitest'
import { arange, hl, kernel, markStatic, type Tensor, tensor, zeros } from '../../src/index.ts'
import type { DeviceTensor } from '../../src/runtime/tensor/tensor.ts'
import { product } from '../../src/support/maths.ts'
import { randomChain } from '../language/view_chains.ts'

const numbers = async (x: Tensor): Promise<readonly number[]> => [...(await x.data())]
const given = { config: {} }

function copy(x: Tensor): Tensor {
  const out = hl.empty(x.shape, x.dtype)
  for (const tiles of hl.tile(x.shape)) out.at(...tiles).set(x.at(...tiles))
  return out
}

function fill(x: Tensor, y: Tensor): void {
  for (const tiles of hl.tile(x.shape)) x.at(...tiles).set(y.at(...tiles))
}

const numbered = (shape: readonly number[]): DeviceTensor =>
  arange(product(shape)).reshape(shape) as DeviceTensor

describe('a view', () => {
  it('shares the memory', async () => {
    const x = numbered([3, 4])
    const rows = x.slice(0, 1, 3)
    const flat = x.reshape([-1])
    x.write([
      [0, 0, 0, 0],
      [1, 2, 3, 4],
      [5, 6, 7, 8],
    ])
    expect(await numbers(rows.T)).toEqual([1, 5, 2, 6, 3, 7, 4, 8])
    ;(flat as DeviceTensor).upload(numbered([12]).shape.concat(Array(11).fill(1)))
    expect(await numbers(x)).toEqual([12, ...Array(11).fill(1)])
    expect(flat.contiguous()).toBe(flat)
  })

  it.each(['f32', 'i32', 'bool'] as const)('of %s has a copy', async (dtype) => {
    const x = tensor(
      [
        [1, 0, 1],
        [0, 0, 1],
      ],
      { dtype },
    )
    const copied = x.T.slice(0, 0, 3, 2).contiguous()
    expect([copied.shape, copied.dtype]).toEqual([[2, 2], dtype])
    expect(await numbers(copied)).toEqual([1, 0, 1, 1])
    expect(await numbers(x.slice(1, 1, 2).T.contiguous())).toEqual([0, 0])
  })

  it('ends without the tensor, not the other way round', async () => {
    const x = tensor([
      [0, 1],
      [2, 3],
    ])
    const gone = x.T
    gone.dispose()
    const view = x.T
    expect(await numbers(view)).toEqual([0, 2, 1, 3])
    x.dispose()
    await expect(view.data()).rejects.toThrow('was used after it had been disposed')
    await expect(gone.data()).rejects.toThrow('was used after it had been disposed')
  })

  it('of rows has other shapes where they begin with a row', async () => {
    const x = numbered([6, 4])
    const rows = x.slice(0, 2, 4)
    expect(await numbers(rows.reshape([-1]))).toEqual([8, 9, 10, 11, 12, 13, 14, 15])
    expect(await numbers(rows.reshape([2, 2, 2]).permute(2, 0, 1))).toEqual([8, 10, 12, 14, 9, 11, 13, 15])
    expect(await numbers(x.reshape([24]).slice(0, 6, 12).reshape([2, 3]).T)).toEqual([6, 9, 7, 10, 8, 11])
  })

  it.each([
    ['transpose', (x: Tensor) => x.T.reshape([-1]), 'dimensions 0 to 1 do not lie together in memory'],
    [
      'begins within a row',
      (x: Tensor) => x.reshape([-1]).slice(0, 1, 5).reshape([2, 2]),
      'cannot be a view',
    ],
    ['repeats', (x: Tensor) => x.slice(0, 0, 1).expand([3, 4]).reshape([12]), 'cannot be a view'],
    ['-1 twice', (x: Tensor) => x.reshape([-1, -1]), 'with -1 twice'],
    [
      'other number',
      (x: Tensor) => x.reshape([5, 2]),
      'makes another number of elements: 10 is not equal to 12',
    ],
    [
      'no divisor',
      (x: Tensor) => x.reshape([5, -1]),
      'makes another number of elements: 10 is not equal to 12',
    ],
    ['any size', (x: Tensor) => x.slice(0, 0, 0).reshape([-1, 0]), 'with -1 beside a size of 0'],
    ['negative', (x: Tensor) => x.reshape([-2, 6]), 'with a size of -2'],
    ['fraction', (x: Tensor) => x.reshape([1.5, 8]), 'needs whole numbers, not 1.5'],
    ['no list', (x: Tensor) => x.reshape(12 as never), 'shape is 12, not a list of sizes'],
    ['slice ends late', (x: Tensor) => x.slice(1, 0, 5), 'ends after the last position of dimension 1: 5 is'],
    ['slice begins early', (x: Tensor) => x.slice(1, -5), 'begins before position 0'],
    ['slice is reversed', (x: Tensor) => x.slice(1, 3, 2), 'begins after its end: 3 is not at most 2'],
    ['step', (x: Tensor) => x.slice(1, 0, 4, 0), 'with a step of 0'],
    ['dimension', (x: Tensor) => x.slice(2, 0, 1), 'slice of dimension 2 of a tensor with 2'],
    ['squeeze', (x: Tensor) => x.squeeze(0), 'dimension 0 has 3 positions, not one'],
    ['expand', (x: Tensor) => x.expand([6, 4]), 'repeats only axes of one: 3 is not equal to 6'],
    ['expand of less', (x: Tensor) => x.expand([4]), 'of a tensor with 2 dimensions'],
    ['permute', (x: Tensor) => x.permute(0, 0), 'does not name each of the 2 dimensions once'],
    ['T', (x: Tensor) => x.unsqueeze(0).T, 'of a tensor with 3 dimensions'],
    [
      'write',
      (x: Tensor) => (x.T as DeviceTensor).upload(Array(12).fill(1)),
      'whose elements do not lie in order',
    ],
    ['copyFrom', (x: Tensor) => (x.T as DeviceTensor).copyFrom(x as DeviceTensor), 'do not lie in order'],
    ['itself', (x: Tensor) => (x as DeviceTensor).copyFrom(x.T as DeviceTensor), 'by a view of itself'],
  ])('says what it cannot be: %s', (_, make, text) => {
    let message = ''
    try {
      make(numbered([3, 4]))
    } catch (error) {
      message = String(error)
    }
    expect(message).toContain(text)
    expect(message).toContain('host_views.test.ts')
  })
})

describe('as an argument of a kernel', () => {
  const traces = (staticShapes: boolean) => {
    let count = 0
    const one = kernel({ ...given, staticShapes }, (x: Tensor) => {
      count++
      return copy(x)
    })
    return { one, count: () => count }
  }

  it('a view at another place needs no new trace', async () => {
    const { one, count } = traces(false)
    const x = numbered([40, 64])
    const corner = (row: number, column: number) => x.slice(0, row, row + 3).slice(1, column, column + 5)
    for (const [row, column] of [
      [2, 3],
      [5, 7],
      [30, 51],
    ] as const) {
      const expected = [0, 1, 2].flatMap((i) => [0, 1, 2, 3, 4].map((j) => 64 * (row + i) + column + j))
      expect(await numbers(one(corner(row, column)))).toEqual(expected)
    }
    expect(count()).toBe(1)
    await one(x.slice(1, 0, 10, 2)).data()
    expect(count()).toBe(2)
  })

  it('has sizes that may be marked as constants', async () => {
    const { one, count } = traces(false)
    const x = numbered([9, 10])
    expect(await numbers(one(markStatic(x.slice(0, 2, 4).T, 1)))).toHaveLength(20)
    expect(await numbers(one(markStatic(x.slice(0, 2, 5).T, 1)))).toHaveLength(30)
    expect(count()).toBe(2)
  })

  it('cannot be written where elements repeat', () => {
    const one = kernel(given, fill)
    const x = zeros([1, 4])
    expect(() => one(x.expand([3, 4]), numbered([3, 4]))).toThrow(
      'several of whose positions are one element',
    )
  })
})

describe('a kernel returns', () => {
  it('views of what it made, and of its arguments', async () => {
    const views = kernel(given, function views(x: Tensor, w: Tensor) {
      const out = hl.empty(x.shape)
      for (const tiles of hl.tile(x.shape)) out.at(...tiles).set(x.at(...tiles).mul(2))
      return {
        turned: out.T,
        flat: [out.reshape([-1]), out.reshape([-1, 2]).slice(0, 1, 3)],
        last: w.slice(1, 2),
      }
    })
    for (const [rows, columns] of [
      [2, 4],
      [3, 2],
    ] as const) {
      const x = numbered([rows, columns])
      const { turned, flat, last } = views(x.T.contiguous().T, numbered([2, 6]).slice(0, 1))
      const doubled = (await numbers(x)).map((value) => 2 * value)
      expect(turned.shape).toEqual([columns, rows])
      expect(await numbers(turned)).toEqual(await numbers(tensor(doubled).reshape([rows, columns]).T))
      const [all, pairs] = flat as unknown as [Tensor, Tensor]
      expect(await numbers(all)).toEqual(doubled)
      expect(await numbers(pairs)).toEqual(doubled.slice(2, 6))
      expect(await numbers(last)).toEqual([8, 9, 10, 11])
      expect(await numbers(kernel(given, copy)(turned))).toEqual(await numbers(turned))
    }
  })
})

describe('random chains of views', () => {
  it.each([...Array(40).keys()])('%i have the right elements', async (seed) => {
    const { text, shape, apply, found } = randomChain(seed)
    const view = apply(numbered(shape))
    expect(view.shape, text).toEqual(found.shape)
    expect(await numbers(view), text).toEqual(found.at)
    expect(await numbers(view.contiguous()), text).toEqual(found.at)
  })

  const copies = [true, false].map((staticShapes) => kernel({ ...given, staticShapes }, copy))
  const fills = [true, false].map((staticShapes) => kernel({ ...given, staticShapes }, fill))
  it.each([...Array(25).keys()])('%i are arguments of kernels', async (seed) => {
    const { text, shape, apply, found, repeats } = randomChain(1000 + seed)
    if (found.shape.length === 0) return
    const x = numbered(shape)
    for (const one of copies) expect(await numbers(one(apply(x))), text).toEqual(found.at)
    if (repeats) return
    const expected = [...Array(product(shape)).fill(0)]
    found.at.forEach((at, i) => {
      expected[at] = i + 1
    })
    const values = arange(1, found.at.length + 1).reshape(found.shape)
    for (const one of fills) {
      const target = zeros(shape)
      one(apply(target), values)
      expect(await numbers(target), text).toEqual(expected)
    }
  })
})
