/** Element-wise operations and conversions in expressions of a thread. */
import type { CastNode } from '../../ir/node.ts'
import type { ElementCode } from '../../ir/op_rule.ts'
import type { DType } from '../../support/dtypes.ts'
import type { Expr } from '../thread/expr.ts'
import type { Expressions } from '../thread/expressions.ts'
import { typeOf, type Width } from '../thread/types.ts'
import type { Writer } from '../thread/writer.ts'
import { roundPacked } from './packed_values.ts'

/** Element-wise code as expressions of one width. */
export function elementCode(e: Expressions, dtype: DType, width: Width): ElementCode<Expr> {
  return {
    dtype,
    number: (value, other = dtype) => e.constant(value, typeOf(other, width)),
    infix: (operator, a, b) => e.binary(operator, a, b),
    prefix: (operator, a) => e.unary(operator, a),
    call: (fn, ...args) => e.call(fn, ...args),
    helper: (name, ...args) => e.helper(name, typeOf(dtype, width), ...args),
    convert: (other, a) => e.convert(other, a),
    bitcast: (other, a) => e.bitcast(other, a),
  }
}

/** The value with the dtype of the node, which may round it as memory of some type would. */
export function castExpr(out: Writer, { type: { dtype }, through, bits }: CastNode, value: Expr): Expr {
  const { expressions: e } = out
  if (through) return roundPacked(out, through, value)
  if (dtype === value.type.dtype) return value
  return bits ? e.bitcast(dtype, value) : e.convert(dtype, value)
}
