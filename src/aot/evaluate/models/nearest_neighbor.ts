/**
 * The config that is best on the nearest measured shape: distances between logs of sizes, each in units of
 * its spread, categories equal wherever an equal one exists. Entries that their neighbours make superfluous
 * are left out, so that the table stays short.
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
    const losses = keptLosses(lesson, kept)
    const entries = range(lesson.measured).map((index) => ({
      row: entryAt(lesson.rows, index),
      choice: argmin(entryAt(losses, index)),
    }))
    return [tablePolicy(condensed({ ...axesOf(lesson), entries }))]
  },
}

/** The position of the nearest entry. */
export function nearestEntry(table: Omit<TableProgram, 'kind'>, row: Row): number {
  let best = 0
  let least = Number.POSITIVE_INFINITY
  table.entries.forEach((entry, index) => {
    const distance = distanceTo(table, entry.row, row)
    if (distance >= least) return
    least = distance
    best = index
  })
  return best
}

/** More than any distance between sizes: entries of another category come last. */
export const OTHER_CATEGORY = 1e6

function distanceTo(table: Omit<TableProgram, 'kind'>, a: Row, b: Row): number {
  let distance = 0
  for (const { column, log, weight } of table.axes) {
    const x = at(a, column)
    const y = at(b, column)
    distance += (log ? logSize(x) - logSize(y) : x - y) ** 2 * weight
  }
  for (const column of table.categories) if (at(a, column) !== at(b, column)) distance += OTHER_CATEGORY
  return distance
}

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

/** Keeps the entries that the others would decide wrongly, one after the other, until none is wrong. */
function condensed(table: Omit<TableProgram, 'kind'>): TableProgram {
  let entries = table.entries.slice(0, 1)
  for (let changed = true; changed; ) {
    changed = false
    for (const entry of table.entries) {
      const nearest = entryAt(entries, nearestEntry({ ...table, entries }, entry.row))
      if (nearest.choice === entry.choice) continue
      entries = [...entries, entry]
      changed = true
    }
    if (entries.length >= table.entries.length) break
  }
  return { kind: 'table', ...table, entries }
}

function tablePolicy(program: TableProgram): Policy {
  return {
    size: program.entries.length,
    choose: (row) => entryAt(program.entries, nearestEntry(program, row)).choice,
    program,
  }
}
