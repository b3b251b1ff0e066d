/**
 * A layer of experts. `order` lists the tokens by expert, those of expert e from `offsets[e]` on. Each
 * expert gathers its tokens, multiplies them by its weights, and writes the results to their places.
 */
import { hl, kernel, randn, type Tensor, tensor } from 'helion-aot'
import { type Example, randomOffsets, runIfMain } from './shared/example.ts'
import { type Matrix, product, type Vector } from './shared/plain.ts'

export const moe = kernel(function moe(x: Tensor, w: Tensor, order: Tensor, offsets: Tensor) {
  const [tokens, k] = x.shape
  const [experts, k2, n] = w.shape
  hl.requireEqual(k, k2)
  const out = hl.empty([tokens, n], x.dtype)
  for (const e of hl.grid(experts)) {
    for (const [t, tn] of hl.tile([offsets.at(e), 0], [offsets.at(e.add(1)), n])) {
      const token = order.at(t)
      const acc = hl.zeros([t, tn])
      for (const tk of hl.tile(k)) acc.addDot(x.at(token, tk), w.at(e, tk, tn))
      out.at(token, tn).set(acc)
    }
  }
  return out
})

export const examples: readonly Example[] = [
  {
    kernel: moe,
    args: (experts, longest, k, n) => {
      const offsets = randomOffsets(experts, longest)
      const tokens = offsets[experts]
      const order = Array.from({ length: tokens }, (_, i) => tokens - 1 - i)
      return [
        randn([tokens, k]),
        randn([experts, k, n]),
        tensor(order, { dtype: 'i32' }),
        tensor(offsets, { dtype: 'i32' }),
      ]
    },
    reference: (x: Matrix, w: readonly Matrix[], order: Vector, offsets: Vector) => {
      const out: Vector[] = []
      w.forEach((weights, e) => {
        const chosen = order.slice(offsets[e], offsets[e + 1])
        const rows = chosen.map((token) => x[token])
        product(rows, weights).forEach((row, i) => {
          out[chosen[i]] = row
        })
      })
      return out
    },
    sizes: [[3, 5, 11, 6]],
    bench: [8, 256, 512, 512],
  },
]

await runIfMain(import.meta.url, examples)
