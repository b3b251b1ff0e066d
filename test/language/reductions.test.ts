import { describe, expect, it } from 'vitest'
import { hl, type Tensor, type TileValue } from '../../src/language/index.ts'
import type { DType } from '../../src/support/dtypes.ts'
import { bodyOf, expectRun, host, ramp, run } from './harness.ts'
import { perElement, perRow } from './row_kernels.ts'

const INF = Number.POSITIVE_INFINITY
const NAN = Number.NaN
const X = host([2, 4], [3, -1, 2, 2, -5, 7, 7, 0])

describe('sums and products of f16', () => {
  it('are f32 until the end', () => {
    expect(
      bodyOf(
        perRow((row) => row.sum(1)),
        [ramp([2, 3], 'f16')],
      ),
    ).toMatchInlineSnapshot(`
      "slice1 in x.shape[1]
      %0: i32[tile0] = index tile0
      %1: i32[slice1] = index slice1
      %2: f16[tile0, slice1] = load x[%0, %1]
      %3: f32[tile0, slice1] = cast %2
      %4: f32[tile0] = sum %3 along 1
      %5: f16[tile0] = cast %4
      %6: f32[tile0] = cast %5
      store local1[%0] = %6"
    `)
    const both = (x: Tensor): Tensor => {
      const out = hl.empty([1], 'f16')
      for (const t of hl.tile(1)) out.at(t).set(x.at(':', ':').prod())
      return out
    }
    expect(bodyOf(both, [ramp([2, 3], 'f16')]).match(/= (cast|prod) .*/g)).toEqual([
      '= cast %3',
      '= prod %4 along 1',
      '= prod %5 along 0',
      '= cast %6',
    ])
  })

  it('do not overflow on the way, and round once', () => {
    const kernel = (of: (row: TileValue) => TileValue) => (x: Tensor) => {
      const out = hl.empty([1], 'f16')
      for (const t of hl.tile(1)) out.at(t).set(of(x.at(':', ':')))
      return out
    }
    const large = host([2, 2], [60000, 60000, -60000, -60000], 'f16')
    const scaled = host([2, 2], [60000, 60000, 2 ** -14, 2 ** -14], 'f16')
    // A row rounded by itself would be 2048 again.
    const halves = host([2, 2], [2048, 0.75, 0.75, 0], 'f16')
    expectRun(
      kernel((x) => x.sum()),
      [large],
      [0],
    )
    expectRun(
      kernel((x) => x.prod()),
      [scaled],
      [13.4140625],
    )
    expectRun(
      kernel((x) => x.sum(undefined, { keepdim: true }).squeeze(0)),
      [halves],
      [2050],
    )
  })

  it('keep their dtype, along an axis of one too', () => {
    const seen: string[] = []
    const kernel = perRow((row) => {
      seen.push(row.sum(1).dtype, row.prod(1).dtype, row.unsqueeze(0).sum(0).dtype, row.amax(1).dtype)
      return row.sum(1)
    })
    run(kernel, [ramp([2, 3], 'f16')])
    expect(new Set(seen)).toEqual(new Set(['f16']))
  })
})

describe('reductions along an axis', () => {
  it.each<readonly [string, (row: TileValue) => TileValue, readonly number[]]>([
    ['sum', (row) => row.sum(1), [6, 9]],
    ['mean', (row) => row.mean(1), [1.5, 2.25]],
    ['prod', (row) => row.prod(1), [-12, -0]],
    ['amax', (row) => row.amax(1), [3, 7]],
    ['amin', (row) => row.amin(1), [-1, -5]],
    ['argmax', (row) => row.argmax(1), [0, 1]],
    ['argmin', (row) => row.argmin(1), [1, 0]],
    ['any', (row) => row.gt(5).any(1), [0, 1]],
    ['all', (row) => row.ge(-1).all(1), [1, 0]],
    ['any of numbers', (row) => row.any(1), [1, 1]],
    ['all of numbers', (row) => row.all(1), [1, 0]],
    ['sum of truth values', (row) => row.gt(0).sum(1), [3, 2]],
    ['mean of truth values', (row) => row.gt(0).mean(1), [0.75, 0.5]],
  ])('%s', (_name, of, expected) => expectRun(perRow(of), [X], [...expected]))

  it('may count axes from the end', () => {
    expectRun(
      perRow((row) => row.sum(-1)),
      [X],
      [6, 9],
    )
    expect(
      bodyOf(
        perRow((row) => row.sum(-1)),
        [X],
      ),
    ).toBe(
      bodyOf(
        perRow((row) => row.sum(1)),
        [X],
      ),
    )
  })

  it('may keep an axis of one', () => {
    const kernel = perElement((row) => row.sub(row.amax(-1, { keepdim: true })))
    expect(bodyOf(kernel, [X])).toMatchInlineSnapshot(`
      "slice1 in x.shape[1]
      %0: i32[tile0] = index tile0
      %1: i32[slice1] = index slice1
      %2: f32[tile0, slice1] = load x[%0, %1]
      %3: f32[tile0] = max %2 along 1
      %4: f32[tile0, 1] = view %3 (0, new)
      %5: f32[tile0, slice1] = broadcast %4
      %6: f32[tile0, slice1] = sub %2, %5
      store local1[%0, %1] = %6"
    `)
    expectRun(kernel, [X], [0, -4, -1, -1, -12, 0, 0, -7])
  })

  it('of everything go axis by axis', () => {
    const kernel = (x: Tensor): Tensor[] => {
      const outs = [hl.empty([1]), hl.empty([1, 1])]
      for (const t of hl.tile(1)) {
        outs[0]?.at(t).set(x.at(':', ':').sum())
        outs[1]?.at(t, ':').set(x.at(':', ':').amax(undefined, { keepdim: true }).sum(0))
      }
      return outs
    }
    expect(bodyOf(kernel, [X])).toMatchInlineSnapshot(`
      "slice1 in x.shape[0]
      slice2 in x.shape[1]
      %0: i32[tile0] = index tile0
      %1: i32[slice1] = index slice1
      %2: i32[slice2] = index slice2
      %3: f32[slice1, slice2] = load x[%1, %2]
      %4: f32[slice1] = sum %3 along 1
      %5: f32 = sum %4 along 0
      %6: f32[tile0] = broadcast %5
      store local1[%0] = %6
      %7: i32 = 0
      %8: f32[slice1, slice2] = load x[%1, %2]
      %9: f32[slice1] = max %8 along 1
      %10: f32[slice1, 1] = view %9 (0, new)
      %11: f32[1] = max %10 along 0
      %12: f32[1, 1] = view %11 (new, 0)
      %13: f32[1] = view %12 (1)
      %14: f32[1, 1] = view %13 (new, 0)
      %15: f32[tile0, 1] = broadcast %14
      %16: f32[tile0] = view %15 (0)
      store local2[%0, %7] = %16"
    `)
    expectRun(kernel, [X], [[15], [7]])
  })

  it('along an axis of one take it away', () => {
    expectRun(
      perRow((row) =>
        row.sum(1).unsqueeze(0).sum(0).unsqueeze(1).amax(1).add(row.unsqueeze(1).argmax(1).sum(1)),
      ),
      [X],
      [6, 9],
    )
    expectRun(
      (x: Tensor) => {
        const outs = [hl.empty([2]), hl.empty([2]), hl.empty([2])]
        for (const t of hl.tile(2)) {
          const values = [x.at(t, ':').sum(1), x.at(t, ':').mean(1), x.at(t, ':').argmin(1)]
          values.forEach((value, i) => {
            outs[i]?.at(t).set(value)
          })
        }
        return outs
      },
      [host([2, 1], [5, 6], 'i32')],
      [
        [5, 6],
        [5, 6],
        [0, 0],
      ],
    )
  })
})

describe('reductions of nothing', () => {
  it('are what changes nothing', () => {
    const empty = host([2, 0], [])
    expectRun(
      perRow((row) => row.sum(1)),
      [empty],
      [0, 0],
    )
    expectRun(
      perRow((row) => row.amax(1)),
      [empty],
      [-INF, -INF],
    )
    expectRun(
      perRow((row) => row.mean(1)),
      [empty],
      [NAN, NAN],
    )
    expectRun(
      perRow((row) => row.logsumexp(1)),
      [empty],
      [-INF, -INF],
    )
  })
})

describe('dtypes of reductions', () => {
  it('are those of the operand, i32 for truth values and positions, f32 for means of integers', () => {
    const dtypes = (dtype: DType): string[] => {
      const found: string[] = []
      bodyOf(
        (x: Tensor) => {
          for (const t of hl.tile(2)) {
            const row = x.at(t, ':')
            found.push(row.sum(1).dtype, row.amax(1).dtype, row.mean(1).dtype, row.argmax(1).dtype)
            found.push(row.any(1).dtype, row.softmax(1).dtype, row.logsumexp(1).dtype)
            x.at(t, ':').set(0)
          }
        },
        [ramp([2, 3], dtype)],
      )
      return found
    }
    expect(dtypes('f32')).toEqual(['f32', 'f32', 'f32', 'i32', 'bool', 'f32', 'f32'])
    expect(dtypes('f16')).toEqual(['f16', 'f16', 'f16', 'i32', 'bool', 'f16', 'f16'])
    expect(dtypes('i32')).toEqual(['i32', 'i32', 'f32', 'i32', 'bool', 'f32', 'f32'])
    expect(dtypes('bool')).toEqual(['i32', 'i32', 'f32', 'i32', 'bool', 'f32', 'f32'])
  })

  it('do not overflow in a mean', () => {
    expectRun(
      perRow((row) => row.mean(1)),
      [host([1, 4], [2147483647, 2147483647, 1, 1], 'i32')],
      [1073741824],
    )
    expectRun(
      perRow((row) => row.mean(1)),
      [host([1, 3], [60000, 60000, 60000], 'f16')],
      [60000],
    )
  })
})

describe('softmax and logsumexp', () => {
  const logs = host([3, 4], [0, 0, 0, 0, 1000, -INF, 1000, -INF, -INF, -INF, -INF, -INF])

  it('do not overflow', () => {
    expectRun(
      perElement((row) => row.softmax(-1)),
      [logs],
      [0.25, 0.25, 0.25, 0.25, 0.5, 0, 0.5, 0, NAN, NAN, NAN, NAN],
    )
    expectRun(
      perRow((row) => row.logsumexp(1)),
      [logs],
      [Math.fround(Math.log(4)), Math.fround(1000 + Math.log(2)), -INF],
    )
  })

  it('know infinity and NaN', () => {
    expectRun(
      perRow((row) => row.logsumexp(1)),
      [host([2, 2], [INF, 1, NAN, 1])],
      [INF, NAN],
    )
  })

  it('may keep an axis of one', () => {
    expectRun(
      perElement((row) => row.sub(row.logsumexp(1, { keepdim: true })).exp()),
      [host([1, 2], [5, 5])],
      [0.5, 0.5],
    )
  })

  it('along the first axis', () => {
    expectRun(
      (x: Tensor) => {
        const out = hl.empty(x.shape)
        for (const t of hl.tile(x.shape[1])) out.at(':', t).set(hl.softmax(x.at(':', t), 0))
        return out
      },
      [host([2, 2], [0, 3, 0, 3])],
      [0.5, 0.5, 0.5, 0.5],
    )
  })

  it('of f16 are computed in f32 and rounded once', () => {
    const { returned } = run(
      perRow((row) => row.softmax(1).amax(1)),
      [host([1, 3], [0, 0, 0], 'f16')],
    )
    expect(returned).toEqual([0.333251953125])
    expect(
      bodyOf(
        perRow((row) => row.logsumexp(1)),
        [ramp([2, 3], 'f16')],
      ),
    ).toContain('f32[tile0, slice1] = exp')
  })
})
