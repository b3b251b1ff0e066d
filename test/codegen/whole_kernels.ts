/** Kernels with operations on whole tensors. */
import { hl, type Tensor } from '../../src/language/index.ts'

/** A loss for each row in a loop, and what they come to. */
export function meanLoss(x: Tensor): { readonly loss: Tensor; readonly worst: Tensor } {
  const [m] = x.shape
  const losses = hl.empty([m])
  for (const t of hl.tile(m)) losses.at(t).set(x.at(t, ':').logsumexp(-1))
  return { loss: losses.mean(), worst: losses.amax() }
}

/** Rows scaled to a root mean square of one, and the sums of columns. */
export function scaled(x: Tensor, w: Tensor): readonly Tensor[] {
  const rstd = x.square().mean(-1, { keepdim: true }).add(1).rsqrt()
  const y = x.mul(rstd).mul(w)
  return [y, y.sum(0).to('bf16'), rstd.squeeze(-1)]
}

/** A product of what is computed on the way, with a bias. */
export function layer(x: Tensor, w: Tensor, bias: Tensor): Tensor {
  return x.add(1).dot(w.T).add(bias).relu()
}

/** The two largest of each row, and the columns in order. */
export function inOrder(x: Tensor): readonly Tensor[] {
  const { values, indices } = x.mul(2).topk(2, -1)
  return [values, indices, x.sort(0).values]
}

export function total(x: Tensor): readonly Tensor[] {
  return [x.sum(), x.gt(0).any(), x.mul(2).amin()]
}

/** Tensors behind one another, computed where they are needed or not. */
export function together(x: Tensor, y: Tensor): readonly Tensor[] {
  const all = hl.cat([x, y.mul(2)], 1)
  const out = hl.emptyLike(all)
  for (const [i, j] of hl.tile(all.shape)) out.at(i, j).set(all.at(i, j).add(1))
  return [
    out,
    hl.stack([x, x.T.T.neg()], 1).sum(0),
    hl.cat([x, x, all.T.slice(0, 0, x.shape[0])], -1).amax(-1),
  ]
}
