/** Kernels that scan rows, and combine them by functions of their own. */
import { hl, type Tensor, type TileValue } from '../../src/language/index.ts'

/** Composes x -> a0 * x + b0, then a1 * x + b1: associative, and not commutative. */
function compose(
  [a0, b0]: readonly [TileValue, TileValue],
  [a1, b1]: readonly [TileValue, TileValue],
): [TileValue, TileValue] {
  return [a0.mul(a1), b0.mul(a1).add(b1)]
}

/** y[i] = a[i] * y[i - 1] + b[i] along each row. */
export function recurrence(a: Tensor, b: Tensor): Tensor {
  const out = hl.emptyLike(b)
  for (const t of hl.tile(a.shape[0])) {
    const [, y] = hl.associativeScan(compose, [a.at(t, ':'), b.at(t, ':')], 1)
    out.at(t, ':').set(y)
  }
  return out
}

/** The same from the end of each row to its beginning. */
export function reverseRecurrence(a: Tensor, b: Tensor): Tensor {
  const out = hl.emptyLike(b)
  for (const t of hl.tile(a.shape[0])) {
    const [, y] = hl.associativeScan(compose, [a.at(t, ':'), b.at(t, ':')], 1, { reverse: true })
    out.at(t, ':').set(y)
  }
  return out
}

/** The last of it alone. */
export function lastOfRecurrence(a: Tensor, b: Tensor): Tensor {
  const out = hl.empty([a.shape[0]])
  for (const t of hl.tile(a.shape[0])) {
    const [, y] = hl.reduce(compose, [a.at(t, ':'), b.at(t, ':')], 1)
    out.at(t).set(y)
  }
  return out
}

/** Mean and variance of each row in one pass (Chan, Golub and LeVeque; Welford for single elements). */
export function welford(x: Tensor): { mean: Tensor; variance: Tensor } {
  const [m, n] = x.shape
  const mean = hl.empty([m])
  const variance = hl.empty([m])
  for (const t of hl.tile(m)) {
    const row = x.at(t, ':')
    const state = [row, row.mul(0), row.mul(0).add(1)] as const
    const [mu, m2] = hl.reduce(
      ([muA, m2A, countA], [muB, m2B, countB]) => {
        const count = countA.add(countB)
        const share = hl.where(count.gt(0), countB.div(count), 0)
        const delta = muB.sub(muA)
        return [muA.add(delta.mul(share)), m2A.add(m2B).add(delta.mul(delta).mul(countA).mul(share)), count]
      },
      state,
      1,
      { identity: [0, 0, 0] },
    )
    mean.at(t).set(mu)
    variance.at(t).set(m2.div(n))
  }
  return { mean, variance }
}

/** Sums along rows or columns, and what they come to in all. */
export function sums(axis: 0 | 1, reverse: boolean) {
  return (x: Tensor): Tensor => {
    const out = hl.emptyLike(x)
    for (const t of hl.tile(x.shape[1 - axis] ?? 0)) {
      const at = axis === 1 ? ([t, ':'] as const) : ([':', t] as const)
      out.at(...at).set(x.at(...at).cumsum(axis, { reverse }))
    }
    return out
  }
}

/** A scan between reductions of the same rows: passes over a streamed row make it again. */
export function normalizedSums(x: Tensor): Tensor {
  const out = hl.emptyLike(x)
  for (const t of hl.tile(x.shape[0])) {
    const row = x.at(t, ':')
    const running = row.sub(row.amin(1, { keepdim: true })).cumsum(1)
    out.at(t, ':').set(running.mul(2).sub(running.amax(1, { keepdim: true })))
  }
  return out
}
