/**
 * The teacher: expected losses of every config on any shape. What tiles explain is taken off first; the rest
 * is learned by two models that err in different ways (a Gaussian process and a random forest) and averaged.
 * It is never shipped. Trees are grown on what it says about shapes between the measured ones, which is how a
 * small tree gets its cuts right.
 */
import type { ConfigData } from '../../../config/value.ts'
import { Random } from '../../../support/random.ts'
import type { Column, Row } from '../features/columns.ts'
import { type Term, termValue } from '../features/terms.ts'
import type { Losses } from '../matrix.ts'
import { addTo, at, entriesAt, entryAt, minOf, range } from '../numeric.ts'
import { coordinateVariants } from './coordinates.ts'
import { type ForbiddenMap, forbiddenMap } from './forbidden.ts'
import { fitForest } from './forest.ts'
import { fitGaussianProcess, type GaussianProcess, type KernelName, START_SCALE } from './gaussian_process.ts'
import { fitTileEffects, type TilePlan } from './tile_effects.ts'

export interface Teacher {
  /** Expected loss per config, at least 0 and 0 for the best; `FORBIDDEN_LOSS` where a config should fail. */
  readonly losses: (row: Row) => Float64Array
  readonly forbidden: ForbiddenMap
  /** To be handed to the fit of a part of the same rows. */
  readonly memory: TeacherMemory
}

/** What a similar fit found: saves most of the search. */
export interface TeacherMemory {
  readonly variant: number
  readonly parameters: Readonly<Record<KernelName, readonly number[]>>
  readonly tiles: TilePlan | undefined
}

/** A config that should fail is as bad as one that takes 20 times as long. */
const FORBIDDEN_LOSS: number = Math.log(20)

/** Losses saturate: 3 times as slow and 30 times as slow are equally out of the question. */
const SATURATION = 1
const FOREST_WEIGHT = 1 / 3
const TREES = 60
/** The cost of a Gaussian process is cubic: beyond this many rows it learns from a sample. */
const MOST_POINTS = 160
const MOST_FOREST_ROWS = 300

/** Fits the `losses` of `configs` at `rows`; with `memory` faster. Rows must not be empty. */
export function fitTeacher(
  columns: readonly Column[],
  rows: readonly Row[],
  terms: readonly Term[],
  configs: readonly ConfigData[],
  losses: Losses,
  memory?: TeacherMemory,
): Teacher {
  const forbidden = forbiddenMap(columns, rows, losses)
  const whole = toOutputs(rows, losses, forbidden)
  const points = pick(rows.length, MOST_POINTS, new Random(29))
  const noTiles = memory && !memory.tiles
  const tiles = noTiles
    ? undefined
    : fitTileEffects(columns, entriesAt(rows, points), configs, entriesAt(whole, points), memory?.tiles)
  const rest = tiles ? whole.map((row, index) => less(row, tiles.explain(entryAt(rows, index)))) : whole
  const smooth = fitSmooth(columns, rows, entriesAt(rows, points), entriesAt(rest, points), memory)
  const place = (row: Row) => Float64Array.from(terms, (term) => finiteOrLast(termValue(term, row)))
  const random = new Random(17)
  const sample = pick(rows.length, MOST_FOREST_ROWS, random)
  const forest =
    terms.length > 0 && rows.length > 1
      ? fitForest(entriesAt(rows, sample).map(place), entriesAt(rest, sample), TREES, random)
      : undefined
  return {
    forbidden,
    memory: { ...smooth.memory, tiles: tiles?.plan },
    losses(row) {
      const expected = smooth.predict(row)
      const other = forest?.predict(place(row))
      const explained = tiles?.explain(row)
      for (let c = 0; c < expected.length; c++) {
        if (other) expected[c] = (1 - FOREST_WEIGHT) * at(expected, c) + FOREST_WEIGHT * at(other, c)
        if (explained) addTo(expected, c, at(explained, c))
      }
      return toLosses(expected, (config) => forbidden.expected(row, config))
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

/** Saturated losses, less the row's median: what configs have in common is not worth learning. */
function toOutputs(rows: readonly Row[], losses: Losses, forbidden: ForbiddenMap): Float64Array[] {
  const typical = typicalLosses(losses)
  return rows.map((_, index) => {
    const saturated = entryAt(losses, index).map((loss, config) => {
      if (Number.isFinite(loss)) return saturate(loss)
      return forbidden.systematic[config] ? saturate(FORBIDDEN_LOSS) : at(typical, config)
    })
    const middle = at(saturated.slice().sort(), saturated.length >> 1)
    return saturated.map((value) => value - middle)
  })
}

function saturate(loss: number): number {
  return SATURATION * (1 - Math.exp(-loss / SATURATION))
}

function typicalLosses(losses: Losses): Float64Array {
  const configs = losses[0]?.length ?? 0
  return Float64Array.from({ length: configs }, (_, config) => {
    const finite = losses.map((row) => at(row, config)).filter(Number.isFinite)
    return finite.reduce((sum, loss) => sum + saturate(loss), 0) / Math.max(1, finite.length)
  })
}

/** Back from saturated differences to losses. */
function toLosses(outputs: Float64Array, isForbidden: (config: number) => boolean): Float64Array {
  const least = minOf(outputs)
  const losses = outputs.map((output, config) => {
    if (isForbidden(config)) return FORBIDDEN_LOSS
    const rest = Math.max(1 - (output - least) / SATURATION, 0.05)
    return -SATURATION * Math.log(rest)
  })
  const best = minOf(losses)
  return best > 0 ? losses.map((loss) => loss - best) : losses
}

interface Smooth {
  readonly predict: (row: Row) => Float64Array
  readonly memory: Omit<TeacherMemory, 'tiles'>
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
  memory: TeacherMemory | undefined,
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
