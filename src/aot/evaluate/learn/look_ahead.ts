/**
 * Two questions at once, for data where no single question helps (the answer depends on whether two things
 * agree). Every term at a few thresholds is tried as the first question, with the best second question on
 * either side; on a sample of the heaviest rows, since the work grows with the square of the questions.
 */
import { argmin, at, entryAt, range } from '../numeric.ts'
import {
  allMembers,
  bestSplit,
  between,
  divide,
  type Members,
  type Split,
  type TreeTask,
  totalLosses,
  treeTask,
} from './tree.ts'

/** The work is their product, for each pair of terms. */
const MOST_ROWS = 120
const MOST_THRESHOLDS = 8
/** The plainer term stays where a later one saves no more than rounding. */
const CLEARLY = 1.001

/** The first of the best two questions; its gain is what each of the two saves on average. */
export function lookAhead(task: TreeTask, members: Members): Split | undefined {
  const sample = sampleOf(task, members)
  const everything = allMembers(sample)
  const whole = leastLoss(sample, everything)
  const share = leastLoss(task, members) / (whole || 1)
  let best: Split | undefined
  for (const term of range(sample.terms.length))
    for (const threshold of thresholdsOf(entryAt(sample.terms, term))) {
      const rest = divide(sample, everything, term, threshold).map((side) => lossAfter(sample, side))
      const gain = ((whole - entryAt(rest, 0) - entryAt(rest, 1)) / 2) * share
      if (gain > (best?.gain ?? 0) * CLEARLY) best = { term, threshold, gain, margin: 0 }
    }
  return best
}

function lossAfter(task: TreeTask, members: Members): number {
  const totals = totalLosses(task, members)
  return at(totals, argmin(totals)) - (bestSplit(task, members, totals)?.gain ?? 0)
}

function leastLoss(task: TreeTask, members: Members): number {
  const totals = totalLosses(task, members)
  return at(totals, argmin(totals))
}

/** A task of the heaviest members only. */
function sampleOf(task: TreeTask, members: Members): TreeTask {
  const rows = range(members.length).filter((row) => members[row] === 1)
  const heaviest = rows.sort((a, b) => at(task.weights, b) - at(task.weights, a) || a - b).slice(0, MOST_ROWS)
  return treeTask(
    task.terms.map((values) => Float64Array.from(heaviest, (row) => at(values, row))),
    heaviest.map((row) => entryAt(task.losses, row)),
    Float64Array.from(heaviest, (row) => at(task.weights, row)),
    task.leastWeight,
  )
}

function thresholdsOf(values: Float64Array): number[] {
  const distinct = [...new Set(values)].sort((a, b) => a - b)
  const gaps = distinct.length - 1
  const step = Math.max(1, gaps / MOST_THRESHOLDS)
  const result: number[] = []
  for (let gap = step / 2; gap < gaps; gap += step) {
    const index = Math.floor(gap)
    result.push(between(entryAt(distinct, index), entryAt(distinct, index + 1)))
  }
  return result
}
