/**
 * A tree that learns from what it expects of shapes may choose worse than the goal on a shape that was
 * measured, or worse than the default config. Here such shapes get a choice that is good enough: a leaf takes
 * another choice where that serves all its shapes, else a band around the shape is cut out of it, as narrow
 * as can be, so that shapes nobody measured keep what was learned for them.
 */
import { isYesNo, type Term } from '../features/terms.ts'
import { at, entryAt, minOf, ROUNDING, range } from '../numeric.ts'
import { GOALS, type Goal } from '../select/goals.ts'
import { friendlyBetween } from './friendly.ts'
import { merged } from './refine.ts'
import { leafPositions, leavesOf } from './tidy.ts'
import {
  allMembers,
  divide,
  isLeaf,
  LEAF_PRICE,
  type Members,
  type TreeNode,
  type TreeTask,
  totalLosses,
} from './tree.ts'

export interface GoalTask {
  readonly task: TreeTask
  readonly terms: readonly Term[]
  readonly goal: Goal
  /** Log slowdown by measured row, which come first in `task`, then by choice; Infinity where forbidden. */
  readonly logs: readonly Float64Array[]
  /** How much each measured row counts. */
  readonly weights: Float64Array
  /** The log slowdown by measured row above which its default config serves it better. */
  readonly atDefault: Float64Array
}

/** Mean loss that a band must save over another choice for the whole leaf: it is two more leaves to read. */
const BAND_PRICE = 2 * LEAF_PRICE

/** The tree, changed where it misses the goal, as far as its terms tell the shapes apart. */
export function meetGoal(goalTask: GoalTask, root: TreeNode): TreeNode {
  const { task, goal, logs, weights } = goalTask
  const limits = limitsOf(goalTask)
  let tree = root
  for (;;) {
    tree = mended({ ...goalTask, limits }, tree, allMembers(task))
    const chosen = chosenLogs(goalTask, tree)
    if (GOALS[goal.name].distance({ logs: chosen, weights }, goal.threshold) === 0) return tree
    const excess = logs.map((row, index) => at(weights, index) * (at(chosen, index) - minOf(row)))
    const open = range(logs.length).filter((row) => at(limits, row) > minOf(entryAt(logs, row)) + ROUNDING)
    const worst = open.sort((a, b) => entryAt(excess, b) - entryAt(excess, a))[0]
    // All that can be asked of single shapes is asked.
    if (worst === undefined || goal.name === 'max_slowdown') return tree
    limits[worst] = minOf(entryAt(logs, worst)) + ROUNDING
  }
}

/**
 * The largest log slowdown that each shape may have: what the goal allows, any to begin with when it is about
 * means, and no more than the default config has, as far as the choices reach that.
 */
function limitsOf({ goal, logs, weights, atDefault }: GoalTask): Float64Array {
  const limit = goal.name === 'max_slowdown' ? Math.log(goal.threshold) + ROUNDING : Number.MAX_VALUE
  return Float64Array.from(logs, (row, index) => {
    const least = minOf(row)
    if (!Number.isFinite(least)) return Number.POSITIVE_INFINITY
    if (at(weights, index) === 0) return Number.MAX_VALUE
    const limits = [Math.min(limit, at(atDefault, index)), limit]
    return limits.find((one) => least <= one) ?? Number.MAX_VALUE
  })
}

function chosenLogs({ task, logs }: GoalTask, root: TreeNode): Float64Array {
  const leaves = leavesOf(root)
  const positions = leafPositions(task, root)
  return Float64Array.from(logs, (row, index) => at(row, entryAt(leaves, positions[index] as number).choice))
}

interface MendTask extends GoalTask {
  readonly limits: Float64Array
}

function mended(task: MendTask, node: TreeNode, members: Members): TreeNode {
  if (isLeaf(node)) return mendedLeaf(task, node.choice, members)
  const [low, high] = divide(task.task, members, node.term, node.threshold)
  return merged({ ...node, low: mended(task, node.low, low), high: mended(task, node.high, high) })
}

function mendedLeaf(task: MendTask, choice: number, members: Members): TreeNode {
  const wrong = wrongRows(task, choice, members)
  const worst = wrong.sort((a, b) => excessOf(task, b, choice) - excessOf(task, a, choice))[0]
  if (worst === undefined) return { choice }
  const losses = totalLosses(task.task, members)
  const other = bestChoice(task, members)
  const isEnough = wrongRows(task, other, members).length === 0
  const band = bestBand(task, choice, members, worst)
  const price = BAND_PRICE * task.task.weights.reduce((sum, weight) => sum + weight, 0)
  if (isEnough && (!band || at(losses, other) - at(losses, choice) <= band.cost + price))
    return { choice: other }
  return band
    ? withBand(task, choice, members, band)
    : { choice: wrong.length > wrongRows(task, other, members).length ? other : choice }
}

function excessOf({ logs, limits }: MendTask, row: number, choice: number): number {
  return at(entryAt(logs, row), choice) - at(limits, row)
}

/** Measured rows that reach a leaf and for which its choice is not good enough. */
function wrongRows(task: MendTask, choice: number, members: Members): number[] {
  const wrong: number[] = []
  for (let row = 0; row < task.logs.length; row++)
    if (members[row] === 1 && excessOf(task, row, choice) > 0) wrong.push(row)
  return wrong
}

/** The choice with the fewest wrong rows, of those the one of least loss. */
function bestChoice(task: MendTask, members: Members): number {
  const losses = totalLosses(task.task, members)
  const wrong = range(losses.length).map((choice) => wrongRows(task, choice, members).length)
  return range(losses.length).reduce((best, choice) => {
    const fewer = entryAt(wrong, choice) - entryAt(wrong, best)
    return fewer < 0 || (fewer === 0 && at(losses, choice) < at(losses, best)) ? choice : best
  }, 0)
}

/** The members with the same value of a term as some row. */
interface Band {
  /** The shape that it is cut for. */
  readonly row: number
  readonly term: number
  /** The nearest values of other members on either side, infinite where there are none. */
  readonly below: number
  readonly value: number
  readonly above: number
  readonly members: Members
  readonly choice: number
  readonly wrong: number
  readonly measured: number
  /** Loss that the band's choice adds. */
  readonly cost: number
}

/** The band that best serves a row; `undefined` when no term tells the leaf's measured shapes apart. */
function bestBand(task: MendTask, choice: number, members: Members, row: number): Band | undefined {
  const here = range(task.logs.length).filter((other) => members[other] === 1).length
  const before = wrongRows(task, choice, members).length
  const bands = range(task.terms.length).flatMap((term) => bandOf(task, choice, members, row, term) ?? [])
  return bands
    .filter(({ wrong, measured }) => measured < here || wrong < before)
    .sort((a, b) => a.wrong - b.wrong || (a.wrong > 0 ? a.measured - b.measured : 0) || a.cost - b.cost)[0]
}

function bandOf(
  task: MendTask,
  choice: number,
  members: Members,
  row: number,
  term: number,
): Band | undefined {
  const values = entryAt(task.task.terms, term)
  const value = at(values, row)
  let below = Number.NEGATIVE_INFINITY
  let above = Number.POSITIVE_INFINITY
  for (let other = 0; other < values.length; other++) {
    if (members[other] !== 1) continue
    const nearby = at(values, other)
    if (nearby < value && nearby > below) below = nearby
    if (nearby > value && nearby < above) above = nearby
  }
  if (below === Number.NEGATIVE_INFINITY && above === Number.POSITIVE_INFINITY) return undefined
  const inside = members.map((member, other) => (at(values, other) === value ? member : 0))
  const losses = totalLosses(task.task, inside)
  const best = bestChoice(task, inside)
  return {
    ...{ row, term, below, value, above, members: inside, choice: best },
    wrong: wrongRows(task, best, inside).length,
    measured: range(task.logs.length).filter((other) => inside[other] === 1).length,
    cost: at(losses, best) - at(losses, choice),
  }
}

/**
 * What a band comes to: shapes of its sizes, but of another dtype or other category than the shape that it
 * was cut for, keep the choice of the leaf. `kin` are the members of the leaf that are of its kind so far.
 */
function ofItsKind(task: MendTask, choice: number, band: Band, kin: Members): TreeNode {
  const kind = range(task.terms.length).find(
    (term) => entryAt(task.terms, term).kind === 'category' && term !== band.term && isMixed(task, kin, term),
  )
  if (kind === undefined) return mendedLeaf(task, band.choice, band.members)
  const isHigh = at(entryAt(task.task.terms, kind), band.row) > 0.5
  const halves = (members: Members): readonly [own: Members, others: Members] => {
    const [low, high] = divide(task.task, members, kind, 0.5)
    return isHigh ? [high, low] : [low, high]
  }
  const [inside, outside] = halves(band.members)
  const own = ofItsKind(task, choice, { ...band, members: inside }, halves(kin)[0])
  const other = mendedLeaf(task, choice, outside)
  return merged({ term: kind, threshold: 0.5, low: isHigh ? other : own, high: isHigh ? own : other })
}

function isMixed({ task }: MendTask, members: Members, term: number): boolean {
  const values = entryAt(task.terms, term)
  const inside = range(values.length).filter((row) => members[row] === 1)
  return inside.some((row) => at(values, row) !== at(values, inside[0] ?? 0))
}

/** The leaf with a band cut out of it; what is left of it on either side may need bands of its own. */
function withBand(task: MendTask, choice: number, members: Members, band: Band): TreeNode {
  const { term, below, value, above } = band
  const cut = (low: number, high: number) =>
    isYesNo(entryAt(task.terms, term)) ? 0.5 : friendlyBetween(low, high)
  const inside = ofItsKind(task, choice, band, members)
  const rest = (isOutside: (value: number) => boolean): TreeNode => {
    const values = entryAt(task.task.terms, term)
    return mendedLeaf(
      task,
      choice,
      members.map((member, row) => (isOutside(at(values, row)) ? member : 0)),
    )
  }
  const upper: TreeNode =
    above === Number.POSITIVE_INFINITY
      ? inside
      : merged({ term, threshold: cut(value, above), low: inside, high: rest((other) => other > value) })
  if (below === Number.NEGATIVE_INFINITY) return upper
  return merged({ term, threshold: cut(below, value), low: rest((other) => other < value), high: upper })
}
