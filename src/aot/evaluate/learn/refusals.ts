/**
 * Which shapes a compiler refuses a config on, from those on which it did: it has a reason, and the reason is
 * a size that is too large or too small, or not a multiple of what the config moves at once. All reasons of
 * that kind that agree with what is known have a vote (a version space: Mitchell, 1982).
 */
import type { Column, Row } from '../features/columns.ts'
import { at, entryAt, range } from '../numeric.ts'

/** What became of a config on the measured shapes: their positions. */
export interface Refusals {
  readonly refused: readonly number[]
  readonly ran: readonly number[]
}

/** How far a shape is refused: 0 where a reason speaks against it, 1 where it speaks for it, else between. */
type Reason = (row: Row) => number

/** Vectors of four elements, and rows of 16 bytes of any dtype or of 16 elements. */
const DIVISORS: readonly number[] = [4, 16]
/** Half of the reasons are enough: what serves instead costs more than another choice. */
const ENOUGH = 0.5

/**
 * True where the config must be expected to be refused; undefined where refusals tell nothing of a shape,
 * because no single reason is behind them.
 */
export function refusalOf(
  columns: readonly Column[],
  rows: readonly Row[],
  { refused, ran }: Refusals,
): (row: Row) => boolean | undefined {
  if (refused.length === 0) return () => undefined
  const categories = range(columns.length).filter((column) => columns[column]?.kind === 'category')
  const classOf = (row: Row) => categories.map((column) => at(row, column)).join()
  const byClass = new Map<string, readonly Reason[] | boolean>()
  const known = (name: string): readonly Reason[] | boolean => {
    const inside = (positions: readonly number[]) =>
      positions.map((position) => entryAt(rows, position)).filter((row) => classOf(row) === name)
    const [bad, good] = [inside(refused), inside(ran)]
    if (bad.length === 0) return good.length === 0 ? [] : false
    return good.length === 0 ? true : reasonsOf(columns, bad, good)
  }
  return (row) => {
    const name = classOf(row)
    const reasons = byClass.get(name) ?? known(name)
    byClass.set(name, reasons)
    if (typeof reasons === 'boolean') return reasons
    if (reasons.length === 0) return undefined
    return reasons.reduce((sum, reason) => sum + reason(row), 0) >= ENOUGH * reasons.length
  }
}

/** Those that hold for all of the refused rows and for none that ran. */
function reasonsOf(
  columns: readonly Column[],
  refused: readonly Row[],
  ran: readonly Row[],
): readonly Reason[] {
  const sizes = range(columns.length).filter((column) => columns[column]?.kind === 'size')
  return sizes.flatMap((column) => {
    const valuesOf = (rows: readonly Row[]) => rows.map((row) => at(row, column))
    const [bad, good] = [valuesOf(refused), valuesOf(ran)]
    const isUneven = (by: number) => (value: number) => value % by !== 0
    return [
      ...beyond(bad, good, (value) => value, column),
      ...beyond(bad, good, (value) => -value, column),
      ...DIVISORS.filter((by) => bad.every(isUneven(by)) && !good.some(isUneven(by))).map(
        (by): Reason =>
          (row) =>
            Number(isUneven(by)(at(row, column))),
      ),
    ]
  })
}

/** Refused from somewhere between the last that ran and the first that was refused: there it is open. */
function beyond(
  bad: readonly number[],
  good: readonly number[],
  along: (value: number) => number,
  column: number,
): readonly Reason[] {
  const first = Math.min(...bad.map(along))
  const last = Math.max(...good.map(along))
  if (first <= last) return []
  return [
    (row) => {
      const place = along(at(row, column))
      return place >= first ? 1 : place <= last ? 0 : 0.5
    },
  ]
}
