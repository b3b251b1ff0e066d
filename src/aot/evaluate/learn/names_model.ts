/**
 * The teacher's model to which configs are names: what tiles explain is taken off first, the rest is learned
 * by a Gaussian process over shapes. With many shapes nothing is better; with few it knows too little of each
 * config.
 */
import type { ConfigData } from '../../../config/value.ts'
import { Random } from '../../../support/random.ts'
import type { Column, Row } from '../features/columns.ts'
import { at, entriesAt, entryAt, range } from '../numeric.ts'
import { shapeCoordinates } from './coordinates.ts'
import { fitGaussianProcess } from './gaussian_process.ts'
import { fitTileEffects, type TilePlan } from './tile_effects.ts'

export interface NamesModel {
  /** One output a config. */
  readonly predict: (row: Row) => Float64Array
  readonly memory: NamesMemory
}

/** What a similar fit found: saves most of the search. */
export interface NamesMemory {
  readonly parameters: readonly number[]
  readonly tiles: TilePlan | undefined
}

/**
 * The cost of a Gaussian process is cubic, for each step of its search: beyond this many rows it learns from
 * a sample.
 */
const MOST_POINTS = 160

/** Fits `outputs` (by row, then by config); with `memory` faster. Rows must not be empty. */
export function fitNamesModel(
  columns: readonly Column[],
  rows: readonly Row[],
  configs: readonly ConfigData[],
  outputs: readonly Float64Array[],
  memory?: NamesMemory,
): NamesModel {
  const points = pick(rows.length, MOST_POINTS, new Random(29))
  const known = entriesAt(rows, points)
  const noTiles = memory && !memory.tiles
  const tiles = noTiles
    ? undefined
    : fitTileEffects(columns, known, configs, entriesAt(outputs, points), memory?.tiles)
  const rest = tiles
    ? outputs.map((row, index) => mixed(row, 1, tiles.explain(entryAt(rows, index)), -1))
    : outputs
  const place = shapeCoordinates(columns, rows)
  const smooth = fitGaussianProcess(known.map(place), entriesAt(rest, points), memory?.parameters)
  return {
    memory: { parameters: smooth.logParameters, tiles: tiles?.plan },
    predict(row) {
      const rest = smooth.predict(place(row))
      return tiles ? mixed(rest, 1, tiles.explain(row), 1) : rest
    },
  }
}

/** Infinity and NaN sort after everything that a threshold can admit. */
export function finiteOrLast(value: number): number {
  return Number.isNaN(value) ? Number.POSITIVE_INFINITY : value
}

function mixed(a: Float64Array, shareOfA: number, b: Float64Array, shareOfB: number): Float64Array {
  return a.map((value, index) => shareOfA * value + shareOfB * at(b, index))
}

/** All positions, or a random sample of them in ascending order. */
function pick(count: number, most: number, random: Random): number[] {
  const all = range(count)
  return count <= most ? all : random.sample(all, most).sort((a, b) => a - b)
}
