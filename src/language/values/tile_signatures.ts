/** What the methods of tile values take; as functions of `hl`, behind the value. */
import { OPS, type OpName } from '../../ir/ops.ts'
import type { TileMethods } from './value.ts'

/** The methods of every tile value that are not element-wise. */
export type OtherTileMethods = Omit<TileMethods, OpName | 'shape' | 'T'>

/** Those that take the elements along an axis together. */
export type AlongAxis =
  | 'sum'
  | 'mean'
  | 'var'
  | 'std'
  | 'norm'
  | 'prod'
  | 'amax'
  | 'amin'
  | 'argmax'
  | 'argmin'
  | 'any'
  | 'all'
  | 'logsumexp'
  | KeepsAxis

/** Those whose result has the axis, too. */
export type KeepsAxis = 'cumsum' | 'cumprod' | 'softmax' | 'logSoftmax'

const REDUCTION = 'axis?: axes, { keepdim: flag }?'
const OF_POSITIONS = 'axis?: number, { keepdim: flag }?'
const SCAN = 'axis: number, { reverse: flag }?'
const VARIANCE = 'axis?: axes, { keepdim: flag, correction: number }?'

/** What each takes. */
export const TILE_SIGNATURES: Readonly<Record<keyof OtherTileMethods, string>> = {
  to: 'dtype',
  bitcast: 'dtype',
  clamp: 'low?, high?',
  maskedFill: 'mask, value',
  at: '...terms',
  unsqueeze: 'axis: number',
  squeeze: 'axis: number',
  permute: '...axes: number',
  reshape: 'shape: shape',
  slice: 'axis: number, begin, end?, step?: number',
  expand: 'shape: shape',
  flip: 'axis: number',
  split: '',
  transpose: 'a?: number, b?: number',
  sum: REDUCTION,
  mean: REDUCTION,
  var: VARIANCE,
  std: VARIANCE,
  norm: REDUCTION,
  prod: REDUCTION,
  amax: REDUCTION,
  amin: REDUCTION,
  argmax: OF_POSITIONS,
  argmin: OF_POSITIONS,
  cumsum: SCAN,
  cumprod: SCAN,
  sort: 'axis?: number, { descending: flag }?',
  topk: 'count, axis?: number, { largest: flag }?',
  any: REDUCTION,
  all: REDUCTION,
  softmax: 'axis: number',
  logSoftmax: 'axis: number',
  logsumexp: 'axis: number, { keepdim: flag }?',
  dot: 'other, acc?, { dtype: dtype }?',
  addmm: 'a, b, { dtype: dtype }?',
  baddbmm: 'a, b, { dtype: dtype }?',
  clone: '',
}

/** What an element-wise operation takes as a function of `hl`; as a method, all but the first. */
export function operandsOf(op: OpName): readonly string[] {
  return op === 'where' ? ['condition', 'a', 'b'] : ['a', 'b', 'c'].slice(0, OPS[op].arity)
}
