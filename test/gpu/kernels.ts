/** The kernels that several tests share: one of each kind that the compiler treats in its own way. */
import { hl, type Tensor } from '../../src/language/index.ts'

export function vectorAdd(x: Tensor, y: Tensor): Tensor {
  const out = hl.emptyLike(x)
  for (const t of hl.tile(x.shape[0])) out.at(t).set(x.at(t).add(y.at(t)))
  return out
}

export function softmax(x: Tensor): Tensor {
  const out = hl.emptyLike(x)
  for (const row of hl.tile(x.shape[0])) {
    const v = x.at(row, ':').to('f32')
    const e = v.sub(v.amax(-1, { keepdim: true })).exp()
    out.at(row, ':').set(e.div(e.sum(-1, { keepdim: true })))
  }
  return out
}

export function layerNorm(x: Tensor, weight: Tensor, bias: Tensor, epsilon: number): Tensor {
  const out = hl.emptyLike(x)
  for (const row of hl.tile(x.shape[0])) {
    const v = x.at(row, ':')
    const centred = v.sub(v.mean(-1, { keepdim: true }))
    const variance = centred.square().mean(-1, { keepdim: true })
    const scaled = centred.mul(variance.add(epsilon).rsqrt())
    out.at(row, ':').set(scaled.mul(weight.at(':')).add(bias.at(':')))
  }
  return out
}

export function matmul(x: Tensor, y: Tensor): Tensor {
  const [m, k] = x.shape
  const n = y.shape[1]
  const out = hl.empty([m, n], x.dtype)
  for (const [tm, tn] of hl.tile([m, n])) {
    const acc = hl.zeros([tm, tn], x.dtype === 'i32' ? 'i32' : 'f32')
    for (const tk of hl.tile(k)) acc.addDot(x.at(tm, tk), y.at(tk, tn))
    out.at(tm, tn).set(acc)
  }
  return out
}

/** A product of one operand as it is and one transposed, with an epilogue. */
export function linearRelu(x: Tensor, weight: Tensor, bias: Tensor): Tensor {
  const [m, k] = x.shape
  const n = weight.shape[0]
  const out = hl.empty([m, n], x.dtype)
  for (const [tm, tn] of hl.tile([m, n])) {
    const acc = hl.zeros([tm, tn])
    for (const tk of hl.tile(k)) acc.addDot(x.at(tm, tk), weight.at(tn, tk).transpose())
    out.at(tm, tn).set(acc.add(bias.at(tn)).relu())
  }
  return out
}

export function transpose(x: Tensor): Tensor {
  const out = hl.empty([x.shape[1], x.shape[0]], x.dtype)
  for (const [i, j] of hl.tile([x.shape[0], x.shape[1]])) out.at(j, i).set(x.at(i, j).transpose())
  return out
}

export function embedding(table: Tensor, ids: Tensor): Tensor {
  const out = hl.empty([ids.shape[0], table.shape[1]], table.dtype)
  for (const t of hl.tile(ids.shape[0])) out.at(t, ':').set(table.at(ids.at(t), ':'))
  return out
}

/** A grid over two dimensions with a value that only the inner one has. */
export function biasAdd(x: Tensor, bias: Tensor): Tensor {
  const out = hl.emptyLike(x)
  for (const [i, j] of hl.tile([x.shape[0], x.shape[1]])) out.at(i, j).set(x.at(i, j).add(bias.at(j)))
  return out
}

export function doubled3d(x: Tensor): Tensor {
  const out = hl.emptyLike(x)
  const [a, b, c] = x.shape
  for (const [i, j, k] of hl.tile([a, b, c])) out.at(i, j, k).set(x.at(i, j, k).mul(2))
  return out
}

export function argmaxRows(x: Tensor): Tensor {
  const out = hl.empty([x.shape[0]], 'i32')
  for (const row of hl.tile(x.shape[0])) out.at(row).set(x.at(row, ':').argmax(-1))
  return out
}

export function histogram(x: Tensor): Tensor {
  const counts = hl.zeros([8], 'i32')
  for (const t of hl.tile(x.shape[0])) counts.at(x.at(t).mod(8)).atomicAdd(1)
  return counts
}

/** Neighbours on both sides: positions outside of the tensor read as zero. */
export function neighbours(x: Tensor): Tensor {
  const out = hl.emptyLike(x)
  for (const t of hl.tile(x.shape[0])) out.at(t).set(x.at(t.index.add(1)).sub(x.at(t.index.sub(1))))
  return out
}

export function scaleInPlace(x: Tensor): Tensor {
  for (const t of hl.tile(x.shape[0])) x.at(t).set(x.at(t).mul(3).add(t.index))
  return x
}

/** Two grids: the second reads what the first has written. */
export function centred(x: Tensor): Tensor {
  const [m, n] = x.shape
  const sums = hl.empty([m])
  const out = hl.emptyLike(x)
  for (const row of hl.tile(m)) sums.at(row).set(x.at(row, ':').sum(-1))
  for (const [i, j] of hl.tile([m, n])) out.at(i, j).set(x.at(i, j).sub(sums.at(i).unsqueeze(1)))
  return out
}

export function columnSums(x: Tensor): Tensor {
  const out = hl.empty([x.shape[1]])
  for (const j of hl.tile(x.shape[1])) {
    const acc = hl.zeros([j])
    for (const i of hl.tile(x.shape[0])) acc.addAssign(x.at(i, j).sum(0))
    out.at(j).set(acc)
  }
  return out
}

export function axpy(a: number, x: Tensor, y: Tensor, flags: { negate: boolean }): Tensor {
  const out = hl.emptyLike(x)
  for (const t of hl.tile(x.shape[0])) {
    const sum = x.at(t).mul(a).add(y.at(t))
    out.at(t).set(hl.where(flags.negate, sum.neg(), sum))
  }
  return out
}

/** For each position the sum of all before it: the inner range ends where the outer tile does. */
export function prefixSums(x: Tensor): Tensor {
  const out = hl.emptyLike(x)
  for (const t of hl.tile(x.shape[0])) {
    const acc = hl.zeros([t])
    for (const u of hl.tile(0, t.end)) {
      const before = u.index.unsqueeze(0).le(t.index.unsqueeze(1))
      acc.addAssign(hl.where(before, x.at(u).unsqueeze(0), 0).sum(1))
    }
    out.at(t).set(acc)
  }
  return out
}

/** Chained products with a running maximum, rescaled sums and a mask. */
export function attention(q: Tensor, k: Tensor, v: Tensor): Tensor {
  const d = hl.specialize(q.shape[1])
  const out = hl.emptyLike(q)
  for (const tq of hl.tile(q.shape[0])) {
    const top = hl.full([tq], Number.NEGATIVE_INFINITY)
    const total = hl.zeros([tq])
    const acc = hl.zeros([tq, d])
    const query = q.at(tq, ':')
    for (const tk of hl.tile(k.shape[0])) {
      const all = query.dot(k.at(tk, ':').transpose()).mul(0.25)
      const scores = hl.where(tk.index.lt(k.shape[0]).unsqueeze(0), all, Number.NEGATIVE_INFINITY)
      const next = top.maximum(scores.amax(1))
      const weights = scores.sub(next.unsqueeze(1)).exp()
      const shrink = top.sub(next).exp()
      total.assign(total.mul(shrink).add(weights.sum(1)))
      acc.assign(acc.mul(shrink.unsqueeze(1)))
      acc.addDot(weights, v.at(tk, ':'))
      top.assign(next)
    }
    out.at(tq, ':').set(acc.div(total.unsqueeze(1)))
  }
  return out
}

/** Rows of different lengths, one after the other in one tensor. */
export function raggedSums(values: Tensor, offsets: Tensor): Tensor {
  const rows = hl.sub(offsets.shape[0], 1)
  const out = hl.empty([rows])
  for (const row of hl.grid(rows)) {
    const acc = hl.zeros([])
    for (const t of hl.tile(offsets.at(row), offsets.at(row.add(1)))) acc.addAssign(values.at(t).sum(0))
    out.at(row).set(acc)
  }
  return out
}

/** Products of rows that two ranges name, one loop after the other; the device reads where they lie. */
export function twoRanges(q: Tensor, v: Tensor, bounds: Tensor): Tensor {
  const width = hl.specialize(v.shape[1])
  const out = hl.empty([q.shape[0], width])
  for (const tm of hl.tile(q.shape[0])) {
    const acc = hl.zeros([tm, width])
    for (const tn of hl.tile(bounds.at(0), bounds.at(1))) acc.addDot(q.at(tm, tn), v.at(tn, ':'))
    for (const tn of hl.tile(bounds.at(2), bounds.at(3))) acc.addDot(q.at(tm, tn), v.at(tn, ':'))
    out.at(tm, ':').set(acc)
  }
  return out
}

/** Softmax down the rows of each sequence; the sequences lie one after the other. */
export function jaggedSoftmax(x: Tensor, offsets: Tensor): Tensor {
  const out = hl.emptyLike(x)
  for (const sequence of hl.grid(hl.sub(offsets.shape[0], 1))) {
    const [begin, end] = [offsets.at(sequence), offsets.at(sequence.add(1))]
    for (const column of hl.tile(x.shape[1])) {
      const top = hl.full([column], Number.NEGATIVE_INFINITY)
      const total = hl.zeros([column])
      for (const row of hl.tile(begin, end)) {
        const v = x.at(row, column)
        const next = top.maximum(v.amax(0))
        total.assign(total.mul(top.sub(next).exp()).add(v.sub(next.unsqueeze(0)).exp().sum(0)))
        top.assign(next)
      }
      for (const row of hl.tile(begin, end)) {
        const e = x.at(row, column).sub(top.unsqueeze(0)).exp()
        out.at(row, column).set(e.div(total.unsqueeze(0)))
      }
    }
  }
  return out
}

/** Each sequence scaled to mean 0 and variance 1: three loops over the same range. */
export function jaggedLayerNorm(x: Tensor, offsets: Tensor): Tensor {
  const out = hl.emptyLike(x)
  const columns = x.shape[1]
  for (const sequence of hl.grid(hl.sub(offsets.shape[0], 1))) {
    const [begin, end] = [offsets.at(sequence), offsets.at(sequence.add(1))]
    const count = end.sub(begin).mul(columns).to('f32')
    const [total, squares] = [hl.zeros([]), hl.zeros([])]
    for (const [row, column] of hl.tile([begin, 0], [end, columns])) total.addAssign(x.at(row, column).sum())
    const mean = total.div(count)
    for (const [row, column] of hl.tile([begin, 0], [end, columns]))
      squares.addAssign(x.at(row, column).sub(mean).square().sum())
    const scale = squares.div(count).add(1e-5).rsqrt()
    for (const [row, column] of hl.tile([begin, 0], [end, columns]))
      out.at(row, column).set(x.at(row, column).sub(mean).mul(scale))
  }
  return out
}

/** Attention within each sequence: the ranges of queries and of keys are read from memory. */
export function jaggedAttention(q: Tensor, k: Tensor, v: Tensor, offsets: Tensor): Tensor {
  const width = hl.specialize(q.shape[1])
  const out = hl.emptyLike(q)
  for (const sequence of hl.grid(hl.sub(offsets.shape[0], 1))) {
    const [begin, end] = [offsets.at(sequence), offsets.at(sequence.add(1))]
    for (const tq of hl.tile(begin, end)) {
      const query = q.at(tq, ':')
      const top = hl.full([tq], Number.NEGATIVE_INFINITY)
      const total = hl.zeros([tq])
      const acc = hl.zeros([tq, width])
      for (const tk of hl.tile(begin, end)) {
        const all = query.dot(k.at(tk, ':').transpose()).mul(0.25)
        const scores = hl.where(tk.index.lt(end).unsqueeze(0), all, Number.NEGATIVE_INFINITY)
        const next = top.maximum(scores.amax(1))
        const weights = scores.sub(next.unsqueeze(1)).exp()
        const shrink = top.sub(next).exp()
        total.assign(total.mul(shrink).add(weights.sum(1)))
        acc.assign(acc.mul(shrink.unsqueeze(1)))
        acc.addDot(weights, v.at(tk, ':'))
        top.assign(next)
      }
      out.at(tq, ':').set(acc.div(total.unsqueeze(1)))
    }
  }
  return out
}

/** Attention of few queries of each head, which share its keys. */
export function decodeAttention(q: Tensor, k: Tensor, v: Tensor): Tensor {
  const [heads, queries] = q.shape
  const width = hl.specialize(q.shape[2])
  const out = hl.emptyLike(q)
  for (const [h, tq] of hl.tile([heads, queries])) {
    const [top, total, acc] = [hl.full([h, tq], -Infinity), hl.zeros([h, tq]), hl.zeros([h, tq, width])]
    for (const tk of hl.tile(k.shape[1])) {
      const scores = q
        .at(h, tq, ':')
        .dot(k.at(h, tk, ':').transpose())
        .mul(0.09)
      const next = hl.maximum(top, scores.amax(-1))
      const weights = scores.sub(next.unsqueeze(-1)).exp()
      const rescale = top.sub(next).exp()
      total.assign(total.mul(rescale).add(weights.sum(-1)))
      acc.mulAssign(rescale.unsqueeze(-1))
      acc.addDot(weights.to(v.dtype), v.at(h, tk, ':'))
      top.assign(next)
    }
    out.at(h, tq, ':').set(acc.div(total.unsqueeze(-1)).to(q.dtype))
  }
  return out
}
