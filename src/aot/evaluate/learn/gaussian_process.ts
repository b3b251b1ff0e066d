/**
 * Gaussian process regression with many outputs that share one kernel: a Matérn kernel with a length scale
 * per coordinate, a linear part and noise, all chosen by the marginal likelihood. Sweeps are small (tens of
 * shapes), and times vary smoothly with the logs of sizes: this is the model that makes the most of few
 * points.
 */
import { addTo, at, columnMeans, entryAt, range } from '../numeric.ts'
import { factorise, forward, halfLogDeterminant, solve } from './cholesky.ts'

export interface GaussianProcess {
  /** One prediction per output. */
  readonly predict: (point: Float64Array) => Float64Array
  /**
   * Natural logs of length scales, then of noise and of the weight of the linear part; a start for the next
   * fit.
   */
  readonly logParameters: readonly number[]
}

/**
 * Bounds of the log length scales, a quarter to 33 doublings, and where the search starts. Coordinates are
 * log2 of sizes.
 */
const SCALE_LIMITS = [-1.5, 3.5] as const
const START_SCALE = 1
/**
 * Logs of noise and trend over the variance of the smooth part, where the search starts: a seventh, little.
 */
const START = { noise: -2, linear: -4 } as const
/** Steps in logs, halved down to 15 %. */
const STEPS = { first: 1.5, firstFromStart: 0.6, last: 0.15, rounds: 3 } as const
/** A weak prior for logs near 0: with few points the likelihood alone is flat. */
const PENALTY = 0.05

/**
 * Fits `outputs` (one array per point) at `points`. With `start` (the parameters of a similar fit) the search
 * is short. Every point must have at least one coordinate.
 */
export function fitGaussianProcess(
  points: readonly Float64Array[],
  outputs: readonly Float64Array[],
  start?: readonly number[],
): GaussianProcess {
  const data = new TrainingData(points, outputs)
  const score = (parameters: readonly number[]) => evidence(data, unlog(parameters))
  const initial = start ?? [...range(data.dimensions).map(() => START_SCALE), START.noise, START.linear]
  const logParameters = search(initial, data.dimensions, score, start ? STEPS.firstFromStart : STEPS.first)
  return {
    logParameters,
    predict: predictor(data, unlog(logParameters)),
  }
}

/** Coordinate-wise hill climbing with shrinking steps: few parameters, cheap evaluations, no gradients. */
function search(
  start: readonly number[],
  scales: number,
  score: (parameters: readonly number[]) => number,
  firstStep: number,
): readonly number[] {
  let best = start
  let bestScore = score(best)
  const tryMove = (index: number, by: number): boolean => {
    const next = best.map((value, i) => (i === index ? value + by : value))
    const changed = entryAt(next, index)
    if (index < scales && (changed < SCALE_LIMITS[0] || changed > SCALE_LIMITS[1])) return false
    const nextScore = score(next)
    if (nextScore <= bestScore + 1e-6) return false
    best = next
    bestScore = nextScore
    return true
  }
  for (let step = firstStep; step > STEPS.last; step /= 2)
    for (let round = 0, moved = true; round < STEPS.rounds && moved; round++) {
      moved = false
      for (const index of range(start.length)) moved = tryMove(index, step) || tryMove(index, -step) || moved
    }
  return best
}

interface Parameters {
  /** Inverse squared length scales. */
  readonly rates: Float64Array
  readonly noise: number
  readonly linear: number
  readonly penalty: number
}

function unlog(logs: readonly number[]): Parameters {
  const scales = logs.slice(0, -2)
  const [noise = 0, linear = 0] = logs.slice(-2)
  return {
    rates: Float64Array.from(scales, (scale) => Math.exp(-2 * scale)),
    noise: Math.exp(noise),
    linear: Math.exp(linear),
    penalty: PENALTY * logs.reduce((sum, log) => sum + log * log, 0),
  }
}

/** Points and centred outputs, with everything about pairs of points that no parameter changes. */
class TrainingData {
  readonly points: readonly Float64Array[]
  readonly count: number
  readonly dimensions: number
  readonly columns: number
  /** Mean of each output, and the outputs less it, point by point. */
  readonly mean: Float64Array
  readonly centred: Float64Array
  readonly centre: Float64Array
  /**
   * For each pair i >= j in order, per dimension: squared difference; and the inner product about the centre.
   */
  readonly squares: Float64Array
  readonly slopes: Float64Array

  constructor(points: readonly Float64Array[], outputs: readonly Float64Array[]) {
    this.points = points
    this.count = points.length
    this.dimensions = points[0]?.length ?? 0
    this.columns = outputs[0]?.length ?? 0
    this.mean = columnMeans(outputs, this.columns)
    this.centred = new Float64Array(this.count * this.columns)
    outputs.forEach((row, i) => {
      for (let c = 0; c < this.columns; c++)
        this.centred[i * this.columns + c] = at(row, c) - at(this.mean, c)
    })
    this.centre = columnMeans(points, this.dimensions)
    const pairs = (this.count * (this.count + 1)) / 2
    this.squares = new Float64Array(pairs * this.dimensions)
    this.slopes = new Float64Array(pairs)
    let pair = 0
    for (const [i, a] of points.entries())
      for (const b of points.slice(0, i + 1)) {
        for (let d = 0; d < this.dimensions; d++)
          this.squares[pair * this.dimensions + d] = (at(a, d) - at(b, d)) ** 2
        this.slopes[pair++] = innerProduct(a, b, this.centre)
      }
  }
}

function evidence(data: TrainingData, parameters: Parameters): number {
  const factor = covarianceFactor(data, parameters)
  if (!factor) return Number.NEGATIVE_INFINITY
  const whitened = data.centred.slice()
  forward(factor, data.count, whitened, data.columns)
  let squares = 1e-12
  for (let index = 0; index < whitened.length; index++) squares += at(whitened, index) ** 2
  const fit = -0.5 * whitened.length * Math.log(squares / whitened.length)
  return fit - data.columns * halfLogDeterminant(factor, data.count) - parameters.penalty
}

function predictor(data: TrainingData, parameters: Parameters): (point: Float64Array) => Float64Array {
  const { columns, mean, centre } = data
  const factor = covarianceFactor(data, parameters)
  if (!factor) return () => mean.slice()
  const weights = data.centred.slice()
  solve(factor, data.count, weights, columns)
  return (point) => {
    const result = mean.slice()
    for (let i = 0; i < data.count; i++) {
      const known = entryAt(data.points, i)
      let distance = 0
      for (let d = 0; d < point.length; d++)
        distance += (at(point, d) - at(known, d)) ** 2 * at(parameters.rates, d)
      const similarity = matern52(distance) + parameters.linear * innerProduct(point, known, centre) + 1
      for (let c = 0; c < columns; c++) addTo(result, c, similarity * at(weights, i * columns + c))
    }
    return result
  }
}

/** Cholesky factor of the covariance of the outputs; `undefined` where rounding makes it indefinite. */
function covarianceFactor(
  { count, dimensions, squares, slopes }: TrainingData,
  { rates, linear, noise }: Parameters,
): Float64Array | undefined {
  const matrix = new Float64Array(count * count)
  let pair = 0
  for (let i = 0; i < count; i++) {
    for (let j = 0; j <= i; j++) {
      let distance = 0
      for (let d = 0; d < dimensions; d++) distance += at(squares, pair * dimensions + d) * at(rates, d)
      matrix[i * count + j] = matern52(distance) + linear * at(slopes, pair) + 1
      pair++
    }
    addTo(matrix, i * count + i, noise)
  }
  return factorise(matrix, count) ? matrix : undefined
}

function innerProduct(a: Float64Array, b: Float64Array, centre: Float64Array): number {
  let sum = 0
  for (let d = 0; d < a.length; d++) sum += (at(a, d) - at(centre, d)) * (at(b, d) - at(centre, d))
  return sum
}

/** Of points so far apart, in length scales. */
export function matern52(squaredDistance: number): number {
  const d = Math.sqrt(5 * squaredDistance)
  return (1 + d + (d * d) / 3) * Math.exp(-d)
}
