/**
 * Reading and changing elements whose index is known to be inside, and reductions. `at` takes one kind of
 * array only, and `entryAt` all others: engines keep the first fast because it never meets anything else.
 */

/** Differences below this are rounding, in sums of logs of times. */
export const ROUNDING = 1e-9

export type Numbers = Float64Array | readonly number[]

/** The element at an index that is known to exist. */
export function at(values: Float64Array, index: number): number {
  return values[index] as number
}

/** The entry of a list at an index that is known to exist. */
export function entryAt<T>(values: readonly T[], index: number): T {
  return values[index] as T
}

/** The entries at indices that are known to exist. */
export function entriesAt<T>(values: readonly T[], indices: readonly number[]): T[] {
  return indices.map((index) => entryAt(values, index))
}

export function addTo(values: Float64Array, index: number, amount: number): void {
  values[index] = (values[index] as number) + amount
}

/** Position of the smallest value, the first of equals; -1 for none. NaN never wins. */
export function argmin(values: Numbers): number {
  let best = -1
  let least = Number.POSITIVE_INFINITY
  for (let index = 0; index < values.length; index++) {
    const value = values[index] as number
    if (value < least || (best < 0 && value === least)) {
      least = value
      best = index
    }
  }
  return best
}

export function minOf(values: Numbers): number {
  let least = Number.POSITIVE_INFINITY
  for (let index = 0; index < values.length; index++) least = Math.min(least, values[index] as number)
  return least
}

export function maxOf(values: Numbers): number {
  let most = Number.NEGATIVE_INFINITY
  for (let index = 0; index < values.length; index++) most = Math.max(most, values[index] as number)
  return most
}

export function meanOf(values: Numbers): number {
  let total = 0
  for (let index = 0; index < values.length; index++) total += values[index] as number
  return total / values.length
}

/** Mean of each of the first `columns` entries over rows. */
export function columnMeans(rows: readonly Float64Array[], columns: number): Float64Array {
  const mean = new Float64Array(columns)
  for (const row of rows) for (let c = 0; c < columns; c++) addTo(mean, c, at(row, c) / rows.length)
  return mean
}

/** The numbers 0 … count - 1. */
export function range(count: number): number[] {
  return Array.from({ length: count }, (_, index) => index)
}
