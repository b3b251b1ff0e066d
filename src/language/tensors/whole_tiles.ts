/**
 * A tile that meets a whole dimension as long as a full tile, such as an accumulator over a block size: by
 * position, the tile's elements counted from its first. What lies past the end of its range is zero there.
 */
import { dependsOnConfig } from '../../ir/block_sizes.ts'
import { tileType } from '../../ir/build.ts'
import { type Axis, type Block, type Node, ONE } from '../../ir/node.ts'
import { sameSize } from '../../ir/size.ts'
import { blockOf, blockSizeOf } from '../loops/axis_sizes.ts'
import { indexAlong } from '../loops/tile.ts'
import type { Trace } from '../trace/trace.ts'
import { insertOne, onlyOne } from '../values/views.ts'

/** The operands, aligned at the last axis, with whole dimensions where tiles meet them. */
export function metWhole(trace: Trace, nodes: readonly Node[]): readonly Node[] {
  const wholes = new Map<number, Axis>()
  for (const { type } of nodes) {
    type.axes.forEach((axis, i) => {
      if (blockOf(trace, axis)?.kind === 'slice') wholes.set(i - type.axes.length, axis)
    })
  }
  if (wholes.size === 0) return nodes
  return nodes.map((node) => {
    const rank = node.type.axes.length
    return movedTo(
      trace,
      node,
      node.type.axes.map((axis, i) => wholes.get(i - rank) ?? axis),
    )
  })
}

/** `node` along these axes where it has others that are as long: tiles, or whole dimensions. */
export function movedTo(trace: Trace, node: Node, axes: readonly Axis[]): Node {
  const missing = axes.length - node.type.axes.length
  return node.type.axes.reduce((value, axis, at) => {
    const [from, to] = [blockOf(trace, axis), blockOf(trace, axes[at + missing] ?? ONE)]
    if (from?.extent === 1 && !to && at + missing >= 0) return insertOne(trace, onlyOne(trace, value, at), at)
    return from && to && isAsLong(trace, from, to) ? taken(trace, value, at, to) : value
  }, node)
}

/** True for a tile and a whole dimension of its length, which a launch checks if need be. */
function isAsLong(trace: Trace, from: Block, to: Block): boolean {
  const [tile, whole] = from.kind === 'tile' ? [from, to] : [to, from]
  if (tile.kind !== 'tile' || whole.kind !== 'slice') return false
  const length = blockSizeOf(trace, tile)
  if (typeof length !== 'number' || typeof whole.size === 'number') return sameSize(length, whole.size)
  if (!dependsOnConfig(whole.size)) trace.guard('eq', whole.size, length, 'a whole dimension beside a tile')
  return !dependsOnConfig(whole.size)
}

/** The elements along axis `at` as those along a block. */
function taken(trace: Trace, arg: Node, at: number, to: Block): Node {
  const axes = arg.type.axes.map((axis, i) => (i === at ? to.id : axis))
  const index = [localIndex(trace, to)]
  return trace.add('a tile', {
    kind: 'gather',
    type: tileType(arg.type.dtype, axes),
    arg,
    along: [at],
    index,
  })
}

/** Positions along a block, those of a tile counted from its first. */
function localIndex(trace: Trace, block: Block): Node {
  const index = indexAlong(trace, block.id)
  if (block.kind === 'slice') return index
  const begin = trace.add('a tile', {
    kind: 'range',
    type: tileType('i32'),
    block: block.id,
    what: 'begin',
  })
  return trace.add('a tile', { kind: 'map', type: index.type, op: 'sub', args: [index, begin] })
}
