import { describe, expect, it } from 'vitest'
import { hl, type Tensor } from '../../src/language/index.ts'
import { rows } from './accumulator_rows.ts'
import { bodyOf, expectRun, host } from './harness.ts'

const X = host([2, 3, 2], [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12])
const N = X.data.length
const SUM = 78

describe('an accumulator', () => {
  it('changed in one loop', () => {
    const kernel = rows((x, acc, [m]) => {
      for (const i of hl.tile(m ?? 0)) acc.addAssign(x.at(i, 0, 0).sum())
    })
    expect(bodyOf(kernel, [X])).toMatchInlineSnapshot(`
      "%0: f32 = 1
      %1: f32[tile0] = broadcast %0
      %2: i32 = 0
      %3: i32 = size x.shape[0]
      %5 = loop tile1 in %2..%3 carrying %4: f32[tile0] = %1
        %6: i32[tile1] = index tile1
        %7: f32[tile1] = load x[%6, %2, %2]
        %8: f32 = sum %7 along 0
        %9: f32[tile0] = add %4, %8
        yield %9
      %10: f32[tile0] = result %5 0
      %11: i32[tile0] = index tile0
      store local1[%11] = %10"
    `)
    expectRun(kernel, [X], [9, 9])
  })

  it('changed in the inner of two loops only', () => {
    const kernel = rows((x, acc, [m, n]) => {
      for (const i of hl.tile(m ?? 0)) for (const j of hl.tile(n ?? 0)) acc.addAssign(x.at(i, j, 1).sum())
    })
    expect(bodyOf(kernel, [X])).toMatchInlineSnapshot(`
      "%0: f32 = 1
      %1: f32[tile0] = broadcast %0
      %2: i32 = 0
      %3: i32 = size x.shape[0]
      %5 = loop tile1 in %2..%3 carrying %4: f32[tile0] = %1
        %6: i32 = size x.shape[1]
        %8 = loop tile2 in %2..%6 carrying %7: f32[tile0] = %4
          %9: i32[tile1] = index tile1
          %10: i32[tile2] = index tile2
          %11: i32 = 1
          %12: f32[tile1, tile2] = load x[%9, %10, %11]
          %13: f32[tile1] = sum %12 along 1
          %14: f32 = sum %13 along 0
          %15: f32[tile0] = add %7, %14
          yield %15
        %16: f32[tile0] = result %8 0
        yield %16
      %17: f32[tile0] = result %5 0
      %18: i32[tile0] = index tile0
      store local1[%18] = %17"
    `)
    expectRun(kernel, [X], [43, 43])
  })

  it('changed in the outer of two loops only', () => {
    const kernel = rows((x, acc, [m, n]) => {
      for (const i of hl.grid(m ?? 0)) {
        const sum = hl.zeros([])
        for (const j of hl.tile(n ?? 0)) sum.addAssign(x.at(i, j, 0).sum())
        acc.mulAssign(sum)
      }
    })
    expect(bodyOf(kernel, [X])).toMatchInlineSnapshot(`
      "%0: f32 = 1
      %1: f32[tile0] = broadcast %0
      %2: i32 = 0
      %3: i32 = size x.shape[0]
      %5 = loop grid1 in %2..%3 carrying %4: f32[tile0] = %1
        %6: i32 = begin grid1
        %7: f32 = 0
        %8: i32 = size x.shape[1]
        %10 = loop tile2 in %2..%8 carrying %9: f32 = %7
          %11: i32[tile2] = index tile2
          %12: f32[tile2] = load x[%6, %11, %2]
          %13: f32 = sum %12 along 0
          %14: f32 = add %9, %13
          yield %14
        %15: f32 = result %10 0
        %16: f32[tile0] = mul %4, %15
        yield %16
      %17: f32[tile0] = result %5 0
      %18: i32[tile0] = index tile0
      store local1[%18] = %17"
    `)
    expectRun(kernel, [X], [9 * 27, 9 * 27])
  })

  it('changed in both of two loops, before and after the inner one', () => {
    const kernel = rows((x, acc, [m, n]) => {
      for (const i of hl.grid(m ?? 0)) {
        acc.mulAssign(2)
        for (const j of hl.grid(n ?? 0)) acc.addAssign(x.at(i, j, 0))
        acc.subAssign(1)
      }
    })
    expect(bodyOf(kernel, [X])).toMatchInlineSnapshot(`
      "%0: f32 = 1
      %1: f32[tile0] = broadcast %0
      %2: i32 = 0
      %3: i32 = size x.shape[0]
      %5 = loop grid1 in %2..%3 carrying %4: f32[tile0] = %1
        %6: i32 = begin grid1
        %7: f32 = 2
        %8: f32[tile0] = mul %4, %7
        %9: i32 = size x.shape[1]
        %11 = loop grid2 in %2..%9 carrying %10: f32[tile0] = %8
          %12: i32 = begin grid2
          %13: f32 = load x[%6, %12, %2]
          %14: f32[tile0] = add %10, %13
          yield %14
        %15: f32[tile0] = result %11 0
        %16: f32[tile0] = sub %15, %0
        yield %16
      %17: f32[tile0] = result %5 0
      %18: i32[tile0] = index tile0
      store local1[%18] = %17"
    `)
    const expected = [0, 1].reduce((acc, i) => {
      let next = acc * 2
      for (const j of [0, 1, 2]) next += X.data[(i * 3 + j) * 2] ?? 0
      return next - 1
    }, 1)
    expectRun(kernel, [X], [expected, expected])
  })

  it('read in a loop but not changed there is not carried', () => {
    const kernel = (x: Tensor): Tensor => {
      const out = hl.empty([2, 3])
      for (const t of hl.tile(2)) {
        const acc = hl.full([t], 5)
        for (const j of hl.tile(x.shape[1])) out.at(t, j).set(x.at(t, j, 0).mul(acc.unsqueeze(1)))
        acc.addAssign(1)
      }
      return out
    }
    const text = bodyOf(kernel, [X])
    expect(text).toMatchInlineSnapshot(`
      "%0: f32 = 5
      %1: f32[tile0] = broadcast %0
      %2: i32 = 0
      %3: i32 = size x.shape[1]
      %4 = loop tile1 in %2..%3
        %5: i32[tile0] = index tile0
        %6: i32[tile1] = index tile1
        %7: f32[tile0, tile1] = load x[%5, %6, %2]
        %8: f32[tile0, 1] = view %1 (0, new)
        %9: f32[tile0, tile1] = broadcast %8
        %10: f32[tile0, tile1] = mul %7, %9
        store local1[%5, %6] = %10"
    `)
    expect(text).not.toContain('carrying')
    expectRun(kernel, [X], [5, 15, 25, 35, 45, 55])
  })

  it('read in the inner loop and changed in the outer', () => {
    const kernel = rows((x, acc, [m, n]) => {
      const seen = hl.zeros([])
      for (const i of hl.grid(m ?? 0)) {
        for (const j of hl.grid(n ?? 0)) seen.addAssign(acc.sum().mul(x.at(i, j, 0)))
        acc.assign(seen.div(acc.sum()))
      }
    })
    expect(bodyOf(kernel, [X])).toMatchInlineSnapshot(`
      "%0: f32 = 1
      %1: f32[tile0] = broadcast %0
      %2: f32 = 0
      %3: i32 = 0
      %4: i32 = size x.shape[0]
      %7 = loop grid1 in %3..%4 carrying %5: f32[tile0] = %1, %6: f32 = %2
        %8: i32 = begin grid1
        %9: i32 = size x.shape[1]
        %11 = loop grid2 in %3..%9 carrying %10: f32 = %6
          %12: i32 = begin grid2
          %13: f32 = sum %5 along 0
          %14: f32 = load x[%8, %12, %3]
          %15: f32 = mul %13, %14
          %16: f32 = add %10, %15
          yield %16
        %17: f32 = result %11 0
        %18: f32 = sum %5 along 0
        %19: f32 = div %17, %18
        %20: f32[tile0] = broadcast %19
        yield %20, %17
      %21: f32[tile0] = result %7 0
      %22: i32[tile0] = index tile0
      store local1[%22] = %21"
    `)
    const run = (width: number): number => {
      let [acc, seen] = [1, 0]
      for (const i of [0, 1]) {
        for (const j of [0, 1, 2]) seen += acc * width * (X.data[(i * 3 + j) * 2] ?? 0)
        acc = seen / (acc * width)
      }
      return Math.fround(acc)
    }
    expectRun(kernel, [X], [run(2), run(2)], [2, 4, 16])
    expectRun(kernel, [X], [run(1), run(1)], [1])
  })

  it('carried through three loops, changed in the innermost', () => {
    const kernel = rows((x, acc, [m, n, k]) => {
      for (const i of hl.tile(m ?? 0)) {
        for (const j of hl.tile(n ?? 0)) for (const l of hl.tile(k ?? 0)) acc.addAssign(x.at(i, j, l).sum())
      }
    })
    expect(bodyOf(kernel, [X])).toMatchInlineSnapshot(`
      "%0: f32 = 1
      %1: f32[tile0] = broadcast %0
      %2: i32 = 0
      %3: i32 = size x.shape[0]
      %5 = loop tile1 in %2..%3 carrying %4: f32[tile0] = %1
        %6: i32 = size x.shape[1]
        %8 = loop tile2 in %2..%6 carrying %7: f32[tile0] = %4
          %9: i32 = size x.shape[2]
          %11 = loop tile3 in %2..%9 carrying %10: f32[tile0] = %7
            %12: i32[tile1] = index tile1
            %13: i32[tile2] = index tile2
            %14: i32[tile3] = index tile3
            %15: f32[tile1, tile2, tile3] = load x[%12, %13, %14]
            %16: f32[tile1, tile2] = sum %15 along 2
            %17: f32[tile1] = sum %16 along 1
            %18: f32 = sum %17 along 0
            %19: f32[tile0] = add %10, %18
            yield %19
          %20: f32[tile0] = result %11 0
          yield %20
        %21: f32[tile0] = result %8 0
        yield %21
      %22: f32[tile0] = result %5 0
      %23: i32[tile0] = index tile0
      store local1[%23] = %22"
    `)
    expectRun(kernel, [X], [SUM + 1, SUM + 1])
  })

  it('changed in each of three loops', () => {
    const kernel = rows((x, acc, [m, n, k]) => {
      for (const i of hl.grid(m ?? 0)) {
        for (const j of hl.grid(n ?? 0)) {
          for (const l of hl.grid(k ?? 0)) acc.addAssign(x.at(i, j, l))
          acc.mulAssign(0.5)
        }
        acc.addAssign(i)
      }
    })
    let expected = 1
    for (const i of [0, 1]) {
      for (const j of [0, 1, 2]) {
        for (const l of [0, 1]) expected += X.data[(i * 3 + j) * 2 + l] ?? 0
        expected *= 0.5
      }
      expected += i
    }
    expectRun(kernel, [X], [expected, expected])
  })

  it('among several, each carried on its own', () => {
    const kernel = (x: Tensor): Tensor[] => {
      const outs = [hl.empty([1]), hl.empty([1]), hl.empty([1])]
      for (const one of hl.tile(1)) {
        const [low, high, count] = [hl.full([], 100), hl.full([], -100), hl.zeros([], 'i32')]
        for (const [i, j] of hl.tile([x.shape[0], x.shape[1]])) {
          low.minimumAssign(x.at(i, j, 0).amin())
          high.maximumAssign(x.at(i, j, 0).amax())
          count.addAssign(x.at(i, j, ':').gt(4).sum())
        }
        ;[low, high, count].forEach((acc, n) => {
          outs[n]?.at(one).set(acc)
        })
      }
      return outs
    }
    expectRun(kernel, [X], [[1], [11], [N - 4]])
  })
})
