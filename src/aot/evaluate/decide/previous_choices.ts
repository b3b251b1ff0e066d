/**
 * Rebuilding without needless change: the program of an earlier module stays as it is unless the new one is
 * better beyond the error of the measurements.
 */
import type { Column } from '../features/columns.ts'
import type { Term } from '../features/terms.ts'
import type { Lesson } from '../learn/lesson.ts'
import type { TreeNode } from '../learn/tree.ts'
import { regretOf } from '../matrix.ts'
import { entryAt, range } from '../numeric.ts'
import { choose } from './choose.ts'
import type { FittedModel } from './compare_models.ts'
import { assemble, type Finished } from './finish_program.ts'
import { configHash } from './keep_configs.ts'
import type { DecisionSettings } from './settings.ts'

/** A tree in terms of feature names, as it was read from a module. */
export type NamedTree =
  | { readonly choice: number }
  | {
      readonly term: NamedTerm
      readonly threshold: number
      readonly low: NamedTree
      readonly high: NamedTree
    }

/** A term in terms of feature names. */
export type NamedTerm =
  | { readonly kind: 'ratio'; readonly factors: readonly string[]; readonly divisors: readonly string[] }
  | { readonly kind: 'divisible'; readonly name: string; readonly by: number }
  | { readonly kind: 'category'; readonly name: string; readonly value: string }

/** What an earlier module held. */
export interface PreviousChoices {
  readonly configHashes: readonly string[]
  /** Undefined when the module's code could not be understood, for instance because it was edited. */
  readonly tree: NamedTree | undefined
}

/** A difference of less than this in mean log slowdown is nothing, however sure. */
const NOTHING = 0.002

/** Whether a build came to what the earlier module does already. */
export function isRebuilt(
  previous: PreviousChoices,
  lesson: Lesson,
  settings: DecisionSettings,
  fresh: Finished,
  model: FittedModel,
): boolean {
  const text = ({ program, kept, guard, fallbacks }: Finished) =>
    JSON.stringify([program, kept, guard, fallbacks])
  const old = previousProgram(previous, lesson, settings, fresh, model)
  return old !== undefined && text(old) === text(fresh)
}

/** The earlier program with the evidence of a `fresh` one, if it may stay. */
export function previousIsGood(
  previous: PreviousChoices,
  lesson: Lesson,
  settings: DecisionSettings,
  fresh: Finished,
  model: FittedModel,
): Finished | undefined {
  const old = previousProgram(previous, lesson, settings, fresh, model)
  if (!old) return undefined
  const before = lossesOfChoices(lesson, old)
  const after = lossesOfChoices(lesson, fresh)
  if (!before.every(Number.isFinite)) return undefined
  const differences = before.map((loss, row) => loss - entryAt(after, row))
  const mean = differences.reduce((sum, value) => sum + value, 0) / differences.length
  const variance = differences.reduce((sum, value) => sum + (value - mean) ** 2, 0) / differences.length
  const error = Math.sqrt(variance / Math.max(1, differences.length - 1))
  const worst = Math.max(...before) <= Math.max(...after, Math.log(settings.goal.threshold)) + NOTHING
  return worst && mean <= Math.max(NOTHING, error) ? old : undefined
}

/** What the earlier module does, in terms of a lesson; undefined when that cannot be said. */
function previousProgram(
  previous: PreviousChoices,
  lesson: Lesson,
  settings: DecisionSettings,
  { dropped }: Finished,
  model: FittedModel,
): Finished | undefined {
  const kept = previous.configHashes.map((hash) =>
    lesson.matrix.configs.findIndex((config) => config.hash === hash),
  )
  if (!previous.tree || kept.includes(-1) || kept.length > settings.maxConfigs) return undefined
  const terms = lesson.terms
  const root = toTree(previous.tree, terms, lesson.columns)
  if (!root || settings.backend !== 'decision_tree') return undefined
  return assemble(lesson, kept, { kind: 'tree', root }, model, settings, dropped)
}

/** Hashes of the configs of a module. */
export function hashesOf(configs: readonly unknown[]): readonly string[] {
  return configs.map(configHash)
}

function lossesOfChoices(lesson: Lesson, finished: Finished): number[] {
  return range(lesson.measured).map((row) => {
    const safest = finished.fallbacks[0] ?? 0
    const choice = choose(finished.program, lesson.terms, finished.guard, safest, entryAt(lesson.rows, row))
    return Math.log(regretOf(lesson.matrix, row, entryAt(finished.kept, choice)))
  })
}

/** The same tree over the terms of a lesson; `undefined` when one of them is no longer there. */
function toTree(tree: NamedTree, terms: readonly Term[], columns: readonly Column[]): TreeNode | undefined {
  if ('choice' in tree) return { choice: tree.choice }
  const term = terms.findIndex((other) => sameTerm(nameTerm(other, columns), tree.term))
  const low = toTree(tree.low, terms, columns)
  const high = toTree(tree.high, terms, columns)
  return term >= 0 && low && high ? { term, threshold: tree.threshold, low, high } : undefined
}

/** A term with names for columns. */
function nameTerm(term: Term, columns: readonly Column[]): NamedTerm {
  const name = (column: number) => entryAt(columns, column).name
  switch (term.kind) {
    case 'ratio':
      return { kind: 'ratio', factors: term.factors.map(name), divisors: term.divisors.map(name) }
    case 'divisible':
      return { kind: 'divisible', name: name(term.column), by: term.by }
    case 'category':
      return {
        kind: 'category',
        name: name(term.column),
        value: entryAt(columns, term.column).values[term.value] ?? '',
      }
    default:
      return term satisfies never
  }
}

function sameTerm(a: NamedTerm, b: NamedTerm): boolean {
  return JSON.stringify(a) === JSON.stringify(b)
}
