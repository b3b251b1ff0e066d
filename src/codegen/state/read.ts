/**
 * What a load has read, before elements are made of it: that is what waits while a round of a loop computes,
 * since it is smaller, and nothing has to wait for memory until the elements are needed.
 */
import type { Expr } from '../thread/expr.ts'
import type { Registers } from './registers.ts'

export interface Read {
  /** As many, of the same types, wherever the load is lowered. */
  readonly parts: readonly Expr[]
  /** The elements, in the layout of the access, from the parts or from what has them in their place. */
  readonly value: (parts: readonly Expr[]) => Registers
}
