/**
 * Host data in and out of tensors: nested arrays and typed arrays to the bytes that a storage buffer holds,
 * and back. Numbers are converted as WGSL converts them (towards zero and clamped for integers).
 */
import type { HostArray } from '../../support/dtypes.ts'
import { UsageError } from '../../support/errors.ts'
import { product } from '../../support/maths.ts'
import { shown, shownForNumber } from '../../support/signature.ts'
import { codeReader, packCodes, STORAGE, type StorageType } from '../../support/storage_types.ts'

/** A number, or arrays of them to any depth, all of the same length at the same depth. */
export type NestedArray = number | boolean | readonly NestedArray[]
export type NumericArray =
  | Float32Array
  | Float64Array
  | Int8Array
  | Int16Array
  | Int32Array
  | Uint8Array
  | Uint8ClampedArray
  | Uint16Array
  | Uint32Array
/** What `tensor()` takes. */
export type HostData = NumericArray | NestedArray

export interface HostDataOptions {
  readonly shape?: readonly number[] | undefined
  readonly dtype?: StorageType | undefined
}

export interface ParsedData {
  readonly shape: readonly number[]
  readonly dtype: StorageType
  readonly values: ArrayLike<number>
}

/** dtype of a typed array that no dtype was given for, by the name of its constructor. */
const ARRAY_DTYPES: Readonly<Record<string, StorageType>> = {
  Float32Array: 'f32',
  Float64Array: 'f32',
  Float16Array: 'f16',
  Int8Array: 'i32',
  Int16Array: 'i32',
  Int32Array: 'i32',
  Uint8Array: 'u32',
  Uint8ClampedArray: 'u32',
  Uint16Array: 'u32',
  Uint32Array: 'u32',
}

/**
 * Shape, dtype and flat values of host data. Throws UsageError for ragged arrays, odd elements and wrong
 * shapes.
 */
export function parseHostData(data: HostData, options: HostDataOptions = {}): ParsedData {
  const { values, shape: found, dtype } = isNested(data) ? flatten(data) : flat(data)
  const shape = options.shape ? checkShape(options.shape) : found
  if (product(shape) !== values.length)
    throw new UsageError(
      `Shape [${shape.join(', ')}] holds ${product(shape)} elements, the data has ${values.length}`,
    )
  return { shape, dtype: options.dtype ?? dtype, values }
}

/**
 * The bytes of a storage buffer for these values, padded to a multiple of 4. May share memory with `values`,
 * but only memory that stays where it is: a device that is given a SharedArrayBuffer ends the process.
 * Uint16Arrays for f16 and bf16 and Uint8Arrays for 8-bit floats are taken as bits. Throws UsageError for an
 * array whose buffer is gone.
 */
export function encodeValues(values: ArrayLike<number>, dtype: StorageType): Uint8Array<ArrayBuffer> {
  if (ArrayBuffer.isView(values)) checkAttached(values as NumericArray)
  const array = encode(values, dtype)
  const bytes = new Uint8Array(array.buffer, array.byteOffset, array.byteLength)
  if (bytes.length % 4 === 0 && isFixed(bytes)) return bytes
  const padded = new Uint8Array(Math.ceil(bytes.length / 4) * 4)
  padded.set(bytes)
  return padded
}

/** The first `count` values in the bytes of a storage buffer, all unless said: bool as 0 and 1. */
export function decodeBytes(
  bytes: ArrayBuffer,
  dtype: StorageType,
  count: number = (bytes.byteLength * 8) / STORAGE[dtype].bits,
): HostArray {
  if (dtype === 'f32') return new Float32Array(bytes, 0, count)
  if (dtype === 'i32') return new Int32Array(bytes, 0, count)
  if (dtype === 'u32') return new Uint32Array(bytes, 0, count)
  const { values: Values, decode, bits } = STORAGE[dtype]
  const values = new Values(count)
  const table = bits === 4 ? undefined : tableOf(dtype, count)
  if (table) {
    const codes = new (bits === 16 ? Uint16Array : Uint8Array)(bytes, 0, count)
    for (let i = 0; i < count; i++) values[i] = table[codes[i] ?? 0] ?? 0
    return values
  }
  const codeAt = codeReader(dtype, bytes)
  for (let i = 0; i < count; i++) values[i] = decode(codeAt(i))
  return values
}

/**
 * The same without decoding: codes, and what they stand for, of a dtype that is looked up; undefined for
 * others. Of millions of elements who wants some spares the others.
 */
export function codesOf(
  bytes: ArrayBuffer,
  dtype: StorageType,
): { readonly data: Uint16Array | Uint8Array; readonly table: Float32Array } | undefined {
  const { bits } = STORAGE[dtype]
  const table = bits > 16 || bits < 8 ? undefined : tableOf(dtype, (bytes.byteLength * 8) / bits)
  return table && { data: new (bits === 16 ? Uint16Array : Uint8Array)(bytes), table }
}

/** The shape itself. Throws UsageError for anything but non-negative integers whose product is exact. */
export function checkShape(shape: readonly number[]): readonly number[] {
  for (const [axis, extent] of shape.entries())
    if (!Number.isInteger(extent) || extent < 0)
      throw new UsageError(
        `[${Array.from(shape, shown).join(', ')}] is not a shape: ` +
          `axis ${axis} is ${shownForNumber(extent)}, not a whole number`,
        { remedy: 'A shape has one size for each dimension, each a number of at least 0: [4] or [4, 8].' },
      )
  if (!Number.isSafeInteger(product(shape)))
    throw new UsageError(`Shape [${shape.join(', ')}] holds more elements than can be counted`)
  return shape
}

/** Memory of this program alone, of a size that never changes. */
function isFixed(bytes: Uint8Array): bytes is Uint8Array<ArrayBuffer> {
  const { buffer } = bytes
  return buffer instanceof ArrayBuffer && (buffer as { resizable?: boolean }).resizable !== true
}

/** The methods of a typed array throw once its buffer was transferred or cut; its length is then 0. */
function checkAttached(data: NumericArray): void {
  try {
    data.keys()
  } catch {
    const kind = data.constructor.name
    throw new UsageError(
      `The buffer of this ${kind} was transferred elsewhere or made smaller: no elements are left`,
      { remedy: 'Copy the array before its buffer goes away, or use the one that it went to.' },
    )
  }
}

function encode(values: ArrayLike<number>, dtype: StorageType): ArrayBufferView {
  if (dtype === 'f32') return values instanceof Float32Array ? values : new Float32Array(values)
  if (dtype === 'i32' && values instanceof Int32Array) return values
  if (dtype === 'u32' && values instanceof Uint32Array) return values
  const { encode: encodeOne, codes } = STORAGE[dtype]
  if (ArrayBuffer.isView(values) && values.constructor.name === codes) return values
  return packCodes(dtype, values.length, (i) => encodeOne(values[i] ?? 0))
}

/** From so many elements on, filling the table costs less than it saves. */
const TABLE_PAYS_FROM = 65536
const TABLES = new Map<StorageType, Float32Array>()

/** Small floats are looked up where there are many. */
function tableOf(dtype: StorageType, count: number): Float32Array | undefined {
  const { decode, category, bits } = STORAGE[dtype]
  const known = TABLES.get(dtype)
  if (known || category !== 'float' || count < TABLE_PAYS_FROM) return known
  const table = Float32Array.from({ length: 2 ** bits }, (_, code) => decode(code))
  TABLES.set(dtype, table)
  return table
}

/** What kind of typed array a value is, subclasses such as Node's Buffer included; undefined for others. */
const TYPED_KIND = Object.getOwnPropertyDescriptor(
  Object.getPrototypeOf(Uint8Array.prototype),
  Symbol.toStringTag,
)?.get as (this: unknown) => string | undefined

/** The same memory as an array of a built-in kind: a subclass may have changed what it reads. */
function plainView(data: NumericArray, kind: string): NumericArray {
  const Plain = Reflect.get(globalThis, kind) as typeof Uint8Array
  if (data.constructor === Plain) return data
  return new Plain(data.buffer, data.byteOffset, data.byteLength / Plain.BYTES_PER_ELEMENT)
}

interface Found {
  readonly values: ArrayLike<number>
  readonly shape: readonly number[]
  readonly dtype: StorageType
}

function isNested(data: HostData): data is NestedArray {
  return typeof data === 'number' || typeof data === 'boolean' || Array.isArray(data)
}

function flat(data: NumericArray): Found {
  const kind = TYPED_KIND.call(data)
  const dtype = ARRAY_DTYPES[kind ?? '']
  if (!kind || !dtype) {
    throw new UsageError(`A tensor cannot be made from ${named(data)}`, {
      remedy:
        'Pass a number, a (nested) array of numbers or a typed array of at most 32 bits (or Float64Array).',
    })
  }
  checkAttached(data)
  const values = plainView(data, kind)
  return { values, shape: [values.length], dtype }
}

/** What somebody passed, by its kind. */
function named(value: unknown): string {
  if (value === null || value === undefined) return `${value}`
  if (ArrayBuffer.isView(value)) return `a ${value.constructor.name}`
  return typeof value === 'object' ? 'an object' : `a ${typeof value}`
}

/** A level is a dimension. */
const MOST_DEPTH = 100

function flatten(data: NestedArray): Found {
  const shape: number[] = []
  for (let level = data; Array.isArray(level); level = level[0]) {
    if (shape.length === MOST_DEPTH)
      throw new UsageError(`Nested arrays of more than ${MOST_DEPTH} levels are no tensor`, {
        remedy: 'See whether an array holds itself.',
      })
    shape.push(level.length)
  }
  const values: number[] = []
  let booleans = 0
  const visit = (item: NestedArray, depth: number, path: string): void => {
    const extent = shape[depth]
    if (Array.isArray(item) && item.length === extent) {
      for (const [i, part] of item.entries()) visit(part, depth + 1, `${path}[${i}]`)
      return
    }
    if (Array.isArray(item) || extent !== undefined) throw ragged(item, path, extent)
    if (typeof item !== 'number' && typeof item !== 'boolean')
      throw new UsageError(`data${path} is ${named(item)}, not a number`)
    if (typeof item === 'boolean') booleans++
    values.push(Number(item))
  }
  visit(data, 0, '')
  const isBool = booleans > 0 && booleans === values.length
  return { values, shape, dtype: isBool ? 'bool' : 'f32' }
}

function ragged(item: NestedArray, path: string, extent: number | undefined): UsageError {
  const is = Array.isArray(item) ? `an array of ${item.length}` : 'a number'
  const should = extent === undefined ? 'a number' : `an array of ${extent}`
  return new UsageError(
    `Nested arrays must be regular: data${path} is ${is}, its neighbours are each ${should}`,
  )
}
