/** Which products are of integers of 8 bits as they lie in memory. */
import { sameBlocks, stripViews } from '../../ir/dim_index.ts'
import type { DotNode, LoadNode } from '../../ir/node.ts'
import { STORAGE, type StorageType } from '../../support/storage_types.ts'

/** log2 of the integers in a word. */
export const WORD_BITS = 2

/** The loads of both operands. */
export interface ByteLoads {
  readonly signed: boolean
  readonly a: LoadNode
  readonly b: LoadNode
}

/** The loads of a product of such integers with sums of 32 bits; undefined for others. */
export function byteLoads(
  dot: DotNode,
  dtypeOf: (tensor: number) => StorageType | undefined,
): ByteLoads | undefined {
  const [a, b] = [stripViews(dot.a), stripViews(dot.b)]
  if (a.kind !== 'load' || b.kind !== 'load' || a === b || a.mask || b.mask) return undefined
  if (!sameBlocks(dot.a, dot.a) || !sameBlocks(dot.b, dot.b)) return undefined
  const [left, right] = [a, b].map((load) => dtypeOf(load.tensor))
  const { packed, bits } = STORAGE[left ?? 'f32']
  if (left !== right || packed?.kind !== 'int' || bits !== 32 >> WORD_BITS) return undefined
  const isWide = dot.type.dtype === (packed.signed ? 'i32' : 'u32')
  return isWide ? { signed: packed.signed, a, b } : undefined
}
