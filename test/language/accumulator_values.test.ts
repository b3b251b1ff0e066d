import { describe, expect, it } from 'vitest'
import { hl, type Tensor } from '../../src/language/index.ts'
import { rows } from './accumulator_rows.ts'
import { bodyOf, expectRun, host, ramp } from './harness.ts'

const X = host([1], [0])

describe('values of an accumulator', () => {
  it('taken before a change keep their value', () => {
    expectRun(
      rows((_x, acc) => {
        const old = acc.mul(10)
        const same = acc.to('f32')
        acc.assign(old.add(same))
        acc.addAssign(old)
      }),
      [X],
      [21, 21],
    )
  })

  it('are copied by clone and by assign', () => {
    expectRun(
      rows((_x, acc) => {
        const copy = acc.clone()
        acc.addAssign(1)
        copy.addAssign(10)
        const third = hl.zeros([])
        third.assign(7)
        acc.mulAssign(copy)
        copy.assign(acc)
        acc.subAssign(third)
        acc.addAssign(copy.mul(100))
      }),
      [X],
      [22 - 7 + 2200, 22 - 7 + 2200],
    )
  })

  it('can be exchanged through a copy', () => {
    expectRun(
      rows((_x, acc) => {
        const other = hl.full([], 5)
        for (const _ of hl.grid(3)) {
          const old = acc.clone()
          acc.addAssign(other)
          other.assign(old.sum().div(old.ne(-1).sum()))
        }
      }),
      [X],
      // (1, 5) -> (6, 1) -> (7, 6) -> (13, 7)
      [13, 13],
    )
  })

  it('are what a loaded tile was when it was cloned', () => {
    expectRun(
      (x: Tensor) => {
        const out = hl.empty([3])
        for (const t of hl.tile(3)) {
          const acc = x.at(t).clone()
          x.at(t).set(0)
          for (const j of hl.grid(2)) acc.addAssign(j.add(1))
          out.at(t).set(acc)
        }
        return [x, out]
      },
      [host([3], [1, 2, 3])],
      [
        [0, 0, 0],
        [4, 5, 6],
      ],
    )
  })
})

describe('changing in place', () => {
  it('keeps the dtype of the accumulator', () => {
    const kernel = (x: Tensor): Tensor => {
      const out = hl.empty([1], 'i32')
      for (const one of hl.tile(1)) {
        const acc = hl.full([], 7, 'i32')
        acc.addAssign(x.at(0))
        acc.divAssign(2)
        out.at(one).set(acc)
      }
      return out
    }
    expect(bodyOf(kernel, [ramp([1])])).toMatchInlineSnapshot(`
      "%0: i32 = 0
      %1: f32 = load x[%0]
      %2: f32 = 7
      %3: f32 = add %2, %1
      %4: i32 = cast %3
      %5: f32 = cast %4
      %6: f32 = 2
      %7: f32 = div %5, %6
      %8: i32 = cast %7
      %9: i32[tile0] = index tile0
      %10: i32[tile0] = broadcast %8
      store local1[%9] = %10"
    `)
    expectRun(kernel, [host([1], [2.75])], [4])
  })

  it('repeats values along the axes that they lack', () => {
    expectRun(
      (x: Tensor) => {
        const out = hl.empty([2, 3])
        for (const t of hl.tile(2)) {
          const acc = hl.zeros([t, 3])
          acc.assign(x.at(':'))
          acc.addAssign(t.index.unsqueeze(1).mul(10))
          acc.addAssign(0.5)
          out.at(t, ':').set(acc)
        }
        return out
      },
      [host([3], [1, 2, 3])],
      [1.5, 2.5, 3.5, 11.5, 12.5, 13.5],
    )
  })

  it('is possible in every way there is', () => {
    expectRun(
      rows((_x, acc) => {
        acc.addAssign(9)
        acc.subAssign(2)
        acc.mulAssign(6)
        acc.divAssign(4)
        acc.minimumAssign(11)
        acc.maximumAssign(-1)
      }),
      [X],
      [11, 11],
    )
  })
})

describe('online softmax', () => {
  it('rescales its sum whenever the maximum grows', () => {
    const kernel = (x: Tensor): Tensor => {
      const [m, n] = x.shape
      const out = hl.empty([m, n])
      for (const i of hl.tile(m)) {
        const [top, total] = [hl.full([i], Number.NEGATIVE_INFINITY), hl.zeros([i])]
        for (const j of hl.tile(n)) {
          const values = x.at(i, j)
          const next = hl.maximum(top, values.amax(1))
          total.mulAssign(top.sub(next).exp())
          total.addAssign(values.sub(next.unsqueeze(1)).exp().sum(1))
          top.assign(next)
        }
        for (const j of hl.tile(n)) {
          out.at(i, j).set(x.at(i, j).sub(top.unsqueeze(1)).exp().div(total.unsqueeze(1)))
        }
      }
      return out
    }
    expect(bodyOf(kernel, [ramp([2, 5])])).toMatchInlineSnapshot(`
      "%0: f32 = -Infinity
      %1: f32[tile0] = broadcast %0
      %2: f32 = 0
      %3: f32[tile0] = broadcast %2
      %4: i32 = 0
      %5: i32 = size x.shape[1]
      %8 = loop tile1 in %4..%5 carrying %6: f32[tile0] = %1, %7: f32[tile0] = %3
        %9: i32[tile0] = index tile0
        %10: i32[tile1] = index tile1
        %11: f32[tile0, tile1] = load x[%9, %10]
        %12: f32[tile0] = max %11 along 1
        %13: f32[tile0] = maximum %6, %12
        %14: f32[tile0] = sub %6, %13
        %15: f32[tile0] = exp %14
        %16: f32[tile0] = mul %7, %15
        %17: f32[tile0, 1] = view %13 (0, new)
        %18: f32[tile0, tile1] = broadcast %17
        %19: f32[tile0, tile1] = sub %11, %18
        %20: f32[tile0, tile1] = exp %19
        %21: f32[tile0] = sum %20 along 1
        %22: f32[tile0] = add %16, %21
        yield %13, %22
      %23: f32[tile0] = result %8 0
      %24: f32[tile0] = result %8 1
      %25 = loop tile2 in %4..%5
        %26: i32[tile0] = index tile0
        %27: i32[tile2] = index tile2
        %28: f32[tile0, tile2] = load x[%26, %27]
        %29: f32[tile0, 1] = view %23 (0, new)
        %30: f32[tile0, tile2] = broadcast %29
        %31: f32[tile0, tile2] = sub %28, %30
        %32: f32[tile0, tile2] = exp %31
        %33: f32[tile0, 1] = view %24 (0, new)
        %34: f32[tile0, tile2] = broadcast %33
        %35: f32[tile0, tile2] = div %32, %34
        store local1[%26, %27] = %35"
    `)
    // Powers of e with integer exponents far apart: sums round the same in every order.
    const x = host([2, 3], [0, 50, 50, 60, 0, 60])
    expectRun(
      kernel,
      [x],
      [Math.fround(Math.exp(-50) / 2), 0.5, 0.5, 0.5, Math.fround(Math.exp(-60) / 2), 0.5],
    )
  })
})
