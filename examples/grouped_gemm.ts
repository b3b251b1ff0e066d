/**
 * Rows in groups of any lengths, each group with a weight of its own: rows `offsets[g]` to
 * `offsets[g + 1] - 1` of `x` are multiplied by `w[g]`. Only the device knows where groups end. Group by
 * group, or with columns of the result beside groups, so that more programs run at once.
 */
import { hl, kernel, randn, type Tensor, tensor } from 'helion-aot'
import { type Example, randomOffsets, runIfMain } from './shared/example.ts'
import { type Matrix, product, type Vector } from './shared/plain.ts'

export const groupedGemm = kernel(function groupedGemm(x: Tensor, w: Tensor, offsets: Tensor) {
  const [rows, k] = x.shape
  const [groups, k2, n] = w.shape
  hl.requireEqual(k, k2)
  const out = hl.empty([rows, n], x.dtype)
  for (const g of hl.grid(groups)) {
    for (const [tm, tn] of hl.tile([offsets.at(g), 0], [offsets.at(g.add(1)), n])) {
      const acc = hl.zeros([tm, tn])
      for (const tk of hl.tile(k)) acc.addDot(x.at(tm, tk), w.at(g, tk, tn))
      out.at(tm, tn).set(acc)
    }
  }
  return out
})

export const jaggedGemm = kernel(function jaggedGemm(x: Tensor, w: Tensor, offsets: Tensor) {
  const [rows, k] = x.shape
  const [groups, k2, n] = w.shape
  hl.requireEqual(k, k2)
  const out = hl.empty([rows, n], x.dtype)
  for (const [g, tn] of hl.tile([groups, n], { blockSize: [1, null] })) {
    for (const t of hl.tile(offsets.at(g), offsets.at(g.index.add(1)))) {
      const acc = hl.zeros([g, t, tn])
      for (const tk of hl.tile(k)) acc.addDot(x.at(t, tk), w.at(g, tk, tn))
      out.at(t, tn).set(acc)
    }
  }
  return out
})

export const examples: readonly Example[] = [groupedGemm, jaggedGemm].map((kernel) => ({
  kernel,
  args: (groups, longest, k, n) => {
    const offsets = randomOffsets(groups, longest)
    return [randn([offsets[groups], k]), randn([groups, k, n]), tensor(offsets, { dtype: 'i32' })]
  },
  reference: (x: Matrix, w: readonly Matrix[], offsets: Vector) =>
    w.flatMap((weights, g) => product(x.slice(offsets[g], offsets[g + 1]), weights)),
  sizes: [[3, 5, 11, 6]],
  bench: [64, 256, 512, 512],
}))

await runIfMain(import.meta.url, examples)
