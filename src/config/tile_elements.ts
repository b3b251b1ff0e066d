/** How many elements a tile value has under given extents. */
import { nextPowerOf2, product } from '../support/maths.ts'
import type { BlockInput, RowInput, TileInput } from './spec_input.ts'

/** `sizes` are the extents of blocks, `chunks` what is held of rows: null for all of it. */
export function elements(
  { axes, fixed }: TileInput,
  blocks: readonly BlockInput[],
  sizes: readonly number[],
  rows: readonly RowInput[],
  chunks: readonly (number | null)[],
): number {
  // Two axes may share one size.
  const count = (id: number): number => axes.filter((axis) => axis === id).length
  const ofBlocks = blocks.map(({ id }, index) => (sizes[index] ?? 1) ** count(id))
  const ofRows = rows.map(({ id, size }, index) =>
    axes.includes(id) ? (chunks[index] ?? nextPowerOf2(size)) : 1,
  )
  return fixed * product(ofBlocks) * product(ofRows)
}
