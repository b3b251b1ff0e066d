/** Matrix products: those that a loop adds up are its sums, others have sums of their own. */
import type { DotNode } from '../../ir/node.ts'
import { contractionOf } from '../contraction/choose_contraction.ts'
import type { Lowering } from '../state/lowering.ts'
import type { Registers } from '../state/registers.ts'
import { dotOperands } from '../values/dot_operands.ts'

/** `a · b + acc`; nothing where a loop carries the sums, which are read after it. */
export function lowerDot(lowering: Lowering, node: DotNode): Registers | undefined {
  const carried = lowering.sums.get(node)
  const sums = carried ?? contractionOf(lowering, node).begin(node.acc)
  sums.add(dotOperands(lowering, node), lowering.prefetch.get(node))
  return carried ? undefined : sums.end()
}
