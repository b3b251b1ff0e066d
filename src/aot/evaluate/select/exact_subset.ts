/**
 * Is there a smaller set that reaches the goal as well? Branch and bound over all sets, cut off where even
 * all configs that are left could not reach the goal. Gives up, without an answer, when the search grows too
 * large.
 */
import { at, entryAt, range } from '../numeric.ts'
import { GOALS } from './goals.ts'
import type { SubsetTask } from './subset_task.ts'

/** Sets looked at before giving up: about a tenth of a second. */
const MOST_STEPS = 20_000
/** And with many shapes fewer: each set looks at every shape. */
const MOST_CELLS = 20_000_000

/** Sets of more configs are too many to be looked through. */
const MOST_CONFIGS = 16

/** A set of fewer than `size` configs that reaches the goal and covers every shape, or `undefined`. */
export function smallerSubset(task: SubsetTask, size: number): readonly number[] | undefined {
  const { losses } = task.measured
  if (size > MOST_CONFIGS) return undefined
  const steps = Math.min(MOST_STEPS, MOST_CELLS / Math.max(1, losses.length))
  const order = byCoverage(task)
  const search: Search = { task, order, suffixes: suffixMinima(losses, order), steps: { left: steps } }
  const none = new Float64Array(losses.length).fill(Number.POSITIVE_INFINITY)
  for (let target = 1; target < size; target++) {
    const found = descend(search, none, 0, target)
    if (found || search.steps.left <= 0) return found
  }
  return undefined
}

interface Search {
  readonly task: SubsetTask
  /** Candidates, the most useful first. */
  readonly order: readonly number[]
  /** Row minima over the candidates from a position on. */
  readonly suffixes: readonly Float64Array[]
  readonly steps: { left: number }
}

function descend(
  search: Search,
  rows: Float64Array,
  from: number,
  left: number,
): readonly number[] | undefined {
  if (left === 0) return undefined
  for (let position = from; position < search.order.length; position++) {
    if (search.steps.left-- <= 0) return undefined
    const hopeful = reaches(search.task, minimum(rows, entryAt(search.suffixes, position)))
    if (!hopeful) return undefined
    const config = entryAt(search.order, position)
    const next = rows.map((loss, row) =>
      Math.min(loss, at(entryAt(search.task.measured.losses, row), config)),
    )
    if (reaches(search.task, next)) return [config]
    const rest = descend(search, next, position + 1, left - 1)
    if (rest) return [config, ...rest]
  }
  return undefined
}

function reaches({ goal, measured }: SubsetTask, logs: Float64Array): boolean {
  if (logs.includes(Number.POSITIVE_INFINITY)) return false
  return GOALS[goal.name].distance({ logs, weights: measured.weights }, goal.threshold) === 0
}

function byCoverage({ measured, goal }: SubsetTask): readonly number[] {
  const limit = Math.log(goal.threshold)
  const covered = range(measured.losses[0]?.length ?? 0).map(
    (config) => measured.losses.filter((row) => at(row, config) <= limit).length,
  )
  return range(covered.length).sort((a, b) => entryAt(covered, b) - entryAt(covered, a) || a - b)
}

function suffixMinima(losses: readonly Float64Array[], order: readonly number[]): readonly Float64Array[] {
  const suffixes: Float64Array[] = []
  let least = new Float64Array(losses.length).fill(Number.POSITIVE_INFINITY)
  for (const config of [...order].reverse()) {
    least = least.map((value, row) => Math.min(value, at(entryAt(losses, row), config)))
    suffixes.unshift(least)
  }
  return suffixes
}

function minimum(a: Float64Array, b: Float64Array): Float64Array {
  return a.map((value, row) => Math.min(value, at(b, row)))
}
