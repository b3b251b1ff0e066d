/** Installs the methods that `value.ts` promises: one table per kind of value, complete by type. */
import { tileType } from '../../ir/build.ts'
import type { AtomicOp } from '../../ir/node.ts'
import type { OpName } from '../../ir/ops.ts'
import { OP_NAMES } from '../../ir/ops.ts'
import { areEntryPoints, callSite, entryPoint } from '../../support/call_site.ts'
import { DTYPES, type DType, isDType } from '../../support/dtypes.ts'
import { AuthorError } from '../../support/errors.ts'
import { checkArguments, signatureOf } from '../../support/signature.ts'
import { isPacked, type StorageType } from '../../support/storage_types.ts'
import { storeTo, updateAt } from '../tensors/indexing.ts'
import { VIEW_SIGNATURES } from '../tensors/view_methods.ts'
import { WHOLE_SIGNATURES, type WholeName } from '../tensors/whole_methods.ts'
import { elementwiseOf, WHOLE_METHODS } from '../tensors/whole_operations.ts'
import { tracing } from '../trace/trace.ts'
import { TracedTensor } from '../trace/traced_tensor.ts'
import { castThrough, castTo, fitTo, requireDType } from '../trace/typing.ts'
import { ALONG_AXES } from './along_axes.ts'
import { addDot, addProduct, dot } from './dot.ts'
import { elementwise, toNode } from './elementwise.ts'
import { loadAgain, loadFrom } from './masks.ts'
import { expand, flip, shapeOf, slice, split } from './rearrange.ts'
import { sort, topk } from './sorting.ts'
import { reshape } from './tile_reshape.ts'
import { type OtherTileMethods, operandsOf, TILE_SIGNATURES } from './tile_signatures.ts'
import {
  Accumulator,
  type AccumulatorMethods,
  type DotOptions,
  type MaskOptions,
  type Operand,
  Ref,
  type RefMethods,
  TileValue,
} from './value.ts'
import { valueAt } from './value_at.ts'
import { permute, squeeze, transpose, turned, unsqueeze } from './views.ts'

type MethodsOf<T, This> = {
  readonly [K in keyof T]: T[K] extends (...args: infer A) => infer R ? (self: This, ...args: A) => R : never
}

/** The methods of every tile value that are not element-wise. */
export const TILE_METHODS: MethodsOf<OtherTileMethods, TileValue> = {
  to: convert,
  bitcast,
  clamp: limited,
  maskedFill: (self, mask, value) => elementwise('where', [mask, value, self]),
  at: valueAt,
  unsqueeze,
  squeeze,
  permute: (self, ...axes) => permute(self, axes),
  reshape,
  slice,
  expand,
  flip,
  split,
  transpose,
  ...ALONG_AXES,
  sort,
  topk,
  // What was checked has options in their place.
  dot: (self, other, ...rest) => dot(self, other, ...(rest as [acc?: TileValue, options?: DotOptions])),
  addmm: addProduct('addmm'),
  baddbmm: addProduct('baddbmm'),
  clone(self) {
    const trace = tracing('clone')
    return new Accumulator(trace, self.nodeIn(trace))
  },
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

type AtomicName = Extract<keyof RefMethods, `atomic${string}`>

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
  addAssign: updatingAt('add'),
  subAssign: updatingAt('sub'),
  mulAssign: updatingAt('mul'),
  divAssign: updatingAt('div'),
  minimumAssign: updatingAt('minimum'),
  maximumAssign: updatingAt('maximum'),
  ...ATOMIC_METHODS,
}

const REF_SIGNATURES: Readonly<Record<keyof RefMethods, string>> = {
  get: '{ mask, other }?',
  set: 'value, { mask }?',
  addAssign: 'value, { mask }?',
  subAssign: 'value, { mask }?',
  mulAssign: 'value, { mask }?',
  divAssign: 'value, { mask }?',
  minimumAssign: 'value, { mask }?',
  maximumAssign: 'value, { mask }?',
  ...ATOMIC_SIGNATURES,
}

install(TileValue.prototype, TILE_METHODS, TILE_SIGNATURES)
Object.defineProperties(TileValue.prototype, {
  shape: {
    get(this: TileValue) {
      return shapeOf(this)
    },
    configurable: true,
  },
  T: {
    get(this: TileValue) {
      return turned(this)
    },
    configurable: true,
  },
})
areEntryPoints(TileValue.prototype, ['shape', 'T'])
install(Accumulator.prototype, ACCUMULATOR_METHODS, ACCUMULATOR_SIGNATURES)
install(Ref.prototype, REF_METHODS, REF_SIGNATURES)
install(
  TileValue.prototype,
  Object.fromEntries(OP_NAMES.map((op) => [op, (...operands: Operand[]) => elementwiseOf(op, operands)])),
  Object.fromEntries(OP_NAMES.map((op) => [op, operandsOf(op).slice(1).join(', ')])),
)

// Inside of loops whole tensors have none of these, nor ever those that change a value in place.
const TILE_ONLY = [
  ...OP_NAMES,
  ...Object.keys(TILE_METHODS),
  ...Object.keys(ACCUMULATOR_METHODS),
  ...Object.keys(REF_METHODS),
].filter(
  (name) => name !== 'at' && !Object.hasOwn(VIEW_SIGNATURES, name) && !Object.hasOwn(WHOLE_SIGNATURES, name),
)
install(
  TracedTensor.prototype,
  Object.fromEntries(TILE_ONLY.map((name) => [name, refusing(name)])),
  Object.fromEntries(TILE_ONLY.map((name) => [name, '...rest'])),
)
install(
  TracedTensor.prototype,
  Object.fromEntries(Object.keys(WHOLE_SIGNATURES).map((name) => [name, outsideLoops(name as WholeName)])),
  WHOLE_SIGNATURES,
)

function outsideLoops(name: WholeName) {
  const call = WHOLE_METHODS[name] as (...args: unknown[]) => unknown
  return (self: TracedTensor, ...rest: unknown[]): unknown =>
    tracing(name).insideLoop ? refusing(name)(self) : call(self, ...rest)
}

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

function updatingAt(op: OpName) {
  return (self: Ref, value: Operand, options?: MaskOptions): void =>
    storeTo(self, elementwise(op, [loadAgain(self), value]), options)
}

function atomically(op: AtomicOp) {
  return (self: Ref, value: Operand, options?: MaskOptions): TileValue =>
    updateAt(self, op, { ...options, value })
}

function limited(self: TileValue, low?: Operand | null, high?: Operand | null): TileValue {
  const above = low === undefined || low === null ? self : self.maximum(low)
  return high === undefined || high === null ? above : above.minimum(high)
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
