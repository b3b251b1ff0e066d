/** `hl.requireEqual`: a promise about two sizes that tracing, or else every launch, checks. */
import { toSize } from './dim.ts'
import { tracing } from './trace.ts'

const WHAT = 'hl.requireEqual'

/**
 * States that two sizes are equal. Two numbers are compared at once (AuthorError); otherwise every launch
 * compares them (UsageError with both sizes, their values and the line of this call).
 */
export function requireEqual(a: number, b: number): void {
  tracing(WHAT).guard('eq', toSize(a, WHAT), toSize(b, WHAT), WHAT)
}
