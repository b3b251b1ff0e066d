/** Normalisation of each row by its root mean square, and its gradients. */
import { hl, kernel, randn, type Tensor } from 'helion-aot'
import { type Example, runIfMain } from './shared/example.ts'
import { type Matrix, mean, sum, transpose, type Vector } from './shared/plain.ts'

export const rmsNorm = kernel(function rmsNorm(x: Tensor, weight: Tensor, eps: number) {
  const [m] = x.shape
  const out = hl.emptyLike(x)
  const scales = hl.empty([m])
  for (const row of hl.tile(m)) {
    const values = x.at(row, ':').to('f32')
    const scale = values.square().mean(-1).add(eps).rsqrt()
    out.at(row, ':').set(values.mul(scale.unsqueeze(-1)).mul(weight.at(':')))
    scales.at(row).set(scale)
  }
  return { out, scales }
})

/** The gradients of the weights are summed by blocks of rows, which the config makes, and then over these. */
export const rmsNormBackward = kernel(function rmsNormBackward(
  dout: Tensor,
  x: Tensor,
  weight: Tensor,
  scales: Tensor,
) {
  const [m, n] = x.shape
  const dx = hl.emptyLike(x)
  const dweight = hl.emptyLike(weight)
  const block = hl.registerBlockSize(m)
  const weights = hl.empty([hl.cdiv(m, block), n])
  for (const rows of hl.tile(m, { blockSize: block })) {
    const blockWeights = hl.zeros([n])
    for (const row of hl.tile(rows.begin, rows.end)) {
      const scale = scales.at(row, null)
      const normal = x.at(row, ':').mul(scale)
      const dnormal = dout.at(row, ':').mul(weight.at(':'))
      const along = dnormal.mul(normal).mean(-1, { keepdim: true })
      dx.at(row, ':').set(dnormal.sub(normal.mul(along)).mul(scale))
      blockWeights.addAssign(dout.at(row, ':').mul(normal).sum(0))
    }
    weights.at(rows.id, ':').set(blockWeights)
  }
  for (const column of hl.tile(n)) dweight.at(column).set(weights.at(':', column).sum(0))
  return { dx, dweight }
})

const EPS = 1e-5
const scaleOf = (row: Vector): number => 1 / Math.sqrt(mean(row.map((value) => value ** 2)) + EPS)

function forward(x: Matrix, weight: Vector): unknown {
  const out = x.map((row) => row.map((value, j) => value * scaleOf(row) * weight[j]))
  return { out, scales: x.map(scaleOf) }
}

function backward(dout: Matrix, x: Matrix, weight: Vector): unknown {
  const normal = x.map((row) => row.map((value) => value * scaleOf(row)))
  const dx = dout.map((gradients, i) => {
    const d = gradients.map((gradient, j) => gradient * weight[j])
    const along = mean(d.map((value, j) => value * normal[i][j]))
    return d.map((value, j) => (value - normal[i][j] * along) * scaleOf(x[i]))
  })
  return {
    dx,
    dweight: transpose(dout.map((row, i) => row.map((value, j) => value * normal[i][j]))).map(sum),
  }
}

export const examples: readonly Example[] = [
  {
    kernel: rmsNorm,
    args: (m, n) => [randn([m, n]), randn([n]), EPS],
    reference: forward,
    sizes: [[3, 21]],
    bench: [4096, 2560],
  },
  {
    kernel: rmsNormBackward,
    args: (m, n) => {
      const [x, weight] = [randn([m, n]), randn([n])]
      return [randn([m, n]), x, weight, rmsNorm(x, weight, EPS).scales]
    },
    reference: backward,
    sizes: [[3, 21]],
    bench: [4096, 2560],
  },
]

await runIfMain(import.meta.url, examples)
