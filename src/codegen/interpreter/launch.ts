/** What a dispatch is launched with, as data on the host. */
import { DTYPES, type DType } from '../../support/dtypes.ts'
import { cdiv } from '../../support/maths.ts'
import {
  codeReader,
  isPacked,
  packCodes,
  perWord,
  STORAGE,
  type StorageType,
} from '../../support/storage_types.ts'

/** Buffers are as long as a multiple of this. */
const PADDING_BYTES = 16

/** What stands behind the elements: nothing that a kernel may let through. */
const POISON: Readonly<Record<DType, number>> = {
  f32: Number.NaN,
  f16: Number.NaN,
  i32: 0x7fe0beef,
  u32: 0x7fe0beef,
  bool: 1,
}

export interface Launch {
  /** Words of the launch block. */
  readonly words: Uint32Array
  /** How many, along x, y and z. */
  readonly workgroups: readonly [number, number, number]
  /** Elements of all tensors by id: f16 as numbers, bool as 0 and 1. Changed in place. */
  readonly tensors: readonly Float64Array[]
}

/** The elements with the padding that is behind them in their buffer. */
export function padded(data: Float64Array, dtype: DType): Float64Array {
  const perBlock = PADDING_BYTES / DTYPES[dtype].bytes
  const whole = new Float64Array(Math.max(1, cdiv(data.length, perBlock)) * perBlock)
  whole.set(data)
  return whole.fill(POISON[dtype], data.length)
}

/** Elements as a program sees them: packed ones as words. */
export function inMemory(data: Float64Array, stored: StorageType): Float64Array {
  if (!isPacked(stored)) return data
  const { encode } = STORAGE[stored]
  const codes = packCodes(stored, data.length, (i) => encode(data[i] ?? 0))
  const bytes = new Uint8Array(4 * cdiv(data.length, perWord(stored)))
  bytes.set(new Uint8Array(codes.buffer))
  return Float64Array.from(new Uint32Array(bytes.buffer))
}

/** The first `count` elements. */
export function fromMemory(whole: Float64Array, stored: StorageType, count: number): Float64Array {
  if (!isPacked(stored)) return whole.subarray(0, count)
  const codeAt = codeReader(stored, Uint32Array.from(whole).buffer)
  return Float64Array.from({ length: count }, (_, i) => STORAGE[stored].decode(codeAt(i)))
}
