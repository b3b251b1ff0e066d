/**
 * What operations of thread programs give for one element, as WGSL says: integers wrap, floats are rounded
 * after every operation, conversions saturate.
 */
import { roundTo } from '../../ir/interpret_values.ts'
import { OPS } from '../../ir/ops.ts'
import { DTYPES, type DType, isFloat } from '../../support/dtypes.ts'
import { type BuiltinFunction, valueRule } from '../thread/builtins.ts'
import type { BinaryOp, Helper, UnaryOp } from '../thread/expr.ts'

/** From the elements of up to three operands to one of the result; truth values are 0 and 1. */
export type ScalarRule = (a: number, b: number, c: number) => number

/** Of numbers, before they are rounded to the dtype. */
const BINARY: Readonly<Record<BinaryOp, (a: number, b: number) => number>> = {
  '+': (a, b) => a + b,
  '-': (a, b) => a - b,
  '*': (a, b) => a * b,
  '/': (a, b) => a / b,
  '%': (a, b) => a % b,
  '<<': (a, b) => a << b,
  '>>': (a, b) => a >> b,
  '&': (a, b) => a & b,
  '|': (a, b) => a | b,
  '^': (a, b) => a ^ b,
  '&&': (a, b) => a & b,
  '==': (a, b) => Number(a === b),
  '!=': (a, b) => Number(a !== b),
  '<': (a, b) => Number(a < b),
  '<=': (a, b) => Number(a <= b),
  '>': (a, b) => Number(a > b),
  '>=': (a, b) => Number(a >= b),
}

/** Of integers, where it is something else. Divided by zero they give themselves, and no remainder. */
const OF_INTEGERS: Partial<Record<BinaryOp, (a: number, b: number) => number>> = {
  '*': Math.imul,
  '/': (a, b) => (b === 0 ? a : Math.trunc(a / b)),
  '%': (a, b) => (b === 0 ? 0 : a % b),
}

/** `dtype` is that of the operands, `result` what comes of them. */
export function binaryRule(op: BinaryOp, dtype: DType, result: DType): ScalarRule {
  if (isFloat(dtype) || dtype === 'bool') return rounded(result, BINARY[op])
  if (op === '>>' && dtype === 'u32') return (a, b) => a >>> b
  return rounded(result, OF_INTEGERS[op] ?? BINARY[op])
}

export function unaryRule(op: UnaryOp, dtype: DType): ScalarRule {
  if (op === '!') return (a) => 1 - a
  return rounded(dtype, op === '-' ? (a) => -a : (a) => ~a)
}

/** Of functions that look at one lane. */
export function functionRule(fn: BuiltinFunction, dtype: DType): ScalarRule {
  const rule = valueRule(fn)
  if (!rule) throw new Error(`${fn} is no function of one lane`)
  return fn === 'select' ? rule : rounded(dtype, rule)
}

/** `dtype` is that of the operands. */
export function helperRule(helper: Helper, dtype: DType): ScalarRule {
  switch (helper) {
    case 'rank_nan_high':
      return (a) => rank(a, 0x7fffffff)
    case 'rank_nan_low':
      return (a) => rank(a, -0x7fffffff)
    case 'floor_div':
      return rounded(dtype, (a, b) => OPS.floorDiv.cpu(a, b, 0, dtype))
    case 'tanh_exp':
      return rounded(dtype, Math.tanh)
    case 'expm1':
    case 'log1p':
    case 'pow':
    case 'erf':
      return rounded(dtype, (a, b) => OPS[helper].cpu(a, b, 0, dtype))
  }
}

/** Conversion by value. */
export function convertRule(from: DType, to: DType): ScalarRule {
  const wraps = !isFloat(from) && from !== 'bool' && to !== 'bool'
  return wraps ? (a) => roundTo(to, a) : DTYPES[to].round
}

const WORD = new DataView(new ArrayBuffer(4))
const READERS: Partial<Record<DType, () => number>> = {
  f32: () => WORD.getFloat32(0),
  i32: () => WORD.getInt32(0),
  u32: () => WORD.getUint32(0),
}
const WRITERS: Partial<Record<DType, (value: number) => void>> = {
  f32: (value) => WORD.setFloat32(0, value),
  i32: (value) => WORD.setInt32(0, value),
  u32: (value) => WORD.setUint32(0, value),
}

/** The same bits as another dtype. */
export function bitcastRule(from: DType, to: DType): ScalarRule {
  const [write, read] = [WRITERS[from], READERS[to]]
  if (!write || !read) throw new Error(`no bits of ${from} as ${to}`)
  return (a) => {
    write(a)
    return read()
  }
}

const bitsOf = bitcastRule('f32', 'i32')

/** The order of floats as integers, equal for both zeros, with NaN at one end. */
function rank(a: number, nan: number): number {
  if (Number.isNaN(a)) return nan
  const bits = bitsOf(a, 0, 0)
  const size = bits & 0x7fffffff
  return bits < 0 ? -size + 0 : size
}

function rounded(dtype: DType, rule: ScalarRule): ScalarRule {
  const { category, round } = DTYPES[dtype]
  if (category === 'float') return (a, b, c) => round(rule(a, b, c))
  if (category === 'bool') return rule
  return dtype === 'i32' ? (a, b, c) => rule(a, b, c) | 0 : (a, b, c) => rule(a, b, c) >>> 0
}
