/**
 * Products on matrix units: sums stay in fragments until the end, and come out through workgroup memory.
 */
import type { DotNode } from '../../../ir/node.ts'
import type { Layout } from '../../layout/layout.ts'
import type { MatrixDivision } from '../../layout/matrix_rules.ts'
import { type MatrixPlan, ownDepth } from '../../plan/matrix_plan.ts'
import type { Contraction, DotOperands, Sums } from '../../state/contraction.ts'
import type { Lowering } from '../../state/lowering.ts'
import type { Registers } from '../../state/registers.ts'
import { accessTo, type MemoryArray } from '../../thread/memory.ts'
import { questionToAll } from '../../values/any_invocation.ts'
import { convertLayout } from '../../values/convert_layout.ts'
import { initialValue, plus } from '../../values/initial_value.ts'
import { spreadTo } from '../../values/values.ts'
import { bandArray, type FragmentGrid, fromFragments, rescaleFragments } from './fragment_bands.ts'
import { type InPlace, operandInPlace } from './in_place.ts'
import { operandFragments, stageOperand } from './matrix_operands.ts'

export function subgroupMatrixContraction(
  lowering: Lowering,
  dot: DotNode,
  layout: Layout,
  plan: MatrixPlan,
): Contraction {
  return {
    begin(init) {
      return fragmentSums(lowering, dot, layout, plan, initialValue(lowering, init, plan.layout))
    },
  }
}

function fragmentSums(
  lowering: Lowering,
  dot: DotNode,
  layout: Layout,
  plan: MatrixPlan,
  init: Registers | undefined,
): Sums {
  const { out, memory, ahead, sums: carried } = lowering
  const { division, shape } = plan
  const part = { part: 'result', dtype: dot.type.dtype, shape } as const
  const sums = grid(division, () => out.fragmentZero('sum', part))
  const question = dot.rescale && questionToAll(lowering)
  // What comes out in every round takes the larger memory, operands the rest.
  const reserved = dot.acc ? undefined : bandArray(lowering, dot, plan)
  const staged: MemoryArray[] = []
  const release = (): void => {
    for (const array of staged.splice(0)) memory.release(array)
  }
  /** Rescales at once, or gives what does when the operands are in place: where there is memory for both. */
  const rescaling = (inPlace: InPlace | undefined): (() => void) | undefined => {
    if (!dot.rescale || !question) return undefined
    const factor = spreadTo(lowering, dot.rescale, plan.layout)
    const rescale = rescaleFragments(lowering, plan, sums, { question, factor })
    if (inPlace) return () => rescale(inPlace.operand.staged.array, inPlace.stage)
    const array = bandArray(lowering, dot, plan)
    const apply = (): void => {
      rescale(array)
      memory.release(array)
    }
    if (lowering.mayTakeRoom()) return apply
    apply()
    return undefined
  }
  return {
    add(operands, afterStaging) {
      const inPlace = ahead.get(dot)?.a ? undefined : operandInPlace(lowering, operands.a, plan)
      const whenStaged = rescaling(inPlace)
      const stages = { inPlace, whenStaged, afterStaging }
      staged.push(...addProducts(lowering, dot, plan, sums, operands, stages))
      // What comes out in every round takes other memory than the operands: that saves waiting for them.
      if (carried.has(dot)) release()
    },
    end() {
      const array = reserved ?? bandArray(lowering, dot, plan)
      const total = plus(lowering, fromFragments(lowering, dot, plan, sums, array), init)
      release()
      return total.layout.key === layout.key ? total : convertLayout(lowering, total, layout)
    },
  }
}

/** What is to be done once the operands are in place, and then before they are read. */
interface Stages {
  /** The left operand, where it does not go to memory of its own. */
  readonly inPlace: InPlace | undefined
  readonly whenStaged: (() => void) | undefined
  readonly afterStaging: (() => void) | undefined
}

/** Gives the memory that is not needed any more. */
function addProducts(
  lowering: Lowering,
  dot: DotNode,
  plan: MatrixPlan,
  sums: FragmentGrid,
  operands: DotOperands,
  { inPlace, whenStaged, afterStaging }: Stages,
): readonly MemoryArray[] {
  const { out, program, ahead, bound } = lowering
  const { a: left, b: right } = ahead.get(dot) ?? {}
  inPlace?.stage()
  const a = left ?? inPlace?.operand ?? stageOperand(lowering, operands.a, plan, 'a')
  const b = right ?? stageOperand(lowering, operands.b, plan, 'b')
  whenStaged?.()
  // The barrier comes before what may be emitted in between; the operands are read only after that.
  out.expect([a, b].map(({ staged }) => accessTo(staged.array, 'read', {})))
  const isLate = bound.config.lateLoads
  if (!isLate) afterStaging?.()
  for (let k = 0; k < ownDepth(program, plan); k += plan.shape.k) {
    const rows = operandFragments(lowering, a, plan, 'a', k)
    const columns = operandFragments(lowering, b, plan, 'b', k)
    rows.forEach((x, i) => {
      // Back and forth, so that neighbours in time share a fragment: 1 % on an H200.
      const order = [...columns.entries()]
      for (const [j, y] of i % 2 === 0 ? order : order.reverse()) {
        const sum = sums[i]?.[j]
        if (sum) out.fragmentMultiply(x, y, sum)
      }
    })
    if (isLate && k === 0) afterStaging?.()
  }
  return [...(left ? [] : [a]), ...(right ? [] : [b])].map(({ staged }) => staged.array)
}

/** Rows and columns of fragments of a subgroup. */
function grid<T>({ rows, columns }: MatrixDivision, make: () => T): readonly (readonly T[])[] {
  return Array.from({ length: 2 ** rows }, () => Array.from({ length: 2 ** columns }, make))
}
