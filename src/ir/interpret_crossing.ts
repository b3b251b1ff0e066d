/** Values of the reference interpreter that mix the elements along an axis. */
import { unreachable } from '../support/errors.ts'
import type { Fact } from './combine.ts'
import { fold, scan, sort } from './interpret_combine.ts'
import { dot, reduce, type Value } from './interpret_values.ts'
import type { CrossingNode, Node } from './node.ts'

/** `valueOf` has the operands, `factOf` what a function of states may name. */
export function crossing(
  node: Exclude<CrossingNode, { kind: 'gather' }>,
  valueOf: (node: Node) => Value,
  factOf: (fact: Fact) => number,
): Value {
  const { dtype, axes } = node.type
  switch (node.kind) {
    case 'reduce':
      return reduce(node.op, dtype, valueOf(node.arg), node.axis)
    case 'fold':
      return fold(node, node.args.map(valueOf), factOf)
    case 'scan':
      return scan(node, node.args.map(valueOf), factOf)
    case 'sort':
      return sort(node, valueOf(node.arg))
    case 'dot':
      return dot(dtype, axes, valueOf(node.a), valueOf(node.b), node.acc && valueOf(node.acc))
    default:
      return unreachable(node)
  }
}
