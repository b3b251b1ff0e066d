/** How long axes are: sizes of whole dimensions, and of tiles what their config, or their author, chooses. */
import { BLOCK_LIMIT, DOT_EXTENT } from '../../ir/block_sizes.ts'
import type { Axis, Block, Node } from '../../ir/node.ts'
import { type Size, type SizeOp, sizeOp } from '../../ir/size.ts'
import { formatLocation } from '../../support/errors.ts'
import { toDim } from '../tensors/dim.ts'
import type { Dim } from '../tensors/tensor.ts'
import { isOne } from '../trace/blocks.ts'
import type { Trace } from '../trace/trace.ts'
import { TileValue } from '../values/value.ts'

/** The block along an axis, unless it is an axis of one. */
export function blockOf(trace: Trace, axis: Axis): Block | undefined {
  return isOne(axis) ? undefined : trace.blocks.get(trace.blocks.canonical(axis))
}

/** True for the blocks of loops, of which an axis has a part. */
export function isTiled(block: Block | undefined): block is Block {
  return block !== undefined && block.kind !== 'slice'
}

/** Positions along an axis: of a tile, those of a full one. */
export function sizeAlong(trace: Trace, axis: Axis): Size {
  const block = blockOf(trace, axis)
  return block ? blockSizeOf(trace, block) : 1
}

/** Positions of a full tile, or of the whole dimension. */
export function blockSizeOf(trace: Trace, block: Block): Size {
  const { id, kind, name, size, extent, length = extent, sizedBy, end, least = 1 } = block
  if (kind === 'slice') return size
  if (kind === 'grid') return 1
  if (kind === 'size') return { op: 'block_size', key: name, block: id, least, range: size }
  if (length !== undefined) return length
  if (sizedBy !== undefined) return blockSizeOf(trace, trace.blocks.get(sizedBy))
  // Tiles of a product may look beyond a small range.
  const most = end === undefined ? BLOCK_LIMIT : sizeOp('min', sizeOp('max', size, DOT_EXTENT), BLOCK_LIMIT)
  return { op: 'block_size', key: `${name}.blockSize`, block: id, least: 1, range: most }
}

const OF_SIZES: Readonly<Record<string, SizeOp>> = {
  add: 'add',
  sub: 'sub',
  mul: 'mul',
  floorDiv: 'floordiv',
  mod: 'mod',
  minimum: 'min',
  maximum: 'max',
}

function asDim(trace: Trace, value: TileValue): Dim | undefined {
  const node = value.nodeIn(trace)
  const size = sizeOfNode(trace, node)
  if (size === undefined) return undefined
  if (node.location) trace.printed.add(formatLocation(node.location))
  return toDim(size)
}

/** The size that a scalar is where it is computed of block sizes, sizes and numbers alone. */
export function sizeOfNode(trace: Trace, node: Node): Size | undefined {
  if (node.type.axes.length > 0 || node.type.dtype !== 'i32') return undefined
  if (node.kind === 'constant') return node.value
  if (node.kind === 'size') return node.size
  if (node.kind === 'range' && node.what === 'block_size')
    return blockSizeOf(trace, trace.blocks.get(node.block))
  const op = node.kind === 'map' ? OF_SIZES[node.op] : undefined
  if (node.kind !== 'map' || op === undefined) return undefined
  const [a, b] = node.args.map((arg) => sizeOfNode(trace, arg))
  return a === undefined || b === undefined ? undefined : sizeOp(op, a, b)
}

/** An entry of a shape, with the sizes of values in their place. */
export function shapeEntry<T>(trace: Trace, entry: T): T | Dim {
  return entry instanceof TileValue ? (asDim(trace, entry) ?? entry) : entry
}
