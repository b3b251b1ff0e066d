/**
 * Products of few rows: nothing is staged. A thread multiplies what it loaded of the right operand by what it
 * reads of the few rows of the left one, and adds to sums in registers. Threads share the contracted
 * dimension; their sums are added at the end, over lanes by shuffles, over the rest through workgroup memory,
 * where each thread takes the elements that it has in the layout of the dot's class.
 */
import { depthOf } from '../../ir/dot_axes.ts'
import type { BlockId, DotNode } from '../../ir/node.ts'
import { sum } from '../../support/maths.ts'
import { WORD_BITS } from '../analysis/byte_loads.ts'
import type { CoordinateBit, Layout } from '../layout/layout.ts'
import type { ProductLayouts } from '../layout/product_layout.ts'
import { summedBits } from '../plan/right_operand.ts'
import { reduceRegisters, simpleReduction } from '../reductions/lower_reduce.ts'
import { reduceInSubgroups } from '../reductions/reduce_threads.ts'
import type { Contraction, DotOperands } from '../state/contraction.ts'
import type { Lowering } from '../state/lowering.ts'
import {
  chunkRegisters,
  chunkWidth,
  compose,
  eachChunk,
  type Registers,
  scalarOf,
  variables,
  wholeChunk,
} from '../state/registers.ts'
import type { Expr } from '../thread/expr.ts'
import { convertLayout, sumThroughMemory } from '../values/convert_layout.ts'
import { initialValue, plus } from '../values/initial_value.ts'
import { spreadTo } from '../values/values.ts'
import { multiplyAdd } from './multiply_add.ts'

/** `layout` is that of the dot's class. */
export function directContraction(
  lowering: Lowering,
  dot: DotNode,
  layout: Layout,
  product: ProductLayouts,
): Contraction {
  const { out, e } = lowering
  const depth = depthOf(dot)
  const least = lowering.packedDots.of(dot) ? WORD_BITS : 0
  const summed = summedBits(product, depth).filter(({ bit }) => bit >= least)
  const groups = groupsOf(summed, lowering.rightOperands.of(dot).sharedBits)
  return {
    begin(init) {
      const first = initialValue(lowering, init, layout)
      const sums = variables(out, scalarOf(product.sums, e.literal(0, dot.type.dtype)), 'acc')
      return {
        add(operands) {
          if (dot.rescale) rescale(lowering, sums, spreadTo(lowering, dot.rescale, product.sums))
          addProducts(lowering, sums, operands, groups, depth)
        },
        end: () => plus(lowering, sumOverThreads(lowering, sums, depth, layout), first),
      }
    },
  }
}

function rescale({ out, e }: Lowering, sums: Registers, factor: Registers): void {
  sums.chunks.forEach((total, i) => {
    out.assign(total, e.mul(total, wholeChunk(e, factor, i)))
  })
}

/** `groups` are the distances along the contracted block, those that share a scale together. */
function addProducts(
  lowering: Lowering,
  sums: Registers,
  { a, b, scale, packed }: DotOperands,
  groups: readonly (readonly number[])[],
  depth: BlockId,
): void {
  const { out, e } = lowering
  const { layout, dtype } = sums
  const [left = a, right = b, scales] = [a, b, scale].map(
    (value) =>
      value &&
      eachChunk(value, dtype, (chunk) => out.shared('factor', packed ? chunk : e.convert(dtype, chunk))),
  )
  for (const group of groups)
    chunkRegisters(layout).forEach((registers, i) => {
      const total = wholeChunk(e, sums, i)
      const factor = (value: Registers, step: number): Expr => {
        const at = (register: number, block: BlockId): number =>
          block === depth
            ? (layout.registerOffset(register, block) + step) >> (packed ? WORD_BITS : 0)
            : layout.registerOffset(register, block)
        const places = registers.map((r) => value.layout.registerAt((block) => at(r, block)))
        return e.splat(compose(e, value, places), chunkWidth(layout))
      }
      const add = (sum: Expr, step: number): Expr =>
        multiplyAdd(e, factor(left, step), factor(right, step), sum, packed)
      if (!scales) {
        for (const step of group) out.assign(total, add(total, step))
        return
      }
      const [first = 0, ...others] = group
      const part = others.reduce(
        (sum, step) => out.let('part', add(sum, step)),
        out.let('part', e.mul(factor(left, first), factor(right, first))),
      )
      out.assign(total, multiplyAdd(e, part, factor(scales, first), total))
    })
}

/** Distances that bits of a position make, in groups of those that differ in the first `shared` bits. */
function groupsOf(bits: readonly CoordinateBit[], shared: number): readonly (readonly number[])[] {
  const distances = (some: readonly CoordinateBit[]): readonly number[] =>
    Array.from({ length: 2 ** some.length }, (_, choice) =>
      sum(some.map(({ bit }, i) => (choice & (1 << i) ? 2 ** bit : 0))),
    )
  const within = distances(bits.slice(0, shared))
  return distances(bits.slice(shared)).map((base) => within.map((distance) => base + distance))
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
