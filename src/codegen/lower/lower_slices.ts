/**
 * Products whose contracted dimension is shared out (`slice_k`; sliced-K in CUTLASS): groups of threads each
 * take a part of every block of it, and their sums are added after the loop. Until then the accumulators have
 * a layout of their own, in which the highest thread bits are positions along that dimension.
 */
import type { BlockId, Node } from '../../ir/node.ts'
import type { Layout } from '../layout/layout.ts'
import { stripViews } from '../memory/access.ts'
import { typeOf } from '../thread/types.ts'
import { threadPart } from '../values/coordinates.ts'
import { chunkWidth, type Registers, wholeChunk } from '../values/registers.ts'
import { valueIn } from '../values/values.ts'
import { simpleReduction } from './lower_reduce.ts'
import type { Lowering } from './lowering.ts'
import { reduceAcrossThreads } from './reduce_threads.ts'

/** What the accumulators of each group begin with: `init` for the first, zero for the others. */
export function beginSlices(lowering: Lowering, init: Node, layout: Layout, depth: BlockId): Registers {
  const { e } = lowering
  const value = valueIn(lowering, init, withoutBlock(layout, depth))
  const { dtype } = value
  const group = threadPart(lowering, layout, depth)
  if (isZero(init) || !group) return { ...value, layout }
  const first = e.binary('==', group, e.u32(0))
  const zero = e.constant(0, typeOf(dtype, chunkWidth(layout)))
  const chunks = value.chunks.map((_chunk, i) => e.select(zero, wholeChunk(e, value, i), first))
  return { layout, dtype, chunks }
}

/** True for a constant of zeros. */
function isZero(node: Node): boolean {
  const plain = stripViews(node)
  return plain.kind === 'constant' && plain.value === 0
}

/** The sum over all groups, which all of them end with. */
export function addSlices(lowering: Lowering, value: Registers, depth: BlockId): Registers {
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
