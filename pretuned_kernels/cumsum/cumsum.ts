/** Sums of the elements so far of each row. */
import { aotKernel, randn } from 'helion-aot'
import { cumsum as example } from '../../examples/cumsum.ts'
import { functionOf, runIfMain, type Sizes, type Sweep } from '../sweep.ts'

export const cumsum = aotKernel({ source: import.meta.url, name: 'cumsum' }, functionOf(example))

const rows = (width: number, ...counts: number[]): Sizes[] => counts.map((count) => [count, width])

export const SWEEP: Sweep = {
  kernel: cumsum,
  models: [
    { model: 'Llama 3.1 8B top-p', dtypes: ['f32'], sizes: rows(128_256, 1, 16, 64) },
    { model: 'Qwen2.5 top-p', dtypes: ['f32'], sizes: rows(151_936, 1, 32) },
    { model: 'Mistral 7B top-p', dtypes: ['f32'], sizes: rows(32_000, 1, 64) },
    { model: 'Gemma 2 top-p', dtypes: ['f32'], sizes: rows(256_000, 8) },
    { model: 'RoBERTa positions', dtypes: ['f32'], sizes: rows(512, 8, 256) },
    { model: 'Mamba 2 decays', dtypes: ['f32'], sizes: rows(256, 640, 10_240) },
    { model: 'Mixtral routing', dtypes: ['f32'], sizes: rows(4096, 8, 64) },
    { model: 'powers of two', dtypes: ['f32'], sizes: rows(4096, 1024, 4096) },
    { model: 'powers of two', dtypes: ['f32'], sizes: rows(1024, 4096, 16_384) },
    { model: 'powers of two', dtypes: ['f32'], sizes: rows(16_384, 1024) },
    { model: 'odd', dtypes: ['f32'], sizes: rows(1000, 1000) },
  ],
  softwareSizes: [
    [256, 256],
    [64, 1024],
    [16, 4096],
    [1, 32_000],
    [333, 777],
  ],
  makeArgs: ([m = 0, n = 0], dtype) => [randn([m, n], { dtype })],
  reference: ([, n = 1], [x = []], positions) =>
    positions.map((i) => {
      let sum = 0
      for (let j = i - (i % n); j <= i; j++) sum += x[j] ?? 0
      return sum
    }),
  tolerance: 1e-4,
  work: ([m = 0, n = 0]) => ({ elements: 2 * m * n }),
}

await runIfMain(import.meta.url, SWEEP)
