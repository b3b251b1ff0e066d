/** Samples as records keep them. */

/** At most `most` of many samples, evenly chosen, in their order. */
export function evenly(samples: readonly number[], most: number): readonly number[] {
  const step = Math.max(1, samples.length / most)
  const count = Math.min(samples.length, most)
  return Array.from({ length: count }, (_, i) => rounded(samples[Math.floor(i * step)] ?? Number.NaN))
}

/** Five digits say all that a clock knows. */
export function rounded(value: number): number {
  return Number(value.toPrecision(5))
}
