/**
 * What a load has read, before elements are made of it: that is what waits while a round of a loop computes,
 * since it is smaller, and nothing has to wait for memory until the elements are needed.
 */
import type { Expr } from '../thread/expr.ts'
import type { Registers } from './registers.ts'

export interface Read {
  /** As many, of the same types, wherever the load is lowered. */
  readonly parts: readonly Expr[]
  /** What serves so many rounds, the first of which begins at a multiple of them. */
  readonly items?: {
    readonly rounds: number
    readonly read: () => readonly Expr[]
  }
  /**
   * The elements, in the layout of the access, from the items and the parts after them, or from what has
   * them in their place.
   */
  readonly value: (held: readonly Expr[]) => Registers
}
