/** Helion's kernels over heads and experts that `examples/` has in other forms. */
import { hl, type Tensor } from '../../../src/language/index.ts'
import { type Elements, each, integers, largest, numbers, type Port, sum } from './port.ts'

/** The accumulator is rescaled in two halves of its columns. */
function subtiledAttention(qIn: Tensor, kIn: Tensor, vIn: Tensor) {
  const [b, h, m, width] = qIn.shape
  const [n, d, dv] = [kIn.shape[2], hl.specialize(width), hl.specialize(vIn.shape[3])]
  const [q, k, v] = [qIn.reshape([-1, d]), kIn.reshape([-1, d]), vIn.reshape([-1, dv])]
  const rows = q.shape[0]
  const [out, lse] = [hl.empty([rows, dv], q.dtype), hl.empty([rows])]
  const block = hl.registerBlockSize(n)
  const scale = Math.LOG2E / Math.sqrt(d)
  for (const tm of hl.tile(rows, { blockSize: 4 })) {
    const top = hl.zeros([tm]).sub(Infinity).clone()
    const total = hl.zeros([tm])
    const acc = hl.zeros([tm, dv])
    const queries = q.at(tm, ':')
    const start = tm.begin.floorDiv(m).mul(n)
    for (const tn of hl.tile(start, start.add(n), { blockSize: block })) {
      const scores = hl.dot(queries, k.at(tn, ':').T, { dtype: 'f32' })
      const next = hl.maximum(top, hl.amax(scores, -1).mul(scale))
      const p = scores.mul(scale).sub(next.at(':', null)).exp2()
      const alpha = top.sub(next).exp2()
      const [left, right] = hl.split(acc.reshape([tm, 2, dv / 2]).permute(0, 2, 1))
      const halves = [left, right].map((half) => half.mul(alpha.at(':', null))) as [typeof left, typeof right]
      acc.assign(
        hl
          .join(...halves)
          .permute(0, 2, 1)
          .reshape(acc.shape),
      )
      acc.assign(hl.dot(p.to(v.dtype), v.at(tn, ':'), acc))
      total.assign(total.mul(alpha).add(p.sum(-1)))
      top.assign(next)
    }
    lse.at(tm).set(top.add(total.log2()))
    out.at(tm, ':').set(acc.div(total.at(':', null)))
  }
  return [out.reshape([b, h, m, dv]), lse.reshape([b, h, m])]
}

/** Norms of heads, then turned by halves, in place; what was written is read again. */
function qkNormRope(
  qkv: Tensor,
  qHeads: number,
  kHeads: number,
  width: number,
  eps: number,
  qWeight: Tensor,
  kWeight: Tensor,
  cosSin: Tensor,
  positions: Tensor,
) {
  const tokens = qkv.shape[0]
  const [nq, nk, d] = [hl.specialize(qHeads), hl.specialize(kHeads), hl.specialize(width)]
  const half = hl.specialize(cosSin.shape[1]) / 2
  const heads = qkv.reshape([tokens, -1, d])
  for (const [tm, tg, tn] of hl.tile([tokens, nq + nk, d], { blockSize: [1, null, d] })) {
    const values = heads.at(tm, tg, tn).to('f32')
    const scale = values
      .pow(2)
      .sum(-1)
      .mul(1 / d)
      .add(eps)
      .rsqrt()
    const isQuery = tg.index.lt(nq).at(null, ':', null)
    const weight = hl.where(isQuery, qWeight.at(null, null, tn), kWeight.at(null, null, tn))
    heads.at(tm, tg, tn).set(values.mul(scale.at(':', ':', null)).mul(weight))
    const at = positions.at(tm)
    const cos = cosSin.at(at, hl.arange(half)).at(':', null, ':')
    const sin = cosSin.at(at, hl.arange(half).add(half)).at(':', null, ':')
    const first = hl.arange(half)
    const second = first.add(half)
    const [x1, x2] = [heads.at(tm, tg, first), heads.at(tm, tg, second)]
    const [o1, o2] = [x1.mul(cos).sub(x2.mul(sin)), x2.mul(cos).add(x1.mul(sin))]
    heads.at(tm, tg, first).set(o1)
    heads.at(tm, tg, second).set(o2)
  }
  return qkv
}

function indexerLogits(q: Tensor, k: Tensor, weights: Tensor, begins: Tensor, ends: Tensor) {
  const [m, count] = q.shape
  const heads = hl.specialize(count)
  const n = k.shape[0]
  const [out, decode] = [hl.empty([m, n]), hl.empty([m, n])]
  for (const [tm, tn] of hl.tile([m, n])) {
    const acc = hl.zeros([tm, tn])
    const keys = k.at(tn, ':')
    for (const h of hl.grid(heads)) {
      const score = q.at(tm, h, ':').dot(keys.transpose(0, 1)).to('f32')
      acc.assign(acc.add(score.relu().mul(weights.at(tm, h).at(':', null))))
    }
    const columns = tn.index.at(null, ':')
    const isSeen = columns.ge(begins.at(tm).at(':', null)).and(columns.lt(ends.at(tm).at(':', null)))
    out.at(tm, tn).set(hl.where(isSeen, acc, -Infinity))
    const all = q.at(tm, ':', ':').dot(k.at(tn, ':').transpose(0, 1))
    const summed = all
      .relu()
      .mul(weights.at(tm, ':').at(':', ':', null))
      .sum(1)
    decode.at(tm, tn).set(hl.where(isSeen, summed, -Infinity))
  }
  return [out, decode]
}

function groupedGemm(a: Tensor, b: Tensor, offsets: Tensor) {
  const [rows, k] = a.shape
  const n = b.shape[1]
  const out = hl.empty([rows, n])
  for (const g of hl.grid(hl.sub(offsets.shape[0], 1))) {
    const start = offsets.at(g)
    const size = offsets.at(g.add(1)).sub(start)
    hl.when(size.ne(0), () => {
      for (const [tm, tn] of hl.tile([size, n])) {
        const acc = hl.zeros([tm, tn])
        for (const tk of hl.tile(k)) acc.assign(hl.addmm(acc, a.at(start.add(tm.index), tk), b.at(tk, tn)))
        out.at(start.add(tm.index), tn).set(acc)
      }
    })
  }
  return out
}

/** Tokens of each expert, by a list that sorts them. */
function moeProducts(a: Tensor, w: Tensor, counts: Tensor, offsets: Tensor, sorted: Tensor, most: Tensor) {
  const [tokens, k] = a.shape
  const [experts, , n] = w.shape
  const length = most.shape[0]
  const out = hl.zeros([tokens, n])
  const ids = hl.arange(length)
  for (const e of hl.grid(experts)) {
    const [start, count] = [offsets.at(e), counts.at(e)]
    hl.when(count.ne(0), () => {
      for (const [tt, tn] of hl.tile([length, n])) {
        const local = ids.at(tt)
        const isValid = local.lt(count)
        const rows = sorted.at(start.add(hl.where(isValid, local, 0)))
        const acc = hl.zeros([tt, tn])
        for (const tk of hl.tile(k)) {
          const values = a.at(rows, tk).maskedFill(isValid.at(':', null).not(), 0)
          acc.assign(hl.addmm(acc, values, w.at(e, tk, tn)))
        }
        hl.store(out, [rows, tn], acc, { mask: isValid.reshape([tt, 1]).expand(acc.shape) })
      }
    })
  }
  return out
}

export const HEADS: Readonly<Record<string, Port>> = {
  blackwell_attention: {
    kernel: subtiledAttention,
    args: [numbers([2, 2, 4, 4]), numbers([2, 2, 8, 4]), numbers([2, 2, 8, 4])],
    reference: (q: Elements, k: Elements, v: Elements) => {
      const score = (b: number, h: number, i: number, j: number): number =>
        sum(4, (p) => q(b, h, i, p) * k(b, h, j, p)) / 2
      const total = (b: number, h: number, i: number): number =>
        sum(8, (j) => Math.exp(score(b, h, i, j) - largest(8, (p) => score(b, h, i, p))))
      const weight = (b: number, h: number, i: number, j: number): number =>
        Math.exp(score(b, h, i, j) - largest(8, (p) => score(b, h, i, p))) / total(b, h, i)
      return [
        ...each([2, 2, 4, 4], (b, h, i, e) => sum(8, (j) => weight(b, h, i, j) * v(b, h, j, e))),
        ...each([2, 2, 4], (b, h, i) => {
          const top = largest(8, (j) => score(b, h, i, j))
          return top * Math.LOG2E + Math.log2(total(b, h, i))
        }),
      ]
    },
    tolerance: 1e-3,
  },
  fused_qk_norm_rope: {
    kernel: qkNormRope,
    args: [numbers([3, 16]), 2, 1, 4, 1e-6, numbers([4]), numbers([4]), numbers([9, 4]), integers([4, 0, 8])],
    reference: (
      x: Elements,
      _nq: number,
      _nk: number,
      _d: number,
      eps: number,
      qw: Elements,
      kw: Elements,
      cs: Elements,
      at: Elements,
    ) =>
      each([3, 16], (t, column) => {
        const [head, i] = [column >> 2, column & 3]
        if (head === 3) return x(t, column)
        const scale = 1 / Math.sqrt(sum(4, (p) => x(t, head * 4 + p) ** 2) / 4 + eps)
        const normal = (p: number): number => x(t, head * 4 + p) * scale * (head < 2 ? qw(p) : kw(p))
        const [cos, sin] = [cs(at(t), i & 1), cs(at(t), 2 + (i & 1))]
        return i < 2 ? normal(i) * cos - normal(i + 2) * sin : normal(i) * cos + normal(i - 2) * sin
      }),
    tolerance: 1e-3,
  },
  sparse_attn_indexer: {
    kernel: indexerLogits,
    args: [
      numbers([3, 4, 5], 'bf16'),
      numbers([7, 5], 'bf16'),
      numbers([3, 4]),
      integers([0, 1, 2]),
      integers([4, 5, 7]),
    ],
    reference: (q: Elements, k: Elements, w: Elements, begins: Elements, ends: Elements) => {
      const logits = each([3, 7], (i, j) =>
        j < begins(i) || j >= ends(i)
          ? -Infinity
          : sum(
              4,
              (h) =>
                Math.max(
                  0,
                  sum(5, (p) => q(i, h, p) * k(j, p)),
                ) * w(i, h),
            ),
      )
      return [...logits, ...logits]
    },
    tolerance: 1e-3,
  },
  grouped_gemm_jagged: {
    kernel: groupedGemm,
    args: [numbers([9, 5]), numbers([5, 6]), integers([0, 3, 3, 9])],
    reference: (a: Elements, b: Elements) => each([9, 6], (i, j) => sum(5, (p) => a(i, p) * b(p, j))),
  },
  moe_matmul_ogs: {
    kernel: moeProducts,
    args: [
      numbers([6, 5]),
      numbers([3, 5, 4]),
      integers([2, 0, 4]),
      integers([0, 2, 2, 6]),
      integers([3, 0, 5, 1, 2, 4]),
      numbers([4]),
    ],
    reference: (a: Elements, w: Elements) =>
      each([6, 4], (i, j) => sum(5, (p) => a(i, p) * w(i === 3 || i === 0 ? 0 : 2, p, j))),
  },
}
