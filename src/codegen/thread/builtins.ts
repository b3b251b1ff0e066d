/** The functions of WGSL that generated code calls: one row each, with its value on the CPU. */
import type { FunctionName } from '../../ir/op_rule.ts'
import type { DType } from '../../support/dtypes.ts'
import { roundHalfEven, sum } from '../../support/maths.ts'

/** Functions of one lane's values or of a whole subgroup's. */
export type BuiltinFunction = FunctionName | 'countLeadingZeros' | PackedFunction | SubgroupFunction

/** Of words of four integers of 8 bits: the sum of the products. */
type PackedFunction = 'dot4I8Packed' | 'dot4U8Packed'

type SubgroupFunction = 'subgroupAdd' | 'subgroupMul' | 'subgroupMin' | 'subgroupMax' | 'subgroupShuffleXor'

/**
 * The value of one element from those of the arguments, in double precision; the caller rounds to the dtype.
 */
type ValueRule = (a: number, b: number, c: number) => number

/**
 * The value, of the type of the first argument; or the value and its dtype. `subgroup`: the function looks at
 * all lanes, and is no function of one.
 */
type Rule = ValueRule | { readonly dtype: DType; readonly value: ValueRule } | 'subgroup'

const BUILTINS: Readonly<Record<BuiltinFunction, Rule>> = {
  abs: Math.abs,
  sign: Math.sign,
  min: (a, b) => Math.min(a, b),
  max: (a, b) => Math.max(a, b),
  clamp: (a, low, high) => Math.min(Math.max(a, low), high),
  floor: Math.floor,
  ceil: Math.ceil,
  round: roundHalfEven,
  trunc: Math.trunc,
  fract: (a) => a - Math.floor(a),
  fma: (a, b, c) => a * b + c,
  select: (no, yes, condition) => (condition ? yes : no),
  countLeadingZeros: (a) => Math.clz32(a),
  dot4I8Packed: { dtype: 'i32', value: (a, b) => sumOfBytes(a, b, (word, at) => (word << (24 - at)) >> 24) },
  dot4U8Packed: { dtype: 'u32', value: (a, b) => sumOfBytes(a, b, (word, at) => (word >>> at) & 0xff) },
  exp: Math.exp,
  exp2: (a) => 2 ** a,
  log: Math.log,
  log2: Math.log2,
  sqrt: Math.sqrt,
  inverseSqrt: (a) => 1 / Math.sqrt(a),
  sin: Math.sin,
  cos: Math.cos,
  tan: Math.tan,
  asin: Math.asin,
  acos: Math.acos,
  atan: Math.atan,
  atan2: Math.atan2,
  sinh: Math.sinh,
  cosh: Math.cosh,
  tanh: Math.tanh,
  asinh: Math.asinh,
  acosh: Math.acosh,
  atanh: Math.atanh,
  subgroupAdd: 'subgroup',
  subgroupMul: 'subgroup',
  subgroupMin: 'subgroup',
  subgroupMax: 'subgroup',
  subgroupShuffleXor: 'subgroup',
}

/** `byteAt` gives the byte of a word that begins at a bit. */
function sumOfBytes(a: number, b: number, byteAt: (word: number, bit: number) => number): number {
  return sum([0, 8, 16, 24].map((bit) => byteAt(a, bit) * byteAt(b, bit)))
}

/** The dtype of a call's value. */
export function resultOf(fn: BuiltinFunction, argument: DType): DType {
  const rule = BUILTINS[fn]
  return typeof rule === 'object' ? rule.dtype : argument
}

/** What a function makes of the arguments' elements; undefined for those that look at other lanes. */
export function valueRule(fn: BuiltinFunction): ValueRule | undefined {
  const rule = BUILTINS[fn]
  if (rule === 'subgroup') return undefined
  return typeof rule === 'object' ? rule.value : rule
}

/** True for functions whose value depends on the other lanes of the subgroup. */
export function isSubgroupFunction(fn: BuiltinFunction): boolean {
  return valueRule(fn) === undefined
}
