/**
 * A product with weights of 4 bits, eight of them in a word, that share a scale with the others of a group of
 * rows and an output: how language models are stored.
 */
import { hl, kernel, rand, randn, type Tensor } from 'helion-aot'
import { type Example, randomIntegers, runIfMain } from './shared/example.ts'
import { type Matrix, product } from './shared/plain.ts'

/** `w` is `[k, n]` of i4, `scale` is `[k / group, n]`. */
export const int4Weights = kernel(function int4Weights(x: Tensor, w: Tensor, scale: Tensor, group: number) {
  const [m, k] = x.shape
  const [k2, n] = w.shape
  hl.requireEqual(k, k2)
  const size = hl.specialize(group)
  const out = hl.empty([m, n], x.dtype)
  for (const [tm, tn] of hl.tile([m, n])) {
    const acc = hl.zeros([tm, tn])
    for (const tk of hl.tile(k)) {
      const scales = scale.at(tk.index.floorDiv(size), tn)
      acc.addDot(x.at(tm, tk), w.at(tk, tn).to(x.dtype).mul(scales))
    }
    out.at(tm, tn).set(acc)
  }
  return out
})

export const examples: readonly Example[] = [
  {
    kernel: int4Weights,
    args: (m, groups, group, n) => [
      randn([m, groups * group]),
      randomIntegers([groups * group, n], -8, 8, 'i4'),
      rand([groups, n]),
      group,
    ],
    reference: (x: Matrix, w: Matrix, scale: Matrix, group: number) =>
      product(
        x,
        w.map((row, i) => row.map((value, j) => value * scale[Math.floor(i / group)][j])),
      ),
    sizes: [[5, 3, 4, 11]],
    bench: [64, 32, 128, 4096],
  },
]

await runIfMain(import.meta.url, examples)
