/**
 * Operands of products, as their contraction takes them: values in registers, of 8-bit integers words of four
 * neighbours along what is contracted.
 */

import { depthOf } from '../../ir/dot_axes.ts'
import type { DotNode, Node } from '../../ir/node.ts'
import { isPacked } from '../../support/storage_types.ts'
import type { Layout } from '../layout/layout.ts'
import type { DotOperands } from '../state/contraction.ts'
import type { Lowering } from '../state/lowering.ts'
import type { Side } from '../state/matrix_operand.ts'
import { named, type Registers } from '../state/registers.ts'
import { packedAlongDepth, wordsAlongDepth } from './byte_operands.ts'
import { valueIn } from './values.ts'

/** Both, each in the layout that the product takes it in, or that of its class. */
export function dotOperands(lowering: Lowering, dot: DotNode): DotOperands {
  const { scale } = lowering.rightOperands.of(dot)
  return {
    a: dotOperand(lowering, dot, 'a'),
    b: dotOperand(lowering, dot, 'b'),
    scale: scale && inRegisters(lowering, scale, lowering.layouts.product(dot)?.b),
    packed: lowering.packedDots.of(dot),
  }
}

/** One of them. */
export function dotOperand(lowering: Lowering, dot: DotNode, side: Side): Registers {
  const { packedDots, layouts, rightOperands } = lowering
  const packed = packedDots.of(dot)
  if (packed) return wordsAlongDepth(lowering, packed[side], depthOf(dot))
  const node = side === 'a' ? dot.a : rightOperands.of(dot).weights
  const value = inRegisters(lowering, node, layouts.product(dot)?.[side])
  const elements = layouts.matrix(dot)?.operand
  return elements && isPacked(elements) ? packedAlongDepth(lowering, value, elements, depthOf(dot)) : value
}

function inRegisters(lowering: Lowering, node: Node, wanted: Layout | undefined): Registers {
  const layout = wanted ?? lowering.layoutOf(node)
  return named(lowering.out, valueIn(lowering, node, layout), 'v')
}
