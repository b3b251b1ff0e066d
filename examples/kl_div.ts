/** The Kullback-Leibler divergence of each row from its target; `x` holds logarithms of probabilities. */
import { hl, kernel, rand, randn, type Tensor } from 'helion-aot'
import { type Example, runIfMain } from './shared/example.ts'
import { type Matrix, sum } from './shared/plain.ts'

/** With `logTarget` the target holds logarithms, too. Each value of the flag is a kernel of its own. */
export const klDiv = kernel(function klDiv(x: Tensor, target: Tensor, logTarget: boolean, eps: number) {
  const [m, n] = x.shape
  const losses = hl.empty([m])
  for (const row of hl.tile(m)) {
    const acc = hl.zeros([row])
    for (const t of hl.tile(n)) {
      const wanted = target.at(row, t)
      const [p, logP] = logTarget ? [wanted.exp(), wanted] : [wanted, wanted.maximum(eps).log()]
      acc.addAssign(p.mul(logP.sub(x.at(row, t))).sum(1))
    }
    losses.at(row).set(acc)
  }
  return losses
})

function reference(x: Matrix, target: Matrix, logTarget: boolean, eps: number): unknown {
  return x.map((row, i) =>
    sum(
      row.map((value, j) => {
        const wanted = target[i][j]
        const [p, logP] = logTarget ? [Math.exp(wanted), wanted] : [wanted, Math.log(Math.max(wanted, eps))]
        return p * (logP - value)
      }),
    ),
  )
}

export const examples: readonly Example[] = [true, false].map((logTarget) => ({
  kernel: klDiv,
  args: (m, n) => [randn([m, n]), rand([m, n]), logTarget, 1e-10],
  reference,
  sizes: [[3, 21]],
  bench: [1024, 16_384],
}))

await runIfMain(import.meta.url, examples)
