/** How the registers of an operand can be written to workgroup memory: as vectors along a block. */
import type { BlockId } from '../../ir/node.ts'
import type { CoordinateBit, Layout } from './layout.ts'

/** How many of the lowest position bits of a block a thread holds in registers, so many at most. */
export function heldBits(layout: Layout, block: BlockId, most: number): number {
  let bits = 0
  const isHeld = (known: CoordinateBit): boolean => known.block === block && known.bit === bits
  while (bits < most && layout.registers.some(isHeld)) bits++
  return bits
}

/** Registers grouped into vectors of `width` neighbours along `block`. */
export function vectorsAlong(layout: Layout, block: BlockId, width: number): readonly (readonly number[])[] {
  const low = Array.from({ length: Math.log2(width) }, (_, bit) =>
    layout.registers.findIndex((known) => known.block === block && known.bit === bit),
  )
  const mask = low.reduce((total, position) => total | (1 << position), 0)
  const starts = Array.from({ length: layout.size }, (_, register) => register).filter(
    (r) => (r & mask) === 0,
  )
  return starts.map((start) =>
    Array.from({ length: width }, (_, i) =>
      low.reduce((r, position, bit) => r | (((i >> bit) & 1) << position), start),
    ),
  )
}
