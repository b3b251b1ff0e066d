/** Comparisons, truth values and selection: one row each. */
import type { DType } from '../support/dtypes.ts'
import {
  binary,
  type Comparison,
  type ElementCode,
  type ElementRule,
  infix,
  type OperandClass,
  type OpRule,
  unary,
} from './op_rule.ts'

export type LogicOp =
  | 'eq'
  | 'ne'
  | 'lt'
  | 'le'
  | 'gt'
  | 'ge'
  | 'and'
  | 'or'
  | 'xor'
  | 'not'
  | 'isnan'
  | 'isinf'
  | 'isfinite'
  | 'where'

export const LOGIC: Readonly<Record<LogicOp, OpRule>> = {
  eq: compare('==', (a, b) => a === b),
  // NaN differs from everything, but compilers read != as an ordered comparison.
  ne: { ...compare('!=', (a, b) => a !== b), code: (code, a, b) => code.prefix('!', code.infix('==', a, b)) },
  lt: compare('<', (a, b) => a < b),
  le: compare('<=', (a, b) => a <= b),
  gt: compare('>', (a, b) => a > b),
  ge: compare('>=', (a, b) => a >= b),
  and: binary('bool', (a, b) => a & b, infix('&')),
  or: binary('bool', (a, b) => a | b, infix('|')),
  xor: binary('bool', (a, b) => a ^ b, infix('!=')),
  not: unary(
    'bool',
    (a) => 1 - a,
    (code, a) => code.prefix('!', a),
  ),
  isnan: classify(Number.isNaN, '>'),
  isinf: classify((a) => Math.abs(a) === Number.POSITIVE_INFINITY, '=='),
  isfinite: classify(Number.isFinite, '<'),
  where: {
    arity: 3,
    operands: 'select',
    result: 'same',
    cpu: (condition, a, b) => (condition ? a : b),
    code: (code, condition, a, b) => code.call('select', b, a, condition),
  },
}

function compare(operator: Comparison, holds: (a: number, b: number) => boolean): OpRule {
  return truth('number', 2, (a, b) => holds(a, b), infix(operator))
}

/** Compares the exponent bits, because shader compilers may assume that NaN and infinity do not occur. */
function classify(holds: (a: number) => boolean, operator: Comparison): OpRule {
  return truth('float', 1, holds, (code, a) =>
    code.infix(operator, magnitudeBits(code, a), code.number(0x7f800000, 'u32')),
  )
}

function magnitudeBits<E>(code: ElementCode<E>, a: E): E {
  return code.infix('&', code.bitcast('u32', code.convert('f32', a)), code.number(0x7fffffff, 'u32'))
}

function truth(
  operands: OperandClass,
  arity: 1 | 2,
  holds: (a: number, b: number) => boolean,
  code: ElementRule,
): OpRule {
  const cpu = (a: number, b: number, _c: number, _dtype: DType): number => (holds(a, b) ? 1 : 0)
  return { arity, operands, result: 'bool', cpu, code }
}
