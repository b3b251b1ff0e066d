/**
 * Arguments for kernels under test, with contents that any mistake changes. Numbers are small and whole
 * unless a test asks for others, so that sums and products are exact in whatever order they are formed.
 */
import type { DType } from '../../src/support/dtypes.ts'
import { product } from '../../src/support/maths.ts'
import { Random } from '../../src/support/random.ts'
import { computeType, STORAGE, type StorageType } from '../../src/support/storage_types.ts'

/** A tensor argument: its elements in row-major order, as numbers (bool as 0 and 1). */
export interface TensorInput {
  readonly shape: readonly number[]
  readonly dtype: StorageType
  readonly data: readonly number[]
}

export type Input =
  | TensorInput
  | number
  | boolean
  | string
  | ((...args: never[]) => unknown)
  | readonly Input[]
  | { readonly [key: string]: Input }

const WHOLE: Readonly<Record<DType, readonly [low: number, high: number]>> = {
  f32: [-4, 4],
  f16: [-4, 4],
  i32: [-9, 9],
  u32: [0, 9],
  bool: [0, 1],
}

/** Whole numbers from a range of the dtype's, or from `low` to `high`. */
export function whole(
  shape: readonly number[],
  dtype: StorageType = 'f32',
  [low, high]: readonly [number, number] = WHOLE[computeType(dtype)],
): TensorInput {
  const random = seeded(shape, dtype)
  return values(shape, dtype, () => random.int(low, high))
}

/** Numbers from `low` to `high`, fractions too. */
export function spread(
  shape: readonly number[],
  low = -2,
  high = 2,
  dtype: StorageType = 'f32',
): TensorInput {
  const random = seeded(shape, dtype)
  return values(shape, dtype, () => low + (high - low) * random.next())
}

/** A function of the position, or a list, rounded to the dtype. */
export function values(
  shape: readonly number[],
  dtype: StorageType,
  source: readonly number[] | ((position: number) => number),
): TensorInput {
  const count = product(shape)
  const list = typeof source === 'function' ? Array.from({ length: count }, (_, i) => source(i)) : source
  if (list.length !== count) throw new Error(`${list.length} values for shape [${shape}]`)
  return { shape, dtype, data: list.map(STORAGE[dtype].round) }
}

export function isTensorInput(input: Input): input is TensorInput {
  return typeof input === 'object' && 'dtype' in input && 'data' in input
}

/** Tensors of one shape and different place in the arguments differ: the generators of one file go on. */
let made = 0

/** Numbers of a file do not depend on which files its process ran before. */
export function restartInputs(): void {
  made = 0
}

function seeded(shape: readonly number[], dtype: StorageType): Random {
  return new Random(product(shape) * 31 + dtype.length * 7 + made++)
}
