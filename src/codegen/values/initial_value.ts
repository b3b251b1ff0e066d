/** What sums are added to in the end, where they themselves begin with zeros. */
import { isZero } from '../../ir/dim_index.ts'
import type { Node } from '../../ir/node.ts'
import type { Layout } from '../layout/layout.ts'
import type { Lowering } from '../state/lowering.ts'
import { type Registers, wholeChunk } from '../state/registers.ts'
import { valueIn } from './values.ts'

/** The value of `init` in `layout`; undefined for zeros. */
export function initialValue(
  lowering: Lowering,
  init: Node | undefined,
  layout: Layout,
): Registers | undefined {
  return init && !isZero(init) ? valueIn(lowering, init, layout) : undefined
}

/** The sum of two values in one layout, or the only one. */
export function plus({ out, e }: Lowering, value: Registers, more: Registers | undefined): Registers {
  if (!more) return value
  const chunks = value.chunks.map((chunk, i) => out.let('total', e.add(chunk, wholeChunk(e, more, i))))
  return { ...value, chunks }
}
