import { describe, expect, it } from 'vitest'
import { hl, type Tensor } from '../../src/language/index.ts'
import { bodyOf, expectInPlace, expectRun, host, irOf, ramp, run, traced } from './harness.ts'

describe('hl.grid', () => {
  it('gives positions one by one', () => {
    const kernel = (x: Tensor): void => {
      const [m, n] = x.shape
      for (const [i, j] of hl.grid([m, n])) x.at(i, j).set(i.mul(10).add(j))
    }
    expect(irOf(kernel, [ramp([2, 3])])).toMatchInlineSnapshot(`
      "kernel k
        argument x: f32[x.shape[0], x.shape[1]]
        grid grid0 in x.shape[0], grid1 in x.shape[1]
          %0: i32 = begin grid0
          %1: i32 = begin grid1
          %2: i32 = 10
          %3: i32 = mul %0, %2
          %4: i32 = add %3, %1
          %5: f32 = cast %4
          store x[%0, %1] = %5
        return nothing"
    `)
    expectInPlace(kernel, [ramp([2, 3])], [0, 1, 2, 10, 11, 12])
    expect(traced(kernel, [ramp([2, 3])]).blocks.map(({ kind, extent }) => [kind, extent])).toEqual([
      ['grid', 1],
      ['grid', 1],
    ])
  })

  it('inside a loop', () => {
    expectRun(
      (x: Tensor) => {
        const out = hl.empty([x.shape[0]])
        for (const i of hl.tile(x.shape[0])) {
          const acc = hl.zeros([i])
          for (const j of hl.grid(x.shape[1])) acc.assign(acc.mul(10).add(x.at(i, j)))
          out.at(i).set(acc)
        }
        return out
      },
      [host([2, 3], [1, 2, 3, 4, 5, 6])],
      [123, 456],
    )
  })
})

describe('hl.staticRange', () => {
  it('traces its body once for each number', () => {
    const kernel = (x: Tensor): Tensor => {
      const out = hl.empty([2])
      for (const t of hl.tile(2)) {
        const acc = hl.zeros([t])
        for (const j of hl.staticRange(3)) acc.addAssign(x.at(t, j).mul(j))
        out.at(t).set(acc)
      }
      return out
    }
    expect(bodyOf(kernel, [ramp([2, 3])], { dynamic: false })).toMatchInlineSnapshot(`
      "%0: f32 = 0
      %1: f32[tile0] = broadcast %0
      %2: i32[tile0] = index tile0
      %3: i32 = 0
      %4: f32[tile0] = load x[%2, %3]
      %5: f32[tile0] = mul %4, %0
      %6: f32[tile0] = add %1, %5
      %7: i32 = 1
      %8: f32[tile0] = load x[%2, %7]
      %9: f32 = 1
      %10: f32[tile0] = mul %8, %9
      %11: f32[tile0] = add %6, %10
      %12: i32 = 2
      %13: f32[tile0] = load x[%2, %12]
      %14: f32 = 2
      %15: f32[tile0] = mul %13, %14
      %16: f32[tile0] = add %11, %15
      store local1[%2] = %16"
    `)
    expectRun(kernel, [host([2, 3], [1, 2, 3, 4, 5, 6])], [8, 17])
  })

  it('makes grids outside of loops, and may be left and kept', () => {
    const kernel = (x: Tensor): void => {
      const rounds = hl.staticRange(5)
      for (const i of rounds) {
        if (i === 2) break
        for (const t of hl.tile(x.shape[0])) x.at(t).set(x.at(t).add(1))
      }
      for (const i of rounds) if (i === 4) for (const t of hl.tile(1)) x.at(t).set(9)
    }
    expect(traced(kernel, [ramp([2])]).grids).toHaveLength(3)
    expectInPlace(kernel, [host([2], [1, 2])], [9, 4])
  })

  it('of nothing does nothing', () => {
    expectInPlace(
      (x: Tensor) => {
        for (const t of hl.tile(2)) for (const i of hl.staticRange(0)) x.at(t).set(i)
        for (const _ of hl.staticRange(-1)) throw new Error('not reached')
      },
      [host([2], [1, 2])],
      [1, 2],
    )
  })
})

describe('several grids', () => {
  it('run one after the other and have blocks of their own', () => {
    const kernel = (x: Tensor): Tensor[] => {
      const [m, n] = x.shape
      const [sums, out] = [hl.empty([m]), hl.empty([m, n])]
      for (const i of hl.tile(m)) sums.at(i).set(x.at(i, ':').sum(1))
      for (const i of hl.tile(m)) out.at(i, ':').set(x.at(i, ':').div(sums.at(i).unsqueeze(1)))
      return [sums, out]
    }
    expect(irOf(kernel, [ramp([2, 4])])).toMatchInlineSnapshot(`
      "kernel k
        argument x: f32[x.shape[0], x.shape[1]]
        local local1: f32[x.shape[0]]
        local local2: f32[x.shape[0], x.shape[1]]
        x.shape[1] is a multiple of 4, at most 4
        grid tile0 in x.shape[0]
          slice1 in x.shape[1]
          %0: i32[tile0] = index tile0
          %1: i32[slice1] = index slice1
          %2: f32[tile0, slice1] = load x[%0, %1]
          %3: f32[tile0] = sum %2 along 1
          store local1[%0] = %3
        grid tile2 in x.shape[0]
          slice3 in x.shape[1]
          %4: i32[tile2] = index tile2
          %5: i32[slice3] = index slice3
          %6: f32[tile2, slice3] = load x[%4, %5]
          %7: f32[tile2] = load local1[%4]
          %8: f32[tile2, 1] = view %7 (0, new)
          %9: f32[tile2, slice3] = broadcast %8
          %10: f32[tile2, slice3] = div %6, %9
          store local2[%4, %5] = %10
        return [local1, local2]"
    `)
    expectRun(
      kernel,
      [host([2, 2], [1, 3, 4, 4])],
      [
        [4, 8],
        [0.25, 0.75, 0.5, 0.5],
      ],
    )
  })

  it('write in the order of the program', () => {
    const grids: number[] = []
    run(
      (x: Tensor) => {
        for (const t of hl.tile(2)) x.at(t).set(1)
        for (const t of hl.tile(1)) x.at(t).set(2)
      },
      [ramp([2])],
      { extent: 1, onWrite: (_tensor, position) => grids.push(position) },
    )
    expect(grids).toEqual([0, 1, 0])
  })
})

describe('sizes of 0 and 1', () => {
  const kernel = (x: Tensor): Tensor[] => {
    const [m, n] = x.shape
    const [copy, sums] = [hl.empty([m, n]), hl.full([m], 7)]
    for (const i of hl.tile(m)) {
      const acc = hl.zeros([i, n])
      acc.addAssign(x.at(i, ':'))
      for (const j of hl.tile(n)) acc.mulAssign(j.end.sub(j.begin).ne(0).where(2, 3))
      copy.at(i, ':').set(acc)
      sums.at(i).set(x.at(i, ':').sum(-1))
    }
    return [copy, sums]
  }

  it.each<readonly [readonly [number, number], readonly number[], readonly number[]]>([
    [[0, 0], [], []],
    [[0, 3], [], []],
    [[2, 0], [], [0, 0]],
    [[1, 1], [2], [1]],
    [
      [2, 1],
      [2, 4],
      [1, 2],
    ],
    [[1, 2], [2, 4], [3]],
  ])('shape %j', (shape, copy, sums) => {
    expectRun(kernel, [host(shape, (i) => i + 1)], [copy, sums] as number[][], [undefined, 16])
  })
})
