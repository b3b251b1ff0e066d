/** Normalisation of the rows of a matrix by their root mean square, with a weight. */
import { aotKernel, randn } from 'helion-aot'
import { rmsNorm } from '../../examples/rms_norm.ts'
import { functionOf, runIfMain, type Sizes, type Sweep } from '../sweep.ts'

export const rms_norm = aotKernel({ source: import.meta.url, name: 'rms_norm' }, functionOf(rmsNorm))

const EPS = 1e-5
const rows = (width: number, ...tokens: number[]): Sizes[] => tokens.map((count) => [count, width])

export const SWEEP: Sweep = {
  kernel: rms_norm,
  models: [
    { model: 'Llama 3.1 8B', dtypes: ['f16', 'f32'], sizes: rows(4096, 1, 16, 512, 4096) },
    { model: 'Llama 3.1 70B', dtypes: ['f16', 'f32'], sizes: rows(8192, 1, 2048) },
    { model: 'Qwen2.5 0.5B', dtypes: ['f16', 'f32'], sizes: rows(896, 1, 2048) },
    { model: 'Qwen2.5 7B', dtypes: ['f16'], sizes: rows(3584, 64, 4096) },
    { model: 'Phi-3 mini', dtypes: ['f16'], sizes: rows(3072, 1, 1024) },
    { model: 'Gemma 2 2B', dtypes: ['f16', 'f32'], sizes: rows(2304, 256, 8192) },
    { model: 'Qwen3 heads', dtypes: ['f16'], sizes: rows(128, 32 * 512, 32 * 4096) },
    {
      model: 'rows of 4096',
      dtypes: ['f32'],
      sizes: [
        [4096, 1024],
        [4096, 256],
        [1024, 12_288],
      ],
    },
  ],
  softwareSizes: [
    [512, 64],
    [256, 256],
    [100, 768],
    [64, 2048],
    [16, 4096],
    [333, 777],
  ],
  makeArgs: ([m = 0, n = 0], dtype) => [randn([m, n], { dtype }), randn([n], { dtype }), EPS],
  reference: ([, n = 1], [x = [], weight = []], positions) =>
    positions.map((i) => {
      const row = Math.floor(i / n) * n
      let squares = 0
      for (let j = 0; j < n; j++) squares += (x[row + j] ?? 0) ** 2
      return ((x[i] ?? 0) / Math.sqrt(squares / n + EPS)) * (weight[i % n] ?? 0)
    }),
  tolerance: 1e-5,
  work: ([m = 0, n = 0]) => ({ elements: 2 * m * n }),
}

await runIfMain(import.meta.url, SWEEP)
