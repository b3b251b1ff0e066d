/** Arithmetic, rounding and integer operations: one row each. */
import { binary, builtin, infix, type OpRule, unary } from './op_rule.ts'

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
  floorDiv: binary('number', floorDivide, ({ dtype, call }, a, b) => {
    if (dtype === 'i32') return call('floor_div', a, b)
    return dtype === 'u32' ? `${a} / ${b}` : `floor(${a} / ${b})`
  }),
  mod: binary(
    'number',
    (a, b, c, dtype) => (dtype === 'u32' && b === 0 ? 0 : a - b * floorDivide(a, b, c, dtype)),
    ({ dtype, call }, a, b) => {
      if (dtype === 'i32') return `${a} - ${b} * ${call('floor_div', a, b)}`
      return dtype === 'u32' ? `${a} % ${b}` : `${a} - ${b} * floor(${a} / ${b})`
    },
  ),
  rem: binary('number', (a, b, _c, dtype) => (isInt(dtype) && b === 0 ? 0 : a % b), infix('%')),
  fma: {
    ...binary(
      'number',
      (a, b, c, dtype) => (isInt(dtype) ? Math.imul(a, b) + c : a * b + c),
      (t, a, b, c) => (isInt(t.dtype) ? `${a} * ${b} + ${c}` : `fma(${a}, ${b}, ${c})`),
    ),
    arity: 3,
  },
  neg: unary(
    'number',
    (a) => -a,
    ({ dtype, T }, a) => (dtype === 'u32' ? `${T}(0) - ${a}` : `-${a}`),
  ),
  abs: unary('number', (a) => Math.abs(a), builtin('abs')),
  sign: unary(
    'number',
    (a) => Math.sign(a),
    ({ dtype, T }, a) => (dtype === 'u32' ? `min(${a}, ${T}(1))` : `sign(${a})`),
  ),
  square: unary(
    'number',
    (a, _b, _c, dtype) => (isInt(dtype) ? Math.imul(a, a) : a * a),
    (_t, a) => `${a} * ${a}`,
  ),
  reciprocal: unary(
    'float',
    (a) => 1 / a,
    ({ T }, a) => `${T}(1) / ${a}`,
  ),
  minimum: binary('number', (a, b) => Math.min(a, b), builtin('min')),
  maximum: binary('number', (a, b) => Math.max(a, b), builtin('max')),
  floor: rounding('floor', Math.floor),
  ceil: rounding('ceil', Math.ceil),
  round: rounding('round', roundHalfEven),
  trunc: rounding('trunc', Math.trunc),
  fract: unary('float', (a) => a - Math.floor(a), builtin('fract')),
  bitAnd: binary('int', (a, b) => a & b, infix('&')),
  bitOr: binary('int', (a, b) => a | b, infix('|')),
  bitXor: binary('int', (a, b) => a ^ b, infix('^')),
  bitNot: unary(
    'int',
    (a) => ~a,
    (_t, a) => `~${a}`,
  ),
  shl: binary(
    'int',
    (a, b) => a << (b & 31),
    (t, a, b) => `${a} << (${t.of('u32')}(${b}) & ${t.of('u32')}(31))`,
  ),
  shr: binary(
    'int',
    (a, b, _c, dtype) => (dtype === 'u32' ? a >>> (b & 31) : a >> (b & 31)),
    (t, a, b) => `${a} >> (${t.of('u32')}(${b}) & ${t.of('u32')}(31))`,
  ),
}

/** Integers are rounded already. */
function rounding(name: string, cpu: (a: number) => number): OpRule {
  const wgsl = builtin(name)
  return unary('number', cpu, (types, a, b, c) => (isInt(types.dtype) ? a : wgsl(types, a, b, c)))
}

function isInt(dtype: string): boolean {
  return dtype === 'i32' || dtype === 'u32'
}

/** Towards minus infinity; integers divided by zero give the dividend, as in WGSL. */
function floorDivide(a: number, b: number, _c: number, dtype: string): number {
  return isInt(dtype) && b === 0 ? a : Math.floor(a / b)
}

/** Works on the magnitude, so that what rounds to zero keeps its sign. */
function roundHalfEven(a: number): number {
  const size = Math.abs(a)
  const isHalf = size - Math.floor(size) === 0.5
  const rounded = isHalf ? 2 * Math.round(size / 2) : Math.round(size)
  return a < 0 || Object.is(a, -0) ? -rounded : rounded
}
