/** WGSL functions that generated code may call. Each exists once per type it is called with. */
import type { HelperName, WgslTypes } from '../ir/op_rule.ts'
import { DTYPES, type DType, isFloat } from '../support/dtypes.ts'
import { finiteLiteral, type Width, wgslType } from './wgsl_types.ts'

/** Those of operations, and the ones that lowering needs beside them. */
type CodegenHelper = HelperName | 'rank_nan_high' | 'rank_nan_low'

/** Types of one width: the operand's, i32 and f32; and NaN as an element of the operand's. */
interface HelperTypes {
  readonly T: string
  readonly I: string
  readonly F: string
  nan(): string
}

/** Function bodies by name. */
const HELPERS: Readonly<Record<CodegenHelper, (name: string, types: HelperTypes) => string>> = {
  floor_div: (name, { T }) => `fn ${name}(a: ${T}, b: ${T}) -> ${T} {
  let q = a / b;
  let r = a - q * b;
  return select(q, q - ${T}(1), (b != ${T}(0)) & (r != ${T}(0)) & ((r < ${T}(0)) != (b < ${T}(0))));
}`,
  expm1: (name, { T }) => `fn ${name}(x: ${T}) -> ${T} {
  let u = exp(x);
  let near = select((u - ${T}(1)) * x / log(u), x, u == ${T}(1));
  return select(near, u - ${T}(1), abs(x) > ${T}(1));
}`,
  log1p: (name, { T }) => `fn ${name}(x: ${T}) -> ${T} {
  let u = ${T}(1) + x;
  let near = select(log(u) * x / (u - ${T}(1)), x, u == ${T}(1));
  return select(near, log(u), abs(x) > ${T}(1));
}`,
  pow: (name, { T, nan }) => `fn ${name}(x: ${T}, y: ${T}) -> ${T} {
  let magnitude = pow(abs(x), y);
  let odd = fract(y * ${T}(0.5)) != ${T}(0);
  let negative = select(select(magnitude, -magnitude, odd), ${T}(${nan()}), floor(y) != y);
  return select(select(magnitude, negative, x < ${T}(0)), ${T}(1), y == ${T}(0));
}`,
  erf: (name, { T }) => `fn ${name}(x: ${T}) -> ${T} {
  let t = ${T}(1) / (${T}(1) + ${T}(0.3275911) * abs(x));
  var p = ${T}(1.061405429) * t - ${T}(1.453152027);
  p = (p * t + ${T}(1.421413741)) * t - ${T}(0.284496736);
  p = (p * t + ${T}(0.254829592)) * t;
  return sign(x) * (${T}(1) - p * exp(-x * x));
}`,
  rank_nan_high: (name, types) => rank(name, types, '0x7fffffff'),
  rank_nan_low: (name, types) => rank(name, types, '-0x7fffffff'),
}

/** The order of floats as integers, equal for both zeros, with NaN at one end. */
function rank(name: string, { T, I, F }: HelperTypes, nan: string): string {
  return `fn ${name}(x: ${T}) -> ${I} {
  let bits = bitcast<${I}>(${F}(x));
  let size = bits & ${I}(0x7fffffff);
  return select(select(size, -size, bits < ${I}(0)), ${I}(${nan}), size > ${I}(0x7f800000));
}`
}

type Constant = 'infinity' | 'not_a_number'

/** Infinities and NaN have no literal: through a variable, because constant expressions must be finite. */
const CONSTANTS: Readonly<Record<Constant, string>> = {
  infinity: `fn infinity() -> f32 {
  var bits = 0x7f800000u;
  return bitcast<f32>(bits);
}`,
  not_a_number: `fn not_a_number() -> f32 {
  var bits = 0x7fc00000u;
  return bitcast<f32>(bits);
}`,
}

/** The functions that a dispatch calls. Whoever writes a call has it from here, and so it is declared. */
export class Helpers {
  readonly #constants = new Set<Constant>()
  readonly #functions = new Map<string, string>()

  /** A call of the helper for `width` elements of `dtype`. */
  call(helper: CodegenHelper, dtype: DType, width: Width, ...args: readonly string[]): string {
    const T = wgslType(dtype, width)
    const name = `${helper}_${T.replace('vec', 'v')}`
    if (!this.#functions.has(name)) {
      const nan = (): string => this.literal(Number.NaN, dtype)
      const types = { T, nan, I: wgslType('i32', width), F: wgslType('f32', width) }
      this.#functions.set(name, HELPERS[helper](name, types))
    }
    return `${name}(${args.join(', ')})`
  }

  /** A constant of the dtype. */
  literal(value: number, dtype: DType): string {
    const rounded = DTYPES[dtype].round(value)
    if (!isFloat(dtype) || Number.isFinite(rounded)) return finiteLiteral(rounded, dtype)
    const constant = Number.isNaN(rounded) ? 'not_a_number' : 'infinity'
    this.#constants.add(constant)
    const text = `${rounded < 0 ? '-' : ''}${constant}()`
    return dtype === 'f16' ? `f16(${text})` : text
  }

  /** What the rows of the operation table need. */
  typesFor(dtype: DType, width: Width): WgslTypes {
    return {
      T: wgslType(dtype, width),
      dtype,
      of: (other) => wgslType(other, width),
      call: (helper, ...args) => this.call(helper, dtype, width, ...args),
    }
  }

  get declarations(): readonly string[] {
    return [...[...this.#constants].map((name) => CONSTANTS[name]), ...this.#functions.values()]
  }
}
