/**
 * A small seeded forest of randomised trees: what a search believes of configs that it has not measured.
 * Says a mean and how far the trees disagree, and shows leaves and paths, so that searches can tell which
 * configs are alike for the model, and which decisions matter at one.
 */
import { entryPoint } from '../../../support/call_site.ts'
import type { Random } from '../../../support/random.ts'
import { takes } from '../../../support/signature.ts'
import { ExtraTree, Features, type TrainingSet, type TreeOptions } from './extra_tree.ts'

export interface ForestOptions extends TreeOptions {
  readonly trees: number
}

export interface Prediction {
  readonly mean: number
  /** Standard deviation over trees and within their leaves. */
  readonly deviation: number
}

/** Something whose trees put points into leaves. */
export interface LeafModel {
  /** Index of the leaf in each tree. */
  leaves(point: Float64Array): Int32Array
}

export class Forest implements LeafModel {
  readonly trees: readonly ExtraTree[]

  constructor(data: TrainingSet, random: Random, { trees, ...options }: ForestOptions) {
    const features = new Features(data)
    this.trees = Array.from({ length: trees }, () => new ExtraTree(data, features, random, options))
  }

  leaves(point: Float64Array): Int32Array {
    return Int32Array.from(this.trees, (tree) => tree.leaf(point))
  }

  predict(point: Float64Array): Prediction {
    let [sum, squares] = [0, 0]
    for (const tree of this.trees) {
      const leaf = tree.leaf(point)
      const mean = tree.mean(leaf)
      sum += mean
      squares += mean * mean + tree.variance(leaf)
    }
    const mean = sum / this.trees.length
    return { mean, deviation: Math.sqrt(Math.max(0, squares / this.trees.length - mean * mean)) }
  }
}

/** Share of the trees in which two points fall into the same leaf. */
export function leafSimilarity(a: Int32Array, b: Int32Array): number {
  let equal = 0
  for (const [tree, leaf] of a.entries()) if (leaf === b[tree]) equal++
  return equal / a.length
}

/** For every two of `points` the share of trees in which they fall into the same leaf: 1 on the diagonal. */
export const computeLeafSimilarity: (
  surrogate: LeafModel,
  points: readonly (readonly number[] | Float64Array)[],
) => readonly (readonly number[])[] = entryPoint(
  takes('computeLeafSimilarity', 'surrogate: forest, points: list', (surrogate, points) => {
    const leaves = points.map((point) => surrogate.leaves(Float64Array.from(point)))
    return leaves.map((a) => leaves.map((b) => leafSimilarity(a, b)))
  }),
)
