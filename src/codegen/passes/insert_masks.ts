/**
 * From tiles that end where their range does to padded ones, and what they must not contribute at the edge
 * made explicit: reductions and dots read the neutral value there. A load has its fill outside anyway, so
 * what is the neutral value of that needs no mask.
 */
import { constantTile, type NodeFactory, RegionBuilder, tileType } from '../../ir/build.ts'
import { withPresence } from '../../ir/combine.ts'
import {
  type BlockId,
  type Combine,
  type CrossingNode,
  type Node,
  type NodeSpec,
  ONE,
  type Region,
} from '../../ir/node.ts'
import { crossedAxes, isCrossing, isMoving, isPure, outsideOf } from '../../ir/node_rules.ts'
import { blockOf, mapGrids, type TileProgram } from '../../ir/tile_program.ts'
import { operandsOf, rewriteRegion, walk, withOperands } from '../../ir/traverse.ts'
import type { Plan } from '../plan/plan.ts'
import { addsNothingOutside, isMet, maskedFactor } from './edge_values.ts'
import { type EndOf, endsOfLoops, isMaskedByRows } from './row_ends.ts'

export function insertMasks(plan: Plan, nodes: NodeFactory): TileProgram {
  const padded = { ...plan.program, padded: true }
  return mapGrids(padded, (grid) =>
    hasEdges(grid.body, plan)
      ? { ...grid, body: maskedRegion(grid.body, plan, new RegionBuilder(nodes)) }
      : grid,
  )
}

/** True when a tile of which elements are mixed may reach beyond its range. */
function hasEdges(region: Region, { program }: Plan): boolean {
  let found = false
  walk(region, (node) => {
    found ||= crossedAxes(node).some((block) => block !== ONE && blockOf(program, block).ragged)
    found ||= node.kind === 'view' && axesLeftOut(node, program).length > 0
  })
  return found
}

/** The axes of one position that a view leaves out, though padded tiles have more along them. */
function axesLeftOut({ arg, axes }: SpecOf<'view'>, program: TileProgram): readonly number[] {
  return arg.type.axes.flatMap((axis, i) =>
    axis === ONE || axes.includes(i) || blockOf(program, axis).extent === 1 || isPureThroughout(arg)
      ? []
      : [i],
  )
}

/** True for what can be made of positions and scalars wherever it is read. */
function isPureThroughout(value: Node): boolean {
  const found = new Set([value])
  for (const node of found) for (const operand of operandsOf(node)) found.add(operand)
  return [...found].every(isPure)
}

/** A view of the one position that axes which it leaves out have: all others are past the end. */
function onePosition(builder: RegionBuilder, plan: Plan, known: Known, spec: SpecOf<'view'>): NodeSpec {
  const [axis] = axesLeftOut(spec, plan.program)
  if (axis === undefined) return spec
  const { arg: whole, location } = spec
  const { dtype, axes } = whole.type
  const arg = masked(builder, plan, known, whole, axes[axis] ?? ONE, 0)
  const type = tileType(
    dtype,
    axes.filter((_, i) => i !== axis),
  )
  const op = dtype === 'bool' ? 'any' : 'sum'
  const first = builder.add({ kind: 'reduce', type, location, op, arg, axis })
  const kept = spec.axes.map((from) => (from > axis ? from - 1 : from))
  return onePosition(builder, plan, known, { ...spec, arg: first, axes: kept })
}

/** What is known of a region beside the plan. */
interface Known {
  /** What combinations become where states may be missing: parts of one computation share one. */
  readonly presence: Map<Combine, Combine>
  readonly endOf: EndOf
}

function maskedRegion(region: Region, plan: Plan, builder: RegionBuilder): Region {
  const map = new Map<Node, Node>()
  const known: Known = { presence: new Map(), endOf: endsOfLoops(region, map) }
  rewriteRegion(region, builder, map, (spec, _node, inner) => {
    if (spec.kind === 'view') return onePosition(inner, plan, known, spec)
    return isCrossing(spec) ? withMasks(inner, plan, known, spec) : spec
  })
  return builder.nodes
}

type SpecOf<K extends CrossingNode['kind'] | 'view'> = Extract<NodeSpec, { kind: K }>

function withMasks(
  builder: RegionBuilder,
  plan: Plan,
  known: Known,
  spec: SpecOf<CrossingNode['kind']>,
): NodeSpec {
  const [block = ONE] = crossedAxes(spec)
  const inRange = (value: Node, neutral: number): Node => masked(builder, plan, known, value, block, neutral)
  const outside = outsideOf(spec)
  if (outside === 'anything') return spec
  if ('combine' in spec) return withMaskedStates(builder, plan, known, spec)
  if ('a' in spec) {
    const { a, b } = spec
    const operand = (own: Node, other: Node): Node =>
      addsNothingOutside(own, other, block, plan) ? own : inRange(own, 0)
    return { ...spec, a: operand(a, b), b: operand(b, a) }
  }
  if (typeof outside !== 'number') throw new Error(`a ${spec.kind} of ${outside}`)
  return withOperands(spec, (operand) => inRange(operand, outside))
}

/** The identity outside of the range; where none is known, states say whether they are there at all. */
function withMaskedStates(
  builder: RegionBuilder,
  plan: Plan,
  known: Known,
  spec: SpecOf<'fold' | 'scan'>,
): NodeSpec {
  const [block = ONE] = crossedAxes(spec)
  if (block === ONE || !blockOf(plan.program, block).ragged) return spec
  const { args, identity } = spec
  if (identity)
    return { ...spec, args: args.map((arg, i) => masked(builder, plan, known, arg, block, identity[i] ?? 0)) }
  const combine = known.presence.get(spec.combine) ?? withPresence(builder, spec.combine)
  known.presence.set(spec.combine, combine)
  const like = { type: tileType('i32', args[0]?.type.axes), location: spec.location }
  const ones = constantTile(builder, like, 1)
  return { ...spec, combine, args: [...args, masked(builder, plan, known, ones, block, 0)] }
}

function masked(
  builder: RegionBuilder,
  plan: Plan,
  known: Known,
  value: Node,
  block: BlockId,
  neutral: number,
): Node {
  if (block === ONE || !blockOf(plan.program, block).ragged) return value
  if (isMet({ value, block, neutral }, plan)) return value
  if (isMaskedByRows(value, block, neutral, known.endOf)) return value
  const pushed = neutral === 0 ? maskedWithin(builder, plan, known, value, block) : undefined
  return pushed ?? whereInside(builder, value, block, neutral)
}

/** The value with a part of it masked, where that does: what it is seen of, or one factor of a product. */
function maskedWithin(
  builder: RegionBuilder,
  plan: Plan,
  known: Known,
  value: Node,
  block: BlockId,
): Node | undefined {
  const { id: _id, ...spec } = value
  if (isMoving(spec) && spec.arg.type.axes.includes(block)) {
    const arg = maskedWithin(builder, plan, known, spec.arg, block)
    return arg && builder.add({ ...spec, arg })
  }
  const factor = maskedFactor(spec, block, plan)
  if (spec.kind !== 'map' || !factor) return undefined
  const args = spec.args.map((arg) => (arg === factor ? masked(builder, plan, known, arg, block, 0) : arg))
  return builder.add({ ...spec, args })
}

function whereInside(builder: RegionBuilder, value: Node, block: BlockId, neutral: number): Node {
  const { axes, dtype } = value.type
  const { location } = value
  const at = axes.indexOf(block)
  const inside = builder.add({ kind: 'inside', type: tileType('bool', [block]), location, block })
  const view = builder.add({
    kind: 'view',
    type: tileType(
      'bool',
      axes.map((axis) => (axis === block ? block : ONE)),
    ),
    location,
    arg: inside,
    axes: axes.map((_, i) => (i === at ? 0 : ONE)),
  })
  const condition =
    axes.length === 1
      ? inside
      : builder.add({ kind: 'broadcast', type: tileType('bool', axes), location, arg: view })
  const constant = builder.add({ kind: 'constant', type: tileType(dtype), location, value: neutral })
  return builder.add({
    kind: 'map',
    type: value.type,
    location,
    op: 'where',
    args: [condition, value, constant],
  })
}
