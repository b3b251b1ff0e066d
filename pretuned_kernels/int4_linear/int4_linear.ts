/** A linear layer with weights of 4 bits, and a scale and a zero point for each group of them. */
import { aotKernel, hl, kernel, rand, randn } from 'helion-aot'
import { int4Linear } from '../../examples/int4_linear.ts'
import { functionOf, runIfMain, type Sweep } from '../sweep.ts'

export const int4_linear = aotKernel({ source: import.meta.url, name: 'int4_linear' }, functionOf(int4Linear))

/** Numbers from 0 to 15 that look like noise, made on the GPU. */
const codes = kernel({ autotuneEffort: 'none' }, function codes(rows: number, columns: number) {
  const out = hl.empty([hl.specialize(rows), hl.specialize(columns)], 'u4')
  for (const [i, j] of hl.tile(out.shape)) {
    const number = i.index.unsqueeze(1).mul(40_503).add(j.index.mul(30_011)).bitXor(j.index.shr(3))
    out.at(i, j).set(number.shr(5).bitAnd(15))
  }
  return out
})

export const SWEEP: Sweep = {
  kernel: int4_linear,
  /** m, k, n, group. */
  models: [
    {
      model: 'Llama 3.1 8B',
      dtypes: ['f16', 'f32'],
      sizes: [
        [1, 4096, 4096, 32],
        [1, 4096, 28_672, 32],
        [1, 14_336, 4096, 32],
        [16, 4096, 4096, 32],
        [128, 4096, 6144, 32],
      ],
    },
    {
      model: 'Llama 3.1 8B',
      dtypes: ['f16'],
      sizes: [
        [512, 4096, 14_336, 32],
        [2048, 4096, 4096, 32],
      ],
    },
    {
      model: 'Qwen2.5 0.5B',
      dtypes: ['f16', 'f32'],
      sizes: [
        [1, 896, 4864, 64],
        [1, 4864, 896, 64],
      ],
    },
    {
      model: 'Qwen2.5 7B',
      dtypes: ['f16'],
      sizes: [
        [1, 3584, 18_944, 128],
        [8, 3584, 4608, 128],
      ],
    },
    {
      model: 'Phi-3 mini',
      dtypes: ['f16'],
      sizes: [
        [1, 3072, 9216, 32],
        [4, 8192, 3072, 32],
        [256, 3072, 9216, 32],
      ],
    },
    {
      model: 'Gemma 2 2B',
      dtypes: ['f16'],
      sizes: [
        [1, 2304, 9216, 32],
        [64, 9216, 2304, 32],
      ],
    },
  ],
  softwareSizes: [
    [1, 512, 256, 32],
    [4, 256, 256, 32],
    [1, 256, 1024, 64],
    [16, 256, 128, 32],
    [64, 128, 64, 32],
  ],
  makeArgs: ([m = 0, k = 0, n = 0, group = 1], dtype) => [
    randn([m, k], { dtype }),
    codes(n, k),
    rand([n, k / group], { dtype }),
    codes(n, k / group),
    randn([n], { dtype }),
    group,
  ],
  reference: ([, k = 0, n = 1, group = 1], [x = [], w = [], scale = [], zero = [], bias = []], positions) =>
    positions.map((i) => {
      const [row, column] = [Math.floor(i / n), i % n]
      let sum = bias[column] ?? 0
      for (let l = 0; l < k; l++) {
        const g = column * (k / group) + Math.floor(l / group)
        const weight = ((w[column * k + l] ?? 0) - (zero[g] ?? 0)) * (scale[g] ?? 0)
        sum += (x[row * k + l] ?? 0) * weight
      }
      return sum
    }),
  tolerance: 1e-4,
  work: ([m = 0, k = 0, n = 0]) => ({ flops: 2 * m * k * n }),
}

await runIfMain(import.meta.url, SWEEP)
