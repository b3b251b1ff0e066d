/**
 * Attention of one new position to all before it, as a language model writes its answer: `q[heads, group,
 * width]` holds the queries that share a head of keys, `k` and `v` are `[heads, positions, width]`. Sharing
 * makes rows of them, so that keys and values are read once for a group. With few heads the config shares out
 * the positions, too (`split_sums`).
 */
import { hl, kernel, randn, type Tensor } from 'helion-aot'
import { type Example, runIfMain } from './shared/example.ts'
import { dot, type Matrix, product, softmaxOf } from './shared/plain.ts'

export const decodeAttention = kernel(function decodeAttention(
  q: Tensor,
  k: Tensor,
  v: Tensor,
  scale: number,
) {
  const [heads, group, width] = q.shape
  const out = hl.emptyLike(q)
  for (const [h, tq] of hl.tile([heads, group], { blockSize: [1, null] })) {
    const queries = q.at(h, tq, ':')
    const top = hl.full([h, tq], -Infinity)
    const total = hl.zeros([h, tq])
    const acc = hl.zeros([h, tq, width])
    for (const tk of hl.tile(k.shape[1])) {
      const scores = queries.dot(k.at(h, tk, ':').transpose()).mul(scale)
      const next = hl.maximum(top, scores.amax(-1))
      const weights = scores.sub(next.unsqueeze(-1)).exp()
      const rescale = top.sub(next).exp()
      total.assign(total.mul(rescale).add(weights.sum(-1)))
      acc.mulAssign(rescale.unsqueeze(-1))
      acc.addDot(weights.to(v.dtype), v.at(h, tk, ':'))
      top.assign(next)
    }
    out.at(h, tq, ':').set(acc.div(total.unsqueeze(-1)))
  }
  return out
})

export const examples: readonly Example[] = [
  {
    kernel: decodeAttention,
    args: (heads, group, n, width) => [
      randn([heads, group, width]),
      randn([heads, n, width]),
      randn([heads, n, width]),
      width ** -0.5,
    ],
    reference: (q: readonly Matrix[], k: readonly Matrix[], v: readonly Matrix[], scale: number) =>
      q.map((queries, h) => {
        const weights = queries.map((query) => softmaxOf(k[h].map((key) => dot(query, key) * scale)))
        return product(weights, v[h])
      }),
    sizes: [[2, 3, 7, 5]],
    bench: [8, 4, 8192, 128],
  },
]

await runIfMain(import.meta.url, examples)
