/** Matrix product `x[m, k] · y[k, n]`, accumulated in f32. */
import { aotKernel, randn } from 'helion-aot'
import { matmul as example } from '../../examples/matmul.ts'
import { functionOf, runIfMain, type Sweep } from '../sweep.ts'

export const matmul = aotKernel({ source: import.meta.url, name: 'matmul' }, functionOf(example))

const cubes = [256, 512, 1024, 2048, 4096].map((n) => [n, n, n])

export const SWEEP: Sweep = {
  kernel: matmul,
  /** m, k, n. */
  models: [
    { model: 'squares', dtypes: ['f16', 'f32'], sizes: cubes },
    {
      model: 'Llama 3.1 8B',
      dtypes: ['f16', 'f32'],
      sizes: [
        [1, 4096, 4096],
        [16, 4096, 4096],
        [1, 14_336, 4096],
        [512, 4096, 6144],
      ],
    },
    {
      model: 'Qwen2.5 7B',
      dtypes: ['f16'],
      sizes: [
        [4, 3584, 18_944],
        [64, 3584, 4608],
      ],
    },
    {
      model: 'Phi-3 mini',
      dtypes: ['f16'],
      sizes: [
        [32, 3072, 8192],
        [1024, 3072, 9216],
      ],
    },
    {
      model: 'GPT-2',
      dtypes: ['f16', 'f32'],
      sizes: [
        [1024, 768, 2304],
        [1024, 3072, 768],
      ],
    },
    {
      model: 'BERT base',
      dtypes: ['f32'],
      sizes: [
        [128, 768, 3072],
        [512, 768, 768],
      ],
    },
    { model: 'Whisper large v3', dtypes: ['f16', 'f32'], sizes: [[1500, 1280, 1280]] },
    {
      model: 'SDXL',
      dtypes: ['f16'],
      sizes: [
        [4096, 640, 640],
        [77, 2048, 1280],
      ],
    },
    { model: 'ViT-B/16', dtypes: ['f32'], sizes: [[197, 768, 3072]] },
    { model: 'odd', dtypes: ['f16', 'f32'], sizes: [[333, 555, 777]] },
  ],
  softwareSizes: [
    [1, 512, 512],
    [16, 512, 512],
    [128, 128, 128],
    [37, 111, 73],
    [1, 1024, 1024],
    [256, 256, 256],
    [4, 256, 1024],
    [64, 64, 64],
    [256, 128, 64],
    [100, 60, 200],
    [64, 512, 128],
    [512, 64, 64],
  ],
  makeArgs: ([m = 0, k = 0, n = 0], dtype) => [randn([m, k], { dtype }), randn([k, n], { dtype })],
  reference: ([, k = 0, n = 1], [x = [], y = []], positions) =>
    positions.map((i) => {
      const [row, column] = [Math.floor(i / n), i % n]
      let sum = 0
      for (let l = 0; l < k; l++) sum += (x[row * k + l] ?? 0) * (y[l * n + column] ?? 0)
      return sum
    }),
  tolerance: 1e-4,
  work: ([m = 0, k = 0, n = 0]) => ({ flops: 2 * m * k * n }),
}

await runIfMain(import.meta.url, SWEEP)
