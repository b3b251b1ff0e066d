/**
 * Where a config is forbidden, as far as a sweep can tell. A failure with a system (too large a row, too
 * little memory) holds for unseen shapes too: those beyond a failed one, or nearest to it. A hole without a
 * system (a line that was torn) is no evidence against the config elsewhere.
 */
import type { Column, Row } from '../features/columns.ts'
import type { Losses } from '../matrix.ts'
import { at, entryAt, range } from '../numeric.ts'
import { standardised } from './coordinates.ts'
import { refusalOf } from './refusals.ts'

/** A config that fails is as bad as one that takes 20 times as long: worse than any that a search keeps. */
export const FORBIDDEN_LOSS: number = Math.log(20)

export interface ForbiddenMap {
  /** Per config: do its failures follow from the shape? */
  readonly systematic: readonly boolean[]
  /** True when the config must be expected to fail on a shape. */
  readonly expected: (row: Row, config: number) => boolean
}

/** `isRefused` tells failures that are the compiler's, which have a reason, from others. */
export function forbiddenMap(
  columns: readonly Column[],
  rows: readonly Row[],
  losses: Losses,
  isRefused: (row: number, config: number) => boolean = () => false,
): ForbiddenMap {
  const place = standardised(columns, rows)
  const points = rows.map(place)
  const configs = range(losses[0]?.length ?? 0)
  const failed = configs.map((config) => range(rows.length).filter((row) => !ran(losses, row, config)))
  const refusals = configs.map((config) => {
    const refused = entryAt(failed, config).filter((row) => isRefused(row, config))
    return { refused, ran: range(rows.length).filter((row) => ran(losses, row, config)) }
  })
  const refusal = refusals.map((each) => refusalOf(columns, rows, each))
  const systematic = configs.map(
    (config) =>
      entryAt(refusals, config).refused.length > 0 ||
      hasSystem(points, losses, config, entryAt(failed, config)),
  )
  const grows = configs.map((config) => growsWithSize(columns, rows, losses, config, entryAt(failed, config)))
  return {
    systematic,
    expected(row, config) {
      const failures = entryAt(failed, config)
      if (!systematic[config] || failures.length === 0) return false
      const told = entryAt(refusal, config)(row)
      if (told !== undefined) return told
      if (grows[config] && failures.some((other) => contains(columns, row, entryAt(rows, other)))) return true
      return !ran(losses, nearest(points, place(row), -1), config)
    },
  }
}

function ran(losses: Losses, row: number, config: number): boolean {
  return Number.isFinite(losses[row]?.[config])
}

/**
 * Failures keep company: most failed shapes have a failed shape for their nearest, or there are no others.
 */
function hasSystem(
  points: readonly Float64Array[],
  losses: Losses,
  config: number,
  failed: readonly number[],
): boolean {
  if (failed.length < 2) return failed.length === 1 && points.length < 8
  const together = failed.filter((row) => !ran(losses, nearest(points, entryAt(points, row), row), config))
  return 2 * together.length >= failed.length
}

/** No shape at least as large as a failed one ever worked. */
function growsWithSize(
  columns: readonly Column[],
  rows: readonly Row[],
  losses: Losses,
  config: number,
  failed: readonly number[],
): boolean {
  return failed.every((small) =>
    rows.every((row, index) => !ran(losses, index, config) || !contains(columns, row, entryAt(rows, small))),
  )
}

/** At least as large in every size, and equal in all else. */
function contains(columns: readonly Column[], large: Row, small: Row): boolean {
  return columns.every((column, index) =>
    column.kind === 'size' ? at(large, index) >= at(small, index) : at(large, index) === at(small, index),
  )
}

function nearest(points: readonly Float64Array[], point: Float64Array, except: number): number {
  let best = -1
  let least = Number.POSITIVE_INFINITY
  points.forEach((other, index) => {
    if (index === except) return
    let distance = 0
    for (let d = 0; d < point.length; d++) distance += (at(point, d) - at(other, d)) ** 2
    if (distance >= least) return
    least = distance
    best = index
  })
  return best
}
