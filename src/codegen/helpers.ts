/**
 * WGSL functions that generated code may call. Each exists once per type it is used with; only those that
 * appear in the text are emitted, after those that they call themselves.
 */
import { call } from '../ir/ops_arithmetic.ts'
import { type DType, isFloat } from '../support/dtypes.ts'
import { literal, type Width, wgslType } from './wgsl_types.ts'

/** Types of one width: the operand's, truth values, i32 and f32; and NaN as an element of the operand's. */
interface HelperTypes {
  readonly T: string
  readonly nan: string
  readonly B: string
  readonly I: string
  readonly F: string
}

/** Function bodies by name. */
const HELPERS: Readonly<Record<string, (name: string, types: HelperTypes) => string>> = {
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

/** Infinities and NaN: through a variable, because constant expressions must be finite. */
const CONSTANTS: Readonly<Record<string, string>> = {
  infinity: `fn infinity() -> f32 {
  var bits = 0x7f800000u;
  return bitcast<f32>(bits);
}`,
  not_a_number: `fn not_a_number() -> f32 {
  var bits = 0x7fc00000u;
  return bitcast<f32>(bits);
}`,
}

const DTYPES: readonly DType[] = ['f32', 'f16', 'i32', 'u32']
const WIDTHS: readonly Width[] = [1, 2, 4]

/** The functions that `text` calls, ready to be put before it. */
export function helperFunctions(text: string): string[] {
  const found: string[] = []
  for (const [helper, body] of Object.entries(HELPERS)) {
    for (const dtype of DTYPES) {
      for (const width of WIDTHS) {
        const types = {
          T: wgslType(dtype, width),
          nan: isFloat(dtype) ? literal(Number.NaN, dtype) : '',
          B: wgslType('bool', width),
          I: wgslType('i32', width),
          F: wgslType('f32', width),
        }
        const name = call(helper, types.T)
        if (text.includes(`${name}(`)) found.push(body(name, types))
      }
    }
  }
  const all = [text, ...found].join('\n')
  const constants = Object.entries(CONSTANTS).filter(([name]) => all.includes(`${name}()`))
  return [...constants.map(([, body]) => body), ...found]
}
