/**
 * A random forest of regression trees with many outputs: every tree sees a bootstrap sample of the shapes and
 * a random half of the terms at each split. It catches the cliffs (registers, divisibility, cache sizes) that
 * a smooth model rounds off.
 */
import type { Random } from '../../../support/random.ts'
import { addTo, at, entryAt, range } from '../numeric.ts'

/**
 * Node i asks about term `terms[i]`, or is a leaf when that is -1; its children are `low[i]` and `low[i] +
 * 1`.
 */
interface FlatTree {
  readonly terms: number[]
  readonly thresholds: number[]
  readonly low: number[]
  readonly means: Float64Array[]
}

interface Problem {
  /** Term values by term, then by row. */
  readonly terms: readonly Float64Array[]
  readonly outputs: readonly Float64Array[]
  readonly random: Random
}

export interface Forest {
  /** One prediction per output. */
  readonly predict: (point: Float64Array) => Float64Array
}

/** Fits `trees` trees to `outputs` at `points` (one array of term values each). */
export function fitForest(
  points: readonly Float64Array[],
  outputs: readonly Float64Array[],
  trees: number,
  random: Random,
): Forest {
  const terms = range(points[0]?.length ?? 0).map((term) =>
    Float64Array.from(points, (point) => at(point, term)),
  )
  const problem = { terms, outputs, random }
  const grown = range(trees).map(() => {
    const tree: FlatTree = { terms: [], thresholds: [], low: [], means: [] }
    addNode(tree)
    grow(
      problem,
      tree,
      0,
      points.map(() => random.int(0, points.length - 1)),
    )
    return tree
  })
  return {
    predict(point) {
      const result = new Float64Array(outputs[0]?.length ?? 0)
      for (const tree of grown) {
        const mean = leafMean(tree, point)
        for (let c = 0; c < result.length; c++) addTo(result, c, at(mean, c) / trees)
      }
      return result
    },
  }
}

function leafMean({ terms, thresholds, low, means }: FlatTree, point: Float64Array): Float64Array {
  let node = 0
  for (let term = entryAt(terms, 0); term >= 0; term = entryAt(terms, node))
    node = entryAt(low, node) + (at(point, term) <= entryAt(thresholds, node) ? 0 : 1)
  return entryAt(means, node)
}

const NO_MEAN = new Float64Array(0)

function addNode(tree: FlatTree): number {
  tree.terms.push(-1)
  tree.thresholds.push(0)
  tree.low.push(-1)
  return tree.means.push(NO_MEAN) - 1
}

function grow(problem: Problem, tree: FlatTree, node: number, rows: readonly number[]): void {
  const totals = new Float64Array(problem.outputs[0]?.length ?? 0)
  for (const row of rows) addRow(totals, entryAt(problem.outputs, row))
  const split = rows.length > 1 ? bestSplit(problem, rows, totals) : undefined
  if (!split) {
    tree.means[node] = totals.map((value) => value / rows.length)
    return
  }
  const values = entryAt(problem.terms, split.term)
  const isLow = (row: number) => at(values, row) <= split.threshold
  tree.terms[node] = split.term
  tree.thresholds[node] = split.threshold
  const low = addNode(tree)
  const high = addNode(tree)
  tree.low[node] = low
  grow(problem, tree, low, rows.filter(isLow))
  grow(
    problem,
    tree,
    high,
    rows.filter((row) => !isLow(row)),
  )
}

/** The split that explains most of the variance of all outputs together. */
function bestSplit(
  { terms, outputs, random }: Problem,
  rows: readonly number[],
  totals: Float64Array,
): { term: number; threshold: number } | undefined {
  let best: { term: number; threshold: number } | undefined
  let most = squares(totals) / rows.length + 1e-9
  const low = new Float64Array(totals.length)
  for (const term of random.sample(range(terms.length), Math.ceil(terms.length / 2))) {
    const values = entryAt(terms, term)
    const order = Int32Array.from(rows).sort((a, b) => at(values, a) - at(values, b))
    low.fill(0)
    for (let count = 1; count < order.length; count++) {
      const row = order[count - 1] as number
      addRow(low, entryAt(outputs, row))
      const below = at(values, row)
      const above = at(values, order[count] as number)
      if (!(above > below)) continue
      const explained = squares(low) / count + squaresOfRest(totals, low) / (order.length - count)
      if (explained <= most) continue
      most = explained
      best = {
        term,
        threshold: below > 0 && above < Number.POSITIVE_INFINITY ? Math.sqrt(below * above) : below,
      }
    }
  }
  return best
}

function addRow(totals: Float64Array, row: Float64Array): void {
  for (let c = 0; c < totals.length; c++) addTo(totals, c, at(row, c))
}

function squares(values: Float64Array): number {
  let sum = 0
  for (let c = 0; c < values.length; c++) sum += at(values, c) ** 2
  return sum
}

function squaresOfRest(totals: Float64Array, part: Float64Array): number {
  let sum = 0
  for (let c = 0; c < totals.length; c++) sum += (at(totals, c) - at(part, c)) ** 2
  return sum
}
