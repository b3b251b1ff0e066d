/**
 * What tiles explain of how configs differ. A tile that reaches over the edge of a tensor does work for
 * nothing, and the last round of workgroups leaves part of the GPU idle; both follow from the sizes of a
 * shape and of the tiles, and jump where a smooth model would go straight on. Which tile runs along which
 * size, which of them are workgroups, and how many of those run at once is not known of a sweep: whatever
 * explains most of it is taken. Costs are never negative, so that chance finds little here.
 *
 * Padding and wave quantisation as in models of tiled kernels, e.g. NVIDIA's "Matrix Multiplication
 * Background" guide; fitted by ridge regression with non-negative weights.
 */

import type { ConfigData } from '../../../config/value.ts'
import { nextPowerOf2 } from '../../../support/maths.ts'
import type { Column, Row } from '../features/columns.ts'
import { addTo, at, columnMeans, entriesAt, entryAt, meanOf, range } from '../numeric.ts'
import { logSize } from './coordinates.ts'
import { plansOf, type TilePlan as TileLayout, type Tiles, tilesOf } from './tile_plan.ts'
import { MOST_WASTE, RESIDENT, UNITS } from './waste.ts'

export interface TileEffects {
  readonly plan: TilePlan
  /** Relative log time of each config on a shape, as far as tiles explain it. */
  readonly explain: (row: Row) => Float64Array
}

/** How tiles lie over sizes, and how many workgroups run at the same time. */
export interface TilePlan extends TileLayout {
  readonly units: number
}

/** A plan is searched for on at most so many rows: the work is linear in them. */
const MOST_WITNESSES = 80
/** Processors are looked for in steps of 4 %, which moves the last wave of 25 by one. */
const FINE_UNITS = { from: 8, to: 640, step: 1.04 } as const
const MOST_PADDING = 2 ** MOST_WASTE
/** As much as one cell: weights are held back where few cells tell of them. */
const RIDGE = 1
/** On fewer shapes chance explains too much: 22 of a matrix product on the H200 were better off without. */
const LEAST_ROWS = 30
/** Below this share of the differences between configs, tiles are not what matters. */
const LEAST_SHARE = 0.1
/** Enough for half a dozen weights that are little correlated. */
const SWEEPS = 30
/** Share of a curve that must be left for it to be a trend of its own. */
const NEW_DIRECTION = 1e-4

/** What a plan is fitted on: outputs are log times by row and config, each row in any unit of its own. */
interface Data {
  readonly rows: readonly Row[]
  readonly tiles: readonly Tiles[]
  readonly outputs: readonly Float64Array[]
}

/**
 * Fits `outputs` (a log time by row and config, each row in any unit of its own) by costs of tiles; undefined
 * where rows are few, configs have no tiles, there are too many ways to lay them, or they explain little.
 * With `plan` nothing is searched for.
 */
export function fitTileEffects(
  columns: readonly Column[],
  rows: readonly Row[],
  configs: readonly ConfigData[],
  outputs: readonly Float64Array[],
  plan?: TilePlan,
): TileEffects | undefined {
  if (rows.length < LEAST_ROWS) return undefined
  const data = { rows, tiles: configs.map(tilesOf), outputs }
  const chosen = plan ?? findPlan(columns, configs, data)
  const fit = chosen && new TileFit(chosen, data, [])
  return fit && (plan || fit.explained > LEAST_SHARE * variation(outputs)) ? fit : undefined
}

/** Sum of squares of what is left of the outputs without the means of rows and of configs. */
function variation(outputs: readonly Float64Array[]): number {
  const usual = columnMeans(outputs, outputs[0]?.length ?? 0)
  const centred = outputs.map((row) => row.map((value, config) => value - at(usual, config)))
  const squares = centred.map((row) => inner(row, row) - row.length * meanOf(row) ** 2)
  return squares.reduce((sum, value) => sum + value, 0)
}

/** The plan that explains most of what is not linear in the logs of sizes, which any plan could seem to. */
function findPlan(
  columns: readonly Column[],
  configs: readonly ConfigData[],
  data: Data,
): TilePlan | undefined {
  const coarse = plansOf(columns, configs).flatMap((plan) => UNITS.map((units) => ({ ...plan, units })))
  if (coarse.length === 0) return undefined
  const some = thinned(data)
  const trends = trendsOf(columns, some.rows)
  const fitPlan = (plan: TilePlan) => new TileFit(plan, some, trends)
  const first = coarse.map(fitPlan).reduce(better)
  const fine = fineUnits().map((units) => fitPlan({ ...first.plan, units }))
  return fine.reduce(better, first).plan
}

/** Every n-th row: a plan shows on few. */
function thinned({ rows, tiles, outputs }: Data): Data {
  const count = Math.min(rows.length, MOST_WITNESSES)
  const picked = range(count).map((index) => Math.floor((index * rows.length) / count))
  return { rows: entriesAt(rows, picked), tiles, outputs: entriesAt(outputs, picked) }
}

function better(a: TileFit, b: TileFit): TileFit {
  return b.explained > a.explained ? b : a
}

function fineUnits(): readonly number[] {
  const units: number[] = []
  for (let unit: number = FINE_UNITS.from; unit <= FINE_UNITS.to; unit *= FINE_UNITS.step)
    units.push(Math.round(unit))
  return [...new Set(units)]
}

/** Padding of each tile, then the idle part of the last wave; natural logs of factors, at least 0. */
function costsOf({ columns, parallel, units }: TilePlan, tiles: Tiles, row: Row): Float64Array {
  const costs = new Float64Array(columns.length + RESIDENT.length)
  let workgroups = 1
  columns.forEach((column, tile) => {
    if (column < 0) return
    const size = Math.max(1, at(row, column))
    const length = tiles[tile] === null ? nextPowerOf2(size) : (tiles[tile] ?? 1)
    const rounds = Math.ceil(size / length)
    if (parallel[tile]) workgroups *= rounds
    costs[tile] = Math.log(Math.min((rounds * length) / size, MOST_PADDING))
  })
  RESIDENT.forEach((resident, index) => {
    const waves = workgroups / (units * resident)
    costs[columns.length + index] = Math.log(Math.ceil(waves) / waves)
  })
  return costs
}

/** One plan, fitted. */
class TileFit implements TileEffects {
  readonly plan: TilePlan
  /** Sum of squares that the fit takes off. */
  readonly explained: number
  readonly #tiles: readonly Tiles[]
  /** Mean costs by config. */
  readonly #usual: readonly Float64Array[]
  readonly #weights: Float64Array

  /** Differences along `trends` (orthonormal, by row) are left out of the fit. */
  constructor(plan: TilePlan, { rows, tiles, outputs }: Data, trends: readonly Float64Array[]) {
    this.plan = plan
    this.#tiles = tiles
    const table = rows.map((row) => tiles.map((own) => costsOf(plan, own, row)))
    const kinds = table[0]?.[0]?.length ?? 0
    this.#usual = tiles.map((_, config) =>
      columnMeans(
        table.map((costs) => entryAt(costs, config)),
        kinds,
      ),
    )
    const centred = table.map((costs) => this.#centred(costs))
    for (const trend of trends) removeTrend(centred, trend)
    const { squares, products } = moments(centred, outputs, kinds)
    this.#weights = nonNegativeRidge(squares, products)
    this.explained = products.reduce((sum, product, kind) => sum + product * at(this.#weights, kind), 0)
  }

  explain(row: Row): Float64Array {
    const costs = this.#centred(this.#tiles.map((own) => costsOf(this.plan, own, row)))
    return Float64Array.from(costs, (own) =>
      own.reduce((sum, cost, kind) => sum + cost * at(this.#weights, kind), 0),
    )
  }

  /**
   * Costs less what is usual for the config and what configs have in common on the shape; zeros for configs
   * without tiles of their own, of which nothing is known.
   */
  #centred(costs: readonly Float64Array[]): Float64Array[] {
    const own = costs.map((values, config) =>
      values.map((value, kind) => value - at(entryAt(this.#usual, config), kind)),
    )
    const hasTiles = (config: number) => entryAt(this.#tiles, config).length > 0
    const common = columnMeans(
      own.filter((_, config) => hasTiles(config)),
      own[0]?.length ?? 0,
    )
    return own.map((values, config) =>
      values.map((value, kind) => (hasTiles(config) ? value - at(common, kind) : 0)),
    )
  }
}

/** Orthonormal by row: a constant and the log of each size, as far as the rows can tell them apart. */
function trendsOf(columns: readonly Column[], rows: readonly Row[]): readonly Float64Array[] {
  const sizes = range(columns.length).filter((index) => columns[index]?.kind === 'size')
  const curves = [() => 1, ...sizes.map((size) => (row: Row) => logSize(at(row, size)))]
  const trends: Float64Array[] = []
  for (const curve of curves.slice(0, Math.ceil(rows.length / 3))) {
    const values = Float64Array.from(rows, curve)
    const length = Math.sqrt(inner(values, values))
    for (const trend of trends) addScaled(values, trend, -inner(values, trend))
    const left = Math.sqrt(inner(values, values))
    if (left > NEW_DIRECTION * length) trends.push(values.map((value) => value / left))
  }
  return trends
}

/** Takes a trend out of the costs of each config. */
function removeTrend(table: readonly (readonly Float64Array[])[], trend: Float64Array): void {
  table[0]?.forEach((first, config) => {
    const along = new Float64Array(first.length)
    const own = table.map((costs) => entryAt(costs, config))
    own.forEach((costs, row) => {
      addScaled(along, costs, at(trend, row))
    })
    own.forEach((costs, row) => {
      addScaled(costs, along, -at(trend, row))
    })
  })
}

function inner(a: Float64Array, b: Float64Array): number {
  return a.reduce((sum, value, index) => sum + value * at(b, index), 0)
}

function addScaled(target: Float64Array, values: Float64Array, factor: number): void {
  for (let index = 0; index < target.length; index++) addTo(target, index, factor * at(values, index))
}

interface Moments {
  readonly squares: readonly Float64Array[]
  readonly products: Float64Array
}

/** Sums over cells: of each cost times each other, and times the output. Outputs need not be centred. */
function moments(
  costs: readonly (readonly Float64Array[])[],
  outputs: readonly Float64Array[],
  kinds: number,
): Moments {
  const squares = range(kinds).map(() => new Float64Array(kinds))
  const products = new Float64Array(kinds)
  costs.forEach((row, index) => {
    row.forEach((cell, config) => {
      const output = at(entryAt(outputs, index), config)
      for (let a = 0; a < kinds; a++) {
        addTo(products, a, at(cell, a) * output)
        const line = entryAt(squares, a)
        for (let b = 0; b < kinds; b++) addTo(line, b, at(cell, a) * at(cell, b))
      }
    })
  })
  return { squares, products }
}

/** Coordinate descent: few weights, little correlation. */
function nonNegativeRidge(squares: readonly Float64Array[], products: Float64Array): Float64Array {
  const weights = new Float64Array(products.length)
  for (let sweep = 0; sweep < SWEEPS; sweep++)
    squares.forEach((line, kind) => {
      const others = line.reduce((sum, value, other) => sum + value * at(weights, other), 0)
      const own = at(line, kind)
      weights[kind] = Math.max(0, (at(products, kind) - others + own * at(weights, kind)) / (own + RIDGE))
    })
  return weights
}
