/**
 * Shapes that nobody measured but somebody may run: made from measured ones by exchanging sizes between
 * neighbours and by moving sizes a little. They stay inside the range of the sweep and keep the divisibility
 * of its sizes; whatever is no size is kept as it is.
 */
import type { Random } from '../../../support/random.ts'
import type { Column, Row } from '../features/columns.ts'
import { at, entryAt, maxOf, meanOf, minOf, range } from '../numeric.ts'
import { logSize, standardised } from './coordinates.ts'

/** How many neighbours may lend their sizes: all of a dozen shapes. */
const NEIGHBOURS = 12
/**
 * A size that takes few values (powers of two, model widths: fewer than 4 in 10 shapes) is mostly one of
 * them; others mostly move.
 */
const FEW_VALUES = 0.4
const KEEP = { fewValues: 0.75, manyValues: 0.3 } as const
/** Width of a move, in standard deviations of the column's log2; no move is longer than 1.5 times this. */
const MOVE = 0.5

interface SizeColumn {
  readonly index: number
  readonly keep: number
  readonly spread: number
  readonly lowest: number
  readonly highest: number
  readonly values: readonly number[]
}

/** `count` rows, spread evenly over the measured ones. */
export function virtualShapes(
  columns: readonly Column[],
  rows: readonly Row[],
  count: number,
  random: Random,
): Row[] {
  const sizes = columns.flatMap((column, index) => (column.kind === 'size' ? [describe(rows, index)] : []))
  if (sizes.length === 0 || rows.length < 2) return []
  const place = standardised(columns, rows)
  const points = rows.map(place)
  const near = new Map<number, readonly number[]>()
  const order = random.shuffle(range(rows.length))
  return range(count).map((n) => {
    const base = entryAt(order, n % rows.length)
    const lenders = near.get(base) ?? nearest(points, base)
    near.set(base, lenders)
    const row = entryAt(rows, base).slice()
    for (const size of sizes) row[size.index] = drawSize(size, rows, lenders, random)
    return row
  })
}

function describe(rows: readonly Row[], index: number): SizeColumn {
  const values = rows.map((row) => at(row, index))
  const logs = values.map(logSize)
  const mean = meanOf(logs)
  return {
    index,
    keep: new Set(values).size < FEW_VALUES * values.length ? KEEP.fewValues : KEEP.manyValues,
    spread: Math.sqrt(meanOf(logs.map((log) => (log - mean) ** 2))),
    lowest: minOf(values),
    highest: maxOf(values),
    values,
  }
}

function drawSize(
  size: SizeColumn,
  rows: readonly Row[],
  lenders: readonly number[],
  random: Random,
): number {
  const lent = at(entryAt(rows, random.choice(lenders)), size.index)
  if (lent === 0 || random.next() < size.keep) return lent
  const bell = random.next() + random.next() + random.next() - 1.5
  const moved = 2 ** (logSize(lent) + MOVE * size.spread * bell)
  const step = powerOf2Factor(random.choice(size.values))
  const rounded = Math.max(step, Math.round(moved / step) * step)
  return Math.min(Math.max(rounded, size.lowest), size.highest)
}

/** Largest power of two, up to 16, that divides a size. */
function powerOf2Factor(size: number): number {
  return [16, 8, 4, 2].find((by) => size % by === 0 && size > 0) ?? 1
}

function nearest(points: readonly Float64Array[], base: number): readonly number[] {
  const from = entryAt(points, base)
  const distances = points.map((point) =>
    point.reduce((sum, value, d) => sum + (value - at(from, d)) ** 2, 0),
  )
  const order = range(points.length).sort((a, b) => entryAt(distances, a) - entryAt(distances, b) || a - b)
  return order.slice(0, NEIGHBOURS)
}
