/**
 * Left operands made of a result that came out of its fragments, like the weights of attention of its scores:
 * each lane writes its part over what it has read of the result, so that nobody waits and no further memory
 * is needed. A half is half as long as what it takes the place of: runs of them have gaps between them.
 */
import { log2Exact } from '../../../support/maths.ts'
import { bytesOf } from '../../../support/storage_types.ts'
import { bandPitch } from '../../layout/matrix_rules.ts'
import { vectorsAlong } from '../../layout/vectors.ts'
import type { MatrixPlan } from '../../plan/matrix_plan.ts'
import type { Lowering } from '../../state/lowering.ts'
import type { CameOut, MatrixOperand } from '../../state/matrix_operand.ts'
import type { Registers } from '../../state/registers.ts'
import { itemOf } from '../../values/memory_values.ts'
import { bandPlace } from './fragment_bands.ts'
import { ITEM_BYTES } from './matrix_operands.ts'

/** An operand whose memory is there, and what puts it in place. */
export interface InPlace {
  readonly operand: MatrixOperand
  readonly stage: () => void
}

/** Undefined where the operand does not lie as the result did. */
export function operandInPlace(lowering: Lowering, value: Registers, plan: MatrixPlan): InPlace | undefined {
  const from = lowering.cameOut.get(value.layout.key)
  if (!from || !isAlike(from, value, plan) || !lowering.memory.retake(from.array)) return undefined
  const { e, out } = lowering
  const { array, own } = from
  const { rows, columns, division, layout } = from.plan
  const runBits = layout.contiguity(columns)
  const width = ITEM_BYTES / bytesOf(plan.operand, 1)
  const at = bandPlace(lowering, from.plan)
  const staged = {
    array,
    fast: columns,
    slow: rows,
    free: rows,
    freeBits: division.m + division.rows,
    depthBits: division.n + division.columns,
    partBits: division.down,
    split: 0,
    width,
    pitch: bandPitch(division) / 4,
    runBits,
  }
  return {
    operand: { staged, dtype: plan.operand, fragments: new Map() },
    stage() {
      for (const registers of vectorsAlong(layout, columns, width)) {
        const [register = 0] = registers
        const along = layout.registerOffset(register, columns)
        const inRun = along % 2 ** runBits
        const { outer, index } = at(layout.registerOffset(register, rows), along - inRun)
        const place = e.sum([index], inRun / width)
        out.store(array, place, itemOf(e, value, registers, array.element), own, outer)
      }
    },
  }
}

/** True for halves in rows of one subgroup each, of which lanes have what a product takes at once. */
function isAlike({ array, plan: from }: CameOut, { dtype }: Registers, plan: MatrixPlan): boolean {
  const [result, operand] = [from.division, plan.division]
  const sameRows = (['m', 'rows', 'down', 'across', 'slices', 'split'] as const).every(
    (part) => result[part] === operand[part],
  )
  return (
    sameRows &&
    from.rows === plan.rows &&
    from.columns === plan.depth &&
    result.ownLanes !== undefined &&
    dtype === plan.operand &&
    2 * bytesOf(dtype, 1) === bytesOf(array.element.dtype, 1) &&
    from.layout.contiguity(from.columns) >= Math.max(log2Exact(plan.shape.k), 3)
  )
}
