/** What the methods of tensors that work outside of loops take, and a base that gives a class their types. */
import { OP_NAMES, type OpName } from '../../ir/ops.ts'
import { type AlongAxis, operandsOf, TILE_SIGNATURES } from '../values/tile_signatures.ts'
import type { WholeMethods } from './tensor.ts'

/** Those that are not element-wise. */
type Others = AlongAxis | 'to' | 'clamp' | 'clone' | 'dot' | 'sort' | 'topk'

export type WholeName = OpName | Others

const OTHERS: readonly Others[] = [
  'to',
  'clamp',
  'clone',
  'dot',
  'sort',
  'topk',
  'sum',
  'mean',
  'var',
  'std',
  'norm',
  'prod',
  'amax',
  'amin',
  'argmax',
  'argmin',
  'any',
  'all',
  'cumsum',
  'cumprod',
  'softmax',
  'logSoftmax',
  'logsumexp',
]

/** What each takes. */
export const WHOLE_SIGNATURES: Readonly<Record<WholeName, string>> = {
  ...(Object.fromEntries(OP_NAMES.map((op) => [op, operandsOf(op).slice(1).join(', ')])) as Record<
    OpName,
    string
  >),
  ...(Object.fromEntries(OTHERS.map((name) => [name, TILE_SIGNATURES[name]])) as Record<Others, string>),
  dot: 'other, { dtype: dtype }?',
}

export const WHOLE_NAMES: readonly WholeName[] = [...OP_NAMES, ...OTHERS]

/** The methods are installed on the prototype; this base only gives them their types. */
export const WholeBase: new () => WholeMethods = class {} as new () => WholeMethods
