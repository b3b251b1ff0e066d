/** The gate of a feed-forward layer: `silu(left) * right` of the halves of each row. */
import { aotKernel, randn } from 'helion-aot'
import { siluAndMul } from '../../examples/silu_and_mul.ts'
import { functionOf, runIfMain, type Sizes, type Sweep } from '../sweep.ts'

export const silu_and_mul = aotKernel(
  { source: import.meta.url, name: 'silu_and_mul' },
  functionOf(siluAndMul),
)

/** Rows, and elements of a half. */
const rows = (half: number, ...tokens: number[]): Sizes[] => tokens.map((count) => [count, half])

export const SWEEP: Sweep = {
  kernel: silu_and_mul,
  models: [
    { model: 'Llama 3.1 8B', dtypes: ['f16', 'f32'], sizes: rows(14_336, 1, 16, 512, 2048) },
    { model: 'Llama 3.2 1B', dtypes: ['f16'], sizes: rows(8192, 1, 256, 4096) },
    { model: 'Qwen2.5 0.5B', dtypes: ['f16', 'f32'], sizes: rows(4864, 1, 2048) },
    { model: 'Qwen2.5 7B', dtypes: ['f16', 'f32'], sizes: rows(18_944, 4, 512) },
    { model: 'Phi-3 mini', dtypes: ['f16'], sizes: rows(8192, 64, 1024) },
    { model: 'Mixtral 8x7B expert', dtypes: ['f16', 'f32'], sizes: rows(14_336, 128) },
  ],
  softwareSizes: [
    [256, 128],
    [64, 1024],
    [1, 14_336],
    [37, 333],
  ],
  makeArgs: ([m = 0, half = 0], dtype) => [randn([m, 2 * half], { dtype })],
  reference: ([, half = 1], [x = []], positions) =>
    positions.map((i) => {
      const left = Math.floor(i / half) * 2 * half + (i % half)
      const value = x[left] ?? 0
      return (value / (1 + Math.exp(-value))) * (x[left + half] ?? 0)
    }),
  tolerance: 1e-5,
  work: ([m = 0, half = 0]) => ({ elements: 3 * m * half }),
}

await runIfMain(import.meta.url, SWEEP)
