/** Kernels with products of batches of matrices, for tests on every backend. */
import { hl, type Tensor } from '../../src/language/index.ts'

/** Every dimension in tiles. */
export function bmm(x: Tensor, y: Tensor): Tensor {
  const [b, m, k] = x.shape
  const n = y.shape[2]
  const out = hl.empty([b, m, n], x.dtype)
  for (const [tb, tm, tn] of hl.tile([b, m, n])) {
    const acc = hl.zeros([tb, tm, tn], x.dtype === 'f16' ? 'f32' : x.dtype)
    for (const tk of hl.tile(k)) acc.addDot(x.at(tb, tm, tk), y.at(tb, tk, tn))
    out.at(tb, tm, tn).set(acc)
  }
  return out
}

/** The matrices of a program are a whole dimension, and those of the right side are read transposed. */
export function wholeBatch(x: Tensor, y: Tensor): Tensor {
  const [b, m] = x.shape
  const n = y.shape[1]
  const out = hl.empty([b, m, n])
  for (const tm of hl.tile(m))
    out.at(':', tm, ':').set(x.at(':', tm, ':').dot(y.at(':', ':', ':').transpose()))
  return out
}

/** One matrix for all on the right, and biases for all rows. */
export function sharedWeights(x: Tensor, w: Tensor, bias: Tensor): Tensor {
  const [b, m, k] = x.shape
  const n = w.shape[1]
  const out = hl.empty([b, m, n])
  for (const [tb, tm, tn] of hl.tile([b, m, n])) {
    const acc = bias
      .at(null, null, tn)
      .add(hl.zeros([tb, tm, tn]))
      .clone()
    for (const tk of hl.tile(k)) acc.assign(hl.baddbmm(acc, x.at(tb, tm, tk), w.at(tk, tn)))
    out.at(tb, tm, tn).set(acc)
  }
  return out
}

/** Two leading axes, each of which one operand lacks: products of all pairs. */
export function allPairs(x: Tensor, y: Tensor): Tensor {
  const [a, m] = x.shape
  const [b, , n] = y.shape
  const out = hl.empty([a, b, m, n])
  for (const [ta, tb] of hl.tile([a, b]))
    out.at(ta, tb, ':', ':').set(x.at(ta, null, ':', ':').dot(y.at(null, tb, ':', ':')))
  return out
}

/** The rows of one product are the batch of the other. */
export function exchanged(x: Tensor, y: Tensor): Tensor {
  const [b, m] = x.shape
  const n = y.shape[1]
  const out = hl.empty([b, m, n])
  for (const tm of hl.tile(m)) {
    const first = x.at(':', tm, ':').dot(y.at(':', ':'))
    const second = x.at(':', tm, ':').permute(1, 0, 2).dot(y.at(':', ':'))
    out.at(':', tm, ':').set(first.add(second.permute(1, 0, 2)))
  }
  return out
}

/** Attention of several heads in one program. */
export function attentionOfHeads(q: Tensor, k: Tensor, v: Tensor): Tensor {
  const [h, m, d] = q.shape
  const n = k.shape[1]
  const out = hl.emptyLike(q)
  for (const [th, tm] of hl.tile([h, m])) {
    const total = hl.zeros([th, tm])
    const acc = hl.zeros([th, tm, d])
    for (const tn of hl.tile(n)) {
      const scores = q
        .at(th, tm, ':')
        .dot(k.at(th, tn, ':').transpose())
        .mul(0.125)
        .exp()
      total.addAssign(scores.sum(-1))
      acc.addDot(scores, v.at(th, tn, ':'))
    }
    out.at(th, tm, ':').set(acc.div(total.unsqueeze(-1)))
  }
  return out
}
