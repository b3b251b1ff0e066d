/**
 * From the tree that fits best to the tree that reads best at the same quality: terms that the fit can do
 * without are given up, the more involved ones first, and thresholds are moved to round numbers.
 */
import type { Term } from '../features/terms.ts'
import { columnsOf, isYesNo } from '../features/terms.ts'
import { at, entryAt, ROUNDING, range } from '../numeric.ts'
import { friendlyBetween } from './friendly.ts'
import { lossesUnder, treeLoss } from './refine.ts'
import {
  allMembers,
  divide,
  isLeaf,
  LEAF_PRICE,
  type Members,
  type TreeBranch,
  type TreeNode,
  type TreeTask,
} from './tree.ts'

/**
 * Loss that a tree may gain by giving up a term: this share of its own, or the price of a leaf: a term less
 * is as much less to read.
 */
const ALLOWED = { share: 0.02, perWeight: LEAF_PRICE } as const
/** Loss at its node that a round threshold may cost: it is no more certain where the cut belongs. */
const ROUNDING_SHARE = 2e-3

export interface PrunedTerm {
  readonly term: number
  /** Mean log loss that the tree gains without it. */
  readonly cost: number
}

export interface Pruned {
  readonly root: TreeNode
  /** Terms that were used and could be spared. */
  readonly dropped: readonly PrunedTerm[]
  /** Terms that are used and could not, with what they are worth. */
  readonly needed: readonly PrunedTerm[]
}

/**
 * Tries to do without each term that the tree uses; `regrow` grows a tree on a task with fewer terms, which
 * must be `acceptable`.
 */
export function pruneTerms(
  task: TreeTask,
  terms: readonly Term[],
  root: TreeNode,
  regrow: (task: TreeTask) => TreeNode,
  acceptable: (root: TreeNode) => boolean,
): Pruned {
  const total = task.weights.reduce((sum, weight) => sum + weight, 0)
  const limit = treeLoss(task, root) * (1 + ALLOWED.share) + ALLOWED.perWeight * total
  const dropped: PrunedTerm[] = []
  const needed: PrunedTerm[] = []
  let best = root
  let bestLoss = treeLoss(task, best)
  for (const term of byInvolvement(terms, termsIn(root))) {
    if (!termsIn(best).includes(term)) continue
    const without = regrow(withoutTerms(task, [...dropped.map((entry) => entry.term), term]))
    const loss = treeLoss(task, without)
    const entry = { term, cost: (loss - bestLoss) / total }
    if (loss > limit || !acceptable(without)) needed.push(entry)
    else {
      dropped.push(entry)
      best = without
      bestLoss = loss
    }
  }
  return { root: best, dropped, needed }
}

/** Terms that a tree asks about, ascending. */
export function termsIn(node: TreeNode): readonly number[] {
  if (isLeaf(node)) return []
  return [...new Set([node.term, ...termsIn(node.low), ...termsIn(node.high)])].sort((a, b) => a - b)
}

/** A task in which some terms are the same for all rows, so that no split can use them. */
function withoutTerms(task: TreeTask, terms: readonly number[]): TreeTask {
  const blank = new Float64Array(task.weights.length)
  return { ...task, terms: task.terms.map((values, term) => (terms.includes(term) ? blank : values)) }
}

function byInvolvement(terms: readonly Term[], used: readonly number[]): readonly number[] {
  const columns = (term: number) => columnsOf(entryAt(terms, term)).length
  return [...used].sort((a, b) => columns(b) - columns(a) || b - a)
}

/** The same tree with round thresholds; no measured row (one of the first `measured`) changes sides. */
export function roundThresholds(
  task: TreeTask,
  terms: readonly Term[],
  root: TreeNode,
  measured: number,
): TreeNode {
  const round = (node: TreeNode, members: Members): TreeNode => {
    if (isLeaf(node)) return node
    const threshold = isYesNo(entryAt(terms, node.term)) ? 0.5 : roundThreshold(task, node, members, measured)
    const [low, high] = divide(task, members, node.term, threshold)
    return { ...node, threshold, low: round(node.low, low), high: round(node.high, high) }
  }
  return round(root, allMembers(task))
}

function roundThreshold(task: TreeTask, node: TreeBranch, members: Members, measured: number): number {
  const values = entryAt(task.terms, node.term)
  const low = lossesUnder(task, node.low, members)
  const high = lossesUnder(task, node.high, members)
  const reaching = [...entryAt(task.orders, node.term)].filter((row) => members[row] === 1)
  const first = reaching.findIndex((row) => at(values, row) > node.threshold)
  if (first <= 0) return node.threshold
  let total = 0
  for (const row of reaching) total += at(at(values, row) <= node.threshold ? low : high, row)
  const allowance = ROUNDING_SHARE * total + ROUNDING
  const walk = (rows: readonly number[], cost: (row: number) => number): number => {
    let sum = 0
    const stop = rows.findIndex((row) => {
      sum += cost(row)
      return row < measured || sum > allowance
    })
    return entryAt(rows, stop < 0 ? rows.length - 1 : stop)
  }
  const below = walk(reaching.slice(0, first).reverse(), (row) => at(high, row) - at(low, row))
  const above = walk(reaching.slice(first), (row) => at(low, row) - at(high, row))
  return friendlyBetween(at(values, below), at(values, above))
}

/** Leaves from left to right. */
export function leavesOf(root: TreeNode): readonly Extract<TreeNode, { choice: number }>[] {
  return isLeaf(root) ? [root] : [...leavesOf(root.low), ...leavesOf(root.high)]
}

/** For each row of a task the position of its leaf, counted from left to right. */
export function leafPositions(task: TreeTask, root: TreeNode): Int32Array {
  const leaves = leavesOf(root)
  return Int32Array.from(range(task.weights.length), (row) => {
    let node = root
    while (!isLeaf(node))
      node = at(entryAt(task.terms, node.term), row) <= node.threshold ? node.low : node.high
    return leaves.indexOf(node)
  })
}
