/**
 * Types of the elements of tensors: one row each, everything that any layer asks of one. What a load gives
 * has the `compute` type of the row, and a store takes it; types that registers do not have are packed into
 * 32-bit words, the first element in the lowest bits.
 */
import { DTYPES, type DType, type DTypeCategory, F16, type HostArray } from './dtypes.ts'
import { type FloatCodec, type FloatFormat, floatCodec, layoutOf } from './float_formats.ts'

/** Types that only memory has: they are packed into 32-bit words. */
export type PackedType = 'bf16' | 'f8e4m3' | 'f8e5m2' | 'f4e2m1' | 'i16' | 'u16' | 'i8' | 'u8' | 'i4' | 'u4'
/** Types of the elements of tensors in memory. */
export type StorageType = DType | PackedType

/** How a thread reads the bits of a packed element. */
export type PackedFormat =
  | ({ readonly kind: 'float' } & FloatFormat)
  | { readonly kind: 'int'; readonly signed: boolean }

type CodeArray = Uint32Array<ArrayBuffer> | Uint16Array<ArrayBuffer> | Uint8Array<ArrayBuffer>

export interface StorageInfo {
  readonly bits: 32 | 16 | 8 | 4
  readonly category: DTypeCategory
  /** The type of its values in registers. */
  readonly compute: DType
  /** Undefined where memory holds the compute type itself, a whole word for a bool. */
  readonly packed: PackedFormat | undefined
  /** What takes the values on the host. */
  readonly values: new (
    length: number,
  ) => HostArray
  /** The nearest value that it can hold; towards zero for integers. */
  readonly round: (value: number) => number
  /** What a store leaves of a value of the compute type: integers wrap, floats are rounded. */
  readonly stored: (value: number) => number
  /** Bits of a value that it can hold, or that is rounded to one. */
  readonly encode: (value: number) => number
  readonly decode: (code: number) => number
  /** Binary digits that its numbers below one have, at least those from a half on. */
  readonly digits: number
  /**
   * Share of a value by which results may differ that are rounded to the type, in whatever order they came
   * about.
   */
  readonly tolerance: number
  /** Typed arrays of this kind hold bits, not numbers. */
  readonly codes: 'Uint16Array' | 'Uint8Array' | undefined
}

const F32_TOLERANCE = 2e-3

const FLOATS = new Float32Array(1)
const WORDS = new Uint32Array(FLOATS.buffer)

const F32_CODEC: FloatCodec = {
  encode(value) {
    FLOATS[0] = value
    return WORDS[0] ?? 0
  },
  decode(code) {
    WORDS[0] = code
    return FLOATS[0] ?? 0
  },
}

export const STORAGE: Readonly<Record<StorageType, StorageInfo>> = {
  f32: { ...native('f32', Float32Array), ...F32_CODEC, digits: 24, tolerance: F32_TOLERANCE },
  f16: { ...native('f16', Float32Array), ...F16, digits: 11, tolerance: 1e-2, codes: 'Uint16Array' },
  bf16: small(16, { exponentBits: 8, mantissaBits: 7, overflow: 'infinity', special: 'infinity' }),
  f8e4m3: small(8, { exponentBits: 4, mantissaBits: 3, overflow: 'saturate', special: 'nan' }),
  f8e5m2: small(8, { exponentBits: 5, mantissaBits: 2, overflow: 'saturate', special: 'infinity' }),
  f4e2m1: small(4, { exponentBits: 2, mantissaBits: 1, overflow: 'saturate', special: 'none' }),
  i32: { ...native('i32', Int32Array), decode: (code) => code | 0 },
  i16: integer(16, true),
  i8: integer(8, true),
  i4: integer(4, true),
  u32: native('u32', Uint32Array),
  u16: integer(16, false),
  u8: integer(8, false),
  u4: integer(4, false),
  bool: native('bool', Uint32Array),
}

/** Their names, for messages. */
export const STORAGE_TYPES: string = Object.keys(STORAGE).join(', ')

/** True for the names of STORAGE. */
export function isStorageType(value: unknown): value is StorageType {
  return typeof value === 'string' && Object.hasOwn(STORAGE, value)
}

/** True for types that registers do not have. */
export function isPacked(dtype: StorageType): dtype is PackedType {
  return STORAGE[dtype].packed !== undefined
}

/** The type of values that a load of such elements gives. */
export function computeType(dtype: StorageType): DType {
  return STORAGE[dtype].compute
}

/** The one whose results may differ more. */
export function lessExact(a: StorageType, b: StorageType): StorageType {
  return STORAGE[a].tolerance >= STORAGE[b].tolerance ? a : b
}

/** What WGSL has to be asked for, to have such values. */
export function extensionOf(dtype: StorageType): 'f16' | undefined {
  return DTYPES[computeType(dtype)].extension
}

/** Bytes of so many elements, without padding. */
export function bytesOf(dtype: StorageType, count: number): number {
  return Math.ceil((count * STORAGE[dtype].bits) / 8)
}

/** Elements in a 32-bit word. */
export function perWord(dtype: StorageType): number {
  return 32 / STORAGE[dtype].bits
}

/** A word full of elements of this value. */
export function wordOf(dtype: StorageType, value: number): number {
  const { encode, bits } = STORAGE[dtype]
  let word = encode(value)
  for (let have = bits as number; have < 32; have *= 2) word |= word << have
  return word >>> 0
}

/** Bits of the elements, packed. */
export function packCodes(dtype: StorageType, count: number, codeAt: (i: number) => number): CodeArray {
  const { bits } = STORAGE[dtype]
  if (bits === 4) {
    const bytes = new Uint8Array(bytesOf(dtype, count))
    for (let i = 0; i < count; i++) bytes[i >> 1] = (bytes[i >> 1] ?? 0) | (codeAt(i) << (4 * (i & 1)))
    return bytes
  }
  const codes = new (bits === 32 ? Uint32Array : bits === 16 ? Uint16Array : Uint8Array)(count)
  for (let i = 0; i < count; i++) codes[i] = codeAt(i)
  return codes
}

/** Bits of the element number `i`. */
export function codeReader(dtype: StorageType, bytes: ArrayBuffer): (i: number) => number {
  const { bits } = STORAGE[dtype]
  if (bits === 4) {
    const pairs = new Uint8Array(bytes)
    return (i) => ((pairs[i >> 1] ?? 0) >> (4 * (i & 1))) & 15
  }
  const codes = new (bits === 32 ? Uint32Array : bits === 16 ? Uint16Array : Uint8Array)(bytes)
  return (i) => codes[i] ?? 0
}

function native(compute: DType, values: StorageInfo['values']): StorageInfo {
  const { category, bytes, round } = DTYPES[compute]
  return {
    bits: bytes === 4 ? 32 : 16,
    category,
    compute,
    packed: undefined,
    values,
    round,
    stored: (value) => value,
    encode: (value) => round(value) >>> 0,
    decode: (code) => round(code),
    digits: 8 * bytes,
    tolerance: 0,
    codes: undefined,
  }
}

function small(bits: 16 | 8 | 4, format: FloatFormat): StorageInfo {
  const { encode, decode } = floatCodec(format)
  const round = (value: number): number => decode(encode(value))
  return {
    bits,
    category: 'float',
    compute: 'f32',
    packed: { kind: 'float', ...format },
    values: Float32Array,
    round,
    stored: round,
    encode,
    decode,
    // The least number may be more than the last digit.
    digits: Math.min(format.mantissaBits + 1, layoutOf(format).bias - 1 + format.mantissaBits),
    // They may be neighbours.
    tolerance: 2 ** -format.mantissaBits + F32_TOLERANCE,
    codes: bits === 16 ? 'Uint16Array' : bits === 8 ? 'Uint8Array' : undefined,
  }
}

function integer(bits: 16 | 8 | 4, signed: boolean): StorageInfo {
  const [low, high] = signed ? [-(2 ** (bits - 1)), 2 ** (bits - 1) - 1] : [0, 2 ** bits - 1]
  const top = 32 - bits
  const decode = signed
    ? (code: number): number => (code << top) >> top
    : (code: number): number => (code << top) >>> top
  const round = (value: number): number =>
    Number.isNaN(value) ? 0 : Math.trunc(Math.min(high, Math.max(low, value))) + 0
  return {
    bits,
    category: 'int',
    compute: signed ? 'i32' : 'u32',
    packed: { kind: 'int', signed },
    values: signed ? Int32Array : Uint32Array,
    round,
    stored: decode,
    encode: (value) => round(value) & (2 ** bits - 1),
    decode,
    digits: bits,
    tolerance: 0,
    codes: undefined,
  }
}
