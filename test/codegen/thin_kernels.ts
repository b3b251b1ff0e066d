/** Kernels with products of few rows, some with quantised weights, for tests on every backend. */
import { hl, type Tensor } from '../../src/language/index.ts'

export function product(x: Tensor, w: Tensor): Tensor {
  const out = hl.empty([x.shape[0], w.shape[1]], x.dtype)
  for (const [tm, tn] of hl.tile([x.shape[0], w.shape[1]])) {
    const acc = hl.zeros([tm, tn], x.dtype === 'f16' ? 'f32' : x.dtype)
    for (const tk of hl.tile(x.shape[1])) acc.addDot(x.at(tm, tk), w.at(tk, tn))
    out.at(tm, tn).set(acc.to(out.dtype))
  }
  return out
}

/** With weights `[n, k]`, sums that begin with the bias, and a function of them. */
export function linear(x: Tensor, w: Tensor, bias: Tensor): Tensor {
  const out = hl.empty([x.shape[0], w.shape[0]])
  for (const [tm, tn] of hl.tile([x.shape[0], w.shape[0]])) {
    const acc = hl.full([tm, tn], 2)
    acc.addAssign(bias.at(tn))
    for (const tk of hl.tile(x.shape[1])) acc.addDot(x.at(tm, tk), w.at(tn, tk).transpose())
    out.at(tm, tn).set(hl.maximum(acc, 0))
  }
  return out
}

/** Sums that are read in every round, and the sums of two products of one left operand. */
export function running(x: Tensor, y: Tensor, z: Tensor): Tensor {
  const out = hl.empty([x.shape[0], y.shape[1]])
  for (const [tm, tn] of hl.tile([x.shape[0], y.shape[1]])) {
    const most = hl.zeros([tm, tn])
    const acc = hl.zeros([tm, tn])
    for (const tk of hl.tile(x.shape[1])) {
      const left = x.at(tm, tk)
      acc.addDot(left, z.at(tk, tn))
      most.addAssign(left.dot(y.at(tk, tn)).mul(2))
    }
    out.at(tm, tn).set(acc.add(most))
  }
  return out
}

/** Weights with a scale for each group of four rows. */
export function grouped(x: Tensor, w: Tensor, scale: Tensor): Tensor {
  const out = hl.empty([x.shape[0], w.shape[1]])
  for (const [tm, tn] of hl.tile([x.shape[0], w.shape[1]])) {
    const acc = hl.zeros([tm, tn])
    for (const tk of hl.tile(x.shape[1])) {
      const scales = scale.at(tk.index.floorDiv(4), tn)
      acc.addDot(x.at(tm, tk), w.at(tk, tn).to(x.dtype).mul(scales))
    }
    out.at(tm, tn).set(acc)
  }
  return out
}

/** Transposed weights with a scale and a zero point for each group of eight columns. */
export function withZeros(x: Tensor, w: Tensor, scale: Tensor, zero: Tensor): Tensor {
  const out = hl.empty([x.shape[0], w.shape[0]])
  for (const [tm, tn] of hl.tile([x.shape[0], w.shape[0]])) {
    const acc = hl.zeros([tm, tn])
    for (const tk of hl.tile(x.shape[1])) {
      const group = tk.index.floorDiv(8)
      const centred = w.at(tn, tk).to('f32').sub(zero.at(tn, group).to('f32'))
      acc.addDot(x.at(tm, tk), centred.mul(scale.at(tn, group)).transpose())
    }
    out.at(tm, tn).set(acc)
  }
  return out
}
