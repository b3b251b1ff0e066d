/** Kernels of half floats, whose products matrix units can compute. */
import { hl, type Tensor } from '../../src/index.ts'

/** A product whose sums are f16, as the author asks. */
export function halfSums(x: Tensor, y: Tensor): Tensor {
  const [m, k] = x.shape
  const n = y.shape[1]
  const out = hl.empty([m, n], x.dtype)
  for (const [tm, tn] of hl.tile([m, n])) {
    const acc = hl.zeros([tm, tn], 'f16')
    for (const tk of hl.tile(k)) acc.addDot(x.at(tm, tk), y.at(tk, tn))
    out.at(tm, tn).set(acc)
  }
  return out
}

/** Attention over [heads, rows, d]: one head in a program, both products of f16. */
export function headAttention(q: Tensor, k: Tensor, v: Tensor): Tensor {
  return attentionOf(q, k, v, false)
}

/** The same, each row of the keys up to its own position. */
export function causalAttention(q: Tensor, k: Tensor, v: Tensor): Tensor {
  return attentionOf(q, k, v, true)
}

function attentionOf(q: Tensor, k: Tensor, v: Tensor, causal: boolean): Tensor {
  const [h, m, d] = q.shape
  const n = k.shape[1]
  const out = hl.emptyLike(q)
  const scale = Math.LOG2E / Math.sqrt(Number(hl.specialize(d)))
  for (const [th, tm] of hl.tile([h, m], { blockSize: [1, null] })) {
    const top = hl.full([th, tm], Number.NEGATIVE_INFINITY)
    const total = hl.zeros([th, tm])
    const acc = hl.zeros([th, tm, d])
    const query = q.at(th, tm, ':')
    for (const tn of hl.tile(causal ? tm.end : n)) {
      const all = query.dot(k.at(th, tn, ':').transpose()).mul(scale)
      const scores = causal ? hl.where(tn.index.unsqueeze(0).le(tm.index.unsqueeze(1)), all, -1e30) : all
      const next = top.maximum(scores.amax(-1))
      const weights = scores.sub(next.unsqueeze(-1)).exp2()
      const shrink = top.sub(next).exp2()
      total.assign(total.mul(shrink).add(weights.sum(-1)))
      acc.assign(acc.mul(shrink.unsqueeze(-1)))
      acc.addDot(weights.to(v.dtype), v.at(th, tn, ':'))
      top.assign(next)
    }
    out.at(th, tm, ':').set(acc.div(total.unsqueeze(-1)))
  }
  return out
}
