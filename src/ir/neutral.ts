/** What changes nothing in a reduction: elements that are not there have it. */
import { type DType, isFloat } from '../support/dtypes.ts'
import { unreachable } from '../support/errors.ts'
import type { ReduceOp } from './node.ts'

/** The value of `dtype` that a reduction passes over; argmax and argmin, unless all are so. */
export function neutralOf(op: ReduceOp, dtype: DType): number {
  switch (op) {
    case 'sum':
    case 'any':
      return 0
    case 'prod':
    case 'all':
      return 1
    case 'max':
    case 'argmax':
      return lowest(dtype)
    case 'min':
    case 'argmin':
      return highest(dtype)
    default:
      return unreachable(op)
  }
}

function lowest(dtype: DType): number {
  if (dtype === 'i32') return -2147483648
  return dtype === 'u32' || dtype === 'bool' ? 0 : Number.NEGATIVE_INFINITY
}

function highest(dtype: DType): number {
  if (dtype === 'i32') return 2147483647
  if (dtype === 'u32') return 4294967295
  return dtype === 'bool' ? 1 : Number.POSITIVE_INFINITY
}

/** The value that comes last in order, even behind an equal one that stood before it. */
export function lastInOrder(dtype: DType, descending: boolean): number {
  if (descending) return lowest(dtype)
  return isFloat(dtype) ? Number.NaN : highest(dtype)
}
