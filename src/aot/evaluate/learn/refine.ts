/**
 * Second thoughts about a grown tree. Growth decides from the root down and never looks back; here each node
 * in turn gets the split, and each leaf the choice, that is best for the rows that reach it, given the rest
 * of the tree. The loss only falls, and small trees become as good as larger ones.
 */
import { argmin, at, entryAt } from '../numeric.ts'
import {
  allMembers,
  between,
  divide,
  isLeaf,
  type Members,
  type TreeBranch,
  type TreeNode,
  type TreeTask,
  totalLosses,
} from './tree.ts'

/** Each runs through the whole tree; it ends before where nothing is saved. */
const MOST_ROUNDS = 3
/** A new question must save this share of the loss at its node to replace the old one. */
const LEAST_SAVING = 1e-3

/** A tree of at most as many leaves with at most the same loss. */
export function refineTree(task: TreeTask, tree: TreeNode): TreeNode {
  const all = allMembers(task)
  let best = tree
  let loss = treeLoss(task, best)
  for (let round = 0; round < MOST_ROUNDS; round++) {
    const next = improve(task, best, all)
    const nextLoss = treeLoss(task, next)
    if (nextLoss >= loss * (1 - 1e-4)) break
    best = next
    loss = nextLoss
  }
  return best
}

/** Total weighted loss of the choices that a tree makes. */
export function treeLoss(task: TreeTask, tree: TreeNode): number {
  return lossesUnder(task, tree, allMembers(task)).reduce((sum, loss) => sum + loss, 0)
}

/** The weighted loss of every member if it came to `tree`; 0 for other rows. */
export function lossesUnder(task: TreeTask, tree: TreeNode, members: Members): Float64Array {
  const rows: number[] = []
  for (let row = 0; row < members.length; row++) if (members[row] === 1) rows.push(row)
  const losses = new Float64Array(members.length)
  fillLosses(task, tree, rows, losses)
  return losses
}

function fillLosses(task: TreeTask, node: TreeNode, rows: readonly number[], losses: Float64Array): void {
  if (isLeaf(node)) {
    for (const row of rows)
      losses[row] = at(task.weights, row) * at(task.losses[row] as Float64Array, node.choice)
    return
  }
  const values = task.terms[node.term] as Float64Array
  const low: number[] = []
  const high: number[] = []
  for (const row of rows) (at(values, row) <= node.threshold ? low : high).push(row)
  if (low.length > 0) fillLosses(task, node.low, low, losses)
  if (high.length > 0) fillLosses(task, node.high, high, losses)
}

function improve(task: TreeTask, tree: TreeNode, members: Members): TreeNode {
  if (isLeaf(tree)) return { choice: argmin(totalLosses(task, members)) }
  const { term, threshold } = bestSplitFor(task, tree, members)
  const [low, high] = divide(task, members, term, threshold)
  if (!low.includes(1)) return improve(task, tree.high, members)
  if (!high.includes(1)) return improve(task, tree.low, members)
  return merged({ term, threshold, low: improve(task, tree.low, low), high: improve(task, tree.high, high) })
}

/** A question whose answers lead to the same choice is not worth asking. */
export function merged(branch: TreeBranch): TreeNode {
  const { low, high } = branch
  return isLeaf(low) && isLeaf(high) && low.choice === high.choice ? low : branch
}

/**
 * The question that sends rows where they fare best, given both subtrees; the old one unless clearly beaten.
 */
function bestSplitFor(
  task: TreeTask,
  tree: TreeBranch,
  members: Members,
): { term: number; threshold: number } {
  const low = lossesUnder(task, tree.low, members)
  const high = lossesUnder(task, tree.high, members)
  const values = entryAt(task.terms, tree.term)
  let current = 0
  let allHigh = 0
  for (let row = 0; row < members.length; row++) {
    if (members[row] === 0) continue
    current += at(at(values, row) <= tree.threshold ? low : high, row)
    allHigh += at(high, row)
  }
  let best: { term: number; threshold: number } = tree
  let least = current * (1 - LEAST_SAVING)
  for (const [term, column] of task.terms.entries()) {
    let sum = allHigh
    let below = Number.NEGATIVE_INFINITY
    for (const row of entryAt(task.orders, term)) {
      if (members[row] === 0) continue
      const above = at(column, row)
      if (above > below && sum < least && below > Number.NEGATIVE_INFINITY) {
        least = sum
        best = { term, threshold: between(below, above) }
      }
      sum += at(low, row) - at(high, row)
      below = above
    }
  }
  return best
}
