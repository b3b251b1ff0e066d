/** Which configs a module holds: the subset search, asked the right question for a lesson. */
import { sha16 } from '../../../support/stable.ts'
import type { Lesson } from '../learn/lesson.ts'
import {
  columnsOfMatrix,
  limitsByDefault,
  offersDefault,
  regretOf,
  rowsOf,
  type TimingMatrix,
  timesOf,
} from '../matrix.ts'
import { argmin, at, entryAt, ROUNDING, range } from '../numeric.ts'
import type { Goal } from '../select/goals.ts'
import { type Selection, selectConfigs } from '../select/subset.ts'
import type { LossTable } from '../select/subset_task.ts'
import type { SubsetPoint } from './decision.ts'
import type { DecisionSettings } from './settings.ts'
import { regretStatistics } from './statistics.ts'

/**
 * Learning works on at most this many configs: of a large sweep those that matter most on the measured
 * shapes. Choosing the set costs their square, and sweeps have had 15 to 28 that were best somewhere.
 */
const MOST_CANDIDATES = 48
/** And finds them on at most this many shapes, evenly picked: the work grows with them. */
const MOST_WITNESSES = 400
/** Stands for infinity where a sum must stay finite: a factor of 22,000, more than any shape is worth. */
const VERY_SLOW = 10

/** The configs to keep for a lesson. `previous` holds hashes of configs that an earlier module kept. */
export function keepConfigs(
  lesson: Lesson,
  settings: DecisionSettings,
  previous: ReadonlySet<string> = new Set(),
): Selection {
  const preferred = range(lesson.matrix.configs.length).filter((column) =>
    previous.has(entryAt(lesson.matrix.configs, column).hash),
  )
  return selectConfigs({
    measured: measuredTable(lesson.matrix),
    atDefault: limitsByDefault(lesson.matrix),
    expected: { losses: lesson.expected, weights: lesson.weights },
    goal: settings.goal,
    maxConfigs: settings.maxConfigs,
    price: settings.configPrice,
    preferred: new Set(preferred),
  })
}

/**
 * A matrix without the configs that no good small set would hold; those by which all shapes together can
 * reach the goal stay, and every shape keeps one that it can run.
 */
export function narrowed(
  whole: TimingMatrix,
  { goal, maxConfigs, defaults }: DecisionSettings,
): TimingMatrix {
  const matrix = offersDefault(whole)
    ? columnsOfMatrix(whole, columnsBeside(whole, defaults, goal.threshold))
    : whole
  if (matrix.configs.length <= MOST_CANDIDATES) return matrix
  const columns = new Set([
    ...bestSet(thinned(matrix), MOST_CANDIDATES).configs,
    ...bestSet(matrix, maxConfigs, goal).configs,
    // What is learned of the default needs no company, and shapes to come may need it.
    ...(offersDefault(matrix) ? [matrix.configs.length - 1] : []),
  ])
  for (const row of range(matrix.shapes.length)) {
    const times = timesOf(matrix, row)
    if (![...columns].some((column) => Number.isFinite(times[column]))) columns.add(argmin(times))
  }
  return columnsOfMatrix(
    matrix,
    [...columns].sort((a, b) => a - b),
  )
}

/**
 * Those that were measured somewhere else than where they are the default. Of the rest, which have a shape
 * each, nothing is known elsewhere, and a matrix that is mostly holes teaches nothing. Beside the default of
 * each shape `{}` says as much of them; without it they stay where no other is as fast as the goal asks, and
 * where they are the default of every shape.
 */
function columnsBeside(matrix: TimingMatrix, defaults: boolean, threshold: number): readonly number[] {
  const standard = matrix.configs.length - 1
  const times = range(matrix.shapes.length).map((row) => timesOf(matrix, row))
  const isDefault = (column: number) =>
    times.every((row) => !Number.isFinite(row[column]) || row[column] === row[standard])
  const others = range(standard).filter((column) => !isDefault(column))
  if (defaults) return [...others, standard]
  const isServed = (row: Float64Array, ms: number) =>
    !Number.isFinite(ms) || others.some((column) => at(row, column) <= threshold * ms)
  return range(standard).filter(
    (column) =>
      others.includes(column) ||
      times.every((row) => Number.isFinite(row[column])) ||
      !times.every((row) => isServed(row, at(row, column))),
  )
}

/** Every n-th shape, as many as are needed to judge sets of configs. */
function thinned(matrix: TimingMatrix): TimingMatrix {
  const step = Math.max(1, matrix.shapes.length / MOST_WITNESSES)
  const rows = range(Math.min(matrix.shapes.length, MOST_WITNESSES)).map((index) => Math.floor(index * step))
  return rowsOf(matrix, rows)
}

/** Best sets of at most 1, 2, … configs on the measured shapes. */
export function subsetCurve(matrix: TimingMatrix, most: number): readonly SubsetPoint[] {
  const witnesses = thinned(matrix)
  return range(Math.min(most, matrix.configs.length)).map((index) => {
    const { configs } = bestSet(witnesses, index + 1)
    const regrets = matrix.shapes.map((_, row) =>
      Math.min(...configs.map((column) => regretOf(matrix, row, column))),
    )
    const { geomean, worst } = regretStatistics(regrets)
    return { configs: index + 1, geomean, worst }
  })
}

/** The hash by which configs are compared with those of an earlier module. */
export function configHash(config: unknown): string {
  return sha16(config)
}

/** With a goal the smallest set that reaches it, without one the best of a size. */
function bestSet(matrix: TimingMatrix, size: number, goal?: Goal): Selection {
  const measured = measuredTable(matrix)
  const losses = measured.losses.map((row) => row.map((loss) => Math.min(loss, VERY_SLOW)))
  return selectConfigs({
    measured,
    atDefault: limitsByDefault(matrix),
    expected: { losses, weights: measured.weights },
    goal: goal ?? { name: 'geomean_slowdown', threshold: 1 + ROUNDING },
    maxConfigs: size,
    price: goal ? VERY_SLOW : ROUNDING,
  })
}

/** As measured, noise and all: the goal is judged by the same numbers in the end. */
function measuredTable(matrix: TimingMatrix): LossTable {
  const losses = matrix.shapes.map((_, row) =>
    Float64Array.from(matrix.configs, (_, column) => Math.log(regretOf(matrix, row, column))),
  )
  return { losses, weights: Float64Array.from(matrix.shapes, (shape) => shape.weight) }
}
