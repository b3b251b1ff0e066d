/**
 * What a model is: something that learns, from a lesson, which of the kept configs to use on a shape. A
 * backend offers a series of policies from the smallest to the largest; validation on held-out shapes picks
 * one.
 */
import type { Row } from '../features/columns.ts'
import type { Lesson } from '../learn/lesson.ts'
import type { TreeNode } from '../learn/tree.ts'
import { argmin, at, entryAt, range } from '../numeric.ts'

export type BackendName = 'decision_tree' | 'ml_cart' | 'nearest_neighbor' | 'single_config'

/** Kept configs by position in the matrix; choices of policies are positions in this list. */
export type Kept = readonly number[]

export interface Policy {
  /** Leaves of a tree, rows of a table: what a reader has to read. */
  readonly size: number
  /** The choice for a shape. */
  readonly choose: (row: Row) => number
  readonly program: Program
}

/** How a policy decides, as data that can be written down as code. */
export type Program = TreeProgram | TableProgram

export interface TreeProgram {
  readonly kind: 'tree'
  /** Terms by position in the lesson's list; leaves hold choices. */
  readonly root: TreeNode
}

/**
 * The choice of the nearest entry; entries with other categories are out of the question while others match.
 */
export interface TableProgram {
  readonly kind: 'table'
  /** Columns that are compared, in the lesson's numbering, with the weight of a squared difference. */
  readonly axes: readonly { readonly column: number; readonly log: boolean; readonly weight: number }[]
  readonly categories: readonly number[]
  readonly entries: readonly { readonly row: Row; readonly choice: number }[]
}

export interface Backend {
  readonly name: BackendName
  /** One sentence for reports. */
  readonly summary: string
  /** Policies in ascending order of size; at least one. */
  readonly fit: (lesson: Lesson, kept: Kept) => readonly Policy[]
}

/** Losses of the kept configs only, for every row of a lesson. */
export function keptLosses(lesson: Lesson, kept: Kept): Float64Array[] {
  return lesson.expected.map((row) => Float64Array.from(kept, (config) => at(row, config)))
}

/**
 * Largest loss of a policy on a measured shape: what is certain of it where samples tell, else what the
 * teacher, who sees through noise, expects.
 */
export function worstOnMeasured(lesson: Lesson, kept: Kept, { choose }: Pick<Policy, 'choose'>): number {
  const losses = lesson.taught.map((taught, row) => {
    const column = entryAt(kept, choose(entryAt(lesson.rows, row)))
    const certain = at(entryAt(lesson.certain, row), column)
    return Number.isNaN(certain) ? at(taught, column) : certain
  })
  return Math.max(...losses)
}

export interface OverallChoices {
  /** The choice with the least expected total loss. */
  readonly best: number
  /** The choice whose worst expected loss is least. */
  readonly safest: number
  /** All choices, the best worst case first. */
  readonly order: readonly number[]
}

/** What to choose when nothing is known of a shape. */
export function overallChoices(lesson: Lesson, kept: Kept): OverallChoices {
  const losses = keptLosses(lesson, kept)
  const totals = kept.map((_, choice) =>
    losses.reduce((sum, row, index) => sum + at(row, choice) * at(lesson.weights, index), 0),
  )
  const worst = kept.map((_, choice) => losses.reduce((most, row) => Math.max(most, at(row, choice)), 0))
  const order = range(kept.length).sort(
    (a, b) => entryAt(worst, a) - entryAt(worst, b) || entryAt(totals, a) - entryAt(totals, b) || a - b,
  )
  return { best: argmin(totals), safest: order[0] ?? 0, order }
}
