/** Integers of so few bits that floats of every type hold them, and differences of two, exactly. */
import { stripViews } from '../../ir/dim_index.ts'
import type { CastNode } from '../../ir/node.ts'
import { type TileProgram, tensorOf } from '../../ir/tile_program.ts'
import { isFloat } from '../../support/dtypes.ts'
import { STORAGE } from '../../support/storage_types.ts'

const MOST_BITS = 8

/** True for a conversion of such integers, as they are in memory, to floats. */
export function isOfSmallIntegers({ arg, bits, through, type }: CastNode, program: TileProgram): boolean {
  const load = stripViews(arg)
  if (bits || through || !isFloat(type.dtype) || load.kind !== 'load') return false
  const stored = STORAGE[tensorOf(program, load.tensor).dtype]
  return stored.packed?.kind === 'int' && stored.bits <= MOST_BITS
}
