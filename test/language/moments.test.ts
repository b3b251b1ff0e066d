/** Mean, variance, deviation and norm: helpers made from reductions. */
import { describe, expect, it } from 'vitest'
import { hl, type Tensor } from '../../src/language/index.ts'
import { bodyOf, expectRun, host, ramp, run } from './harness.ts'
import { perElement, perRow } from './row_kernels.ts'

const NAN = Number.NaN
const X = host([2, 4], [3, -1, 2, 2, -5, 7, 7, 0])

describe('a mean', () => {
  it('along a tile divides by what the tile really holds', () => {
    const kernel = (x: Tensor): Tensor => {
      const out = hl.empty([3])
      for (const t of hl.tile(x.shape[0])) out.at(t.id).set(x.at(t).mean())
      return out
    }
    expect(bodyOf(kernel, [ramp([5])])).toMatchInlineSnapshot(`
      "%0: i32 = id tile0
      %1: i32[tile0] = index tile0
      %2: f32[tile0] = load x[%1]
      %3: f32 = sum %2 along 0
      %4: i32 = end tile0
      %5: i32 = begin tile0
      %6: i32 = sub %4, %5
      %7: f32 = cast %6
      %8: f32 = div %3, %7
      store local1[%0] = %8"
    `)
    const means = (extent: number) => run(kernel, [host([5], [1, 2, 3, 5, 9])], { extent }).returned
    expect(means(2)).toEqual([1.5, 4, 9])
    expect(means(4)).toEqual([2.75, 9, NAN])
  })

  it('of several axes divides by all of them', () => {
    expectRun(
      (x: Tensor) => {
        const out = hl.empty([1])
        for (const t of hl.tile(1)) out.at(t).set(x.at(':', ':').unsqueeze(0).mean())
        return out
      },
      [X],
      [1.875],
    )
  })
})

describe('variance, deviation and norm', () => {
  it('divide by one less than the number of elements, or as told', () => {
    const rows = host([2, 4], [1, 2, 3, 4, 5, 5, 5, 9])
    expectRun(
      perRow((row) => row.var(1)),
      [rows],
      [Math.fround(5 / 3), 4],
    )
    expectRun(
      perRow((row) => row.var(-1, { correction: 0 })),
      [rows],
      [1.25, 3],
    )
    expectRun(
      perRow((row) => row.std(1)),
      [rows],
      [Math.fround(Math.sqrt(Math.fround(5 / 3))), 2],
    )
    expectRun(
      perRow((row) => row.norm(1)),
      [host([2, 2], [3, 4, -5, 12])],
      [5, 13],
    )
  })

  it('keep their digits far from zero', () => {
    expectRun(
      perRow((row) => row.var(1)),
      [host([1, 4], [100001, 100002, 100003, 100004])],
      [Math.fround(5 / 3)],
    )
  })

  it('of one element are not a number, or nothing', () => {
    expectRun(
      perRow((row) => row.var(1)),
      [host([2, 1], [3, 4])],
      [NAN, NAN],
    )
    expectRun(
      perRow((row) => row.std(1, { correction: 0 })),
      [host([2, 1], [3, 4])],
      [0, 0],
    )
  })

  it('of everything, and with an axis of one in place', () => {
    expectRun(
      (x: Tensor) => {
        const out = hl.empty([1])
        for (const t of hl.tile(1))
          out.at(t).set(x.at(':', ':').unsqueeze(0).var(undefined, { correction: 0 }))
        return out
      },
      [host([2, 2], [1, 3, 5, 7])],
      [5],
    )
    expectRun(
      perElement((row) =>
        row.sub(row.mean(1, { keepdim: true })).div(row.std(1, { keepdim: true, correction: 0 })),
      ),
      [host([1, 2], [1, 5])],
      [-1, 1],
    )
  })

  it('count what a tile at the edge really has', () => {
    expectRun(
      (x: Tensor) => {
        const out = hl.empty([2])
        for (const t of hl.tile(x.shape[0], { blockSize: 4 }))
          out.at(t.id).set(x.at(t).var(0, { correction: 0 }))
        return out
      },
      [host([6], [1, 1, 3, 3, 10, 20])],
      [1, 25],
    )
  })

  it('are logarithms of softmax without overflow', () => {
    expectRun(
      perElement((row) => row.logSoftmax(-1)),
      [host([1, 2], [1000, 1000])],
      [Math.fround(-Math.log(2)), Math.fround(-Math.log(2))],
    )
  })
})
