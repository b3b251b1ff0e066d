/**
 * Sums of rows that belong together: `ids` says to which segment each row of `x` belongs, in ascending order.
 * A scan adds up neighbours of the same segment, so that only the last of them in a tile adds to memory.
 */
import { hl, kernel, randn, type Tensor, tensor } from 'helion-aot'
import { type Example, runIfMain } from './shared/example.ts'
import type { Matrix, Vector } from './shared/plain.ts'

export const segmentSum = kernel(function segmentSum(x: Tensor, ids: Tensor, segments: number) {
  const [rows, n] = x.shape
  const out = hl.zeros([hl.specialize(segments), n])
  for (const [t, column] of hl.tile([rows, n])) {
    const id = ids.at(t)
    const [, sums] = hl.associativeScan(
      ([id0, sum0], [id1, sum1]) => [id1, hl.where(id0.eq(id1), sum0, 0).add(sum1)],
      [id.unsqueeze(1), x.at(t, column)],
      0,
    )
    const next = ids.at(t.index.add(1))
    const isLast = next.ne(id).or(t.index.eq(t.end.sub(1)))
    hl.atomicAdd(out, [id, column], sums, { mask: isLast.unsqueeze(1) })
  }
  return out
})

export const examples: readonly Example[] = [
  {
    kernel: segmentSum,
    args: (rows, n, segments) => {
      const ids = Array.from({ length: rows }, (_, i) => Math.floor((i * segments) / rows))
      return [randn([rows, n]), tensor(ids, { dtype: 'i32' }), segments]
    },
    reference: (x: Matrix, ids: Vector, segments: number) =>
      Array.from({ length: segments }, (_, s) =>
        x[0].map((_, j) => x.reduce((total, row, i) => total + (ids[i] === s ? row[j] : 0), 0)),
      ),
    sizes: [[13, 6, 4]],
    bench: [65_536, 128, 4096],
  },
]

await runIfMain(import.meta.url, examples)
