/**
 * From a ConfigSpecInput to the slots of its search space: one rule per acting field says which fragment the
 * field has for this kernel, or that the kernel leaves it nothing to decide.
 */
import { clamp, floorPowerOf2, nextPowerOf2 } from '../support/maths.ts'
import { permutation, tupleOf } from './composite_fragments.ts'
import { ACTING_FIELDS, type ActingField } from './fields.ts'
import { boolean, choice, type Fragment, fixed, integer, optional, powerOf2 } from './fragments.ts'
import type { ConfigSpecInput, LoopInput, RowInput } from './spec_input.ts'
import {
  type DefaultTiles,
  defaultDotSchedule,
  defaultNumWarps,
  defaultReductionLoop,
  defaultTiles,
  leastBlockSizes,
} from './tile_sizes.ts'

/** One decision of a search: a config field, or a tunable, and its range. */
export interface Slot {
  readonly field: string
  readonly fragment: Fragment
}

const MIN_CHUNK = 8
const MAX_GROUPING = 64
const MAX_UNROLL = 4
const MAX_MULTIPLIER = 32

/** `undefined`: this kernel has no such thing. */
const SLOT_RULES: Record<
  ActingField,
  (input: ConfigSpecInput, defaults: DefaultTiles) => Fragment | undefined
> = {
  block_sizes: (input, { sizes }) => {
    const least = leastBlockSizes(input, sizes)
    return perItem(input.blocks, ({ min, max }, index) =>
      powerOf2(min, Math.max(min, max), sizes[index], least[index]),
    )
  },
  num_threads: (input) =>
    perItem(input.rows, ({ size }) =>
      optional(0, powerOf2(1, Math.min(nextPowerOf2(size), floorPowerOf2(input.maxInvocations)))),
    ),
  loop_orders: (input) =>
    perItem(severalBlocks(input.loops), (loop) =>
      loop.canReorder ? permutation(loop.blocks.length) : fixed(loop.blocks.map((_, index) => index)),
    ),
  flatten_loops: (input) =>
    perItem(severalBlocks(input.loops), (loop) => (loop.canFlatten ? boolean() : fixed(false))),
  l2_groupings: (input) =>
    perItem(
      severalBlocks(input.loops).filter((loop) => loop.kind === 'grid'),
      () => powerOf2(1, MAX_GROUPING),
    ),
  reduction_loops: (input) => perItem(input.rows, reductionLoop),
  range_unroll_factors: (input) => perItem(deviceLoops(input), () => integer(0, MAX_UNROLL)),
  static_ranges: (input) =>
    perItem(deviceLoops(input), (loop) => (loop.canUnrollFully ? boolean() : fixed(false))),
  num_warps: (input, defaults) => {
    const most = clamp(floorPowerOf2(input.maxInvocations) / 32, 1, 32)
    return powerOf2(1, most, defaultNumWarps(input, defaults, most))
  },
  num_stages: ({ dots }, defaults) =>
    dots.length > 0 ? integer(1, 2, defaultDotSchedule(defaults).stages) : undefined,
  indexing: ({ memoryOps }) => perItem(memoryOps, (modes) => choice(modes)),
  dot_rows: ({ dots }) => perItem(dots, ({ maxRows }) => optional(0, powerOf2(1, maxRows))),
  slice_k: ({ dots }, defaults) =>
    perItem(dots, ({ maxSlices }) => powerOf2(1, maxSlices, defaultDotSchedule(defaults).slices)),
  pid_type: ({ pidTypes }) => choice(pidTypes),
  num_sm_multiplier: ({ pidTypes }) =>
    pidTypes.some(isPersistent) ? powerOf2(1, MAX_MULTIPLIER) : undefined,
}

/** The slots of a kernel in search order; fields with a single possible value stay, as constants. */
export function slotsOf(input: ConfigSpecInput): readonly Slot[] {
  const defaults = defaultTiles(input)
  const fields = ACTING_FIELDS.flatMap((field) => {
    const fragment = SLOT_RULES[field](input, defaults)
    return fragment ? [Object.freeze({ field, fragment })] : []
  })
  const tunables = Object.entries(input.tunables ?? {}).map(([field, fragment]) =>
    Object.freeze({ field, fragment }),
  )
  return Object.freeze([...fields, ...tunables])
}

export function isPersistent(pidType: string): boolean {
  return pidType.startsWith('persistent')
}

/** Loops over several blocks, in the order of `loop_orders`. */
export function severalBlocks(loops: readonly LoopInput[]): readonly LoopInput[] {
  return loops.filter((loop) => loop.blocks.length > 1)
}

function deviceLoops(input: ConfigSpecInput): readonly LoopInput[] {
  return input.loops.filter((loop) => loop.kind === 'device')
}

function perItem<T>(items: readonly T[], rule: (item: T, index: number) => Fragment): Fragment | undefined {
  return items.length > 0 ? tupleOf(items.map(rule)) : undefined
}

/** The whole row, or chunks of at most half of it. */
function reductionLoop(row: RowInput): Fragment {
  const largestChunk = nextPowerOf2(row.size) / 2
  if (!row.canLoop || largestChunk < MIN_CHUNK) return fixed(null)
  return optional(null, powerOf2(MIN_CHUNK, largestChunk), defaultReductionLoop(row))
}
