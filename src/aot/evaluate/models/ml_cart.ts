/**
 * The tree of the package ml-cart behind the same interface, with its flaws worked around. It learns labels,
 * so 10 times as slow counts like 0.1 %: leaves take the choice of least loss, never a forbidden one. Its
 * cuts depend on the order of equal values and are arithmetic means: rows are sorted, terms ranked, and each
 * cut moved to the middle of its gap in log space. It has no limit of depth: validation picks one. Its time
 * grows with the cube of the rows: at most 120 shapes are shown to it.
 */
/// <reference path="./ml_cart_package.d.ts" />
import { DecisionTreeClassifier } from 'ml-cart'
import { type Lesson, termColumns } from '../learn/lesson.ts'
import { merged } from '../learn/refine.ts'
import {
  allMembers,
  between,
  countLeaves,
  divide,
  type Members,
  type TreeNode,
  type TreeTask,
  totalLosses,
} from '../learn/tree.ts'
import { argmin, at, entryAt, range } from '../numeric.ts'
import { LEAST_GAIN, lessonTask, treePolicy } from './decision_tree.ts'
import { type Backend, type Kept, keptLosses } from './model.ts'

/** A deeper one may have more leaves than anybody reads; training is slow where shapes are many. */
const DEPTHS: readonly number[] = [0, 1, 2, 3, 4, 5, 6]
const MOST_SHAPES = 120

export const mlCart: Backend = {
  name: 'ml_cart',
  summary: 'the Gini tree of the package ml-cart, with leaves chosen by loss',
  fit(lesson, kept) {
    const shown = measuredPart(lesson)
    const task = lessonTask(shown, kept)
    const trees = DEPTHS.map((depth) => convert(task, allMembers(task), train(shown, kept, depth)))
    const larger = trees.filter(
      (tree, i) => i === 0 || countLeaves(tree) > countLeaves(entryAt(trees, i - 1)),
    )
    return larger.map((root) => treePolicy(lesson, root))
  },
}

/** A lesson of the measured shapes alone, thinned evenly where there are too many. */
function measuredPart(lesson: Lesson): Lesson {
  const step = Math.max(1, lesson.measured / MOST_SHAPES)
  const rows = range(Math.min(lesson.measured, MOST_SHAPES)).map((index) => Math.floor(index * step))
  return {
    ...lesson,
    measured: rows.length,
    rows: rows.map((row) => entryAt(lesson.rows, row)),
    taught: rows.map((row) => entryAt(lesson.taught, row)),
    expected: rows.map((row) => entryAt(lesson.expected, row)),
    weights: Float64Array.from(rows, (row) => at(lesson.weights, row)),
  }
}

/** The part of ml-cart's nodes that decides. */
interface CartNode {
  readonly left?: CartNode
  readonly right?: CartNode
  readonly splitColumn?: number
  readonly splitValue?: number
}

function train(lesson: Lesson, kept: Kept, maxDepth: number): CartNode {
  const losses = keptLosses(lesson, kept)
  const ranks = termColumns(lesson.terms, lesson.rows).map(ranked)
  const labelled = range(lesson.measured).map((row) => ({
    point: ranks.map((values) => at(values, row)),
    label: argmin(entryAt(losses, row)),
  }))
  labelled.sort((a, b) => a.label - b.label || compare(a.point, b.point))
  if (maxDepth === 0 || ranks.length === 0 || new Set(labelled.map(({ label }) => label)).size < 2) return {}
  const tree = new DecisionTreeClassifier({
    gainFunction: 'gini',
    maxDepth,
    minNumSamples: 2,
    gainThreshold: LEAST_GAIN,
  })
  tree.train(
    labelled.map(({ point }) => point),
    labelled.map(({ label }) => label),
  )
  return (tree.toJSON() as { root: CartNode }).root
}

/** The tree over measured rows, in our form: thresholds in the terms' own values, leaves by loss. */
function convert(task: TreeTask, members: Members, node: CartNode): TreeNode {
  const leaf = { choice: argmin(totalLosses(task, members)) }
  if (!node.left || !node.right || node.splitColumn === undefined || node.splitValue === undefined)
    return leaf
  const term = node.splitColumn
  const threshold = thresholdOf(task, members, term, node.splitValue)
  if (threshold === undefined) return leaf
  const [low, high] = divide(task, members, term, threshold)
  return merged({
    term,
    threshold,
    low: convert(task, low, node.left),
    high: convert(task, high, node.right),
  })
}

/** The middle of the gap that a cut between ranks falls into; `undefined` when it divides nothing. */
function thresholdOf(task: TreeTask, members: Members, term: number, rank: number): number | undefined {
  const values = entryAt(task.terms, term)
  const ranks = ranked(values)
  let below = Number.NEGATIVE_INFINITY
  let above = Number.POSITIVE_INFINITY
  for (const row of range(members.length))
    if (members[row] === 0) continue
    else if (at(ranks, row) < rank) below = Math.max(below, at(values, row))
    else above = Math.min(above, at(values, row))
  return Number.isFinite(below) && Number.isFinite(above) ? between(below, above) : undefined
}

/** Position of each value among the distinct ones. */
function ranked(values: Float64Array): Float64Array {
  const distinct = [...new Set(values)].sort((a, b) => a - b)
  const positions = new Map(distinct.map((value, index) => [value, index]))
  return values.map((value) => positions.get(value) ?? 0)
}

function compare(a: readonly number[], b: readonly number[]): number {
  const index = a.findIndex((value, i) => value !== b[i])
  return index < 0 ? 0 : entryAt(a, index) - entryAt(b, index)
}
