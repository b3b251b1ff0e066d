/**
 * Operands of products that a loop does not change, like the queries of attention: they are put in place
 * once, before the loop, instead of in every round.
 */
import { stripViews } from '../../ir/dim_index.ts'
import type { DotNode, LoopNode, Node } from '../../ir/node.ts'
import type { Lowering } from '../state/lowering.ts'
import type { Side } from '../state/matrix_operand.ts'
import { stageRows } from './fma.ts'
import { readyOperand } from './matrix/matrix_operands.ts'

const SIDES: readonly Side[] = ['a', 'b']

/** Before a loop: stages what its products take from outside; `end` is for after it. */
export function stageAhead(lowering: Lowering, loop: LoopNode): { readonly end: () => void } {
  const { ahead, rowsAhead, memory } = lowering
  const found = [...operandsAhead(lowering, loop)]
  for (const [dot, sides] of found) {
    for (const side of sides) forgetViews(lowering, loop, dot[side])
    const plan = lowering.layouts.matrix(dot)
    if (plan)
      ahead.set(dot, Object.fromEntries(sides.map((side) => [side, readyOperand(lowering, dot, plan, side)])))
    else rowsAhead.set(dot, Object.fromEntries(sides.map((side) => [side, stageRows(lowering, dot, side)])))
  }
  return {
    end() {
      for (const [dot] of found) {
        for (const { staged, fragments } of Object.values(ahead.get(dot) ?? {}))
          if (fragments.size === 0) memory.release(staged.array)
        for (const { array } of Object.values(rowsAhead.get(dot) ?? {})) memory.release(array)
        ahead.delete(dot)
        rowsAhead.delete(dot)
      }
    },
  }
}

/** The operands of a loop's products that are put in place before it. */
export function operandsAhead(lowering: Lowering, loop: LoopNode): ReadonlyMap<DotNode, readonly Side[]> {
  const made = new Set<Node>([...loop.body, ...loop.phis])
  const found = new Map<DotNode, readonly Side[]>()
  for (const dot of loop.body) {
    if (dot.kind !== 'dot' || !isStaged(lowering, dot)) continue
    const sides = SIDES.filter((side) => !made.has(stripViews(dot[side])))
    if (sides.length > 0 && (lowering.layouts.matrix(dot) || lowering.mayTakeRoom())) found.set(dot, sides)
  }
  return found
}

/**
 * Views that the loop makes of what was there before: it may have been lowered before, from another value.
 */
function forgetViews(lowering: Lowering, loop: LoopNode, value: Node): void {
  if (value.kind !== 'view' || !loop.body.includes(value)) return
  lowering.values.delete(value)
  forgetViews(lowering, loop, value.arg)
}

/** True for products whose operands lie in workgroup memory as they are. */
function isStaged(lowering: Lowering, dot: DotNode): boolean {
  if (lowering.layouts.matrix(dot)) return true
  if (lowering.layouts.product(dot) || lowering.packedDots.of(dot)) return false
  const { weights, scale } = lowering.rightOperands.of(dot)
  return weights === dot.b && scale === undefined
}
