/** Matrix product `x[m, k] · y[k, n]`, accumulated in f32. */
import { aotKernel, hl, randn, type Tensor } from 'helion-aot'
import { runIfMain, type Sweep } from '../sweep.ts'

export const matmul = aotKernel({ source: import.meta.url }, function matmul(x: Tensor, y: Tensor) {
  const [m, k] = x.shape
  const [k2, n] = y.shape
  hl.requireEqual(k, k2)
  const out = hl.empty([m, n], x.dtype)
  for (const [tm, tn] of hl.tile([m, n])) {
    const acc = hl.zeros([tm, tn])
    for (const tk of hl.tile(k)) acc.addDot(x.at(tm, tk), y.at(tk, tn))
    out.at(tm, tn).set(acc)
  }
  return out
})

const cubes = [128, 256, 384, 512, 768, 1024, 1536, 2048, 3072, 4096].map((n) => [n, n, n])

export const SWEEP: Sweep = {
  kernel: matmul,
  /** m, k, n. */
  shapes: [
    ...cubes,
    [1, 4096, 4096],
    [1, 4096, 11008],
    [4, 4096, 4096],
    [8, 1024, 1024],
    [16, 4096, 4096],
    [16, 11008, 4096],
    [32, 4096, 4096],
    [32, 768, 768],
    [64, 4096, 4096],
    [128, 768, 3072],
    [256, 4096, 4096],
    [512, 768, 2304],
    [640, 640, 640],
    [1280, 1280, 1280],
    [2560, 2560, 2560],
    [100, 200, 300],
    [1500, 500, 2000],
    [128, 4096, 4096],
    [512, 4096, 1024],
    [1024, 768, 3072],
    [4096, 128, 4096],
    [4096, 4096, 128],
    [8192, 64, 64],
    [333, 777, 555],
    [1000, 1000, 1000],
    [2049, 513, 1025],
  ],
  softwareShapes: [
    [64, 64, 64],
    [128, 128, 128],
    [256, 128, 64],
    [16, 512, 512],
    [100, 60, 200],
    [1, 512, 512],
    [192, 192, 192],
    [64, 512, 128],
    [512, 64, 64],
    [37, 111, 73],
  ],
  makeArgs: ([m = 0, k = 0, n = 0]) => [randn([m, k]), randn([k, n])],
  reference: ([, k = 0, n = 1], [x = [], y = []], positions) =>
    positions.map((i) => {
      const [row, column] = [Math.floor(i / n), i % n]
      let sum = 0
      for (let l = 0; l < k; l++) sum += (x[row * k + l] ?? 0) * (y[l * n + column] ?? 0)
      return sum
    }),
  tolerance: 1e-3,
  work: ([m = 0, k = 0, n = 0]) => ({ flops: 2 * m * k * n }),
}

await runIfMain(import.meta.url, SWEEP)
