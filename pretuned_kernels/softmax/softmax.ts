/** Softmax over the rows of a matrix, without overflow. */
import { aotKernel, randn } from 'helion-aot'
import { softmaxByHand } from '../../examples/softmax.ts'
import { functionOf, runIfMain, type Sweep } from '../sweep.ts'

export const softmax = aotKernel({ source: import.meta.url, name: 'softmax' }, functionOf(softmaxByHand))

export const SWEEP: Sweep = {
  kernel: softmax,
  models: [
    {
      model: 'Llama 3.1 8B scores',
      dtypes: ['f16', 'f32'],
      sizes: [
        [32 * 128, 128],
        [4096, 2048],
        [1024, 8192],
      ],
    },
    {
      model: 'Llama 3.1 8B vocabulary',
      dtypes: ['f32'],
      sizes: [
        [1, 128_256],
        [64, 128_256],
      ],
    },
    { model: 'Qwen2.5 vocabulary', dtypes: ['f16', 'f32'], sizes: [[16, 151_936]] },
    { model: 'Gemma 2 vocabulary', dtypes: ['f32'], sizes: [[8, 256_000]] },
    {
      model: 'GPT-2 vocabulary',
      dtypes: ['f32'],
      sizes: [
        [64, 50_257],
        [512, 50_257],
      ],
    },
    { model: 'Mistral 7B vocabulary', dtypes: ['f16', 'f32'], sizes: [[1024, 32_000]] },
    {
      model: 'BERT base scores',
      dtypes: ['f32'],
      sizes: [
        [12 * 512, 512],
        [12 * 128, 128],
      ],
    },
    {
      model: 'ViT-B/16 scores',
      dtypes: ['f32'],
      sizes: [
        [12 * 197, 197],
        [16 * 12 * 197, 197],
      ],
    },
    { model: 'Whisper large v3 scores', dtypes: ['f16', 'f32'], sizes: [[20 * 1500, 1500]] },
    {
      model: 'SDXL scores',
      dtypes: ['f16'],
      sizes: [
        [10 * 4096, 77],
        [10 * 1024, 4096],
      ],
    },
    { model: 'Mixtral experts', dtypes: ['f32'], sizes: [[4096, 8]] },
    {
      model: 'rows of 4096',
      dtypes: ['f16', 'f32'],
      sizes: [
        [4096, 256],
        [4096, 1024],
        [4096, 4096],
        [16, 4096],
      ],
    },
  ],
  softwareSizes: [
    [512, 64],
    [256, 256],
    [100, 1000],
    [64, 2048],
    [16, 8192],
    [2048, 32],
    [1000, 100],
    [333, 777],
    [32, 4096],
    [4, 16384],
  ],
  makeArgs: ([m = 0, n = 0], dtype) => [randn([m, n], { dtype })],
  reference: ([, n = 1], [x = []], positions) =>
    positions.map((i) => {
      const row = Math.floor(i / n) * n
      const values = Array.from({ length: n }, (_, j) => x[row + j] ?? 0)
      const top = values.reduce((a, b) => Math.max(a, b))
      const total = values.reduce((sum, v) => sum + Math.exp(v - top), 0)
      return Math.exp((x[i] ?? 0) - top) / total
    }),
  tolerance: 1e-4,
  work: ([m = 0, n = 0]) => ({ elements: 2 * m * n }),
}

await runIfMain(import.meta.url, SWEEP)
