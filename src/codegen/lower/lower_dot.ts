/** Matrix products: those that a loop adds up are its sums, others have sums of their own. */
import { depthOf } from '../../ir/dot_axes.ts'
import type { DotNode, Node } from '../../ir/node.ts'
import { contractionOf } from '../contraction/choose_contraction.ts'
import { wordsAlongDepth } from '../contraction/packed_operands.ts'
import type { Layout } from '../layout/layout.ts'
import type { DotOperands } from '../state/contraction.ts'
import type { Lowering } from '../state/lowering.ts'
import { named, type Registers } from '../state/registers.ts'
import { valueIn } from '../values/values.ts'

/** `a · b + acc`; nothing where a loop carries the sums, which are read after it. */
export function lowerDot(lowering: Lowering, node: DotNode): Registers | undefined {
  const carried = lowering.sums.get(node)
  const sums = carried ?? contractionOf(lowering, node).begin(node.acc)
  sums.add(dotOperands(lowering, node), lowering.prefetch.get(node))
  return carried ? undefined : sums.end()
}

/** The operands in registers, each in the layout that the product takes it in, or that of its class. */
function dotOperands(lowering: Lowering, dot: DotNode): DotOperands {
  const product = lowering.layouts.product(dot)
  const operandIn = (value: Node, wanted: Layout | undefined): Registers => {
    const layout = wanted ?? lowering.layoutOf(value)
    return named(lowering.out, valueIn(lowering, value, layout), 'v')
  }
  const packed = lowering.packedDots.of(dot)
  if (packed) {
    const depth = depthOf(dot)
    const [a, b] = [wordsAlongDepth(lowering, packed.a, depth), wordsAlongDepth(lowering, packed.b, depth)]
    return { a, b, packed }
  }
  const { weights, scale } = lowering.rightOperands.of(dot)
  return {
    a: operandIn(dot.a, product?.a),
    b: operandIn(weights, product?.b),
    scale: scale && operandIn(scale, product?.b),
  }
}
