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
  /** Two elements or vectors combined. */
  readonly combine: (e: Expressions, a: Expr, b: Expr) => Expr
  /** The subgroup operation, where there is one for the dtype. */
  readonly subgroup: BuiltinFunction | undefined
}

export const REDUCE_RULES: Readonly<Record<SimpleReduceOp, ReduceRule>> = {
  sum: { map: 'add', combine: (e, a, b) => e.add(a, b), subgroup: 'subgroupAdd' },
  prod: { map: 'mul', combine: (e, a, b) => e.mul(a, b), subgroup: 'subgroupMul' },
  max: {
    map: 'maximum',
    combine: (e, a, b) => e.call('max', a, b),
    subgroup: 'subgroupMax',
  },
  min: {
    map: 'minimum',
    combine: (e, a, b) => e.call('min', a, b),
    subgroup: 'subgroupMin',
  },
  any: { map: 'or', combine: (e, a, b) => e.binary('|', a, b), subgroup: undefined },
  all: { map: 'and', combine: (e, a, b) => e.binary('&', a, b), subgroup: undefined },
}

/** Those that have a neutral value in every dtype, and memory to hold them. */
const ARITHMETIC: readonly SimpleReduceOp[] = ['sum', 'prod', 'max', 'min']

/** The reduction of numbers by an element-wise operation, if there is one. */
export function reductionBy(op: OpName | undefined): SimpleReduceOp | undefined {
  return ARITHMETIC.find((reduction) => REDUCE_RULES[reduction].map === op)
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
