/** Attention in plain JavaScript, one element at a time. */

export interface Query {
  readonly q: ArrayLike<number>
  readonly k: ArrayLike<number>
  readonly v: ArrayLike<number>
  /** Of `q`, counted through all heads. */
  readonly row: number
  /** Of keys and values. */
  readonly head: number
  /** Positions of a head, and how many of them the query sees. */
  readonly n: number
  readonly seen: number
  readonly width: number
}

/** A column of the result of a query. */
export function attentionAt({ q, k, v, row, head, n, seen, width }: Query, column: number): number {
  const scores = Array.from({ length: seen }, (_, j) => {
    let sum = 0
    for (let l = 0; l < width; l++) sum += (q[row * width + l] ?? 0) * (k[(head * n + j) * width + l] ?? 0)
    return sum / Math.sqrt(width)
  })
  const top = scores.reduce((a, b) => Math.max(a, b))
  const weights = scores.map((score) => Math.exp(score - top))
  const total = weights.reduce((a, b) => a + b, 0)
  return weights.reduce(
    (sum, weight, j) => sum + (weight / total) * (v[(head * n + j) * width + column] ?? 0),
    0,
  )
}
