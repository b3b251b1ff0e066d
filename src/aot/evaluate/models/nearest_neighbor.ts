/**
 * The config that is best on the nearest measured shape: distances between logs of sizes, categories equal
 * wherever an equal one exists. How much each size counts is learned by leaving one shape out at a time: the
 * nearest of the others should be a good adviser. Entries that their neighbours make superfluous are left
 * out, so that the table stays short.
 */
import type { Column, Row } from '../features/columns.ts'
import { logSize } from '../learn/coordinates.ts'
import type { Lesson } from '../learn/lesson.ts'
import { argmin, at, entryAt, meanOf, range } from '../numeric.ts'
import { type Backend, keptLosses, type Policy, type TableProgram } from './model.ts'

export const nearestNeighbor: Backend = {
  name: 'nearest_neighbor',
  summary: 'the best config of the nearest measured shape, by logs of sizes',
  fit(lesson, kept) {
    const losses = keptLosses(lesson, kept).slice(0, lesson.measured)
    const entries = losses.map((row, index) => ({ row: entryAt(lesson.rows, index), choice: argmin(row) }))
    const table = { ...axesOf(lesson), entries }
    return [tablePolicy(condensed(withLearnedWeights(table, losses)))]
  },
}

type Table = Omit<TableProgram, 'kind'>

/** The position of the entry nearest to a row, the first of equals. */
export function nearestFinder(table: Table): (row: Row) => number {
  const places = placesOf(table)
  const weights = weightsOf(table)
  return (row) => {
    const place = placeOf(table, row)
    let best = 0
    let least = Number.POSITIVE_INFINITY
    places.forEach((other, index) => {
      const distance = distanceOf(weights, place, other)
      if (distance >= least) return
      least = distance
      best = index
    })
    return best
  }
}

/** More than any distance between sizes: entries of another category come last. */
export const OTHER_CATEGORY = 1e6

/** Coordinates of a row: its axes, then its categories. */
function placeOf({ axes, categories }: Table, row: Row): Float64Array {
  const numbers = axes.map(({ column, log }) => (log ? logSize(at(row, column)) : at(row, column)))
  return Float64Array.of(...numbers, ...categories.map((column) => at(row, column)))
}

function placesOf(table: Table): Float64Array[] {
  return table.entries.map(({ row }) => placeOf(table, row))
}

/** What a squared difference of each coordinate of the axes counts; those that follow are categories. */
function weightsOf({ axes }: Table): Float64Array {
  return Float64Array.from(axes, ({ weight }) => weight)
}

function distanceOf(weights: Float64Array, a: Float64Array, b: Float64Array): number {
  let distance = 0
  for (let d = 0; d < weights.length; d++) distance += (at(a, d) - at(b, d)) ** 2 * at(weights, d)
  for (let d = weights.length; d < a.length; d++) if (at(a, d) !== at(b, d)) distance += OTHER_CATEGORY
  return distance
}

/** All axes of a lesson, each in units of its spread. */
function axesOf(lesson: Lesson): Pick<TableProgram, 'axes' | 'categories'> {
  const measured = lesson.rows.slice(0, lesson.measured)
  const positions = range(lesson.columns.length)
  const isCategory = (column: Column) => column.kind === 'category'
  return {
    categories: positions.filter((index) => isCategory(entryAt(lesson.columns, index))),
    axes: positions
      .filter((index) => !isCategory(entryAt(lesson.columns, index)))
      .map((column) => {
        const log = entryAt(lesson.columns, column).kind === 'size'
        const values = measured.map((row) => (log ? logSize(at(row, column)) : at(row, column)))
        const mean = meanOf(values)
        const variance = meanOf(values.map((value) => (value - mean) ** 2))
        return { column, log, weight: variance > 0 ? 1 / variance : 1 }
      }),
  }
}

/** Leaving one out costs the square of the shapes: more than this many are thinned out evenly. */
const MOST_ADVISERS = 200
/**
 * Weights are of squares: a step doubles or halves what a size counts. It ends before where nothing is saved.
 */
const FACTORS: readonly number[] = [4, 1 / 4]
const ROUNDS = 3
/** Share of the loss that a change of weights must save. */
const LEAST_SAVING = 1e-3

/** The weights under which the nearest other entry costs least, found one axis at a time. */
function withLearnedWeights(table: Table, losses: readonly Float64Array[]): Table {
  const step = Math.max(1, table.entries.length / MOST_ADVISERS)
  const sample = range(Math.min(table.entries.length, MOST_ADVISERS)).map((i) => Math.floor(i * step))
  const places = sample.map((index) => placeOf(table, entryAt(table.entries, index).row))
  const choices = sample.map((index) => entryAt(table.entries, index).choice)
  const cost = (weights: Float64Array): number =>
    places.reduce((sum, place, i) => {
      const adviser = nearestOther(weights, places, place, i)
      return sum + at(entryAt(losses, entryAt(sample, i)), entryAt(choices, adviser))
    }, 0)
  let best = weightsOf(table)
  let least = cost(best)
  for (let round = 0, changed = places.length > 1; round < ROUNDS && changed; round++) {
    changed = false
    for (const axis of range(best.length))
      for (const factor of FACTORS) {
        const tried = best.map((weight, index) => (index === axis ? weight * factor : weight))
        const loss = cost(tried)
        if (loss >= least * (1 - LEAST_SAVING)) continue
        best = tried
        least = loss
        changed = true
      }
  }
  return { ...table, axes: table.axes.map((axis, index) => ({ ...axis, weight: at(best, index) })) }
}

function nearestOther(
  weights: Float64Array,
  places: readonly Float64Array[],
  place: Float64Array,
  except: number,
): number {
  let best = except
  let least = Number.POSITIVE_INFINITY
  places.forEach((other, index) => {
    if (index === except) return
    const distance = distanceOf(weights, place, other)
    if (distance >= least) return
    least = distance
    best = index
  })
  return best
}

/** Keeps the entries that the others would decide wrongly, one after the other, until none is wrong. */
function condensed(table: Table): TableProgram {
  const places = placesOf(table)
  const weights = weightsOf(table)
  const distances = places.map(() => Number.POSITIVE_INFINITY)
  const advice = places.map(() => -1)
  const kept: number[] = []
  const keep = (added: number): void => {
    const { choice } = entryAt(table.entries, added)
    kept.push(added)
    places.forEach((place, index) => {
      const distance = distanceOf(weights, place, entryAt(places, added))
      if (distance >= entryAt(distances, index)) return
      distances[index] = distance
      advice[index] = choice
    })
  }
  keep(0)
  for (let before = 0; before < kept.length && kept.length < places.length; ) {
    before = kept.length
    table.entries.forEach(({ choice }, index) => {
      if (advice[index] !== choice && !kept.includes(index)) keep(index)
    })
  }
  return { kind: 'table', ...table, entries: kept.map((index) => entryAt(table.entries, index)) }
}

function tablePolicy(program: TableProgram): Policy {
  const nearest = nearestFinder(program)
  return {
    size: program.entries.length,
    choose: (row) => entryAt(program.entries, nearest(row)).choice,
    program,
  }
}
