/** Softmax of each row: in one word, by hand, and for rows of any length, which are read twice. */
import { hl, kernel, randn, type Tensor } from 'helion-aot'
import { type Example, runIfMain } from './shared/example.ts'
import { type Matrix, softmaxOf } from './shared/plain.ts'

export const softmax = kernel(function softmax(x: Tensor) {
  const out = hl.emptyLike(x)
  for (const row of hl.tile(x.shape[0])) out.at(row, ':').set(x.at(row, ':').softmax(-1))
  return out
})

export const softmaxByHand = kernel(function softmaxByHand(x: Tensor) {
  const out = hl.emptyLike(x)
  for (const row of hl.tile(x.shape[0])) {
    const v = x.at(row, ':').to('f32')
    const e = v.sub(v.amax(-1, { keepdim: true })).exp()
    out.at(row, ':').set(e.div(e.sum(-1, { keepdim: true })))
  }
  return out
})

export const softmaxTwoPass = kernel(function softmaxTwoPass(x: Tensor) {
  const [m, n] = x.shape
  const out = hl.emptyLike(x)
  for (const row of hl.tile(m)) {
    const top = hl.full([row], -Infinity)
    const total = hl.zeros([row])
    for (const t of hl.tile(n)) {
      const values = x.at(row, t)
      const next = hl.maximum(top, values.amax(1))
      total.mulAssign(top.sub(next).exp())
      total.addAssign(values.sub(next.unsqueeze(1)).exp().sum(1))
      top.assign(next)
    }
    for (const t of hl.tile(n)) {
      out.at(row, t).set(x.at(row, t).sub(top.unsqueeze(1)).exp().div(total.unsqueeze(1)))
    }
  }
  return out
})

export const examples: readonly Example[] = [softmax, softmaxByHand, softmaxTwoPass].map((kernel) => ({
  kernel,
  args: (m, n) => [randn([m, n])],
  reference: (x: Matrix) => x.map(softmaxOf),
  sizes: [[3, 21]],
  bench: [4096, 2560],
}))

await runIfMain(import.meta.url, examples)
