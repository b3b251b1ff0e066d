/** Adds a layer's output to the residual stream, in place, and normalises the sum. */
import { hl, kernel, randn, type Tensor } from 'helion-aot'
import { type Example, runIfMain } from './shared/example.ts'
import { type Matrix, mean, type Vector } from './shared/plain.ts'

export const addRmsNorm = kernel(function addRmsNorm(
  x: Tensor,
  residual: Tensor,
  weight: Tensor,
  eps: number,
) {
  const out = hl.emptyLike(x)
  for (const row of hl.tile(x.shape[0])) {
    const values = x.at(row, ':').to('f32').add(residual.at(row, ':'))
    residual.at(row, ':').set(values)
    const scale = values.square().mean(-1, { keepdim: true }).add(eps).rsqrt()
    out.at(row, ':').set(values.mul(scale).mul(weight.at(':')))
  }
  return { out, residual }
})

export const examples: readonly Example[] = [
  {
    kernel: addRmsNorm,
    args: (m, n) => [randn([m, n]), randn([m, n]), randn([n]), 1e-5],
    reference: (x: Matrix, before: Matrix, weight: Vector, eps: number) => {
      const residual = x.map((row, i) => row.map((value, j) => value + before[i][j]))
      const scales = residual.map((row) => 1 / Math.sqrt(mean(row.map((value) => value ** 2)) + eps))
      return { out: residual.map((row, i) => row.map((value, j) => value * scales[i] * weight[j])), residual }
    },
    sizes: [[3, 21]],
    bench: [4096, 4096],
  },
]

await runIfMain(import.meta.url, examples)
