/**
 * The teacher's model to which configs are names: what tiles explain is taken off first; the rest is learned
 * by two models that err in different ways (a Gaussian process and a random forest) and averaged. With many
 * shapes nothing is better; with few it knows too little of each config.
 */
import type { ConfigData } from '../../../config/value.ts'
import { Random } from '../../../support/random.ts'
import type { Column, Row } from '../features/columns.ts'
import { type Term, termValue } from '../features/terms.ts'
import { addTo, at, entriesAt, entryAt, range } from '../numeric.ts'
import { coordinateVariants } from './coordinates.ts'
import { fitForest } from './forest.ts'
import { fitGaussianProcess, type GaussianProcess, type KernelName, START_SCALE } from './gaussian_process.ts'
import { fitTileEffects, type TilePlan } from './tile_effects.ts'

export interface NamesModel {
  /** One output a config. */
  readonly predict: (row: Row) => Float64Array
  readonly memory: NamesMemory
}

/** What a similar fit found: saves most of the search. */
export interface NamesMemory {
  readonly variant: number
  readonly parameters: Readonly<Record<KernelName, readonly number[]>>
  readonly tiles: TilePlan | undefined
}

const FOREST_WEIGHT = 1 / 3
const TREES = 60
/** The cost of a Gaussian process is cubic: beyond this many rows it learns from a sample. */
const MOST_POINTS = 160
const MOST_FOREST_ROWS = 300

/** Fits `outputs` (by row, then by config); with `memory` faster. Rows must not be empty. */
export function fitNamesModel(
  columns: readonly Column[],
  rows: readonly Row[],
  terms: readonly Term[],
  configs: readonly ConfigData[],
  outputs: readonly Float64Array[],
  memory?: NamesMemory,
): NamesModel {
  const points = pick(rows.length, MOST_POINTS, new Random(29))
  const noTiles = memory && !memory.tiles
  const tiles = noTiles
    ? undefined
    : fitTileEffects(columns, entriesAt(rows, points), configs, entriesAt(outputs, points), memory?.tiles)
  const rest = tiles ? outputs.map((row, index) => less(row, tiles.explain(entryAt(rows, index)))) : outputs
  const smooth = fitSmooth(columns, rows, entriesAt(rows, points), entriesAt(rest, points), memory)
  const place = (row: Row) => Float64Array.from(terms, (term) => finiteOrLast(termValue(term, row)))
  const random = new Random(17)
  const sample = pick(rows.length, MOST_FOREST_ROWS, random)
  const forest =
    terms.length > 0 && rows.length > 1
      ? fitForest(entriesAt(rows, sample).map(place), entriesAt(rest, sample), TREES, random)
      : undefined
  return {
    memory: { ...smooth.memory, tiles: tiles?.plan },
    predict(row) {
      const expected = smooth.predict(row)
      const other = forest?.predict(place(row))
      const explained = tiles?.explain(row)
      for (let c = 0; c < expected.length; c++) {
        if (other) expected[c] = (1 - FOREST_WEIGHT) * at(expected, c) + FOREST_WEIGHT * at(other, c)
        if (explained) addTo(expected, c, at(explained, c))
      }
      return expected
    },
  }
}

function less(values: Float64Array, amounts: Float64Array): Float64Array {
  return values.map((value, index) => value - at(amounts, index))
}

/** Infinity and NaN sort after everything that a threshold can admit. */
export function finiteOrLast(value: number): number {
  return Number.isNaN(value) ? Number.POSITIVE_INFINITY : value
}

interface Smooth {
  readonly predict: (row: Row) => Float64Array
  readonly memory: Omit<NamesMemory, 'tiles'>
}

/**
 * The mean of a smooth and a rough Gaussian process, on the coordinates with the best evidence. `columns` are
 * described by all rows; `known` and `targets` are a sample of them.
 */
function fitSmooth(
  columns: readonly Column[],
  rows: readonly Row[],
  known: readonly Row[],
  targets: readonly Float64Array[],
  memory: NamesMemory | undefined,
): Smooth {
  const variants = coordinateVariants(columns, rows)
  const fit = (variant: number, kernel: KernelName, start?: readonly number[]) => {
    const points = known.map(entryAt(variants, variant))
    const model = fitGaussianProcess(points, targets, kernel, start && fitted(start, points[0]?.length ?? 0))
    return { variant, model }
  }
  const plain = fit(0, 'matern52', memory?.variant === 0 ? memory.parameters.matern52 : undefined)
  const others = memory ? [memory.variant] : range(variants.length)
  const smooth = others
    .filter((variant) => variant > 0 && variant < variants.length)
    .map((variant) => fit(variant, 'matern52', memory?.parameters.matern52 ?? plain.model.logParameters))
    .reduce((a, b) => (b.model.evidence > a.model.evidence ? b : a), plain)
  const { variant } = smooth
  const rough = fit(variant, 'matern12', memory?.parameters.matern12 ?? smooth.model.logParameters).model
  const place = entryAt(variants, variant)
  return {
    predict: (row) => meanPrediction([smooth.model, rough], place(row)),
    memory: { variant, parameters: { matern52: smooth.model.logParameters, matern12: rough.logParameters } },
  }
}

/** Parameters for `dimensions` coordinates from those of fewer or more: the first ones are the same axes. */
function fitted(parameters: readonly number[], dimensions: number): readonly number[] {
  const scales = range(dimensions).map((d) =>
    d < parameters.length - 2 ? entryAt(parameters, d) : START_SCALE,
  )
  return [...scales, ...parameters.slice(-2)]
}

function meanPrediction(models: readonly GaussianProcess[], point: Float64Array): Float64Array {
  const [first, ...others] = models.map((model) => model.predict(point))
  const sum = first ?? new Float64Array()
  for (const other of others) for (let c = 0; c < sum.length; c++) addTo(sum, c, at(other, c))
  return sum.map((value) => value / models.length)
}

/** All positions, or a random sample of them in ascending order. */
function pick(count: number, most: number, random: Random): number[] {
  const all = range(count)
  return count <= most ? all : random.sample(all, most).sort((a, b) => a - b)
}
