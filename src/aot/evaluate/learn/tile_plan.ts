/**
 * How the tiles of a kernel's configs lie over the sizes of its shapes, and what follows from that for any
 * shape: how many workgroups there are, how many rounds each makes, how many elements are computed, padding
 * and all. A sweep does not say how tiles lie; `plansOf` lists the ways.
 */
import type { ConfigData } from '../../../config/value.ts'
import { nextPowerOf2 } from '../../../support/maths.ts'
import type { Column, Row } from '../features/columns.ts'
import { at, range } from '../numeric.ts'

/** Everything by position of the tile in `tilesOf`. */
export interface TilePlan {
  /** The column whose size a tile runs along; -1 for none. */
  readonly columns: readonly number[]
  /** Whether tiles along it are workgroups of their own, or the rounds of a loop. */
  readonly parallel: readonly boolean[]
}

/** Length of each tile of a config; null for a whole dimension at once. */
export type Tiles = readonly (number | null)[]

/** What a config comes to on a shape; all counts, at least 1. */
interface TileCounts {
  readonly workgroups: number
  /** Rounds of the loops of a workgroup. */
  readonly rounds: number
  /** Elements that one workgroup computes in one round, those beyond the edge included. */
  readonly elements: number
  /** Elements of the tile that a workgroup is for. */
  readonly outputs: number
  /** Elements computed over those there are. */
  readonly padding: number
  /** Length of the tile along each column that has one. */
  readonly lengths: ReadonlyMap<number, number>
}

/** More ways than these to lay tiles over sizes are not tried: four tiles over four sizes have 24. */
const MOST_WAYS = 64

/** Tiles of the grid and of the loops inside, then those of rows that are reduced in parts. */
export function tilesOf(config: ConfigData): Tiles {
  const blocks = listOf(config.block_sizes).map((size) => (typeof size === 'number' ? size : 1))
  const rows = listOf(config.reduction_loops).map((size) => (typeof size === 'number' ? size : null))
  return [...blocks, ...rows]
}

/** The counts of a config with these tiles on a shape. */
export function countsOf({ columns, parallel }: TilePlan, tiles: Tiles, row: Row): TileCounts {
  let [workgroups, rounds, elements, outputs, padding] = [1, 1, 1, 1, 1]
  const lengths = new Map<number, number>()
  columns.forEach((column, tile) => {
    if (column < 0) return
    const size = Math.max(1, at(row, column))
    const length = Math.min(tiles[tile] ?? Number.POSITIVE_INFINITY, nextPowerOf2(size))
    const count = Math.ceil(size / length)
    lengths.set(column, length)
    elements *= length
    padding *= (count * length) / size
    if (parallel[tile]) {
      workgroups *= count
      outputs *= length
    } else rounds *= count
  })
  return { workgroups, rounds, elements, outputs, padding, lengths }
}

/**
 * Every way to lay the tiles of some configs over different sizes; none where there are too many. A config
 * names the tiles of the grid first, then those of the loops inside, and a grid has its sizes in the order of
 * the arguments.
 */
export function plansOf(columns: readonly Column[], configs: readonly ConfigData[]): readonly TilePlan[] {
  const count = Math.max(0, ...configs.map((config) => tilesOf(config).length))
  const blocks = Math.max(0, ...configs.map(({ block_sizes: sizes }) => listOf(sizes).length))
  const sizes = range(columns.length).filter((index) => columns[index]?.kind === 'size')
  const ways = layings(count, sizes)
  if (blocks === 0 || sizes.length === 0 || ways.length > MOST_WAYS) return []
  return range(blocks).flatMap((last) => {
    const parallel = range(count).map((tile) => tile <= last)
    const inOrder = (way: readonly number[]) =>
      range(last).every((tile) => (way[tile] ?? -1) < (way[tile + 1] ?? -1))
    return ways.filter(inOrder).map((way) => ({ columns: way, parallel }))
  })
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : []
}

/** As many tiles as possible get a size of their own; the others get none. */
function layings(count: number, sizes: readonly number[]): readonly (readonly number[])[] {
  if (count === 0) return [[]]
  const laid = sizes.flatMap((size) =>
    layings(
      count - 1,
      sizes.filter((other) => other !== size),
    ).map((rest) => [size, ...rest]),
  )
  return count > sizes.length ? [...laid, ...layings(count - 1, sizes).map((rest) => [-1, ...rest])] : laid
}
