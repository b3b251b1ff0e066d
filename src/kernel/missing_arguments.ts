/** A kernel called without all of its arguments fails where it uses them: its errors tell of the call. */
import { callSite } from '../support/call_site.ts'
import { formatLocation, HelionError, withRemedy } from '../support/errors.ts'
import type { KernelDefinition } from './definition.ts'

/** What `work` gives; an error of it names the parameters that this call left out, and where the call is. */
export function tellingOfMissing<T>(
  { name, parameters }: KernelDefinition,
  values: readonly unknown[],
  work: () => T,
): T {
  try {
    return work()
  } catch (error) {
    const missing = parameters.filter((_, index) => values[index] === undefined || values[index] === null)
    if (!(error instanceof HelionError) || missing.length === 0) throw error
    const place = callSite()
    const where = place ? `, at ${formatLocation(place)}` : ''
    const call = `${name} was called without ${missing.join(', ')}${where}.`
    throw withRemedy(error, error.remedy === undefined ? call : `${call} ${error.remedy}`)
  }
}
