/** The forest that searches learn with: what it predicts, and what it shows of itself. */
import { describe, expect, it } from 'vitest'
import type { TrainingSet } from '../../src/autotuner/search/model/extra_tree.ts'
import { computeLeafSimilarity, Forest } from '../../src/autotuner/search/model/forest.ts'
import { Random } from '../../src/support/random.ts'

const OPTIONS = { trees: 20, minLeaf: 1, maxDepth: 20 }

/** Points of three coordinates in -5..5, of which `targetOf` makes targets. */
function sample(
  count: number,
  targetOf: (point: Float64Array) => number,
  weightOf: (point: Float64Array) => number = () => 1,
): TrainingSet {
  const random = new Random(7)
  const points = Array.from({ length: count }, () =>
    Float64Array.from({ length: 3 }, () => random.int(-5, 5)),
  )
  return {
    points,
    targets: Float64Array.from(points, targetOf),
    weights: Float64Array.from(points, weightOf),
  }
}

const at = (...point: number[]) => Float64Array.from(point)

describe('a forest', () => {
  it('learns what depends on one coordinate, and on the sum of two', () => {
    const one = new Forest(
      sample(150, ([a = 0]) => (a > 1 ? 10 : 0)),
      new Random(1),
      OPTIONS,
    )
    expect(one.predict(at(4, -3, 2)).mean).toBeGreaterThan(8)
    expect(one.predict(at(-2, 5, 5)).mean).toBeLessThan(2)
    const two = new Forest(
      sample(150, ([a = 0, b = 0]) => Math.abs(a + b)),
      new Random(1),
      OPTIONS,
    )
    expect(two.predict(at(4, -4, 0)).mean).toBeLessThan(2)
    expect(two.predict(at(4, 4, 0)).mean).toBeGreaterThan(6)
  })

  it('is as sure as its trees agree', () => {
    const forest = new Forest(
      sample(150, ([a = 0]) => (a > 1 ? 10 : 0)),
      new Random(1),
      OPTIONS,
    )
    expect(forest.predict(at(5, 0, 0)).deviation).toBeLessThan(forest.predict(at(1.5, 0, 0)).deviation)
  })

  it('believes points by their weight', () => {
    const points = [at(0), at(0)]
    const set = { points, targets: at(0, 10), weights: at(9, 1) }
    expect(new Forest(set, new Random(1), OPTIONS).predict(at(0)).mean).toBeCloseTo(1)
  })

  it('repeats itself with the same seed only', () => {
    const data = sample(40, ([a = 0, b = 0]) => a * b)
    const predictions = (seed: number) =>
      data.points.map(([a = 0, b = 0]) => new Forest(data, new Random(seed), OPTIONS).predict(at(a, b, 0.5)))
    expect(predictions(3)).toEqual(predictions(3))
    expect(predictions(4)).not.toEqual(predictions(3))
  })

  it('shows on the path of a point the coordinates that matter there', () => {
    const { trees } = new Forest(
      sample(200, ([a = 0]) => (a > 1 ? 10 : 0)),
      new Random(1),
      OPTIONS,
    )
    const first = trees.filter((tree) => tree.path(at(0, 0, 0)).includes(0))
    expect(first).toHaveLength(trees.length)
    for (const tree of trees) expect(new Set(tree.path(at(0, 0, 0))).size).toBe(tree.path(at(0, 0, 0)).length)
  })

  it('is one leaf where nothing differs', () => {
    const same = { points: [at(1, 1), at(1, 1)], targets: at(2, 4), weights: at(1, 1) }
    const forest = new Forest(same, new Random(1), OPTIONS)
    expect(forest.predict(at(5, 5))).toEqual({ mean: 3, deviation: 1 })
    expect(forest.trees[0]?.path(at(5, 5))).toEqual([])
  })
})

describe('computeLeafSimilarity', () => {
  it('is the share of trees in which two points share a leaf', () => {
    const leaves = new Map([
      [1, Int32Array.from([0, 1, 2, 3])],
      [2, Int32Array.from([0, 1, 5, 5])],
      [3, Int32Array.from([9, 9, 9, 9])],
    ])
    const model = { leaves: ([x = 0]: Float64Array) => leaves.get(x) ?? new Int32Array() }
    expect(computeLeafSimilarity(model, [[1], [2], [3]])).toEqual([
      [1, 0.5, 0],
      [0.5, 1, 0],
      [0, 0, 1],
    ])
  })

  it('tells near points from far ones', () => {
    const forest = new Forest(
      sample(150, ([a = 0, b = 0]) => Math.abs(a - b)),
      new Random(1),
      OPTIONS,
    )
    const [row = []] = computeLeafSimilarity(forest, [
      [0, 0, 0],
      [0, 0, 0.4],
      [-5, 5, 5],
    ])
    expect(row[0]).toBe(1)
    expect(row[1]).toBeGreaterThan(row[2] ?? 1)
  })
})
