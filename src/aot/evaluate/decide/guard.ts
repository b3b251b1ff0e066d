/**
 * What happens to shapes that are unlike anything in the sweep. The hull is the range of every size and the
 * set of every category that was seen; a policy says what the module does outside of it.
 */
import { UsageError } from '../../../support/errors.ts'
import type { Column, Row } from '../features/columns.ts'
import { at, maxOf, minOf } from '../numeric.ts'

/**
 * `safe`: outside the hull the config with the best worst case. `nearest`: sizes are moved to the edge of the
 * hull, then the model decides. `tree`: the model decides everywhere. `auto`: the model decides on all sizes,
 * and categories never seen get the config with the best worst case: on measured shapes, that one may be many
 * times slower than the end of the tree on larger ones.
 */
export type OutsidePolicy = 'auto' | 'safe' | 'nearest' | 'tree'

const POLICIES: readonly string[] = ['auto', 'safe', 'nearest', 'tree']

/** Range of a column that was seen. */
export interface HullEdge {
  readonly column: number
  readonly low: number
  readonly high: number
}

export interface Guard {
  readonly policy: OutsidePolicy
  /** Ranges beyond which the policy acts (`nearest`: to which sizes are moved). */
  readonly edges: readonly HullEdge[]
  /** Columns whose category must be a known one. */
  readonly categories: readonly number[]
}

/** The policy of that name; throws UsageError for others. */
export function outsidePolicyOf(name: string): OutsidePolicy {
  if (POLICIES.includes(name)) return name as OutsidePolicy
  throw new UsageError(`unknown policy ${JSON.stringify(name)} for shapes outside the sweep`, {
    remedy: `Use one of ${POLICIES.join(', ')}.`,
  })
}

/** Range of every column that is no category, over some rows. */
export function hullOf(columns: readonly Column[], rows: readonly Row[]): readonly HullEdge[] {
  return columns.flatMap(({ kind }, column) => {
    if (kind === 'category' || rows.length === 0) return []
    const values = rows.map((row) => at(row, column))
    return [{ column, low: minOf(values), high: maxOf(values) }]
  })
}

export function makeGuard(policy: OutsidePolicy, columns: readonly Column[], rows: readonly Row[]): Guard {
  const hull = policy === 'tree' ? [] : hullOf(columns, rows)
  const watched = policy === 'auto' || policy === 'safe'
  return {
    policy,
    categories: watched ? columns.flatMap(({ kind }, index) => (kind === 'category' ? [index] : [])) : [],
    edges: policy === 'auto' ? [] : hull,
  }
}

/** True when the guard takes the decision away from the model. */
export function isOutside(guard: Guard, row: Row): boolean {
  if (guard.policy !== 'auto' && guard.policy !== 'safe') return false
  return (
    guard.categories.some((column) => at(row, column) < 0) ||
    guard.edges.some(({ column, low, high }) => at(row, column) < low || at(row, column) > high)
  )
}

/** The row that the model is asked about. */
export function movedInside(guard: Guard, row: Row): Row {
  if (guard.policy !== 'nearest') return row
  const moved = row.slice()
  for (const { column, low, high } of guard.edges)
    moved[column] = Math.min(Math.max(at(row, column), low), high)
  return moved
}
