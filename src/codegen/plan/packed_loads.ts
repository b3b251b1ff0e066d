/** Which products are of integers of 8 bits as they lie in memory. */
import { stripViews } from '../../ir/dim_index.ts'
import type { DotNode, LoadNode } from '../../ir/node.ts'
import { tensorOf } from '../../ir/tile_program.ts'
import { STORAGE, type StorageType } from '../../support/storage_types.ts'
import type { Plan } from './plan.ts'
import { sameBlocks } from './tile_classes.ts'

/** log2 of the integers in a word. */
export const WORD_BITS = 2

/** The loads of both operands. */
interface ByteLoads {
  readonly signed: boolean
  readonly a: LoadNode
  readonly b: LoadNode
}

/** The loads of a product whose operands stay words of integers of 8 bits, by the config and the device. */
export function packedLoads(dot: DotNode, { program, bound }: Plan): ByteLoads | undefined {
  // Without the function of WGSL, matrix units alone take such words.
  if (!bound.limits.packedDots && bound.mma(dot) !== 'subgroup_matrix') return undefined
  return byteLoads(dot, (id) => tensorOf(program, id).dtype)
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
