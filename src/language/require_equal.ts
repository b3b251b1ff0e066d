/**
 * Two sizes compared: `hl.is` while tracing, as a constant of the specialisation; `hl.requireEqual` as a
 * promise that tracing, or else every launch, checks.
 */
import { sameSize } from '../ir/size.ts'
import { specialize } from './specialize.ts'
import { isSymbolic, toSize } from './tensors/dim.ts'
import { tracing } from './trace/trace.ts'

const WHAT = 'hl.requireEqual'

/**
 * Whether two sizes, or numbers among the arguments, are equal; other values get a specialisation of their
 * own.
 */
export function isEqual(a: number, b: number): boolean {
  tracing('hl.is')
  if (isSymbolic(a) && isSymbolic(b) && sameSize(a.size, b.size)) return true
  return specialize(a) === specialize(b)
}

/**
 * States that two sizes are equal. Two numbers are compared at once (AuthorError); otherwise every launch
 * compares them (UsageError with both sizes, their values and the line of this call).
 */
export function requireEqual(a: number, b: number): void {
  tracing(WHAT).guard('eq', toSize(a, WHAT), toSize(b, WHAT), WHAT)
}
