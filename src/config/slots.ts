/** From a ConfigSpecInput to the slots of its search space: the ranges that the rows of the fields give. */
import { rangeContext, rangeOf } from './field_row.ts'
import { ACTING_ROWS } from './fields.ts'
import type { Fragment } from './fragments.ts'
import type { ConfigSpecInput } from './spec_input.ts'

/** One decision of a search: a config field, or a tunable, and its range. */
export interface Slot {
  readonly field: string
  readonly fragment: Fragment
}

/** The slots of a kernel in search order; fields with a single possible value stay, as constants. */
export function slotsOf(input: ConfigSpecInput): readonly Slot[] {
  const context = rangeContext(input)
  const fields = [...ACTING_ROWS].flatMap(([field, row]) => {
    const fragment = rangeOf(row, context)
    return fragment ? [Object.freeze({ field, fragment })] : []
  })
  const tunables = Object.entries(input.tunables ?? {}).map(([field, fragment]) =>
    Object.freeze({ field, fragment }),
  )
  return Object.freeze([...fields, ...tunables])
}
