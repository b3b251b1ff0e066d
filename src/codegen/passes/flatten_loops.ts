/**
 * Walks a multi-dimensional grid as one dimension (`flatten_loops`). Accesses that take all its dimensions in
 * order become accesses of a one-dimensional view; others compute their position by division and remainder.
 */
import { type RegionBuilder, sizeNode, tileType } from '../../ir/build.ts'
import type { Grid, TensorView } from '../../ir/kernel_ir.ts'
import type { Block, BlockId, MemoryNode, Node, NodeSpec, Region, TileType } from '../../ir/node.ts'
import { isCrossing, isMemory, isMoving, isPure, ruleOf } from '../../ir/node_rules.ts'
import { type Size, sameSize, sizeProduct } from '../../ir/size.ts'
import { operandsOf, rewriteRegion } from '../../ir/traverse.ts'
import { product } from '../../support/maths.ts'
import type { BoundConfig } from '../plan/bound_config.ts'

/**
 * True when nothing in the grid cares where its dimensions begin and end: only element-wise work and memory.
 */
export function canFlatten(
  grid: Pick<Grid, 'blocks' | 'body'>,
  blocks: ReadonlyMap<BlockId, Block>,
): boolean {
  const ids = new Set(grid.blocks)
  const plain = grid.blocks.every((id) => {
    const block = blocks.get(id)
    return (
      block?.kind === 'tile' &&
      block.extent === undefined &&
      block.end !== undefined &&
      sameSize(block.end, block.size)
    )
  })
  if (!plain) return false
  return grid.body.every((node) => {
    if (node.kind === 'loop' || ruleOf(node).seesTiles) return false
    if (node.type.axes.some((axis) => axis >= 0 && !ids.has(axis))) return false
    const touches = [node, ...operandsOf(node)].some((n) => n.type.axes.some((axis) => ids.has(axis)))
    return !touches || !(isCrossing(node) || (node.kind === 'view' && !keepsOrder(node.axes)))
  })
}

export interface Flattened {
  readonly body: Region
  readonly block: BlockId
}

export function flattenGrid(
  grid: Pick<Grid, 'blocks' | 'body'>,
  bound: BoundConfig,
  builder: RegionBuilder,
): Flattened {
  const blocks = grid.blocks.map((id) => bound.block(id))
  const size = sizeProduct(blocks.map((block) => block.size))
  const extent = product(grid.blocks.map((id) => bound.extent(id)))
  const template = blocks[0] ?? bound.block(0)
  const flat = bound.addBlock({ ...template, name: 'flat', size, end: size, extent: undefined }, extent)
  rewriteRegion(grid.body, builder, new Map(), (spec, node, inner) => {
    const type = flatType(spec.type, flat.id)
    if (isMemory(spec)) return { ...flatAccess(inner, spec, node, grid.blocks, bound, flat), type }
    if (spec.kind === 'index') return position(inner, blocks, flat, spec.block)
    if (spec.kind === 'inside') return { ...spec, type, block: flat.id }
    if (isMoving(spec) && (spec.kind === 'view' || spec.arg.type.axes.length > 0)) return spec.arg
    // What mixes elements mixes scalars only, see canFlatten.
    if (!('block' in spec) && (isPure(spec) || isCrossing(spec))) return { ...spec, type }
    throw new Error(`a grid with a ${spec.kind} cannot be flattened`)
  })
  return { body: builder.nodes, block: flat.id }
}

/**
 * The position along one of the old dimensions; unsigned, so that division is one instruction where it can
 * be.
 */
function position(builder: RegionBuilder, blocks: readonly Block[], flat: Block, id: BlockId): Node {
  const location = undefined
  const at = blocks.findIndex((block) => block.id === id)
  const along = tileType('u32', [flat.id])
  const scalar = (size: Size): Node =>
    builder.add({ kind: 'cast', type: tileType('u32'), location, arg: sizeNode(builder, size), bits: false })
  const divided = (op: 'floorDiv' | 'rem', value: Node, size: Size): Node =>
    builder.add({ kind: 'map', type: along, location, op, args: [value, scalar(size)] })

  const index = builder.add({ kind: 'index', type: tileType('i32', [flat.id]), location, block: flat.id })
  let result: Node = builder.add({ kind: 'cast', type: along, location, arg: index, bits: false })
  const inner = sizeProduct(blocks.slice(at + 1).map((block) => block.size))
  if (inner !== 1) result = divided('floorDiv', result, inner)
  if (at > 0) result = divided('rem', result, blocks[at]?.size ?? 1)
  return builder.add({ kind: 'cast', type: tileType('i32', [flat.id]), location, arg: result, bits: false })
}

type AccessSpec = Extract<NodeSpec, { kind: MemoryNode['kind'] }>

function flatAccess(
  builder: RegionBuilder,
  spec: AccessSpec,
  node: Node,
  ids: readonly BlockId[],
  bound: BoundConfig,
  flat: Block,
): AccessSpec {
  const view = bound.view(spec.tensor)
  const old = isMemory(node) ? node.index : []
  const whole =
    old.length === ids.length &&
    old.every((index, i) => index.kind === 'index' && index.block === ids[i]) &&
    view.shape.every((size, i) => sameSize(size, bound.block(ids[i] ?? 0).size))
  if (!whole) return spec
  const shape = [sizeProduct(view.shape)]
  const flatView: TensorView = { ...view, shape }
  const index = builder.add({
    kind: 'index',
    type: tileType('i32', [flat.id]),
    location: undefined,
    block: flat.id,
  })
  return { ...spec, tensor: bound.addView(flatView), index: [index] }
}

function flatType(type: TileType, flat: BlockId): TileType {
  return type.axes.length === 0
    ? type
    : tileType(type.dtype, type.axes.some((axis) => axis >= 0) ? [flat] : [])
}

/** True for views that only add or drop axes of one. */
function keepsOrder(axes: readonly number[]): boolean {
  const named = axes.filter((axis) => axis >= 0)
  return named.every((axis, i) => i === 0 || axis > (named[i - 1] ?? 0))
}
