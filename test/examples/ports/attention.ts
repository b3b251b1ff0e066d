/** Helion's attentions. */
import { hl, type Tensor, type TileValue } from '../../../src/language/index.ts'
import { type Elements, each, integers, largest, numbers, type Port, silu, sum, sumFrom } from './port.ts'

function jaggedHstu(alpha: number, q: Tensor, k: Tensor, v: Tensor, offsets: Tensor) {
  const [, heads, d] = q.shape
  const out = hl.zerosLike(v)
  for (const [b, h] of hl.tile([hl.sub(offsets.shape[0], 1), heads], { blockSize: [null, 1] })) {
    const [begins, ends] = [offsets.at(b), offsets.at(b.index.add(1))]
    for (const tq of hl.tile(begins, ends)) {
      const acc = hl.zeros([b, tq, d])
      for (const tk of hl.tile(begins, ends)) {
        const keys = k.at(tk, h.begin, ':')
        const scores = q.at(tq, h.begin, ':').dot(keys.transpose(1, 2)).mul(alpha).silu()
        const causal = tq.index.unsqueeze(2).ge(tk.index.unsqueeze(1))
        acc.addDot(hl.where(causal, scores, 0), v.at(tk, h.begin, ':'))
      }
      out.at(tq, h.begin, ':').set(acc)
    }
  }
  return out
}

/** Sequences and heads are one batch. */
function denseGdpa(q: Tensor, k: Tensor, v: Tensor, scale: number) {
  const [sequences, m, h, d] = q.shape
  const [heads, width, n] = [hl.specialize(h), hl.specialize(d), hl.specialize(k.shape[1])]
  const out = hl.emptyLike(q)
  for (const [s, tq] of hl.tile([sequences, m])) {
    const byHead = (x: Tensor): TileValue =>
      x.at(s, ':', ':', ':').permute(0, 2, 1, 3).reshape([-1, n, width])
    const queries = q.at(s, tq, ':', ':').permute(0, 2, 1, 3).reshape([-1, tq, width])
    const scores = queries.dot(byHead(k).transpose(-2, -1)).mul(scale)
    const acc = scores.dot(byHead(v))
    out.at(s, tq, ':', ':').set(acc.reshape([s, heads, tq, width]).permute(0, 2, 1, 3))
  }
  return out
}

function decodingAttention(q: Tensor, keys: Tensor, values: Tensor, lengths: Tensor) {
  const [batch, queries, heads, width] = q.shape
  const [, most, kvHeads] = keys.shape
  const d = hl.specialize(width)
  const out = hl.empty([hl.mul(batch, heads), queries, d])
  for (const [bh, tm] of hl.tile([hl.mul(batch, heads), queries], { blockSize: [1, null] })) {
    const b = bh.begin.floorDiv(heads)
    const head = bh.begin.mod(heads)
    const kv = head.mul(kvHeads).floorDiv(heads)
    const length = lengths.at(b).clamp(0, most)
    const rows = q.at(b, tm, head, ':')
    const [top, total, acc] = [hl.full([tm], -Infinity), hl.zeros([tm]), hl.zeros([tm, d])]
    for (const tn of hl.tile(most, { blockSize: 4 })) {
      const valid = tn.index.unsqueeze(0).lt(length)
      hl.continueIf(valid.any().not())
      const scores = rows.dot(keys.at(b, tn, kv, ':').T).mul(1 / Math.sqrt(d))
      const masked = hl.where(valid, scores, -Infinity)
      const next = hl.maximum(top, masked.amax(-1))
      const p = hl.where(valid, masked.sub(next.unsqueeze(1)).exp(), 0)
      const alpha = hl.where(top.isfinite(), top.sub(next).exp(), 0)
      total.assign(total.mul(alpha).add(p.sum(-1)))
      acc.assign(acc.mul(alpha.unsqueeze(1)).add(p.dot(values.at(b, tn, kv, ':'))))
      top.assign(hl.where(next.isfinite(), next, top))
    }
    const safe = hl.where(total.gt(0), total, 1).unsqueeze(1)
    out.at(bh, tm, ':').set(hl.where(total.unsqueeze(1).gt(0), acc.div(safe), 0).unsqueeze(0))
  }
  return out
}

/** Blocks of keys that a table lists, and a function of scores and positions among the arguments. */
function flexAttention(q: Tensor, k: Tensor, v: Tensor, counts: Tensor, indices: Tensor) {
  const scoreOf = (score: TileValue, row: TileValue, column: TileValue): TileValue =>
    hl.where(column.le(row), score.add(row.sub(column).to('f32').mul(0.125)), -1e30)
  const [heads, m, d] = q.shape
  const n = k.shape[1]
  const block = 4
  const out = hl.emptyLike(q)
  for (const [h, tm] of hl.tile([heads, m], { blockSize: [1, block] })) {
    const [top, total, acc] = [hl.full([tm], -1e30), hl.zeros([tm]), hl.zeros([tm, d])]
    for (const i of hl.grid(counts.at(h.begin, tm.id))) {
      const begin = indices.at(h.begin, tm.id, i).mul(block)
      for (const tn of hl.tile(begin, hl.minimum(begin.add(block), n))) {
        const scores = q.at(h.begin, tm, ':').dot(k.at(h.begin, tn, ':').T)
        const score = scoreOf(scores, tm.index.unsqueeze(1), tn.index.unsqueeze(0))
        const next = hl.maximum(top, score.amax(-1))
        const p = score.sub(next.unsqueeze(1)).exp()
        const alpha = top.sub(next).exp()
        total.assign(total.mul(alpha).add(p.sum(-1)))
        acc.assign(hl.dot(p, v.at(h.begin, tn, ':'), acc.mul(alpha.unsqueeze(1))))
        top.assign(next)
      }
    }
    out.at(h, tm, ':').set(acc.div(total.unsqueeze(1)).unsqueeze(0))
  }
  return out
}

function exclusiveAttention(q: Tensor, k: Tensor, v: Tensor, eps: number) {
  const [, , m, d] = q.shape
  const width = hl.specialize(d)
  const [queries, keys, values] = [q, k, v].map((x) => x.reshape([-1, m, width])) as [Tensor, Tensor, Tensor]
  const out = hl.emptyLike(queries)
  for (const [b, tm] of hl.tile([queries.shape[0], m])) {
    const [top, total] = [hl.full([b, tm], -Infinity), hl.zeros([b, tm])]
    const acc = hl.zeros([b, tm, width])
    for (const tn of hl.tile(m)) {
      const scores = queries.at(b, tm, ':').dot(keys.at(b, tn, ':').transpose(1, 2))
      const next = hl.maximum(top, scores.amax(-1))
      const p = scores.sub(next.unsqueeze(-1)).exp()
      const alpha = top.sub(next).exp()
      total.assign(total.mul(alpha).add(p.sum(-1)))
      acc.assign(hl.baddbmm(acc.mul(alpha.unsqueeze(-1)), p, values.at(b, tn, ':')))
      top.assign(next)
    }
    const y = acc.div(total.unsqueeze(-1))
    const own = values.at(b, tm, ':')
    const normal = own.div(own.norm(-1, { keepdim: true }).maximum(eps))
    out.at(b, tm, ':').set(y.sub(y.mul(normal).sum(-1, { keepdim: true }).mul(normal)))
  }
  return out.reshape(q.shape)
}

/** One token: rows of a wide one become heads, positions turn them, and what they see is a window. */
function decodeStep(row: Tensor, cache: Tensor, angles: Tensor, position: Tensor, window: number) {
  const [heads, context, d] = cache.shape
  const half = hl.floorDiv(d, 2)
  const out = hl.empty([hl.mul(heads, hl.mul(2, d))])
  const group = 2
  for (const _ of hl.grid(1)) {
    const t = position.at(0)
    const angle = angles.at(':').mul(t.to('f32'))
    const [c, s] = [angle.cos(), angle.sin()]
    const queries = row.at(':').reshape([heads, group, d])
    const scaled = queries.mul(queries.square().mean(-1, { keepdim: true }).add(1e-6).rsqrt())
    const [a, b] = [scaled.slice(2, 0, half), scaled.slice(2, half)]
    const turned = hl.cat([a.mul(c).sub(b.mul(s)), b.mul(c).add(a.mul(s))], -1)
    const [top, total] = [hl.full([heads, group], -1e30), hl.zeros([heads, group])]
    const acc = hl.zeros([heads, group, d])
    for (const tt of hl.tile(context)) {
      const keys = cache.at(':', tt, ':')
      const visible = tt.index.le(t).and(tt.index.gt(t.sub(hl.specialize(window))))
      const scores = hl.where(visible, turned.dot(keys.transpose(1, 2)), -1e30)
      const next = hl.maximum(top, scores.amax(-1))
      const p = hl.where(visible, scores.sub(next.unsqueeze(2)).exp(), 0)
      const alpha = top.sub(next).exp()
      total.assign(total.mul(alpha).add(p.sum(-1)))
      acc.assign(acc.mul(alpha.unsqueeze(2)).add(p.dot(keys)))
      top.assign(next)
    }
    out.at(':').set(acc.div(total.unsqueeze(2)).reshape([-1]))
  }
  return out
}

type Attention = (i: number, j: number) => number

/** Weights of a softmax over the first `count`, times values. */
function attended(count: number, score: Attention, value: (j: number, at: number) => number): Attention {
  return (i, at) => {
    const top = largest(count, (j) => score(i, j))
    const weight = (j: number): number => Math.exp(score(i, j) - top)
    return sum(count, (j) => weight(j) * value(j, at)) / sum(count, weight)
  }
}

export const ATTENTION: Readonly<Record<string, Port>> = {
  jagged_hstu_attn: {
    kernel: jaggedHstu,
    args: [0.5, numbers([9, 2, 4]), numbers([9, 2, 4]), numbers([9, 2, 4]), integers([0, 3, 4, 9])],
    reference: (alpha: number, q: Elements, k: Elements, v: Elements) =>
      each([9, 2, 4], (i, h, e) =>
        sumFrom(
          i < 3 ? 0 : i < 4 ? 3 : 4,
          i + 1,
          (j) => silu(alpha * sum(4, (p) => q(i, h, p) * k(j, h, p))) * v(j, h, e),
        ),
      ),
  },
  dense_gdpa: {
    kernel: denseGdpa,
    args: [numbers([3, 5, 2, 4]), numbers([3, 3, 2, 4]), numbers([3, 3, 2, 4]), 0.5],
    reference: (q: Elements, k: Elements, v: Elements, scale: number) =>
      each([3, 5, 2, 4], (s, i, h, e) =>
        sum(3, (j) => scale * sum(4, (p) => q(s, i, h, p) * k(s, j, h, p)) * v(s, j, h, e)),
      ),
  },
  decoding_attention: {
    kernel: decodingAttention,
    args: [numbers([2, 3, 4, 4]), numbers([2, 10, 2, 4]), numbers([2, 10, 2, 4]), integers([3, 9])],
    reference: (q: Elements, k: Elements, v: Elements, lengths: Elements) =>
      each([8, 3, 4], (bh, i, e) => {
        const [b, h] = [bh >> 2, bh & 3]
        const score: Attention = (row, j) => sum(4, (p) => q(b, row, h, p) * k(b, j, h >> 1, p)) / 2
        return attended(lengths(b), score, (j, at) => v(b, j, h >> 1, at))(i, e)
      }),
  },
  flex_attention: {
    kernel: flexAttention,
    args: [
      numbers([2, 7, 4]),
      numbers([2, 7, 4]),
      numbers([2, 7, 4]),
      { ...integers([1, 2, 1, 2]), shape: [2, 2] },
      { ...integers([0, 0, 0, 1, 0, 0, 1, 0]), shape: [2, 2, 2] },
    ],
    reference: (q: Elements, k: Elements, v: Elements) =>
      each([2, 7, 4], (h, i, e) => {
        const score: Attention = (row, j) => sum(4, (p) => q(h, row, p) * k(h, j, p)) + (row - j) / 8
        return attended(i + 1, score, (j, at) => v(h, j, at))(i, e)
      }),
  },
  xsa: {
    kernel: exclusiveAttention,
    args: [numbers([2, 2, 5, 4]), numbers([2, 2, 5, 4]), numbers([2, 2, 5, 4]), 1e-6],
    reference: (q: Elements, k: Elements, v: Elements) =>
      each([2, 2, 5, 4], (b, h, i, e) => {
        const score: Attention = (row, j) => sum(4, (p) => q(b, h, row, p) * k(b, h, j, p))
        const y = (at: number): number => attended(5, score, (j, to) => v(b, h, j, to))(i, at)
        const square = sum(4, (p) => v(b, h, i, p) ** 2)
        return y(e) - (sum(4, (p) => y(p) * v(b, h, i, p)) * v(b, h, i, e)) / square
      }),
  },
  gemma3_decode_step_attention: {
    kernel: decodeStep,
    args: [numbers([16]), numbers([2, 9, 4]), numbers([2]), integers([6]), 4],
    reference: (row: Elements, cache: Elements, angles: Elements) =>
      each([2, 2, 4], (h, g, e) => {
        const at = (i: number): number => row(h * 8 + g * 4 + i)
        const scale = 1 / Math.sqrt(sum(4, (i) => at(i) ** 2) / 4 + 1e-6)
        const turned = (i: number): number => {
          const [c, s] = [Math.cos(6 * angles(i % 2)), Math.sin(6 * angles(i % 2))]
          return scale * (i < 2 ? at(i) * c - at(i + 2) * s : at(i) * c + at(i - 2) * s)
        }
        const score: Attention = (_, j) => sum(4, (p) => turned(p) * cache(h, j + 3, p))
        return attended(4, score, (j, to) => cache(h, j + 3, to))(0, e)
      }),
  },
}
