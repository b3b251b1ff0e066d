/**
 * The layouts that anchors want: streaming tiles with vectors and lanes along the contiguous dimension,
 * micro-tiles for the result of a dot, and tiles on their way into workgroup memory as operands of one.
 */
import type { BlockId } from '../../ir/node.ts'
import { bitRange, type CoordinateBit, Layout } from './layout.ts'

export interface Extent {
  readonly block: BlockId
  /** log2 of the extent. */
  readonly bits: number
}

export interface BlockedWish {
  /** Blocks of the tile, the one that memory is contiguous along first. */
  readonly extents: readonly Extent[]
  /** log2 of the elements that a thread takes together along the first block. */
  readonly vectorBits: number
  /** log2 of the workgroup size. */
  readonly threadBits: number
  /** log2 of the most threads that may share the positions of a block. */
  readonly maxThreadBits?: (block: BlockId) => number
  /** Position bits that should be in registers right after the vector. */
  readonly together?: readonly CoordinateBit[]
  /** Position bits in which neighbouring threads should differ first. */
  readonly nearest?: readonly CoordinateBit[]
}

/** Vector bits in registers, then threads along the blocks in order, what is left in registers. */
export function blockedLayout(wish: BlockedWish): Layout {
  const { extents, threadBits } = wish
  const first = extents[0]
  const vector = first ? bitRange(first.block, 0, Math.min(wish.vectorBits, first.bits)) : []
  // More bits in registers than the tile has to spare would leave threads without work.
  const total = extents.reduce((sum, { bits }) => sum + bits, 0)
  const spare = Math.max(0, total - threadBits - vector.length)
  const together = (wish.together ?? []).filter((bit) => !vector.some(same(bit))).slice(0, spare)
  const registers = [...vector, ...together]
  const all = extents.flatMap(({ block, bits }) => bitRange(block, 0, bits))
  const free = [...(wish.nearest ?? []), ...all].filter((bit) => !registers.some(same(bit)))
  const threads: CoordinateBit[] = []
  const limit = (block: BlockId): number => wish.maxThreadBits?.(block) ?? Number.POSITIVE_INFINITY
  const take = (allowed: (bit: CoordinateBit) => boolean): void => {
    for (const bit of free) {
      if (threads.length >= threadBits || threads.some(same(bit)) || !allowed(bit)) continue
      threads.push(bit)
    }
  }
  take(({ block }) => threads.filter((bit) => bit.block === block).length < limit(block))
  // Threads that found no work under the limits help along the limited blocks rather than hold copies.
  take(() => true)
  const rest = all.filter((bit) => ![...registers, ...threads].some(same(bit)))
  return new Layout([...registers, ...rest], padded(threads, threadBits))
}

export interface DotWish {
  /** Along the matrices of the result. */
  readonly batch: readonly Extent[]
  readonly rows: Extent
  readonly columns: Extent
  readonly threadBits: number
  /** log2 of the groups of threads that all hold the whole tile. */
  readonly sliceBits: number
  /** log2 of the rows of a thread's micro-tile; `undefined` leaves the choice to the rule. */
  readonly microRows: number | undefined
}

/**
 * Micro-tiles: each thread owns 2^r rows by 2^c columns, in groups of four that are spread over the tile, so
 * that the vector reads of both operands are broadcasts or free of bank conflicts. Matrices of a batch are
 * shared out among threads first: the more elements of one matrix a thread has, the less it reads.
 */
export function dotLayout({ batch, rows, columns, threadBits, sliceBits, microRows }: DotWish): Layout {
  const matrices = batch.flatMap(({ block, bits }) => bitRange(block, 0, bits))
  const threadMatrices = matrices.slice(0, threadBits - sliceBits)
  const groupBits = threadBits - sliceBits - threadMatrices.length
  const perThread = Math.max(0, rows.bits + columns.bits - groupBits)
  const rowBits = microRowBits(rows.bits, columns.bits, perThread, microRows)
  const columnBits = Math.min(perThread - rowBits, columns.bits)
  const nearColumns = Math.min(2, columnBits)
  const nearRows = Math.min(2, rowBits)
  const threadColumns = Math.min(columns.bits - columnBits, groupBits)
  const threadRows = Math.min(rows.bits - rowBits, groupBits - threadColumns)
  const registers = [
    ...bitRange(columns.block, 0, nearColumns),
    ...bitRange(rows.block, 0, nearRows),
    ...bitRange(columns.block, nearColumns + threadColumns, columns.bits - nearColumns - threadColumns),
    ...bitRange(rows.block, nearRows + threadRows, rows.bits - nearRows - threadRows),
    ...matrices.slice(threadMatrices.length),
  ]
  const threads = [
    ...bitRange(columns.block, nearColumns, threadColumns),
    ...bitRange(rows.block, nearRows, threadRows),
    ...threadMatrices,
  ]
  return new Layout(registers, padded(threads, threadBits))
}

/** `layout` with positions along `depth`, of 2^`depthBits`, for its 2^`bits` groups of threads. */
export function slicedLayout(layout: Layout, depth: BlockId, depthBits: number, bits: number): Layout {
  const shared = layout.threads.slice(0, layout.threads.length - bits)
  return new Layout(layout.registers, [...shared, ...bitRange(depth, depthBits - bits, bits)])
}

/** Square micro-tiles with at least four columns, unless the config or the tile's shape says otherwise. */
function microRowBits(rows: number, columns: number, perThread: number, wanted: number | undefined): number {
  const balanced = Math.max(0, Math.min(Math.floor(perThread / 2), perThread - 2))
  const least = Math.max(0, perThread - columns)
  return Math.max(least, Math.min(wanted ?? balanced, rows, perThread))
}

function padded(threads: readonly CoordinateBit[], count: number): (CoordinateBit | undefined)[] {
  return Array.from({ length: count }, (_, i) => threads[i])
}

function same(a: CoordinateBit): (b: CoordinateBit) => boolean {
  return (b) => a.block === b.block && a.bit === b.bit
}
