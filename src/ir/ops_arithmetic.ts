/** Arithmetic, rounding and integer operations: one row each. */
import { roundHalfEven } from '../support/maths.ts'
import {
  binary,
  call1,
  call2,
  type ElementRule,
  type FunctionName,
  infix,
  type OpRule,
  unary,
} from './op_rule.ts'

export type ArithmeticOp =
  | 'add'
  | 'sub'
  | 'mul'
  | 'div'
  | 'floorDiv'
  | 'mod'
  | 'rem'
  | 'fma'
  | 'neg'
  | 'abs'
  | 'sign'
  | 'square'
  | 'reciprocal'
  | 'minimum'
  | 'maximum'
  | 'floor'
  | 'ceil'
  | 'round'
  | 'trunc'
  | 'fract'
  | 'bitAnd'
  | 'bitOr'
  | 'bitXor'
  | 'bitNot'
  | 'shl'
  | 'shr'

export const ARITHMETIC: Readonly<Record<ArithmeticOp, OpRule>> = {
  add: binary('number', (a, b) => a + b, infix('+')),
  sub: binary('number', (a, b) => a - b, infix('-')),
  mul: binary('number', (a, b, _c, dtype) => (isInt(dtype) ? Math.imul(a, b) : a * b), infix('*')),
  div: binary('float', (a, b) => a / b, infix('/')),
  floorDiv: binary('number', floorDivide, (code, a, b) => {
    if (code.dtype === 'i32') return code.helper('floor_div', a, b)
    const quotient = code.infix('/', a, b)
    return code.dtype === 'u32' ? quotient : code.call('floor', quotient)
  }),
  mod: binary(
    'number',
    (a, b, c, dtype) => (dtype === 'u32' && b === 0 ? 0 : a - b * floorDivide(a, b, c, dtype)),
    (code, a, b) => {
      if (code.dtype === 'u32') return code.infix('%', a, b)
      const quotient =
        code.dtype === 'i32' ? code.helper('floor_div', a, b) : code.call('floor', code.infix('/', a, b))
      return code.infix('-', a, code.infix('*', b, quotient))
    },
  ),
  rem: binary('number', (a, b, _c, dtype) => (isInt(dtype) && b === 0 ? 0 : a % b), infix('%')),
  fma: {
    ...binary(
      'number',
      (a, b, c, dtype) => (isInt(dtype) ? Math.imul(a, b) + c : a * b + c),
      (code, a, b, c) =>
        isInt(code.dtype) ? code.infix('+', code.infix('*', a, b), c) : code.call('fma', a, b, c),
    ),
    arity: 3,
  },
  neg: unary(
    'number',
    (a) => -a,
    (code, a) => (code.dtype === 'u32' ? code.infix('-', code.number(0), a) : code.prefix('-', a)),
  ),
  abs: unary('number', (a) => Math.abs(a), call1('abs')),
  sign: unary(
    'number',
    (a) => Math.sign(a),
    (code, a) => (code.dtype === 'u32' ? code.call('min', a, code.number(1)) : code.call('sign', a)),
  ),
  square: unary(
    'number',
    (a, _b, _c, dtype) => (isInt(dtype) ? Math.imul(a, a) : a * a),
    (code, a) => code.infix('*', a, a),
  ),
  reciprocal: unary(
    'float',
    (a) => 1 / a,
    (code, a) => code.infix('/', code.number(1), a),
  ),
  minimum: binary('number', (a, b) => Math.min(a, b), call2('min')),
  maximum: binary('number', (a, b) => Math.max(a, b), call2('max')),
  floor: rounding('floor', Math.floor),
  ceil: rounding('ceil', Math.ceil),
  round: rounding('round', roundHalfEven),
  trunc: rounding('trunc', Math.trunc),
  fract: unary('float', (a) => a - Math.floor(a), call1('fract')),
  bitAnd: binary('int', (a, b) => a & b, infix('&')),
  bitOr: binary('int', (a, b) => a | b, infix('|')),
  bitXor: binary('int', (a, b) => a ^ b, infix('^')),
  bitNot: unary(
    'int',
    (a) => ~a,
    (code, a) => code.prefix('~', a),
  ),
  shl: binary('int', (a, b) => a << (b & 31), shift('<<')),
  shr: binary('int', (a, b, _c, dtype) => (dtype === 'u32' ? a >>> (b & 31) : a >> (b & 31)), shift('>>')),
}

/** By the low five bits of the second operand. */
function shift(operator: '<<' | '>>'): ElementRule {
  return (code, a, b) => {
    const count = code.infix('&', code.convert('u32', b), code.number(31, 'u32'))
    return code.infix(operator, a, count)
  }
}

/** Integers are rounded already. */
function rounding(name: FunctionName, cpu: (a: number) => number): OpRule {
  return unary('number', cpu, (code, a) => (isInt(code.dtype) ? a : code.call(name, a)))
}

function isInt(dtype: string): boolean {
  return dtype === 'i32' || dtype === 'u32'
}

/** Towards minus infinity; integers divided by zero give the dividend, as in WGSL. */
function floorDivide(a: number, b: number, _c: number, dtype: string): number {
  return isInt(dtype) && b === 0 ? a : Math.floor(a / b)
}
