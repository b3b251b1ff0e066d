/**
 * Element types: one row per dtype, everything that any layer asks of one. `bool` is stored as u32.
 * Types that exist in memory only (bf16, i8, u8, 4-bit) will join as rows whose `compute` is another dtype.
 */

export type DType = 'f32' | 'f16' | 'i32' | 'u32' | 'bool'
export type DTypeCategory = 'bool' | 'int' | 'float'
export type HostArray = Float32Array | Int32Array | Uint32Array | Uint16Array

export interface DTypeInfo {
  readonly category: DTypeCategory
  /** Bytes of one element in a storage buffer. */
  readonly bytes: number
  /** WGSL type of one element in registers. */
  readonly wgsl: string
  /** WGSL type of one element in a storage buffer. */
  readonly storage: string
  /** Array type on the host. */
  readonly array: new (
    length: number,
  ) => HostArray
  /** The nearest value the type can hold. */
  readonly round: (value: number) => number
  /** Numbers of Helion's `dtype_cat` feature: bool 0, int 1, float 2. */
  readonly categoryCode: number
}

const CATEGORY_CODES: Record<DTypeCategory, number> = { bool: 0, int: 1, float: 2 }

export const DTYPES: Readonly<Record<DType, DTypeInfo>> = {
  f32: row('float', 4, 'f32', 'f32', Float32Array, Math.fround),
  f16: row('float', 2, 'f16', 'f16', Uint16Array, roundToF16),
  i32: row('int', 4, 'i32', 'i32', Int32Array, (v) => saturate(v, -2147483648, 2147483647)),
  u32: row('int', 4, 'u32', 'u32', Uint32Array, (v) => saturate(v, 0, 4294967295)),
  bool: row('bool', 4, 'bool', 'u32', Uint32Array, (v) => (v === 0 ? 0 : 1)),
}

/** True for the names of DTYPES. */
export function isDType(value: unknown): value is DType {
  return typeof value === 'string' && Object.hasOwn(DTYPES, value)
}

export function isFloat(dtype: DType): boolean {
  return DTYPES[dtype].category === 'float'
}

function row(
  category: DTypeCategory,
  bytes: number,
  wgsl: string,
  storage: string,
  array: DTypeInfo['array'],
  round: DTypeInfo['round'],
): DTypeInfo {
  return { category, bytes, wgsl, storage, array, round, categoryCode: CATEGORY_CODES[category] }
}

/** Float to integer as WGSL converts: towards zero, clamped to the range, NaN to 0. */
function saturate(value: number, low: number, high: number): number {
  if (Number.isNaN(value)) return 0
  return Math.trunc(Math.min(high, Math.max(low, value))) + 0
}

const BITS = new Uint32Array(1)
const FLOAT = new Float32Array(BITS.buffer)

/** IEEE half bits of a number, rounded to nearest even. */
export function toHalfBits(value: number): number {
  FLOAT[0] = value
  const bits = BITS[0] ?? 0
  const sign = (bits >>> 16) & 0x8000
  const exponent = (bits >>> 23) & 0xff
  const mantissa = bits & 0x7fffff
  if (exponent === 0xff) return sign | 0x7c00 | (mantissa ? 0x200 : 0)
  const e = exponent - 112
  if (e >= 31) return sign | 0x7c00
  if (e <= 0) return sign | roundShift(e < -10 ? 0 : mantissa | 0x800000, 14 - e)
  return sign + roundShift((e << 23) | mantissa, 13)
}

/** The number that IEEE half bits stand for. */
export function fromHalfBits(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1
  const exponent = (bits >>> 10) & 0x1f
  const mantissa = bits & 0x3ff
  if (exponent === 31) return mantissa ? Number.NaN : sign * Number.POSITIVE_INFINITY
  return exponent ? sign * 2 ** (exponent - 15) * (1 + mantissa / 1024) : sign * 2 ** -24 * mantissa
}

function roundToF16(value: number): number {
  return fromHalfBits(toHalfBits(value))
}

function roundShift(value: number, shift: number): number {
  if (shift > 31) return 0
  const floor = value >>> shift
  const rest = value - floor * 2 ** shift
  const half = 2 ** (shift - 1)
  return floor + (rest > half || (rest === half && floor % 2 === 1) ? 1 : 0)
}
