/** Installs the methods that `value.ts` promises: one table per kind of value, complete by type. */
import { tileType } from '../ir/build.ts'
import type { AtomicOp } from '../ir/node.ts'
import type { OpName } from '../ir/ops.ts'
import { OP_NAMES, OPS } from '../ir/ops.ts'
import { areEntryPoints, callSite, entryPoint } from '../support/call_site.ts'
import { DTYPES, type DType, isDType } from '../support/dtypes.ts'
import { AuthorError } from '../support/errors.ts'
import { checkArguments, signatureOf } from '../support/signature.ts'
import { isPacked, type StorageType } from '../support/storage_types.ts'
import { cumprod, cumsum } from './combining.ts'
import { addDot, addProduct, dot } from './dot.ts'
import { elementwise, toNode } from './elementwise.ts'
import { storeTo, updateAt } from './indexing.ts'
import { loadFrom } from './masks.ts'
import { flip, reshape, shapeOf, split } from './rearrange.ts'
import { deviation, logSoftmax, logsumexp, mean, norm, reduce, softmax, variance } from './reductions.ts'
import { sort, topk } from './sorting.ts'
import { tracing } from './trace.ts'
import { TracedTensor } from './traced_tensor.ts'
import { castThrough, castTo, fitTo, requireDType } from './typing.ts'
import {
  Accumulator,
  type AccumulatorMethods,
  type DotOptions,
  type MaskOptions,
  type Operand,
  Ref,
  type RefMethods,
  type TileMethods,
  TileValue,
} from './value.ts'
import { VIEW_SIGNATURES } from './view_methods.ts'
import { permute, squeeze, transpose, unsqueeze } from './views.ts'

type MethodsOf<T, This> = {
  readonly [K in keyof T]: T[K] extends (...args: infer A) => infer R ? (self: This, ...args: A) => R : never
}

const REDUCTION = 'axis?: number, { keepdim: flag }?'
const SCAN = 'axis: number, { reverse: flag }?'
const VARIANCE = 'axis?: number, { keepdim: flag, correction: number }?'

/** The methods of every tile value that are not element-wise. */
export const TILE_METHODS: MethodsOf<Omit<TileMethods, OpName | 'shape'>, TileValue> = {
  to: convert,
  bitcast,
  clamp: (self, low, high) => self.maximum(low).minimum(high),
  unsqueeze,
  squeeze,
  permute: (self, ...axes) => permute(self, axes),
  reshape,
  flip,
  split,
  transpose,
  sum: (self, axis, options) => reduce('sum', self, axis, options),
  mean,
  var: variance,
  std: deviation,
  norm,
  prod: (self, axis, options) => reduce('prod', self, axis, options),
  amax: (self, axis, options) => reduce('max', self, axis, options),
  amin: (self, axis, options) => reduce('min', self, axis, options),
  argmax: (self, axis, options) => reduce('argmax', self, axis, options),
  argmin: (self, axis, options) => reduce('argmin', self, axis, options),
  cumsum,
  cumprod,
  sort,
  topk,
  any: (self, axis, options) => reduce('any', self, axis, options),
  all: (self, axis, options) => reduce('all', self, axis, options),
  softmax,
  logSoftmax,
  logsumexp,
  // What was checked has options in their place.
  dot: (self, other, ...rest) => dot(self, other, ...(rest as [acc?: TileValue, options?: DotOptions])),
  addmm: addProduct('addmm'),
  baddbmm: addProduct('baddbmm'),
  clone(self) {
    const trace = tracing('clone')
    return new Accumulator(trace, self.nodeIn(trace))
  },
}

/** What each takes. */
export const TILE_SIGNATURES: Readonly<Record<keyof typeof TILE_METHODS, string>> = {
  to: 'dtype',
  bitcast: 'dtype',
  clamp: 'low, high',
  unsqueeze: 'axis: number',
  squeeze: 'axis: number',
  permute: '...axes: number',
  reshape: 'shape: shape',
  flip: 'axis: number',
  split: '',
  transpose: '',
  sum: REDUCTION,
  mean: REDUCTION,
  var: VARIANCE,
  std: VARIANCE,
  norm: REDUCTION,
  prod: REDUCTION,
  amax: REDUCTION,
  amin: REDUCTION,
  argmax: REDUCTION,
  argmin: REDUCTION,
  cumsum: SCAN,
  cumprod: SCAN,
  sort: 'axis: number, { descending: flag }?',
  topk: 'count, axis: number, { largest: flag }?',
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

const ACCUMULATOR_METHODS: MethodsOf<AccumulatorMethods, Accumulator> = {
  assign(self, value) {
    const trace = tracing('assign')
    const target = self.nodeIn(trace)
    const node = castTo(trace, toNode(trace, 'assign', value, self.dtype), self.dtype)
    self.write(fitTo(trace, node, target.type.axes, 'assign', 'an accumulator'))
  },
  addAssign: updating('add'),
  subAssign: updating('sub'),
  mulAssign: updating('mul'),
  divAssign: updating('div'),
  minimumAssign: updating('minimum'),
  maximumAssign: updating('maximum'),
  addDot,
}

const ACCUMULATOR_SIGNATURES: Readonly<Record<keyof AccumulatorMethods, string>> = {
  assign: 'value',
  addAssign: 'value',
  subAssign: 'value',
  mulAssign: 'value',
  divAssign: 'value',
  minimumAssign: 'value',
  maximumAssign: 'value',
  addDot: 'a, b',
}

type AtomicName = Exclude<keyof RefMethods, 'get' | 'set'>

/** The methods of `tensor.at(…)` that change an element at once. */
export const ATOMIC_METHODS: MethodsOf<Pick<RefMethods, AtomicName>, Ref> = {
  atomicAdd: atomically('add'),
  atomicMax: atomically('max'),
  atomicMin: atomically('min'),
  atomicAnd: atomically('and'),
  atomicOr: atomically('or'),
  atomicXor: atomically('xor'),
  atomicExchange: atomically('exchange'),
  atomicCompareExchange: (self, expected, value, options) =>
    updateAt(self, 'compareExchange', { ...options, value, expected }),
}

/** What each takes. */
export const ATOMIC_SIGNATURES: Readonly<Record<AtomicName, string>> = {
  atomicAdd: 'value, { mask }?',
  atomicMax: 'value, { mask }?',
  atomicMin: 'value, { mask }?',
  atomicAnd: 'value, { mask }?',
  atomicOr: 'value, { mask }?',
  atomicXor: 'value, { mask }?',
  atomicExchange: 'value, { mask }?',
  atomicCompareExchange: 'expected, value, { mask }?',
}

const REF_METHODS: MethodsOf<RefMethods, Ref> = {
  get: loadFrom,
  set: storeTo,
  ...ATOMIC_METHODS,
}

const REF_SIGNATURES: Readonly<Record<keyof RefMethods, string>> = {
  get: '{ mask, other }?',
  set: 'value, { mask }?',
  ...ATOMIC_SIGNATURES,
}

/** What an element-wise operation takes as a function of `hl`; as a method, all but the first. */
export function operandsOf(op: OpName): readonly string[] {
  return op === 'where' ? ['condition', 'a', 'b'] : ['a', 'b', 'c'].slice(0, OPS[op].arity)
}

install(TileValue.prototype, TILE_METHODS, TILE_SIGNATURES)
Object.defineProperty(TileValue.prototype, 'shape', {
  get(this: TileValue) {
    return shapeOf(this)
  },
  configurable: true,
})
areEntryPoints(TileValue.prototype, ['shape'])
install(Accumulator.prototype, ACCUMULATOR_METHODS, ACCUMULATOR_SIGNATURES)
install(Ref.prototype, REF_METHODS, REF_SIGNATURES)
install(
  TileValue.prototype,
  Object.fromEntries(OP_NAMES.map((op) => [op, (...operands: Operand[]) => elementwise(op, operands)])),
  Object.fromEntries(OP_NAMES.map((op) => [op, operandsOf(op).slice(1).join(', ')])),
)

// Whole tensors have none of these; authors used to other libraries try them first.
const TILE_ONLY = [
  ...OP_NAMES,
  ...Object.keys(TILE_METHODS),
  ...Object.keys(ACCUMULATOR_METHODS),
  ...Object.keys(REF_METHODS),
].filter((name) => !Object.hasOwn(VIEW_SIGNATURES, name))
install(
  TracedTensor.prototype,
  Object.fromEntries(TILE_ONLY.map((name) => [name, refusing(name)])),
  Object.fromEntries(TILE_ONLY.map((name) => [name, '...rest'])),
)

function refusing(name: string) {
  return (self: TracedTensor): never => {
    throw new AuthorError(`${name} on the tensor ${self.view.name}, which is not a tile value`, {
      location: callSite(),
      remedy: `Inside a loop over tiles, work on ${self.view.name}.at(…); accumulators are made there too.`,
    })
  }
}

function install<Methods extends object>(
  prototype: object,
  methods: Methods,
  signatures: Readonly<Record<keyof Methods & string, string>>,
): void {
  for (const [name, method] of Object.entries(methods)) {
    const call = method as (...args: unknown[]) => unknown
    const signature = signatureOf(signatures[name as keyof Methods & string])
    const value = entryPoint(function (this: unknown, ...args: unknown[]): unknown {
      return call(this, ...checkArguments(name, signature, args))
    }, 'noted')
    Object.defineProperty(prototype, name, { value, writable: true, configurable: true })
  }
}

function updating(op: OpName) {
  return (self: Accumulator, value: Operand): void => self.assign(elementwise(op, [self, value]))
}

function atomically(op: AtomicOp) {
  return (self: Ref, value: Operand, options?: MaskOptions): TileValue =>
    updateAt(self, op, { ...options, value })
}

function convert(value: TileValue, dtype: StorageType): TileValue {
  const trace = tracing('to')
  requireDType(dtype, 'to')
  return new TileValue(trace, castThrough(trace, value.nodeIn(trace), dtype))
}

function bitcast(value: TileValue, dtype: DType): TileValue {
  const trace = tracing('bitcast')
  requireDType(dtype, 'bitcast')
  const node = value.nodeIn(trace)
  if (node.type.dtype === dtype) return value
  if (
    !isDType(dtype) ||
    DTYPES[dtype].bytes !== DTYPES[node.type.dtype].bytes ||
    dtype === 'bool' ||
    node.type.dtype === 'bool'
  ) {
    throw new AuthorError(`bitcast of ${node.type.dtype} to ${dtype}`, {
      location: callSite(),
      remedy: isPacked(dtype)
        ? `No value is of ${dtype}, elements of tensors are: tensor.bitcast('${dtype}').`
        : 'Both must be numbers of the same size.',
    })
  }
  const type = tileType(dtype, node.type.axes)
  return new TileValue(trace, trace.add('bitcast', { kind: 'cast', type, arg: node, bits: true }))
}
