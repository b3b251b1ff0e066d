/**
 * The table of element-wise operations. A new operation is one row in one of the three families;
 * the language's methods, the interpreter and the WGSL printer all read it from here.
 */
import type { OpRule } from './op_rule.ts'
import { ARITHMETIC, type ArithmeticOp } from './ops_arithmetic.ts'
import { LOGIC, type LogicOp } from './ops_logic.ts'
import { MATH, type MathOp } from './ops_math.ts'

export type OpName = ArithmeticOp | MathOp | LogicOp

export const OPS: Readonly<Record<OpName, OpRule>> = { ...ARITHMETIC, ...MATH, ...LOGIC }

export const OP_NAMES: readonly OpName[] = Object.keys(OPS) as OpName[]

const COMMUTATIVE: ReadonlySet<OpName> = new Set(['add', 'mul', 'maximum', 'minimum', 'or', 'and'])

/** True where the order of the two operands does not matter. */
export function isCommutative(op: OpName): boolean {
  return COMMUTATIVE.has(op)
}
