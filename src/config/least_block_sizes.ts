/** How small the tiles are that searches try. */
import { floorPowerOf2 } from '../support/maths.ts'
import type { ConfigSpecInput } from './spec_input.ts'
import { UNKNOWN_UNITS } from './tile_sizes.ts'

const PROGRAMS_PER_UNIT = 64
const LEAST_DEVICE_BLOCK = 8

/**
 * The least entries of `block_sizes` that searches try: smaller tiles would make more programs than any
 * device keeps in flight, and cost a multiple of the best time. Never above the default.
 */
export function leastBlockSizes(
  { blocks, loops, computeUnits = UNKNOWN_UNITS }: ConfigSpecInput,
  defaults: readonly number[],
): readonly number[] {
  return blocks.map(({ id, min, sizeHint }, index) => {
    const grid = loops.find(({ kind, blocks: ids }) => kind === 'grid' && ids.includes(id))
    const tiles = grid && Math.ceil((computeUnits * PROGRAMS_PER_UNIT) ** (1 / grid.blocks.length))
    const wanted = tiles ? floorPowerOf2(Math.max(1, sizeHint / tiles)) : LEAST_DEVICE_BLOCK
    return Math.max(min, Math.min(wanted, defaults[index] ?? 1))
  })
}
