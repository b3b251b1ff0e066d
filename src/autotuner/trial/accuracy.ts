/**
 * Compares what a config left in memory with what it should have. Integers and booleans must be equal; floats
 * may differ by rounding, since configs add in different orders. NaN equals NaN, and infinity infinity.
 */
import { decodeBytes } from '../../runtime/memory/host_data.ts'
import { STORAGE, type StorageType } from '../../support/storage_types.ts'

/** What a tensor should hold after a call. */
export interface Expected {
  readonly tensor: number
  readonly name: string
  readonly dtype: StorageType
  readonly shape: readonly number[]
  /** Of the elements at `positions`, in that order. */
  readonly values: ArrayLike<number>
  /** Places in row-major order that are compared, ascending; undefined when all are. */
  readonly positions: Uint32Array<ArrayBuffer> | undefined
  /**
   * The least exact type among those of the values that the kernel computes with. By its share of a value,
   * and of the root mean square of all values, floats may be off.
   */
  readonly precision: StorageType
}

/**
 * Accepted |actual - expected| is atol + rtol·|expected|; null derives the number from precision and scale.
 */
export interface Tolerance {
  readonly atol: number | null
  readonly rtol: number | null
}

/**
 * One sentence about the worst difference that is not accepted; undefined when there is none. `bytes` are
 * those of the elements compared.
 */
export function findMismatch(
  expected: Expected,
  bytes: ArrayBuffer,
  tolerance: Tolerance,
): string | undefined {
  const { name, dtype, values, positions, precision } = expected
  const actual = decodeBytes(bytes, dtype)
  const count = values.length
  const exact = STORAGE[dtype].category !== 'float'
  const rtol = exact ? 0 : (tolerance.rtol ?? STORAGE[precision].tolerance)
  const atol = exact ? 0 : (tolerance.atol ?? STORAGE[precision].tolerance * rootMeanSquare(values))
  let wrong = 0
  let worst = { excess: 0, i: 0 }
  for (let i = 0; i < count; i++) {
    const excess = excessOf(actual[i] ?? Number.NaN, values[i] ?? 0, atol, rtol)
    if (excess <= 0) continue
    wrong++
    if (excess > worst.excess) worst = { excess, i }
  }
  if (wrong === 0) return undefined
  const { i } = worst
  const place = `${name}[${unravel(positions?.[i] ?? i, expected.shape).join(', ')}]`
  const is = `${place} is ${actual[i]}, expected ${values[i]}`
  return `${is}; ${wrong} of ${count} elements compared differ`
}

/** By how much a difference exceeds what is accepted; Infinity where only one of the two is finite. */
function excessOf(actual: number, expected: number, atol: number, rtol: number): number {
  if (Object.is(actual, expected) || actual === expected) return 0
  const difference = Math.abs(actual - expected)
  if (!Number.isFinite(difference)) return Number.POSITIVE_INFINITY
  return difference - (atol + rtol * Math.abs(expected))
}

const ROOTS = new WeakMap<ArrayLike<number>, number>()

/** Of values that do not change. */
function rootMeanSquare(values: ArrayLike<number>): number {
  const known = ROOTS.get(values)
  if (known !== undefined) return known
  let squares = 0
  let finite = 0
  for (let i = 0; i < values.length; i++) {
    const value = values[i] ?? 0
    if (!Number.isFinite(value)) continue
    squares += value * value
    finite++
  }
  const root = finite > 0 ? Math.sqrt(squares / finite) : 0
  ROOTS.set(values, root)
  return root
}

function unravel(position: number, shape: readonly number[]): number[] {
  const indices: number[] = []
  for (const extent of shape.toReversed()) {
    indices.unshift(position % extent)
    position = Math.floor(position / extent)
  }
  return indices
}
