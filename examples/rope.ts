/** Rotary position embedding of `x[heads, positions, width]`: each head's halves are rotated by an angle. */
import { hl, kernel, randn, type Tensor } from 'helion-aot'
import { type Example, runIfMain } from './shared/example.ts'
import type { Matrix } from './shared/plain.ts'

export const rope = kernel(function rope(x: Tensor, cosine: Tensor, sine: Tensor) {
  const [heads, positions, width] = x.shape
  const half = hl.floorDiv(width, 2)
  const out = hl.emptyLike(x)
  for (const [h, p] of hl.tile([heads, positions])) {
    const [left, right] = [x.slice(2, 0, half).at(h, p, ':'), x.slice(2, half).at(h, p, ':')]
    const [c, s] = [cosine.at(p, ':'), sine.at(p, ':')]
    out
      .slice(2, 0, half)
      .at(h, p, ':')
      .set(left.mul(c).sub(right.mul(s)))
    out
      .slice(2, half)
      .at(h, p, ':')
      .set(right.mul(c).add(left.mul(s)))
  }
  return out
})

export const examples: readonly Example[] = [
  {
    kernel: rope,
    args: (heads, positions, half) => [
      randn([heads, positions, 2 * half]),
      randn([positions, half]),
      randn([positions, half]),
    ],
    reference: (x: readonly Matrix[], cosine: Matrix, sine: Matrix) =>
      x.map((head) =>
        head.map((row, p) => {
          const [left, right] = [row.slice(0, row.length / 2), row.slice(row.length / 2)]
          return [
            ...left.map((value, j) => value * cosine[p][j] - right[j] * sine[p][j]),
            ...right.map((value, j) => value * cosine[p][j] + left[j] * sine[p][j]),
          ]
        }),
      ),
    sizes: [[3, 5, 7]],
    bench: [32, 2048, 64],
  },
]

await runIfMain(import.meta.url, examples)
