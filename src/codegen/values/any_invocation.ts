/** What holds for some invocation of the workgroup, known to all. */
import type { Lowering } from '../state/lowering.ts'
import type { Expr } from '../thread/expr.ts'
import { typeOf } from '../thread/types.ts'

/**
 * Asks whether the condition holds for one of the invocations; the answer, which WGSL sees to be the same for
 * all, comes later, so that what is between waits for nobody. Each subgroup finds its own answer and writes
 * it down. The device must have subgroups of a known size.
 */
export function askAll(lowering: Lowering, condition: Expr): { readonly answer: () => Expr } {
  const { out, e, memory, bound } = lowering
  const { subgroupSize } = bound.limits
  const count = bound.threads / subgroupSize
  const array = memory.reserve('flags', typeOf('u32', 1), count)
  const mine = e.call('subgroupMax', e.select(e.u32(0), e.u32(1), condition))
  const own = out.early('own_flag', e.binary('%', e.builtin('subgroup'), e.u32(count)))
  const found = out.let('found', mine)
  out.if('some', lowering.isFirstCopy(subgroupSize - 1), () => out.store(array, own, found, out.phase()))
  return { answer: () => out.uniformAny('any', array, count) }
}
