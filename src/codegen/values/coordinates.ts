/** Positions: where a thread's element lies along a block, and whether that is inside the range. All u32. */
import type { BlockId } from '../../ir/node.ts'
import { blockOf } from '../../ir/tile_program.ts'
import type { Layout } from '../layout/layout.ts'
import { wholeBits } from '../plan/access.ts'
import type { Lowering } from '../state/lowering.ts'
import type { Expr } from '../thread/expr.ts'

/** The thread's part of the position along a block; undefined where all threads share it. */
export function threadPart(lowering: Lowering, layout: Layout, block: BlockId): Expr | undefined {
  const { out, e, program } = lowering
  const runs = layout.threadRuns(block)
  if (runs.length === 0) return undefined
  const parts = runs.map(({ thread, bit, length }) => threadBits(lowering, thread, length, bit))
  return out.early(`${blockOf(program, block).name}_lane`, e.sum(parts))
}

/** `length` bits of the thread's number, from `from` on, moved to bit `to`. */
function threadBits({ e, thread, bound }: Lowering, from: number, length: number, to: number): Expr {
  const shifted = e.binary('>>', thread, e.u32(from))
  const isTop = from + length === bound.threadBits
  // Of a remainder Dawn knows the range, and so of an index made from it; of a mask it does not.
  const low = isTop ? shifted : e.binary('%', shifted, e.u32(2 ** length))
  return e.binary('<<', low, e.u32(to))
}

/** Position of an element along a block: begin of the tile + the thread's part + the register's. */
export function position(lowering: Lowering, layout: Layout, block: BlockId, register: number): Expr {
  const base = basePosition(lowering, layout, block)
  return lowering.e.sum([base], layout.registerOffset(register, block))
}

/** Position of the thread's first element along a block. */
export function basePosition(lowering: Lowering, layout: Layout, block: BlockId): Expr {
  const { begin } = lowering.place(block)
  const lane = threadPart(lowering, layout, block)
  const at = lane ? lowering.e.add(begin, lane) : begin
  return lowering.out.shared(`${blockOf(lowering.program, block).name}_at`, at)
}

/** A condition that the element's position is inside the block's range; undefined when it always is. */
export function insideCondition(
  lowering: Lowering,
  layout: Layout,
  block: BlockId,
  register: number,
): Expr | undefined {
  if (!blockOf(lowering.program, block).ragged) return undefined
  // Neighbours share the condition of the first of them.
  const first = layout.registerOffset(register, block) & -(2 ** wholeBits(lowering.program, block))
  const at = lowering.e.sum([basePosition(lowering, layout, block)], first)
  const inside = lowering.e.binary('<', at, lowering.place(block).end)
  return lowering.out.shared(`${blockOf(lowering.program, block).name}_in`, inside)
}

/** The number formed by these bits of the thread's number, lowest first. */
export function gatheredBits(lowering: Lowering, bits: readonly number[]): Expr {
  const runs: { from: number; to: number; length: number }[] = []
  bits.forEach((bit, i) => {
    const last = runs.at(-1)
    if (last && last.from + last.length === bit) last.length++
    else runs.push({ from: bit, to: i, length: 1 })
  })
  return lowering.e.sum(runs.map(({ from, to, length }) => threadBits(lowering, from, length, to)))
}
