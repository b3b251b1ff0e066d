/** Values of the thread whose number differs in one bit: by shuffles within a subgroup, else by memory. */

import type { Lowering } from '../state/lowering.ts'
import type { Expr } from '../thread/expr.ts'
import { memoryType } from '../thread/types.ts'
import { fromMemory, toMemory } from '../values/memory_values.ts'

/** Words of workgroup memory that are used at a time: fewer cost more barriers, more cost occupancy. */
const MAX_WORDS = 2048

/** The thread whose number differs in the bits of a mask. */
export interface Partner {
  readonly mask: Expr
  /** It is in the same subgroup. */
  readonly isNear: boolean
}

/** The one whose number differs in a bit. */
export function partnerOf({ e, bound }: Lowering, threadBit: number): Partner {
  return { mask: e.u32(2 ** threadBit), isNear: 2 ** (threadBit + 1) <= bound.limits.subgroupSize }
}

/** What the other thread has of each of these scalars. */
export function exchanged(
  lowering: Lowering,
  values: readonly Expr[],
  { mask, isNear }: Partner,
): readonly Expr[] {
  const batch = Math.max(1, Math.floor(MAX_WORDS / lowering.bound.threads))
  return isNear
    ? shuffled(lowering, values, mask)
    : batchesOf(values, batch).flatMap((some) => throughMemory(lowering, some, mask))
}

function batchesOf<T>(items: readonly T[], length: number): readonly (readonly T[])[] {
  const count = Math.ceil(items.length / length)
  return Array.from({ length: count }, (_, i) => items.slice(i * length, (i + 1) * length))
}

function shuffled({ out, e }: Lowering, values: readonly Expr[], mask: Expr): readonly Expr[] {
  return values.map((value) => {
    const sent = toMemory(e, value, 1)
    const other = e.call('subgroupShuffleXor', sent, mask)
    return out.let('other', fromMemory(e, other, value.type.dtype))
  })
}

function throughMemory(lowering: Lowering, values: readonly Expr[], mask: Expr): readonly Expr[] {
  const { out, e, memory, thread, bound } = lowering
  const arrays = values.map(({ type }) => memory.allocate('exchange', memoryType(type), bound.threads))
  const phase = out.phase()
  values.forEach((value, i) => {
    const array = arrays[i]
    if (array) out.store(array, thread, toMemory(e, value, 1), phase)
  })
  const other = e.binary('^', thread, mask)
  const partner = mask.kind === 'literal' ? out.early('partner', other) : out.shared('partner', other)
  const others = arrays.map((array, i) =>
    out.let('other', fromMemory(e, e.read(array, partner), values[i]?.type.dtype ?? 'u32')),
  )
  for (const array of arrays) memory.release(array)
  return others
}
