/**
 * One extremely randomised regression tree over points with weights. A split compares one coordinate, or the
 * sum or difference of two, with a threshold drawn at random; of a few such splits the one that explains most
 * is taken. Coordinates that are logarithms make sums and differences products and quotients: elements per
 * thread, threads per workgroup.
 */
import type { Random } from '../../../support/random.ts'

export interface TreeOptions {
  /** Points that a leaf holds at least. */
  readonly minLeaf: number
  readonly maxDepth: number
}

/** What trees are grown on: the same number of coordinates in each point. */
export interface TrainingSet {
  readonly points: readonly Float64Array[]
  readonly targets: Float64Array
  readonly weights: Float64Array
}

/** A way to cut space in two: `axis`, or `axis` plus `sign` times `other`. */
interface Feature {
  readonly axis: number
  /** -1 where the feature is one coordinate. */
  readonly other: number
  readonly sign: number
}

interface Split {
  /** Index of the feature. */
  readonly feature: number
  readonly threshold: number
  readonly gain: number
}

interface Moments {
  readonly weight: number
  readonly sum: number
  readonly mean: number
  readonly variance: number
}

/** Splits drawn at each node, per root of the number of features, and tries until they are found. */
const TRIES_PER_SPLIT = 4
const LEAST_VARIANCE = 1e-12

/** Nodes in the order they were made: the left child of one follows it, `right` says where the other is. */
export class ExtraTree {
  readonly #axis: number[] = []
  readonly #other: number[] = []
  readonly #sign: number[] = []
  readonly #threshold: number[] = []
  readonly #right: number[] = []
  readonly #mean: number[] = []
  readonly #variance: number[] = []

  constructor(data: TrainingSet, features: Features, random: Random, options: TreeOptions) {
    this.#grow(new Grower(data, features, random, options), features, 0, data.points.length, 0)
  }

  /** Index of the leaf that a point falls into. */
  leaf(point: Float64Array): number {
    let node = 0
    for (let axis = this.#axis[0] ?? -1; axis >= 0; axis = this.#axis[node] ?? -1)
      node = this.#goesLeft(node, axis, point) ? node + 1 : (this.#right[node] ?? 0)
    return node
  }

  /** Coordinates that decide where a point falls, in the order they are looked at, each once. */
  path(point: Float64Array): readonly number[] {
    const found = new Set<number>()
    let node = 0
    for (let axis = this.#axis[0] ?? -1; axis >= 0; axis = this.#axis[node] ?? -1) {
      found.add(axis)
      const other = this.#other[node] ?? -1
      if (other >= 0) found.add(other)
      node = this.#goesLeft(node, axis, point) ? node + 1 : (this.#right[node] ?? 0)
    }
    return [...found]
  }

  /** Mean of the targets in a leaf. */
  mean(leaf: number): number {
    return this.#mean[leaf] ?? 0
  }

  variance(leaf: number): number {
    return this.#variance[leaf] ?? 0
  }

  #goesLeft(node: number, axis: number, point: Float64Array): boolean {
    const other = this.#other[node] ?? -1
    const value = (point[axis] ?? 0) + (other < 0 ? 0 : (this.#sign[node] ?? 0) * (point[other] ?? 0))
    return value <= (this.#threshold[node] ?? 0)
  }

  #grow(grower: Grower, features: Features, begin: number, end: number, depth: number): void {
    const node = this.#axis.length
    const moments = grower.moments(begin, end)
    const isMixed = moments.variance > LEAST_VARIANCE && features.count > 0
    const split = isMixed ? grower.bestSplit(begin, end, depth, moments) : undefined
    const feature = split && features.at(split.feature)
    this.#axis.push(feature?.axis ?? -1)
    this.#other.push(feature?.other ?? -1)
    this.#sign.push(feature?.sign ?? 0)
    this.#threshold.push(split?.threshold ?? 0)
    this.#mean.push(moments.mean)
    this.#variance.push(moments.variance)
    this.#right.push(0)
    if (!split) return
    const middle = grower.partition(begin, end, split)
    this.#grow(grower, features, begin, middle, depth + 1)
    this.#right[node] = this.#axis.length
    this.#grow(grower, features, middle, end, depth + 1)
  }
}

/**
 * The features that splits are drawn from: coordinates that vary, and sums and differences of those with
 * several values.
 */
export class Features {
  readonly #data: TrainingSet
  readonly #features: readonly Feature[]
  readonly #columns: (Float64Array | undefined)[] = []
  /** How many of them a node looks at. */
  readonly perNode: number

  constructor(data: TrainingSet) {
    const { points } = data
    const counts = Array.from(points[0] ?? [], (_, axis) => new Set(points.map((point) => point[axis])).size)
    const axes = counts.flatMap((count, axis) => (count > 1 ? [axis] : []))
    const steps = axes.filter((axis) => (counts[axis] ?? 0) > 2)
    const pairs = steps.flatMap((axis, index) =>
      steps.slice(index + 1).map((other) => [axis, other] as const),
    )
    this.#data = data
    this.#features = [
      ...axes.map((axis) => ({ axis, other: -1, sign: 0 })),
      ...pairs.flatMap(([axis, other]) => [1, -1].map((sign) => ({ axis, other, sign }))),
    ]
    this.perNode = Math.ceil(Math.sqrt(this.#features.length))
  }

  get count(): number {
    return this.#features.length
  }

  at(index: number): Feature {
    return this.#features[index] as Feature
  }

  /** The values of a feature at all points. */
  column(index: number): Float64Array {
    const known = this.#columns[index]
    if (known) return known
    const { axis, other, sign } = this.at(index)
    const column = Float64Array.from(
      this.#data.points,
      (point) => (point[axis] ?? 0) + (other < 0 ? 0 : sign * (point[other] ?? 0)),
    )
    this.#columns[index] = column
    return column
  }
}

/** Finds splits of ranges of the points, whose order it changes. */
class Grower {
  readonly #data: TrainingSet
  readonly #features: Features
  readonly #random: Random
  readonly #options: TreeOptions
  readonly #order: Int32Array

  constructor(data: TrainingSet, features: Features, random: Random, options: TreeOptions) {
    this.#data = data
    this.#features = features
    this.#random = random
    this.#options = options
    this.#order = Int32Array.from(data.points.keys())
  }

  moments(begin: number, end: number): Moments {
    const { targets, weights } = this.#data
    let [weight, sum, squares] = [0, 0, 0]
    for (let i = begin; i < end; i++) {
      const row = this.#order[i] as number
      const w = weights[row] as number
      const product = w * (targets[row] as number)
      weight += w
      sum += product
      squares += product * (targets[row] as number)
    }
    const mean = sum / weight
    return { weight, sum, mean, variance: Math.max(0, squares / weight - mean * mean) }
  }

  bestSplit(begin: number, end: number, depth: number, whole: Moments): Split | undefined {
    if (end - begin < 2 * this.#options.minLeaf || depth >= this.#options.maxDepth) return undefined
    const { perNode, count } = this.#features
    let best: Split | undefined
    for (let tries = 0, found = 0; tries < TRIES_PER_SPLIT * perNode && found < perNode; tries++) {
      const split = this.#splitAt(this.#random.int(0, count - 1), begin, end, whole)
      if (!split) continue
      found++
      if (split.gain > (best?.gain ?? Number.NEGATIVE_INFINITY)) best = split
    }
    return best
  }

  /** Moves the points on the left side of a split before the others; answers where these begin. */
  partition(begin: number, end: number, { feature, threshold }: Split): number {
    const column = this.#features.column(feature)
    let middle = begin
    for (let i = begin; i < end; i++) {
      const row = this.#order[i] as number
      if ((column[row] as number) > threshold) continue
      this.#order[i] = this.#order[middle] as number
      this.#order[middle++] = row
    }
    return middle
  }

  /** A threshold drawn between the extremes; undefined where that leaves a side too few points. */
  #splitAt(feature: number, begin: number, end: number, whole: Moments): Split | undefined {
    const column = this.#features.column(feature)
    let [low, high] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]
    for (let i = begin; i < end; i++) {
      const value = column[this.#order[i] as number] as number
      if (value < low) low = value
      if (value > high) high = value
    }
    if (high <= low) return undefined
    const threshold = low + (high - low) * this.#random.next()
    const gain = this.#gain(column, begin, end, threshold, whole)
    return gain === undefined ? undefined : { feature, threshold, gain }
  }

  /** Grows with what a split explains of the variance. */
  #gain(
    column: Float64Array,
    begin: number,
    end: number,
    threshold: number,
    whole: Moments,
  ): number | undefined {
    const { targets, weights } = this.#data
    let [count, weight, sum] = [0, 0, 0]
    for (let i = begin; i < end; i++) {
      const row = this.#order[i] as number
      if ((column[row] as number) > threshold) continue
      const w = weights[row] as number
      count++
      weight += w
      sum += w * (targets[row] as number)
    }
    const { minLeaf } = this.#options
    if (count < minLeaf || end - begin - count < minLeaf) return undefined
    return sum ** 2 / weight + (whole.sum - sum) ** 2 / (whole.weight - weight)
  }
}
