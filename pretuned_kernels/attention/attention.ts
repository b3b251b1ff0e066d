/** Attention of `q`, `k` and `v`, each `[heads, positions, width]`, causal or not. */
import { aotKernel, randn } from 'helion-aot'
import { attention as example } from '../../examples/attention.ts'
import { functionOf, runIfMain, type Sizes, type Sweep } from '../sweep.ts'
import { attentionAt } from './reference.ts'

export const attention = aotKernel({ source: import.meta.url, name: 'attention' }, functionOf(example))

/** 1 for causal. */
const causal = (...sizes: Sizes[]): Sizes[] => sizes.map((one) => [...one, 1])
const full = (...sizes: Sizes[]): Sizes[] => sizes.map((one) => [...one, 0])

export const SWEEP: Sweep = {
  kernel: attention,
  /** Heads (of a whole batch), positions, width, causal. */
  models: [
    {
      model: 'Llama 3.1 8B',
      dtypes: ['f16', 'f32'],
      sizes: causal([32, 128, 128], [32, 512, 128], [32, 2048, 128]),
    },
    { model: 'Llama 3.1 8B', dtypes: ['f16'], sizes: causal([32, 4096, 128]) },
    { model: 'Qwen2.5 0.5B', dtypes: ['f16', 'f32'], sizes: causal([14, 1024, 64]) },
    { model: 'Qwen2.5 7B', dtypes: ['f16'], sizes: causal([28, 1024, 128]) },
    { model: 'Phi-3 mini', dtypes: ['f16'], sizes: causal([32, 1024, 96]) },
    { model: 'Gemma 2 2B', dtypes: ['f16'], sizes: causal([8, 1024, 256]) },
    { model: 'GPT-2', dtypes: ['f16', 'f32'], sizes: causal([12, 1024, 64]) },
    { model: 'Whisper large v3', dtypes: ['f16', 'f32'], sizes: full([20, 1500, 64]) },
    { model: 'BERT base', dtypes: ['f16', 'f32'], sizes: full([12, 512, 64], [96, 128, 64]) },
    { model: 'ViT-B/16', dtypes: ['f16', 'f32'], sizes: full([96, 197, 64]) },
    { model: 'SDXL', dtypes: ['f16'], sizes: full([10, 4096, 64], [20, 1024, 64]) },
    {
      model: '16 heads',
      dtypes: ['f16', 'f32'],
      sizes: [...full([16, 2048, 64]), ...causal([16, 2048, 64])],
    },
  ],
  softwareSizes: [...full([2, 64, 32], [4, 100, 16]), ...causal([2, 128, 32], [4, 64, 64])],
  makeArgs: ([heads = 0, n = 0, width = 0, isCausal], dtype) => [
    ...[1, 2, 3].map(() => randn([heads, n, width], { dtype })),
    width ** -0.5,
    isCausal === 1,
  ],
  reference: ([, n = 1, width = 1, isCausal], [q = [], k = [], v = []], positions) =>
    positions.map((i) => {
      const row = Math.floor(i / width)
      const seen = isCausal ? (row % n) + 1 : n
      return attentionAt({ q, k, v, row, head: Math.floor(row / n), n, seen, width }, i % width)
    }),
  tolerance: 1e-4,
  work: ([heads = 0, n = 0, width = 0, isCausal]) => ({
    flops: (isCausal ? 2 : 4) * heads * n * n * width,
  }),
}

await runIfMain(import.meta.url, SWEEP)
