/** Helion's linear attention in chunks, backward. */
import { hl, type Tensor } from '../../../src/language/index.ts'
import { type Elements, each, numbers, type Port, sum, sumFrom } from './port.ts'

function gradientsOfStates(q: Tensor, grad: Tensor, last: Tensor, init: Tensor, gc: Tensor, scale: number) {
  const [heads, chunks, , d] = q.shape
  const values = grad.shape[3]
  const all = hl.empty([heads, chunks, d, values], init.dtype)
  for (const [head, td, tv] of hl.tile([heads, d, values], { blockSize: [1, null, null] })) {
    const i = head.id
    const acc = init.at(i, td, tv).to('f32').clone()
    for (const t of hl.grid(chunks)) {
      const at = hl.sub(hl.sub(chunks, 1), t)
      all.at(i, at, td, tv).set(acc)
      const g = gc.at(i, at, ':')
      acc.assign(last.at(i, at).mul(Math.LOG2E).exp2().mul(acc))
      const queries = q.at(i, at, ':', td).mul(hl.mul(scale, g.mul(Math.LOG2E).exp2()).at(':', null))
      acc.assign(hl.dot(queries.transpose(-2, -1), grad.at(i, at, ':', tv), acc))
    }
  }
  return all
}

function gradientsOfQk(
  q: Tensor,
  k: Tensor,
  v: Tensor,
  gcs: Tensor,
  last: Tensor,
  h: Tensor,
  grad: Tensor,
  dh: Tensor,
  scale: number,
) {
  const [n, size, d] = q.shape
  const c = hl.specialize(size)
  const values = v.shape[2]
  const [dq, dk, dg] = [hl.empty([n, c, d]), hl.empty([n, c, d]), hl.empty([n, c, d])]
  for (const [tn, td] of hl.tile([n, d])) {
    const scores = hl.zeros([tn, c, c])
    const [cross, states] = [hl.zeros([tn, c, td]), hl.zeros([tn, c, td])]
    const both = hl.zeros([tn, td])
    for (const tv of hl.tile(values)) {
      const [gradient, rows] = [grad.at(tn, ':', tv), v.at(tn, ':', tv)]
      const [state, dState] = [h.at(tn, td, tv), dh.at(tn, td, tv)]
      scores.assign(hl.dot(gradient, rows.transpose(-2, -1), scores))
      cross.assign(hl.dot(gradient, state.transpose(-2, -1), cross))
      states.assign(hl.dot(rows, dState.transpose(-2, -1), states))
      both.addAssign(state.mul(dState).sum(-1))
    }
    const index = hl.arange(c)
    const causal = index.at(':', null).ge(index.at(null, ':')).to('f32')
    const [queries, keys, g, gl] = [q.at(tn, ':', td), k.at(tn, ':', td), gcs.at(tn, ':'), last.at(tn)]
    const rise = g.mul(Math.LOG2E).exp2().at(':', ':', null)
    const rest = gl.at(':', null).sub(g).mul(Math.LOG2E).exp2().at(':', ':', null)
    const fade = g
      .at(':', ':', null)
      .sub(g.at(':', null, ':'))
      .mul(Math.LOG2E)
      .exp2()
    const masked = scores.mul(fade).mul(causal)
    const kept = states.mul(rest)
    const dQueries = hl.dot(masked, keys, cross.mul(rise)).mul(scale)
    const dKeys = hl.dot(masked.transpose(-2, -1), queries).mul(scale).add(kept)
    const raw = dQueries.mul(queries).sub(dKeys.mul(keys))
    dq.at(tn, ':', td).set(dQueries)
    dk.at(tn, ':', td).set(dKeys)
    const end = gl.mul(Math.LOG2E).exp2().at(':', null).mul(both).add(kept.mul(keys).sum(1))
    const isLast = index.eq(c - 1).to('f32')
    const total = raw.add(isLast.at(null, ':', null).mul(end.at(':', null, ':')))
    dg.at(tn, ':', td).set(hl.cumsum(total, 1, { reverse: true }))
  }
  return [dq, dk, dg]
}

function gradientsOfV(
  q: Tensor,
  k: Tensor,
  gcs: Tensor,
  grad: Tensor,
  dh: Tensor,
  last: Tensor,
  scale: number,
) {
  const [n, size, d] = q.shape
  const c = hl.specialize(size)
  const values = grad.shape[2]
  const out = hl.empty([n, c, values])
  for (const [tn, tv] of hl.tile([n, values])) {
    const [acc, scores] = [hl.zeros([tn, c, tv]), hl.zeros([tn, c, c])]
    for (const td of hl.tile(d)) {
      const keys = k.at(tn, ':', td)
      scores.assign(hl.dot(q.at(tn, ':', td), keys.transpose(-2, -1), scores))
      acc.assign(hl.dot(keys, dh.at(tn, td, tv), acc))
    }
    const index = hl.arange(c)
    const causal = index.at(':', null).ge(index.at(null, ':')).to('f32')
    const g = gcs.at(tn, ':')
    const fade = g
      .at(':', ':', null)
      .sub(g.at(':', null, ':'))
      .mul(Math.LOG2E)
      .exp2()
      .mul(causal)
    const masked = scores.mul(fade.mul(scale))
    const rest = last.at(tn).at(':', null).sub(g).mul(Math.LOG2E).exp2()
    acc.mulAssign(rest.at(':', ':', null))
    out.at(tn, ':', tv).set(hl.dot(masked.transpose(-2, -1), grad.at(tn, ':', tv), acc))
  }
  return out
}

function correctedGradients(
  w: Tensor,
  a: Tensor,
  q: Tensor,
  grad: Tensor,
  inner: Tensor,
  last: Tensor,
  init: Tensor,
) {
  const [heads, chunks, c, d] = w.shape
  const values = grad.shape[3]
  const all = hl.empty([heads, chunks, d, values])
  const fresh = hl.empty([heads, chunks, c, values])
  for (const [head, tv] of hl.tile([heads, values], { blockSize: [1, null] })) {
    const i = head.id
    const acc = init.at(i, ':', tv).clone()
    for (const t of hl.grid(chunks)) {
      const at = t.neg().add(hl.sub(chunks, 1))
      all.at(i, at, ':', tv).set(acc)
      const before = acc.clone()
      const rows = inner.at(i, at, ':', tv).add(a.at(i, at, ':', ':').dot(before))
      fresh.at(i, at, ':', tv).set(rows)
      acc.assign(before.mul(last.at(i, at, ':').exp().at(':', null)))
      acc.assign(acc.add(q.at(i, at, ':', ':').T.dot(grad.at(i, at, ':', tv))))
      acc.assign(acc.sub(w.at(i, at, ':', ':').T.dot(rows)))
    }
  }
  return [all, fresh]
}

export const LINEAR_BACKWARD: Readonly<Record<string, Port>> = {
  chunk_bwd_dh_scalar: {
    kernel: gradientsOfStates,
    args: [
      numbers([2, 3, 4, 5]),
      numbers([2, 3, 4, 3]),
      numbers([2, 3]),
      numbers([2, 5, 3]),
      numbers([2, 3, 4]),
      0.5,
    ],
    reference: (q: Elements, grad: Elements, last: Elements, init: Elements, g: Elements, scale: number) => {
      const state = (i: number, t: number, d: number, e: number): number =>
        t === 2
          ? init(i, d, e)
          : Math.exp(last(i, t + 1)) * state(i, t + 1, d, e) +
            sum(4, (s) => scale * Math.exp(g(i, t + 1, s)) * q(i, t + 1, s, d) * grad(i, t + 1, s, e))
      return each([2, 3, 5, 3], state as Elements)
    },
    tolerance: 1e-2,
  },
  chunk_bwd_dqkg_scalar: {
    kernel: gradientsOfQk,
    args: [
      numbers([3, 4, 5]),
      numbers([3, 4, 5]),
      numbers([3, 4, 6]),
      numbers([3, 4]),
      numbers([3]),
      numbers([3, 5, 6]),
      numbers([3, 4, 6]),
      numbers([3, 5, 6]),
      0.5,
    ],
    reference: (
      q: Elements,
      k: Elements,
      v: Elements,
      g: Elements,
      last: Elements,
      h: Elements,
      grad: Elements,
      dh: Elements,
      scale: number,
    ) => {
      const score = (n: number, i: number, j: number): number =>
        Math.exp(g(n, i) - g(n, j)) * sum(6, (e) => grad(n, i, e) * v(n, j, e))
      const dq: Elements = (n = 0, i = 0, d = 0) => {
        const cross = Math.exp(g(n, i)) * sum(6, (e) => grad(n, i, e) * h(n, d, e))
        return scale * (cross + sum(i + 1, (j) => score(n, i, j) * k(n, j, d)))
      }
      const kept: Elements = (n = 0, i = 0, d = 0) =>
        Math.exp(last(n) - g(n, i)) * sum(6, (e) => v(n, i, e) * dh(n, d, e))
      const dk: Elements = (n = 0, i = 0, d = 0) =>
        scale * sumFrom(i, 4, (j) => score(n, j, i) * q(n, j, d)) + kept(n, i, d)
      const end = (n: number, d: number): number =>
        Math.exp(last(n)) * sum(6, (e) => h(n, d, e) * dh(n, d, e)) +
        sum(4, (i) => kept(n, i, d) * k(n, i, d))
      const raw = (n: number, i: number, d: number): number =>
        dq(n, i, d) * q(n, i, d) - dk(n, i, d) * k(n, i, d) + (i === 3 ? end(n, d) : 0)
      return [
        ...each([3, 4, 5], dq),
        ...each([3, 4, 5], dk),
        ...each([3, 4, 5], (n, i, d) => sumFrom(i, 4, (j) => raw(n, j, d))),
      ]
    },
    tolerance: 1e-2,
  },
  chunk_bwd_dv_scalar: {
    kernel: gradientsOfV,
    args: [
      numbers([3, 4, 5]),
      numbers([3, 4, 5]),
      numbers([3, 4]),
      numbers([3, 4, 6]),
      numbers([3, 5, 6]),
      numbers([3]),
      0.5,
    ],
    reference: (
      q: Elements,
      k: Elements,
      g: Elements,
      grad: Elements,
      dh: Elements,
      last: Elements,
      scale: number,
    ) =>
      each([3, 4, 6], (n, i, e) => {
        const score = (j: number): number =>
          scale * Math.exp(g(n, j) - g(n, i)) * sum(5, (d) => q(n, j, d) * k(n, i, d))
        const state = Math.exp(last(n) - g(n, i)) * sum(5, (d) => k(n, i, d) * dh(n, d, e))
        return state + sumFrom(i, 4, (j) => score(j) * grad(n, j, e))
      }),
    tolerance: 1e-2,
  },
  chunk_bwd_dh_correction: {
    kernel: correctedGradients,
    args: [
      numbers([2, 3, 4, 3]),
      numbers([2, 3, 4, 3]),
      numbers([2, 3, 4, 3]),
      numbers([2, 3, 4, 5]),
      numbers([2, 3, 4, 5]),
      numbers([2, 3, 3]),
      numbers([2, 3, 5]),
    ],
    reference: (
      w: Elements,
      a: Elements,
      q: Elements,
      grad: Elements,
      inner: Elements,
      last: Elements,
      init: Elements,
    ) => {
      const state = (i: number, t: number, d: number, e: number): number =>
        t === 2
          ? init(i, d, e)
          : state(i, t + 1, d, e) * Math.exp(last(i, t + 1, d)) +
            sum(
              4,
              (s) => q(i, t + 1, s, d) * grad(i, t + 1, s, e) - w(i, t + 1, s, d) * fresh(i, t + 1, s, e),
            )
      const fresh = (i: number, t: number, s: number, e: number): number =>
        inner(i, t, s, e) + sum(3, (d) => a(i, t, s, d) * state(i, t, d, e))
      return [...each([2, 3, 3, 5], state as Elements), ...each([2, 3, 4, 5], fresh as Elements)]
    },
    tolerance: 1e-2,
  },
}
