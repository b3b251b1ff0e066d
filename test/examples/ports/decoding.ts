/** Helion's kernels that decode a token: one layer with its cache, all layers, pages, shared work. */
import { hl, type Tensor, type TileValue } from '../../../src/language/index.ts'
import { type Elements, each, integers, logSumExp, numbers, type Port, sum, whole } from './port.ts'

const EPS = 1e-6

function rmsNorm(values: TileValue, weight: TileValue): TileValue {
  return values.mul(values.square().mean(-1, { keepdim: true }).add(EPS).rsqrt()).mul(weight.add(1))
}

/** Rotates the two halves of the last axis against each other. */
function rotated(x: TileValue, cos: TileValue, sin: TileValue): TileValue {
  const last = x.ndim - 1
  const half = (x.shape[last] ?? 0) / 2
  const [a, b] = [x.slice(last, 0, half), x.slice(last, half)]
  return hl.cat([a.mul(cos).sub(b.mul(sin)), b.mul(cos).add(a.mul(sin))], -1)
}

/** Attention of one token of a decoder, whose key and value it puts into the caches first. */
function decoderAttention(
  qkv: Tensor,
  qNorm: Tensor,
  kNorm: Tensor,
  frequencies: Tensor,
  kCache: Tensor,
  vCache: Tensor,
  position: Tensor,
) {
  const [keyHeads, d] = [hl.specialize(kCache.shape[0]), hl.specialize(kCache.shape[2])]
  const context = kCache.shape[1]
  const heads = hl.specialize(qkv.shape[1]) / d - 2 * keyHeads
  const group = heads / keyHeads
  const out = hl.empty([1, heads * d])
  for (const _ of hl.grid(1)) {
    const t = position.at(0)
    const angle = t.to('f32').mul(frequencies.at(':'))
    const [cos, sin] = [angle.cos().at(null, ':'), angle.sin().at(null, ':')]
    const row = qkv.at(0, ':')
    const key = row.slice(0, heads * d, (heads + keyHeads) * d).reshape([keyHeads, d])
    kCache.at(':', t, ':').set(rotated(rmsNorm(key, kNorm.at(':')), cos, sin))
    vCache.at(':', t, ':').set(row.slice(0, (heads + keyHeads) * d).reshape([keyHeads, d]))
    const query = row.slice(0, 0, heads * d).reshape([keyHeads, group, d])
    const q = rotated(rmsNorm(query, qNorm.at(':')), cos.unsqueeze(0), sin.unsqueeze(0))
    const [top, total] = [hl.full([keyHeads, group], -Infinity), hl.zeros([keyHeads, group])]
    const acc = hl.zeros([keyHeads, group, d])
    for (const tt of hl.tile(context)) {
      const all = hl.dot(q, kCache.at(':', tt, ':').transpose(1, 2)).mul(d ** -0.5)
      const scores = hl.where(tt.index.at(null, null, ':').le(t), all, -1e30)
      const next = hl.maximum(top, scores.amax(-1))
      const [rescale, weights] = [top.sub(next).exp(), scores.sub(next.at(':', ':', null)).exp()]
      total.assign(total.mul(rescale).add(weights.sum(-1)))
      acc.assign(acc.mul(rescale.at(':', ':', null)).add(hl.dot(weights, vCache.at(':', tt, ':'))))
      top.assign(next)
    }
    out.at(0, ':').set(acc.div(total.at(':', ':', null)).reshape([heads * d]))
  }
  return out
}

/** Layers that a plain loop repeats, each of several grids. */
function decoderLayers(x: Tensor, weights: Tensor, norms: Tensor) {
  const [m, width] = x.shape
  const [sums, input] = [hl.empty([m, width]), hl.empty([m, width])]
  for (const [tm, tn] of hl.tile([m, width])) sums.at(tm, tn).set(x.at(tm, tn))
  for (const layer of hl.staticRange(hl.specialize(weights.shape[0]))) {
    for (const tm of hl.tile(m)) input.at(tm, ':').set(rmsNorm(sums.at(tm, ':'), norms.at(layer, ':')))
    for (const [tm, tn] of hl.tile([m, width])) {
      const acc = hl.zeros([tm, tn])
      for (const tk of hl.tile(width)) acc.assign(hl.dot(input.at(tm, tk), weights.at(layer, tk, tn), acc))
      sums.at(tm, tn).addAssign(acc)
    }
  }
  return sums
}

/** Keys and values lie in pages, which a table names for each sequence. */
function pagedAttention(
  q: Tensor,
  keys: Tensor,
  values: Tensor,
  table: Tensor,
  lengths: Tensor,
  scale: number,
) {
  const [batch, heads] = q.shape
  const [page, d] = [hl.specialize(keys.shape[1]), hl.specialize(q.shape[2])]
  const group = hl.floorDiv(heads, keys.shape[2])
  const out = hl.emptyLike(q)
  for (const [b, h] of hl.grid([batch, heads])) {
    const [query, length, own] = [q.at(b, h, ':'), lengths.at(b), h.floorDiv(group)] as const
    const [top, total, acc] = [hl.full([], -Infinity), hl.zeros([]), hl.zeros([d])]
    for (const i of hl.grid(hl.cdiv(length, page))) {
      const id = table.at(b, i)
      const isThere = i.mul(page).add(hl.arange(page)).lt(length)
      const all = keys.at(id, ':', own, ':').mul(query.at(null, ':')).sum(-1).mul(scale)
      const scores = hl.where(isThere, all, -Infinity)
      const next = hl.maximum(top, scores.amax())
      const [rescale, weights] = [top.sub(next).exp(), scores.sub(next).exp()]
      total.assign(total.mul(rescale).add(weights.sum()))
      const part = weights
        .at(':', null)
        .mul(values.at(id, ':', own, ':'))
        .sum(0)
      acc.assign(acc.mul(rescale).add(part))
      top.assign(next)
    }
    out.at(b, h, ':').set(acc.div(total))
  }
  return out
}

/** A fixed number of programs take turns with the tiles of all groups. */
function groupedByWorkers(a: Tensor, b: Tensor, offsets: Tensor, workers: number) {
  const [m, k] = a.shape
  const n = b.shape[1]
  const out = hl.zeros([m, n])
  const [rows, columns] = [hl.registerBlockSize(32), hl.registerBlockSize(32)]
  const count = hl.specialize(workers)
  for (const worker of hl.grid(count)) {
    for (const g of hl.grid(hl.sub(offsets.shape[0], 1))) {
      const [begin, end] = [offsets.at(g), offsets.at(g.add(1))] as const
      const down = hl.cdiv(end.sub(begin), rows)
      for (const tile of hl.grid(down.mul(hl.cdiv(n, columns)))) {
        hl.when(tile.mod(count).eq(worker), () => {
          const row = begin.add(tile.mod(down).mul(rows)).add(hl.arange(rows))
          const column = tile.floorDiv(down).mul(columns).add(hl.arange(columns))
          const [isRow, isColumn] = [row.lt(end).at(':', null), column.lt(n).at(null, ':')]
          const acc = hl.zeros([rows, columns])
          for (const tk of hl.tile(k)) {
            const left = hl.load(a, [row, tk], { mask: isRow })
            acc.assign(hl.dot(left, hl.load(b, [tk, column], { mask: isColumn }), acc))
          }
          hl.store(out, [row, column], acc, { mask: isRow.and(isColumn) })
        })
      }
    }
  }
  return out
}

function normed(values: readonly number[], weight: Elements): readonly number[] {
  const scale = 1 / Math.sqrt(sum(values.length, (i) => (values[i] ?? 0) ** 2) / values.length + EPS)
  return values.map((value, i) => value * scale * (weight(i) + 1))
}

export const DECODING: Readonly<Record<string, Port>> = {
  gemma_decode_attention: {
    kernel: decoderAttention,
    args: [
      numbers([1, 32]),
      numbers([4]),
      numbers([4]),
      numbers([2]),
      numbers([2, 6, 4]),
      numbers([2, 6, 4]),
      integers([3]),
    ],
    reference(
      qkv: Elements,
      qNorm: Elements,
      kNorm: Elements,
      frequency: Elements,
      kCache: Elements,
      vCache: Elements,
    ) {
      const head = (at: number): number[] => [0, 1, 2, 3].map((i) => qkv(0, 4 * at + i))
      const turned = (values: readonly number[]): readonly number[] =>
        values.map((value, i) => {
          const [angle, other] = [3 * frequency(i % 2), values[(i + 2) % 4] ?? 0]
          return value * Math.cos(angle) + (i < 2 ? -1 : 1) * other * Math.sin(angle)
        })
      return each([16], (i) => {
        const [own, c] = [i >> 3, i % 4]
        const query = turned(normed(head(i >> 2), qNorm))
        const now = { key: turned(normed(head(4 + own), kNorm)), value: head(6 + own) }
        const key = (t: number, e: number): number => (t === 3 ? (now.key[e] ?? 0) : kCache(own, t, e))
        const value = (t: number): number => (t === 3 ? (now.value[c] ?? 0) : vCache(own, t, c))
        const score = (t: number): number => 0.5 * sum(4, (e) => (query[e] ?? 0) * key(t, e))
        const all = logSumExp(4, score)
        return sum(4, (t) => Math.exp(score(t) - all) * value(t))
      })
    },
    tolerance: 1e-3,
  },
  gemma_decode_layers: {
    kernel: decoderLayers,
    args: [numbers([3, 4]), numbers([2, 4, 4]), numbers([2, 4])],
    reference(x: Elements, weights: Elements, norms: Elements) {
      const rows = [0, 1, 2].map((i) => [0, 1, 2, 3].map((j) => x(i, j)))
      const after = (row: readonly number[], layer: number): number[] => {
        const input = normed(row, (j) => norms(layer, j ?? 0))
        return row.map((value, j) => value + sum(4, (k) => (input[k] ?? 0) * weights(layer, k, j)))
      }
      return rows.flatMap((row) => [0, 1].reduce(after, row))
    },
    tolerance: 1e-3,
  },
  paged_attention: {
    kernel: pagedAttention,
    args: [
      numbers([2, 4, 3]),
      numbers([4, 4, 2, 3]),
      numbers([4, 4, 2, 3]),
      { ...whole([2, 2], 1), data: [3, 1, 0, 2] },
      integers([6, 3]),
      0.5,
    ],
    reference: (q: Elements, keys: Elements, values: Elements, table: Elements, lengths: Elements) =>
      each([2, 4, 3], (b, h, c) => {
        const at = (elements: Elements, i: number, e: number): number =>
          elements(table(b, i >> 2), i % 4, h >> 1, e)
        const score = (i: number): number => 0.5 * sum(3, (e) => q(b, h, e) * at(keys, i, e))
        const all = logSumExp(lengths(b), score)
        return sum(lengths(b), (i) => Math.exp(score(i) - all) * at(values, i, c))
      }),
  },
  grouped_gemm_persistent: {
    kernel: groupedByWorkers,
    args: [numbers([9, 4]), numbers([4, 5]), integers([0, 2, 2, 7, 9]), 3],
    reference: (a: Elements, b: Elements) => each([9, 5], (i, j) => sum(4, (k) => a(i, k) * b(k, j))),
  },
}
