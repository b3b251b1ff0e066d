/**
 * How far each model of a teacher is to be believed: the shares by which their mean predicts best what shapes
 * hold that the models were not fitted on. Stacked regressions: Breiman, Machine Learning 24 (1996).
 */
import type { ConfigData } from '../../../config/value.ts'
import type { Column, Row } from '../features/columns.ts'
import type { Term } from '../features/terms.ts'
import { addTo, at, entriesAt, entryAt, meanOf, range } from '../numeric.ts'

/** What models are fitted on: outputs by row, then by config. */
export interface TeacherData {
  readonly columns: readonly Column[]
  readonly rows: readonly Row[]
  readonly terms: readonly Term[]
  readonly configs: readonly ConfigData[]
  readonly outputs: readonly Float64Array[]
}

/** By model: a prediction for each config. */
export type Predictions = (row: Row) => readonly Float64Array[]

/** By model; they sum to 1. */
export type Shares = readonly number[]

const FOLDS = 4
/** Shares are tried in steps of a tenth. */
const STEPS = 10
/** What is believed before anything is held out counts as much as so many rows. */
const PRIOR_ROWS = 8

/** The shares of the models that `fit` gives, by leaving out a part of the rows in turn. */
export function stackedShares(
  data: TeacherData,
  models: number,
  fit: (part: TeacherData) => Predictions,
): Shares {
  const { rows, outputs } = data
  const folds = Math.min(FOLDS, rows.length)
  if (folds < 2) return sharesBefore(models)
  const errors = range(folds).flatMap((fold) => {
    const outside = range(rows.length).filter((row) => row % folds === fold)
    const inside = range(rows.length).filter((row) => row % folds !== fold)
    const predict = fit({ ...data, rows: entriesAt(rows, inside), outputs: entriesAt(outputs, inside) })
    return outside.map((row) =>
      predict(entryAt(rows, row)).map((values) => errorsOf(values, entryAt(outputs, row))),
    )
  })
  const before = sharesBefore(models)
  const missed = (shares: Shares) => errors.reduce((sum, row) => sum + squares(mixed(row, shares)), 0)
  const doubt = (PRIOR_ROWS / rows.length) * missed(before) * models
  const score = (shares: Shares) =>
    missed(shares) +
    doubt * shares.reduce((sum, share, model) => sum + (share - entryAt(before, model)) ** 2, 0)
  return sharesOf(models, STEPS)
    .map((parts) => parts.map((part) => part / STEPS))
    .reduce((best, shares) => (score(shares) < score(best) ? shares : best), before)
}

/**
 * Shares where nothing is held out: those of the smooth model, of the forest and, where there is one, of the
 * model of cells, which is the best of them with few rows.
 */
export function sharesBefore(models: number): Shares {
  return models === 3 ? [1 / 6, 1 / 6, 2 / 3] : [2 / 3, 1 / 3]
}

/** The mean of predictions by share. */
export function mixed(predictions: readonly Float64Array[], shares: Shares): Float64Array {
  const sum = new Float64Array(predictions[0]?.length ?? 0)
  predictions.forEach((values, model) => {
    for (let c = 0; c < sum.length; c++) addTo(sum, c, entryAt(shares, model) * at(values, c))
  })
  return sum
}

/** What a prediction misses of the differences between configs. */
function errorsOf(predicted: Float64Array, actual: Float64Array): Float64Array {
  const errors = predicted.map((value, config) => value - at(actual, config))
  const mean = meanOf(errors)
  return errors.map((error) => error - mean)
}

function squares(values: Float64Array): number {
  return values.reduce((sum, value) => sum + value ** 2, 0)
}

/** Every way to share out `whole` among some models. */
function sharesOf(models: number, whole: number): readonly (readonly number[])[] {
  if (models === 1) return [[whole]]
  return range(whole + 1).flatMap((first) =>
    sharesOf(models - 1, whole - first).map((others) => [first, ...others]),
  )
}
