/** Between values in registers and what stands for them in memory. */
import type { DType } from '../../support/dtypes.ts'
import type { Expr } from '../thread/expr.ts'
import type { Expressions } from '../thread/expressions.ts'
import { memoryType, type ThreadType, type Width } from '../thread/types.ts'

/** What was read, as the dtype. */
export function fromMemory(e: Expressions, read: Expr, dtype: DType): Expr {
  if (dtype === 'bool') return e.binary('!=', read, e.constant(0, read.type))
  return read.type.dtype === dtype ? read : e.bitcast(dtype, read)
}

/** What is to be written for `width` elements. */
export function toMemory(e: Expressions, value: Expr, width: Width): Expr {
  return e.splat(e.convert(memoryType(value.type).dtype, value), width)
}

/** The same to memory of this type, which may show the elements as words. */
export function toItem(e: Expressions, value: Expr, { dtype, width }: ThreadType): Expr {
  const own = toMemory(e, value, width)
  return own.type.dtype === dtype ? own : e.bitcast(dtype, own)
}
