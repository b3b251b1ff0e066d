/** Helion's linear recurrences in chunks. */
import { hl, type Tensor } from '../../../src/language/index.ts'
import { type Elements, each, numbers, type Port, sum, sumFrom } from './port.ts'

function chunkStates(k: Tensor, v: Tensor, decay: Tensor, last: Tensor) {
  const [batch, chunks, , d] = k.shape
  const dv = v.shape[3]
  const out = hl.empty([batch, chunks, d, dv])
  for (const [b, td, tv] of hl.tile([batch, d, dv], { blockSize: [1, null, null] })) {
    const state = hl.zeros([td, tv])
    for (const i of hl.grid(chunks)) {
      out.at(b.id, i, td, tv).set(state)
      const total = last.at(b.id, i)
      const scaled = v.at(b.id, i, ':', tv).mul(
        total
          .sub(decay.at(b.id, i, ':'))
          .exp()
          .unsqueeze(1),
      )
      state.mulAssign(total.exp())
      state.assign(hl.dot(k.at(b.id, i, ':', td).transpose(-2, -1), scaled, state))
    }
  }
  return out
}

function chunkOutputs(q: Tensor, k: Tensor, v: Tensor, decay: Tensor, h: Tensor, scale: number) {
  const [batch, chunk, d] = q.shape
  const c = hl.specialize(chunk)
  const dv = v.shape[2]
  const out = hl.empty([batch, c, dv])
  for (const [b, tv] of hl.tile([batch, dv])) {
    const [cross, scores] = [hl.zeros([b, c, tv]), hl.zeros([b, c, c])]
    const row = decay.at(b, ':')
    const decays = row.unsqueeze(2).sub(row.unsqueeze(1)).exp()
    for (const td of hl.tile(d)) {
      cross.assign(hl.dot(q.at(b, ':', td), h.at(b, td, tv), cross))
      scores.assign(hl.dot(q.at(b, ':', td), k.at(b, ':', td).transpose(-2, -1), scores))
    }
    const i = hl.arange(c)
    const causal = i.unsqueeze(1).ge(i.unsqueeze(0)).to('f32')
    const inner = hl.dot(scores.mul(decays).mul(causal), v.at(b, ':', tv))
    out.at(b, ':', tv).set(cross.mul(row.exp().unsqueeze(2)).add(inner).mul(scale))
  }
  return out
}

/** Scores within a chunk, a band of rows at a time. */
function chunkScores(q: Tensor, k: Tensor, decay: Tensor, scale: number) {
  const [batch, chunk] = q.shape
  const c = hl.specialize(chunk)
  const out = hl.zeros([batch, c, c])
  for (const b of hl.tile(batch, { blockSize: 1 })) {
    const [keys, gates, column] = [k.at(b, ':', ':'), decay.at(b, ':', ':'), hl.arange(c)]
    for (const row of hl.tile(c, { blockSize: 4 })) {
      const anchor = decay.at(b, row.begin, ':')
      const inRange = column.lt(row.begin.add(4)).unsqueeze(0)
      const queries = q.at(b, row, ':').mul(decay.at(b, row, ':').sub(anchor.unsqueeze(1)).exp2())
      const exponents = hl.where(inRange.unsqueeze(2), anchor.unsqueeze(1).sub(gates), 0)
      const scores = hl.dot(queries, keys.mul(exponents.exp2()).transpose(-2, -1)).mul(scale)
      const isLower = row.index.unsqueeze(1).ge(column.unsqueeze(0))
      out.at(b, row, ':').set(scores.mul(isLower.unsqueeze(0).to('f32')))
    }
  }
  return out
}

function gatedDeltaStates(k: Tensor, w: Tensor, u: Tensor, g: Tensor, chunk: number) {
  const [batch, length, heads, width] = k.shape
  const [d, c, states] = [hl.specialize(width), hl.specialize(chunk), u.shape[3]]
  const out = hl.empty([batch, hl.cdiv(length, c), heads, d, states])
  const block = hl.registerBlockSize(states)
  for (const [b, h, tv] of hl.tile([batch, heads, states], { blockSize: [1, 1, block] })) {
    const state = hl.zeros([d, tv])
    for (const t of hl.tile(length, { blockSize: c })) {
      out.at(b.begin, t.id, h.begin, ':', tv).set(state)
      const fresh = u.at(b.begin, t, h.begin, tv).sub(w.at(b.begin, t, h.begin, ':').dot(state))
      const end = hl.minimum(t.begin.add(c), length).sub(1)
      const last = g.at(b.begin, end, h.begin)
      const rate = hl.where(t.index.lt(length), last.sub(g.at(b.begin, t, h.begin)).exp(), 0)
      state.mulAssign(last.exp())
      state.assign(hl.dot(k.at(b.begin, t, h.begin, ':').T, fresh.mul(rate.unsqueeze(1)), state))
    }
  }
  return out
}

function mamba2ChunkState(b: Tensor, x: Tensor, dt: Tensor, decay: Tensor) {
  const [batch, , groups, states] = b.shape
  const [, , heads, width] = x.shape
  const [, , chunks, chunk] = dt.shape
  const blocks = [
    hl.registerBlockSize(width),
    hl.registerBlockSize(states),
    hl.registerBlockSize(chunk),
  ] as const
  const out = hl.empty([batch, chunks, heads, width, states])
  const sizes = [heads, width, states, batch, chunks] as const
  for (const [h, m, n, tb, c] of hl.tile(sizes, { blockSize: [1, blocks[0], blocks[1], 1, 1] })) {
    const last = decay.at(tb.begin, h.begin, c.begin, hl.sub(chunk, 1))
    const acc = hl.zeros([m, n])
    for (const k of hl.tile(chunk, { blockSize: blocks[2] })) {
      const rows = k.index.add(c.begin.mul(chunk))
      const scale = last
        .sub(decay.at(tb.begin, h.begin, c.begin, k))
        .exp()
        .mul(dt.at(tb.begin, h.begin, c.begin, k))
      const scaled = x.at(tb.begin, rows, h.begin, m).T.mul(scale.unsqueeze(0))
      const group = h.begin.floorDiv(hl.floorDiv(heads, groups))
      acc.assign(hl.dot(scaled, b.at(tb.begin, rows, group, n), acc))
    }
    out.at(tb.begin, c.begin, h.begin, m, n).set(acc)
  }
  return out
}

export const RECURRENCES: Readonly<Record<string, Port>> = {
  simple_gla_fwd_h: {
    kernel: chunkStates,
    args: [numbers([2, 3, 4, 5]), numbers([2, 3, 4, 3]), numbers([2, 3, 4]), numbers([2, 3])],
    reference: (k: Elements, v: Elements, decay: Elements, last: Elements) =>
      each([2, 3, 5, 3], (b, i, d, e) => {
        let state = 0
        for (let n = 0; n < i; n++)
          state =
            Math.exp(last(b, n)) * state +
            sum(4, (t) => k(b, n, t, d) * v(b, n, t, e) * Math.exp(last(b, n) - decay(b, n, t)))
        return state
      }),
  },
  simple_gla_fwd_o: {
    kernel: chunkOutputs,
    args: [
      numbers([3, 6, 5]),
      numbers([3, 6, 5]),
      numbers([3, 6, 7]),
      numbers([3, 6]),
      numbers([3, 5, 7]),
      0.5,
    ],
    reference: (q: Elements, k: Elements, v: Elements, g: Elements, h: Elements, scale: number) =>
      each([3, 6, 7], (b, i, e) => {
        const score = (j: number): number =>
          sum(5, (p) => q(b, i, p) * k(b, j, p)) * Math.exp(g(b, i) - g(b, j))
        const cross = sum(5, (p) => q(b, i, p) * h(b, p, e)) * Math.exp(g(b, i))
        return scale * (cross + sum(i + 1, (j) => score(j) * v(b, j, e)))
      }),
    tolerance: 1e-3,
  },
  gla_fwd_A: {
    kernel: chunkScores,
    args: [numbers([2, 8, 5]), numbers([2, 8, 5]), numbers([2, 8, 5]), 0.5],
    reference: (q: Elements, k: Elements, g: Elements, scale: number) =>
      each([2, 8, 8], (b, t, s) =>
        s > t ? 0 : scale * sum(5, (p) => q(b, t, p) * k(b, s, p) * 2 ** (g(b, t, p) - g(b, s, p))),
      ),
    tolerance: 1e-3,
  },
  gdn_fwd_h: {
    kernel: gatedDeltaStates,
    args: [numbers([1, 8, 2, 3]), numbers([1, 8, 2, 3]), numbers([1, 8, 2, 5]), numbers([1, 8, 2]), 4],
    reference: (k: Elements, w: Elements, u: Elements, g: Elements) => {
      const state = (b: number, c: number, h: number, d: number, e: number): number => {
        if (c === 0) return 0
        const last = g(b, 4 * c - 1, h)
        const before = [0, 1, 2].map((p) => state(b, c - 1, h, p, e))
        const added = sumFrom(4 * c - 4, 4 * c, (t) => {
          const fresh = u(b, t, h, e) - sum(3, (p) => w(b, t, h, p) * (before[p] ?? 0))
          return k(b, t, h, d) * fresh * Math.exp(last - g(b, t, h))
        })
        return (before[d] ?? 0) * Math.exp(last) + added
      }
      return each([1, 2, 2, 3, 5], state as Elements)
    },
    tolerance: 1e-3,
  },
  mamba2_chunk_state: {
    kernel: mamba2ChunkState,
    args: [numbers([1, 12, 1, 3]), numbers([1, 12, 2, 5]), numbers([1, 2, 2, 6]), numbers([1, 2, 2, 6])],
    reference: (b: Elements, x: Elements, dt: Elements, g: Elements) =>
      each([1, 2, 2, 5, 3], (n, c, h, m, s) =>
        sum(6, (t) => {
          const rate = Math.exp(g(n, h, c, 5) - g(n, h, c, t)) * dt(n, h, c, t)
          return x(n, c * 6 + t, h, m) * rate * b(n, c * 6 + t, 0, s)
        }),
      ),
    tolerance: 1e-3,
  },
}
