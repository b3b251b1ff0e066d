/**
 * How many elements the tiles of a kernel hold under given block sizes, and the two uses of that number:
 * growing the default block sizes up to a target, and shrinking a candidate's until every tile fits into
 * registers.
 */
import { cdiv, clamp, floorPowerOf2, nextPowerOf2, product } from '../support/maths.ts'
import {
  CHAINED_SCHEDULE,
  chainedAim,
  GROWING_WARPS,
  isChained,
  isChainedWide,
  isGrowing,
  isRoomy,
  LARGE_SCORES,
  usesMatrices,
  WIDE_CHAIN,
} from './chained_products.ts'
import { busyPrograms, isHalfProduct, MATRIX_DEPTH, matrixDepth } from './matrix_schedule.ts'
import type { BlockInput, ConfigSpecInput, RowInput, TileInput } from './spec_input.ts'
import { type ThinTiles, thinTiles } from './thin_tiles.ts'
import { elements } from './tile_elements.ts'
import { type DotSchedule, LARGE_TILE, MATRIX_SCHEDULE, ONE_PRODUCT, tilesForWaves } from './wave_tiles.ts'

/** Rows of at most this many elements stay in registers by default. */
const DEFAULT_MAX_PERSISTENT = 16384
/** Chunk of longer rows in the default config. */
const DEFAULT_CHUNK = 4096

/** Rows are streamed in chunks of at least so many elements. */
export const LEAST_CHUNK = 8

/** Rows along which products are: those up to here are whole by default, longer ones in such chunks. */
const MAX_WHOLE_DEPTH = 256
const DEFAULT_DEPTH = 32

const MAX_TILE_ELEMENTS = 2 ** 20
interface Aim {
  readonly tile: number
  readonly smallTile: number
  readonly deviceDimension: number
  readonly unknownDimension: number
  readonly gridDimension: readonly number[]
  readonly busy: number
}
/**
 * What the default config aims at: elements per tile; caps of a dimension in a device loop, of one whose
 * range is read from memory (it is as likely short as long), and of one in a grid in several rounds; and the
 * size below which tiles grow even when that leaves fewer programs than `busy`.
 */
const DEFAULT_AIM: Aim = {
  tile: 2048,
  smallTile: 256,
  deviceDimension: 512,
  unknownDimension: 64,
  gridDimension: [64, 2048],
  busy: 256,
}
/** Two rows a thread at most; with few rows a vector of four for each thread of a warp. */
const ROWS_ON_PROCESSOR = { gridDimension: [64], smallTile: 128 }
const DEFAULT_AIM_WITH_DOT = {
  ...DEFAULT_AIM,
  tile: 4096,
  /** Where workgroups have room for the operands, see `isRoomy`. */
  roomyTile: LARGE_TILE,
  smallTile: 1024,
  deviceDimension: 16,
  gridDimension: [32, 64, 128],
}
/** Of integers of 8 bits: as many bytes along the depth as of f32. */
const DEFAULT_AIM_WITH_BYTES = { ...DEFAULT_AIM_WITH_DOT, deviceDimension: 64 }
/** On matrix units: more of the result for each thread, and deeper blocks, loaded ahead. */
const DEFAULT_AIM_WITH_MATRICES = { ...DEFAULT_AIM_WITH_DOT, deviceDimension: MATRIX_DEPTH }
/**
 * Depth of large tiles for matrix units where the right operand is decoded on its way: it leaves room for two
 * workgroups on a processor, of which one decodes while the other multiplies. 4096³ with weights of 4 bits on
 * an H200: [k, n] 497 us instead of 598 with 64, [n, k] 632 instead of 656.
 */
const DECODED_DEPTH = { depth: 32, bits: 16 }
/**
 * Columns that are reduced: elements of a tile along memory where workgroups share out the sums and where
 * they do not, so that each row of it is whole lines; and rows of a tile.
 */
const COLUMN_TILE = { split: 128, whole: 32, rows: 16 }
export const UNKNOWN_UNITS = 64
/** Programs that keep a processor's core busy. */
const PROGRAMS_PER_CORE = 2
/**
 * The default for products with tiles so small that threads have little to do: deep blocks, loaded ahead and
 * shared out among more warps. Measured on an H200: 1.3 to 4.4 times as fast as one flat block after another.
 */
const SMALL_PRODUCT = { depth: 32, roomyDepth: 64, warps: 8, stages: 2, slices: 4 }
/**
 * Warps of products that keep a unit busy. 16 x 4096 x 4096 on an H100, by parts 1, 2, 4, 8: f16 on matrix
 * units 85, 43, 28, 25 us with workgroups of 2 warps; f32 68, 45, 44, 49 with 8.
 */
const PRODUCT_WARPS_PER_UNIT = 16
/** Warps of sums without products that have enough reads under way to keep the memory of a unit busy. */
const STREAM_WARPS_PER_UNIT = 32
/** Positions of a sum that are worth a workgroup of their own: of one with products, and of others. */
const LEAST_DEFAULT_PART = 256
const LEAST_STREAM_PART = 128
/**
 * Of what a product of few rows streams, the first parts are worth it sooner: attention of 20 heads x 1 query
 * x 448 keys x 64 in f32 takes 16 us in four parts on an H200, caches empty, and 27 in one; 8 heads x 4
 * queries x 512 keys 19 in eight parts, 32 in two; 32 heads x 1 query x 2048 keys in f16 25 in sixteen, 27 in
 * eight.
 */
const FIRST_PARTS = { parts: 16, least: 64 }
/**
 * Threads of a default workgroup: at least so many warps on a GPU, one on a processor, and enough that a
 * thread holds no more than this. Softmax of 256 x 256, 8 rows for one warp, for two, and a row for four:
 * 154, 203 and 533 us on lavapipe; on SwiftShader 552 and 1,394 for the first two.
 */
const LEAST_DEFAULT_WARPS = 4
const ELEMENTS_PER_THREAD = { rows: 32, rowsOnProcessor: 64, dot: 64, matrix: 128, chainedMatrix: 64 }

function aimOf(input: ConfigSpecInput): Aim {
  const { dots, maxInvocations, software, computeUnits = UNKNOWN_UNITS } = input
  const onProcessor = PROGRAMS_PER_CORE * computeUnits
  if (dots.length === 0)
    return software
      ? { ...DEFAULT_AIM, ...(input.rows.length > 0 && ROWS_ON_PROCESSOR), busy: onProcessor }
      : DEFAULT_AIM
  const plain = dots.every(({ isPacked }) => isPacked) ? DEFAULT_AIM_WITH_BYTES : DEFAULT_AIM_WITH_DOT
  const aim = { ...(usesMatrices(input) ? DEFAULT_AIM_WITH_MATRICES : plain), ...chainedAim(input) }
  const { tile, roomyTile, busy } = aim
  const most = isRoomy(input) ? Math.min(roomyTile, maxInvocations * ELEMENTS_PER_THREAD.dot) : tile
  const ofDevice = isHalfProduct(input) ? busyPrograms(computeUnits) : busy
  return { ...aim, tile: most, busy: software ? onProcessor : ofDevice }
}

export interface DefaultTiles {
  /** Entries of `block_sizes`. */
  readonly sizes: readonly number[]
  readonly isSmallProduct: boolean
  readonly usesMatrices: boolean
  /** Default `num_stages`, `slice_k` and `dot_rows`. */
  readonly schedule: DotSchedule
  /** Of products of few rows, without staging. */
  readonly thin?: ThinTiles
}

/** The default block sizes: the author's, or tiles of a good size for a device that stays busy. */
export function defaultTiles(input: ConfigSpecInput): DefaultTiles {
  const { blocks, rows, loops, tiles, fixedPrograms = 1 } = input
  const chunks = defaultChunks(input)
  const thin = thinTiles(input, chunks, 32 * mostWarps(input))
  if (thin) {
    const schedule = { stages: thin.stages, slices: thin.slices }
    return { sizes: thin.sizes, isSmallProduct: false, usesMatrices: false, schedule, thin }
  }
  const aim = aimOf(input)
  const inGrid = new Set(loops.filter(({ kind }) => kind === 'grid').flatMap((loop) => loop.blocks))
  const sizes = blocks.map((block) => {
    const { min, max, default: own = columnWidth(block, input) } = block
    return clamp(own, min, Math.max(min, max))
  })
  const programs = () =>
    fixedPrograms *
    product(blocks.map((block, i) => (inGrid.has(block.id) ? cdiv(block.sizeHint, sizes[i] ?? 1) : 1)))
  const grow = (index: number, { id, max, default: own, isBatch }: BlockInput, cap: number) => {
    for (let size = sizes[index] ?? 1; own === undefined && size * 2 <= Math.min(max, cap); size *= 2) {
      const tile = Math.max(
        ...tilesWith(id, tiles, blocks).map((t) => elements(t, blocks, sizes, rows, chunks)),
      )
      if (tile * 2 > (isBatch ? aim.smallTile : aim.tile)) return
      sizes[index] = size * 2
      if (!inGrid.has(id) || tile * 2 <= aim.smallTile || programs() >= aim.busy) continue
      sizes[index] = size
      return
    }
  }
  const innermostFirst = [...blocks.entries()].reverse()
  for (const [index, block] of innermostFirst)
    if (!inGrid.has(block.id))
      grow(index, block, Math.min(aim.deviceDimension, block.isUnknown ? aim.unknownDimension : Infinity))
  const isHalf = isHalfProduct(input)
  const gridOrder = isHalf ? [...blocks.entries()] : innermostFirst
  for (const cap of aim.gridDimension)
    for (const [index, block] of gridOrder) if (inGrid.has(block.id)) grow(index, block, cap)
  const ofResult = product(sizes.filter((_, i) => inGrid.has(blocks[i]?.id ?? -1)))
  for (const [index, block] of blocks.entries()) {
    if (inGrid.has(block.id) || block.default !== undefined) continue
    if (isDecoded(input) && ofResult === aim.tile)
      sizes[index] = Math.min(sizes[index] ?? 1, DECODED_DEPTH.depth)
    if (!isHalf) continue
    sizes[index] = Math.max(block.min, Math.min(sizes[index] ?? 1, matrixDepth(ofResult)))
    grow(index, block, matrixDepth(ofResult))
  }
  const isSmallProduct = isSmall(input, ofResult)
  const depth = isRoomy(input) ? SMALL_PRODUCT.roomyDepth : SMALL_PRODUCT.depth
  for (const [index, block] of innermostFirst)
    if (isSmallProduct && !inGrid.has(block.id)) grow(index, block, depth)
  const schedule = scheduleOf(input, sizes, isSmallProduct)
  const isLarge = elementsOfProduct(input, sizes) === LARGE_TILE
  const chosen = isLarge ? tilesForWaves(input, sizes, programs(), schedule) : { sizes, schedule }
  return { ...chosen, isSmallProduct, usesMatrices: usesMatrices(input) }
}

/** Elements of a tile of the result along blocks. */
function elementsOfProduct({ dots, blocks }: ConfigSpecInput, sizes: readonly number[]): number {
  const [dot] = dots
  const ids = [dot?.rows, dot?.columns]
  return product(blocks.map(({ id }, i) => (ids.includes(id) ? (sizes[i] ?? 1) : 1)))
}

function scheduleOf(input: ConfigSpecInput, sizes: readonly number[], isSmallProduct: boolean): DotSchedule {
  if (usesMatrices(input)) return MATRIX_SCHEDULE
  if (isSmallProduct) return SMALL_PRODUCT
  if (isChained(input))
    return elementsOfProduct(input, sizes) === LARGE_SCORES ? CHAINED_SCHEDULE : ONE_PRODUCT
  return input.dots.length === 1 && !input.software ? ONE_PRODUCT : { stages: 1, slices: 1 }
}

/**
 * The least extent along memory of a dimension of the grid that programs reduce columns of; 1 for others.
 * What workgroups can share out needs no more programs than that.
 */
function columnWidth({ id, isContiguous }: BlockInput, input: ConfigSpecInput): number {
  const { blocks, rows, loops, tiles, dots, sums = [], software } = input
  const inGrid = new Set(loops.filter(({ kind }) => kind === 'grid').flatMap((loop) => loop.blocks))
  if (!isContiguous || !inGrid.has(id) || dots.length > 0 || software) return 1
  const walked = [...blocks.filter((block) => !inGrid.has(block.id)), ...rows.filter((row) => row.isColumn)]
  const across = walked.filter((other) =>
    tiles.some(({ axes }) => axes.includes(id) && axes.includes(other.id)),
  )
  if (across.length === 0) return 1
  return across.every((other) => sums.some((sum) => sum.id === other.id))
    ? COLUMN_TILE.split
    : COLUMN_TILE.whole
}

/** True for one product on matrix units of which the right operand has fewer bits in memory than there. */
function isDecoded(input: ConfigSpecInput): boolean {
  const [dot, ...others] = input.dots
  const bits = dot?.right?.bits ?? DECODED_DEPTH.bits
  return usesMatrices(input) && others.length === 0 && !dot?.isPacked && bits < DECODED_DEPTH.bits
}

/** True for a product whose programs compute so few elements that sharing out its depth pays on a GPU. */
function isSmall({ dots, software }: ConfigSpecInput, elements: number): boolean {
  const [dot, ...others] = dots
  const canSlice =
    dot !== undefined && !dot.matrix && others.length === 0 && dot.maxSlices >= SMALL_PRODUCT.slices
  return canSlice && !software && elements <= DEFAULT_AIM_WITH_DOT.smallTile
}

/** Most `num_warps` that a device takes. */
export function mostWarps({ maxInvocations }: ConfigSpecInput): number {
  return clamp(floorPowerOf2(maxInvocations) / 32, 1, 32)
}

/** The default `num_warps`: more for larger tiles, as far as the device goes. */
export function defaultNumWarps(
  input: ConfigSpecInput,
  { sizes, isSmallProduct, usesMatrices: matrices, thin, schedule }: DefaultTiles,
  most: number,
): number {
  const { blocks, rows, tiles, dots, software } = input
  if (thin) return Math.min(most, thin.warps)
  if (isSmallProduct) return Math.min(most, SMALL_PRODUCT.warps)
  const chunks = defaultChunks(input)
  const largest = Math.max(1, ...tiles.map((tile) => elements(tile, blocks, sizes, rows, chunks)))
  const { rows: onGpu, rowsOnProcessor, dot, matrix, chainedMatrix } = ELEMENTS_PER_THREAD
  const ofRow = software && rows.length > 0 ? rowsOnProcessor : onGpu
  const onUnits = matrices ? (isChained(input) ? chainedMatrix : matrix) : dot
  const perThread = dots.length === 0 ? ofRow : (schedule.elements ?? onUnits)
  const isLong = isGrowing(input) && isChained(input) && elementsOfProduct(input, sizes) >= LARGE_SCORES
  const onGpuAtLeast = matrices && isLong ? GROWING_WARPS : LEAST_DEFAULT_WARPS
  const least = software ? 1 : onGpuAtLeast
  return Math.min(most, Math.max(least, nextPowerOf2(cdiv(largest, 32 * perThread))))
}

/** The default `split_sums`: as many parts as a device of which most stays idle otherwise has room for. */
export function defaultParts(input: ConfigSpecInput, defaults: DefaultTiles, index: number): number {
  const { blocks, dots, sums = [], software, computeUnits = 0, fixedPrograms = 1 } = input
  const { sizes } = defaults
  const sum = sums[index]
  if (!sum || software) return 1
  const tiles = blocks.map(({ id, sizeHint }, i) =>
    sum.grid.includes(id) ? cdiv(sizeHint, sizes[i] ?? 1) : 1,
  )
  const programs = fixedPrograms * product(tiles)
  const isWhole = isHalfProduct(input) || defaults.schedule.elements !== undefined
  const enough = isWhole ? busyPrograms(computeUnits) : computeUnits + 1
  if (dots.length > 0 && !defaults.thin?.isStream && programs >= enough) return 1
  const [most, least] = warpsPerUnit(input, defaults)
  const room = (computeUnits * most) / defaultNumWarps(input, defaults, mostWarps(input))
  const first = defaults.thin?.isStream ? Math.min(FIRST_PARTS.parts, sum.positions / FIRST_PARTS.least) : 1
  const parts = Math.min(
    room / programs,
    Math.max(first, sum.positions / least),
    cdiv(sum.positions, roundOf(sum.id, input, sizes)),
  )
  return clamp(floorPowerOf2(Math.max(1, parts)), 1, sum.maxParts)
}

/** Warps that keep a unit busy, and positions that are worth a workgroup of their own. */
function warpsPerUnit({ dots }: ConfigSpecInput, { thin }: DefaultTiles): readonly [number, number] {
  // Each row has sums of its own in registers, of which a unit has so many.
  if (thin?.isStream) return [STREAM_WARPS_PER_UNIT / thin.rows, LEAST_DEFAULT_PART]
  return dots.length > 0
    ? [PRODUCT_WARPS_PER_UNIT, LEAST_DEFAULT_PART]
    : [STREAM_WARPS_PER_UNIT, LEAST_STREAM_PART]
}

/** Positions of a round of the loop over a block or a row, by default. */
function roundOf(id: number, input: ConfigSpecInput, sizes: readonly number[]): number {
  const { blocks, rows } = input
  const row = rows.findIndex((other) => other.id === id)
  return defaultChunks(input)[row] ?? sizes[blocks.findIndex((block) => block.id === id)] ?? 1
}

/** The longest chunk that a row may be streamed in: half of it at most; undefined where it cannot be. */
export function mostChunk({ canLoop, size }: RowInput): number | undefined {
  const most = Math.min(nextPowerOf2(size) / 2, MAX_TILE_ELEMENTS)
  return canLoop && most >= LEAST_CHUNK ? most : undefined
}

/** The default `reduction_loops`. */
export function defaultChunks(input: ConfigSpecInput): readonly (number | null)[] {
  return input.rows.map((row) => (isChainedWide(row, input) ? WIDE_CHAIN.chunk : defaultChunk(row)))
}

/** null where the row fits into registers or cannot be streamed, else the default chunk. */
function defaultChunk({
  size,
  maxPersistent = DEFAULT_MAX_PERSISTENT,
  chunk = DEFAULT_CHUNK,
  canLoop,
  isContracted,
  isColumn,
}: RowInput): number | null {
  if (canLoop && isContracted) return size <= MAX_WHOLE_DEPTH ? null : DEFAULT_DEPTH
  if (canLoop && isColumn && size > COLUMN_TILE.rows) return COLUMN_TILE.rows
  return !canLoop || size <= maxPersistent ? null : chunk
}

/**
 * `sizes` with blocks halved, the largest of each oversized tile first, until every tile has at most `limit`
 * elements or its blocks are at their least.
 */
export function shrinkBlockSizes(
  { blocks, rows, tiles }: ConfigSpecInput,
  sizes: readonly number[],
  chunks: readonly (number | null)[],
  limit: number,
): readonly number[] {
  const result = [...sizes]
  for (const tile of tiles)
    while (elements(tile, blocks, result, rows, chunks) > Math.min(limit, MAX_TILE_ELEMENTS)) {
      const candidates = [...blocks.entries()].filter(
        ([index, { id, min }]) => tile.axes.includes(id) && (result[index] ?? 1) / 2 >= min,
      )
      const [largest] = candidates.sort(([a], [b]) => (result[b] ?? 1) - (result[a] ?? 1))
      if (!largest) break
      result[largest[0]] = (result[largest[0]] ?? 1) / 2
    }
  return result
}

function tilesWith(
  id: number,
  tiles: readonly TileInput[],
  blocks: readonly BlockInput[],
): readonly TileInput[] {
  const own = tiles.filter(({ axes }) => axes.includes(id))
  return own.length > 0 ? own : [{ axes: blocks.map((block) => block.id), fixed: 1 }]
}
