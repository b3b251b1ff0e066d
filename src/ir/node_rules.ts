/**
 * The table of node kinds. A new kind is an interface in node.ts, a row (here, or in pure_rules.ts or
 * crossing_rules.ts where it belongs to those), and its code in codegen; the compiler names these places.
 * Passes need nothing else, unless they treat its class by hand.
 */
import { CROSSING_RULES } from './crossing_rules.ts'
import type { Value } from './interpret_values.ts'
import type {
  Axis,
  CrossingNode,
  Kind,
  MemoryNode,
  MovingNode,
  Node,
  NodeOfKind,
  NodeSpec,
  PureNode,
  WriteNode,
} from './node.ts'
import {
  type AnyNodeRule,
  type Facts,
  mustHold,
  type NodeRule,
  type OperandRole,
  type Outside,
  type PrintedNames,
} from './node_rule.ts'
import { PURE_RULES } from './pure_rules.ts'
import { EVENT, sameAxes, sameType } from './rule_bases.ts'

const NODE_RULES: { readonly [K in Kind]: NodeRule<NodeOfKind<K>> } = {
  ...PURE_RULES,
  ...CROSSING_RULES,
  load: {
    ...EVENT,
    operands: { index: 'position', mask: 'same' },
    effect: 'read',
    verify: verifyAccess,
    print: (node, names) =>
      `load ${maskedPlace(node, names)}${node.fill === undefined ? '' : ` else ${node.fill}`}`,
  },
  store: {
    ...EVENT,
    operands: { index: 'position', value: 'same', mask: 'same' },
    effect: 'write',
    verify: verifyAccess,
    print: (node, names) => `store ${maskedPlace(node, names)} = ${names.refs([node.value])}`,
  },
  atomic: {
    ...EVENT,
    operands: { index: 'position', value: 'same', expected: 'same', mask: 'same' },
    effect: 'write',
    verify: verifyAccess,
    print(node, names) {
      const { op, value, expected } = node
      return `atomic ${op} ${maskedPlace(node, names)}, ${names.refs(expected ? [value, expected] : [value])}`
    },
  },
  phi: { ...EVENT, print: () => 'phi' },
  loop: {
    ...EVENT,
    operands: { begins: 'bound', ends: 'bound', inits: 'carried', phis: 'own', body: 'own', yields: 'own' },
    effect: 'body',
    print: () => 'loop',
  },
  result: {
    ...EVENT,
    operands: { loop: 'carried' },
    verify: (node) => mustHold(sameType(node, node.loop.phis[node.index]), `result ${node.id} is off`),
    print: ({ loop, index }, { refs }) => `result ${refs([loop])} ${index}`,
  },
}

/** The row of a node's kind. */
export function ruleOf({ kind }: Pick<Node, 'kind'>): AnyNodeRule {
  return NODE_RULES[kind] as unknown as AnyNodeRule
}

type Role = readonly [field: string, role: OperandRole]

const ROLES: ReadonlyMap<Kind, readonly Role[]> = new Map(
  (Object.keys(NODE_RULES) as Kind[]).map((kind) => [
    kind,
    Object.entries(ruleOf({ kind }).operands).flatMap(([field, role]) =>
      role === 'own' ? [] : [[field, role] as const],
    ),
  ]),
)

/** The fields that hold a node's operands, in order, with their roles. */
export function operandFields({ kind }: Pick<Node, 'kind'>): readonly Role[] {
  return ROLES.get(kind) ?? []
}

/** What such a field of a node holds. */
export function fieldOf(node: NodeSpec, field: string): Node | readonly Node[] | undefined {
  return node[field as keyof NodeSpec] as unknown as Node | readonly Node[] | undefined
}

type Pure<N extends NodeSpec> = Extract<N, { kind: PureNode['kind'] }>

/** True for nodes that neither touch memory nor own a region: equal ones are interchangeable. */
export function isPure<N extends NodeSpec>(node: N): node is Pure<N>
export function isPure(node: Pick<Node, 'kind'>): boolean
export function isPure(node: Pick<Node, 'kind'>): boolean {
  return ruleOf(node).pure
}

type Moving<N extends NodeSpec> = Extract<N, { kind: MovingNode['kind'] }>

/** True for what gives the elements of its operand other places. */
export function isMoving<N extends NodeSpec>(node: N): node is Moving<N> {
  return ruleOf(node).moves
}

type Crossing<N extends NodeSpec> = Extract<N, { kind: CrossingNode['kind'] }>

/** True for what mixes elements along an axis. */
export function isCrossing<N extends NodeSpec>(node: N): node is Crossing<N> {
  return ruleOf(node).crosses !== undefined
}

/** The axes of its operands that a node mixes the elements of. */
export function crossedAxes(node: NodeSpec): readonly Axis[] {
  return ruleOf(node).crosses?.(node) ?? []
}

/** True when a node can take its operands in chunks along an axis that it crosses, one after another. */
export function canStream(node: NodeSpec): boolean {
  return ruleOf(node).streams?.(node) ?? false
}

/** What elements of its operands must be past the end of a range that it crosses, to change nothing. */
export function outsideOf(node: Crossing<NodeSpec>): Outside {
  return ruleOf(node).outside?.(node) ?? 'anything'
}

/** Its value on the CPU. */
export function computedValue(node: PureNode | CrossingNode, facts: Facts): Value {
  const { value } = ruleOf(node)
  if (value) return value(node, facts)
  throw new Error(`the ${node.kind} ${node.id} has no value`)
}

type Memory<N extends NodeSpec> = Extract<N, { kind: MemoryNode['kind'] }>

/** True for what touches the memory of a tensor. */
export function isMemory<N extends NodeSpec>(node: N): node is Memory<N> {
  const { effect } = ruleOf(node)
  return effect === 'read' || effect === 'write'
}

/** True for what changes the memory of a tensor. */
export function isWrite(node: Node): node is WriteNode {
  return ruleOf(node).effect === 'write'
}

/** The value that an access moves; of an atomic what it gives, unless nobody reads that. */
export function accessed(node: MemoryNode): Node {
  const gives = !isWrite(node) || (node.kind === 'atomic' && node.type.axes.length > 0)
  return gives ? node : node.value
}

function maskedPlace(node: MemoryNode, { place, refs }: PrintedNames): string {
  return node.mask ? `${place(node)} where ${refs([node.mask])}` : place(node)
}

function verifyAccess(node: MemoryNode, ranks: readonly number[]): void {
  const { kind, id, index, tensor, mask } = node
  mustHold(index.length === ranks[tensor], `${kind} ${id} has ${index.length} indices`)
  for (const { type } of index) mustHold(type.dtype === 'i32', `${kind} ${id} has a float index`)
  if (!mask) return
  const { dtype, axes } = mask.type
  const fits = axes.length === 0 || sameAxes(axes, accessed(node).type.axes)
  mustHold(dtype === 'bool' && fits, `${kind} ${id} has an odd mask`)
}
