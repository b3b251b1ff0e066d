/**
 * The selective scan of Mamba. Each channel has a state of a few numbers that decays and takes up input at a
 * rate `delta` of its own: `state = exp(delta * a) * state + delta * b * x`, `y = c · state + skip * x`.
 */
import { hl, kernel, rand, randn, type Tensor } from 'helion-aot'
import { type Example, runIfMain } from './shared/example.ts'
import { dot, type Matrix, type Vector } from './shared/plain.ts'

/**
 * `x` and `delta` are `[batch, channels, time]`, `a` `[channels, states]`, `b` and `c` `[batch, states,
 * time]`.
 */
export const mambaScan = kernel(function mambaScan(
  x: Tensor,
  delta: Tensor,
  a: Tensor,
  b: Tensor,
  c: Tensor,
  skip: Tensor,
) {
  const [batch, channels, time] = x.shape
  const states = a.shape[1]
  const out = hl.emptyLike(x)
  for (const [n, ch] of hl.tile([batch, channels])) {
    const state = hl.zeros([n, ch, states])
    const [rates, skips] = [a.at(ch, ':'), skip.at(ch)]
    for (const t of hl.grid(time)) {
      const input = x.at(n, ch, t)
      const step = delta.at(n, ch, t)
      const taken = step
        .mul(input)
        .unsqueeze(-1)
        .mul(b.at(n, null, ':', t))
      state.assign(step.unsqueeze(-1).mul(rates).exp().mul(state).add(taken))
      out.at(n, ch, t).set(
        state
          .mul(c.at(n, null, ':', t))
          .sum(-1)
          .add(skips.mul(input)),
      )
    }
  }
  return out
})

type Batch = readonly Matrix[]

function reference(x: Batch, delta: Batch, a: Matrix, b: Batch, c: Batch, skip: Vector): unknown {
  return x.map((channels, n) =>
    channels.map((inputs, ch) => {
      let state = a[ch].map(() => 0)
      return inputs.map((input, t) => {
        const step = delta[n][ch][t]
        state = state.map((value, s) => Math.exp(step * a[ch][s]) * value + step * b[n][s][t] * input)
        const weights = c[n].map((row) => row[t])
        return dot(weights, state) + skip[ch] * input
      })
    }),
  )
}

export const examples: readonly Example[] = [
  {
    kernel: mambaScan,
    args: (batch, channels, time, states) => [
      randn([batch, channels, time]),
      rand([batch, channels, time]),
      randn([channels, states]),
      randn([batch, states, time]),
      randn([batch, states, time]),
      randn([channels]),
    ],
    reference,
    sizes: [[2, 3, 5, 4]],
    bench: [4, 1536, 512, 16],
  },
]

await runIfMain(import.meta.url, examples)
