/** `gelu(a) * b` with the usual approximation by tanh. */
import { hl, kernel, randn, type Tensor } from 'helion-aot'
import { type Example, runIfMain } from './shared/example.ts'
import type { Matrix } from './shared/plain.ts'

export const geglu = kernel(function geglu(a: Tensor, b: Tensor) {
  const out = hl.emptyLike(a)
  for (const [i, j] of hl.tile([...a.shape])) out.at(i, j).set(a.at(i, j).geluTanh().mul(b.at(i, j)))
  return out
})

const gelu = (x: number): number =>
  0.5 * x * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x ** 3)))

export const examples: readonly Example[] = [
  {
    kernel: geglu,
    args: (m, n) => [randn([m, n]), randn([m, n])],
    reference: (a: Matrix, b: Matrix) => a.map((row, i) => row.map((value, j) => gelu(value) * b[i][j])),
    sizes: [[3, 21]],
    bench: [4096, 4096],
  },
]

await runIfMain(import.meta.url, examples)
