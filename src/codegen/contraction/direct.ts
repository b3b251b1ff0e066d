/**
 * Products of few rows: nothing is staged. A thread multiplies what it loaded of the right operand by what it
 * reads of the few rows of the left one, and adds to sums in registers. Threads share the contracted
 * dimension; their sums are added at the end, over lanes by shuffles, over the rest through workgroup memory,
 * where each thread takes the elements that it has in the layout of the dot's class.
 */
import { depthOf } from '../../ir/dot_axes.ts'
import type { BlockId, DotNode, Node } from '../../ir/node.ts'
import { isFloat } from '../../support/dtypes.ts'
import { sum } from '../../support/maths.ts'
import type { Layout } from '../layout/layout.ts'
import type { ProductLayouts } from '../layout/product_layout.ts'
import { convertLayout, sumThroughMemory } from '../lower/lower_convert.ts'
import type { Lowering } from '../lower/lowering.ts'
import { reduceRegisters, simpleReduction } from '../reductions/lower_reduce.ts'
import { reduceInSubgroups } from '../reductions/reduce_threads.ts'
import {
  chunkRegisters,
  chunkWidth,
  compose,
  eachChunk,
  type Registers,
  scalarOf,
  variables,
  wholeChunk,
} from '../values/registers.ts'
import { valueIn } from '../values/values.ts'
import type { Contraction, DotOperands } from './contraction.ts'
import { isZero } from './sliced_fma.ts'

/** `layout` is that of the dot's class. */
export function directContraction(
  lowering: Lowering,
  dot: DotNode,
  layout: Layout,
  { sums: sumsLayout }: ProductLayouts,
): Contraction {
  const { out, e } = lowering
  const depth = depthOf(dot)
  return {
    begin(init) {
      const first = initialValue(lowering, init, layout)
      const sums = variables(out, scalarOf(sumsLayout, e.literal(0, dot.type.dtype)), 'acc')
      return {
        add(operands, afterStaging) {
          addProducts(lowering, sums, afterStaging ? kept(lowering, operands) : operands, depth, afterStaging)
        },
        end: () => plus(lowering, sumOverThreads(lowering, sums, depth, layout), first),
      }
    },
  }
}

/** What the sums are added to in the end; undefined for zeros. */
function initialValue(lowering: Lowering, init: Node | undefined, layout: Layout): Registers | undefined {
  return init && !isZero(init) ? valueIn(lowering, init, layout) : undefined
}

/** The operands under names of their own: the variables that they wait in are about to change. */
function kept({ out }: Lowering, { a, b }: DotOperands): DotOperands {
  const copy = (value: Registers): Registers => {
    return { ...value, chunks: value.chunks.map((chunk) => out.let('now', chunk)) }
  }
  return { a: copy(a), b: copy(b) }
}

function addProducts(
  { out, e }: Lowering,
  sums: Registers,
  { a, b }: DotOperands,
  depth: BlockId,
  before: (() => void) | undefined,
): void {
  before?.()
  const { layout, dtype } = sums
  const factors = [a, b].map((value) =>
    eachChunk(value, dtype, (chunk) => out.shared('factor', e.convert(dtype, chunk))),
  )
  for (const step of stepsAlong(b.layout, layout, depth))
    chunkRegisters(layout).forEach((registers, i) => {
      const [x, y] = factors.map((value) => {
        const holder = (register: number): number =>
          value.layout.registerAt(
            (block) => layout.registerOffset(register, block) + (block === depth ? step : 0),
          )
        return e.splat(compose(e, value, registers.map(holder)), chunkWidth(layout))
      })
      const total = sums.chunks[i]
      if (x && y && total)
        out.assign(total, isFloat(dtype) ? e.call('fma', x, y, total) : e.add(total, e.mul(x, y)))
    })
}

/** Distances along the contracted block between what a thread has of an operand and adds to the same sum. */
function stepsAlong(operand: Layout, sums: Layout, depth: BlockId): readonly number[] {
  const bits = operand.registers.filter(
    ({ block, bit }) => block === depth && !sums.registers.some((s) => s.block === depth && s.bit === bit),
  )
  return Array.from({ length: 2 ** bits.length }, (_, choice) =>
    sum(bits.map(({ bit }, i) => (choice & (1 << i) ? 2 ** bit : 0))),
  )
}

/** The sums over all threads that share the contracted dimension, in `layout`. */
function sumOverThreads(lowering: Lowering, sums: Registers, depth: BlockId, layout: Layout): Registers {
  const reduction = simpleReduction(lowering, 'sum', depth, sums.dtype)
  const [own = sums] = reduceRegisters(lowering, reduction, [sums])
  const inSubgroups = reduceInSubgroups(lowering, reduction, own)
  const isLeft = inSubgroups.layout.threads.some((bit) => bit?.block === depth)
  return isLeft
    ? sumThroughMemory(lowering, inSubgroups, depth, layout)
    : convertLayout(lowering, inSubgroups, layout)
}

function plus({ out, e }: Lowering, value: Registers, more: Registers | undefined): Registers {
  if (!more) return value
  const chunks = value.chunks.map((chunk, i) => out.let('total', e.add(chunk, wholeChunk(e, more, i))))
  return { ...value, chunks }
}
