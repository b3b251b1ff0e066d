/**
 * What a matrix product needs of its implementation. Where the sums are while products are added to them is
 * its own affair: in variables, in fragments of matrix units, in parts that groups of threads hold.
 */
import type { BlockId, Node } from '../../ir/node.ts'
import type { MemoryArray } from '../thread/memory.ts'
import type { Registers } from './registers.ts'

export interface DotOperands {
  readonly a: Registers
  readonly b: Registers
  /** What products with an element of `b` are multiplied by, in the layout of `b`. */
  readonly scale?: Registers | undefined
  /** Both are words of four integers of 8 bits along what is contracted. */
  readonly packed?: { readonly signed: boolean } | undefined
}

/** An operand in workgroup memory: for each position along the contracted block a row of vectors. */
export interface StagedRows {
  readonly array: MemoryArray
  /** The block that vectors are along. */
  readonly free: BlockId
  /** Array elements from one position of the contracted block to the next. */
  readonly pitch: number
  /** Array elements from one matrix to the next along each of its leading blocks. */
  readonly matrices: ReadonlyMap<BlockId, number>
}

/** Sums that are being added up. */
export interface Sums {
  /**
   * Adds `a · b`. `afterStaging` may emit code between the last write to workgroup memory and the products:
   * loads of the next round, which then overlap with them.
   */
  add(operands: DotOperands, afterStaging?: () => void): void
  /** The sums as a value, in the layout of the dot's class. */
  end(): Registers
}

export interface Contraction {
  /** Sums that begin with the value of `init`, or with zeros. */
  begin(init: Node | undefined): Sums
}
