/** Layer normalisation of each row, and its gradients. */
import { hl, kernel, randn, type Tensor } from 'helion-aot'
import { type Example, runIfMain } from './shared/example.ts'
import { type Matrix, mean, sum, transpose, type Vector } from './shared/plain.ts'

export const layerNorm = kernel(function layerNorm(x: Tensor, weight: Tensor, bias: Tensor, eps: number) {
  const [m] = x.shape
  const out = hl.emptyLike(x)
  const means = hl.empty([m])
  const scales = hl.empty([m])
  for (const row of hl.tile(m)) {
    const values = x.at(row, ':').to('f32')
    const center = values.mean(-1, { keepdim: true })
    const scale = values.var(-1, { keepdim: true, correction: 0 }).add(eps).rsqrt()
    out.at(row, ':').set(values.sub(center).mul(scale).mul(weight.at(':')).add(bias.at(':')))
    means.at(row).set(center.squeeze(-1))
    scales.at(row).set(scale.squeeze(-1))
  }
  return { out, means, scales }
})

/**
 * One reading of `x` gives the gradients of its rows, and sums over a block of rows for those of the weights,
 * which a second grid adds up. The config says how many rows a block has.
 */
export const layerNormBackward = kernel(function layerNormBackward(
  dout: Tensor,
  x: Tensor,
  weight: Tensor,
  means: Tensor,
  scales: Tensor,
) {
  const [m, n] = x.shape
  const dx = hl.emptyLike(x)
  const dweight = hl.emptyLike(weight)
  const dbias = hl.emptyLike(weight)
  const block = hl.registerBlockSize(m)
  const blocks = hl.cdiv(m, block)
  const weights = hl.empty([blocks, n])
  const biases = hl.empty([blocks, n])
  for (const rows of hl.tile(m, { blockSize: block })) {
    const blockWeights = hl.zeros([n])
    const blockBiases = hl.zeros([n])
    for (const row of hl.tile(rows.begin, rows.end)) {
      const scale = scales.at(row, null)
      const normal = x.at(row, ':').sub(means.at(row, null)).mul(scale)
      const gradient = dout.at(row, ':')
      const dnormal = gradient.mul(weight.at(':'))
      const center = dnormal.mean(-1, { keepdim: true })
      const along = dnormal.mul(normal).mean(-1, { keepdim: true })
      dx.at(row, ':').set(dnormal.sub(center).sub(normal.mul(along)).mul(scale))
      blockWeights.addAssign(gradient.mul(normal).sum(0))
      blockBiases.addAssign(gradient.sum(0))
    }
    weights.at(rows.id, ':').set(blockWeights)
    biases.at(rows.id, ':').set(blockBiases)
  }
  for (const column of hl.tile(n)) {
    dweight.at(column).set(weights.at(':', column).sum(0))
    dbias.at(column).set(biases.at(':', column).sum(0))
  }
  return { dx, dweight, dbias }
})

const EPS = 1e-5

function moments(row: Vector): { center: number; scale: number } {
  const center = mean(row)
  return { center, scale: 1 / Math.sqrt(mean(row.map((value) => (value - center) ** 2)) + EPS) }
}

function forward(x: Matrix, weight: Vector, bias: Vector): unknown {
  const rows = x.map(moments)
  const out = x.map((row, i) =>
    row.map((value, j) => (value - rows[i].center) * rows[i].scale * weight[j] + bias[j]),
  )
  return { out, means: rows.map(({ center }) => center), scales: rows.map(({ scale }) => scale) }
}

function backward(dout: Matrix, x: Matrix, weight: Vector): unknown {
  const normal = x.map((row) => row.map((value) => (value - moments(row).center) * moments(row).scale))
  const dx = dout.map((gradients, i) => {
    const d = gradients.map((gradient, j) => gradient * weight[j])
    const along = mean(d.map((value, j) => value * normal[i][j]))
    return d.map((value, j) => (value - mean(d) - normal[i][j] * along) * moments(x[i]).scale)
  })
  const dweight = transpose(dout.map((row, i) => row.map((value, j) => value * normal[i][j]))).map(sum)
  return { dx, dweight, dbias: transpose(dout).map(sum) }
}

export const examples: readonly Example[] = [
  {
    kernel: layerNorm,
    args: (m, n) => [randn([m, n]), randn([n]), randn([n]), EPS],
    reference: forward,
    sizes: [[3, 21]],
    bench: [4096, 2560],
  },
  {
    kernel: layerNormBackward,
    args: (m, n) => {
      const [x, weight] = [randn([m, n]), randn([n])]
      const { means, scales } = layerNorm(x, weight, randn([n]), EPS)
      return [randn([m, n]), x, weight, means, scales]
    },
    reference: backward,
    sizes: [[3, 21]],
    bench: [4096, 2560],
  },
]

await runIfMain(import.meta.url, examples)
