import { describe, expect, it } from 'vitest'
import { hl, type Tensor } from '../../src/language/index.ts'
import { bodyOf, expectInPlace, expectRun, host, irOf, ramp, traced } from './harness.ts'

describe('hl.tile', () => {
  it('over one dimension', () => {
    const kernel = (x: Tensor): Tensor => {
      const out = hl.emptyLike(x)
      for (const t of hl.tile(x.shape[0])) out.at(t).set(x.at(t).mul(2))
      return out
    }
    expect(irOf(kernel, [ramp([5])])).toMatchInlineSnapshot(`
      "kernel k
        argument x: f32[x.shape[0]]
        local local1: f32[x.shape[0]]
        grid tile0 in x.shape[0]
          %0: i32[tile0] = index tile0
          %1: f32[tile0] = load x[%0]
          %2: f32 = 2
          %3: f32[tile0] = mul %1, %2
          store local1[%0] = %3
        return local1"
    `)
    expectRun(kernel, [host([5], [1, 2, 3, 4, 5])], [2, 4, 6, 8, 10])
  })

  it('over several dimensions gives a tile for each', () => {
    const kernel = (x: Tensor): Tensor => {
      const out = hl.emptyLike(x)
      for (const [i, j, k] of hl.tile(x.shape as readonly number[] as [number, number, number])) {
        out.at(i, j, k).set(x.at(i, j, k).add(i.index.unsqueeze(1).unsqueeze(2).mul(100)))
      }
      return out
    }
    expect(irOf(kernel, [ramp([2, 3, 4])], { dynamic: false })).toContain(
      'grid tile0 in 2, tile1 in 3, tile2 in 4',
    )
    expectRun(kernel, [host([2, 3, 2], (i) => i)], [0, 1, 2, 3, 4, 5, 106, 107, 108, 109, 110, 111])
  })

  it('with a list of one size gives a list of one tile', () => {
    expectInPlace(
      (x: Tensor) => {
        for (const [t] of hl.tile([x.shape[0]])) x.at(t).set(t.index)
      },
      [ramp([3])],
      [0, 1, 2],
    )
  })

  it('from a begin to an end', () => {
    const kernel = (x: Tensor): void => {
      const [m, n] = x.shape
      for (const [i, j] of hl.tile([1, 2], [m, n])) x.at(i, j).set(0)
    }
    expect(irOf(kernel, [ramp([3, 4])])).toMatchInlineSnapshot(`
      "kernel k
        argument x: f32[x.shape[0], x.shape[1]]
        x.shape[1] is a multiple of 4
        grid tile0 in (x.shape[0] - 1) up to x.shape[0], tile1 in (x.shape[1] - 2) up to x.shape[1]
          %0: i32[tile0] = index tile0
          %1: i32[tile1] = index tile1
          %2: f32 = 0
          %3: f32[tile0, tile1] = broadcast %2
          store x[%0, %1] = %3
        return nothing"
    `)
    expectInPlace(kernel, [host([2, 4], [1, 2, 3, 4, 5, 6, 7, 8])], [1, 2, 3, 4, 5, 6, 0, 0])
  })

  it('with extents of its own', () => {
    const kernel = (x: Tensor): void => {
      for (const [i, j] of hl.tile([8, 8], { blockSize: [4, 1] })) {
        for (const k of hl.tile(i.begin, i.end, { blockSize: 2 }))
          x.at(k, j).set(i.blockSize.add(k.blockSize))
      }
    }
    expect(irOf(kernel, [ramp([8, 8])], { dynamic: false })).toMatchInlineSnapshot(`
      "kernel k
        argument x: f32[8, 8]
        grid tile0 in 8 by 4, tile1 in 8 by 1
          %0: i32 = begin tile0
          %1: i32 = end tile0
          %2 = loop tile2 in %0..%1 by 2
            %3: i32[tile2] = index tile2
            %4: i32[tile1] = index tile1
            %5: i32 = block_size tile0
            %6: i32 = block_size tile2
            %7: i32 = add %5, %6
            %8: f32 = cast %7
            %9: f32[tile2, tile1] = broadcast %8
            store x[%3, %4] = %9
        return nothing"
    `)
    const kept = traced(kernel, [ramp([8, 8])]).blocks.map(({ extent }) => extent)
    expect(kept).toEqual([4, 1, 2])
    expectInPlace(
      (x: Tensor) => {
        for (const t of hl.tile(5, { blockSize: 2 })) x.at(t).set(t.id)
      },
      [ramp([5])],
      [0, 0, 1, 1, 2],
    )
  })

  it('may be kept and iterated again, each time a loop of its own', () => {
    const kernel = (x: Tensor): void => {
      const rows = hl.tile(x.shape[0])
      for (const t of rows) x.at(t).set(x.at(t).add(1))
      for (const t of rows) {
        for (const u of rows) x.at(t).set(x.at(t).add(u.index.sum().mul(0)))
        x.at(t).set(x.at(t).mul(10))
      }
    }
    expect(traced(kernel, [ramp([2])]).grids).toHaveLength(2)
    expectInPlace(kernel, [host([2], [1, 2])], [20, 30])
  })

  it('lets the body go on with the next tile', () => {
    expectInPlace(
      (x: Tensor) => {
        for (const t of hl.tile(x.shape[0])) {
          if (x.ndim === 1) {
            x.at(t).set(1)
            continue
          }
          x.at(t).set(2)
        }
      },
      [ramp([3])],
      [1, 1, 1],
    )
  })
})

describe('loops inside loops', () => {
  it('are loops on the device', () => {
    const kernel = (x: Tensor): Tensor => {
      const [m, n] = x.shape
      const out = hl.empty([m])
      for (const i of hl.tile(m)) {
        for (const j of hl.tile(n)) out.at(i).set(x.at(i, j).sum(1))
      }
      return out
    }
    expect(bodyOf(kernel, [ramp([3, 4])])).toMatchInlineSnapshot(`
      "%0: i32 = 0
      %1: i32 = size x.shape[1]
      %2 = loop tile1 in %0..%1
        %3: i32[tile0] = index tile0
        %4: i32[tile1] = index tile1
        %5: f32[tile0, tile1] = load x[%3, %4]
        %6: f32[tile0] = sum %5 along 1
        store local1[%3] = %6"
    `)
  })

  it('over two dimensions at once', () => {
    const kernel = (x: Tensor): Tensor => {
      const [m, n] = x.shape
      const out = hl.empty([1])
      for (const one of hl.tile(1)) {
        const acc = hl.zeros([])
        for (const [i, j] of hl.tile([m, n])) acc.addAssign(x.at(i, j).sum())
        out.at(one).set(acc)
      }
      return out
    }
    expect(bodyOf(kernel, [ramp([3, 4])])).toMatchInlineSnapshot(`
      "%0: f32 = 0
      %1: i32 = 0
      %2: i32 = size x.shape[0]
      %3: i32 = size x.shape[1]
      %5 = loop tile1 in %1..%2, tile2 in %1..%3 carrying %4: f32 = %0
        %6: i32[tile1] = index tile1
        %7: i32[tile2] = index tile2
        %8: f32[tile1, tile2] = load x[%6, %7]
        %9: f32[tile1] = sum %8 along 1
        %10: f32 = sum %9 along 0
        %11: f32 = add %4, %10
        yield %11
      %12: f32 = result %5 0
      %13: i32[tile0] = index tile0
      %14: f32[tile0] = broadcast %12
      store local1[%13] = %14"
    `)
    expectRun(kernel, [host([3, 4], (i) => i)], [66])
  })

  it('may begin and end where the device computes', () => {
    const kernel = (x: Tensor, bounds: Tensor): Tensor => {
      const out = hl.empty([bounds.shape[0]])
      for (const row of hl.grid(bounds.shape[0])) {
        const acc = hl.zeros([])
        for (const t of hl.tile(bounds.at(row, 0), bounds.at(row, 1))) acc.addAssign(x.at(t).sum())
        out.at(row).set(acc)
      }
      return out
    }
    expect(bodyOf(kernel, [ramp([6]), ramp([3, 2], 'i32')])).toMatchInlineSnapshot(`
      "%0: i32 = begin grid0
      %1: f32 = 0
      %2: i32 = 0
      %3: i32 = load bounds[%0, %2]
      %4: i32 = 1
      %5: i32 = load bounds[%0, %4]
      %7 = loop tile1 in %3..%5 carrying %6: f32 = %1
        %8: i32[tile1] = index tile1
        %9: f32[tile1] = load x[%8]
        %10: f32 = sum %9 along 0
        %11: f32 = add %6, %10
        yield %11
      %12: f32 = result %7 0
      store local2[%0] = %12"
    `)
    expectRun(kernel, [host([6], [1, 2, 4, 8, 16, 32]), host([3, 2], [0, 2, 2, 6, 4, 4], 'i32')], [3, 60, 0])
  })

  it('may end at a number among the arguments', () => {
    const kernel = (x: Tensor, count: number): Tensor => {
      const out = hl.empty([1])
      for (const one of hl.tile(1)) {
        const acc = hl.zeros([])
        for (const t of hl.tile(count)) acc.addAssign(x.at(t).sum())
        out.at(one).set(acc)
      }
      return out
    }
    expect(bodyOf(kernel, [ramp([6]), 3])).toContain('i32 = argument 0')
    expectRun(kernel, [host([6], [1, 2, 4, 8, 16, 32]), 3], [7])
  })
})
