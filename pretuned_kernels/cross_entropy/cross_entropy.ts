/** The cross entropy of each row of logits with a class. */
import { aotKernel, randn } from 'helion-aot'
import { crossEntropy } from '../../examples/cross_entropy.ts'
import { randomIntegers } from '../../examples/shared/example.ts'
import { functionOf, runIfMain, type Sizes, type Sweep } from '../sweep.ts'

export const cross_entropy = aotKernel(
  { source: import.meta.url, name: 'cross_entropy' },
  functionOf(crossEntropy),
)

const rows = (classes: number, ...tokens: number[]): Sizes[] => tokens.map((count) => [count, classes])

export const SWEEP: Sweep = {
  kernel: cross_entropy,
  models: [
    { model: 'Llama 3.1 8B', dtypes: ['f16', 'f32'], sizes: rows(128_256, 16, 128, 512) },
    { model: 'Qwen2.5', dtypes: ['f16', 'f32'], sizes: rows(151_936, 1, 64) },
    { model: 'Gemma 2', dtypes: ['f16'], sizes: rows(256_000, 8, 256) },
    { model: 'Mistral 7B', dtypes: ['f16', 'f32'], sizes: rows(32_000, 512, 2048) },
    { model: 'Phi-3 mini', dtypes: ['f16'], sizes: rows(32_064, 64, 1024) },
    { model: 'GPT-2', dtypes: ['f16', 'f32'], sizes: rows(50_257, 128, 1024) },
    { model: 'Whisper large v3', dtypes: ['f32'], sizes: rows(51_866, 448) },
    { model: 'BERT base', dtypes: ['f32'], sizes: rows(30_522, 77, 512) },
    { model: 'ImageNet', dtypes: ['f32'], sizes: rows(1000, 64, 4096) },
  ],
  softwareSizes: [
    [64, 1000],
    [16, 4096],
    [4, 32_000],
    [512, 100],
    [37, 777],
  ],
  makeArgs: ([n = 0, classes = 0], dtype) => [
    randn([n, classes], { dtype }),
    randomIntegers([n], 0, classes),
  ],
  reference: ([, classes = 1], [logits = [], labels = []], positions) =>
    positions.map((row) => {
      const values = Array.from({ length: classes }, (_, j) => logits[row * classes + j] ?? 0)
      const top = values.reduce((a, b) => Math.max(a, b))
      const total = values.reduce((sum, value) => sum + Math.exp(value - top), 0)
      return top + Math.log(total) - (values[labels[row] ?? 0] ?? 0)
    }),
  tolerance: 1e-4,
  work: ([n = 0, classes = 0]) => ({ elements: n * classes }),
}

await runIfMain(import.meta.url, SWEEP)
