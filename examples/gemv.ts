/** A matrix times a vector: rows as a whole, and in tiles whose partial products stay apart until the end. */
import { hl, kernel, randn, type Tensor } from 'helion-aot'
import { type Example, runIfMain } from './shared/example.ts'
import { dot, type Matrix, type Vector } from './shared/plain.ts'

export const gemv = kernel(function gemv(a: Tensor, x: Tensor) {
  const [m] = a.shape
  const out = hl.empty([m], a.dtype)
  for (const row of hl.tile(m)) out.at(row).set(a.at(row, ':').mul(x.at(':')).sum(-1))
  return out
})

export const gemvTiled = kernel(function gemvTiled(a: Tensor, x: Tensor) {
  const [m, n] = a.shape
  const out = hl.empty([m], a.dtype)
  for (const row of hl.tile(m)) {
    const acc = hl.zeros([row])
    for (const t of hl.tile(n)) acc.addAssign(a.at(row, t).mul(x.at(t)).sum(1))
    out.at(row).set(acc)
  }
  return out
})

export const examples: readonly Example[] = [gemv, gemvTiled].map((kernel) => ({
  kernel,
  args: (m, n) => [randn([m, n]), randn([n])],
  reference: (a: Matrix, x: Vector) => a.map((row) => dot(row, x)),
  sizes: [[3, 21]],
  bench: [4096, 4096],
}))

await runIfMain(import.meta.url, examples)
