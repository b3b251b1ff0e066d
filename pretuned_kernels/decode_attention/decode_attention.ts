/** Attention of one new position to all before it, for queries that share heads of keys. */
import { aotKernel, randn } from 'helion-aot'
import { decodeAttention } from '../../examples/decode_attention.ts'
import { attentionAt } from '../attention/reference.ts'
import { functionOf, runIfMain, type Sizes, type Sweep } from '../sweep.ts'

export const decode_attention = aotKernel(
  { source: import.meta.url, name: 'decode_attention' },
  functionOf(decodeAttention),
)

/** Heads of keys (of a whole batch), queries that share one, positions, width of a head. */
const calls = (heads: number, group: number, width: number, ...positions: number[]): Sizes[] =>
  positions.map((count) => [heads, group, count, width])

export const SWEEP: Sweep = {
  kernel: decode_attention,
  models: [
    { model: 'Llama 3.1 8B', dtypes: ['f16', 'f32'], sizes: calls(8, 4, 128, 512, 2048, 8192) },
    { model: 'Llama 3.1 8B, 8 at once', dtypes: ['f16'], sizes: calls(64, 4, 128, 1024, 4096) },
    { model: 'Qwen2.5 0.5B', dtypes: ['f16', 'f32'], sizes: calls(2, 7, 64, 1024, 8192) },
    { model: 'Qwen2.5 7B', dtypes: ['f16'], sizes: calls(4, 7, 128, 4096, 32_768) },
    { model: 'Phi-3 mini', dtypes: ['f16'], sizes: calls(32, 1, 96, 1024, 4096) },
    { model: 'Gemma 2 2B', dtypes: ['f16'], sizes: calls(4, 2, 256, 2048, 8192) },
    { model: 'Whisper large v3', dtypes: ['f16', 'f32'], sizes: calls(20, 1, 64, 448, 1500) },
    { model: 'Llama 2 7B', dtypes: ['f16', 'f32'], sizes: calls(32, 1, 128, 2048, 8192) },
  ],
  softwareSizes: [
    [2, 4, 128, 32],
    [4, 1, 256, 32],
    [2, 7, 100, 16],
    [1, 4, 512, 64],
  ],
  makeArgs: ([heads = 0, group = 0, n = 0, width = 0], dtype) => [
    randn([heads, group, width], { dtype }),
    randn([heads, n, width], { dtype }),
    randn([heads, n, width], { dtype }),
    width ** -0.5,
  ],
  reference: ([, group = 1, n = 1, width = 1], [q = [], k = [], v = []], positions) =>
    positions.map((i) => {
      const row = Math.floor(i / width)
      return attentionAt({ q, k, v, row, head: Math.floor(row / group), n, seen: n, width }, i % width)
    }),
  tolerance: 1e-4,
  work: ([heads = 0, group = 0, n = 0, width = 0]) => ({
    elements: 2 * heads * n * width + 2 * heads * group * width,
  }),
}

await runIfMain(import.meta.url, SWEEP)
