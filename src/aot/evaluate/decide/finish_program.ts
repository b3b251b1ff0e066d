/**
 * From the policy that validation picked to the program that is written down: terms and thresholds tidied, a
 * guard for shapes outside the sweep, configs nobody chooses left out, and the evidence for each leaf
 * collected.
 */
import type { ConfigData } from '../../../config/value.ts'
import type { DroppedFeature } from '../features/columns.ts'
import { describeTerm } from '../features/terms.ts'
import type { Lesson } from '../learn/lesson.ts'
import { type GoalTask, meetGoal } from '../learn/meet_goal.ts'
import { leafPositions, pruneTerms, roundThresholds } from '../learn/tidy.ts'
import { isLeaf, type TreeNode, type TreeTask } from '../learn/tree.ts'
import type { Serving } from '../learn/validation.ts'
import { blamedLosses, defaultRegrets, limitsByDefault, regretOf, type TimingMatrix } from '../matrix.ts'
import { growSizes, lessonTask, TREE_SIZES, treePolicy } from '../models/decision_tree.ts'
import { type Kept, overallChoices, type Policy, type Program, worstOnMeasured } from '../models/model.ts'
import { nearestFinder } from '../models/nearest_neighbor.ts'
import { at, entryAt } from '../numeric.ts'
import { choose } from './choose.ts'
import type { FittedModel } from './compare_models.ts'
import type { Decision, LeafEvidence } from './decision.ts'
import { choicesOf, evidenceOf } from './evidence.ts'
import { type Guard, makeGuard } from './guard.ts'
import type { DecisionSettings } from './settings.ts'

export interface Finished {
  readonly program: Program
  readonly kept: Kept
  readonly configs: readonly ConfigData[]
  readonly guard: Guard
  readonly fallbacks: readonly number[]
  /** How many of them come before the default config of a shape; undefined where that is not known. */
  readonly beforeDefault: number | undefined
  readonly leaves: readonly LeafEvidence[]
  readonly dropped: Decision['dropped']
}

export function finishProgram(
  lesson: Lesson,
  kept: Kept,
  model: FittedModel,
  settings: DecisionSettings,
): Finished {
  const { program, dropped } = tidied(lesson, kept, model, settings)
  return assemble(lesson, kept, program, model, settings, dropped)
}

/** Everything around a program: guard, fallbacks, evidence; with the configs that it uses. */
export function assemble(
  lesson: Lesson,
  all: Kept,
  program: Program,
  model: FittedModel,
  settings: DecisionSettings,
  dropped: Decision['dropped'],
): Finished {
  const measured = lesson.rows.slice(0, lesson.measured)
  const { guard, safest } = guardOf(lesson, all, settings)
  const used = [...new Set([...choicesOf(program), ...(guard.policy === 'tree' ? [] : [safest])])].sort(
    (a, b) => a - b,
  )
  const kept = used.map((choice) => entryAt(all, choice))
  const renumbered = renumber(program, used)
  const positions = programPositions(lesson, kept, renumbered)
  const fallbacks = overallChoices(lesson, kept).order
  return {
    program: renumbered,
    kept,
    configs: kept.map((column) => entryAt(lesson.matrix.configs, column).data),
    guard,
    fallbacks,
    beforeDefault: beforeDefault(lesson.matrix, kept, fallbacks),
    leaves: evidenceOf(lesson.columns, measured, positions, choicesOf(renumbered), model.heldOut),
    dropped,
  }
}

/**
 * Those whose worst case is no worse than that of the default configs of the same shapes, which are worked
 * out from the sizes: where a choice cannot run, the others would be a bad guess.
 */
function beforeDefault(matrix: TimingMatrix, kept: Kept, fallbacks: readonly number[]): number | undefined {
  const ofDefault = defaultRegrets(matrix)
  if (!ofDefault || ofDefault.some(Number.isNaN)) return undefined
  const allowed = Math.max(...ofDefault)
  const worst = fallbacks.map((choice) => {
    const regrets = matrix.shapes.map((_, row) => regretOf(matrix, row, entryAt(kept, choice)))
    return Math.max(...regrets.filter(Number.isFinite))
  })
  const first = worst.findIndex((regret) => regret > allowed)
  return first < 0 ? undefined : first
}

/** What takes the decision from a program, and the choice that it then makes. */
function guardOf(
  lesson: Lesson,
  kept: Kept,
  { outside }: DecisionSettings,
): { guard: Guard; safest: number } {
  const { safest } = overallChoices(lesson, kept)
  const policy = runsEverywhere(lesson, entryAt(kept, safest)) ? outside : 'tree'
  return { safest, guard: makeGuard(policy, lesson.columns, lesson.rows.slice(0, lesson.measured)) }
}

/** What a module would choose that was made from a lesson. */
export function servingAfter(lesson: Lesson, kept: Kept, settings: DecisionSettings): Serving {
  const { guard, safest } = guardOf(lesson, kept, settings)
  return {
    kept,
    columnFor: ({ program }, row) => entryAt(kept, choose(program, lesson.terms, guard, safest, row)),
  }
}

function tidied(
  lesson: Lesson,
  kept: Kept,
  model: FittedModel,
  settings: DecisionSettings,
): { program: Program; dropped: readonly DroppedFeature[] } {
  const { program } = model.policy
  if (program.kind !== 'tree' || settings.backend === 'single_config') return { program, dropped: [] }
  const task = lessonTask(lesson, kept)
  const met = (root: TreeNode): Program => ({
    kind: 'tree',
    root: meetGoal({ task, terms: lesson.terms, goal: settings.goal, ...slowdownsOf(lesson, kept) }, root),
  })
  if (isLeaf(program.root)) return { program: met(program.root), dropped: [] }
  const worst = (policy: Policy) => worstOnMeasured(lesson, kept, policy)
  const bound = Math.max(Math.log(settings.goal.threshold), worst(model.policy))
  const acceptable = (root: TreeNode) => worst(treePolicy(lesson, root)) <= bound
  const pruned =
    settings.featureSelection && settings.backend === 'decision_tree'
      ? pruneTerms(task, lesson.terms, program.root, (part) => regrow(part, model.position), acceptable)
      : { root: program.root, dropped: [] }
  const root = roundThresholds(task, lesson.terms, pruned.root, lesson.measured)
  const dropped = pruned.dropped.map(({ term, cost }) => ({
    name: describeTerm(entryAt(lesson.terms, term), lesson.columns),
    reason: `without it the fit loses ${(100 * Math.max(0, cost)).toFixed(2)} %`,
  }))
  return { program: met(root), dropped }
}

/** Log slowdowns of the kept configs on the measured shapes, as far as they are no accident of measuring. */
function slowdownsOf({ matrix }: Lesson, kept: Kept): Pick<GoalTask, 'logs' | 'weights' | 'atDefault'> {
  return {
    atDefault: limitsByDefault(matrix),
    logs: blamedLosses(matrix).map((row) => Float64Array.from(kept, (column) => at(row, column))),
    weights: Float64Array.from(matrix.shapes, ({ weight }) => weight),
  }
}

function regrow(task: TreeTask, position: number): TreeNode {
  return entryAt(growSizes(task, [entryAt(TREE_SIZES, position)]), 0)
}

/**
 * Whether a config ran on every measured shape, holes without a system aside. Where none does, each class of
 * shapes has configs of its own; one for all unfamiliar shapes would be invalid for some, but a tree keeps
 * the classes apart.
 */
function runsEverywhere({ losses, teacher }: Lesson, config: number): boolean {
  return !teacher.forbidden.systematic[config] || losses.every((row) => Number.isFinite(row[config]))
}

function renumber(program: Program, used: readonly number[]): Program {
  const position = (choice: number) => used.indexOf(choice)
  const visit = (node: TreeNode): TreeNode =>
    isLeaf(node)
      ? { choice: position(node.choice) }
      : { ...node, low: visit(node.low), high: visit(node.high) }
  return program.kind === 'tree'
    ? { kind: 'tree', root: visit(program.root) }
    : { ...program, entries: program.entries.map((entry) => ({ ...entry, choice: position(entry.choice) })) }
}

function programPositions(lesson: Lesson, kept: Kept, program: Program): Int32Array {
  if (program.kind === 'tree') return leafPositions(lessonTask(lesson, kept), program.root)
  return Int32Array.from(lesson.rows.slice(0, lesson.measured), nearestFinder(program))
}
