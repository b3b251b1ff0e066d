/** Rotary position embedding of `x[heads, positions, width]`. */
import { aotKernel, randn } from 'helion-aot'
import { rope as example } from '../../examples/rope.ts'
import { functionOf, runIfMain, type Sizes, type Sweep } from '../sweep.ts'

export const rope = aotKernel({ source: import.meta.url, name: 'rope' }, functionOf(example))

/** Heads, positions, and half the width of a head. */
const calls = (heads: number, half: number, ...positions: number[]): Sizes[] =>
  positions.map((count) => [heads, count, half])

export const SWEEP: Sweep = {
  kernel: rope,
  models: [
    { model: 'Llama 3.1 8B queries', dtypes: ['f16', 'f32'], sizes: calls(32, 64, 1, 128, 2048) },
    { model: 'Llama 3.1 8B keys', dtypes: ['f16', 'f32'], sizes: calls(8, 64, 1, 512, 4096) },
    { model: 'Qwen2.5 0.5B queries', dtypes: ['f16', 'f32'], sizes: calls(14, 32, 1, 1024) },
    { model: 'Qwen2.5 7B queries', dtypes: ['f16'], sizes: calls(28, 64, 16, 1024) },
    { model: 'Phi-3 mini', dtypes: ['f16'], sizes: calls(32, 48, 1, 1024) },
    { model: 'Gemma 2 2B', dtypes: ['f16', 'f32'], sizes: calls(8, 128, 1, 2048) },
  ],
  softwareSizes: [
    [8, 64, 32],
    [4, 100, 48],
    [32, 1, 64],
    [14, 37, 32],
  ],
  makeArgs: ([heads = 0, n = 0, half = 0], dtype) => [
    randn([heads, n, 2 * half], { dtype }),
    randn([n, half], { dtype }),
    randn([n, half], { dtype }),
  ],
  reference: ([, n = 1, half = 1], [x = [], cosine = [], sine = []], positions) =>
    positions.map((i) => {
      const [row, j] = [Math.floor(i / (2 * half)), i % half]
      const angle = (row % n) * half + j
      const [left, right] = [x[row * 2 * half + j] ?? 0, x[row * 2 * half + half + j] ?? 0]
      const [c, s] = [cosine[angle] ?? 0, sine[angle] ?? 0]
      return i % (2 * half) < half ? left * c - right * s : right * c + left * s
    }),
  tolerance: 1e-5,
  work: ([heads = 0, n = 0, half = 0]) => ({ elements: 4 * heads * n * half }),
}

await runIfMain(import.meta.url, SWEEP)
