/** Scans, and reductions by functions of the author's. */
import { describe, expect, it } from 'vitest'
import { hl, type Tensor, type TileValue } from '../../src/language/index.ts'
import { lastOfRecurrence, recurrence, reverseRecurrence, sums, welford } from './combining_kernels.ts'
import { bodyOf, expectRun, host, ramp, run } from './harness.ts'
import { perElement, perRow } from './row_kernels.ts'

const X = host([2, 4], [3, -1, 2, 2, -5, 7, 7, 0])

describe('running sums and products', () => {
  it('include the element, forwards and backwards', () => {
    expectRun(sums(1, false), [X], [3, 2, 4, 6, -5, 2, 9, 9])
    expectRun(sums(1, true), [X], [6, 3, 4, 2, 9, 14, 7, 0])
    expectRun(sums(0, false), [X], [3, -1, 2, 2, -2, 6, 9, 2])
    expectRun(
      perElement((row) => row.cumprod(-1)),
      [X],
      [3, -3, -6, -12, -5, -35, -245, -0],
    )
  })

  it('count truth values, and round f16 once', () => {
    expectRun(
      perElement((row) => row.gt(0).cumsum(1)),
      [X],
      [1, 1, 2, 3, 0, 1, 2, 2],
    )
    const halves = host([1, 4], [2048, 0.75, 0.75, 0], 'f16')
    expectRun(
      perElement((row) => row.cumsum(1)),
      [halves],
      [2048, 2048, 2050, 2050],
    )
  })

  it('along an axis of one are the value', () => {
    expectRun(
      perElement((row) => row.unsqueeze(0).cumsum(0).squeeze(0)),
      [X],
      [...X.data],
    )
  })

  it('of no elements are none', () => {
    expectRun(sums(1, false), [host([2, 0], [])], [])
  })
})

describe('a scan by a function', () => {
  const a = host([1, 4], [2, 3, -1, 0.5])
  const b = host([1, 4], [1, 1, 5, 4])

  it('keeps the order of the elements', () => {
    expectRun(recurrence, [a, b], [1, 4, 1, 4.5])
    expectRun(reverseRecurrence, [a, b], [9, 4, 1, 4])
    expectRun(lastOfRecurrence, [a, b], [4.5])
  })

  it('gets the parts of both states as lists, or one by one', () => {
    const next = (a0: TileValue, b0: TileValue, a1: TileValue, b1: TileValue) =>
      [a0.mul(a1), b0.mul(a1).add(b1)] as const
    const kernel = (x: Tensor, y: Tensor) => {
      const out = hl.emptyLike(y)
      for (const t of hl.tile(x.shape[0])) {
        const rows = [x.at(t, ':'), y.at(t, ':')] as const
        const [[, all], [, last]] = [hl.associativeScan(next, rows, 1), hl.reduce(next, rows, 1)]
        out.at(t, ':').set(all.add(last.unsqueeze(1).mul(10)))
      }
      return out
    }
    expectRun(kernel, [a, b], [46, 49, 46, 49.5])
  })

  it('is printed with its function', () => {
    expect(
      bodyOf(recurrence, [ramp([2, 4]), ramp([2, 4])]).replace(/ (by|=>) /g, '\n    $1 '),
    ).toMatchInlineSnapshot(`
      "slice1 in a.shape[1]
      %0: i32[tile0] = index tile0
      %1: i32[slice1] = index slice1
      %2: f32[tile0, slice1] = load a[%0, %1]
      %3: f32[tile0, slice1] = load b[%0, %1]
      %4: f32[tile0, slice1] = scan 1 of %2, %3 along 1
          by (a0, a1; b0, b1)
          => { c0: f32 = mul a0, b0; c1: f32 = mul a1, b0; c2: f32 = add c1, b1; c0, c2 }
      store local2[%0, %1] = %4"
    `)
  })

  it('takes sizes and numbers', () => {
    const kernel = (x: Tensor, factor: number): Tensor => {
      const out = hl.emptyLike(x)
      for (const t of hl.tile(x.shape[0])) {
        const combine = (a: TileValue, b: TileValue): TileValue => a.add(b).add(hl.mul(factor, x.shape[1]))
        out.at(t, ':').set(hl.associativeScan(combine, x.at(t, ':'), 1))
      }
      return out
    }
    expectRun(kernel, [X, 10], [3, 42, 84, 126, -5, 42, 89, 129])
  })
})

describe('a reduction by a function', () => {
  it('of several values in one pass', () => {
    expectRun(welford, [X], { mean: [1.5, 2.25], variance: [2.25, 25.6875] })
  })

  it('keeps an axis of one where asked, and may do without an identity', () => {
    const larger = (a: TileValue, b: TileValue): TileValue => hl.where(a.abs().ge(b.abs()), a, b)
    expectRun(
      perElement((row) => row.sub(hl.reduce(larger, row, 1, { keepdim: true }))),
      [X],
      [0, -4, -1, -1, -12, 0, 0, -7],
    )
  })

  it('of no elements is the identity', () => {
    expectRun(
      perRow((row) => hl.reduce((a, b) => a.add(b), row, 1, { identity: 7 })),
      [host([2, 0], [])],
      [7, 7],
    )
  })
})

describe('mistakes', () => {
  const fails = (of: (row: TileValue, whole: TileValue) => unknown): string => {
    const kernel = (x: Tensor): Tensor => {
      const out = hl.emptyLike(x)
      for (const t of hl.tile(x.shape[0])) {
        const scalar = x.at(0, 0)
        out.at(t, ':').set(of(x.at(t, ':'), scalar) as TileValue)
      }
      return out
    }
    try {
      run(kernel, [X])
    } catch (error) {
      return String(error)
        .replace(/\n {2}at .*/, '')
        .replaceAll('. ', '.\n  ')
    }
    return 'nothing'
  }

  it('say what a function may use', () => {
    expect(
      fails((row, scalar) => hl.associativeScan((a, b) => a.add(b).add(scalar), row, 1)),
    ).toMatchInlineSnapshot(`
      "AuthorError: the function of hl.associativeScan uses a value from outside of it
        It may use its two operands, numbers, sizes and number arguments.
        Make what else it needs a part of the state: a list of values is combined together."
    `)
  })

  it('say what a function must give', () => {
    expect(
      fails((row) => hl.associativeScan((([a]: TileValue[]) => a) as never, [row, row], 1)[0]),
    ).toMatchInlineSnapshot(`
      "AuthorError: the function of hl.associativeScan gave a tile value
        It must give a list of 2 values, one for each part of the state."
    `)
    expect(
      fails((row) => hl.associativeScan((([a]: TileValue[]) => [a]) as never, [row, row], 1)[0]),
    ).toMatchInlineSnapshot(`
      "AuthorError: the function of hl.associativeScan gave a list of 1
        It must give a list of 2 values, one for each part of the state."
    `)
    expect(fails((row) => hl.associativeScan(() => row, row, 1))).toMatchInlineSnapshot(`
      "AuthorError: the function of hl.associativeScan uses a value from outside of it
        It may use its two operands, numbers, sizes and number arguments.
        Make what else it needs a part of the state: a list of values is combined together."
    `)
  })

  it('say what can be combined', () => {
    expect(fails(() => hl.associativeScan((a) => a, 4 as never, 1))).toMatchInlineSnapshot(`
      "AuthorError: hl.associativeScan got the number 4 as a value
        It takes a tile value, or a list of them that are combined together."
    `)
    expect(fails(() => hl.reduce((() => []) as never, [] as never, 1))).toMatchInlineSnapshot(`
      "AuthorError: hl.reduce got an empty list as a value
        It takes a tile value, or a list of them that are combined together."
    `)
    expect(fails((row) => hl.reduce((a) => a, row, 1, { identity: [1, 2] }))).toMatchInlineSnapshot(`
      "AuthorError: hl.reduce got an identity of 2 for 1 values
        Give a number for each of the values: the state that changes nothing when it is combined."
    `)
    expect(fails((row) => row.cumsum(2))).toMatchInlineSnapshot(`
      "AuthorError: cumsum along axis 2 of a tile with 2 axes
        Axes are -2 to 1."
    `)
  })
})
