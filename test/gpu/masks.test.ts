/** Masked loads, stores and atomic operations on the device: positions of masked elements lie anywhere. */
import { describe, it } from 'vitest'
import { hl, type Tensor } from '../../src/language/index.ts'
import { whole } from './inputs.ts'
import { expectRight } from './subject.ts'

const far = whole([100], 'i32', [-120, 220])

describe('masks', () => {
  it('keep garbage from memory', async () => {
    await expectRight(
      function scattered(x: Tensor, places: Tensor) {
        const [n] = x.shape
        const out = hl.zerosLike(x)
        const counts = hl.zeros([4], 'i32')
        for (const t of hl.tile(n)) {
          const place = places.at(t).mul(1_000_003)
          const mask = places.at(t).mod(7).eq(3)
          const inside = t.index.bitXor(1)
          const at = hl.where(mask, inside, place)
          hl.store(out, [at], hl.load(x, [at], { mask, other: 3 }).add(1), { mask })
          hl.atomicAdd(counts, [hl.where(mask, t.index.mod(4), place)], 1, { mask })
        }
        return [out, counts]
      },
      [whole([100]), far],
      [{ block_sizes: [64], num_warps: 1 }, { block_sizes: [16] }],
    )
  })

  it('along vectors, within them, and of a scalar', async () => {
    await expectRight(
      function tiles(x: Tensor, limit: number) {
        const [m, n] = x.shape
        const out = hl.full([m, n], 5)
        for (const [i, j] of hl.tile([m, n])) {
          const rows = i.index.mod(2).eq(0).unsqueeze(1)
          const both = rows.and(j.index.ge(5))
          const value = hl.load(x, [i, j], { mask: both, other: -1 })
          hl.store(out, [i, j], value.add(hl.load(x, [i, j], { mask: hl.lt(limit, 7) })), { mask: rows })
        }
        return out
      },
      [whole([10, 24]), 6],
      [{ block_sizes: [4, 16] }, { block_sizes: [8, 32], indexing: 'pointer' }, { flatten_loops: [true] }],
    )
  })
})
