/** Helion's linear attention, a token at a time: the state is a tensor that the kernel changes in place. */
import { hl, type Tensor } from '../../../src/language/index.ts'
import { type Elements, each, integers, numbers, type Port, sigmoid, sum } from './port.ts'

/** `alpha` has one number for each head, or one for each of its channels. */
function recurrentStep(q: Tensor, k: Tensor, v: Tensor, state: Tensor, alpha: Tensor) {
  const [heads, values] = [q.shape[0], v.shape[1]]
  const out = hl.empty([heads, values], v.dtype)
  for (const [head, tv] of hl.tile([heads, values], { blockSize: [1, null] })) {
    const i = head.id
    const before = state.at(i, ':', tv)
    const decayed = alpha.ndim === 2 ? before.mul(alpha.at(i, ':').unsqueeze(1)) : before.mul(alpha.at(i))
    const s = decayed.add(k.at(i, ':').unsqueeze(1).mul(v.at(i, tv).unsqueeze(0)))
    state.at(i, ':', tv).set(s)
    out.at(i, tv).set(q.at(i, ':').unsqueeze(1).mul(s).sum(0))
  }
  return [out, state]
}

/** The delta rule: what the state already gives for the key is taken out first. */
function correctedStep(q: Tensor, k: Tensor, v: Tensor, state: Tensor, alpha: Tensor, beta: Tensor) {
  const [heads, values] = [q.shape[0], v.shape[1]]
  const out = hl.empty([heads, values], v.dtype)
  for (const [head, tv] of hl.tile([heads, values], { blockSize: [1, null] })) {
    const i = head.id
    const key = k.at(i, ':').unsqueeze(1)
    const b = beta.at(i)
    const s = state.at(i, ':', tv).mul(alpha.at(i, ':').unsqueeze(1)).clone()
    const known = key.mul(s).sum(0, { keepdim: true })
    s.assign(s.sub(b.mul(key).mul(known)))
    s.assign(s.add(b.mul(key).mul(v.at(i, tv).unsqueeze(0))))
    state.at(i, ':', tv).set(s)
    out.at(i, tv).set(q.at(i, ':').unsqueeze(1).mul(s).sum(0))
  }
  return [out, state]
}

/** All steps of a chunk, one after the other. */
function correctedChunk(q: Tensor, a: Tensor, v: Tensor, g: Tensor, beta: Tensor, h: Tensor) {
  const [heads, d, values] = h.shape
  const chunk = hl.specialize(q.shape[1])
  const [out, after] = [hl.empty([heads, chunk, values]), hl.empty([heads, d, values])]
  for (const [head, tv] of hl.tile([heads, values], { blockSize: [1, null] })) {
    const i = head.id
    let s = h.at(i, ':', tv).to('f32')
    for (const j of hl.staticRange(chunk)) {
      s = s.mul(g.at(i, j, ':').exp().unsqueeze(1))
      const [key, b] = [a.at(i, j, ':').unsqueeze(1), beta.at(i, j)]
      const known = key.mul(s).sum(0, { keepdim: true })
      s = s.sub(b.mul(key).mul(known))
      s = s.add(b.mul(key).mul(v.at(i, j, tv).unsqueeze(0)))
      out.at(i, j, tv).set(q.at(i, j, ':').unsqueeze(1).mul(s).sum(0))
    }
    after.at(i, ':', tv).set(s)
  }
  return [out, after]
}

/** States that a list of positions picks; some tokens do nothing. */
function gatedDeltaDecode(
  q: Tensor,
  k: Tensor,
  v: Tensor,
  g: Tensor,
  states: Tensor,
  ids: Tensor,
  active: Tensor,
  beta: Tensor,
  rate: Tensor,
  bias: Tensor,
  scale: number,
) {
  const [tokens, heads, keys] = q.shape
  const values = v.shape[2]
  const out = hl.emptyLike(v)
  for (const t of hl.tile(tokens)) {
    const id = ids.at(t)
    const gathered = states.at(id, ':', ':', ':')
    const isActive = t.index.lt(active.at(0))
    const state = gathered.mul(isActive.to('f32').unsqueeze(1).unsqueeze(2).unsqueeze(3))
    const [qt, kt] = [q, k].map((x) => {
      const row = x.at(t, ':', ':')
      return row.mul(row.mul(row).sum(-1, { keepdim: true }).add(1e-6).rsqrt())
    }) as [ReturnType<typeof q.at>, ReturnType<typeof q.at>]
    const gate = rate
      .at(':', ':')
      .exp()
      .neg()
      .mul(g.at(t, ':', ':').add(bias.at(':', ':')).softplus())
    const decayed = state.mul(gate.unsqueeze(-1).exp())
    const batch = t.blockSize.mul(heads)
    const known = kt
      .reshape([batch, 1, keys])
      .dot(decayed.reshape([batch, keys, values]))
      .reshape([t, heads, values])
    const residual = beta
      .at(t, ':', ':')
      .sigmoid()
      .mul(v.at(t, ':', ':').sub(known))
    const next = decayed.add(kt.unsqueeze(-1).mul(residual.unsqueeze(-2)))
    const output = qt
      .mul(scale)
      .reshape([batch, 1, keys])
      .dot(next.reshape([batch, keys, values]))
      .reshape([t, heads, values])
    const isOn = isActive.to('f32').unsqueeze(1).unsqueeze(2)
    out.at(t, ':', ':').set(output.mul(isOn))
    const on = isOn.unsqueeze(1)
    hl.store(states, [id, ':', ':', ':'], next.mul(on).add(gathered.mul(hl.sub(1, on))))
  }
  return [out, states]
}

/** The last inputs of each sequence lie in a tensor that the kernel moves on. */
function causalConvDecode(x: Tensor, weight: Tensor, states: Tensor, bias: Tensor, ids: Tensor) {
  const [tokens] = x.shape
  const taps = hl.specialize(weight.shape[0])
  const out = hl.emptyLike(x)
  for (const t of hl.tile(tokens)) {
    const id = ids.at(t)
    const before = hl.load(states, [id, ':', ':', ':'])
    const token = x.at(t, ':', ':')
    const tap = hl.arange(taps).unsqueeze(1).unsqueeze(2)
    const weights = weight.at(':', ':', ':')
    const only = (i: number) => weights.mul(tap.eq(i < 0 ? taps + i : i)).sum(0)
    const old = [0, 1, 2].map((i) => before.at(':', i, ':', ':'))
    const acc = token.mul(only(-1)).clone()
    for (const [i, value] of old.entries()) acc.addAssign(value.mul(only(i)))
    out.at(t, ':', ':').set(acc.add(bias.at(':', ':')))
    const place = hl.arange(3).unsqueeze(1).unsqueeze(2).unsqueeze(0)
    const later = [before.at(':', 1, null, ':', ':'), before.at(':', 2, null, ':', ':')] as const
    const moved = hl.where(place.eq(0), later[0], hl.where(place.eq(1), later[1], token.unsqueeze(1)))
    hl.store(states, [id, ':', ':', ':'], moved)
  }
  return [out, states]
}

type State = (d: number, e: number) => number

export const LINEAR_STEPS: Readonly<Record<string, Port>> = {
  recurrent_step_scalar: {
    kernel: recurrentStep,
    args: [numbers([3, 5]), numbers([3, 5]), numbers([3, 6]), numbers([3, 5, 6]), numbers([3])],
    reference: stepReference((alpha, i) => alpha(i)),
  },
  recurrent_step_diagonal: {
    kernel: recurrentStep,
    args: [numbers([3, 5]), numbers([3, 5]), numbers([3, 6]), numbers([3, 5, 6]), numbers([3, 5])],
    reference: stepReference((alpha, i, d) => alpha(i, d)),
  },
  recurrent_step_correction: {
    kernel: correctedStep,
    args: [
      numbers([3, 5]),
      numbers([3, 5]),
      numbers([3, 6]),
      numbers([3, 5, 6]),
      numbers([3, 5]),
      numbers([3]),
    ],
    reference: (q: Elements, k: Elements, v: Elements, s: Elements, alpha: Elements, beta: Elements) => {
      const after = (i: number, d: number, e: number): number => {
        const decayed: State = (p) => alpha(i, p) * s(i, p, e)
        const known = sum(5, (p) => k(i, p) * decayed(p, e))
        return decayed(d, e) + beta(i) * k(i, d) * (v(i, e) - known)
      }
      return [
        ...each([3, 6], (i, e) => sum(5, (d) => q(i, d) * after(i, d, e))),
        ...each([3, 5, 6], after as Elements),
      ]
    },
    tolerance: 1e-3,
  },
  chunk_fwd_correction: {
    kernel: correctedChunk,
    args: [
      numbers([2, 4, 3]),
      numbers([2, 4, 3]),
      numbers([2, 4, 5]),
      numbers([2, 4, 3]),
      numbers([2, 4]),
      numbers([2, 3, 5]),
    ],
    reference: (q: Elements, a: Elements, v: Elements, g: Elements, beta: Elements, h: Elements) => {
      const after = (i: number, j: number, d: number, e: number): number => {
        if (j < 0) return h(i, d, e)
        const decayed = (p: number): number => Math.exp(g(i, j, p)) * after(i, j - 1, p, e)
        const known = sum(3, (p) => a(i, j, p) * decayed(p))
        return decayed(d) + beta(i, j) * a(i, j, d) * (v(i, j, e) - known)
      }
      return [
        ...each([2, 4, 5], (i, j, e) => sum(3, (d) => q(i, j, d) * after(i, j, d, e))),
        ...each([2, 3, 5], (i, d, e) => after(i, 3, d, e)),
      ]
    },
    tolerance: 1e-3,
  },
  gdn_decode: {
    kernel: gatedDeltaDecode,
    args: [
      numbers([4, 2, 3]),
      numbers([4, 2, 3]),
      numbers([4, 2, 5]),
      numbers([4, 2, 3]),
      numbers([6, 2, 3, 5]),
      integers([5, 0, 3, 2]),
      integers([3]),
      numbers([4, 2, 5]),
      numbers([2, 3]),
      numbers([2, 3]),
      0.5,
    ],
    reference: (
      q: Elements,
      k: Elements,
      v: Elements,
      g: Elements,
      s: Elements,
      ids: Elements,
      active: Elements,
      beta: Elements,
      rate: Elements,
      bias: Elements,
      scale: number,
    ) => {
      const unit = (x: Elements, t: number, h: number, d: number): number =>
        x(t, h, d) / Math.sqrt(sum(3, (p) => x(t, h, p) ** 2) + 1e-6)
      const after = (t: number, h: number, d: number, e: number): number => {
        const decayed = (p: number): number =>
          s(ids(t), h, p, e) * Math.exp(-Math.exp(rate(h, p)) * Math.log1p(Math.exp(g(t, h, p) + bias(h, p))))
        const known = sum(3, (p) => unit(k, t, h, p) * decayed(p))
        return decayed(d) + unit(k, t, h, d) * sigmoid(beta(t, h, e)) * (v(t, h, e) - known)
      }
      const tokenOf = (at: number): number => [0, 1, 2, 3].findIndex((t) => ids(t) === at)
      return [
        ...each([4, 2, 5], (t, h, e) =>
          t < active(0) ? scale * sum(3, (d) => unit(q, t, h, d) * after(t, h, d, e)) : 0,
        ),
        ...each([6, 2, 3, 5], (at, h, d, e) => {
          const t = tokenOf(at)
          return t >= 0 && t < active(0) ? after(t, h, d, e) : s(at, h, d, e)
        }),
      ]
    },
    tolerance: 1e-3,
  },
  causal_conv1d_decode: {
    kernel: causalConvDecode,
    args: [
      numbers([3, 2, 5]),
      numbers([4, 2, 5]),
      numbers([5, 3, 2, 5]),
      numbers([2, 5]),
      integers([4, 0, 2]),
    ],
    reference: (x: Elements, w: Elements, s: Elements, bias: Elements, ids: Elements) => {
      const input = (t: number, i: number, h: number, d: number): number =>
        i < 3 ? s(ids(t), i, h, d) : x(t, h, d)
      return [
        ...each([3, 2, 5], (t, h, d) => bias(h, d) + sum(4, (i) => input(t, i, h, d) * w(i, h, d))),
        ...each([5, 3, 2, 5], (at, i, h, d) => {
          const t = [0, 1, 2].findIndex((token) => ids(token) === at)
          return t < 0 ? s(at, i, h, d) : input(t, i + 1, h, d)
        }),
      ]
    },
  },
}

function stepReference(decay: (alpha: Elements, i: number, d: number) => number) {
  return (q: Elements, k: Elements, v: Elements, s: Elements, alpha: Elements) => {
    const after = (i: number, d: number, e: number): number =>
      decay(alpha, i, d) * s(i, d, e) + k(i, d) * v(i, e)
    return [
      ...each([3, 6], (i, e) => sum(5, (d) => q(i, d) * after(i, d, e))),
      ...each([3, 5, 6], after as Elements),
    ]
  }
}
