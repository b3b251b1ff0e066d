/**
 * A product with few outputs and a long sum: several programs share the sum of one output tile and add up
 * their parts atomically. How long a part is is the block size of `part`, which the config chooses.
 */
import { hl, kernel, randn, type Tensor } from 'helion-aot'
import { type Example, runIfMain } from './shared/example.ts'
import { product } from './shared/plain.ts'

export const splitK = kernel(function splitK(x: Tensor, y: Tensor) {
  const [m, k] = x.shape
  const [k2, n] = y.shape
  hl.requireEqual(k, k2)
  const out = hl.zeros([m, n])
  for (const [tm, tn, part] of hl.tile([m, n, k])) {
    const acc = hl.zeros([tm, tn])
    for (const tk of hl.tile(part.begin, part.end)) acc.addDot(x.at(tm, tk), y.at(tk, tn))
    out.at(tm, tn).atomicAdd(acc)
  }
  return out
})

export const examples: readonly Example[] = [
  {
    kernel: splitK,
    args: (m, k, n) => [randn([m, k]), randn([k, n])],
    reference: product,
    sizes: [[3, 37, 5]],
    bench: [64, 32_768, 64],
  },
]

await runIfMain(import.meta.url, examples)
