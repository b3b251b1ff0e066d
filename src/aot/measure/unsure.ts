/**
 * Choices that a shape's times leave open: its best config, and those that may be the better ones for all
 * that samples tell. A leaf may hang on such a cell, so they are timed again before anything is built from
 * them.
 */
import { median } from '../../support/maths.ts'
import { LARGEST_TIE, standardError, WITHIN_NOISE } from '../evaluate/matrix.ts'
import { argmin, entryAt } from '../evaluate/numeric.ts'

/**
 * Positions of those between which `samples` cannot tell; none where it is sure which is the best, or where
 * what they may differ by is so little that a build takes them for equal.
 */
export function unsure(samples: readonly (readonly number[])[]): readonly number[] {
  const times = samples.map(median)
  const errors = samples.map(standardError)
  const best = argmin(times)
  const isOpen = (position: number): boolean => {
    const noise = WITHIN_NOISE * Math.hypot(entryAt(errors, position), entryAt(errors, best))
    return noise > LARGEST_TIE && Math.log(entryAt(times, position) / entryAt(times, best)) < noise
  }
  const others = [...samples.keys()].filter((position) => position !== best && isOpen(position))
  return others.length > 0 ? [best, ...others].sort((a, b) => a - b) : []
}
