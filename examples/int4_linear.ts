/**
 * A linear layer whose weights have 4 bits, as language models store them: `w[n, k]` of u4, with a scale and
 * a zero point for each group of `group` weights of an output. One kernel serves prefill (many rows of `x`)
 * and decode (one, or a few): the config that tuning finds for a shape decides how the product is computed.
 *
 * What makes it fast is written plainly. `floorDiv(group)` says that neighbours share their scale, so it is
 * read once for a group; `.to(x.dtype)` makes numbers of the bits; the scale comes last, so that with
 * `mma: 'direct'` it multiplies a sum and not each weight.
 */
import { hl, kernel, rand, randn, type Tensor } from 'helion-aot'
import { type Example, randomIntegers, runIfMain } from './shared/example.ts'
import { type Matrix, product, type Vector } from './shared/plain.ts'

/** `x[m, k] · wᵀ + bias[n]`; `scale` and `zero` are `[n, k / group]`, `zero` of u4 like `w`. */
export const int4Linear = kernel(function int4Linear(
  x: Tensor,
  w: Tensor,
  scale: Tensor,
  zero: Tensor,
  bias: Tensor,
  group: number,
) {
  const [m, k] = x.shape
  const [n, k2] = w.shape
  hl.requireEqual(k, k2)
  const size = hl.specialize(group)
  const out = hl.empty([m, n], x.dtype)
  for (const [tm, tn] of hl.tile([m, n])) {
    const acc = hl.zeros([tm, tn])
    for (const tk of hl.tile(k)) {
      const g = tk.index.floorDiv(size)
      const weights = w.at(tn, tk).to(x.dtype).sub(zero.at(tn, g).to(x.dtype))
      acc.addDot(x.at(tm, tk), weights.mul(scale.at(tn, g)).transpose())
    }
    out.at(tm, tn).set(acc.add(bias.at(tn)))
  }
  return out
})

function reference(x: Matrix, w: Matrix, scale: Matrix, zero: Matrix, bias: Vector, group: number): Matrix {
  const weights = x[0].map((_, p) =>
    w.map((row, j) => {
      const g = Math.floor(p / group)
      return (row[p] - zero[j][g]) * scale[j][g]
    }),
  )
  return product(x, weights).map((row) => row.map((value, j) => value + bias[j]))
}

export const examples: readonly Example[] = [
  {
    kernel: int4Linear,
    args: (m, n, groups, group) => [
      randn([m, groups * group]),
      randomIntegers([n, groups * group], 0, 16, 'u4'),
      rand([n, groups]),
      randomIntegers([n, groups], 0, 16, 'u4'),
      randn([n]),
      group,
    ],
    reference,
    sizes: [
      [1, 11, 3, 4],
      [5, 8, 2, 8],
    ],
    bench: [1, 4096, 128, 32],
  },
]

await runIfMain(import.meta.url, examples)
