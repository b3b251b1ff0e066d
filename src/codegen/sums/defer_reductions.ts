/**
 * Reductions that a loop adds up, `acc += x.sum(0)`, are taken once after the loop: the loop adds up the
 * elements instead, which threads do without each other. Whatever adds up can be added up in this order,
 * too. So can what every round multiplies first, `acc = acc * factor + x.sum(0)`: each element by the
 * factor of its sum.
 */
import { constantTile, type NodeFactory, RegionBuilder } from '../../ir/build.ts'
import { neutralOf } from '../../ir/neutral.ts'
import {
  isBranch,
  type LoopNode,
  type MapNode,
  type Node,
  ONE,
  type ReduceNode,
  type Region,
  type ViewNode,
} from '../../ir/node.ts'
import { isMoving } from '../../ir/node_rules.ts'
import { blockOf, extentOf, mapGrids, type TileProgram } from '../../ir/tile_program.ts'
import { rewriteRegion, walk, withOperands } from '../../ir/traverse.ts'
import { isFloat } from '../../support/dtypes.ts'
import { product } from '../../support/maths.ts'
import { accumulatedBy, readsWithin } from '../analysis/accumulations.ts'
import { REDUCE_RULES, type SimpleReduceOp } from '../analysis/reduce_rules.ts'
import type { Plan } from '../plan/plan.ts'
import { spread } from './total_of_parts.ts'

/** Of the registers that a thread may use, those for elements of which sums had less. */
const SHARE = 1 / 4
/** Elements of a thread, at most, each of which is to be multiplied in every round. */
const MAX_RESCALED = 4

/** A carried value of a loop. */
interface Deferred {
  /** What the loop carries next. */
  readonly next: MapNode
  /** From `arg` to what is added, the first one last. */
  readonly steps: readonly (ReduceNode | ViewNode)[]
  /** What is added up instead. */
  readonly arg: Node
  readonly op: SimpleReduceOp
  /** What a round multiplies by before it adds. */
  readonly rescaled: Rescaled | undefined
}

/** `phi * factor`, of a sum that begins with 0. */
interface Rescaled {
  readonly product: MapNode
  readonly factor: Node
}

type DeferredByIndex = ReadonlyMap<number, Deferred>

/** Each round goes for one level of loops: what an inner one carries may come from an outer one. */
export function deferReductions(plan: Plan, nodes: NodeFactory): TileProgram {
  return mapGrids(plan.program, (grid) => {
    let { body } = grid
    while (hasDeferred(body, plan)) {
      const builder = new RegionBuilder(nodes)
      rewrite(body, plan, builder, new Map())
      body = builder.nodes
    }
    return body === grid.body ? grid : { ...grid, body }
  })
}

function hasDeferred(region: Region, plan: Plan): boolean {
  let found = false
  walk(region, (node) => {
    found ||= node.kind === 'loop' && deferredIn(node, plan).size > 0
  })
  return found
}

/** What the loop only adds up, each round reduced for itself. */
function deferredIn(loop: LoopNode, { program, bound }: Plan): DeferredByIndex {
  const found = new Map<number, Deferred>()
  if (isBranch(blockOf(program, loop.blocks[0] ?? 0))) return found
  loop.phis.forEach((phi, index) => {
    const rescaled = rescaledAt(loop, index)
    const by = rescaled ? 'add' : accumulatedBy(loop, index)
    const next = loop.yields[index]
    if (next?.kind !== 'map' || !loop.body.includes(next)) return
    const steps: (ReduceNode | ViewNode)[] = []
    let value = next.args.find((arg) => arg !== phi && arg !== rescaled?.product)
    while (value && isStep(value, by) && loop.body.includes(value) && readsWithin(loop, [value]) === 1) {
      steps.push(value)
      value = value.arg
    }
    const last = steps.findLastIndex(({ kind }) => kind === 'reduce')
    const first = steps[last]
    if (first?.kind !== 'reduce') return
    const axes = first.arg.type.axes.filter((axis) => axis !== ONE)
    const elements = product(axes.map((axis) => extentOf(program, axis)))
    const most = rescaled ? MAX_RESCALED : bound.limits.registerBudget * SHARE
    if (elements / bound.threads > most) return
    found.set(index, {
      next,
      rescaled,
      steps: steps.slice(0, last + 1),
      arg: first.arg,
      op: first.op as SimpleReduceOp,
    })
  })
  return found
}

/** How a round multiplies a carried sum, which nothing else reads; undefined for others. */
function rescaledAt(loop: LoopNode, index: number): Rescaled | undefined {
  const [phi, next, init] = [loop.phis[index], loop.yields[index], loop.inits[index]]
  if (!phi || next?.kind !== 'map' || next.op !== 'add' || !init || !isConstant(init, 0)) return undefined
  const product = next.args.find(
    (arg): arg is MapNode => arg.kind === 'map' && arg.op === 'mul' && arg.args.includes(phi),
  )
  const factor = product?.args.find((arg) => arg !== phi)
  if (!product || !factor || !loop.body.includes(product)) return undefined
  const isOnlySum = [phi, product, next].every((value) => readsWithin(loop, [value]) === 1)
  return isOnlySum && isFloat(phi.type.dtype) ? { product, factor } : undefined
}

/** What gives the elements of a value other places, or reduces them by the operation. */
function isStep(node: Node, by: string | undefined): node is ReduceNode | ViewNode {
  if (node.kind !== 'reduce') return node.kind === 'view'
  const isSimple = node.op !== 'argmax' && node.op !== 'argmin'
  return (
    isSimple && REDUCE_RULES[node.op as SimpleReduceOp].map === by && node.type.dtype === node.arg.type.dtype
  )
}

/** Copies a region; `own` says what becomes of some of its nodes. */
function rewrite(
  region: Region,
  plan: Plan,
  builder: RegionBuilder,
  map: Map<Node, Node>,
  own: (node: Node) => Omit<MapNode, 'id'> | undefined = () => undefined,
): void {
  for (const node of region) {
    const spec = own(node)
    if (spec) map.set(node, builder.add(spec))
    else if (node.kind === 'loop') rewriteLoop(node, region, plan, builder, map)
    else if (!map.has(node)) rewriteRegion([node], builder, map)
  }
}

function rewriteLoop(
  loop: LoopNode,
  region: Region,
  plan: Plan,
  builder: RegionBuilder,
  map: Map<Node, Node>,
): void {
  const deferred = deferredIn(loop, plan)
  const copy = builder.add(loopOfElements(loop, deferred, plan, builder, map))
  map.set(loop, copy)
  for (const result of region) {
    const sum = result.kind === 'result' && result.loop === loop && deferred.get(result.index)
    if (!sum) continue
    const { type, location } = sum.arg
    const elements = builder.add({ ...result, type, location, loop: copy })
    map.set(result, totalOf(sum, elements, loop, result.index, builder, map))
  }
}

/** The loop that carries elements where it carried what they are reduced to. */
function loopOfElements(
  loop: LoopNode,
  deferred: DeferredByIndex,
  plan: Plan,
  builder: RegionBuilder,
  map: Map<Node, Node>,
) {
  const spec = withOperands(loop, (operand) => map.get(operand) ?? operand) as Omit<LoopNode, 'id'>
  const inner = builder.nested()
  const phis = loop.phis.map(({ id: _id, ...phi }, index) => {
    const type = deferred.get(index)?.arg.type ?? phi.type
    return inner.make({ ...phi, type })
  })
  loop.phis.forEach((phi, index) => {
    const copy = phis[index]
    if (copy) map.set(phi, copy)
  })
  const left = new Set<Node>()
  for (const { steps, rescaled } of deferred.values()) {
    for (const step of steps) left.add(step)
    if (rescaled) left.add(rescaled.product)
  }
  const body = loop.body.filter((node) => !left.has(node))
  rewrite(body, plan, inner, map, (node) => {
    const index = loop.yields.indexOf(node)
    const [sum, phi] = [deferred.get(index), phis[index]]
    return sum && phi && elementsOf(sum, phi, inner, map)
  })
  return {
    ...spec,
    phis,
    body: inner.nodes,
    inits: spec.inits.map((init, index) => {
      const sum = deferred.get(index)
      return sum ? constantTile(builder, sum.arg, neutralOf(sum.op, sum.arg.type.dtype)) : init
    }),
    yields: loop.yields.map((value) => map.get(value) ?? value),
  }
}

function elementsOf(
  { arg, next, rescaled }: Deferred,
  phi: Node,
  builder: RegionBuilder,
  map: ReadonlyMap<Node, Node>,
): Omit<MapNode, 'id'> {
  const { id: _id, ...spec } = next
  const { type } = arg
  const before = rescaled ? times(rescaled, phi, builder, map) : phi
  return { ...spec, type, args: [before, map.get(arg) ?? arg] }
}

/** The elements, each multiplied as their sum was. */
function times(
  { product: { id: _id, ...spec }, factor }: Rescaled,
  elements: Node,
  builder: RegionBuilder,
  map: ReadonlyMap<Node, Node>,
): Node {
  const { type } = elements
  const own = spread(builder, map.get(factor) ?? factor, type.axes)
  return builder.add({ ...spec, type, args: [elements, own] })
}

/** What the loop would have carried in the end. */
function totalOf(
  { steps, next, op }: Deferred,
  elements: Node,
  loop: LoopNode,
  index: number,
  builder: RegionBuilder,
  map: ReadonlyMap<Node, Node>,
): Node {
  const total = steps.reduceRight<Node>((arg, step) => builder.add({ ...step, arg }), elements)
  const begun = loop.inits[index]
  const init = begun && (map.get(begun) ?? begun)
  // What is the same for all elements of the sum is one number, which only adding repeats.
  const isWhole = total.type.axes.length === next.type.axes.length
  if (!init || (isWhole && isConstant(init, neutralOf(op, total.type.dtype)))) return total
  const { id: _id, ...spec } = next
  return builder.add({ ...spec, args: [init, total] })
}

function isConstant(node: Node, value: number): boolean {
  return isMoving(node) ? isConstant(node.arg, value) : node.kind === 'constant' && node.value === value
}
