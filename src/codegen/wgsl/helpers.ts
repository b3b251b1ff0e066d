/**
 * WGSL functions that a thread program brings along: for operations that WGSL lacks, once per type they are
 * called with, and for numbers that have no literal.
 */
import { DTYPES, type DType } from '../../support/dtypes.ts'
import type { Expr, Helper, HelperExpr } from '../thread/expr.ts'
import { typeOf, type Width } from '../thread/types.ts'
import { inlineFunction } from './inline_functions.ts'
import { typeName } from './type_names.ts'

/** Names of types of one width: the operand's, i32 and f32; and NaN as an element of the operand's. */
interface HelperTypes {
  readonly T: string
  readonly I: string
  readonly F: string
  readonly nan: string
}

/** Function bodies by name. */
const HELPERS: Readonly<Record<Helper, (name: string, types: HelperTypes) => string>> = {
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
  let negative = select(select(magnitude, -magnitude, odd), ${T}(${nan}), floor(y) != y);
  return select(select(magnitude, negative, x < ${T}(0)), ${T}(1), y == ${T}(0));
}`,
  // A series near zero, where the difference has few digits left.
  tanh_exp: (name, { T }) => `fn ${name}(x: ${T}) -> ${T} {
  let near = x - x * x * x * ${T}(0.33333333);
  let far = ${T}(1) - ${T}(2) / (${T}(1) + exp(x + x));
  return select(far, near, abs(x) < ${T}(0.04));
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

/**
 * Infinity and NaN, of which WGSL has no literal, as bits. Those of f16 are not converted from f32: that cost
 * 2 % of the time of cross_entropy on an H200, and up to 8 % of a softmax.
 */
const BITS: Readonly<Partial<Record<DType, Readonly<Record<Constant, number>>>>> = {
  f32: { infinity: 0x7f800000, not_a_number: 0x7fc00000 },
  f16: { infinity: 0x7c007c00, not_a_number: 0x7e007e00 },
}
type Constant = 'infinity' | 'not_a_number'

/** The name of the function that gives an infinity, but for its sign, or NaN. */
export function constantFunction(value: number, dtype: DType): string {
  const name: Constant = Number.isNaN(value) ? 'not_a_number' : 'infinity'
  return DTYPES[dtype].wide === dtype ? name : `${name}_${dtype}`
}

/** Through a variable, because constant expressions must be finite. */
function constantText(value: number, dtype: DType): string {
  const bits = BITS[dtype]?.[Number.isNaN(value) ? 'not_a_number' : 'infinity'] ?? 0
  const inWord = (4 / DTYPES[dtype].bytes) as Width
  const first = inWord > 1 ? '.x' : ''
  return `fn ${constantFunction(value, dtype)}() -> ${dtype} {
  var bits = 0x${bits.toString(16)}u;
  return bitcast<${typeName(typeOf(dtype, inWord))}>(bits)${first};
}`
}

/** Helpers whose text names a constant. */
const NAMES_NAN: ReadonlySet<Helper> = new Set(['pow'])

/** The name of the function that a call calls. */
export function helperFunction({ helper, args }: HelperExpr): string {
  const type = args[0]?.type ?? typeOf('f32', 1)
  return `${helper}_${typeName(type).replace('vec', 'v')}`
}

/** Collects the functions that expressions need. */
export class Helpers {
  readonly #constants = new Map<string, string>()
  readonly #functions = new Map<string, string>()

  /** To be called for every expression of the program. */
  add(expr: Expr): void {
    if (expr.kind === 'literal' && !Number.isFinite(expr.value))
      this.#addConstant(expr.value, expr.type.dtype)
    if (expr.kind === 'helper') this.#addFunction(expr)
    if (expr.kind === 'inline') {
      const { name, text } = inlineFunction(expr)
      this.#functions.set(name, text)
    }
  }

  get declarations(): readonly string[] {
    return [...this.#constants.values(), ...this.#functions.values()]
  }

  #addConstant(value: number, dtype: DType): void {
    this.#constants.set(constantFunction(value, dtype), constantText(value, dtype))
  }

  #addFunction(expr: HelperExpr): void {
    const name = helperFunction(expr)
    if (this.#functions.has(name)) return
    const { dtype, width } = expr.args[0]?.type ?? typeOf('f32', 1)
    if (NAMES_NAN.has(expr.helper)) this.#addConstant(Number.NaN, dtype)
    const types: HelperTypes = {
      T: typeName(typeOf(dtype, width)),
      I: typeName(typeOf('i32', width)),
      F: typeName(typeOf('f32', width)),
      nan: `${constantFunction(Number.NaN, dtype)}()`,
    }
    this.#functions.set(name, HELPERS[expr.helper](name, types))
  }
}
