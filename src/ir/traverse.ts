/** Walking and rewriting of regions: the operands of a node, copies with substitution, dead code. */
import { type RegionBuilder, tileType } from './build.ts'
import type { LoopNode, Node, NodeSpec, PhiNode, Region } from './node.ts'
import type { OperandRole } from './node_rule.ts'
import { fieldOf, isWrite, operandFields } from './node_rules.ts'

/** Values that a node reads, not counting what the body of a loop reads from outside. */
export function operandsOf(node: Node): readonly Node[] {
  const operands: Node[] = []
  for (const [field] of operandFields(node)) {
    const held = fieldOf(node, field)
    if (held === undefined) continue
    if ('kind' in held) operands.push(held)
    else operands.push(...held)
  }
  return operands
}

/** The same, each with the way in which its elements meet those of the node. */
export function operandRoles(node: Node): readonly { readonly operand: Node; readonly role: OperandRole }[] {
  return operandFields(node).flatMap(([field, role]) =>
    [fieldOf(node, field) ?? []].flat().map((operand) => ({ operand, role })),
  )
}

/** A copy of `node` with every operand replaced; regions of loops are left as they are. */
export function withOperands(node: NodeSpec, replace: (operand: Node) => Node): NodeSpec {
  const { id: _id, ...spec } = node as Node
  const copy: Record<string, unknown> = spec
  for (const [field] of operandFields(node)) {
    const held = fieldOf(node, field)
    copy[field] = held && ('kind' in held ? replace(held) : held.map(replace))
  }
  return spec
}

/** Calls `visit` for every node, loop bodies after their loop, in program order. */
export function walk(region: Region, visit: (node: Node, depth: number) => void, depth = 0): void {
  for (const node of region) {
    visit(node, depth)
    if (node.kind === 'loop') walk(node.body, visit, depth + 1)
  }
}

/** Values that a node reads, those that a loop hands from round to round included. */
export function readsOf(node: Node): readonly Node[] {
  return node.kind === 'loop' ? [...operandsOf(node), ...node.yields] : operandsOf(node)
}

/** What the rounds of a loop read: what its nodes do, loops in it included, and what goes on to the next. */
export function readInside({ body, yields }: LoopNode): readonly Node[] {
  const read = [...yields]
  walk(body, (node) => void read.push(...readsOf(node)))
  return read
}

/** True for nodes that must run even when nothing reads them. */
export function hasEffect(node: Node): boolean {
  return isWrite(node) || (node.kind === 'loop' && node.body.some(hasEffect))
}

/**
 * What becomes of one node in a copy, its operands already replaced: something else to add, a node that was
 * added already, or nothing (then nobody may use it).
 */
export type Transform = (spec: NodeSpec, node: Node, builder: RegionBuilder) => NodeSpec | Node | undefined

/** Copies a region into `builder`; `map` starts with values to substitute and ends with every node's copy. */
export function rewriteRegion(
  region: Region,
  builder: RegionBuilder,
  map: Map<Node, Node>,
  transform: Transform = (spec) => spec,
): void {
  const replace = (operand: Node): Node => map.get(operand) ?? operand
  for (const node of region) {
    let spec = withOperands(node, replace)
    if (spec.kind === 'loop') spec = rewriteLoop(spec, builder, map, transform)
    const result = transform(spec, node, builder)
    if (result) map.set(node, 'id' in result ? result : builder.add(result))
  }
}

/** Adds a pure value and what it is computed of, as coming from `location`; gives the value there. */
export function copyInto(builder: RegionBuilder, node: Node, location: Node['location']): Node {
  const found = new Set<Node>()
  const waiting = [node]
  for (let value = waiting.pop(); value; value = waiting.pop()) {
    if (found.has(value)) continue
    found.add(value)
    waiting.push(...operandsOf(value))
  }
  const map = new Map<Node, Node>()
  const inOrder = [...found].sort((a, b) => a.id - b.id)
  rewriteRegion(inOrder, builder, map, (spec) => ({ ...spec, location }))
  return map.get(node) ?? node
}

/**
 * Removes everything that does not lead to a store or an atomic, and values of atomics that nobody reads; the
 * same region where there is nothing of the kind.
 */
export function removeDeadNodes(
  region: Region,
  builder: RegionBuilder,
  map: Map<Node, Node> = new Map(),
): Region {
  const live = liveNodes(region)
  const read = new Set([...live].flatMap(readsOf))
  const isUnread = (node: Node): boolean =>
    node.kind === 'atomic' && node.type.axes.length > 0 && !read.has(node)
  let isClean = true
  walk(region, (node) => {
    isClean &&= live.has(node) && !isUnread(node)
  })
  if (isClean) return region
  rewriteRegion(region, builder, map, (spec, node) => {
    if (!live.has(node)) return undefined
    return isUnread(node) ? { ...spec, type: tileType(spec.type.dtype) } : spec
  })
  return builder.nodes
}

/** What leads to a store or an atomic. */
export function liveNodes(region: Region): ReadonlySet<Node> {
  const live = new Set<Node>()
  // A stack of its own: chains of operations may be longer than JavaScript's goes deep.
  const waiting = region.filter(hasEffect)
  for (let node = waiting.pop(); node; node = waiting.pop()) {
    if (live.has(node)) continue
    live.add(node)
    for (const operand of operandsOf(node)) waiting.push(operand)
    if (node.kind !== 'loop') continue
    for (const inner of [...node.yields, ...node.body.filter(hasEffect)]) waiting.push(inner)
  }
  return live
}

type LoopSpec = Extract<NodeSpec, { kind: 'loop' }>

function rewriteLoop(
  spec: LoopSpec,
  outer: RegionBuilder,
  map: Map<Node, Node>,
  transform: Transform,
): LoopSpec {
  const phiOf = (phi: Omit<PhiNode, 'id'>, old: PhiNode, inner: RegionBuilder): Omit<PhiNode, 'id'> =>
    (transform(phi, old, inner) ?? phi) as Omit<PhiNode, 'id'>
  return copiedLoop(spec, outer, map, phiOf, (inner) => rewriteRegion(spec.body, inner, map, transform))
}

/** A copy of `loop` with a body that `write` makes, and what it reads and carries from `map`. */
export function loopWithBody(
  loop: LoopNode,
  outer: RegionBuilder,
  map: Map<Node, Node>,
  write: (inner: RegionBuilder, map: Map<Node, Node>) => void,
): LoopSpec {
  const spec = withOperands(loop, (operand) => map.get(operand) ?? operand) as LoopSpec
  return copiedLoop(
    spec,
    outer,
    map,
    (phi) => phi,
    (inner) => write(inner, map),
  )
}

function copiedLoop(
  spec: LoopSpec,
  outer: RegionBuilder,
  map: Map<Node, Node>,
  phiOf: (phi: Omit<PhiNode, 'id'>, old: PhiNode, inner: RegionBuilder) => Omit<PhiNode, 'id'>,
  write: (inner: RegionBuilder) => void,
): LoopSpec {
  const inner = outer.nested()
  const phis = spec.phis.map((phi) => {
    const { id: _id, ...phiSpec } = phi
    const copy = inner.make(phiOf(phiSpec, phi, inner))
    map.set(phi, copy)
    return copy
  })
  write(inner)
  return { ...spec, phis, body: inner.nodes, yields: spec.yields.map((value) => map.get(value) ?? value) }
}

/** True for parts of one computation. */
export function isSameButPart(a: Node, b: Node): boolean {
  const own = new Set(['id', 'type', 'location', 'part'])
  const same = (x: unknown, y: unknown): boolean =>
    x === y ||
    (Array.isArray(x) && Array.isArray(y) && x.length === y.length && x.every((item, i) => item === y[i]))
  return Object.entries(a).every(([name, value]) => own.has(name) || same(value, b[name as keyof Node]))
}
