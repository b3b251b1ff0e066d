/**
 * Dropout. Random numbers depend on the seed and the position alone, so the backward pass, which is dropout
 * of the gradients with the same seed, makes the same ones again: no mask is stored.
 */
import { hl, kernel, randn, type Tensor } from 'helion-aot'
import { type Example, runIfMain } from './shared/example.ts'
import { uniform, type Vector } from './shared/plain.ts'

export const dropout = kernel(function dropout(x: Tensor, p: number, seed: number) {
  const out = hl.emptyLike(x)
  for (const t of hl.tile(x.shape[0])) {
    const keep = hl.rand(seed, [t]).ge(p)
    out.at(t).set(hl.where(keep, x.at(t).div(hl.sub(1, p)), 0))
  }
  return out
})

export const examples: readonly Example[] = [
  {
    kernel: dropout,
    args: (n) => [randn([n]), 0.25, 123],
    reference: (x: Vector, p: number, seed: number) =>
      x.map((value, i) => (uniform(seed, i) >= p ? value / (1 - p) : 0)),
    sizes: [[37]],
    bench: [2 ** 24],
  },
]

await runIfMain(import.meta.url, examples)
