/**
 * What the parts of a sum come to: they are read from scratch memory like a row that is streamed, as many at
 * a time as registers hold, and reduced across threads once. The order is that of the layout, the same every
 * time.
 */
import { constantTile, type RegionBuilder, sizeNode, tileType } from '../../ir/build.ts'
import { neutralOf } from '../../ir/neutral.ts'
import { type Axis, type BlockId, NO_VALUE, type Node, ONE, UNNUMBERED } from '../../ir/node.ts'
import { type Size, sizeOp } from '../../ir/size.ts'
import { blockOf, extentOf, type TileProgram } from '../../ir/tile_program.ts'
import { floorPowerOf2, product } from '../../support/maths.ts'
import { REDUCE_RULES } from '../analysis/reduce_rules.ts'
import type { PartialSum } from '../analysis/splittable_sums.ts'
import type { BoundConfig } from '../plan/bound_config.ts'

/** Of the registers that a thread may use, those for what it has read of parts. */
const SHARE = 1 / 4

/** A value of each part and each program of the grid, in scratch memory. */
export interface Partial extends Omit<Places, 'shape'> {
  readonly sum: PartialSum
  readonly tensor: number
  /** The block that runs along the parts where they are added up. */
  readonly along: BlockId
}

/** Where values of a sum have their places in memory. */
export interface Places {
  /** Dimensions of the grid that the value does not run along: there, each tile has its own. */
  readonly tiles: readonly BlockId[]
  /** Blocks that the value runs along. */
  readonly axes: readonly BlockId[]
  /** How many there are along each. */
  readonly shape: readonly Size[]
}

/** Places for a value of the sum in each program of a grid over these blocks. */
export function placesFor(program: TileProgram, grid: readonly BlockId[], { type }: PartialSum): Places {
  const axes = type.axes.filter((axis) => axis !== ONE)
  const tiles = grid.filter((id) => !axes.includes(id))
  const counts = tiles.map((id) => {
    const { size, extent } = blockOf(program, id)
    return sizeOp('cdiv', size, extent)
  })
  const ends = axes.map((id) => blockOf(program, id).end ?? blockOf(program, id).size)
  return { tiles, axes, shape: [...counts, ...ends] }
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

/** The maximum of all parts, and what each of them has. */
export interface Top {
  readonly partial: Partial
  readonly total: Node
}

interface Addends {
  /** What the sum began with. */
  readonly init: Node | undefined
  readonly top?: Top | undefined
  /** Of the parts, only those with a number below this; all when absent. */
  readonly before?: Node
}

/** The total of all parts, and of what the sum began with. */
export function totalOf(
  program: TileProgram,
  partial: Partial,
  { init, top, before }: Addends,
  builder: RegionBuilder,
): Node {
  const { sum, axes, along } = partial
  const { type, op } = sum
  const { dtype } = type
  const { location } = blockOf(program, along)
  const { size } = blockOf(program, along)
  const both = REDUCE_RULES[op].map
  const chunk = { type: tileType(dtype, [along, ...axes]), location }
  const inner = builder.nested()
  const phi = inner.make({ kind: 'phi', ...chunk } as const)
  const own = loadOf(inner, partial, along)
  const scaled = top ? scaleOf(inner, partial, top, builder) : undefined
  const whole = scaled ? inner.add({ kind: 'map', ...chunk, op: 'mul', args: [own, scaled] }) : own
  const part = before ? earlier(inner, whole, before, partial) : whole
  const next = inner.add({ kind: 'map', ...chunk, op: both, args: [phi, part] })
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

/** What some parts have left. */
function loadOf(builder: RegionBuilder, { sum, tensor, tiles, axes }: Partial, along: BlockId): Node {
  const { dtype } = sum.type
  const type = tileType(dtype, [along, ...axes])
  const index = [positionAlong(builder, along), ...placesOf(builder, tiles, axes)]
  const location = undefined
  return builder.add({ kind: 'load', type, location, site: UNNUMBERED, tensor, index, mask: undefined })
}

/** The neutral value for parts that do not come before one. */
function earlier(inner: RegionBuilder, value: Node, before: Node, { sum, axes, along }: Partial): Node {
  const { type, location } = value
  const args = [positionAlong(inner, along), before]
  const isBefore = inner.add({ kind: 'map', type: tileType('bool', [along]), location, op: 'lt', args })
  const mask = spread(inner, isBefore, [along, ...axes])
  const neutral = constantTile(inner, { type: tileType(type.dtype), location }, neutralOf(sum.op, type.dtype))
  return inner.add({ kind: 'map', type, location, op: 'where', args: [mask, value, neutral] })
}

/**
 * What some parts are multiplied by: `exp(own maximum - common maximum)`, 0 where a part has seen nothing.
 */
function scaleOf(
  inner: RegionBuilder,
  { sum, axes, along }: Partial,
  top: Top,
  builder: RegionBuilder,
): Node {
  const own = loadOf(inner, top.partial, along)
  const { type, location } = own
  const common = spread(inner, finite(builder, top.total), [along, ...top.partial.axes])
  const less = inner.add({ kind: 'map', type, location, op: 'sub', args: [own, common] })
  const scale = inner.add({ kind: 'map', type, location, op: sum.rescaled?.exp ?? 'exp', args: [less] })
  const whole = spread(inner, scale, [along, ...axes])
  const { dtype } = sum.type
  if (dtype === type.dtype) return whole
  return inner.add({
    kind: 'cast',
    type: tileType(dtype, whole.type.axes),
    location,
    arg: whole,
    bits: false,
  })
}

/**
 * The maximum, or 0 where there is none yet: infinities would cancel to NaN, where `exp` of what is smaller
 * is 0.
 */
export function finite(builder: RegionBuilder, top: Node): Node {
  const { type, location } = top
  const least = { kind: 'constant', type: tileType(type.dtype), location, value: -Infinity } as const
  const args = [top, builder.add(least)]
  const isNone = builder.add({ kind: 'map', type: tileType('bool', type.axes), location, op: 'eq', args })
  const zero = builder.add({ ...least, value: 0 })
  return builder.add({ kind: 'map', type, location, op: 'where', args: [isNone, zero, top] })
}

/** The value repeated along the axes that it lacks. */
export function spread(builder: RegionBuilder, value: Node, axes: readonly Axis[]): Node {
  const { type, location } = value
  if (type.axes.length === 0) return value
  const arg = withAxes(
    builder,
    value,
    axes.map((axis) => (type.axes.includes(axis) ? axis : ONE)),
  )
  const isWhole = arg.type.axes.every((axis, i) => axis === axes[i])
  return isWhole ? arg : builder.add({ kind: 'broadcast', type: tileType(type.dtype, axes), location, arg })
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

/** The positions along a block. */
export function positionAlong(builder: RegionBuilder, block: BlockId): Node {
  return builder.add({ kind: 'index', type: tileType('i32', [block]), location: undefined, block })
}

/** The value with these axes, which are its own but for those of one element. */
export function withAxes(builder: RegionBuilder, arg: Node, axes: readonly Axis[]): Node {
  const { type, location } = arg
  if (type.axes.length === axes.length && axes.every((axis, i) => axis === type.axes[i])) return arg
  const from = axes.map((axis) => (axis === ONE ? ONE : type.axes.indexOf(axis)))
  return builder.add({ kind: 'view', type: tileType(type.dtype, axes), location, arg, axes: from })
}
