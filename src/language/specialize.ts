/** `hl.specialize`: from a symbolic size, or a number among the arguments, to a plain one. */
import { dependsOnConfig } from '../ir/block_sizes.ts'
import type { Specialization } from '../ir/kernel_ir.ts'
import { type SizeExpr, symbolsOf } from '../ir/size.ts'
import { callSite } from '../support/call_site.ts'
import { AuthorError } from '../support/errors.ts'
import { isSymbolic } from './tensors/dim.ts'
import { describe } from './trace/describe.ts'
import { RetraceSignal, tracing } from './trace/trace.ts'
import { ScalarArgument } from './values/value.ts'

export interface Specialize {
  (value: boolean): boolean
  (value: number): number
}

/** The value, a constant of this specialisation; other values get a specialisation of their own. */
export const specialize: Specialize = <T>(value: T): T => {
  tracing('hl.specialize')
  const needed = neededFor(value)
  if (needed.length === 0) return value
  throw new RetraceSignal(needed)
}

function neededFor(value: unknown): readonly Specialization[] {
  if (typeof value === 'number' || typeof value === 'boolean') return []
  if (value instanceof ScalarArgument) return [{ kind: 'scalar', scalar: value.id }]
  if (isSymbolic(value)) {
    if (dependsOnConfig(value.size)) throw fromConfig(value.size)
    return [...symbolsOf(value.size).values()].map(({ tensor, axis }) => ({
      kind: 'dim',
      tensor,
      axis,
      by: 'value',
    }))
  }
  throw new AuthorError(
    `hl.specialize of ${describe(value)}, which is neither a size nor a number among the arguments`,
    {
      location: callSite(),
      remedy: 'Values computed on the device are not known when the kernel is compiled.',
    },
  )
}

function fromConfig(size: SizeExpr): AuthorError {
  return new AuthorError(`hl.specialize of ${size.key}, which the config decides`, {
    location: callSite(),
    remedy: 'It is no fact about the arguments. hl.registerTunable gives plain numbers from the config.',
  })
}
