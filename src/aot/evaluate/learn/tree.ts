/**
 * Trees that decide: each inner node asks whether a term is at most a threshold, each leaf names a choice.
 * They are grown best split first, on the sum of losses: a split is worth what it saves, whatever the labels.
 * The order of growth makes one sequence of nested trees, from one leaf to many, of which validation picks
 * one.
 */
import { addTo, argmin, at, entryAt, ROUNDING, range } from '../numeric.ts'

export interface TreeBranch {
  readonly term: number
  readonly threshold: number
  /** Where the term is at most the threshold. */
  readonly low: TreeNode
  readonly high: TreeNode
}

export interface TreeLeaf {
  readonly choice: number
}

export type TreeNode = TreeBranch | TreeLeaf

/** What a tree is grown on. */
export interface TreeTask {
  /** Values by term, then by row; never NaN. */
  readonly terms: readonly Float64Array[]
  /** Rows in ascending order of each term. */
  readonly orders: readonly Int32Array[]
  /** Loss by row, then by choice; finite. */
  readonly losses: readonly Float64Array[]
  /** How much each row counts. */
  readonly weights: Float64Array
  /** Least total weight on either side of a split. */
  readonly leastWeight: number
}

/** Which rows reach a node: 1 for those that do. */
export type Members = Uint8Array

export function treeTask(
  terms: readonly Float64Array[],
  losses: readonly Float64Array[],
  weights: Float64Array,
  leastWeight: number,
): TreeTask {
  const rows = range(weights.length)
  const orders = terms.map((values) => Int32Array.from(rows).sort((a, b) => at(values, a) - at(values, b)))
  return { terms, orders, losses, weights, leastWeight }
}

export function allMembers(task: TreeTask): Members {
  return new Uint8Array(task.weights.length).fill(1)
}

/** The members on the low and on the high side of a question. */
export function divide(
  task: TreeTask,
  members: Members,
  term: number,
  threshold: number,
): [Members, Members] {
  const values = entryAt(task.terms, term)
  const low = members.map((member, row) => (member === 1 && at(values, row) <= threshold ? 1 : 0))
  return [low, members.map((member, row) => member - (low[row] as number))]
}

/** Sum of the members' weighted losses, by choice. */
export function totalLosses(task: TreeTask, members: Members): Float64Array {
  const totals = new Float64Array(task.losses[0]?.length ?? 0)
  for (let row = 0; row < members.length; row++) {
    if (members[row] === 0) continue
    const weight = at(task.weights, row)
    const losses = entryAt(task.losses, row)
    for (let c = 0; c < totals.length; c++) addTo(totals, c, weight * at(losses, c))
  }
  return totals
}

export function isLeaf(node: TreeNode): node is TreeLeaf {
  return 'choice' in node
}

export function countLeaves(node: TreeNode): number {
  return isLeaf(node) ? 1 : countLeaves(node.low) + countLeaves(node.high)
}

/** The leaf of a row given its term values. */
export function leafFor(node: TreeNode, value: (term: number) => number): TreeLeaf {
  while (!isLeaf(node)) node = value(node.term) <= node.threshold ? node.low : node.high
  return node
}

/** Finds the question to ask of a node's members, given their total losses. */
export type SplitFinder = (task: TreeTask, members: Members, totals: Float64Array) => Split | undefined

/** The nested trees with 1, 2, … leaves, up to `mostLeaves` or until no split saves more than `leastGain`. */
export function growTrees(
  task: TreeTask,
  mostLeaves: number,
  leastGain: number,
  findSplit: SplitFinder = bestSplit,
): TreeNode[] {
  const root = new Growing(task, allMembers(task), findSplit)
  const open = [root]
  const trees = [root.freeze()]
  while (trees.length < mostLeaves) {
    const next = open.reduce((a, b) => (b.gain > a.gain ? b : a))
    if (!(next.gain > leastGain)) break
    open.splice(open.indexOf(next), 1, ...next.open())
    trees.push(root.freeze())
  }
  return trees
}

export interface Split {
  readonly term: number
  readonly threshold: number
  /** Loss that the split saves. */
  readonly gain: number
  /** Width of the gap around the threshold, on a log scale where that makes sense. */
  readonly margin: number
}

/** A leaf that may still be split. */
class Growing {
  readonly #task: TreeTask
  readonly #members: Members
  readonly #findSplit: SplitFinder
  readonly #choice: number
  readonly #split: Split | undefined
  #children: readonly [Growing, Growing] | undefined

  constructor(task: TreeTask, members: Members, findSplit: SplitFinder) {
    this.#task = task
    this.#members = members
    this.#findSplit = findSplit
    const totals = totalLosses(task, members)
    this.#choice = argmin(totals)
    this.#split = findSplit(task, members, totals)
  }

  get gain(): number {
    return this.#split?.gain ?? 0
  }

  open(): readonly [Growing, Growing] {
    const split = this.#split
    if (!split) throw new Error('a leaf without a split cannot be opened')
    const [low, high] = divide(this.#task, this.#members, split.term, split.threshold)
    this.#children = [
      new Growing(this.#task, low, this.#findSplit),
      new Growing(this.#task, high, this.#findSplit),
    ]
    return this.#children
  }

  freeze(): TreeNode {
    if (!this.#children || !this.#split) return { choice: this.#choice }
    const { term, threshold } = this.#split
    return { term, threshold, low: this.#children[0].freeze(), high: this.#children[1].freeze() }
  }
}

/**
 * What a leaf costs in mean log slowdown: somebody has to read it. A hundredth of a percent decides ties
 * only.
 */
export const LEAF_PRICE = 1e-4

/**
 * Terms come the plainest first: a later one must save this much more to be preferred, beyond what noise
 * gives.
 */
const PREFERENCE = 1.02

/** The one question that saves most. */
export function bestSplit(task: TreeTask, members: Members, totals: Float64Array): Split | undefined {
  const whole = at(totals, argmin(totals))
  if (whole <= 0) return undefined
  let total = 0
  for (let row = 0; row < members.length; row++) if (members[row] === 1) total += at(task.weights, row)
  let best: Split | undefined
  for (let term = 0; term < task.terms.length; term++) {
    const split = bestThreshold(task, members, term, totals, whole, total)
    if (split && (!best || split.gain > best.gain * PREFERENCE)) best = split
  }
  return best
}

function bestThreshold(
  task: TreeTask,
  members: Members,
  term: number,
  totals: Float64Array,
  whole: number,
  total: number,
): Split | undefined {
  const values = entryAt(task.terms, term)
  const low = new Float64Array(totals.length)
  let weight = 0
  let least = Number.POSITIVE_INFINITY
  let below = Number.NEGATIVE_INFINITY
  let best: Split | undefined
  for (const row of entryAt(task.orders, term)) {
    if (members[row] === 0) continue
    const above = at(values, row)
    if (above > below && weight >= task.leastWeight && total - weight >= task.leastWeight) {
      const gain = whole - least
      const isTie = best !== undefined && Math.abs(gain - best.gain) <= ROUNDING * whole
      if (gain > 0 && (!best || (isTie ? gapOf(below, above) > best.margin : gain > best.gain)))
        best = { term, threshold: between(below, above), gain, margin: gapOf(below, above) }
    }
    weight += at(task.weights, row)
    least = addAndJudge(low, totals, entryAt(task.losses, row), at(task.weights, row))
    below = above
  }
  return best
}

/** Adds a row to the low side; the least loss of both sides together. */
function addAndJudge(low: Float64Array, totals: Float64Array, losses: Float64Array, weight: number): number {
  let leastLow = Number.POSITIVE_INFINITY
  let leastHigh = Number.POSITIVE_INFINITY
  for (let c = 0; c < low.length; c++) {
    const sum = at(low, c) + weight * at(losses, c)
    low[c] = sum
    if (sum < leastLow) leastLow = sum
    const rest = at(totals, c) - sum
    if (rest < leastHigh) leastHigh = rest
  }
  return leastLow + leastHigh
}

/** The middle in log space of positive values, the plain middle otherwise. */
export function between(below: number, above: number): number {
  if (above === Number.POSITIVE_INFINITY) return below
  const middle = below > 0 ? Math.sqrt(below) * Math.sqrt(above) : (below + above) / 2
  return middle >= below && middle < above ? middle : below
}

function gapOf(below: number, above: number): number {
  if (above === Number.POSITIVE_INFINITY) return Number.POSITIVE_INFINITY
  return below > 0 ? Math.log(above / below) : above - below
}
