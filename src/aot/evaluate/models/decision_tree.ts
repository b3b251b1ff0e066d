/**
 * The default model: a tree grown on the losses that a teacher expects, over measured and virtual shapes, and
 * refined. Every threshold of every term is tried, a forbidden config is never worth it, and the tree looks
 * ahead where one question alone does not help.
 */

import { termValue } from '../features/terms.ts'
import { type Lesson, termColumns } from '../learn/lesson.ts'
import { lookAhead } from '../learn/look_ahead.ts'
import { refineTree } from '../learn/refine.ts'
import {
  bestSplit,
  countLeaves,
  growTrees,
  leafFor,
  type SplitFinder,
  type TreeNode,
  type TreeTask,
  treeTask,
} from '../learn/tree.ts'
import { argmin, at, entryAt } from '../numeric.ts'
import { type Backend, type Kept, keptLosses, type Policy } from './model.ts'

/** Numbers of leaves that validation chooses from, a third to a half apart; nobody reads more. */
export const TREE_SIZES: readonly number[] = [1, 2, 3, 4, 6, 8, 12, 16, 24, 32]
/** A measured shape alone is no reason to ask: some of the virtual shapes around it must want the same. */
const LEAST_WEIGHT = 1.05
/** A split that saves less than this in all is never worth a line of code. */
export const LEAST_GAIN = 1e-6
/** When to look ahead: the best question saves less than a tenth of a mean loss of more than 2 %. */
const POOR_SHARE = 0.1
const POOR_LOSS = 0.02

export const decisionTree: Backend = {
  name: 'decision_tree',
  summary: 'a tree that minimises the summed log of the slowdown, refined as a whole',
  fit(lesson, kept) {
    const task = lessonTask(lesson, kept)
    return growSizes(task, TREE_SIZES).map((root) => treePolicy(lesson, root))
  },
}

/** What a tree over the kept configs is grown on. */
export function lessonTask(lesson: Lesson, kept: Kept): TreeTask {
  return treeTask(
    termColumns(lesson.terms, lesson.rows),
    keptLosses(lesson, kept),
    lesson.weights,
    LEAST_WEIGHT,
  )
}

/** Refined trees of up to the given numbers of leaves, ascending, as far as the data go. */
export function growSizes(task: TreeTask, sizes: readonly number[]): TreeNode[] {
  const grown = growTrees(task, Math.max(...sizes), LEAST_GAIN, findSplit)
  const fitting = sizes.filter((_, position) => (sizes[position - 1] ?? 0) < grown.length)
  return fitting.map((size) => refineTree(task, entryAt(grown, Math.min(size, grown.length) - 1)))
}

export function treePolicy(lesson: Lesson, root: TreeNode): Policy {
  return {
    size: countLeaves(root),
    choose: (row) => leafFor(root, (term) => termValue(entryAt(lesson.terms, term), row)).choice,
    program: { kind: 'tree', root },
  }
}

const findSplit: SplitFinder = (task, members, totals) => {
  const split = bestSplit(task, members, totals)
  const whole = at(totals, argmin(totals))
  let weight = 0
  for (let row = 0; row < members.length; row++) if (members[row] === 1) weight += at(task.weights, row)
  const poor = whole > POOR_LOSS * weight && (split?.gain ?? 0) < POOR_SHARE * whole
  const pair = poor ? lookAhead(task, members) : undefined
  return pair && pair.gain > (split?.gain ?? 0) ? pair : split
}
