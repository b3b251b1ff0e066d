/**
 * Goals: what the kept configs together must reach, with the best kept config on each shape. One row per
 * goal: the statistic, and how far from the threshold a set is, so that a search can move towards it step by
 * step.
 */
import { at, ROUNDING } from '../numeric.ts'

export type GoalName = 'max_slowdown' | 'geomean_slowdown' | 'avg_slowdown'

export interface Goal {
  readonly name: GoalName
  /** Largest allowed value of the statistic; 1 is perfect. */
  readonly threshold: number
}

/** Natural logs of slowdowns, Infinity where nothing kept can run, and the weight of each shape. */
export interface Slowdowns {
  readonly logs: Float64Array
  readonly weights: Float64Array
}

interface GoalRule {
  readonly statistic: (slowdowns: Slowdowns) => number
  /** 0 once the goal is met; smaller is nearer. Shapes that nothing can run are counted elsewhere. */
  readonly distance: (slowdowns: Slowdowns, threshold: number) => number
}

export const GOALS: Readonly<Record<GoalName, GoalRule>> = {
  max_slowdown: {
    statistic: ({ logs, weights }) =>
      Math.exp(logs.reduce((most, log, row) => (at(weights, row) > 0 ? Math.max(most, log) : most), 0)),
    distance: ({ logs, weights }, threshold) => {
      const limit = Math.log(threshold) + ROUNDING
      let missed = 0
      for (let row = 0; row < logs.length; row++) if (at(logs, row) > limit) missed += at(weights, row)
      return missed
    },
  },
  geomean_slowdown: {
    statistic: (slowdowns) => Math.exp(weightedMean(slowdowns, (log) => log)),
    distance: (slowdowns, threshold) =>
      beyond(
        weightedMean(slowdowns, (log) => log, 'finite'),
        Math.log(threshold),
      ),
  },
  avg_slowdown: {
    statistic: (slowdowns) => weightedMean(slowdowns, Math.exp),
    distance: (slowdowns, threshold) => beyond(weightedMean(slowdowns, Math.exp, 'finite'), threshold),
  },
}

/** Mean over shapes of a function of the log slowdown; 0 when nothing has weight. */
export function weightedMean(
  { logs, weights }: Slowdowns,
  value: (log: number) => number,
  which: 'all' | 'finite' = 'all',
): number {
  let sum = 0
  let total = 0
  for (let row = 0; row < logs.length; row++) {
    const weight = at(weights, row)
    const log = at(logs, row)
    if (weight === 0 || (which === 'finite' && log === Number.POSITIVE_INFINITY)) continue
    sum += weight * value(log)
    total += weight
  }
  return total > 0 ? sum / total : 0
}

function beyond(value: number, limit: number): number {
  return Math.max(0, value - limit - ROUNDING)
}
