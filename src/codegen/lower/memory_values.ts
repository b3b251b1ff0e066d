/** Between values in registers and what stands for them in memory. */
import type { DType } from '../../support/dtypes.ts'
import type { Expr } from '../thread/expr.ts'
import type { Expressions } from '../thread/expressions.ts'
import { memoryType, type Width } from '../thread/types.ts'

/** What was read, as the dtype. */
export function fromMemory(e: Expressions, read: Expr, dtype: DType): Expr {
  return dtype === 'bool' ? e.binary('!=', read, e.constant(0, read.type)) : read
}

/** What is to be written for `width` elements. */
export function toMemory(e: Expressions, value: Expr, width: Width): Expr {
  return e.splat(e.convert(memoryType(value.type).dtype, value), width)
}
