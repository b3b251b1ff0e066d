/**
 * Products whose contracted dimension is shared out (`slice_k`; sliced-K in CUTLASS): groups of threads each
 * take a part of every block of it, and their sums are added after the loop. Until then the accumulators have
 * a layout of their own, in which the highest thread bits are positions along that dimension.
 */
import type { BlockId, Node } from '../ir/node.ts'
import { operand } from '../ir/wgsl_text.ts'
import { stripViews } from './access.ts'
import { threadPart } from './coordinates.ts'
import type { Layout } from './layout.ts'
import { simpleReduction } from './lower_reduce.ts'
import type { Lowering } from './lowering.ts'
import { reduceAcrossThreads } from './reduce_threads.ts'
import { type Chunk, chunkText, chunkWidth, type Registers } from './registers.ts'
import { valueIn } from './values.ts'
import { wgslType } from './wgsl_types.ts'

/** What the accumulators of each group begin with: `init` for the first, zero for the others. */
export function beginSlices(lowering: Lowering, init: Node, layout: Layout, depth: BlockId): Registers {
  const value = valueIn(lowering, init, withoutBlock(layout, depth))
  const { dtype } = value
  if (isZero(init)) return { ...value, layout }
  const type = wgslType(dtype, chunkWidth(layout))
  const first = `${operand(threadPart(lowering, layout, depth) ?? '0u')} == 0u`
  const chunks = value.chunks.map((_chunk, i): Chunk => {
    return { text: `select(${type}(), ${chunkText(value, i)}, ${first})`, splat: false }
  })
  return { layout, dtype, chunks }
}

/** True for a constant of zeros. */
function isZero(node: Node): boolean {
  const plain = stripViews(node)
  return plain.kind === 'constant' && plain.value === 0
}

/** The sum over all groups, which all of them end with. */
export function addSlices(lowering: Lowering, value: Registers, depth: BlockId): Registers {
  const { dtype, layout } = value
  const reduction = simpleReduction(lowering.out, 'sum', depth, dtype)
  const chunks = value.chunks.map((_chunk, i): Chunk => {
    const [text = ''] = reduceAcrossThreads(lowering, reduction, layout, i, [chunkText(value, i)])
    return { text, splat: false }
  })
  return { layout: withoutBlock(layout, depth), dtype, chunks }
}

function withoutBlock(layout: Layout, block: BlockId): Layout {
  return layout.restrict((other) => other !== block)
}
