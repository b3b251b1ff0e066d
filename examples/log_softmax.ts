/** The logarithm of the softmax of each row. */
import { hl, kernel, randn, type Tensor } from 'helion-aot'
import { type Example, runIfMain } from './shared/example.ts'
import { logSoftmaxOf, type Matrix } from './shared/plain.ts'

export const logSoftmax = kernel(function logSoftmax(x: Tensor) {
  const out = hl.emptyLike(x)
  for (const row of hl.tile(x.shape[0])) out.at(row, ':').set(x.at(row, ':').logSoftmax(-1))
  return out
})

export const examples: readonly Example[] = [
  {
    kernel: logSoftmax,
    args: (m, n) => [randn([m, n])],
    reference: (x: Matrix) => x.map(logSoftmaxOf),
    sizes: [[3, 21]],
    bench: [4096, 2560],
  },
]

await runIfMain(import.meta.url, examples)
