/**
 * The default for products of few rows: nothing is staged. Weights, or the keys and values of attention, are
 * read once, so that all that counts is how many reads are under way.
 */
import { clamp, nextPowerOf2, product } from '../support/maths.ts'
import type { BlockInput, ConfigSpecInput, DotInput, LoopInput } from './spec_input.ts'
import { elements } from './tile_elements.ts'

/** Results of more rows use what was loaded so often that staging pays: searches leave them out. */
const MAX_THIN_ROWS = 32
/**
 * By default, results of so many rows; of what GPUs stream twice as many, in two programs. 4 x 7 queries x
 * 32,768 keys x 128 take 88 us so on an H200, and 114 on matrix units, in tiles of 16. On a processor 2 x 7
 * queries x 1024 keys x 64 take 7.1 ms, and 5.4 in tiles of 16.
 */
const MAX_DEFAULT_ROWS = { shared: 4, streamed: 8 }
/** Rows of a tile. */
const MAX_TILE_ROWS = 4

/** How what is read is shared out; `elements` are those of a thread in a round, of so many bits in memory. */
interface Sharing {
  readonly warps: number
  readonly columns: number
  /** The most of the depth in a round. */
  readonly depth: (bits: number) => number
  /**
   * Groups of warps that share out the depth of a round, so that a thread has several columns for what it has
   * of `x`.
   */
  readonly slices: (bits: number) => number
  readonly elements: (bits: number) => number
  readonly stages: (bits: number) => number
  /** Default `range_unroll_factors`. */
  readonly unroll: (bits: number) => number
}

const inSixtyFourBytes = (bits: number): number => 512 / bits
/** Of one column, of what has fewer bits a longer round. */
const LONG_ROUND = 1024
const longRounds = (bits: number): number => Math.max(1, 16 / bits)

/**
 * Programs share out columns, along which memory lies: threads beyond those along the columns share out the
 * depth. Numbers of 16 and more bits are loaded ahead; what a round makes numbers of would wait for it. 1 x
 * 4096 x 4096 on an H200: 18.4 us in f32 (23.6 without that); f16 with caches that are empty 23.4 (29.2), 1 x
 * 14336 x 4096 48.1 (66.4).
 */
const ALONG_COLUMNS: Sharing = {
  warps: 16,
  columns: 32,
  depth: () => Number.POSITIVE_INFINITY,
  slices: () => 1,
  elements: () => 32,
  stages: (bits) => (bits >= 16 ? 2 : 1),
  unroll: () => 0,
}
/**
 * Memory lies along the depth: rounds are long, for few columns. The same: 18.6 us in f32, 7.0 in int4 (7.7
 * in rounds of 1,024; 8192 x 16384 in int4 36 instead of 41, 34.7 with two rounds written
 * out; 8192 x 8192 in 8 bits 21.8 so, 23.6 without, 22.6 in rounds of 1,024).
 */
const ALONG_DEPTH: Sharing = {
  warps: 8,
  columns: 16,
  depth: (bits) => LONG_ROUND * longRounds(bits),
  slices: longRounds,
  elements: inSixtyFourBytes,
  stages: () => 1,
  unroll: (bits) => (bits < 16 ? 2 : 0),
}
/**
 * A loop goes over what is read, and programs share out nothing of it, as in attention of few queries: 32
 * heads x 8192 keys x 128 on an H200, with as many parts as are worth it, take 46 us in f16 and 74 in f32,
 * and 435 and 1,006 with tiles for many queries.
 */
const STREAM: Sharing = {
  ...ALONG_DEPTH,
  columns: 1,
  depth: ALONG_COLUMNS.depth,
  slices: ALONG_COLUMNS.slices,
  unroll: ALONG_COLUMNS.unroll,
}
/**
 * A core of a processor is busy with one warp. SwiftShader, by default and with tiles of 16 rows: 4 heads x
 * 1,024 keys x 64 take 1.5 and 18 ms with one query and 3.7 and 48 with four, 1 x 512 x 512 takes 0.4 and
 * 6.6.
 */
const ON_PROCESSOR: Sharing = { ...ALONG_COLUMNS, warps: 1, stages: () => 1 }

export interface ThinTiles {
  /** Entries of `block_sizes`. */
  readonly sizes: readonly number[]
  readonly warps: number
  readonly stages: number
  readonly slices: number
  readonly unroll: number
  /** Of a tile of the result. */
  readonly rows: number
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
  const { blocks, rows, loops, dots } = input
  const loop = onlyLoop(loops)
  if (!loop || dots.length === 0) return undefined
  const parts = blocks.map((block) => partOf(block, dots, loop))
  const isStream = !parts.includes('columns')
  const most = isStream && !input.software ? MAX_DEFAULT_ROWS.streamed : MAX_DEFAULT_ROWS.shared
  const isFew = dots.every(({ resultRows = Number.POSITIVE_INFINITY }) => resultRows <= most)
  if (!isFew || parts.includes('other')) return undefined
  const sharing = sharingOf(input, isStream)
  const bits = Math.max(...dots.map(({ right }) => right?.bits ?? 32))
  const sizes = blocks.map((block, i) => (parts[i] === 'rows' ? fitted(block, MAX_TILE_ROWS) : block.min))
  const room = sharing.elements(bits) * Math.min(32 * sharing.warps, maxThreads)
  const loaded = (): number =>
    Math.max(...dots.map(({ right }) => (right ? elements(right, blocks, sizes, rows, chunks) : room)))
  const grow = (part: Part, limit: number): void =>
    blocks.forEach((block, i) => {
      if (parts[i] !== part) return
      for (let size = sizes[i] ?? 1; 2 * size <= limit && 2 * loaded() <= room; size *= 2) {
        if (fitted(block, 2 * size) === size) return
        sizes[i] = 2 * size
      }
    })
  // First what memory lies along.
  const limits = { columns: sharing.columns, depth: sharing.depth(bits) }
  const order = limits.depth < room ? (['depth', 'columns'] as const) : (['columns', 'depth'] as const)
  for (const part of order) grow(part, limits[part])
  const [stages, slices, unroll] = [sharing.stages(bits), sharing.slices(bits), sharing.unroll(bits)]
  const ofRows = product(sizes.filter((_, i) => parts[i] === 'rows'))
  return { sizes, warps: sharing.warps, stages, slices, unroll, rows: ofRows, isStream }
}

function sharingOf({ dots, software }: ConfigSpecInput, isStream: boolean): Sharing {
  if (software) return ON_PROCESSOR
  if (isStream) return STREAM
  return dots.every(({ right }) => right?.isAlongDepth) ? ALONG_DEPTH : ALONG_COLUMNS
}

/** The one loop in the only grid, over one block. */
function onlyLoop([grid, inner, ...others]: readonly LoopInput[]): LoopInput | undefined {
  const isOnly = grid?.kind === 'grid' && inner?.kind === 'device' && inner.blocks.length === 1
  return isOnly && others.length === 0 ? inner : undefined
}

/** What a block is to the products: `depth` is what the loop goes over, in tiles of what they read. */
type Part = 'batch' | 'rows' | 'columns' | 'depth' | 'other'

function partOf({ id, default: own, isBatch }: BlockInput, dots: readonly DotInput[], loop: LoopInput): Part {
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
