/** `value.at(…)`: axes of a tile value as terms say, as `tensor.at` has those of a tensor. */
import { callSite } from '../../support/call_site.ts'
import { AuthorError } from '../../support/errors.ts'
import { describe } from '../trace/describe.ts'
import { takeAt } from './rearrange.ts'
import type { TileValue, ValueTerm } from './value.ts'
import { unsqueeze } from './views.ts'

/** The value with each axis kept, or taken at one position, and with new axes of one. */
export function valueAt(value: TileValue, ...terms: readonly ValueTerm[]): TileValue {
  const given = terms.filter((term) => term !== null).length
  if (given > 0 && value.ndim === 0) {
    throw new AuthorError('at(…) of a number: only tensors and tile values have elements', {
      location: callSite(),
      remedy:
        'Call the kernel with a tensor there, which tensor([…]) makes of numbers; where both may come, ' +
        'hl.isTensor(x) tells them apart.',
    })
  }
  if (given !== value.ndim) {
    throw new AuthorError(`at(…) with ${given} terms of a tile value with ${value.ndim} axes`, {
      location: callSite(),
      remedy: "Give one term per axis; ':' keeps it, null is a new axis of one.",
    })
  }
  let at = 0
  return terms.reduce<TileValue>((found, term) => {
    if (term === ':') {
      at++
      return found
    }
    if (term === null) return unsqueeze(found, at++)
    if (typeof term === 'number') return takeAt(found, at, term)
    throw new AuthorError(`at(…) of a tile value got ${describe(term)} as a term`, {
      location: callSite(),
      remedy: "A term is ':', null or a number; computed positions are those of a tensor: tensor.at(…).",
    })
  }, value)
}
