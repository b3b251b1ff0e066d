/**
 * Products whose contracted dimension is shared out (`slice_k`; sliced-K in CUTLASS): groups of threads each
 * take a part of every block of it, and their sums are added after the loop. Until then the accumulators have
 * a layout of their own, in which the highest thread bits are positions along that dimension.
 */
import { isZero } from '../../ir/dim_index.ts'
import { depthOf } from '../../ir/dot_axes.ts'
import type { BlockId, DotNode, Node } from '../../ir/node.ts'
import { extentBits } from '../../ir/tile_program.ts'
import type { Layout } from '../layout/layout.ts'
import { slicedLayout } from '../layout/layout_rules.ts'
import { simpleReduction } from '../reductions/lower_reduce.ts'
import { reduceAcrossThreads } from '../reductions/reduce_threads.ts'
import type { Contraction } from '../state/contraction.ts'
import type { Lowering } from '../state/lowering.ts'
import { chunkWidth, type Registers, scalarOf, variables, wholeChunk } from '../state/registers.ts'
import { typeOf } from '../thread/types.ts'
import { threadPart } from '../values/coordinates.ts'
import { valueIn } from '../values/values.ts'
import { fmaSums } from './fma.ts'

/** `bits`: log2 of the groups of threads, which all hold the tile in the class's `layout`. */
export function slicedFmaContraction(
  lowering: Lowering,
  dot: DotNode,
  layout: Layout,
  bits: number,
): Contraction {
  const depth = depthOf(dot)
  const partial = slicedLayout(layout, depth, extentBits(lowering.program, depth), bits)
  return {
    begin(init) {
      const sums = variables(lowering.out, initialSums(lowering, dot, init, partial), 'acc')
      return fmaSums(lowering, dot, sums, () => addSlices(lowering, sums, depth))
    },
  }
}

/** What the sums of each group begin with: `init` for the first, zeros for the others. */
function initialSums(lowering: Lowering, dot: DotNode, init: Node | undefined, layout: Layout): Registers {
  const { e } = lowering
  const { dtype } = dot.type
  const depth = depthOf(dot)
  const group = threadPart(lowering, layout, depth)
  const value = init && !isZero(init) && valueIn(lowering, init, withoutBlock(layout, depth))
  if (!value || !group) return scalarOf(layout, e.literal(0, dtype))
  const zero = e.constant(0, typeOf(dtype, chunkWidth(layout)))
  const first = e.binary('==', group, e.u32(0))
  const chunks = value.chunks.map((_chunk, i) => e.select(zero, wholeChunk(e, value, i), first))
  return { layout, dtype, chunks }
}

/** The sum over all groups, which all of them end with. */
function addSlices(lowering: Lowering, value: Registers, depth: BlockId): Registers {
  const { e, out } = lowering
  const { dtype, layout } = value
  const reduction = simpleReduction(lowering, 'sum', depth, dtype)
  const chunks = value.chunks.map((_chunk, i) => {
    const [total] = reduceAcrossThreads(lowering, reduction, layout, i, [wholeChunk(e, value, i)])
    return total ?? out.let('total', wholeChunk(e, value, i))
  })
  return { layout: withoutBlock(layout, depth), dtype, chunks }
}

function withoutBlock(layout: Layout, block: BlockId): Layout {
  return layout.restrict((other) => other !== block)
}
