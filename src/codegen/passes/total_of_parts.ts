/**
 * What the parts of a sum come to: they are read from scratch memory like a row that is streamed, as many at
 * a time as registers hold, and reduced across threads once. The order is that of the layout, the same every
 * time.
 */
import { constantTile, type RegionBuilder, sizeNode, tileType } from '../../ir/build.ts'
import { neutralOf } from '../../ir/neutral.ts'
import { type Axis, type BlockId, NO_VALUE, type Node, ONE, UNNUMBERED } from '../../ir/node.ts'
import { blockOf, extentOf, type TileProgram } from '../../ir/tile_program.ts'
import { floorPowerOf2, product } from '../../support/maths.ts'
import type { BoundConfig } from '../plan/bound_config.ts'
import type { PartialSum } from '../plan/splittable_sums.ts'
import { REDUCE_RULES } from '../reductions/reduce_rules.ts'

/** Of the registers that a thread may use, those for what it has read of parts. */
const SHARE = 1 / 4

/** A value of each part and each program of the grid, in scratch memory. */
export interface Partial {
  readonly sum: PartialSum
  readonly tensor: number
  /** Dimensions of the grid that the value does not run along: there, each tile has its own. */
  readonly tiles: readonly BlockId[]
  /** Blocks that the value runs along. */
  readonly axes: readonly BlockId[]
  /** The block that runs along the parts where they are added up. */
  readonly along: BlockId
}

/** How many parts of a value with these axes are read at a time. */
export function partsAtATime(
  program: TileProgram,
  axes: readonly BlockId[],
  parts: number,
  { limits, threads }: BoundConfig,
): number {
  const elements = product(axes.map((id) => extentOf(program, id)))
  const room = (limits.registerBudget * SHARE * threads) / elements
  return Math.min(parts, floorPowerOf2(Math.max(1, room)))
}

/** The total of all parts, and of what the sum began with. */
export function totalOf(
  program: TileProgram,
  { sum, tensor, tiles, axes, along }: Partial,
  init: Node | undefined,
  builder: RegionBuilder,
): Node {
  const { value, op } = sum
  const { type, location } = value
  const { dtype } = type
  const { size } = blockOf(program, along)
  const both = REDUCE_RULES[op].map
  const chunk = { type: tileType(dtype, [along, ...axes]), location }
  const inner = builder.nested()
  const phi = inner.make({ kind: 'phi', ...chunk } as const)
  const index = [positionAlong(inner, along), ...placesOf(inner, tiles, axes)]
  const load = inner.add({ kind: 'load', ...chunk, site: UNNUMBERED, tensor, index, mask: undefined })
  const next = inner.add({ kind: 'map', ...chunk, op: both, args: [phi, load] })
  const loop = builder.add({
    kind: 'loop',
    site: UNNUMBERED,
    type: NO_VALUE,
    location,
    blocks: [along],
    begins: [sizeNode(builder, 0)],
    ends: [sizeNode(builder, size)],
    phis: [phi],
    inits: [constantTile(builder, chunk, neutralOf(op, dtype))],
    body: inner.nodes,
    yields: [next],
  })
  const arg = builder.add({ kind: 'result', ...chunk, loop, index: 0 })
  const total = builder.add({ kind: 'reduce', type: tileType(dtype, axes), location, op, arg, axis: 0 })
  const parts = withAxes(builder, total, type.axes)
  return init ? builder.add({ kind: 'map', type, location, op: both, args: [init, parts] }) : parts
}

/** Where a program's value is within those of a part. */
export function placesOf(
  builder: RegionBuilder,
  tiles: readonly BlockId[],
  axes: readonly BlockId[],
): readonly Node[] {
  return [...tiles.map((id) => idOf(builder, id)), ...axes.map((id) => positionAlong(builder, id))]
}

/** The number of the block being worked on. */
export function idOf(builder: RegionBuilder, block: BlockId): Node {
  return builder.add({ kind: 'range', type: tileType('i32'), location: undefined, block, what: 'id' })
}

function positionAlong(builder: RegionBuilder, block: BlockId): Node {
  return builder.add({ kind: 'index', type: tileType('i32', [block]), location: undefined, block })
}

/** The value with these axes, which are its own but for those of one element. */
export function withAxes(builder: RegionBuilder, arg: Node, axes: readonly Axis[]): Node {
  const { type, location } = arg
  if (type.axes.length === axes.length) return arg
  const from = axes.map((axis) => (axis === ONE ? ONE : type.axes.indexOf(axis)))
  return builder.add({ kind: 'view', type: tileType(type.dtype, axes), location, arg, axes: from })
}
