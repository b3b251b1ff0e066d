import { describe, expect, it } from 'vitest'
import { hl, type Tensor } from '../../src/language/index.ts'
import { bodyOf, expectRun, host, irOf, ramp } from './harness.ts'

describe('shapes broadcast', () => {
  it('aligned at the last axis', () => {
    const kernel = (x: Tensor, bias: Tensor): Tensor => {
      const [m, n] = x.shape
      const out = hl.empty([m, n])
      for (const [i, j] of hl.tile([m, n])) out.at(i, j).set(x.at(i, j).add(bias.at(j)))
      return out
    }
    expect(bodyOf(kernel, [ramp([3, 4]), ramp([4])])).toMatchInlineSnapshot(`
      "%0: i32[tile0] = index tile0
      %1: i32[tile1] = index tile1
      %2: f32[tile0, tile1] = load x[%0, %1]
      %3: f32[tile1] = load bias[%1]
      %4: f32[1, tile1] = view %3 (new, 0)
      %5: f32[tile0, tile1] = broadcast %4
      %6: f32[tile0, tile1] = add %2, %5
      store local2[%0, %1] = %6"
    `)
    expectRun(kernel, [host([2, 3], [0, 1, 2, 3, 4, 5]), host([3], [10, 20, 30])], [10, 21, 32, 13, 24, 35])
  })

  it('over axes of one on either side', () => {
    const kernel = (x: Tensor, y: Tensor): Tensor => {
      const [m] = x.shape
      const [n] = y.shape
      const out = hl.empty([m, n])
      for (const [i, j] of hl.tile([m, n])) out.at(i, j).set(x.at(i).unsqueeze(1).mul(y.at(j).unsqueeze(0)))
      return out
    }
    expect(bodyOf(kernel, [ramp([3]), ramp([4])])).toMatchInlineSnapshot(`
      "%0: i32[tile0] = index tile0
      %1: i32[tile1] = index tile1
      %2: f32[tile0] = load x[%0]
      %3: f32[tile0, 1] = view %2 (0, new)
      %4: f32[tile1] = load y[%1]
      %5: f32[1, tile1] = view %4 (new, 0)
      %6: f32[tile0, tile1] = broadcast %3
      %7: f32[tile0, tile1] = broadcast %5
      %8: f32[tile0, tile1] = mul %6, %7
      store local2[%0, %1] = %8"
    `)
    expectRun(kernel, [host([2], [1, 2]), host([3], [3, 4, 5])], [3, 4, 5, 6, 8, 10])
  })

  it('with scalars of every kind', () => {
    expectRun(
      (x: Tensor, scale: number) => {
        const out = hl.empty(x.shape)
        for (const t of hl.tile(x.shape[0])) out.at(t).set(x.at(t).fma(scale, x.at(1)).add(t.begin.mul(0)))
        return out
      },
      [host([3], [1, 2, 3]), 10],
      [12, 22, 32],
    )
  })

  it('when a result with one axis is stored to two', () => {
    expectRun(
      (x: Tensor) => {
        const out = hl.empty([2, 3])
        for (const i of hl.tile(2)) out.at(i, ':').set(x.at(':'))
        return out
      },
      [host([3], [1, 2, 3])],
      [1, 2, 3, 1, 2, 3],
    )
  })

  it('over whole dimensions of size one, as over axes of one', () => {
    const kernel = (x: Tensor, y: Tensor): Tensor => {
      const out = hl.empty([x.shape[0], hl.maximum(x.shape[1], y.shape[1])])
      for (const i of hl.tile(x.shape[0])) out.at(i, ':').set(x.at(i, ':').add(y.at(':', ':').sum(0)))
      return out
    }
    expectRun(kernel, [host([2, 1], [1, 2]), host([1, 3], [10, 20, 30])], [11, 21, 31, 12, 22, 32])
    expectRun(kernel, [host([2, 3], [1, 2, 3, 4, 5, 6]), host([2, 1], [10, 20])], [31, 32, 33, 34, 35, 36])
  })
})

describe('whole dimensions', () => {
  const kernel = (x: Tensor, y: Tensor): Tensor => {
    const out = hl.empty(x.shape)
    for (const i of hl.tile(x.shape[0])) out.at(i, ':').set(x.at(i, ':').add(y.at(':')))
    return out
  }

  it('of different symbols become one, with a guard', () => {
    expect(irOf(kernel, [ramp([3, 5]), ramp([5])])).toMatchInlineSnapshot(`
      "kernel k
        argument x: f32[x.shape[0], x.shape[1]]
        argument y: f32[y.shape[0]]
        local local2: f32[x.shape[0], x.shape[1]]
        x.shape[1] is at most 8
        y.shape[0] is at most 8
        guard x.shape[1] eq y.shape[0]
        grid tile0 in x.shape[0]
          slice1 in x.shape[1]
          %0: i32[tile0] = index tile0
          %1: i32[slice1] = index slice1
          %2: f32[tile0, slice1] = load x[%0, %1]
          %3: f32[slice1] = load y[%1]
          %4: f32[1, slice1] = view %3 (new, 0)
          %5: f32[tile0, slice1] = broadcast %4
          %6: f32[tile0, slice1] = add %2, %5
          store local2[%0, %1] = %6
        return local2"
    `)
  })

  it('of a symbol and a number take the number', () => {
    const x = ramp([3, 5], 'f32', [true, false])
    expect(irOf(kernel, [x, ramp([5])])).toMatchInlineSnapshot(`
      "kernel k
        argument x: f32[x.shape[0], 5]
        argument y: f32[y.shape[0]]
        local local2: f32[x.shape[0], 5]
        y.shape[0] is at most 8
        guard 5 eq y.shape[0]
        grid tile0 in x.shape[0]
          slice1 in 5
          %0: i32[tile0] = index tile0
          %1: i32[slice1] = index slice1
          %2: f32[tile0, slice1] = load x[%0, %1]
          %3: f32[slice1] = load y[%1]
          %4: f32[1, slice1] = view %3 (new, 0)
          %5: f32[tile0, slice1] = broadcast %4
          %6: f32[tile0, slice1] = add %2, %5
          store local2[%0, %1] = %6
        return local2"
    `)
  })

  it('keep the tighter of two bounds', () => {
    const text = irOf(kernel, [ramp([3, 5]), ramp([9])])
    expect(text).toContain('guard x.shape[1] eq y.shape[0]')
    expect(text).toContain('slice1 in x.shape[1]')
    expect(text).not.toContain('slice2')
  })

  it('meet through accumulators, products and stores as well', () => {
    const text = irOf(
      (x: Tensor, y: Tensor, z: Tensor, out: Tensor) => {
        for (const i of hl.tile(x.shape[0])) {
          const acc = hl.zeros([i, y.shape[0]])
          acc.addAssign(x.at(i, ':'))
          out.at(i, ':').set(acc.dot(z.at(':', ':')))
        }
      },
      [ramp([4, 3]), ramp([3]), ramp([3, 2]), ramp([4, 2])],
    )
    const guards = text.split('\n').filter((line) => line.includes('guard'))
    expect(guards).toEqual([
      '  guard y.shape[0] eq x.shape[1]',
      '  guard y.shape[0] eq z.shape[0]',
      '  guard x.shape[0] le out.shape[0]',
      '  guard z.shape[1] eq out.shape[1]',
    ])
  })

  it('of equal size in one tensor stay apart', () => {
    expectRun(
      (x: Tensor) => {
        const out = hl.empty(x.shape)
        for (const _t of hl.tile(1)) out.at(':', ':').set(x.at(':', ':').transpose())
        return out
      },
      [host([3, 3], [1, 2, 3, 4, 5, 6, 7, 8, 9])],
      [1, 4, 7, 2, 5, 8, 3, 6, 9],
    )
  })
})
