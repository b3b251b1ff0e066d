/** Layer normalisation over the rows of a matrix, with weight and bias. */
import { aotKernel, hl, randn, type Tensor } from 'helion-aot'
import { runIfMain, type Sizes, type Sweep } from '../sweep.ts'

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
const rows = (width: number, ...tokens: number[]): Sizes[] => tokens.map((count) => [count, width])

export const SWEEP: Sweep = {
  kernel: layer_norm,
  models: [
    { model: 'BERT base', dtypes: ['f16', 'f32'], sizes: rows(768, 128, 512, 16_384) },
    { model: 'ViT-B/16', dtypes: ['f32'], sizes: rows(768, 197, 64 * 197) },
    { model: 'ViT-L/16', dtypes: ['f16', 'f32'], sizes: rows(1024, 16 * 197) },
    { model: 'Whisper large v3', dtypes: ['f16', 'f32'], sizes: rows(1280, 1, 1500) },
    { model: 'SDXL', dtypes: ['f16'], sizes: rows(640, 8192) },
    { model: 'CLIP text', dtypes: ['f32'], sizes: rows(768, 77) },
    { model: 'GPT-2', dtypes: ['f32'], sizes: rows(768, 1, 1024) },
    { model: 'Phi-2', dtypes: ['f16', 'f32'], sizes: rows(2560, 1, 2048) },
    { model: 'Falcon 7B', dtypes: ['f16'], sizes: rows(4544, 512) },
    { model: 'OPT-66B', dtypes: ['f16', 'f32'], sizes: rows(9216, 512) },
    { model: 'GPT-3', dtypes: ['f32'], sizes: rows(12_288, 64, 2048) },
    {
      model: 'rows of 4096',
      dtypes: ['f16', 'f32'],
      sizes: [
        [4096, 1024],
        [4096, 4096],
        [2048, 8192],
      ],
    },
    { model: 'odd', dtypes: ['f32'], sizes: [[1000, 1000]] },
  ],
  softwareSizes: [
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
  makeArgs: ([m = 0, n = 0], dtype) => [
    randn([m, n], { dtype }),
    randn([n], { dtype }),
    randn([n], { dtype }),
    EPS,
  ],
  reference: ([, n = 1], [x = [], weight = [], bias = []], positions) =>
    positions.map((i) => {
      const row = Math.floor(i / n) * n
      const values = Array.from({ length: n }, (_, j) => x[row + j] ?? 0)
      const mean = values.reduce((a, b) => a + b, 0) / n
      const variance = values.reduce((sum, v) => sum + (v - mean) ** 2, 0) / n
      const normal = ((x[i] ?? 0) - mean) / Math.sqrt(variance + EPS)
      return normal * (weight[i % n] ?? 0) + (bias[i % n] ?? 0)
    }),
  tolerance: 1e-5,
  work: ([m = 0, n = 0]) => ({ elements: 2 * m * n }),
}

await runIfMain(import.meta.url, SWEEP)
