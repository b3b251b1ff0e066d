/**
 * Trees that decide: each inner node asks whether a term is at most a threshold, each leaf names a choice. They
 * are grown best split first, on the sum of losses: a split is worth what it saves, whatever the labels. The
 * order of growth makes one sequence of nested trees, from one leaf to many, of which validation picks one.
 */
import { addTo, argmin, at, entryAt, range } from '../numeric.ts'

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
  /** Loss by row, then by choice; finite. */
  readonly losses: readonly Float64Array[]
  /** How much each row counts. */
  readonly weights: Float64Array
  /** Least total weight on either side of a split. */
  readonly leastWeight: number
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

/** The nested trees with 1, 2, … leaves, up to `mostLeaves` or until no split saves more than `leastGain`. */
export function growTrees(task: TreeTask, mostLeaves: number, leastGain: number): TreeNode[] {
  const root = new Growing(task, range(task.weights.length))
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

interface Split {
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
  readonly #rows: readonly number[]
  readonly #totals: Float64Array
  readonly #choice: number
  readonly #split: Split | undefined
  #children: readonly [Growing, Growing] | undefined

  constructor(task: TreeTask, rows: readonly number[]) {
    this.#task = task
    this.#rows = rows
    this.#totals = totalLosses(task, rows)
    this.#choice = argmin(this.#totals)
    this.#split = bestSplit(task, rows, this.#totals)
  }

  get gain(): number {
    return this.#split?.gain ?? 0
  }

  open(): readonly [Growing, Growing] {
    const split = this.#split
    if (!split) throw new Error('a leaf without a split cannot be opened')
    const values = entryAt(this.#task.terms, split.term)
    const isLow = (row: number) => at(values, row) <= split.threshold
    this.#children = [
      new Growing(this.#task, this.#rows.filter(isLow)),
      new Growing(
        this.#task,
        this.#rows.filter((row) => !isLow(row)),
      ),
    ]
    return this.#children
  }

  freeze(): TreeNode {
    if (!this.#children || !this.#split) return { choice: this.#choice }
    const { term, threshold } = this.#split
    return { term, threshold, low: this.#children[0].freeze(), high: this.#children[1].freeze() }
  }
}

function totalLosses(task: TreeTask, rows: readonly number[]): Float64Array {
  const totals = new Float64Array(task.losses[0]?.length ?? 0)
  for (const row of rows) {
    const weight = at(task.weights, row)
    const losses = entryAt(task.losses, row)
    for (let c = 0; c < totals.length; c++) addTo(totals, c, weight * at(losses, c))
  }
  return totals
}

/** Terms come the plainest first: a later one must save this much more to be preferred. */
const PREFERENCE = 1.02

function bestSplit(task: TreeTask, rows: readonly number[], totals: Float64Array): Split | undefined {
  const whole = at(totals, argmin(totals))
  let best: Split | undefined
  task.terms.forEach((values, term) => {
    const split = bestThreshold(task, rows, totals, values, whole)
    if (split && (!best || split.gain > best.gain * PREFERENCE)) best = { ...split, term }
  })
  return best
}

function bestThreshold(
  task: TreeTask,
  rows: readonly number[],
  totals: Float64Array,
  values: Float64Array,
  whole: number,
): Omit<Split, 'term'> | undefined {
  const order = Int32Array.from(rows).sort((a, b) => at(values, a) - at(values, b))
  const low = new Float64Array(totals.length)
  let weight = 0
  let total = 0
  for (const row of rows) total += at(task.weights, row)
  let best: Omit<Split, 'term'> | undefined
  for (let count = 1; count < order.length; count++) {
    const row = order[count - 1] as number
    weight += at(task.weights, row)
    const below = at(values, row)
    const above = at(values, order[count] as number)
    const least = addAndJudge(low, totals, entryAt(task.losses, row), at(task.weights, row))
    if (!(above > below) || weight < task.leastWeight || total - weight < task.leastWeight) continue
    const gain = whole - least
    const margin = gapOf(below, above)
    const tie = best !== undefined && Math.abs(gain - best.gain) <= 1e-9 * Math.abs(whole)
    if (gain > 0 && (!best || (tie ? margin > best.margin : gain > best.gain)))
      best = { threshold: between(below, above), gain, margin }
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
