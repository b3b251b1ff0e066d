/**
 * Types of values in registers: one row per dtype, everything that any layer asks of one. What tensors hold
 * is another matter: see `storage_types.ts`.
 */
import { type FloatCodec, floatCodec } from './float_formats.ts'

/** Types of values while a kernel computes. */
export type DType = 'f32' | 'f16' | 'i32' | 'u32' | 'bool'
export type DTypeCategory = 'bool' | 'int' | 'float'
export type HostArray = Float32Array | Int32Array | Uint32Array

export interface DTypeInfo {
  readonly category: DTypeCategory
  /** Bytes of one element in memory. */
  readonly bytes: number
  /** A type of whole words that has all its values: what it is launched with, and summed up in. */
  readonly wide: DType
  /** What WGSL has to be asked for, to have the type. */
  readonly extension: 'f16' | undefined
  /** The nearest value the type can hold. */
  readonly round: (value: number) => number
}

/** IEEE half floats. */
export const F16: FloatCodec = floatCodec({
  exponentBits: 5,
  mantissaBits: 10,
  overflow: 'infinity',
  special: 'infinity',
})

export const DTYPES: Readonly<Record<DType, DTypeInfo>> = {
  f32: { ...row('float', 4, Math.fround), wide: 'f32' },
  f16: {
    ...row('float', 2, (v) => F16.decode(F16.encode(v))),
    wide: 'f32',
    extension: 'f16',
  },
  i32: { ...row('int', 4, (v) => saturate(v, -2147483648, 2147483647)), wide: 'i32' },
  u32: { ...row('int', 4, (v) => saturate(v, 0, 4294967295)), wide: 'u32' },
  bool: { ...row('bool', 4, (v) => (v === 0 ? 0 : 1)), wide: 'bool' },
}

export const DTYPE_NAMES: readonly DType[] = Object.keys(DTYPES) as DType[]

/** True for the names of DTYPES. */
export function isDType(value: unknown): value is DType {
  return typeof value === 'string' && Object.hasOwn(DTYPES, value)
}

export function isFloat(dtype: DType): boolean {
  return DTYPES[dtype].category === 'float'
}

function row(category: DTypeCategory, bytes: number, round: DTypeInfo['round']): Omit<DTypeInfo, 'wide'> {
  return { category, bytes, round, extension: undefined }
}

/** Float to integer as WGSL converts: towards zero, clamped to the range, NaN to 0. */
function saturate(value: number, low: number, high: number): number {
  if (Number.isNaN(value)) return 0
  return Math.trunc(Math.min(high, Math.max(low, value))) + 0
}
