/**
 * Matrix products: `x · y`, and `x · wᵀ` with a bias and any activation, which is a function that the caller
 * passes and that becomes part of the kernel.
 */
import { getDevice, hl, kernel, randn, type Tensor, type TileValue } from 'helion-aot'
import { type Example, runIfMain } from './shared/example.ts'
import { dot, type Matrix, product, type Vector } from './shared/plain.ts'

export const matmul = kernel(function matmul(x: Tensor, y: Tensor) {
  const [m, k] = x.shape
  const [k2, n] = y.shape
  hl.requireEqual(k, k2)
  const out = hl.empty([m, n], x.dtype)
  for (const [tm, tn] of hl.tile([m, n])) {
    const acc = hl.zeros([tm, tn])
    for (const tk of hl.tile(k)) acc.addDot(x.at(tm, tk), y.at(tk, tn))
    out.at(tm, tn).set(acc)
  }
  return out
})

/** A linear layer. `w` has a row for each output, as PyTorch stores it; the view `w.T` costs nothing. */
export const linear = kernel(function linear(
  x: Tensor,
  w: Tensor,
  bias: Tensor,
  activation: (value: TileValue) => TileValue,
) {
  const [m, k] = x.shape
  const [k2, n] = w.T.shape
  hl.requireEqual(k, k2)
  const out = hl.empty([m, n], x.dtype)
  for (const [tm, tn] of hl.tile([m, n])) {
    const acc = hl.zeros([tm, tn])
    for (const tk of hl.tile(k)) acc.addDot(x.at(tm, tk), w.T.at(tk, tn))
    out.at(tm, tn).set(activation(acc.add(bias.at(tn))))
  }
  return out
})

const relu = (value: TileValue): TileValue => value.relu()

/** Half precision where the adapter has it, else a type of the same size that every adapter has. */
const half = (await getDevice()).limits.shaderF16 ? 'f16' : 'bf16'

export const examples: readonly Example[] = [
  {
    kernel: matmul,
    args: (m, k, n) => [randn([m, k]), randn([k, n])],
    reference: product,
    sizes: [[5, 19, 11]],
    bench: [1024, 1024, 1024],
  },
  {
    kernel: matmul,
    args: (m, k, n) => [randn([m, k], { dtype: half }), randn([k, n], { dtype: half })],
    reference: product,
    sizes: [[5, 19, 11]],
    bench: [1024, 1024, 1024],
    tolerance: 0.01,
  },
  {
    kernel: linear,
    args: (m, k, n) => [randn([m, k]), randn([n, k]), randn([n]), relu],
    reference: (x: Matrix, w: Matrix, bias: Vector) =>
      x.map((row) => w.map((weights, j) => Math.max(0, dot(row, weights) + bias[j]))),
    sizes: [[5, 19, 11]],
    bench: [1024, 1024, 1024],
  },
]

await runIfMain(import.meta.url, examples)
