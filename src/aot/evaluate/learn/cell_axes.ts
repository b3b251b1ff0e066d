/**
 * A cell of a sweep, a config on a shape, as a point: what the config comes to there (workgroups, rounds,
 * work, what a thread holds), what it wastes there, the numbers of the config, and the shape. Every axis has
 * unit spread over the measured cells, and each group of axes the weight of one.
 */
import type { ConfigData, ConfigValue } from '../../../config/value.ts'
import type { Column, Row } from '../features/columns.ts'
import { at, entryAt, meanOf, range } from '../numeric.ts'
import { shapeCoordinates } from './coordinates.ts'

/** What configs come to on a shape; one entry a config. */
export interface CellFacts {
  /** log2 of counts. */
  readonly counts: Float64Array
  /** log2 of factors, 0 where nothing is wasted. */
  readonly waste: Float64Array
  /** What takes time: amounts of whatever may bound the speed, in units of any kind. None where unknown. */
  readonly demands: Float64Array
}

/** The demands of all workgroups together and of one, for what a workgroup needs in one round. */
export function demandsOf(workgroups: number, rounds: number, inRound: readonly number[]): Float64Array {
  const ofOne = inRound.map((amount) => rounds * amount)
  return Float64Array.of(...ofOne.map((amount) => workgroups * amount), ...ofOne, rounds)
}

/** The facts of all configs on a shape. */
export type FactsOf = (row: Row) => readonly CellFacts[]

export interface CellAxes {
  /** The point of a shape, and of each config on it. */
  readonly shape: (row: Row) => Float64Array
  readonly cells: (row: Row) => readonly Float64Array[]
}

/** What differs by less is rounding. */
const LEAST_SPREAD = 1e-6
/** Waste that differs by less than a fifth does not tell much. */
const LEAST_WASTE_SPREAD = 0.3
/**
 * Length scales in units of the spread. What is wasted has a nearly straight effect on the log of the time;
 * what a config comes to and where a shape lies have bends.
 */
const SCALES = { counts: 1.5, shape: 1.65, waste: 3 } as const

/** Axes for the configs of which `factsOf` tells, scaled by `rows`. */
export function cellAxes(
  columns: readonly Column[],
  rows: readonly Row[],
  configs: readonly ConfigData[],
  factsOf: FactsOf,
): CellAxes {
  const known = rows.flatMap(factsOf)
  const shapeOf = shapeCoordinates(columns, rows)
  const ownAxes = axesOf(configAxes(configs), 0)
  const countAxes = axesOf(
    known.map(({ counts }) => counts),
    0,
  )
  const ofCounts = SCALES.counts * Math.sqrt(ownAxes.length + countAxes.length)
  const own = configAxes(configs).map(placing(ownAxes, ofCounts))
  const place = placing(countAxes, ofCounts)
  const wasted = placing(
    ...scaled(
      known.map(({ waste }) => waste),
      SCALES.waste,
      LEAST_WASTE_SPREAD,
    ),
  )
  const shape = placing(...scaled(rows.map(shapeOf), SCALES.shape, 0))
  return {
    shape: (row) => shape(shapeOf(row)),
    cells: (row) =>
      factsOf(row).map(({ counts, waste }, config) =>
        joined(place(counts), entryAt(own, config), wasted(waste)),
      ),
  }
}

/** A coordinate that differs between points. */
interface Axis {
  readonly index: number
  readonly mean: number
  readonly spread: number
}

function axesOf(points: readonly Float64Array[], leastSpread: number): readonly Axis[] {
  return range(points[0]?.length ?? 0).flatMap((index) => {
    const values = Float64Array.from(points, (point) => at(point, index))
    const mean = meanOf(values)
    const spread = Math.sqrt(meanOf(values.map((value) => (value - mean) ** 2)))
    return spread > LEAST_SPREAD ? [{ index, mean, spread: Math.max(spread, leastSpread) }] : []
  })
}

/** The axes of some points, and the unit in which all of them together have the given length scale. */
function scaled(
  points: readonly Float64Array[],
  scale: number,
  leastSpread: number,
): readonly [axes: readonly Axis[], unit: number] {
  const axes = axesOf(points, leastSpread)
  return [axes, scale * Math.sqrt(axes.length)]
}

function placing(axes: readonly Axis[], unit: number): (point: Float64Array) => Float64Array {
  return (point) => {
    const placed = new Float64Array(axes.length)
    for (let a = 0; a < axes.length; a++) {
      const { index, mean, spread } = axes[a] as Axis
      placed[a] = (at(point, index) - mean) / spread / unit
    }
    return placed
  }
}

function joined(...parts: readonly Float64Array[]): Float64Array {
  const whole = new Float64Array(parts.reduce((sum, { length }) => sum + length, 0))
  let from = 0
  for (const part of parts) {
    whole.set(part, from)
    from += part.length
  }
  return whole
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
