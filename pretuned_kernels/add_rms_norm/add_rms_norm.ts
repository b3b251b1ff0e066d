/** Adds a layer's output to the residual stream, in place, and normalises the sum. */
import { aotKernel, randn } from 'helion-aot'
import { addRmsNorm } from '../../examples/add_rms_norm.ts'
import { functionOf, runIfMain, type Sizes, type Sweep } from '../sweep.ts'

export const add_rms_norm = aotKernel(
  { source: import.meta.url, name: 'add_rms_norm' },
  functionOf(addRmsNorm),
)

const EPS = 1e-5
const rows = (width: number, ...tokens: number[]): Sizes[] => tokens.map((count) => [count, width])

export const SWEEP: Sweep = {
  kernel: add_rms_norm,
  models: [
    { model: 'Llama 3.1 8B', dtypes: ['f16', 'f32'], sizes: rows(4096, 1, 16, 512, 4096) },
    { model: 'Llama 3.1 70B', dtypes: ['f16'], sizes: rows(8192, 1, 64, 2048) },
    { model: 'Qwen2.5 0.5B', dtypes: ['f16', 'f32'], sizes: rows(896, 1, 2048) },
    { model: 'Qwen2.5 7B', dtypes: ['f16', 'f32'], sizes: rows(3584, 64, 2048) },
    { model: 'Phi-3 mini', dtypes: ['f16'], sizes: rows(3072, 1, 1024) },
    { model: 'Gemma 2 2B', dtypes: ['f16', 'f32'], sizes: rows(2304, 256, 8192) },
  ],
  softwareSizes: [
    [512, 64],
    [256, 256],
    [64, 2048],
    [16, 4096],
    [333, 777],
  ],
  makeArgs: ([m = 0, n = 0], dtype) => [
    randn([m, n], { dtype }),
    randn([m, n], { dtype }),
    randn([n], { dtype }),
    EPS,
  ],
  reference: ([, n = 1], [x = [], residual = [], weight = []], positions) =>
    positions.map((i) => {
      const row = Math.floor(i / n) * n
      const sumAt = (j: number): number => (x[j] ?? 0) + (residual[j] ?? 0)
      let squares = 0
      for (let j = row; j < row + n; j++) squares += sumAt(j) ** 2
      return (sumAt(i) / Math.sqrt(squares / n + EPS)) * (weight[i % n] ?? 0)
    }),
  tolerance: 1e-5,
  work: ([m = 0, n = 0]) => ({ elements: 4 * m * n }),
}

await runIfMain(import.meta.url, SWEEP)
