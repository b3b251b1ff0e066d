/**
 * Sums of long rows. `sum(-1)` of a whole row is enough: the config decides whether it stays in registers or
 * streams by. By hand the partial sums of a tile stay apart, and are added up once at the end.
 */
import { hl, kernel, randn, type Tensor } from 'helion-aot'
import { type Example, runIfMain } from './shared/example.ts'
import { type Matrix, sum } from './shared/plain.ts'

export const longSum = kernel(function longSum(x: Tensor) {
  const [m] = x.shape
  const out = hl.empty([m], x.dtype)
  for (const row of hl.tile(m)) out.at(row).set(x.at(row, ':').sum(-1))
  return out
})

export const longSumTiled = kernel(function longSumTiled(x: Tensor) {
  const [m, n] = x.shape
  const out = hl.empty([m], x.dtype)
  for (const row of hl.tile(m)) {
    const acc = hl.zeros([row])
    for (const t of hl.tile(n)) acc.addAssign(x.at(row, t).sum(1))
    out.at(row).set(acc)
  }
  return out
})

export const examples: readonly Example[] = [longSum, longSumTiled].map((kernel) => ({
  kernel,
  args: (m, n) => [randn([m, n])],
  reference: (x: Matrix) => x.map(sum),
  sizes: [[3, 157]],
  bench: [4, 130_000],
}))

await runIfMain(import.meta.url, examples)
