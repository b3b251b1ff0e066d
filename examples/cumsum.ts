/** Sums of the elements so far: of whole rows, and of rows of any length, whose sums are carried along. */
import { hl, kernel, randn, type Tensor } from 'helion-aot'
import { type Example, runIfMain } from './shared/example.ts'
import { type Matrix, sum } from './shared/plain.ts'

export const cumsum = kernel(function cumsum(x: Tensor) {
  const out = hl.emptyLike(x)
  for (const row of hl.tile(x.shape[0])) out.at(row, ':').set(x.at(row, ':').cumsum(-1))
  return out
})

export const cumsumTiled = kernel(function cumsumTiled(x: Tensor) {
  const [m, n] = x.shape
  const out = hl.emptyLike(x)
  for (const row of hl.tile(m)) {
    const before = hl.zeros([row])
    for (const t of hl.tile(n)) {
      const values = x.at(row, t)
      out.at(row, t).set(values.cumsum(1).add(before.unsqueeze(1)))
      before.addAssign(values.sum(1))
    }
  }
  return out
})

export const examples: readonly Example[] = [cumsum, cumsumTiled].map((kernel) => ({
  kernel,
  args: (m, n) => [randn([m, n])],
  reference: (x: Matrix) => x.map((row) => row.map((_, j) => sum(row.slice(0, j + 1)))),
  sizes: [[3, 21]],
  bench: [4096, 4096],
}))

await runIfMain(import.meta.url, examples)
