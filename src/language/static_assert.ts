/** `hl.staticAssert`: conditions on what is known while a kernel is traced. */
import { callSite } from '../support/call_site.ts'
import { AuthorError } from '../support/errors.ts'
import { describe } from './trace/describe.ts'
import { tracing } from './trace/trace.ts'

/** A condition of the author's that does not hold; under other tunables than the default ones it may. */
export class StaticAssertError extends AuthorError {}

export function staticAssert(condition: boolean, message = 'a static assertion does not hold'): void {
  tracing('hl.staticAssert')
  if (condition === true) return
  if (condition === false) {
    throw new StaticAssertError(message, {
      location: callSite(),
      remedy: 'hl.staticAssert in the kernel demands it.',
    })
  }
  throw new AuthorError(`hl.staticAssert of ${describe(condition)}, which is neither true nor false here`, {
    location: callSite(),
    remedy:
      'It checks what is known while the kernel is traced. hl.requireEqual checks sizes at every launch; ' +
      'hl.specialize(size) makes one a number.',
  })
}
