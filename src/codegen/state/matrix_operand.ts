/** What the operand of a product on matrix units is while the product is lowered. */
import type { BlockId } from '../../ir/node.ts'
import type { StorageType } from '../../support/storage_types.ts'
import type { MatrixPlan } from '../plan/matrix_plan.ts'
import type { Fragment } from '../thread/fragments.ts'
import type { AccessMark, MemoryArray } from '../thread/memory.ts'

/** `a` or `b`: the left or the right operand. */
export type Side = 'a' | 'b'

/** An operand in workgroup memory: for each row (or column) of subgroups of a slice an array of its own. */
export interface StagedMatrix {
  readonly array: MemoryArray
  /** The block that neighbours in memory are along. */
  readonly fast: BlockId
  readonly slow: BlockId
  readonly free: BlockId
  /** log2 of the positions along each block in each of the arrays, and of the arrays of a slice. */
  readonly freeBits: number
  readonly depthBits: number
  readonly partBits: number
  /** log2 of the arrays that what a subgroup takes of the free block is in. */
  readonly split: number
  /** Neighbours in an array element. */
  readonly width: number
  /** Array elements from one position of the slow block to the next. */
  readonly pitch: number
  /** log2 of the neighbours that follow each other, where there is as much room again after so many. */
  readonly runBits?: number
}

/** Memory that a whole result came out of its fragments through; `own` marks each lane's part of it. */
export interface CameOut {
  readonly array: MemoryArray
  readonly plan: MatrixPlan
  readonly own: AccessMark
}

/** An operand in place, and its fragments by position along the depth where they are loaded already. */
export interface MatrixOperand {
  readonly staged: StagedMatrix
  readonly dtype: StorageType
  readonly fragments: ReadonlyMap<number, readonly Fragment[]>
}
