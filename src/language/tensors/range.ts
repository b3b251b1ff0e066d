/** `hl.range`: part of a dimension as a position of `tensor.at(…)`, with an axis of its own. */
import type { Size } from '../../ir/size.ts'
import { areEntryPoints, callSite } from '../../support/call_site.ts'
import { AuthorError } from '../../support/errors.ts'
import type { TileValue } from '../values/value.ts'

/** Positions `begin..end-1`: one axis, wherever the range is used. */
export class Range {
  /** The positions as values: i32 with one axis. */
  readonly index: TileValue
  /** The position after the last one; undefined where the device computes it. */
  readonly last: Size | undefined

  constructor(index: TileValue, last: Size | undefined) {
    this.index = index
    this.last = last
  }

  [Symbol.toPrimitive](): never {
    throw new AuthorError('a range cannot be used as a plain number, string or condition', {
      location: callSite(),
      remedy: 'It is a position of tensor.at(…); its positions as values are range.index.',
    })
  }
}

areEntryPoints(Range.prototype, [Symbol.toPrimitive])
