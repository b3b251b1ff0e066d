/** `silu(left) * right` for the halves of each row: the activation of many feed-forward layers. */
import { hl, kernel, randn, type Tensor } from 'helion-aot'
import { type Example, runIfMain } from './shared/example.ts'
import type { Matrix } from './shared/plain.ts'

export const siluAndMul = kernel(function siluAndMul(x: Tensor) {
  const [m, width] = x.shape
  const half = hl.floorDiv(width, 2)
  const [left, right] = [x.slice(1, 0, half), x.slice(1, half)]
  const out = hl.empty([m, half], x.dtype)
  for (const [i, j] of hl.tile([m, half])) {
    out.at(i, j).set(left.at(i, j).to('f32').silu().mul(right.at(i, j)))
  }
  return out
})

const silu = (value: number): number => value / (1 + Math.exp(-value))

export const examples: readonly Example[] = [
  {
    kernel: siluAndMul,
    args: (m, half) => [randn([m, 2 * half])],
    reference: (x: Matrix) =>
      x.map((row) => {
        const half = row.length / 2
        return row.slice(0, half).map((value, j) => silu(value) * row[half + j])
      }),
    sizes: [[3, 21]],
    bench: [4096, 4096],
  },
]

await runIfMain(import.meta.url, examples)
