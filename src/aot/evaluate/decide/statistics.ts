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

/**
 * Apart from the shapes that count for the goal: further ones, of no weight, which are learned from alone.
 */
export interface JudgedRegrets {
  readonly counted: RegretStatistics
  /** Null where there are none. */
  readonly further: RegretStatistics | null
}

/** Slower by less is a matter of measuring. */
const SAME = 1.01

/**
 * Shapes from which on a build tells what held-out ones lose. Over ten kernels, three
 * draws each, means from 4 and 6 shapes are 12 % off the truth (one standard deviation), from 8 7 %, from 10
 * 5 %; 95th percentiles from 4 shapes are 35 % off, and 21 % too good.
 */
export const LEAST_HELD_OUT = 8

/** Why a build of so few shapes says nothing of others. */
export const TOO_FEW_HELD_OUT: string = `fewer than ${LEAST_HELD_OUT} shapes, so none were held out`

/** What further shapes are, for headers, terminals and reports. */
export function furtherText({ shapes, geomean, worst }: RegretStatistics): string {
  return (
    `${geomean.toFixed(3)} on ${shapes} further ${shapes === 1 ? 'shape' : 'shapes'}, ` +
    `${worst.toFixed(2)} at most: no goal is about them`
  )
}

/** What the choice among kept configs can cost at worst on measured shapes. */
export function worstOfKeptText(worst: number): string {
  return Number.isFinite(worst)
    ? `${worst.toFixed(2)} at most with any kept config`
    : 'not every kept config runs on each'
}

/** Whether a goal is about a shape. Where no shape has weight, all count. */
export function countsFor(shapes: readonly { readonly weight: number }[]): (shape: number) => boolean {
  const some = shapes.some(({ weight }) => weight > 0)
  return (shape) => !some || (shapes[shape]?.weight ?? 0) > 0
}

/** The regrets of the shapes that count, and of the others; `ofDefault` as for `regretStatistics`. */
export function judgedRegrets(
  shapes: readonly { readonly weight: number }[],
  regrets: readonly number[],
  ofDefault?: readonly number[],
): JudgedRegrets {
  const counts = countsFor(shapes)
  const part = (isCounted: boolean) => (values: readonly number[]) =>
    values.filter((_, shape) => counts(shape) === isCounted)
  const [inside, outside] = [part(true), part(false)]
  const others = outside(regrets)
  return {
    counted: regretStatistics(inside(regrets), ofDefault && inside(ofDefault)),
    further: others.length > 0 ? regretStatistics(others, ofDefault && outside(ofDefault)) : null,
  }
}

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
