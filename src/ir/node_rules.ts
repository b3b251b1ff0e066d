/**
 * The table of node kinds. A new kind is an interface in node.ts, a row here, its value in interpret.ts and
 * its code in codegen/lower; the compiler names these places, and passes need nothing else unless the kind
 * belongs to a class that they treat by hand (`PureNode`, `CrossingNode`).
 */
import { isFloat } from '../support/dtypes.ts'
import { depthOf } from './dot_axes.ts'
import {
  type Axis,
  type CrossingNode,
  type DotNode,
  type FoldNode,
  type GatherNode,
  type Kind,
  type MapNode,
  type MemoryNode,
  type MovingNode,
  type Node,
  type NodeOfKind,
  type NodeSpec,
  ONE,
  type PureNode,
  type ScanNode,
  type WriteNode,
} from './node.ts'
import {
  type AnyNodeRule,
  mustHold,
  type NodeRule,
  type OperandRole,
  type PrintedNames,
} from './node_rule.ts'
import { OPS } from './ops.ts'

const nothingMore = (): void => undefined

/** A fact that is known without operands. */
const FACT = {
  operands: {},
  pure: true,
  moves: false,
  effect: 'none',
  uniform: 'always',
  seesTiles: false,
  crosses: undefined,
  streams: undefined,
  method: undefined,
  verify: nothingMore,
} as const

/** Made of its operands element by element. */
const ELEMENTWISE = { ...FACT, uniform: 'as operands' } as const

/** The elements of its operand in other places. */
const MOVED = { ...ELEMENTWISE, moves: true } as const

/** Something that happens where it stands. */
const EVENT = { ...FACT, pure: false, uniform: 'never' } as const

/** Elements along an axis combined by a function. */
const COMBINING = {
  ...EVENT,
  method: ({ kind }: FoldNode | ScanNode) => (kind === 'fold' ? 'reduce' : 'associativeScan'),
  crosses: ({ args, axis }: Omit<FoldNode, 'id'> | Omit<ScanNode, 'id'>) => [args[0]?.type.axes[axis] ?? ONE],
  streams: () => true,
  print({ kind, part, args, axis, combine, identity }: FoldNode | ScanNode, names: PrintedNames) {
    const start = identity ? ` from ${identity.join(', ')}` : ''
    return `${kind} ${part} of ${names.refs(args)} along ${axis}${start} by ${names.combine(combine)}`
  },
} as const

const NODE_RULES: { readonly [K in Kind]: NodeRule<NodeOfKind<K>> } = {
  constant: { ...FACT, print: ({ value }) => (Object.is(value, -0) ? '-0' : String(value)) },
  size: { ...FACT, print: ({ size }, { size: text }) => `size ${text(size)}` },
  argument: {
    ...FACT,
    verify: ({ id, type }) => mustHold(type.dtype !== 'bool', `argument ${id} is a bool`),
    print: ({ argument }) => `argument ${argument}`,
  },
  index: { ...FACT, uniform: 'never', print: ({ block }, { axis }) => `index ${axis(block)}` },
  inside: { ...FACT, uniform: 'never', print: ({ block }, { axis }) => `inside ${axis(block)}` },
  range: { ...FACT, seesTiles: true, print: ({ what, block }, { axis }) => `${what} ${axis(block)}` },
  map: {
    ...ELEMENTWISE,
    operands: { args: 'same' },
    method: ({ op }) => op,
    verify: verifyMap,
    print: ({ op, args }, { refs }) => `${op} ${refs(args)}`,
  },
  inline: {
    ...ELEMENTWISE,
    operands: { args: 'same' },
    method: () => 'inlineWgsl',
    verify({ id, code, args, type }) {
      mustHold(args.length === code.parameters.length, `inline ${id} has ${args.length} operands`)
      const fits = args.every(({ type: { axes } }) => axes.length === 0 || sameAxes(axes, type.axes))
      mustHold(fits, `inline ${id} mixes shapes`)
    },
    print: ({ code, args }, { refs }) => `inline ${JSON.stringify(code.text)} ${refs(args)}`,
  },
  cast: {
    ...ELEMENTWISE,
    operands: { arg: 'same' },
    method: ({ bits }) => (bits ? 'bitcast' : 'to'),
    print: ({ bits, arg, through }, { refs }) =>
      `${bits ? 'bitcast' : 'cast'} ${refs([arg])}${through ? ` through ${through}` : ''}`,
  },
  view: {
    ...MOVED,
    operands: { arg: 'same' },
    verify({ id, axes, type, arg }) {
      const fits = axes.every((from, i) =>
        from === ONE ? type.axes[i] === ONE : arg.type.axes[from] === type.axes[i],
      )
      mustHold(axes.length === type.axes.length && fits, `view ${id} is off`)
    },
    print: ({ arg, axes }, { refs }) =>
      `view ${refs([arg])} (${axes.map((axis) => (axis === ONE ? 'new' : String(axis))).join(', ')})`,
  },
  broadcast: {
    ...MOVED,
    operands: { arg: 'part' },
    verify({ id, arg, type }) {
      const from = arg.type.axes
      const fits = from.length === 0 || from.length === type.axes.length
      mustHold(
        fits && from.every((axis, i) => axis === ONE || axis === type.axes[i]),
        `broadcast ${id} is off`,
      )
    },
    print: ({ arg }, { refs }) => `broadcast ${refs([arg])}`,
  },
  load: {
    ...EVENT,
    operands: { index: 'position', mask: 'same' },
    effect: 'read',
    verify: verifyAccess,
    print: (node, names) => `load ${maskedPlace(node, names)}`,
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
  reduce: {
    ...EVENT,
    operands: { arg: 'whole' },
    method: ({ op }) => op,
    crosses: ({ arg, axis }) => [arg.type.axes[axis] ?? ONE],
    // Positions would be those in a chunk.
    streams: ({ op }) => op !== 'argmax' && op !== 'argmin',
    verify({ id, arg, axis, type }) {
      mustHold(axis in arg.type.axes, `reduce ${id} is along axis ${axis}`)
      const left = arg.type.axes.filter((_, i) => i !== axis)
      mustHold(sameAxes(left, type.axes), `reduce ${id} has odd axes`)
    },
    print: ({ op, arg, axis }, { refs }) => `${op} ${refs([arg])} along ${axis}`,
  },
  fold: {
    ...COMBINING,
    operands: { args: 'whole' },
    verify(node) {
      verifyCombining(node)
      const left = node.args[0]?.type.axes.filter((_, i) => i !== node.axis)
      mustHold(sameAxes(left ?? [], node.type.axes), `fold ${node.id} has odd axes`)
    },
  },
  scan: {
    ...COMBINING,
    operands: { args: 'same' },
    verify(node) {
      verifyCombining(node)
      mustHold(sameType(node, node.args[node.part]), `scan ${node.id} has an odd type`)
    },
    print: (node, names) => `${node.reverse ? 'reverse ' : ''}${COMBINING.print(node, names)}`,
  },
  sort: {
    ...EVENT,
    operands: { arg: 'same' },
    method: () => 'sort',
    crosses: ({ arg, axis }) => [arg.type.axes[axis] ?? ONE],
    streams: () => false,
    verify({ id, arg, axis, part, type }) {
      mustHold(axis in arg.type.axes, `sort ${id} is along axis ${axis}`)
      const dtype = part === 0 ? arg.type.dtype : 'i32'
      mustHold(type.dtype === dtype && sameAxes(type.axes, arg.type.axes), `sort ${id} has an odd type`)
    },
    print: ({ arg, axis, descending, part }, { refs }) =>
      `sort ${part} of ${refs([arg])} along ${axis}${descending ? ' descending' : ''}`,
  },
  dot: {
    ...EVENT,
    operands: { a: 'left', b: 'right', acc: 'same', rescale: 'part' },
    method: () => 'dot',
    crosses: ({ a }) => [depthOf({ a })],
    streams: () => true,
    verify: verifyDot,
    print: ({ a, b, acc, rescale }, { refs }) =>
      `dot ${refs(acc ? [a, b, acc] : [a, b])}${rescale ? ` rescaled by ${refs([rescale])}` : ''}`,
  },
  gather: {
    ...EVENT,
    operands: { arg: 'source', index: 'position' },
    method: () => 'reshape',
    crosses: ({ arg, along }) => along.map((axis) => arg.type.axes[axis] ?? ONE),
    streams: () => false,
    verify: verifyGather,
    print: ({ arg, along, index }, { refs }) =>
      `gather ${refs([arg])} along ${along.join(', ')} at ${refs(index)}`,
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

function verifyDot({ id, a, b, acc, rescale, type }: DotNode): void {
  const [left, right] = [a.type.axes, b.type.axes]
  const rank = type.axes.length
  mustHold(rank >= 2 && left.length === rank && right.length === rank, `dot ${id} has odd ranks`)
  const isBatched = type.axes.slice(0, -2).every((axis, i) => {
    const found = [left[i], right[i]].filter((one) => one !== ONE)
    return found.every((one) => one === axis) && (axis === ONE || found.length > 0)
  })
  const isProduct = left.at(-1) === right.at(-2) && sameAxes(type.axes.slice(-2), [left.at(-2), right.at(-1)])
  mustHold(isBatched && isProduct, `dot ${id} has odd axes`)
  mustHold(acc === undefined || sameAxes(acc.type.axes, type.axes), `dot ${id} adds to odd axes`)
  const rows = [...type.axes.slice(0, -1), ONE]
  mustHold(
    rescale === undefined || (acc !== undefined && sameAxes(rescale.type.axes, rows)),
    `dot ${id} rescales odd axes`,
  )
  mustHold(isFloat(type.dtype) === isFloat(a.type.dtype), `dot ${id} mixes integers and floats`)
}

function verifyCombining({ id, kind, args, axis, part, combine, identity }: FoldNode | ScanNode): void {
  const [first] = args
  mustHold(first !== undefined && axis in first.type.axes, `${kind} ${id} is along axis ${axis}`)
  mustHold(part in args, `${kind} ${id} is part ${part}`)
  mustHold(
    args.every((arg) => sameAxes(arg.type.axes, first?.type.axes ?? [])),
    `${kind} ${id} mixes shapes`,
  )
  const states = [combine.left, combine.right, combine.results]
  for (const state of states) {
    const fits = state.length === args.length && args.every((arg, i) => isScalarOf(state[i], arg))
    mustHold(fits, `${kind} ${id} combines odd states`)
  }
  mustHold(identity === undefined || identity.length === args.length, `${kind} ${id} has an odd identity`)
}

function isScalarOf(node: Node | undefined, { type }: Node): boolean {
  return node?.type.dtype === type.dtype && node.type.axes.length === 0
}

function verifyGather({ id, type, arg, along, index }: GatherNode): void {
  mustHold(along.length > 0 && along.length === index.length, `gather ${id} has odd indices`)
  for (const node of index) mustHold(node.type.dtype === 'i32', `gather ${id} has a float index`)
  const kept = arg.type.axes.filter((_, axis) => !along.includes(axis))
  const axes = [...kept, ...index.flatMap((node) => node.type.axes)].filter((axis) => axis !== ONE)
  const found = type.axes.filter((axis) => axis !== ONE)
  const fits = axes.every((axis) => found.includes(axis)) && found.every((axis) => axes.includes(axis))
  mustHold(fits && type.dtype === arg.type.dtype, `gather ${id} has an odd type`)
}

function verifyMap({ op, id, args, type }: MapNode): void {
  const rule = OPS[op]
  mustHold(args.length === rule.arity, `${op} ${id} has ${args.length} operands`)
  for (const arg of args) {
    const fits = arg.type.axes.length === 0 || sameAxes(arg.type.axes, type.axes)
    mustHold(fits, `${op} ${id} mixes shapes`)
  }
  const dtypes = (rule.operands === 'select' ? args.slice(1) : args).map((arg) => arg.type.dtype)
  const agree = dtypes.every((dtype) => dtype === (rule.result === 'same' ? type.dtype : dtypes[0]))
  mustHold(agree && (rule.result === 'same' || type.dtype === 'bool'), `${op} ${id} mixes dtypes`)
}

/** True when both have the same dtype and axes. */
export function sameType(a: Node, b: Node | undefined): boolean {
  return b !== undefined && a.type.dtype === b.type.dtype && sameAxes(a.type.axes, b.type.axes)
}

function sameAxes(a: readonly Axis[], b: readonly (Axis | undefined)[]): boolean {
  return a.length === b.length && a.every((axis, i) => axis === b[i])
}
