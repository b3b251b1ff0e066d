/** Softmax over the rows of a matrix, without overflow. */
import { aotKernel, hl, randn, type Tensor } from 'helion-aot'
import { runIfMain, type Sweep } from '../sweep.ts'

export const softmax = aotKernel({ source: import.meta.url }, function softmax(x: Tensor) {
  const out = hl.emptyLike(x)
  for (const row of hl.tile(x.shape[0])) {
    const v = x.at(row, ':').to('f32')
    const e = v.sub(v.amax(-1, { keepdim: true })).exp()
    out.at(row, ':').set(e.div(e.sum(-1, { keepdim: true })))
  }
  return out
})

const widths = [
  128, 256, 384, 512, 640, 768, 1024, 1280, 1536, 2048, 2560, 3072, 4096, 5120, 6144, 8192, 10240, 12288,
]

export const SWEEP: Sweep = {
  kernel: softmax,
  shapes: [
    ...widths.map((n) => [4096, n]),
    [4096, 16384],
    [2048, 32768],
    [1024, 32000],
    [16, 4096],
    [2048, 20480],
    [1024, 24576],
    [64, 50257],
    [512, 50257],
    [256, 65536],
    [256, 128256],
    [16, 151936],
    [32, 32768],
    [256, 8192],
    [1024, 512],
    [1000, 1000],
    [32768, 64],
    [131072, 32],
  ],
  softwareShapes: [
    [512, 64],
    [256, 256],
    [100, 1000],
    [64, 2048],
    [16, 8192],
    [2048, 32],
    [1000, 100],
    [333, 777],
    [32, 4096],
    [4, 16384],
  ],
  makeArgs: ([m = 0, n = 0]) => [randn([m, n])],
  reference: ([, n = 1], [x = []], positions) =>
    positions.map((i) => {
      const row = Math.floor(i / n) * n
      const values = Array.from({ length: n }, (_, j) => x[row + j] ?? 0)
      const top = values.reduce((a, b) => Math.max(a, b))
      const total = values.reduce((sum, v) => sum + Math.exp(v - top), 0)
      return Math.exp((x[i] ?? 0) - top) / total
    }),
  tolerance: 1e-5,
  work: ([m = 0, n = 0]) => ({ bytes: 8 * m * n }),
}

await runIfMain(import.meta.url, SWEEP)
