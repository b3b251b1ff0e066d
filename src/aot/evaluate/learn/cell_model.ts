/**
 * What a config on a shape comes to decides how long it takes: one Gaussian process over all cells of a sweep
 * learns from every config about every other, so that few shapes go a long way. Its kernel is a sum
 * (Rasmussen & Williams, Gaussian Processes for Machine Learning, 4.2.4): what facts tell of any config, what
 * is one config's own, and what a shape has in common for all. Nothing in it is fitted but the values
 * themselves: with few shapes a search for parameters finds noise, and measurements that move a little must
 * not lead to other choices.
 */
import { Random } from '../../../support/random.ts'
import type { Row } from '../features/columns.ts'
import { addTo, at, entryAt, range } from '../numeric.ts'
import type { CellAxes } from './cell_axes.ts'
import { factorise, forward, halfLogDeterminant, solve } from './cholesky.ts'
import { matern52 } from './gaussian_process.ts'

/** Variances of the parts, in squared saturated log slowdowns: what one sees in sweeps of several GPUs. */
const VARIANCE = {
  /** What facts tell, however it bends. */
  facts: 0.37,
  /** What facts tell in a straight line. */
  linear: 0.2,
  /** A config's own, the same on every shape, and as far as it changes with the shape. */
  own: 0.1,
  ownByShape: 0.1,
  /** What a shape has in common for all configs: as good as unknown. */
  shape: 3,
  noise: 0.0067,
} as const
/**
 * In units of the length scale of shapes in the part of the facts: it cancels that one, and is 1 in spreads.
 */
const OWN_SHAPE_SCALE = 1 / 1.65

/** The work is cubic in the number of cells: beyond so many (110 million steps) a sample is learned from. */
const MOST_CELLS = 700
/**
 * The model alone is believed up to so many: beyond, each config has been seen often enough to speak for
 * itself.
 */
const MOST_ALONE = 400
/** Any: the same measurements shall give the same sample. */
const SEED = 23

interface Sample {
  /** By cell: the position of its shape, its config, its point in `points`. */
  readonly shapes: Int32Array
  readonly configs: Int32Array
  readonly values: Float64Array
  /** The coordinates of all points, one after the other, and the square of each point's length. */
  readonly points: Float64Array
  readonly squares: Float64Array
  readonly dimensions: number
  /** By position. */
  readonly shapePoints: readonly Float64Array[]
}

export interface CellModel {
  /** One prediction a config; what they have in common means nothing. */
  readonly predict: (row: Row) => Float64Array
  /** Log marginal likelihood at the best scale of all variances, for comparing axes on the same cells. */
  readonly evidence: number
}

/** How far to believe the model where there are so many cells: a model of each config gains on it. */
export function shareOfCells(cells: number): number {
  return Math.min(1, MOST_ALONE / Math.max(1, cells))
}

/** Fits `outputs` (by row, then by config; NaN where nothing is known) on at most `most` of the cells. */
export function fitCellModel(
  axes: CellAxes,
  rows: readonly Row[],
  outputs: readonly Float64Array[],
  most: number = MOST_CELLS,
): CellModel {
  const sample = sampleOf(axes, rows, outputs, most)
  const count = sample.values.length
  const factor = covarianceFactor(sample)
  const weights = sample.values.slice()
  forward(factor, count, weights, 1)
  const squares = weights.reduce((sum, value) => sum + value * value, 1e-12)
  const evidence = -0.5 * count * Math.log(squares / count) - halfLogDeterminant(factor, count)
  weights.set(sample.values)
  solve(factor, count, weights, 1)
  const known = fitted(sample, weights, outputs[0]?.length ?? 0)
  return { evidence, predict: (row) => predict(axes, known, row) }
}

function sampleOf(
  axes: CellAxes,
  rows: readonly Row[],
  outputs: readonly Float64Array[],
  most: number,
): Sample {
  const configs = outputs[0]?.length ?? 0
  const outputOf = (cell: number) => at(entryAt(outputs, Math.floor(cell / configs)), cell % configs)
  const all = range(rows.length * configs).filter((cell) => !Number.isNaN(outputOf(cell)))
  const picked = all.length <= most ? all : new Random(SEED).sample(all, most).sort((a, b) => a - b)
  const shapes = Int32Array.from(picked, (cell) => Math.floor(cell / configs))
  const needed = new Set(shapes)
  const cells = rows.map((row, index) => (needed.has(index) ? axes.cells(row) : []))
  const points = picked.map((cell) => entryAt(entryAt(cells, Math.floor(cell / configs)), cell % configs))
  return {
    shapes,
    configs: Int32Array.from(picked, (cell) => cell % configs),
    values: Float64Array.from(picked, outputOf),
    points: Float64Array.from(points.flatMap((point) => [...point])),
    squares: Float64Array.from(points, squareOf),
    dimensions: points[0]?.length ?? 0,
    shapePoints: rows.map(axes.shape),
  }
}

function covarianceFactor(sample: Sample): Float64Array {
  const { shapes, configs, points, dimensions, shapePoints } = sample
  const count = shapes.length
  const between = shapePoints.map((a) => Float64Array.from(shapePoints, (b) => squaredDistance(a, b)))
  const own = between.map((distances) => distances.map(ownCovariance))
  const matrix = new Float64Array(count * count)
  for (let i = 0; i < count; i++) {
    const shape = shapes[i] as number
    const point = points.subarray(i * dimensions, (i + 1) * dimensions)
    const row = matrix.subarray(i * count, i * count + i + 1)
    fillSquaredDistances(row, sample, point, entryAt(between, shape))
    for (let j = 0; j <= i; j++) {
      const other = points.subarray(j * dimensions, (j + 1) * dimensions)
      row[j] = VARIANCE.facts * matern52(at(row, j)) + VARIANCE.linear * innerProduct(point, other)
      if (configs[i] === configs[j]) addTo(row, j, at(entryAt(own, shape), shapes[j] as number))
      if (shape === shapes[j]) addTo(row, j, VARIANCE.shape)
    }
    addTo(row, i, VARIANCE.noise)
  }
  if (!factorise(matrix, count)) throw new Error('the covariance of cells is not positive definite')
  return matrix
}

/** What a fitted sample knows beside its points: sums that no shape changes. */
interface Fitted {
  readonly sample: Sample
  readonly weights: Float64Array
  /** The gradient of the part in a straight line. */
  readonly slope: Float64Array
  /** Cells by config. */
  readonly cellsOf: readonly (readonly number[])[]
}

function fitted(sample: Sample, weights: Float64Array, configs: number): Fitted {
  const { points, dimensions } = sample
  const slope = new Float64Array(dimensions)
  for (let i = 0; i < weights.length; i++)
    for (let d = 0; d < dimensions; d++)
      addTo(slope, d, VARIANCE.linear * at(weights, i) * at(points, i * dimensions + d))
  const cellsOf: number[][] = range(configs).map(() => [])
  sample.configs.forEach((config, cell) => {
    cellsOf[config]?.push(cell)
  })
  return { sample, weights, slope, cellsOf }
}

function predict(axes: CellAxes, { sample, weights, slope, cellsOf }: Fitted, row: Row): Float64Array {
  const place = axes.shape(row)
  const distances = Float64Array.from(sample.shapePoints, (point) => squaredDistance(place, point))
  const own = distances.map(ownCovariance)
  const squares = new Float64Array(weights.length)
  const cells = axes.cells(row)
  const outputs = new Float64Array(cells.length)
  cells.forEach((point, config) => {
    fillSquaredDistances(squares, sample, point, distances)
    let sum = innerProduct(point, slope)
    for (let i = 0; i < squares.length; i++) sum += VARIANCE.facts * at(weights, i) * matern52(at(squares, i))
    for (const cell of entryAt(cellsOf, config))
      sum += at(weights, cell) * at(own, sample.shapes[cell] as number)
    outputs[config] = sum
  })
  return outputs
}

/** Squared distances, as far as facts tell, of a point from the first cells of the sample. */
function fillSquaredDistances(
  squares: Float64Array,
  sample: Sample,
  point: Float64Array,
  shapeDistances: Float64Array,
): void {
  const { shapes, points, dimensions } = sample
  const square = squareOf(point)
  for (let i = 0, index = 0; i < squares.length; i++) {
    let product = 0
    for (let d = 0; d < dimensions; d++) product += at(point, d) * at(points, index++)
    const apart = square + at(sample.squares, i) - 2 * product
    squares[i] = (apart > 0 ? apart : 0) + at(shapeDistances, shapes[i] as number)
  }
}

function innerProduct(a: Float64Array, b: Float64Array): number {
  let sum = 0
  for (let d = 0; d < a.length; d++) sum += at(a, d) * at(b, d)
  return sum
}

function squareOf(point: Float64Array): number {
  let sum = 0
  for (let d = 0; d < point.length; d++) sum += at(point, d) ** 2
  return sum
}

function ownCovariance(squaredDistance: number): number {
  return VARIANCE.own + VARIANCE.ownByShape * matern52(squaredDistance / OWN_SHAPE_SCALE ** 2)
}

function squaredDistance(a: Float64Array, b: Float64Array): number {
  let sum = 0
  for (let d = 0; d < a.length; d++) sum += (at(a, d) - at(b, d)) ** 2
  return sum
}
