/**
 * What a load has read, before elements are made of it: that is what waits while a round of a loop computes,
 * since it is smaller, and nothing has to wait for memory until the elements are needed.
 */
import type { LoadNode } from '../../ir/node.ts'
import type { Expr } from '../thread/expr.ts'
import type { Registers } from '../values/registers.ts'
import { readPlain } from './lower_memory.ts'
import { packedType, readPacked } from './lower_packed.ts'
import type { Lowering } from './lowering.ts'

export interface Read {
  /** As many, of the same types, wherever the load is lowered. */
  readonly parts: readonly Expr[]
  /** The elements, in the layout of the access, from the parts or from what has them in their place. */
  readonly value: (parts: readonly Expr[]) => Registers
}

export function readOf(lowering: Lowering, node: LoadNode): Read {
  const packed = packedType(lowering, node)
  return packed ? readPacked(lowering, node, packed) : readPlain(lowering, node)
}

/** The elements that `node` reads, in the layout of the access. */
export function lowerLoad(lowering: Lowering, node: LoadNode): Registers {
  const { parts, value } = readOf(lowering, node)
  return value(parts)
}
