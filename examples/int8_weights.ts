/**
 * Products with 8-bit integers: weights with a scale for each output, which are widened as they are read, and
 * activations of 8 bits, too, whose products are added up in i32.
 */
import { hl, kernel, rand, randn, type Tensor } from 'helion-aot'
import { type Example, randomIntegers, runIfMain } from './shared/example.ts'
import { type Matrix, product, type Vector } from './shared/plain.ts'

/** `w` is `[k, n]` of i8; `scale` has an element for each of its columns. */
export const int8Weights = kernel(function int8Weights(x: Tensor, w: Tensor, scale: Tensor) {
  const [m, k] = x.shape
  const [k2, n] = w.shape
  hl.requireEqual(k, k2)
  const out = hl.empty([m, n], x.dtype)
  for (const [tm, tn] of hl.tile([m, n])) {
    const acc = hl.zeros([tm, tn])
    for (const tk of hl.tile(k)) acc.addDot(x.at(tm, tk), w.at(tk, tn).to(x.dtype))
    out.at(tm, tn).set(acc.mul(scale.at(tn)))
  }
  return out
})

/** Both are of i8; `xScale` has an element for each row of `x`. */
export const int8Matmul = kernel(function int8Matmul(x: Tensor, xScale: Tensor, w: Tensor, scale: Tensor) {
  const [m, k] = x.shape
  const [k2, n] = w.shape
  hl.requireEqual(k, k2)
  const out = hl.empty([m, n])
  for (const [tm, tn] of hl.tile([m, n])) {
    const acc = hl.zeros([tm, tn], 'i32')
    for (const tk of hl.tile(k)) acc.addDot(x.at(tm, tk), w.at(tk, tn))
    out.at(tm, tn).set(acc.to('f32').mul(xScale.at(tm, null)).mul(scale.at(tn)))
  }
  return out
})

export const examples: readonly Example[] = [
  {
    kernel: int8Weights,
    args: (m, k, n) => [randn([m, k]), randomIntegers([k, n], -128, 128, 'i8'), rand([n])],
    reference: (x: Matrix, w: Matrix, scale: Vector) =>
      product(x, w).map((row) => row.map((value, j) => value * scale[j])),
    sizes: [[5, 19, 11]],
    bench: [64, 4096, 4096],
  },
  {
    kernel: int8Matmul,
    args: (m, k, n) => [
      randomIntegers([m, k], -128, 128, 'i8'),
      rand([m]),
      randomIntegers([k, n], -128, 128, 'i8'),
      rand([n]),
    ],
    reference: (x: Matrix, xScale: Vector, w: Matrix, scale: Vector) =>
      product(x, w).map((row, i) => row.map((value, j) => value * xScale[i] * scale[j])),
    sizes: [[5, 19, 11]],
    bench: [1024, 1024, 1024],
  },
]

await runIfMain(import.meta.url, examples)
