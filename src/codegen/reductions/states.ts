/** Between tile values and states: the elements of several values at one place. */
import type { DType } from '../../support/dtypes.ts'
import type { State } from '../analysis/reduce_rules.ts'
import type { Layout } from '../layout/layout.ts'
import { chunkRegisters, element, type Registers } from '../state/registers.ts'
import type { Expressions } from '../thread/expressions.ts'
import type { Width } from '../thread/types.ts'

/** What every register has of values in one layout. The values should have names. */
export function statesOf(e: Expressions, values: readonly Registers[]): readonly State[] {
  return Array.from({ length: values[0]?.layout.size ?? 0 }, (_, register) =>
    values.map((value) => element(e, value, register)),
  )
}

/** The values whose elements are the parts of such states. */
export function registersOf(
  e: Expressions,
  layout: Layout,
  dtypes: readonly DType[],
  stateOf: (register: number) => State,
): readonly Registers[] {
  return dtypes.map((dtype, part) => ({
    layout,
    dtype,
    chunks: chunkRegisters(layout).map((registers) => {
      const elements = registers.map((register) => stateOf(register)[part] ?? e.literal(0, dtype))
      return e.vector(elements, registers.length as Width)
    }),
  }))
}
