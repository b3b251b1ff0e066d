/**
 * The generalised Jensen-Shannon divergence of rows `x` and `y`, which hold logarithms of probabilities, and
 * its gradient for `x`: `beta * KL(y, m) + (1 - beta) * KL(x, m)` with the mixture
 * `m = beta * y + (1 - beta) * x` of the probabilities.
 */
import { hl, kernel, randn, type Tensor } from 'helion-aot'
import { type Example, runIfMain } from './shared/example.ts'
import { type Matrix, sum } from './shared/plain.ts'

export const jsd = kernel(function jsd(x: Tensor, y: Tensor, beta: number) {
  const [m] = x.shape
  const losses = hl.empty([m])
  const dx = hl.emptyLike(x)
  for (const row of hl.tile(m)) {
    const [logQ, logP] = [x.at(row, ':'), y.at(row, ':')]
    const q = logQ.exp().mul(hl.sub(1, beta))
    const p = logP.exp().mul(beta)
    const logM = p.add(q).log()
    const gradient = q.mul(logQ.sub(logM))
    losses.at(row).set(p.mul(logP.sub(logM)).add(gradient).sum(-1))
    dx.at(row, ':').set(gradient)
  }
  return { losses, dx }
})

function reference(x: Matrix, y: Matrix, beta: number): unknown {
  const rows = x.map((row, i) =>
    row.map((logQ, j) => {
      const [q, p] = [Math.exp(logQ), Math.exp(y[i][j])]
      const logM = Math.log(beta * p + (1 - beta) * q)
      const dx = (1 - beta) * q * (logQ - logM)
      return { loss: beta * p * (y[i][j] - logM) + dx, dx }
    }),
  )
  return {
    losses: rows.map((row) => sum(row.map(({ loss }) => loss))),
    dx: rows.map((row) => row.map(({ dx }) => dx)),
  }
}

export const examples: readonly Example[] = [
  {
    kernel: jsd,
    args: (m, n) => [randn([m, n]), randn([m, n]), 0.25],
    reference,
    sizes: [[3, 21]],
    bench: [1024, 16_384],
  },
]

await runIfMain(import.meta.url, examples)
