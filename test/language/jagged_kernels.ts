/** Kernels over jagged tensors: rows of lengths of their own that lie one after the other in one tensor. */
import { hl, type Tensor, type Tile, type TileValue } from '../../src/language/index.ts'

/** Where the rows of a tile begin and end. */
function boundsOf(offsets: Tensor, rows: Tile) {
  return [offsets.at(rows), offsets.at(rows.index.add(1))] as const
}

const rowsOf = (offsets: Tensor): number => hl.sub(offsets.shape[0], 1)

/** [rows, m] of values [elements, m]: the sum of each row. */
export function jaggedSum(x: Tensor, offsets: Tensor): Tensor {
  const [rows, m] = [rowsOf(offsets), x.shape[1]]
  const out = hl.empty([rows, m])
  for (const [row, column] of hl.tile([rows, m])) {
    const [begins, ends] = boundsOf(offsets, row)
    const acc = hl.zeros([row, column])
    for (const t of hl.tile(begins, ends)) acc.addAssign(x.at(t, column).sum(1))
    out.at(row, column).set(acc)
  }
  return out
}

/** Likewise the mean, 0 of a row without elements. */
export function jaggedMean(x: Tensor, offsets: Tensor): Tensor {
  const [rows, m] = [rowsOf(offsets), x.shape[1]]
  const out = hl.empty([rows, m])
  for (const row of hl.tile(rows)) {
    const [begins, ends] = boundsOf(offsets, row)
    const lengths = ends.sub(begins).unsqueeze(1)
    for (const column of hl.tile(m)) {
      const acc = hl.zeros([row, column])
      for (const t of hl.tile(begins, ends)) acc.addAssign(x.at(t, column).sum(1))
      out.at(row, column).set(hl.where(lengths.eq(0), 0, acc.div(lengths)))
    }
  }
  return out
}

/** Softmax down each row, with a running maximum. */
export function jaggedSoftmaxRows(x: Tensor, offsets: Tensor): Tensor {
  const [rows, m] = [rowsOf(offsets), x.shape[1]]
  const out = hl.emptyLike(x)
  for (const [row, column] of hl.tile([rows, m])) {
    const [begins, ends] = boundsOf(offsets, row)
    const top = hl.full([row, column], -Infinity)
    const total = hl.zeros([row, column])
    for (const t of hl.tile(begins, ends)) {
      const values = x.at(t, column)
      const next = hl.maximum(top, values.amax(1))
      const shift = hl.where(next.isfinite(), next, 0)
      total.mulAssign(top.sub(shift).exp())
      total.addAssign(values.sub(shift.unsqueeze(1)).exp().sum(1))
      top.assign(next)
    }
    for (const t of hl.tile(begins, ends)) {
      out.at(t, column).set(x.at(t, column).sub(top.unsqueeze(1)).exp().div(total.unsqueeze(1)))
    }
  }
  return out
}

/** Each row, all its columns together, to mean 0 and variance 1. */
export function jaggedLayerNormRows(x: Tensor, offsets: Tensor, eps: number): Tensor {
  const [rows, m] = [rowsOf(offsets), x.shape[1]]
  const out = hl.emptyLike(x)
  for (const row of hl.tile(rows)) {
    const [begins, ends] = boundsOf(offsets, row)
    const count = ends.sub(begins).mul(m).maximum(1).to('f32')
    const total = hl.zeros([row])
    const squares = hl.zeros([row])
    for (const t of hl.tile(begins, ends)) total.addAssign(x.at(t, ':').sum(2).sum(1))
    const mean = total.div(count)
    for (const t of hl.tile(begins, ends)) {
      squares.addAssign(x.at(t, ':').sub(mean.unsqueeze(1).unsqueeze(2)).square().sum(2).sum(1))
    }
    const scale = squares.div(count).add(eps).rsqrt().unsqueeze(1).unsqueeze(2)
    for (const t of hl.tile(begins, ends)) {
      out.at(t, ':').set(x.at(t, ':').sub(mean.unsqueeze(1).unsqueeze(2)).mul(scale))
    }
  }
  return out
}

/** A dense [rows, width] tensor with the elements of each row added, as far as it goes. */
export function jaggedDenseAdd(x: Tensor, offsets: Tensor, dense: Tensor): Tensor {
  const [rows, width] = dense.shape
  const out = hl.empty([rows, width])
  for (const row of hl.tile(rows)) {
    const [begins, ends] = boundsOf(offsets, row)
    for (const t of hl.jaggedTile(ends.sub(begins).minimum(width))) {
      const here = begins.unsqueeze(1).add(t.index)
      out.at(row, t).set(dense.at(row, t).add(x.at(here)))
    }
    for (const t of hl.tile(ends.sub(begins), width)) out.at(row, t).set(dense.at(row, t))
  }
  return out
}

/** Each row [length, k] times its own matrix [k, n], and its own bias. */
export function jaggedDenseBmm(x: Tensor, offsets: Tensor, matrices: Tensor, bias: Tensor): Tensor {
  const [rows, k, n] = matrices.shape
  const out = hl.empty([x.shape[0], n])
  for (const row of hl.tile(rows)) {
    const [begins, ends] = boundsOf(offsets, row)
    for (const [t, column] of hl.tile([begins, 0], [ends, n])) {
      const acc = hl.zeros([row, t, column])
      for (const depth of hl.tile(k)) acc.addDot(x.at(t, depth), matrices.at(row, depth, column))
      out.at(t, column).set(acc.add(bias.at(row, null, column)))
    }
  }
  return out
}

/** What functions of the author's make of the elements that rows have, one more each. */
export function jaggedCombined(x: Tensor, lengths: Tensor): readonly Tensor[] {
  const [rows, n] = x.shape
  const make = (shape: readonly number[]): Tensor => hl.zeros(shape)
  const out = [make([rows]), make([rows]), make([rows, n]), make([rows, n]), make([n])] as const
  const larger = (a: TileValue, b: TileValue) => a.maximum(b)
  for (const row of hl.tile(rows, { blockSize: 4 })) {
    for (const t of hl.tile(lengths.at(row), { blockSize: 8 })) {
      const values = x.at(row, t).add(1)
      out[0].at(row).set(hl.reduce(larger, values.neg(), 1, { identity: -Infinity }))
      out[1].at(row).set(hl.reduce((_, last) => last, values, 1))
      out[2].at(row, t).set(values.cumsum(1))
      out[3].at(row, t).set(hl.associativeScan((a, b) => a.mul(b), values, 1, { reverse: true }))
      out[4].at(hl.arange(t)).set(hl.reduce((first, _) => first, values, 0))
    }
  }
  return [...out]
}

/** Causal attention without a softmax, of each sequence on its own. */
export function jaggedAttention(q: Tensor, k: Tensor, v: Tensor, offsets: Tensor): Tensor {
  const width = hl.specialize(q.shape[1])
  const out = hl.empty([q.shape[0], width])
  for (const sequence of hl.grid(rowsOf(offsets))) {
    const [begin, end] = [offsets.at(sequence), offsets.at(sequence.add(1))]
    for (const rows of hl.tile(begin, end)) {
      const acc = hl.zeros([rows, width])
      for (const columns of hl.tile(begin, end)) {
        const scores = q.at(rows, ':').dot(k.at(columns, ':').transpose()).silu()
        const causal = columns.index.unsqueeze(0).le(rows.index.unsqueeze(1))
        acc.addDot(hl.where(causal, scores, 0), v.at(columns, ':'))
      }
      out.at(rows, ':').set(acc)
    }
  }
  return out
}

/** Sums of rows whose positions are computed in one dimension. */
export function jaggedFlatSum(x: Tensor, offsets: Tensor): Tensor {
  const [rows, m] = [rowsOf(offsets), x.shape[1]]
  const flat = x.reshape([-1])
  const out = hl.empty([rows, m])
  for (const [row, column] of hl.tile([rows, m])) {
    const [begins, ends] = boundsOf(offsets, row)
    const acc = hl.zeros([row, column])
    for (const t of hl.jaggedTile(ends.sub(begins))) {
      const first = begins.unsqueeze(1).add(t.index).mul(m).unsqueeze(2)
      acc.addAssign(flat.at(first.add(column.index)).sum(1))
    }
    out.at(row, column).set(acc)
  }
  return out
}
