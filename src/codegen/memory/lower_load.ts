/** Loads, of whatever tensors hold. */
import type { LoadNode } from '../../ir/node.ts'
import type { Lowering } from '../state/lowering.ts'
import type { Read } from '../state/read.ts'
import type { Registers } from '../state/registers.ts'
import { readPlain } from './lower_memory.ts'
import { packedType, readPacked } from './lower_packed.ts'

export function readOf(lowering: Lowering, node: LoadNode): Read {
  const packed = packedType(lowering, node)
  return packed ? readPacked(lowering, node, packed) : readPlain(lowering, node)
}

/** The elements that `node` reads, in the layout of the access. */
export function lowerLoad(lowering: Lowering, node: LoadNode): Registers {
  const { parts, value } = readOf(lowering, node)
  return value(parts)
}
