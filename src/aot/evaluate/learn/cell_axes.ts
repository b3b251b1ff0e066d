/**
 * A cell of a sweep, a config on a shape, as a point: what the config comes to there (workgroups, waves,
 * rounds, elements, registers), how that compares with the other configs, the config's own numbers, the sizes
 * and their divisibility. Points of one model share the spread of each axis; axes of one group share a length
 * scale.
 */
import type { ConfigData, ConfigValue } from '../../../config/value.ts'
import { median } from '../../../support/maths.ts'
import type { Column, Row } from '../features/columns.ts'
import { at, entryAt, meanOf, range } from '../numeric.ts'
import { coordinateVariants, divisibilityAxes } from './coordinates.ts'
import { countsOf, type TilePlan, type Tiles, tilesOf } from './tile_plan.ts'

/** Axes in a fixed order; the group of each. */
export interface CellAxes {
  /** The points of all configs on a shape. */
  readonly points: (row: Row) => readonly Float64Array[]
  readonly groups: readonly number[]
}

const THREADS_PER_WARP = 32
/** What differs by less is rounding. */
const LEAST_SPREAD = 1e-6
/** A processor may hold several workgroups at once: waves of so many times the units count too. */
const RESIDENT: readonly number[] = [1, 2, 4]

/** The axes of some configs under a plan, on a GPU that runs `units` workgroups at once, scaled by `rows`. */
export function cellAxes(
  columns: readonly Column[],
  rows: readonly Row[],
  configs: readonly ConfigData[],
  plan: TilePlan,
  units: number,
): CellAxes {
  const tiles = configs.map(tilesOf)
  const own = configAxes(configs)
  const plain = entryAt(coordinateVariants(columns, rows), 0)
  const divisible = divisibilityAxes(columns)
  const parts = (row: Row): readonly (readonly Float64Array[])[] => {
    const facts = configs.map((config, index) => factsOf(plan, entryAt(tiles, index), config, row))
    const waves = configs.map((_, index) => wavesOf(plan, entryAt(tiles, index), row, units))
    const shape = plain(row)
    const byPowers = divisible(row)
    const usual = usualOf(facts)
    return configs.map((_, index) => [
      entryAt(facts, index),
      entryAt(facts, index).map((value, axis) => value - at(usual, axis)),
      entryAt(waves, index),
      entryAt(own, index),
      shape,
      byPowers,
    ])
  }
  return standardisedCells(parts, rows)
}

/** log2 of the counts and of what each thread holds. */
function factsOf(plan: TilePlan, tiles: Tiles, config: ConfigData, row: Row): Float64Array {
  const { workgroups, rounds, elements, outputs } = countsOf(plan, tiles, row)
  const split = numberOf(config.split_k)
  const threads = THREADS_PER_WARP * numberOf(config.num_warps)
  return Float64Array.of(
    workgroups * split,
    Math.ceil(rounds / split),
    workgroups * rounds * elements,
    threads,
    outputs / threads,
  ).map(Math.log2)
}

/** Waves, and what the last one leaves idle. */
function wavesOf(plan: TilePlan, tiles: Tiles, row: Row, units: number): Float64Array {
  const { workgroups } = countsOf(plan, tiles, row)
  return Float64Array.from(
    RESIDENT.flatMap((resident) => {
      const waves = workgroups / (units * resident)
      return [Math.log2(Math.ceil(waves)), Math.log2(Math.ceil(waves) / waves)]
    }),
  )
}

function numberOf(value: ConfigValue | undefined): number {
  return typeof value === 'number' && value > 0 ? value : 1
}

/** The usual facts of configs on a shape. */
function usualOf(facts: readonly Float64Array[]): Float64Array {
  return entryAt(facts, 0).map((_, axis) => median(facts.map((each) => at(each, axis))))
}

/** Every number of a config, in logs, and every text and switch, as far as configs differ in them. */
function configAxes(configs: readonly ConfigData[]): readonly Float64Array[] {
  const leaves = configs.map(
    (config) => new Map(Object.entries(config).flatMap(([name, value]) => leavesOf(value, name))),
  )
  const names = [...new Set(leaves.flatMap((each) => [...each.keys()]))].sort()
  const axes = names.flatMap((name) => {
    const values = leaves.map((each) => each.get(name))
    const numbers = values.filter((value) => typeof value === 'number')
    const other = [...new Set(values.filter((value) => typeof value !== 'number'))]
    const size = numbers.length > 0 ? [values.map((value) => logOf(value, Math.max(...numbers)))] : []
    const kinds = other.length + Number(numbers.length > 0) > 1 ? other : []
    return [...size, ...kinds.map((kind) => values.map((value) => (value === kind ? 1 : 0)))]
  })
  return configs.map((_, config) => Float64Array.from(axes, (axis) => entryAt(axis, config)))
}

/** Whatever is no number (a whole row at once) lies beyond the largest. */
function logOf(value: ConfigValue | undefined, largest: number): number {
  return Math.log2(1 + Math.abs(typeof value === 'number' ? value : 2 * largest))
}

function leavesOf(value: ConfigValue | undefined, name: string): [string, ConfigValue | undefined][] {
  if (value === null || typeof value !== 'object') return [[name, value]]
  return Object.entries(value).flatMap(([key, part]) => leavesOf(part, `${name}.${key}`))
}

/**
 * Axes that differ between the cells of `rows`, each at unit spread, and less where its group has many.
 */
function standardisedCells(
  parts: (row: Row) => readonly (readonly Float64Array[])[],
  rows: readonly Row[],
): CellAxes {
  const cells = rows.flatMap(parts)
  const axes = (cells[0] ?? []).flatMap(({ length }, group) =>
    range(length).flatMap((index) => {
      const values = Float64Array.from(cells, (cell) => at(entryAt(cell, group), index))
      const mean = meanOf(values)
      const spread = Math.sqrt(meanOf(values.map((value) => (value - mean) ** 2)))
      return spread > LEAST_SPREAD ? [{ group, index, mean, spread }] : []
    }),
  )
  const groups = axes.map(({ group }) => group)
  const scaled = axes.map((axis) => {
    const sharing = groups.filter((group) => group === axis.group).length
    return { ...axis, spread: axis.spread * Math.sqrt(sharing) }
  })
  const pointOf = (cell: readonly Float64Array[]) =>
    Float64Array.from(
      scaled,
      ({ group, index, mean, spread }) => (at(entryAt(cell, group), index) - mean) / spread,
    )
  return { groups, points: (row) => parts(row).map(pointOf) }
}
