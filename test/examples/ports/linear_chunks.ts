/**
 * Helion's linear attention in chunks, forward: states from chunk to chunk, outputs of all chunks at once.
 */
import { hl, type Tensor, type TileValue } from '../../../src/language/index.ts'
import { type Elements, each, numbers, type Port, sum, sumFrom } from './port.ts'

interface Decay {
  readonly useG?: boolean
  readonly scalarDecay?: boolean
  readonly anchored?: boolean
}

/** How a state fades is known when the kernel is traced. */
function chunkStates(
  k: Tensor,
  v: Tensor,
  last: Tensor,
  h0: Tensor,
  gc: Tensor,
  { useG = true, scalarDecay = false, anchored = false }: Decay,
) {
  const [heads, chunks, size, d] = k.shape
  const [c, values] = [hl.specialize(size), v.shape[3]]
  const all = hl.empty([heads, chunks, d, values], k.dtype)
  for (const [head, td, tv] of hl.tile([heads, d, values], { blockSize: [1, null, null] })) {
    const i = head.id
    const acc = h0.at(i, td, tv).to('f32').clone()
    for (const t of hl.grid(chunks)) {
      all.at(i, t, td, tv).set(acc)
      let keys: TileValue = k.at(i, t, ':', td)
      let rows: TileValue = v.at(i, t, ':', tv)
      if (scalarDecay) {
        const [g, gl] = [gc.at(i, t, ':'), last.at(i, t)]
        rows = v.at(i, t, ':', tv).mul(gl.sub(g).mul(Math.LOG2E).exp2().unsqueeze(1))
        acc.assign(gl.mul(Math.LOG2E).exp2().mul(acc))
      } else if (anchored) {
        const [g, gl] = [gc.at(i, t, ':', td), gc.at(i, t, c - 1, td)]
        keys = keys.to('f32').mul(gl.unsqueeze(0).sub(g).mul(Math.LOG2E).exp2())
        acc.assign(acc.mul(gl.mul(Math.LOG2E).exp2().unsqueeze(1)))
      } else if (useG) acc.assign(acc.mul(last.at(i, t, td).exp().unsqueeze(1)))
      acc.assign(hl.dot(keys.transpose(-2, -1), rows, acc))
    }
  }
  return all
}

/** Rows that depend on the rows before them, which the same program has written. */
function wyDecomposition(a: Tensor, v: Tensor, beta: Tensor, gcs: Tensor) {
  const [n, size, d] = a.shape
  const c = hl.specialize(size)
  const values = v.shape[2]
  const [w, u] = [hl.empty([n, c, d]), hl.empty([n, c, values])]
  const buffer = hl.empty([n, c, c])
  for (const t of hl.tile(n, { blockSize: 1 })) {
    const i = t.id
    const forward = a.at(i, ':', ':').mul(gcs.at(i, ':', ':').exp())
    const backward = a.at(i, ':', ':').mul(gcs.at(i, ':', ':').neg().exp())
    buffer.at(i, ':', ':').set(forward.dot(backward.T))
    for (let row = 0; row < c; row++) {
      const b = beta.at(i, row)
      let wi = b.mul(a.at(i, row, ':')).mul(gcs.at(i, row, ':').exp())
      let ui = b.mul(v.at(i, row, ':'))
      for (let j = 0; j < row; j++) {
        const factor = b.mul(buffer.at(i, row, j))
        wi = wi.sub(factor.mul(w.at(i, j, ':')))
        ui = ui.sub(factor.mul(u.at(i, j, ':')))
      }
      w.at(i, row, ':').set(wi)
      u.at(i, row, ':').set(ui)
    }
  }
  return [w, u, buffer]
}

function correctedStates(w: Tensor, u: Tensor, scaled: Tensor, last: Tensor, h0: Tensor) {
  const [heads, chunks, c, d] = w.shape
  const values = u.shape[3]
  const all = hl.empty([heads, chunks, d, values], h0.dtype)
  const fresh = hl.empty([heads, chunks, c, values], u.dtype)
  for (const [head, tv] of hl.tile([heads, values], { blockSize: [1, null] })) {
    const i = head.id
    const h = h0.at(i, ':', tv).to('f32').clone()
    for (const t of hl.grid(chunks)) {
      all.at(i, t, ':', tv).set(h)
      const before = h.clone()
      h.assign(before.mul(last.at(i, t, ':').exp().unsqueeze(1)))
      const corrected = w.at(i, t, ':', ':').dot(before)
      const rows = u.at(i, t, ':', tv).to('f32').sub(corrected)
      fresh.at(i, t, ':', tv).set(rows)
      h.assign(h.add(scaled.at(i, t, ':', ':').T.dot(rows)))
    }
  }
  return [all, fresh]
}

function anchoredOutputs(q: Tensor, v: Tensor, gc: Tensor, h: Tensor, scores: Tensor, scale: number) {
  const [n, size, d] = q.shape
  const c = hl.specialize(size)
  const values = v.shape[2]
  const out = hl.empty([n, c, values], q.dtype)
  for (const [tn, tv] of hl.tile([n, values])) {
    const cross = hl.zeros([tn, c, tv], 'f32')
    for (const td of hl.tile(d)) {
      const queries = q.at(tn, ':', td).mul(gc.at(tn, ':', td).mul(Math.LOG2E).exp2())
      cross.assign(hl.dot(queries.to(q.dtype), h.at(tn, td, tv), cross))
    }
    const rows = v.at(tn, ':', tv)
    out.at(tn, ':', tv).set(cross.mul(scale).add(hl.dot(scores.at(tn, ':', ':'), rows)))
  }
  return out
}

/** One chunk of one head for each program. */
function gatedDeltaOutputs(q: Tensor, k: Tensor, v: Tensor, state: Tensor, g: Tensor, chunk: number) {
  const [batch, length, heads, width] = q.shape
  const [c, d] = [hl.specialize(chunk), hl.specialize(width)]
  const chunks = hl.floorDiv(length, c)
  const out = hl.emptyLike(v)
  const scale = d ** -0.5
  for (const [bh, n] of hl.grid([hl.mul(batch, heads), chunks])) {
    const [b, head] = [bh.floorDiv(heads), bh.mod(heads)]
    const start = n.mul(c)
    const stop = start.add(c)
    const states = state.at(b, n, head, ':', ':')
    for (const tk of hl.tile(start, stop, { blockSize: c })) {
      const [keys, values, gates] = [
        k.at(b, tk, head, ':'),
        v.at(b, tk, head, ':'),
        g.at(b, tk, head),
      ] as const
      for (const tq of hl.tile(start, stop, { blockSize: c })) {
        const [queries, gate] = [q.at(b, tq, head, ':'), g.at(b, tq, head)] as const
        const sim = hl
          .dot(queries, keys.T, { dtype: 'f32' })
          .mul(gate.unsqueeze(1).sub(gates.unsqueeze(0)).exp())
        const causal = tq.index.unsqueeze(1).ge(tk.index.unsqueeze(0)).to('f32')
        const local = hl.dot(sim.mul(causal), values)
        const global = hl.dot(queries, states)
        out.at(b, tq, head, ':').set(global.mul(gate.exp().unsqueeze(1)).add(local).mul(scale))
      }
    }
  }
  return out
}

function recomputeWU(k: Tensor, v: Tensor, beta: Tensor, a: Tensor, g: Tensor, chunk: number) {
  const [batch, length, heads] = k.shape
  const c = hl.specialize(chunk)
  const [w, u] = [hl.emptyLike(k), hl.emptyLike(v)]
  for (const [bh, t] of hl.tile([hl.mul(batch, heads), length], { blockSize: [1, c] })) {
    const [b, head] = [bh.begin.floorDiv(heads), bh.begin.mod(heads)]
    const rows = a.at(b, t, head, ':')
    const rate = beta.at(b, t, head)
    const keys = k.at(b, t, head, ':').mul(rate.mul(g.at(b, t, head).exp()).unsqueeze(1))
    w.at(b, t, head, ':').set(hl.dot(rows, keys, { dtype: 'f32' }))
    u.at(b, t, head, ':').set(hl.dot(rows, v.at(b, t, head, ':').mul(rate.unsqueeze(1))))
  }
  return [w, u]
}

function mamba2ChunkScan(
  cb: Tensor,
  x: Tensor,
  dt: Tensor,
  decay: Tensor,
  cs: Tensor,
  states: Tensor,
  skip: Tensor,
) {
  const [batch, chunks, groups, chunk] = cb.shape
  const [, , heads, width] = x.shape
  const out = hl.emptyLike(x)
  const [bm, bn] = [hl.registerBlockSize(chunk), hl.registerBlockSize(width)]
  const bk = hl.registerBlockSize(4, 8)
  const perGroup = hl.floorDiv(heads, groups)
  const sizes = [heads, chunk, width, batch, chunks] as const
  for (const [h, tm, tn, b, c] of hl.tile(sizes, { blockSize: [1, bm, bn, 1, 1] })) {
    const acc = hl.zeros([tm, tn], 'f32')
    const rates = decay.at(b.begin, h.begin, c.begin, tm).to('f32')
    const scale = rates.mul(Math.LOG2E).exp2()
    const group = h.begin.floorDiv(perGroup)
    const rows = tm.index.add(c.begin.mul(chunk))
    const before = states.at(b.begin, c.begin, h.begin, tn, ':')
    acc.assign(hl.dot(cs.at(b.begin, rows, group, ':'), before.T, acc))
    acc.mulAssign(scale.unsqueeze(1))
    for (const tk of hl.tile(tm.id.add(1).mul(bm), { blockSize: bk })) {
      const other = decay.at(b.begin, h.begin, c.begin, tk)
      const fade = rates.unsqueeze(1).mul(Math.LOG2E).sub(other.unsqueeze(0).mul(Math.LOG2E)).exp2()
      const local = cb.at(b.begin, c.begin, group, tm, tk).mul(fade)
      const timed = local.mul(dt.at(b.begin, h.begin, c.begin, tk).unsqueeze(0))
      const isBefore = tm.index.add(0).unsqueeze(1).ge(tk.index.add(0).unsqueeze(0))
      const masked = hl.where(isBefore, timed, 0)
      acc.assign(hl.dot(masked, x.at(b.begin, c.begin.mul(chunk).add(tk.index), h.begin, tn), acc))
    }
    const residual = x.at(b.begin, c.begin.mul(chunk).add(tm.index), h.begin, tn)
    acc.addAssign(residual.mul(skip.at(h.begin)))
    out.at(b.begin, c.begin.mul(chunk).add(tm.index), h.begin, tn).set(acc)
  }
  return out
}

type Mode = 'none' | 'channels' | 'scalar' | 'anchored'

/** What `chunkStates` gives of four steps of five channels. */
function statesOf(mode: Mode) {
  return (k: Elements, v: Elements, last: Elements, h0: Elements, gc: Elements) => {
    const rate = (i: number, t: number, d: number): number =>
      mode === 'none'
        ? 0
        : mode === 'channels'
          ? last(i, t, d)
          : mode === 'scalar'
            ? last(i, t)
            : gc(i, t, 3, d)
    const since = (i: number, t: number, s: number, d: number): number =>
      mode === 'scalar' ? last(i, t) - gc(i, t, s) : mode === 'anchored' ? gc(i, t, 3, d) - gc(i, t, s, d) : 0
    const state = (i: number, t: number, d: number, e: number): number =>
      t === 0
        ? h0(i, d, e)
        : Math.exp(rate(i, t - 1, d)) * state(i, t - 1, d, e) +
          sum(4, (s) => k(i, t - 1, s, d) * v(i, t - 1, s, e) * Math.exp(since(i, t - 1, s, d)))
    return each([2, 3, 5, 3], state as Elements)
  }
}

function statesPort(mode: Mode, last: readonly number[], gc: readonly number[]): Port {
  const decay = { useG: mode !== 'none', scalarDecay: mode === 'scalar', anchored: mode === 'anchored' }
  return {
    kernel: chunkStates,
    args: [
      numbers([2, 3, 4, 5]),
      numbers([2, 3, 4, 3]),
      numbers(last),
      numbers([2, 5, 3]),
      numbers(gc),
      decay,
    ],
    reference: statesOf(mode),
    tolerance: 1e-3,
  }
}

export const LINEAR_CHUNKS: Readonly<Record<string, Port>> = {
  chunk_fwd_h_without_decay: statesPort('none', [2], [2]),
  chunk_fwd_h_diagonal: statesPort('channels', [2, 3, 5], [2]),
  chunk_fwd_h_scalar: statesPort('scalar', [2, 3], [2, 3, 4]),
  chunk_fwd_h_anchored: statesPort('anchored', [2], [2, 3, 4, 5]),
  chunk_fwd_wy: {
    kernel: wyDecomposition,
    args: [numbers([2, 4, 3]), numbers([2, 4, 5]), numbers([2, 4]), numbers([2, 4, 3])],
    reference: (a: Elements, v: Elements, beta: Elements, g: Elements) => {
      const scores = (n: number, i: number, j: number): number =>
        sum(3, (d) => a(n, i, d) * Math.exp(g(n, i, d)) * a(n, j, d) * Math.exp(-g(n, j, d)))
      const solved = (n: number, i: number, at: number, first: Elements): number =>
        beta(n, i) * (first(n, i, at) - sum(i, (j) => scores(n, i, j) * solved(n, j, at, first)))
      const faded: Elements = (n = 0, i = 0, d = 0) => a(n, i, d) * Math.exp(g(n, i, d))
      return [
        ...each([2, 4, 3], (n, i, d) => solved(n, i, d, faded)),
        ...each([2, 4, 5], (n, i, e) => solved(n, i, e, v)),
        ...each([2, 4, 4], scores as Elements),
      ]
    },
    tolerance: 1e-2,
  },
  chunk_fwd_phase1: {
    kernel: correctedStates,
    args: [
      numbers([2, 3, 4, 3]),
      numbers([2, 3, 4, 5]),
      numbers([2, 3, 4, 3]),
      numbers([2, 3, 3]),
      numbers([2, 3, 5]),
    ],
    reference: (w: Elements, u: Elements, scaled: Elements, last: Elements, h0: Elements) => {
      const state = (i: number, t: number, d: number, e: number): number =>
        t === 0
          ? h0(i, d, e)
          : state(i, t - 1, d, e) * Math.exp(last(i, t - 1, d)) +
            sum(4, (s) => scaled(i, t - 1, s, d) * fresh(i, t - 1, s, e))
      const fresh = (i: number, t: number, s: number, e: number): number =>
        u(i, t, s, e) - sum(3, (d) => w(i, t, s, d) * state(i, t, d, e))
      return [...each([2, 3, 3, 5], state as Elements), ...each([2, 3, 4, 5], fresh as Elements)]
    },
    tolerance: 1e-2,
  },
  chunk_fwd_o_anchored: {
    kernel: anchoredOutputs,
    args: [
      numbers([3, 4, 5]),
      numbers([3, 4, 6]),
      numbers([3, 4, 5]),
      numbers([3, 5, 6]),
      numbers([3, 4, 4]),
      0.5,
    ],
    reference: (q: Elements, v: Elements, g: Elements, h: Elements, a: Elements, scale: number) =>
      each(
        [3, 4, 6],
        (n, i, e) =>
          scale * sum(5, (d) => q(n, i, d) * Math.exp(g(n, i, d)) * h(n, d, e)) +
          sum(4, (j) => a(n, i, j) * v(n, j, e)),
      ),
    tolerance: 1e-3,
  },
  gdn_fwd_o: {
    kernel: gatedDeltaOutputs,
    args: [
      numbers([2, 8, 2, 4]),
      numbers([2, 8, 2, 4]),
      numbers([2, 8, 2, 3]),
      numbers([2, 2, 2, 4, 3]),
      numbers([2, 8, 2]),
      4,
    ],
    reference: (q: Elements, k: Elements, v: Elements, s: Elements, g: Elements) =>
      each([2, 8, 2, 3], (b, i, h, e) => {
        const first = i - (i % 4)
        const cross = Math.exp(g(b, i, h)) * sum(4, (d) => q(b, i, h, d) * s(b, first / 4, h, d, e))
        const score = (j: number): number =>
          sum(4, (d) => q(b, i, h, d) * k(b, j, h, d)) * Math.exp(g(b, i, h) - g(b, j, h))
        return 0.5 * (cross + sumFrom(first, i + 1, (j) => score(j) * v(b, j, h, e)))
      }),
    tolerance: 1e-3,
  },
  gdn_recompute_w_u: {
    kernel: recomputeWU,
    args: [
      numbers([2, 8, 2, 3]),
      numbers([2, 8, 2, 5]),
      numbers([2, 8, 2]),
      numbers([2, 8, 2, 4]),
      numbers([2, 8, 2]),
      4,
    ],
    reference: (k: Elements, v: Elements, beta: Elements, a: Elements, g: Elements) => {
      const rows = (width: number, row: (b: number, t: number, h: number, e: number) => number) =>
        each([2, 8, 2, width], (b, t, h, e) => sum(4, (j) => a(b, t, h, j) * row(b, t - (t % 4) + j, h, e)))
      return [
        ...rows(3, (b, t, h, e) => k(b, t, h, e) * beta(b, t, h) * Math.exp(g(b, t, h))),
        ...rows(5, (b, t, h, e) => v(b, t, h, e) * beta(b, t, h)),
      ]
    },
    tolerance: 1e-3,
  },
  mamba2_chunk_scan: {
    kernel: mamba2ChunkScan,
    args: [
      numbers([1, 2, 1, 6, 6]),
      numbers([1, 12, 2, 5]),
      numbers([1, 2, 2, 6]),
      numbers([1, 2, 2, 6]),
      numbers([1, 12, 1, 3]),
      numbers([1, 2, 2, 5, 3]),
      numbers([2]),
    ],
    reference: (
      cb: Elements,
      x: Elements,
      dt: Elements,
      g: Elements,
      cs: Elements,
      states: Elements,
      skip: Elements,
    ) =>
      each([1, 12, 2, 5], (b, t, h, e) => {
        const [c, i] = [Math.floor(t / 6), t % 6]
        const cross = Math.exp(g(b, h, c, i)) * sum(3, (s) => cs(b, t, 0, s) * states(b, c, h, e, s))
        const inner = sum(i + 1, (j) => {
          const fade = Math.exp(g(b, h, c, i) - g(b, h, c, j))
          return cb(b, c, 0, i, j) * fade * dt(b, h, c, j) * x(b, c * 6 + j, h, e)
        })
        return cross + inner + x(b, t, h, e) * skip(h)
      }),
    tolerance: 1e-3,
  },
}
