/**
 * What no config can be faster than: for each resource (work, bytes, loads; of all workgroups together and of
 * one alone) the highest rate that any config reached on any measured shape. A config whose limit on a shape
 * is far above that of the best is out of the question there, whatever a model makes of it: a roofline
 * (Williams, Waterman and Patterson, 2009) whose roofs are measured.
 */
import type { Row } from '../features/columns.ts'
import { argmin, at, entryAt, minOf } from '../numeric.ts'
import type { FactsOf } from './cell_axes.ts'

/** By config: the log slowdown that it has at least; 0 where nothing speaks against it. */
export type SpeedLimits = (row: Row) => Float64Array

/** Share of the shortest time that is no work: launching and waiting. */
const LAUNCH = 0.5
/** Limits are rough: what differs by less may be the other way round. */
const CERTAIN = 1.6

/** `times` by row, then by config; infinite where a config failed. `undefined` where nothing ran. */
export function speedLimits(
  factsOf: FactsOf,
  rows: readonly Row[],
  times: readonly Float64Array[],
): SpeedLimits {
  const shortest = Math.min(...times.map(minOf))
  const launch = LAUNCH * shortest
  const rates = ratesOf(factsOf, rows, times, launch)
  const limitsOf = (row: Row) =>
    Float64Array.from(factsOf(row), ({ demands }) => {
      if (demands.length === 0) return Number.NaN
      let most = 0
      for (let i = 0; i < demands.length; i++) most = Math.max(most, at(demands, i) / at(rates, i))
      return Math.max(shortest, launch + most)
    })
  // Nothing is believed that would have refused the fastest config of a measured shape.
  const certain = Math.max(
    CERTAIN,
    ...rows.map((row, index) => ofFastest(limitsOf(row), entryAt(times, index))),
  )
  return (row) => {
    const limits = limitsOf(row)
    const least = leastKnown(limits)
    return limits.map((limit) => (limit > certain * least ? Math.log(limit / least) : 0))
  }
}

function ratesOf(
  factsOf: FactsOf,
  rows: readonly Row[],
  times: readonly Float64Array[],
  launch: number,
): Float64Array {
  const rates: number[] = []
  rows.forEach((row, index) => {
    factsOf(row).forEach(({ demands }, config) => {
      const time = at(entryAt(times, index), config) - launch
      demands.forEach((demand, i) => {
        rates[i] = Math.max(rates[i] ?? 0, demand / time)
      })
    })
  })
  return Float64Array.from(rates, (rate) => (rate > 0 ? rate : Number.POSITIVE_INFINITY))
}

/** 0 where nothing is known of it. */
function ofFastest(limits: Float64Array, times: Float64Array): number {
  return at(limits, argmin(times)) / leastKnown(limits) || 0
}

function leastKnown(limits: Float64Array): number {
  return minOf(limits.filter((limit) => !Number.isNaN(limit)))
}
