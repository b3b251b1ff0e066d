/** The cross entropy of each row of logits with the class in `labels`. */
import { hl, kernel, randn, type Tensor } from 'helion-aot'
import { type Example, randomIntegers, runIfMain } from './shared/example.ts'
import { logSoftmaxOf, type Matrix, type Vector } from './shared/plain.ts'

export const crossEntropy = kernel(function crossEntropy(logits: Tensor, labels: Tensor) {
  const [n] = logits.shape
  const losses = hl.empty([n])
  for (const t of hl.tile(n)) {
    const wanted = logits.at(t, labels.at(t))
    losses.at(t).set(logits.at(t, ':').to('f32').logsumexp(-1).sub(wanted))
  }
  return losses
})

export const examples: readonly Example[] = [
  {
    kernel: crossEntropy,
    args: (n, classes) => [randn([n, classes]), randomIntegers([n], 0, classes)],
    reference: (logits: Matrix, labels: Vector) => logits.map((row, i) => -logSoftmaxOf(row)[labels[i]]),
    sizes: [[3, 21]],
    bench: [4096, 32_000],
  },
]

await runIfMain(import.meta.url, examples)
