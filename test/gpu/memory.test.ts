/**
 * Loads and stores: the order of accesses to one tensor among the invocations of a workgroup, ends of ranges,
 * positions outside, vectors over padding, names. Memory around tensors is poisoned, see subject.ts.
 */
import { describe, expect, it } from 'vitest'
import type { ConfigInput } from '../../src/config/config.ts'
import { hl, type Tensor } from '../../src/language/index.ts'
import { type Input, values, whole } from './inputs.ts'
import { expectRight, Subject } from './subject.ts'

/** A tile of 1,024 that several invocations share in more than one way. */
const SHARED_TILE: readonly ConfigInput[] = [
  { num_warps: 1 },
  { num_warps: 8 },
  { num_warps: 8, indexing: 'pointer' },
]

describe('order within a program', () => {
  it('a store waits for loads of its elements by others', async () => {
    await expectRight(
      function shift(x: Tensor) {
        for (const t of hl.tile(x.shape[0], { blockSize: 1024 })) x.at(t).set(x.at(t.index.add(1)))
      },
      [whole([1000])],
      SHARED_TILE,
    )
  })

  it('a load sees what others have stored', async () => {
    await expectRight(
      function storeThenLoad(x: Tensor) {
        const out = hl.emptyLike(x)
        for (const t of hl.tile(x.shape[0], { blockSize: 1024 })) {
          x.at(t).set(x.at(t).mul(2))
          out.at(t).set(x.at(t.index.sub(1)))
        }
        return out
      },
      [whole([1000])],
      SHARED_TILE,
    )
  })

  it('the later of two stores to an element wins', async () => {
    await expectRight(
      function storeTwice(x: Tensor) {
        for (const t of hl.tile(x.shape[0], { blockSize: 1024 })) {
          x.at(t).set(1)
          x.at(t.index.add(1)).set(t.index)
        }
      },
      [whole([1000])],
      SHARED_TILE,
    )
  })

  it('rounds of a loop follow each other', async () => {
    await expectRight(
      function ripple(x: Tensor) {
        for (const t of hl.tile(x.shape[0], { blockSize: 256 })) {
          for (const _ of hl.grid(5)) x.at(t).set(x.at(t.index.sub(1)).add(x.at(t)))
        }
      },
      [whole([200])],
      [{ num_warps: 1 }, { num_warps: 4 }, { num_warps: 4, range_unroll_factors: [2] }],
    )
  })

  it('a loop without rounds leaves no barrier to rely on', async () => {
    await expectRight(
      function maybe(x: Tensor, count: Tensor) {
        for (const t of hl.tile(x.shape[0], { blockSize: 1024 })) {
          const before = x.at(t.index.add(1))
          for (const _ of hl.grid(count.at(0))) x.at(t).set(x.at(t.index.sub(1)))
          x.at(t).set(before)
        }
      },
      [whole([1000]), values([1], 'i32', [0])],
      SHARED_TILE,
    )
  })

  it('copies of a small tile all load before one of them stores', async () => {
    await expectRight(
      function few(x: Tensor) {
        const out = hl.emptyLike(x)
        for (const t of hl.tile(x.shape[0], { blockSize: 4 })) {
          const old = x.at(t)
          x.at(t).set(old.add(1))
          out.at(t).set(old)
        }
        return out
      },
      [whole([30])],
      [{ num_warps: 8 }],
    )
  })

  it('element-wise work in place needs no barrier', async () => {
    const inPlace = function inPlace(x: Tensor): void {
      for (const t of hl.tile(x.shape[0], { blockSize: 256 })) x.at(t).set(x.at(t).mul(3))
    }
    const subject = await Subject.of(inPlace, [whole([1000])])
    expect(subject.wgsl({ num_warps: 1 })).not.toContain('storageBarrier')
    await subject.expectRight({ num_warps: 1 })
  })

  it('atomics after stores', async () => {
    await expectRight(
      function mixed(x: Tensor) {
        for (const t of hl.tile(x.shape[0], { blockSize: 256 })) {
          x.at(t).set(t.index)
          x.at(t.index.add(1)).atomicMax(100)
          x.at(t.index.add(2)).atomicAdd(5)
        }
      },
      [whole([200], 'i32')],
      [{ num_warps: 1 }, { num_warps: 8 }],
    )
  })
})

describe('ends', () => {
  it('sums over a one-dimensional tensor leave its padding out', async () => {
    await expectRight(
      function total(x: Tensor) {
        const out = hl.empty([4])
        for (const t of hl.tile(4)) out.at(t).set(x.at(':').sum(0))
        return out
      },
      [whole([7])],
      [{}, { num_warps: 1 }, { indexing: 'pointer' }],
    )
  })

  it('vector stores stay inside the padding of a one-dimensional tensor', async () => {
    for (const dtype of ['f32', 'i32', 'bool'] as const) {
      for (const size of [1, 2, 3, 5, 1023]) {
        await expectRight(
          function copy(x: Tensor) {
            const out = hl.emptyLike(x)
            for (const t of hl.tile(x.shape[0])) out.at(t).set(x.at(t))
            return out
          },
          [whole([size], dtype)],
        )
      }
    }
  })

  it.each([1, 3, 4, 16])('ranges that begin at %i', async (begin) => {
    await expectRight(
      function from(x: Tensor) {
        const out = hl.zeros(x.shape)
        for (const t of hl.tile(begin, x.shape[0])) out.at(t).set(x.at(t).add(t.index))
        return out
      },
      [whole([64])],
      [{}, { block_sizes: [8] }, { block_sizes: [16], num_warps: 1 }],
    )
  })

  it('ranges that begin and end where data says', async () => {
    const fn = function slices(x: Tensor, begins: Tensor, ends: Tensor): Tensor {
      const out = hl.empty([begins.shape[0]])
      for (const i of hl.grid(begins.shape[0])) {
        const acc = hl.zeros([])
        for (const t of hl.tile(begins.at(i), x.shape[1])) acc.addAssign(x.at(i, t).sum(0))
        for (const t of hl.tile(0, ends.at(i))) acc.addAssign(x.at(i, t).sum(0).mul(100))
        out.at(i).set(acc)
      }
      return out
    }
    const [begins, ends] = [values([3], 'i32', [0, 3, 63]), values([3], 'i32', [64, 0, 17])]
    await expectRight(fn, [whole([3, 64]), begins, ends], [{}, { block_sizes: [16, 4] }])
  })

  it('a whole dimension of nothing', async () => {
    await expectRight(
      function rows(x: Tensor) {
        const out = hl.full([x.shape[0]], 5)
        for (const t of hl.tile(x.shape[0])) out.at(t).set(x.at(t, ':').sum(1))
        return out
      },
      [whole([4, 0])],
    )
  })

  it('a range that ends before it begins', async () => {
    await expectRight(
      function empty(x: Tensor) {
        const out = hl.full(x.shape, 3)
        for (const t of hl.tile(10, x.shape[0])) out.at(t).set(x.at(t))
        for (const t of hl.tile(x.shape[0])) {
          const acc = hl.zeros([t])
          for (const u of hl.tile(0, hl.sub(x.shape[0], 9))) acc.addAssign(x.at(u).sum(0))
          out.at(t).set(acc.add(x.at(t)))
        }
        return out
      },
      [whole([7])],
    )
  })

  it('one store of a value that another tile masks', async () => {
    await expectRight(
      function outer(x: Tensor, y: Tensor) {
        const out = hl.empty([x.shape[0], y.shape[0]])
        for (const [i, j] of hl.tile([x.shape[0], y.shape[0]])) {
          out.at(i.index, j.index).set(x.at(i).unsqueeze(1).mul(y.at(j).unsqueeze(0)))
        }
        return out
      },
      [whole([13]), whole([21])],
      [{}, { block_sizes: [8, 8] }, { block_sizes: [4, 32], num_warps: 1 }],
    )
  })
})

describe('computed positions', () => {
  it('outside of the tensor read as zero and are not written', async () => {
    await expectRight(
      function scatter(x: Tensor, to: Tensor) {
        const out = hl.full([10], 7)
        for (const t of hl.tile(to.shape[0])) out.at(to.at(t)).set(x.at(to.at(t).mul(2)))
        return out
      },
      [whole([12]), values([8], 'i32', [-1, 0, 9, 10, 4, 1000, -(2 ** 31), 2 ** 31 - 1])],
    )
  })

  it('several in one access', async () => {
    await expectRight(
      function pairs(x: Tensor, rows: Tensor, columns: Tensor) {
        const out = hl.empty([rows.shape[0], columns.shape[0]], x.dtype)
        for (const [i, j] of hl.tile([rows.shape[0], columns.shape[0]])) {
          out.at(i, j).set(x.at(rows.at(i).unsqueeze(1), columns.at(j).unsqueeze(0)))
        }
        return out
      },
      [whole([9, 11]), whole([5], 'i32', [-2, 10]), whole([14], 'i32', [-2, 12])],
      [{}, { block_sizes: [4, 8] }],
    )
  })

  it('the diagonal, and a column', async () => {
    await expectRight(
      function parts(x: Tensor) {
        const [n] = x.shape
        const out = hl.empty([2, n])
        for (const t of hl.tile(n)) {
          out.at(0, t).set(x.at(t, t))
          out.at(1, t).set(x.at(t, 2))
        }
        return out
      },
      [whole([19, 19])],
      [{}, { block_sizes: [8] }],
    )
  })
})

describe("names of the author's", () => {
  it('letters that WGSL does not take, and words that it keeps', async () => {
    await expectRight(
      function names(α: Tensor, β: Tensor, _: Tensor, row_major: Tensor, x: Tensor, x_0: Tensor, $: number) {
        const out = hl.emptyLike(α)
        for (const t of hl.tile(α.shape[0])) {
          const near = α
            .at(t)
            .add(β.at(t.index.add(1)).mul(2))
            .add(_.at(t.index.add(1)).mul(3))
          const far = row_major.at(t.index.add(2)).mul(4).add(x.at(t).mul(5)).add(x_0.at(t).mul(6))
          out.at(t).set(near.add(far).mul($))
        }
        return out
      },
      [[10], [13], [11], [12], [14], [15]].map((shape) => whole(shape) as Input).concat([7]),
    )
  })

  it('equal after they were made plain', async () => {
    await expectRight(
      function lists(a: Tensor[], a_0: Tensor, b: { c: number }, b_c: number) {
        const out = hl.emptyLike(a_0)
        const [first] = a
        if (!first) return out
        for (const t of hl.tile(a_0.shape[0])) {
          out.at(t).set(
            first
              .at(t.index.add(1))
              .mul(b.c)
              .add(a_0.at(t.index.add(1)).mul(b_c)),
          )
        }
        return out
      },
      [[whole([13])], whole([11]), { c: 3 }, 5],
    )
  })
})
