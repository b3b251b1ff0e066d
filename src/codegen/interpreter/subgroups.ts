/** Functions of all lanes of a subgroup: invocations with consecutive numbers. */
import type { DType } from '../../support/dtypes.ts'
import type { CallExpr } from '../thread/expr.ts'
import { binaryRule, functionRule, type ScalarRule } from './scalar_rules.ts'
import type { Workgroup } from './workgroup.ts'

interface Operands {
  readonly arg: Float64Array
  /** Of a shuffle: by which lanes swap. */
  readonly mask: Float64Array | undefined
}

/** Fills `values` with what the function gives each active lane. */
export function combineSubgroups(
  group: Workgroup,
  { fn, type }: CallExpr,
  { arg, mask }: Operands,
  values: Float64Array,
): void {
  const { threads, subgroupSize } = group.program
  if (subgroupSize === 0) throw new Error(`${fn} without subgroups`)
  const isActive = new Uint8Array(threads)
  const { list, count } = group.active
  for (let i = 0; i < count; i++) isActive[list[i] ?? 0] = 1
  const combine = fn === 'subgroupShuffleXor' ? undefined : combinationOf(fn, type.dtype)
  for (let first = 0; first < threads; first += subgroupSize) {
    const lanes = Array.from({ length: Math.min(subgroupSize, threads - first) }, (_, i) => first + i)
    const here = lanes.filter((lane) => isActive[lane] === 1)
    if (here.length === 0) continue
    if (here.length < subgroupSize)
      group.reports.add({ kind: 'divergent', place: fn, index: undefined, invocations: here })
    for (let j = 0; j < type.width; j++) {
      const element = (lane: number): number => arg[lane * type.width + j] ?? 0
      const total = combine && here.map(element).reduce((a, b) => combine(a, b, 0))
      for (const lane of here)
        values[lane * type.width + j] = total ?? element(first + ((lane - first) ^ (mask?.[lane] ?? 0)))
    }
  }
}

function combinationOf(fn: CallExpr['fn'], dtype: DType): ScalarRule {
  switch (fn) {
    case 'subgroupAdd':
      return binaryRule('+', dtype, dtype)
    case 'subgroupMul':
      return binaryRule('*', dtype, dtype)
    case 'subgroupMin':
      return functionRule('min', dtype)
    case 'subgroupMax':
      return functionRule('max', dtype)
    default:
      throw new Error(`${fn} is no function of a subgroup`)
  }
}
