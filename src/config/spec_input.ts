/**
 * What a kernel, its sizes and a device leave open to a config, as plain data: the input of ConfigSpec. The
 * order of each list is the order of the entries in the config fields that belong to it.
 */

import type { Fragment } from './fragments.ts'
import type { Indexing, PidType } from './modes.ts'

/** One entry of `block_sizes`: a dimension of `hl.tile` whose extent the author left open. */
export interface BlockInput {
  /** Id of the block in the kernel's IR; loops and tiles refer to it. */
  readonly id: number
  /** For messages. */
  readonly name: string
  /** Positions in the range at the sizes at hand; for dynamic sizes those of the first call. */
  readonly sizeHint: number
  /** Least extent, a power of two. */
  readonly min: number
  /** Largest extent, a power of two; usually the next power of two of the size. */
  readonly max: number
  /** Extent of the default config; derived from tiles and dots when absent. */
  readonly default?: number
  /** True where the range is read from memory. */
  readonly isUnknown?: boolean
  /** True where it only counts the matrices of products: more of them in a tile save no reads. */
  readonly isBatch?: boolean
  /** True where memory that is read is contiguous along it. */
  readonly isContiguous?: boolean
  /** True in a loop on the device where results of products are along it, which the loop looks at. */
  readonly isResult?: boolean
}

/** One entry of `reduction_loops` and of `num_threads`: a whole dimension taken with `':'`. */
export interface RowInput {
  readonly id: number
  readonly name: string
  /** Largest number of positions. */
  readonly size: number
  /** Longest row that the default config keeps in registers, in elements; 16,384 when absent. */
  readonly maxPersistent?: number
  /** What longer rows are streamed in by default, in elements; 4,096 when absent. */
  readonly chunk?: number
  /** False where the row cannot be streamed in chunks. */
  readonly canLoop: boolean
  /** True where products are along it: a chunk of it is in workgroup memory, for each row and column. */
  readonly isContracted?: boolean
  /** True where nothing but sums of it is wanted, and memory is contiguous along blocks, not along it. */
  readonly isColumn?: boolean
}

/** A loop of the kernel. Those with several blocks have an entry in `loop_orders` and `flatten_loops`. */
export interface LoopInput {
  /**
   * `grid`: a top-level loop, spread over workgroups; `device`: a loop inside one (`range_unroll_factors`).
   */
  readonly kind: 'grid' | 'device'
  /** Ids of its blocks, outermost first, also of those with a fixed extent. */
  readonly blocks: readonly number[]
  readonly canReorder: boolean
  /** Index of the block that is outermost by default; the first when absent. */
  readonly outermost?: number
  readonly canFlatten: boolean
  /** The number of iterations is known and small enough to write them all out (`static_ranges`). */
  readonly canUnrollFully: boolean
}

/** The extent of a tile value that programs hold: what the shrink rule keeps within bounds. */
export interface TileInput {
  /** Ids of the blocks and rows along its axes. */
  readonly axes: readonly number[]
  /** Product of the extents that no config decides. */
  readonly fixed: number
}

/** Powers of two. */
export interface DotInput {
  /** Most rows of a thread's micro-tile. */
  readonly maxRows: number
  /** Most groups of threads that may share out what it contracts; 1 where sums are read on the way. */
  readonly maxSlices: number
  /** How subgroup matrices could compute it; absent where they cannot. */
  readonly matrix?: MatrixInput
  /** False where no loop runs round it, so that nothing can be loaded ahead; true when absent. */
  readonly inLoop?: boolean
  /** Rows of the whole result at the sizes at hand; taken for many when absent. */
  readonly resultRows?: number
  /** Ids of the blocks along the rows and the columns of the result. */
  readonly rows?: number
  readonly columns?: number
  /** The right operand; nothing is known of it when absent. */
  readonly right?: RightInput
  /** True for integers of 8 bits that are multiplied four at a time; false when absent. */
  readonly isPacked?: boolean
}

/** The tile of the right operand of a product, and how it is in memory. */
export interface RightInput extends TileInput {
  /** Of an element. */
  readonly bits: number
  /** True where neighbours in memory are neighbours along what is contracted. */
  readonly isAlongDepth: boolean
}

/** One entry of `split_sums`: a loop that only adds up, or a row that is only reduced. */
export interface SumInput {
  /** Id of the first block of the loop, or of the row. */
  readonly id: number
  /** Ids of the blocks of the grid that it is in. */
  readonly grid: readonly number[]
  /** How many positions it goes over at the sizes at hand. */
  readonly positions: number
  /** Most workgroups that may share it out, a power of two. */
  readonly maxParts: number
  /** It is a scan, whose chunks can follow each other; false when absent. */
  readonly isScan?: boolean
}

/** The extents of a product that is cut into matrices. */
export interface MatrixInput {
  readonly rows: MatrixAxis
  readonly columns: MatrixAxis
  readonly depth: MatrixAxis
  /** Lanes of a subgroup, which has at least one matrix of the result. */
  readonly lanes: number
  /** Of an element of the result; taken for four when absent. */
  readonly sumBytes?: number
}

export interface MatrixAxis {
  /** Extent of a matrix. */
  readonly least: number
  /** Id of the block or row whose extent a config decides; absent where it is fixed. */
  readonly id?: number
  /** Extent where no config decides it, and of a row that is not streamed. */
  readonly extent: number
}

export interface ConfigSpecInput {
  readonly blocks: readonly BlockInput[]
  readonly rows: readonly RowInput[]
  readonly loops: readonly LoopInput[]
  /** Programs along dimensions of the grid whose extent the author fixed; 1 when absent. */
  readonly fixedPrograms?: number
  /** Every distinct combination of axes among the kernel's tile values. */
  readonly tiles: readonly TileInput[]
  /** The ways each load, then each store, may access memory; the first is the default. */
  readonly memoryOps: readonly (readonly Indexing[])[]
  readonly dots: readonly DotInput[]
  /** Sums that workgroups may share out; none when absent. */
  readonly sums?: readonly SumInput[]
  /** The launch orders this kernel can have; the first is the default. */
  readonly pidTypes: readonly PidType[]
  /** Most invocations of a workgroup on the device. */
  readonly maxInvocations: number
  /** Memory of a workgroup on the device; taken for small when absent. */
  readonly workgroupBytes?: number
  /** 32-bit registers of an invocation on the device; taken for few when absent. */
  readonly registers?: number
  /** The device is a processor; false when absent. */
  readonly software?: boolean
  /**
   * Compute units of the device, 64 when absent: searches leave out tiles so small that no device needs as
   * many.
   */
  readonly computeUnits?: number
  /** User-defined tunables by name. */
  readonly tunables?: Readonly<Record<string, Fragment>>
}
