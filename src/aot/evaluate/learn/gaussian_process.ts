/**
 * Gaussian process regression with many outputs that share one kernel: a Matérn kernel with a length scale
 * per coordinate, a linear part and noise, all chosen by the marginal likelihood. Sweeps are small (tens of
 * shapes), and times vary smoothly with the logs of sizes: this is the model that makes the most of few
 * points.
 */
import { addTo, at, columnMeans, entryAt, range } from '../numeric.ts'
import { factorise, forward, halfLogDeterminant, solve } from './cholesky.ts'

export interface Smoother {
  /** One prediction per output. */
  readonly predict: (point: Float64Array) => Float64Array
}

export interface GaussianProcess extends Smoother {
  /**
   * Natural logs of length scales, then of noise and of the weight of the linear part; a start for the next
   * fit.
   */
  readonly logParameters: readonly number[]
  /** Log marginal likelihood less the penalty on extreme parameters, for comparing sets of coordinates. */
  readonly evidence: number
}

/** Shape of the kernel as a function of the scaled distance. */
export type KernelName = 'matern12' | 'matern52'

const KERNELS: Record<KernelName, (squaredDistance: number) => number> = {
  matern12: (squared) => Math.exp(-Math.sqrt(squared)),
  matern52: (squared) => {
    const d = Math.sqrt(5 * squared)
    return (1 + d + (d * d) / 3) * Math.exp(-d)
  },
}

/**
 * Bounds of the log length scales, and where the search starts. Coordinates are log2 of sizes, or
 * standardised.
 */
const SCALE_LIMITS = [-1.5, 3.5] as const
export const START_SCALE = 1
const START = { noise: -2, linear: -4 } as const
const STEPS = { first: 1.5, firstFromStart: 0.6, last: 0.15, rounds: 3 } as const
const PENALTY = 0.05

export interface FitOptions {
  /** By coordinate: those of one group share a length scale. Each has its own when absent. */
  readonly groups?: readonly number[] | undefined
  /** False takes `start` as it is. */
  readonly search?: boolean | undefined
}

/**
 * Fits `outputs` (one array per point) at `points`. With `start` (the parameters of a similar fit) the search
 * is short. Every point must have at least one coordinate.
 */
export function fitGaussianProcess(
  points: readonly Float64Array[],
  outputs: readonly Float64Array[],
  kernel: KernelName,
  start?: readonly number[],
  { groups, search: isSearched = true }: FitOptions = {},
): GaussianProcess {
  const data = new TrainingData(points, outputs, groups)
  const score = (parameters: readonly number[]) => evidence(data, KERNELS[kernel], unlog(parameters))
  const initial = start ?? startFor(data)
  const firstStep = start ? STEPS.firstFromStart : STEPS.first
  const logParameters = isSearched ? search(initial, data.scales, score, firstStep) : initial
  return {
    logParameters,
    evidence: score(logParameters),
    predict: predictor(data, KERNELS[kernel], unlog(logParameters)),
  }
}

/** The evidence with the parameters that a search starts from: tells good coordinates from bad ones. */
export function evidenceAtStart(
  points: readonly Float64Array[],
  outputs: readonly Float64Array[],
  kernel: KernelName,
  groups?: readonly number[],
): number {
  const data = new TrainingData(points, outputs, groups)
  return evidence(data, KERNELS[kernel], unlog(startFor(data)))
}

function startFor({ scales }: TrainingData): readonly number[] {
  return [...range(scales).map(() => START_SCALE), START.noise, START.linear]
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
  /** By coordinate: the place of its length scale. */
  readonly groups: Int32Array
  /** Number of length scales. */
  readonly scales: number
  readonly columns: number
  /** Mean of each output, and the outputs less it, point by point. */
  readonly mean: Float64Array
  readonly centred: Float64Array
  readonly centre: Float64Array
  /**
   * For each pair i >= j in order, per group: squared distance; and the inner product about the centre.
   */
  readonly squares: Float64Array
  readonly slopes: Float64Array

  constructor(
    points: readonly Float64Array[],
    outputs: readonly Float64Array[],
    groups: readonly number[] | undefined,
  ) {
    this.points = points
    this.count = points.length
    this.dimensions = points[0]?.length ?? 0
    this.groups = Int32Array.from(groups ?? range(this.dimensions))
    this.scales = groups ? 1 + Math.max(...groups) : this.dimensions
    this.columns = outputs[0]?.length ?? 0
    this.mean = columnMeans(outputs, this.columns)
    this.centred = new Float64Array(this.count * this.columns)
    outputs.forEach((row, i) => {
      for (let c = 0; c < this.columns; c++)
        this.centred[i * this.columns + c] = at(row, c) - at(this.mean, c)
    })
    this.centre = columnMeans(points, this.dimensions)
    const pairs = (this.count * (this.count + 1)) / 2
    this.squares = new Float64Array(pairs * this.scales)
    this.slopes = new Float64Array(pairs)
    let pair = 0
    for (const [i, a] of points.entries())
      for (const b of points.slice(0, i + 1)) {
        for (let d = 0; d < this.dimensions; d++)
          addTo(this.squares, pair * this.scales + (this.groups[d] as number), (at(a, d) - at(b, d)) ** 2)
        this.slopes[pair++] = innerProduct(a, b, this.centre)
      }
  }
}

function evidence(data: TrainingData, kernel: (squared: number) => number, parameters: Parameters): number {
  const factor = covarianceFactor(data, kernel, parameters)
  if (!factor) return Number.NEGATIVE_INFINITY
  const whitened = data.centred.slice()
  forward(factor, data.count, whitened, data.columns)
  let squares = 1e-12
  for (let index = 0; index < whitened.length; index++) squares += at(whitened, index) ** 2
  const fit = -0.5 * whitened.length * Math.log(squares / whitened.length)
  return fit - data.columns * halfLogDeterminant(factor, data.count) - parameters.penalty
}

function predictor(
  data: TrainingData,
  kernel: (squared: number) => number,
  parameters: Parameters,
): (point: Float64Array) => Float64Array {
  const { columns, mean, centre, count, dimensions } = data
  const factor = covarianceFactor(data, kernel, parameters)
  if (!factor) return () => mean.slice()
  const weights = data.centred.slice()
  solve(factor, count, weights, columns)
  // Coordinates in units of their length scale; the linear part is one slope per coordinate and output.
  const scales = Float64Array.from(data.groups, (group) => Math.sqrt(at(parameters.rates, group)))
  const known = new Float64Array(count * dimensions)
  const base = mean.slice()
  const slopes = new Float64Array(dimensions * columns)
  data.points.forEach((point, i) => {
    for (let d = 0; d < dimensions; d++) known[i * dimensions + d] = at(point, d) * at(scales, d)
    for (let c = 0; c < columns; c++) {
      const weight = at(weights, i * columns + c)
      addTo(base, c, weight)
      for (let d = 0; d < dimensions; d++)
        addTo(slopes, d * columns + c, weight * parameters.linear * (at(point, d) - at(centre, d)))
    }
  })
  const scaled = new Float64Array(dimensions)
  return (point) => {
    const result = base.slice()
    for (let d = 0; d < dimensions; d++) {
      scaled[d] = at(point, d) * at(scales, d)
      const offset = at(point, d) - at(centre, d)
      for (let c = 0; c < columns; c++) addTo(result, c, offset * at(slopes, d * columns + c))
    }
    for (let i = 0, from = 0; i < count; i++, from += dimensions) {
      let distance = 0
      for (let d = 0; d < dimensions; d++) distance += (at(scaled, d) - at(known, from + d)) ** 2
      const similarity = kernel(distance)
      for (let c = 0; c < columns; c++) addTo(result, c, similarity * at(weights, i * columns + c))
    }
    return result
  }
}

/** Cholesky factor of the covariance of the outputs; `undefined` where rounding makes it indefinite. */
function covarianceFactor(
  { count, scales, squares, slopes }: TrainingData,
  kernel: (squared: number) => number,
  { rates, linear, noise }: Parameters,
): Float64Array | undefined {
  const matrix = new Float64Array(count * count)
  let pair = 0
  for (let i = 0; i < count; i++) {
    for (let j = 0; j <= i; j++) {
      let distance = 0
      for (let g = 0; g < scales; g++) distance += at(squares, pair * scales + g) * at(rates, g)
      matrix[i * count + j] = kernel(distance) + linear * at(slopes, pair) + 1
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
