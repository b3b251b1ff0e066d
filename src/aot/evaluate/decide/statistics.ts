/** Regret in numbers: what a set of choices costs, on shapes that were learned from or held out. */
import { quantile } from '../../../support/maths.ts'

/** Time of the choice over the best time of the shape, over many shapes. */
export interface RegretStatistics {
  readonly shapes: number
  readonly geomean: number
  readonly p90: number
  readonly p95: number
  readonly worst: number
  /** Share of shapes on which the choice was slower than the default config beyond 1 %; null without one. */
  readonly worseThanDefault: number | null
  /** Shapes for which a forbidden config was chosen; they are not in the other numbers. */
  readonly forbidden: number
}

const SAME = 1.01

/** `regrets` as chosen, and of the default config on the same shapes, NaN where that is not known. */
export function regretStatistics(
  regrets: readonly number[],
  ofDefault?: readonly number[],
): RegretStatistics {
  const finite = regrets.filter(Number.isFinite)
  const logs = finite.map(Math.log)
  const mean = logs.reduce((sum, log) => sum + log, 0) / Math.max(1, logs.length)
  const compared = regrets.flatMap((regret, index) => {
    const standard = ofDefault?.[index] ?? Number.NaN
    return Number.isNaN(standard) ? [] : regret > standard * SAME
  })
  return {
    shapes: regrets.length,
    geomean: Math.exp(mean),
    p90: finite.length > 0 ? quantile(finite, 0.9) : 1,
    p95: finite.length > 0 ? quantile(finite, 0.95) : 1,
    worst: Math.max(1, ...finite),
    worseThanDefault: compared.length > 0 ? compared.filter(Boolean).length / compared.length : null,
    forbidden: regrets.length - finite.length,
  }
}
