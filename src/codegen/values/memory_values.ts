/** Between values in registers and what stands for them in memory. */
import type { DType } from '../../support/dtypes.ts'
import { compose, type Registers } from '../state/registers.ts'
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

/** Elements of a value for memory of this type, which may show them as words. */
export function itemOf(
  e: Expressions,
  value: Registers,
  registers: readonly number[],
  { dtype, width }: ThreadType,
): Expr {
  const parts = Array.from({ length: Math.ceil(registers.length / 4) }, (_, i) => {
    const group = registers.slice(4 * i, 4 * i + 4)
    const own = toMemory(e, compose(e, value, group), group.length as Width)
    return own.type.dtype === dtype ? own : e.bitcast(dtype, own)
  })
  return e.vector(parts, width)
}
