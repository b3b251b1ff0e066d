/**
 * Rebuilding without needless change: the program of an earlier module stays as it is unless the new one is
 * better beyond the error of the measurements.
 */
import type { ConfigData } from '../../../config/value.ts'
import type { Column } from '../features/columns.ts'
import type { Term } from '../features/terms.ts'
import type { Lesson } from '../learn/lesson.ts'
import { isLeaf, type TreeNode } from '../learn/tree.ts'
import { blamedLosses, regretOf } from '../matrix.ts'
import type { Program } from '../models/model.ts'
import { at, entryAt, range } from '../numeric.ts'
import { GOALS } from '../select/goals.ts'
import { choose } from './choose.ts'
import type { FittedModel } from './compare_models.ts'
import { assemble, type Finished } from './finish_program.ts'
import { configHash } from './keep_configs.ts'
import type { DecisionSettings } from './settings.ts'

/** What an earlier module held. */
export interface PreviousChoices {
  readonly configs: readonly ConfigData[]
  readonly columns: readonly Column[]
  readonly terms: readonly Term[]
  readonly program: Program
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
  if (reaches(lesson, settings, fresh) && !reaches(lesson, settings, old)) return undefined
  const differences = before.map((loss, row) => loss - entryAt(after, row))
  const mean = differences.reduce((sum, value) => sum + value, 0) / differences.length
  const variance = differences.reduce((sum, value) => sum + (value - mean) ** 2, 0) / differences.length
  const error = Math.sqrt(variance / Math.max(1, differences.length - 1))
  const worst = Math.max(...before) <= Math.max(...after, Math.log(settings.goal.threshold)) + NOTHING
  return worst && mean <= Math.max(NOTHING, error) ? old : undefined
}

function reaches({ matrix, rows, terms }: Lesson, { goal }: DecisionSettings, finished: Finished): boolean {
  const logs = blamedLosses(matrix).map((losses, row) => {
    const { program, guard, fallbacks, kept } = finished
    return at(losses, entryAt(kept, choose(program, terms, guard, fallbacks[0] ?? 0, entryAt(rows, row))))
  })
  const weights = Float64Array.from(matrix.shapes, ({ weight }) => weight)
  return GOALS[goal.name].distance({ logs: Float64Array.from(logs), weights }, goal.threshold) === 0
}

/** What the earlier module does, in terms of a lesson; undefined when that cannot be said. */
function previousProgram(
  previous: PreviousChoices,
  lesson: Lesson,
  settings: DecisionSettings,
  { dropped }: Finished,
  model: FittedModel,
): Finished | undefined {
  const kept = hashesOf(previous).map((hash) =>
    lesson.matrix.configs.findIndex((config) => config.hash === hash),
  )
  const { program } = previous
  if (program.kind !== 'tree' || kept.includes(-1) || kept.length > settings.maxConfigs) return undefined
  const names = lesson.terms.map((term) => nameOf(term, lesson.columns))
  const positions = previous.terms.map((term) => names.indexOf(nameOf(term, previous.columns)))
  const root = toTree(program.root, positions)
  if (!root || settings.backend !== 'decision_tree') return undefined
  return assemble(lesson, kept, { kind: 'tree', root }, model, settings, dropped)
}

/** Hashes of the configs of a module. */
export function hashesOf({ configs }: Pick<PreviousChoices, 'configs'>): readonly string[] {
  return configs.map(configHash)
}

function lossesOfChoices(lesson: Lesson, finished: Finished): number[] {
  return range(lesson.measured).map((row) => {
    const safest = finished.fallbacks[0] ?? 0
    const choice = choose(finished.program, lesson.terms, finished.guard, safest, entryAt(lesson.rows, row))
    return Math.log(regretOf(lesson.matrix, row, entryAt(finished.kept, choice)))
  })
}

/** The same tree over other terms; `undefined` when one of them is no longer there. */
function toTree(node: TreeNode, positions: readonly number[]): TreeNode | undefined {
  if (isLeaf(node)) return node
  const term = entryAt(positions, node.term)
  const low = toTree(node.low, positions)
  const high = toTree(node.high, positions)
  return term >= 0 && low && high ? { term, threshold: node.threshold, low, high } : undefined
}

/** Text by which terms over different lists of columns are the same. */
function nameOf(term: Term, columns: readonly Column[]): string {
  const name = (column: number) => entryAt(columns, column).name
  switch (term.kind) {
    case 'ratio':
      return JSON.stringify([term.factors.map(name), term.divisors.map(name)])
    case 'divisible':
      return JSON.stringify([name(term.column), term.by])
    case 'category':
      return JSON.stringify([name(term.column), entryAt(columns, term.column).values[term.value] ?? ''])
    default:
      return term satisfies never
  }
}
