/**
 * Who holds what of a product that stages nothing: a layout over all of its dimensions, of which each operand
 * and the sums have their part. The right operand decides: threads lie along its memory, and each holds a few
 * positions of the contracted dimension, in which the left operand is read as vectors. Threads that are left
 * share out the contracted dimension, and their sums are added in the end.
 */
import type { BlockId } from '../../ir/node.ts'
import { bitRange, type CoordinateBit, Layout } from './layout.ts'
import type { Extent } from './layout_rules.ts'

/** Lanes along the contracted dimension where memory lies that way. */
const LANE_BITS = 5
/** Longer vectors than needed must leave so many lanes side by side, and a thread with no more values. */
const LEAST_LANE_BITS = 3
const MOST_VALUE_BITS = 6
/** Sums that a thread adds to in turn, so that no addition waits for the one before it. */
const LEAST_SUM_BITS = 2

export interface ProductWish {
  /** Along the matrices of the result. */
  readonly batch: readonly Extent[]
  readonly rows: Extent
  readonly columns: Extent
  readonly depth: Extent
  /** What the memory of the right operand runs along, and log2 of what a thread takes of it at once. */
  readonly along: 'columns' | 'depth'
  readonly vectorBits: number
  /** The same for the longest vectors that memory allows. */
  readonly widestBits: number
  readonly threadBits: number
  /** log2 of the groups of threads, of whole columns, that share out the contracted dimension at least. */
  readonly sliceBits: number
  /** log2 of the rows that one thread computes; `undefined` for all of them. */
  readonly threadRows: number | undefined
  /** log2 of the positions of the contracted dimension that are multiplied at once. */
  readonly wordBits: number
}

/** Of the product of a dot, without staging. */
export interface ProductLayouts {
  readonly a: Layout
  readonly b: Layout
  /** Sums, with the bits of the contracted dimension over which they are still to be added up. */
  readonly sums: Layout
}

/** The parts of the layout; `batchOf` are the blocks along the matrices of each operand. */
export function productLayouts(
  wish: ProductWish,
  batchOf: { readonly a: readonly BlockId[]; readonly b: readonly BlockId[] },
): ProductLayouts {
  const product = wish.along === 'columns' ? alongColumns(wish) : alongDepth(wish)
  const { rows, columns, depth } = wish
  const part = (free: BlockId, batch: readonly BlockId[]): Layout =>
    product.restrict((block) => block === free || block === depth.block || batch.includes(block))
  return {
    a: part(rows.block, batchOf.a),
    b: part(columns.block, batchOf.b),
    sums: sumsOf(product, depth.block, wish.wordBits),
  }
}

/** Without registers along the contracted dimension, unless sums are so few that they wait for each other. */
function sumsOf({ registers, threads }: Layout, depth: BlockId, wordBits: number): Layout {
  const free = registers.filter(({ block }) => block !== depth)
  const along = registers.filter(({ block, bit }) => block === depth && bit >= wordBits)
  return new Layout([...free, ...along.slice(0, Math.max(0, LEAST_SUM_BITS - free.length))], threads)
}

function alongColumns(wish: ProductWish): Layout {
  const { columns, depth } = wish
  const { rowBits, matrices, groupBits } = shared(wish)
  const longest = Math.min(wish.widestBits, columns.bits - LEAST_LANE_BITS, MOST_VALUE_BITS - rowBits)
  const vector = Math.min(Math.max(wish.vectorBits, longest), columns.bits)
  const sliceBits = Math.min(wish.sliceBits, depth.bits)
  const columnBits = Math.min(columns.bits - vector, Math.max(0, groupBits - sliceBits))
  const matrixBits = Math.min(matrices.length, Math.max(0, groupBits - columnBits - sliceBits))
  const depthBits = Math.min(depth.bits, groupBits - columnBits - matrixBits)
  const near = depth.bits - depthBits
  return layoutOf(wish, {
    registers: [...bitRange(columns.block, 0, vector), ...bitRange(depth.block, 0, near)],
    threads: [
      ...bitRange(columns.block, vector, columnBits),
      ...matrices.slice(0, matrixBits),
      ...bitRange(depth.block, near, depthBits),
    ],
    rowBits,
  })
}

function alongDepth(wish: ProductWish): Layout {
  const { columns, depth } = wish
  const { rowBits, matrices, groupBits } = shared(wish)
  const longest = Math.min(wish.widestBits, MOST_VALUE_BITS - rowBits)
  const vector = Math.min(Math.max(wish.vectorBits, longest), depth.bits)
  const laneBits = Math.min(LANE_BITS, depth.bits - vector, groupBits)
  const sliceBits = Math.min(wish.sliceBits, depth.bits - vector - laneBits)
  const rest = groupBits - laneBits
  const columnBits = Math.min(columns.bits, Math.max(0, rest - sliceBits))
  const matrixBits = Math.min(matrices.length, Math.max(0, rest - columnBits - sliceBits))
  const depthBits = Math.min(depth.bits - vector - laneBits, rest - columnBits - matrixBits)
  return layoutOf(wish, {
    registers: bitRange(depth.block, 0, vector),
    threads: [
      ...bitRange(depth.block, vector, laneBits),
      ...bitRange(columns.block, 0, columnBits),
      ...matrices.slice(0, matrixBits),
      ...bitRange(depth.block, vector + laneBits, depthBits),
    ],
    rowBits,
  })
}

/** log2 of the rows of a thread, and of the threads that have the same rows. */
function shared({ batch, rows, threadBits, threadRows = rows.bits }: ProductWish): {
  readonly rowBits: number
  readonly matrices: readonly CoordinateBit[]
  readonly groupBits: number
} {
  const rowBits = Math.max(Math.min(threadRows, rows.bits), rows.bits - threadBits)
  return {
    rowBits,
    matrices: batch.flatMap(({ block, bits }) => bitRange(block, 0, bits)),
    groupBits: threadBits - (rows.bits - rowBits),
  }
}

interface Begun {
  /** The lowest bits of a register's number, and of a thread's. */
  readonly registers: readonly CoordinateBit[]
  readonly threads: readonly CoordinateBit[]
  readonly rowBits: number
}

/** What is not spread over threads stays in registers; the highest bits of threads are along rows. */
function layoutOf(wish: ProductWish, { registers, threads, rowBits }: Begun): Layout {
  const { batch, rows, columns, depth, threadBits } = wish
  const placed = [...registers, ...threads]
  const rest = ({ block, bits }: Extent): readonly CoordinateBit[] =>
    bitRange(block, 0, bits).filter((bit) => !placed.some((p) => p.block === block && p.bit === bit.bit))
  const high = bitRange(rows.block, rowBits, rows.bits - rowBits)
  const idle = new Array(threadBits - threads.length - high.length).fill(undefined)
  return new Layout(
    [
      ...registers,
      ...rest(columns),
      ...bitRange(rows.block, 0, rowBits),
      ...rest(depth),
      ...batch.flatMap(rest),
    ],
    [...threads, ...idle, ...high],
  )
}
