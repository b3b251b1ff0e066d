/** The rows of node kinds that mix elements along an axis, see node_rules.ts. */
import { isFloat } from '../support/dtypes.ts'
import { depthOf } from './dot_axes.ts'
import { fold, scan, sort } from './interpret_combine.ts'
import { dot, gather, reduce } from './interpret_values.ts'
import { lastInOrder, neutralOf } from './neutral.ts'
import {
  type CrossingNode,
  type DotNode,
  type FoldNode,
  type GatherNode,
  type Node,
  type NodeOfKind,
  ONE,
  type ScanNode,
} from './node.ts'
import { mustHold, type NodeRule, type PrintedNames } from './node_rule.ts'
import { EVENT, sameAxes, sameType } from './rule_bases.ts'

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

export const CROSSING_RULES: { readonly [K in CrossingNode['kind']]: NodeRule<NodeOfKind<K>> } = {
  reduce: {
    ...EVENT,
    operands: { arg: 'whole' },
    method: ({ op }) => op,
    value: ({ op, arg, axis, type }, facts) => reduce(op, type.dtype, facts.input(arg), axis),
    outside: ({ op, arg }) => neutralOf(op, arg.type.dtype),
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
    value: (node, facts) => fold(node, node.args.map(facts.input), facts.state),
    outside: () => 'states',
    verify(node) {
      verifyCombining(node)
      const left = node.args[0]?.type.axes.filter((_, i) => i !== node.axis)
      mustHold(sameAxes(left ?? [], node.type.axes), `fold ${node.id} has odd axes`)
    },
  },
  scan: {
    ...COMBINING,
    operands: { args: 'same' },
    value: (node, facts) => scan(node, node.args.map(facts.input), facts.state),
    // Those outside come last, where nothing follows them.
    outside: ({ reverse }) => (reverse ? 'states' : 'anything'),
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
    value: (node, facts) => sort(node, facts.input(node.arg)),
    outside: ({ arg, descending }) => lastInOrder(arg.type.dtype, descending),
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
    value({ a, b, acc, rescale, type: { dtype, axes } }, { input }) {
      return dot(dtype, axes, input(a), input(b), acc && input(acc), rescale && input(rescale))
    },
    outside: () => 'factors',
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
    value({ arg, along, index, type: { axes } }, { input, span, lengths }) {
      const limits = along.map((at) => {
        const block = arg.type.axes[at] ?? ONE
        return block === ONE ? 1 : span(block).inside
      })
      return gather(input(arg), { axes, shape: lengths(axes), along, limits, positions: index.map(input) })
    },
    // It looks at its positions itself.
    outside: () => 'anything',
    crosses: ({ arg, along }) => along.map((axis) => arg.type.axes[axis] ?? ONE),
    streams: () => false,
    verify: verifyGather,
    print: ({ arg, along, index }, { refs }) =>
      `gather ${refs([arg])} along ${along.join(', ')} at ${refs(index)}`,
  },
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
