/**
 * The default for products of few rows: nothing is staged. Weights, or the keys and values of
 * attention, are read once, so that all that counts is how many reads are under way. A thread holds so many
 * elements of what it reads at a time; threads beyond those along the columns share out the depth.
 */
import { clamp, nextPowerOf2 } from '../support/maths.ts'
import type { BlockInput, ConfigSpecInput, DotInput, LoopInput } from './spec_input.ts'
import { elements } from './tile_elements.ts'

/** Results of more rows use what was loaded so often that staging pays: searches leave them out. */
const MAX_THIN_ROWS = 32
/** By default, results of so many rows. */
const MAX_DEFAULT_ROWS = 4
const ELEMENTS_PER_THREAD = 32
/**
 * Columns of a tile where programs share them out, with as many threads as the H100 likes best: 1 x 4096 x
 * 4096 is 1.4 to 1.7 times as fast there as with small staged tiles in f32, 4.7 to 9.7 times with weights of
 * four bits.
 */
const SHARED_COLUMNS = { columns: 32, warps: 16 }
/**
 * Where a loop goes over what is read, and programs share out nothing of it, as in attention of few queries:
 * 32 heads x 8192 keys x 128 on an H200, with as many parts as are worth it, take 45 us in f16 and 73 in f32,
 * and 435 and 1,006 with tiles for many queries.
 */
const STREAM_WARPS = 8
/**
 * A core of a processor is busy with one. SwiftShader, by default and with tiles of 16 rows: 4 heads x 1,024
 * keys x 64 take 1.5 and 18 ms with one query and 3.7 and 48 with four, 1 x 512 x 512 takes 0.4 and 6.6.
 */
const SOFTWARE_WARPS = 1

export interface ThinTiles {
  /** Entries of `block_sizes`. */
  readonly sizes: readonly number[]
  readonly warps: number
  /** True where programs share out no columns of what is read. */
  readonly isStream: boolean
}

/** True for results of so few rows that searches try products without staging. */
export function isThin(resultRows: number = Number.POSITIVE_INFINITY): boolean {
  return resultRows <= MAX_THIN_ROWS
}

/**
 * Undefined for other kernels, and where the author decides about block sizes: one grid with one loop over
 * what all products read. `chunks` are what is held of rows, null for all.
 */
export function thinTiles(
  input: ConfigSpecInput,
  chunks: readonly (number | null)[],
  maxThreads: number,
): ThinTiles | undefined {
  const { blocks, rows, loops, dots, software } = input
  const loop = onlyLoop(loops)
  const isFew =
    dots.length > 0 &&
    dots.every(({ resultRows = Number.POSITIVE_INFINITY }) => resultRows <= MAX_DEFAULT_ROWS)
  if (!loop || !isFew) return undefined
  const parts = blocks.map((block) => partOf(block, dots, loop))
  if (parts.includes('other')) return undefined
  const isStream = !parts.includes('columns')
  const warps = software ? SOFTWARE_WARPS : isStream ? STREAM_WARPS : SHARED_COLUMNS.warps
  const extents = { batch: 1, rows: MAX_DEFAULT_ROWS, columns: SHARED_COLUMNS.columns, depth: 1, other: 1 }
  const sizes = blocks.map((block, i) => fitted(block, extents[parts[i] ?? 'other']))
  const most = ELEMENTS_PER_THREAD * Math.min(32 * warps, maxThreads)
  const loaded = (): number =>
    Math.max(...dots.map(({ right }) => (right ? elements(right, blocks, sizes, rows, chunks) : most)))
  blocks.forEach((block, i) => {
    for (let size = sizes[i] ?? 1; parts[i] === 'depth' && 2 * loaded() <= most; size *= 2) {
      if (fitted(block, 2 * size) === size) return
      sizes[i] = 2 * size
    }
  })
  return { sizes, warps, isStream }
}

/** The one loop in the only grid, over one block. */
function onlyLoop([grid, inner, ...others]: readonly LoopInput[]): LoopInput | undefined {
  const isOnly = grid?.kind === 'grid' && inner?.kind === 'device' && inner.blocks.length === 1
  return isOnly && others.length === 0 ? inner : undefined
}

/** What a block is to the products: `depth` is what the loop goes over, in tiles of what they read. */
function partOf(
  { id, default: own, isBatch }: BlockInput,
  dots: readonly DotInput[],
  loop: LoopInput,
): 'batch' | 'rows' | 'columns' | 'depth' | 'other' {
  if (own !== undefined) return 'other'
  if (isBatch) return 'batch'
  if (dots.every(({ rows }) => rows === id)) return 'rows'
  const isRead = dots.every(({ right }) => right?.axes.includes(id))
  if (!isRead) return 'other'
  return loop.blocks.includes(id) ? 'depth' : 'columns'
}

function fitted({ sizeHint, min, max }: BlockInput, wanted: number): number {
  return clamp(Math.min(wanted, nextPowerOf2(sizeHint)), min, Math.max(min, max))
}
