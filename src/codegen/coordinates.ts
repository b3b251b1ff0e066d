/**
 * WGSL of positions: where a thread's element lies along a block, and whether that is inside the range. All
 * u32.
 */
import type { BlockId } from '../ir/node.ts'
import { operand } from '../ir/wgsl_text.ts'
import type { Layout } from './layout.ts'
import type { Lowering } from './lowering.ts'

/** The thread's part of the position along a block; undefined where all threads share it. */
export function threadPart(lowering: Lowering, layout: Layout, block: BlockId): string | undefined {
  const { out, thread, bound } = lowering
  const parts = layout.threadRuns(block).map(({ thread: from, bit, length }) => {
    const shifted = from === 0 ? thread : `${thread} >> ${from}u`
    const isTop = from + length === bound.threadBits
    const low = isTop ? shifted : `${operand(shifted)} & ${2 ** length - 1}u`
    return bit === 0 ? low : `${operand(low)} << ${bit}u`
  })
  if (parts.length === 0) return undefined
  return out.early(`${bound.block(block).name}_lane`, sumText(parts))
}

/** Position of an element along a block: begin of the tile + the thread's part + the register's. */
export function position(lowering: Lowering, layout: Layout, block: BlockId, register: number): string {
  const base = basePosition(lowering, layout, block)
  return sumText([base], layout.registerOffset(register, block))
}

/** Position of the thread's first element along a block. */
export function basePosition(lowering: Lowering, layout: Layout, block: BlockId): string {
  const { begin } = lowering.place(block)
  const lane = threadPart(lowering, layout, block)
  return lowering.out.shared(
    `${lowering.bound.block(block).name}_at`,
    sumText(lane ? [begin, lane] : [begin]),
  )
}

/** A condition that the element's position is inside the block's range; undefined when it always is. */
export function insideCondition(
  lowering: Lowering,
  layout: Layout,
  block: BlockId,
  register: number,
): string | undefined {
  if (!lowering.bound.isRagged(block)) return undefined
  const at = position(lowering, layout, block, register)
  return lowering.out.shared(`${lowering.bound.block(block).name}_in`, `${at} < ${lowering.place(block).end}`)
}

/** A sum of terms, without zeros. */
export function sumText(terms: readonly string[], constant = 0): string {
  const all = terms.filter((term) => term !== '0u')
  if (constant !== 0 || all.length === 0) all.push(`${constant}u`)
  return all.length === 1 ? (all[0] ?? '0u') : all.map(operand).join(' + ')
}
