/** A linear layer `x[m, k] · w[n, k]ᵀ + bias`, accumulated in f32. */
import { aotKernel, randn, type TileValue } from 'helion-aot'
import { linear as example } from '../../examples/matmul.ts'
import { functionOf, runIfMain, type Sweep } from '../sweep.ts'

export const linear = aotKernel({ source: import.meta.url, name: 'linear' }, functionOf(example))

/** The activation of a layer without one. */
const same = (value: TileValue): TileValue => value

export const SWEEP: Sweep = {
  kernel: linear,
  /** m, k, n. */
  models: [
    {
      model: 'Llama 3.1 8B',
      dtypes: ['f16', 'f32'],
      sizes: [
        [1, 4096, 4096],
        [1, 4096, 28_672],
        [1, 14_336, 4096],
        [16, 4096, 6144],
        [512, 4096, 4096],
      ],
    },
    {
      model: 'Llama 3.1 8B',
      dtypes: ['f16'],
      sizes: [
        [128, 4096, 14_336],
        [2048, 4096, 4096],
      ],
    },
    {
      model: 'Qwen2.5 0.5B',
      dtypes: ['f16', 'f32'],
      sizes: [
        [1, 896, 4864],
        [64, 4864, 896],
      ],
    },
    { model: 'Qwen2.5 7B', dtypes: ['f16'], sizes: [[8, 3584, 18_944]] },
    {
      model: 'Phi-3 mini',
      dtypes: ['f16'],
      sizes: [
        [4, 3072, 8192],
        [256, 8192, 3072],
      ],
    },
    {
      model: 'Gemma 2 2B',
      dtypes: ['f16'],
      sizes: [
        [32, 2304, 9216],
        [1024, 9216, 2304],
      ],
    },
    {
      model: 'BERT base',
      dtypes: ['f32'],
      sizes: [
        [512, 768, 768],
        [512, 768, 3072],
        [512, 3072, 768],
      ],
    },
    { model: 'ViT-L/16', dtypes: ['f16', 'f32'], sizes: [[197, 1024, 4096]] },
    { model: 'Whisper large v3', dtypes: ['f16', 'f32'], sizes: [[1500, 1280, 5120]] },
    { model: 'SDXL', dtypes: ['f16'], sizes: [[1024, 1280, 10_240]] },
  ],
  softwareSizes: [
    [1, 512, 512],
    [16, 256, 256],
    [64, 64, 64],
    [128, 128, 128],
    [37, 111, 73],
    [64, 512, 128],
  ],
  makeArgs: ([m = 0, k = 0, n = 0], dtype) => [
    randn([m, k], { dtype }),
    randn([n, k], { dtype }),
    randn([n], { dtype }),
    same,
  ],
  reference: ([, k = 0, n = 1], [x = [], w = [], bias = []], positions) =>
    positions.map((i) => {
      const [row, column] = [Math.floor(i / n), i % n]
      let sum = bias[column] ?? 0
      for (let l = 0; l < k; l++) sum += (x[row * k + l] ?? 0) * (w[column * k + l] ?? 0)
      return sum
    }),
  tolerance: 1e-4,
  work: ([m = 0, k = 0, n = 0]) => ({ flops: 2 * m * k * n }),
}

await runIfMain(import.meta.url, SWEEP)
