/** Products of batches of matrices: a tile of the result may span several of the batch. */
import { hl, kernel, randn, type Tensor } from 'helion-aot'
import { type Example, runIfMain } from './shared/example.ts'
import { type Matrix, product } from './shared/plain.ts'

export const bmm = kernel(function bmm(x: Tensor, y: Tensor) {
  const [batch, m, k] = x.shape
  const [batch2, k2, n] = y.shape
  hl.requireEqual(batch, batch2)
  hl.requireEqual(k, k2)
  const out = hl.empty([batch, m, n], x.dtype)
  for (const [b, tm, tn] of hl.tile([batch, m, n])) {
    const acc = hl.zeros([b, tm, tn])
    for (const tk of hl.tile(k)) acc.addDot(x.at(b, tm, tk), y.at(b, tk, tn))
    out.at(b, tm, tn).set(acc)
  }
  return out
})

export const examples: readonly Example[] = [
  {
    kernel: bmm,
    args: (batch, m, k, n) => [randn([batch, m, k]), randn([batch, k, n])],
    reference: (x: readonly Matrix[], y: readonly Matrix[]) => x.map((matrix, b) => product(matrix, y[b])),
    sizes: [[2, 5, 11, 3]],
    bench: [16, 512, 768, 1024],
  },
]

await runIfMain(import.meta.url, examples)
