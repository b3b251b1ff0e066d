/** What a dispatch is launched with, as data on the host. */
import { DTYPES, type DType } from '../../support/dtypes.ts'
import { cdiv } from '../../support/maths.ts'
import { codeReader, packCodes, STORAGE, type StorageType } from '../../support/storage_types.ts'

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
  /** The last workgroup runs first. */
  readonly backwards?: boolean
}

/** The elements with the padding that is behind them in their buffer. */
export function padded(data: Float64Array, dtype: DType): Float64Array {
  const perBlock = PADDING_BYTES / DTYPES[dtype].bytes
  const whole = new Float64Array(Math.max(1, cdiv(data.length, perBlock)) * perBlock)
  whole.set(data)
  return whole.fill(POISON[dtype], data.length)
}

/** Elements as the buffer of a program has them, which may show their bits as another type. */
export function asElements(
  data: Float64Array,
  from: StorageType,
  to: StorageType,
  count?: number,
): Float64Array {
  if (from === to) return data.subarray(0, count)
  const { encode } = STORAGE[from]
  const codes = packCodes(from, data.length, (i) => encode(data[i] ?? 0))
  const bytes = new Uint8Array(4 * cdiv(codes.byteLength, 4))
  bytes.set(new Uint8Array(codes.buffer))
  const codeAt = codeReader(to, bytes.buffer)
  const { decode, bits } = STORAGE[to]
  return Float64Array.from({ length: count ?? Math.floor((8 * bytes.length) / bits) }, (_, i) =>
    decode(codeAt(i)),
  )
}
