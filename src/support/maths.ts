/** Small integer and statistics helpers used everywhere. */

/** ceil(a / b) for non-negative integers. */
export function cdiv(a: number, b: number): number {
  return Math.ceil(a / b)
}

/** Smallest power of two that is at least `n`; 1 for n <= 1. */
export function nextPowerOf2(n: number): number {
  return n <= 1 ? 1 : 2 ** Math.ceil(Math.log2(n))
}

/** Largest power of two that is at most `n`. */
export function floorPowerOf2(n: number): number {
  return 2 ** Math.floor(Math.log2(n))
}

export function isPowerOf2(n: number): boolean {
  return Number.isInteger(n) && n >= 1 && 2 ** Math.round(Math.log2(n)) === n
}

/** Exponent of a power of two. */
export function log2Exact(n: number): number {
  if (!isPowerOf2(n)) throw new Error(`${n} is not a power of two`)
  return Math.round(Math.log2(n))
}

export function clamp(value: number, low: number, high: number): number {
  return Math.min(Math.max(value, low), high)
}

export function product(values: Iterable<number>): number {
  let result = 1
  for (const value of values) result *= value
  return result
}

export function sum(values: Iterable<number>): number {
  let result = 0
  for (const value of values) result += value
  return result
}

/** Median; the mean of the middle two for an even count; NaN for none. */
export function median(values: readonly number[]): number {
  return quantile(values, 0.5)
}

/** Quantile `q` in 0..1 with linear interpolation; NaN for no values. */
export function quantile(values: readonly number[], q: number): number {
  const sorted = [...values].sort((a, b) => a - b)
  const position = (sorted.length - 1) * q
  const low = sorted[Math.floor(position)] ?? Number.NaN
  const high = sorted[Math.ceil(position)] ?? Number.NaN
  return low + (high - low) * (position - Math.floor(position))
}

/** Geometric mean; NaN for no values. */
export function geomean(values: readonly number[]): number {
  return Math.exp(sum(values.map(Math.log)) / values.length)
}

/**
 * To the nearest integer, halves to the even one. Works on the magnitude, so that what rounds to zero keeps
 * its sign.
 */
export function roundHalfEven(a: number): number {
  const size = Math.abs(a)
  const isHalf = size - Math.floor(size) === 0.5
  const rounded = isHalf ? 2 * Math.round(size / 2) : Math.round(size)
  return a < 0 || Object.is(a, -0) ? -rounded : rounded
}

/**
 * Relative standard error of the median of so many normal samples: half of them lie within 0.6745 deviations
 * of it (`spread`, as a share), and its own error is 1.2533 deviations over the root of their number.
 */
export function errorOfMedian(spread: number, count: number): number {
  return ((spread / 0.6745) * 1.2533) / Math.sqrt(count)
}
