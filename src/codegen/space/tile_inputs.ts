/** What a config decides about tiles: the blocks that cut them, those of products and of their operands. */
import type { RightInput, TileInput } from '../../config/spec_input.ts'
import { DOT_EXTENT } from '../../ir/block_sizes.ts'
import { dotAxes } from '../../ir/dot_axes.ts'
import { type Axis, type Block, type BlockId, type DotNode, type Node, ONE } from '../../ir/node.ts'
import type { Size } from '../../ir/size.ts'
import { clamp, nextPowerOf2, product } from '../../support/maths.ts'
import { STORAGE, type StorageType } from '../../support/storage_types.ts'
import { contiguousBlock, loadsOf } from '../plan/access.ts'

const MAX_DOT_ROWS = 16

/** The block whose extent a block has: its own, or one that several share. */
export function cutBy(id: number, blocks: ReadonlyMap<BlockId, Block>): number {
  return blocks.get(id)?.sizedBy ?? id
}

/** The axes of a value that a config decides about, with the part of its extent that none does. */
export function tileInput({ type }: Node, blocks: ReadonlyMap<BlockId, Block>): TileInput {
  const ids = type.axes.filter((axis) => axis !== ONE)
  const open = ids.filter((id) => blocks.get(id)?.extent === undefined).map((id) => cutBy(id, blocks))
  return { axes: open, fixed: product(ids.map((id) => blocks.get(id)?.extent ?? 1)) }
}

/** The right operand of a product, and how memory has it. */
export function rightInput(
  dot: DotNode,
  blocks: ReadonlyMap<BlockId, Block>,
  dtypeOf: (tensor: number) => StorageType | undefined,
): RightInput {
  const { depth, columns } = dotAxes(dot)
  const load = loadsOf(dot.b).find(({ type: { axes } }) => axes.includes(depth) && axes.includes(columns))
  const { bits } = STORAGE[(load && dtypeOf(load.tensor)) ?? 'f32']
  return {
    ...tileInput(dot.b, blocks),
    bits,
    isAlongDepth: load !== undefined && contiguousBlock(load) === depth,
  }
}

/** Rows of the whole result of a dot. */
export function rowsOf(
  dot: DotNode,
  blocks: ReadonlyMap<BlockId, Block>,
  hint: (size: Size) => number,
): number {
  const block = blocks.get(dotAxes(dot).rows)
  return block ? (block.extent ?? hint(block.size)) : 1
}

/** The most rows of the result of a dot that one thread may compute. */
export function maxDotRows(
  rows: Axis,
  blocks: ReadonlyMap<BlockId, Block>,
  hint: (size: Size) => number,
): number {
  const block = rows === ONE ? undefined : blocks.get(rows)
  if (!block) return 1
  const extent = block.extent ?? nextPowerOf2(Math.max(hint(block.size), DOT_EXTENT))
  return clamp(extent, 1, MAX_DOT_ROWS)
}
