/**
 * Which configs to keep: the smallest set that reaches the goal on the measured shapes, then more configs
 * only while each pays for itself. Greedy, then exchanges and eliminations until no single step improves the
 * set, then an exact search for a smaller one where the numbers are small.
 */
import { at, entryAt, ROUNDING, range } from '../numeric.ts'
import { smallerSubset } from './exact_subset.ts'
import { GOALS, type Slowdowns, weightedMean } from './goals.ts'
import type { LossTable, SubsetTask } from './subset_task.ts'

export interface Selection {
  /** Positions of the kept configs, ascending. */
  readonly configs: readonly number[]
  readonly goalMet: boolean
  /** The goal's statistic with the kept configs. */
  readonly statistic: number
  /** Rows that no kept config can run though some config can. */
  readonly uncovered: readonly number[]
}

export function selectConfigs(task: SubsetTask): Selection {
  const search = new SubsetSearch(task)
  let chosen = search.improve(search.growToGoal())
  // Where single steps do not lead to the goal, an exact search may find a set of the allowed size.
  const size = search.meetsGoal(chosen) ? chosen.length : chosen.length + 1
  chosen = search.improve(smallerSubset(task, size) ?? chosen)
  chosen = search.growWhilePaying(chosen)
  const slowdowns = search.slowdowns(chosen)
  return {
    configs: [...chosen].sort((a, b) => a - b),
    goalMet: search.meetsGoal(chosen),
    statistic: GOALS[task.goal.name].statistic(slowdowns),
    uncovered: range(slowdowns.logs.length).filter((row) => slowdowns.logs[row] === Number.POSITIVE_INFINITY),
  }
}

/** How good a set is: compared from left to right, less is better. */
interface Score {
  readonly uncovered: number
  readonly distance: number
  readonly loss: number
}

type Subset = readonly number[]

/** A table by config, so that a set's row minima are found by running down columns. */
interface ColumnTable {
  readonly columns: readonly Float64Array[]
  readonly weights: Float64Array
}

/**
 * What it counts, as a mean loss, when the default config is faster on a shape than all that are kept: nobody
 * wants a module that is slower than none, but a config for one shape among hundreds is too much.
 */
const WORSE_THAN_DEFAULT = 0.1

class SubsetSearch {
  readonly #task: SubsetTask
  readonly #measured: ColumnTable
  readonly #expected: ColumnTable
  readonly #candidates: readonly number[]
  readonly #capacity: number

  constructor(task: SubsetTask) {
    this.#task = task
    this.#measured = byColumn(task.measured)
    this.#expected = byColumn(task.expected)
    this.#candidates = range(this.#measured.columns.length)
    this.#capacity = Math.min(task.maxConfigs, this.#candidates.length)
  }

  /** Adds the best next config until the goal is met and every shape is covered, or the set is full. */
  growToGoal(): Subset {
    let chosen: Subset = []
    while (chosen.length < this.#capacity && !(chosen.length > 0 && this.meetsGoal(chosen)))
      chosen = this.#bestWithOneMore(chosen).subset
    return chosen
  }

  /** Adds configs that save more than their price, exchanging others as it goes. */
  growWhilePaying(start: Subset): Subset {
    let chosen = start
    while (chosen.length < this.#capacity) {
      const larger = this.#exchange(this.#bestWithOneMore(chosen).subset)
      if (this.#score(chosen).loss - this.#score(larger).loss <= this.#task.price) break
      chosen = larger
    }
    return this.#eliminate(chosen, this.#task.price)
  }

  /** Exchanges and eliminations until neither helps. */
  improve(start: Subset): Subset {
    let chosen = this.#exchange(start)
    for (;;) {
      const smaller = this.#eliminate(chosen, Number.POSITIVE_INFINITY)
      if (smaller.length === chosen.length) return chosen
      chosen = this.#exchange(smaller)
    }
  }

  meetsGoal(chosen: Subset): boolean {
    const { uncovered, distance } = this.#score(chosen)
    return uncovered === 0 && distance === 0
  }

  slowdowns(chosen: Subset): Slowdowns {
    return rowMinima(this.#measured, chosen)
  }

  #score(chosen: Subset): Score {
    return this.#judge(chosen, this.slowdowns(chosen), rowMinima(this.#expected, chosen))
  }

  #judge(chosen: Subset, measured: Slowdowns, expected: Slowdowns): Score {
    const { goal, preferred, price, atDefault } = this.#task
    const newcomers = preferred?.size ? chosen.filter((config) => !preferred.has(config)).length : 0
    const { logs, weights } = measured
    let uncovered = 0
    let worse = 0
    let total = 0
    for (let row = 0; row < logs.length; row++) {
      const log = at(logs, row)
      const weight = at(weights, row)
      if (log === Number.POSITIVE_INFINITY) uncovered++
      if (log > at(atDefault, row)) worse += weight
      total += weight
    }
    return {
      uncovered,
      distance: GOALS[goal.name].distance(measured, goal.threshold),
      loss:
        weightedMean(expected, identity) + (worse / (total || 1)) * WORSE_THAN_DEFAULT + newcomers * price,
    }
  }

  /** `base` and whichever config goes best with it. */
  #bestWithOneMore(base: Subset): { subset: Subset; score: Score } {
    const measured = rowMinima(this.#measured, base)
    const expected = rowMinima(this.#expected, base)
    let best: { subset: Subset; score: Score } | undefined
    for (const config of this.#candidates) {
      if (base.includes(config)) continue
      const subset = [...base, config]
      const score = this.#judge(
        subset,
        lowered(measured, entryAt(this.#measured.columns, config)),
        lowered(expected, entryAt(this.#expected.columns, config)),
      )
      if (!best || isBetter(score, best.score)) best = { subset, score }
    }
    return best ?? { subset: base, score: this.#judge(base, measured, expected) }
  }

  /** Swaps single configs for others while that improves the score. */
  #exchange(start: Subset): Subset {
    let chosen = start
    let score = this.#score(chosen)
    for (let moved = true; moved; ) {
      moved = false
      for (const config of chosen) {
        const swapped = this.#bestWithOneMore(chosen.filter((other) => other !== config))
        if (!isBetter(swapped.score, score)) continue
        ;({ subset: chosen, score } = swapped)
        moved = true
        break
      }
    }
    return chosen
  }

  /** Drops configs that cost at most `price` each and are not needed for the goal or for a shape. */
  #eliminate(start: Subset, price: number): Subset {
    let chosen = start
    let score = this.#score(chosen)
    while (chosen.length > 1) {
      let best: { subset: Subset; score: Score } | undefined
      for (const config of chosen) {
        const subset = chosen.filter((other) => other !== config)
        const next = this.#score(subset)
        if (!best || isBetter(next, best.score)) best = { subset, score: next }
      }
      if (!best || best.score.uncovered > score.uncovered || best.score.distance > score.distance) break
      if (best.score.loss - score.loss > price) break
      chosen = best.subset
      score = best.score
    }
    return chosen
  }
}

function identity(log: number): number {
  return log
}

function isBetter(a: Score, b: Score): boolean {
  if (a.uncovered !== b.uncovered) return a.uncovered < b.uncovered
  if (Math.abs(a.distance - b.distance) > ROUNDING) return a.distance < b.distance
  return a.loss < b.loss - ROUNDING
}

function byColumn({ losses, weights }: LossTable): ColumnTable {
  const configs = range(losses[0]?.length ?? 0)
  return { weights, columns: configs.map((config) => Float64Array.from(losses, (row) => at(row, config))) }
}

function rowMinima(table: ColumnTable, chosen: Subset): Slowdowns {
  const logs = new Float64Array(table.weights.length).fill(Number.POSITIVE_INFINITY)
  for (const config of chosen) lower(logs, logs, entryAt(table.columns, config))
  return { logs, weights: table.weights }
}

function lowered({ logs, weights }: Slowdowns, column: Float64Array): Slowdowns {
  const result = new Float64Array(logs.length)
  lower(result, logs, column)
  return { logs: result, weights }
}

function lower(target: Float64Array, logs: Float64Array, column: Float64Array): void {
  for (let row = 0; row < target.length; row++) {
    const a = at(logs, row)
    const b = at(column, row)
    target[row] = a < b ? a : b
  }
}
