/** How reductions combine elements, a row per operation: on tiles, in a thread, across a subgroup. */
import type { BlockId, ReduceOp } from '../../ir/node.ts'
import type { OpName } from '../../ir/ops.ts'
import type { DType } from '../../support/dtypes.ts'
import type { BuiltinFunction } from '../thread/builtins.ts'
import type { Expr } from '../thread/expr.ts'
import type { Expressions } from '../thread/expressions.ts'

export type SimpleReduceOp = Exclude<ReduceOp, 'argmax' | 'argmin'>

interface ReduceRule {
  /** The element-wise operation with the same meaning. */
  readonly map: OpName
  readonly neutral: (dtype: DType) => number
  /** Two elements or vectors combined. */
  readonly combine: (e: Expressions, a: Expr, b: Expr) => Expr
  /** The subgroup operation, where there is one for the dtype. */
  readonly subgroup: BuiltinFunction | undefined
}

export const REDUCE_RULES: Readonly<Record<SimpleReduceOp, ReduceRule>> = {
  sum: { map: 'add', neutral: () => 0, combine: (e, a, b) => e.add(a, b), subgroup: 'subgroupAdd' },
  prod: { map: 'mul', neutral: () => 1, combine: (e, a, b) => e.mul(a, b), subgroup: 'subgroupMul' },
  max: {
    map: 'maximum',
    neutral: lowest,
    combine: (e, a, b) => e.call('max', a, b),
    subgroup: 'subgroupMax',
  },
  min: {
    map: 'minimum',
    neutral: highest,
    combine: (e, a, b) => e.call('min', a, b),
    subgroup: 'subgroupMin',
  },
  any: { map: 'or', neutral: () => 0, combine: (e, a, b) => e.binary('|', a, b), subgroup: undefined },
  all: { map: 'and', neutral: () => 1, combine: (e, a, b) => e.binary('&', a, b), subgroup: undefined },
}

/** What is combined: a value, or a value and its position. */
export type State = readonly Expr[]

export interface Reduction {
  readonly block: BlockId
  /** dtype of each part of the state (bool is combined as u32). */
  readonly dtypes: readonly DType[]
  /** Combines two states and names the result. */
  readonly combine: (a: State, b: State) => State
  /** The builtin that combines a value across a whole subgroup. */
  readonly subgroup: BuiltinFunction | undefined
}

/** The value that changes nothing when combined. */
export function neutralOf(op: SimpleReduceOp, dtype: DType): number {
  return REDUCE_RULES[op].neutral(dtype)
}

function lowest(dtype: DType): number {
  if (dtype === 'i32') return -2147483648
  return dtype === 'u32' || dtype === 'bool' ? 0 : Number.NEGATIVE_INFINITY
}

function highest(dtype: DType): number {
  if (dtype === 'i32') return 2147483647
  if (dtype === 'u32') return 4294967295
  return dtype === 'bool' ? 1 : Number.POSITIVE_INFINITY
}
