/**
 * Attention of `q`, `k` and `v`, each `[heads, positions, width]`, without a matrix of all weights in memory:
 * causal or not, with a bias or none. The backward pass makes the weights again from `lse`.
 */
import { hl, kernel, randn, type Tensor, type Tile, type TileValue } from 'helion-aot'
import { type Example, runIfMain } from './shared/example.ts'
import { dot, type Matrix, product, softmaxOf, sum, transpose, type Vector } from './shared/plain.ts'

/**
 * `bias`, if there is one, is `[heads, positions, positions]`. `lse` is the logsumexp of each row of scores.
 */
export const attention = kernel(function attention(
  q: Tensor,
  k: Tensor,
  v: Tensor,
  scale: number,
  causal: boolean,
  bias?: Tensor,
) {
  const [heads, n, width] = q.shape
  const out = hl.emptyLike(q)
  const lse = hl.empty([heads, n])
  for (const [h, tq] of hl.tile([heads, n])) {
    const queries = q.at(h, tq, ':')
    const top = hl.full([h, tq], -Infinity)
    const total = hl.zeros([h, tq])
    const acc = hl.zeros([h, tq, width])
    for (const tk of hl.tile(causal ? tq.end : n)) {
      const products = queries.dot(k.at(h, tk, ':').transpose()).mul(scale)
      const biased = bias ? products.add(bias.at(h, tq, tk)) : products
      const scores = causal ? hl.where(isBefore(tk, tq), biased, -1e30) : biased
      const next = hl.maximum(top, scores.amax(-1))
      const weights = scores.sub(next.unsqueeze(-1)).exp()
      const rescale = top.sub(next).exp()
      total.assign(total.mul(rescale).add(weights.sum(-1)))
      acc.mulAssign(rescale.unsqueeze(-1))
      acc.addDot(weights.to(v.dtype), v.at(h, tk, ':'))
      top.assign(next)
    }
    out.at(h, tq, ':').set(acc.div(total.unsqueeze(-1)))
    lse.at(h, tq).set(top.add(total.log()))
  }
  return { out, lse }
})

export const attentionBackward = kernel(function attentionBackward(
  dout: Tensor,
  q: Tensor,
  k: Tensor,
  v: Tensor,
  out: Tensor,
  lse: Tensor,
  scale: number,
  causal: boolean,
) {
  const [heads, n, width] = q.shape
  const [dq, dk, dv] = [hl.emptyLike(q), hl.emptyLike(k), hl.emptyLike(v)]
  const delta = hl.empty([heads, n])
  for (const [h, t] of hl.tile([heads, n])) {
    delta.at(h, t).set(
      dout
        .at(h, t, ':')
        .mul(out.at(h, t, ':'))
        .sum(-1),
    )
  }

  /** Weights of keys for queries, and the gradients of their scores. */
  function gradients(h: Tile, tq: Tile, tk: Tile): { weights: TileValue; dscores: TileValue } {
    const scores = q
      .at(h, tq, ':')
      .dot(k.at(h, tk, ':').transpose())
      .mul(scale)
    const all = scores.sub(lse.at(h, tq, null)).exp()
    const weights = causal ? hl.where(isBefore(tk, tq), all, 0) : all
    const dweights = dout.at(h, tq, ':').dot(v.at(h, tk, ':').transpose())
    return { weights, dscores: weights.mul(dweights.sub(delta.at(h, tq, null))).mul(scale) }
  }

  for (const [h, tk] of hl.tile([heads, n])) {
    const [dkeys, dvalues] = [hl.zeros([h, tk, width]), hl.zeros([h, tk, width])]
    for (const tq of hl.tile(causal ? tk.begin : 0, n)) {
      const { weights, dscores } = gradients(h, tq, tk)
      dkeys.addDot(dscores.transpose(), q.at(h, tq, ':'))
      dvalues.addDot(weights.transpose(), dout.at(h, tq, ':'))
    }
    dk.at(h, tk, ':').set(dkeys)
    dv.at(h, tk, ':').set(dvalues)
  }
  for (const [h, tq] of hl.tile([heads, n])) {
    const dqueries = hl.zeros([h, tq, width])
    for (const tk of hl.tile(causal ? tq.end : n)) {
      dqueries.addDot(gradients(h, tq, tk).dscores, k.at(h, tk, ':'))
    }
    dq.at(h, tq, ':').set(dqueries)
  }
  return { dq, dk, dv }
})

/** `[tq, tk]`: whether a query may see a key. */
function isBefore(tk: Tile, tq: Tile): TileValue {
  return tk.index.unsqueeze(0).le(tq.index.unsqueeze(1))
}

function scoresOf(q: Matrix, k: Matrix, scale: number, causal: boolean, bias?: Matrix): Matrix {
  const seen = (i: number, j: number): boolean => !causal || j <= i
  const score = (i: number, j: number): number => dot(q[i], k[j]) * scale + (bias?.[i][j] ?? 0)
  return q.map((_, i) => k.map((_, j) => (seen(i, j) ? score(i, j) : Number.NEGATIVE_INFINITY)))
}

type Heads = readonly Matrix[]

function forward(q: Heads, k: Heads, v: Heads, scale: number, causal: boolean, bias?: Heads): unknown {
  const scores = q.map((queries, h) => scoresOf(queries, k[h], scale, causal, bias?.[h]))
  const lseOf = (row: Vector): number => Math.log(sum(row.map(Math.exp)))
  return {
    out: scores.map((rows, h) => product(rows.map(softmaxOf), v[h])),
    lse: scores.map((rows) => rows.map(lseOf)),
  }
}

function backward(
  dout: Heads,
  q: Heads,
  k: Heads,
  v: Heads,
  _out: Heads,
  _lse: Matrix,
  scale: number,
  causal: boolean,
): unknown {
  const heads = q.map((queries, h) => {
    const weights = scoresOf(queries, k[h], scale, causal).map(softmaxOf)
    const dweights = product(dout[h], transpose(v[h]))
    const dscores = weights.map((row, i) =>
      row.map((weight, j) => weight * (dweights[i][j] - dot(row, dweights[i])) * scale),
    )
    return {
      dq: product(dscores, k[h]),
      dk: product(transpose(dscores), queries),
      dv: product(transpose(weights), dout[h]),
    }
  })
  return { dq: heads.map(({ dq }) => dq), dk: heads.map(({ dk }) => dk), dv: heads.map(({ dv }) => dv) }
}

const inputs = (heads: number, n: number, width: number): Tensor[] =>
  [1, 2, 3].map(() => randn([heads, n, width]))

export const examples: readonly Example[] = [
  {
    kernel: attention,
    args: (heads, n, width) => [...inputs(heads, n, width), width ** -0.5, true],
    reference: forward,
    sizes: [[2, 5, 3]],
    bench: [32, 1024, 64],
  },
  {
    kernel: attention,
    args: (heads, n, width) => [...inputs(heads, n, width), width ** -0.5, false, randn([heads, n, n])],
    reference: forward,
    sizes: [[2, 5, 3]],
    bench: [32, 1024, 64],
  },
  {
    kernel: attentionBackward,
    args: (heads, n, width) => {
      const [q, k, v, dout] = [...inputs(heads, n, width), randn([heads, n, width])]
      const { out, lse } = attention(q, k, v, width ** -0.5, true)
      return [dout, q, k, v, out, lse, width ** -0.5, true]
    },
    reference: backward,
    sizes: [[2, 5, 3]],
    bench: [32, 1024, 64],
  },
]

await runIfMain(import.meta.url, examples)
