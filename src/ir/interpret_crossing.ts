/** Values of the reference interpreter that mix the elements along an axis. */
import { unreachable } from '../support/errors.ts'
import type { Fact } from './combine.ts'
import { fold, scan, sort } from './interpret_combine.ts'
import { dot, reduce, type Value } from './interpret_values.ts'
import type { CrossingNode, Node } from './node.ts'

/** `inputOf` has the operands, `factOf` what a function of states may name. */
export function crossing(
  node: Exclude<CrossingNode, { kind: 'gather' }>,
  inputOf: (node: Node) => Value,
  factOf: (fact: Fact) => number,
): Value {
  const { dtype, axes } = node.type
  switch (node.kind) {
    case 'reduce':
      return reduce(node.op, dtype, inputOf(node.arg), node.axis)
    case 'fold':
      return fold(node, node.args.map(inputOf), factOf)
    case 'scan':
      return scan(node, node.args.map(inputOf), factOf)
    case 'sort':
      return sort(node, inputOf(node.arg))
    case 'dot':
      return dot(
        dtype,
        axes,
        inputOf(node.a),
        inputOf(node.b),
        node.acc && inputOf(node.acc),
        node.rescale && inputOf(node.rescale),
      )
    default:
      return unreachable(node)
  }
}
