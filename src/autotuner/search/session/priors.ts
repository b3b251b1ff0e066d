/**
 * What tends to be good on GPUs, as weights: half of a random population is drawn with them, so that a few
 * dozen draws hold some decent configs even in a large space. Fields without a row are drawn uniformly.
 */
import { isTuple } from '../../../config/composite_fragments.ts'
import type { ActingField } from '../../../config/fields.ts'
import type { Fragment } from '../../../config/fragments.ts'
import type { ConfigValue } from '../../../config/value.ts'
import { sum } from '../../../support/maths.ts'
import type { Random } from '../../../support/random.ts'

type Weighted = readonly (readonly [value: ConfigValue, weight: number])[]

const PRIORS: Partial<Record<ActingField, Weighted>> = {
  num_warps: [
    [1, 1],
    [2, 2],
    [4, 4],
    [8, 4],
    [16, 1],
  ],
  num_threads: [
    [0, 4],
    [32, 1],
    [64, 1],
    [128, 1],
    [256, 1],
  ],
  flatten_loops: [
    [false, 4],
    [true, 1],
  ],
  l2_groupings: [
    [1, 4],
    [4, 1],
    [8, 2],
    [16, 1],
  ],
  range_unroll_factors: [
    [0, 4],
    [2, 1],
    [4, 1],
  ],
  static_ranges: [
    [false, 4],
    [true, 1],
  ],
  indexing: [
    ['block_ptr', 4],
    ['pointer', 1],
    ['tensor_descriptor', 1],
  ],
  pid_type: [
    ['flat', 4],
    ['xyz', 1],
    ['persistent_blocked', 1],
    ['persistent_interleaved', 1],
  ],
}

/** A value of `fragment` drawn with the weights of `field`; each entry of a list is drawn by itself. */
export function drawBiased(field: string, fragment: Fragment, random: Random): ConfigValue {
  if (isTuple(fragment)) return fragment.items.map((item) => drawBiased(field, item, random))
  const weighted = ((PRIORS as Readonly<Record<string, Weighted | undefined>>)[field] ?? []).filter(
    ([value]) => fragment.contains(value),
  )
  let ticket = random.next() * sum(weighted.map(([, weight]) => weight))
  for (const [value, weight] of weighted) {
    ticket -= weight
    if (ticket < 0) return value
  }
  return fragment.random(random)
}
