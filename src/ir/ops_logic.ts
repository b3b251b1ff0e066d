/** Comparisons, truth values and selection: one row each. */
import type { DType } from '../support/dtypes.ts'
import { binary, infix, type OperandClass, type OpRule, unary, type WgslTypes } from './op_rule.ts'

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
  ne: { ...compare('!=', (a, b) => a !== b), wgsl: (_t, a, b) => `!(${a} == ${b})` },
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
    (_t, a) => `!${a}`,
  ),
  isnan: classify(Number.isNaN, '>'),
  isinf: classify((a) => Math.abs(a) === Number.POSITIVE_INFINITY, '=='),
  isfinite: classify(Number.isFinite, '<'),
  where: {
    arity: 3,
    operands: 'select',
    result: 'same',
    cpu: (condition, a, b) => (condition ? a : b),
    wgsl: (_t, condition, a, b) => `select(${b}, ${a}, ${condition})`,
  },
}

function compare(operator: string, holds: (a: number, b: number) => boolean): OpRule {
  return truth('number', 2, (a, b) => holds(a, b), infix(operator))
}

/** Compares the exponent bits, because shader compilers may assume that NaN and infinity do not occur. */
function classify(holds: (a: number) => boolean, operator: string): OpRule {
  return truth('float', 1, holds, (t, a) => `${magnitudeBits(t, a)} ${operator} ${t.of('u32')}(0x7f800000u)`)
}

function magnitudeBits(t: WgslTypes, a: string): string {
  return `(bitcast<${t.of('u32')}>(${t.of('f32')}(${a})) & ${t.of('u32')}(0x7fffffffu))`
}

function truth(
  operands: OperandClass,
  arity: 1 | 2,
  holds: (a: number, b: number) => boolean,
  wgsl: OpRule['wgsl'],
): OpRule {
  const cpu = (a: number, b: number, _c: number, _dtype: DType): number => (holds(a, b) ? 1 : 0)
  return { arity, operands, result: 'bool', cpu, wgsl }
}
