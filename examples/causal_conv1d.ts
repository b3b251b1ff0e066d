/**
 * Convolution along time of `x[batch, channels, time]`, each channel with its own few taps, that sees no
 * later time; with a bias and SiLU, as Mamba has it. Positions before the beginning read as 0.
 */
import { hl, kernel, randn, type Tensor } from 'helion-aot'
import { type Example, runIfMain } from './shared/example.ts'
import type { Matrix, Vector } from './shared/plain.ts'

export const causalConv1d = kernel(function causalConv1d(x: Tensor, w: Tensor, bias: Tensor) {
  const [batch, channels, time] = x.shape
  const taps = hl.specialize(w.shape[1])
  const out = hl.emptyLike(x)
  for (const [b, c, t] of hl.tile([batch, channels, time])) {
    const acc = hl.zeros([b, c, t])
    for (const i of hl.staticRange(taps)) {
      const before = x.at(b, c, t.index.add(i - (taps - 1)))
      acc.addAssign(before.mul(w.at(c, i).unsqueeze(1)))
    }
    out.at(b, c, t).set(acc.add(bias.at(c, null)).silu())
  }
  return out
})

const silu = (value: number): number => value / (1 + Math.exp(-value))

export const examples: readonly Example[] = [
  {
    kernel: causalConv1d,
    args: (batch, channels, time, taps) => [
      randn([batch, channels, time]),
      randn([channels, taps]),
      randn([channels]),
    ],
    reference: (x: readonly Matrix[], w: Matrix, bias: Vector) =>
      x.map((channels) =>
        channels.map((values, c) =>
          values.map((_, t) => {
            const terms = w[c].map((tap, i) => tap * (values[t + i - (w[c].length - 1)] ?? 0))
            return silu(terms.reduce((a, b) => a + b, bias[c]))
          }),
        ),
      ),
    sizes: [[2, 5, 11, 4]],
    bench: [8, 1536, 2048, 4],
  },
]

await runIfMain(import.meta.url, examples)
