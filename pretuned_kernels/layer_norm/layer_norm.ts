/** Layer normalisation over the rows of a matrix, with weight and bias. */
import { aotKernel, hl, randn, type Tensor } from 'helion-aot'
import { runIfMain, type Sweep } from '../sweep.ts'

export const layer_norm = aotKernel(
  { source: import.meta.url },
  function layer_norm(x: Tensor, weight: Tensor, bias: Tensor, eps: number) {
    const out = hl.emptyLike(x)
    for (const row of hl.tile(x.shape[0])) {
      const v = x.at(row, ':').to('f32')
      const centred = v.sub(v.mean(-1, { keepdim: true }))
      const scale = centred.square().mean(-1, { keepdim: true }).add(eps).rsqrt()
      out.at(row, ':').set(centred.mul(scale).mul(weight.at(':')).add(bias.at(':')))
    }
    return out
  },
)

const EPS = 1e-5
const widths = [512, 768, 1024, 1280, 1536, 2048, 2560, 3072, 4096, 5120, 6144, 8192, 10240, 12288, 16384]

export const SWEEP: Sweep = {
  kernel: layer_norm,
  shapes: [
    ...widths.map((n) => [4096, n]),
    [2048, 8192],
    [512, 4096],
    [64, 12288],
    [16384, 768],
    [32768, 256],
    [1000, 1000],
  ],
  softwareShapes: [
    [512, 64],
    [256, 256],
    [100, 768],
    [64, 2048],
    [16, 4096],
    [2048, 32],
    [1000, 100],
    [333, 777],
    [32, 3000],
    [4, 16384],
  ],
  makeArgs: ([m = 0, n = 0]) => [randn([m, n]), randn([n]), randn([n]), EPS],
  reference: ([, n = 1], [x = [], weight = [], bias = []], positions) =>
    positions.map((i) => {
      const row = Math.floor(i / n) * n
      const values = Array.from({ length: n }, (_, j) => x[row + j] ?? 0)
      const mean = values.reduce((a, b) => a + b, 0) / n
      const variance = values.reduce((sum, v) => sum + (v - mean) ** 2, 0) / n
      const normal = ((x[i] ?? 0) - mean) / Math.sqrt(variance + EPS)
      return normal * (weight[i % n] ?? 0) + (bias[i % n] ?? 0)
    }),
  tolerance: 1e-4,
  work: ([m = 0, n = 0]) => ({ bytes: 8 * m * n }),
}

await runIfMain(import.meta.url, SWEEP)
