/**
 * Operations on whole tensors, outside of loops: `a.add(b)`, `losses.mean()`, `x.dot(w)`. Each says what its
 * result looks like and how a tile of it is computed by the operations on tiles; types are theirs, too.
 */
import { ONE } from '../../ir/node.ts'
import { OP_NAMES, type OpName } from '../../ir/ops.ts'
import { printSize, type Size, sameSize } from '../../ir/size.ts'
import { callSite } from '../../support/call_site.ts'
import { DTYPES, type DType, isFloat } from '../../support/dtypes.ts'
import { AuthorError } from '../../support/errors.ts'
import { computeType, type StorageType } from '../../support/storage_types.ts'
import { Tile } from '../loops/tile.ts'
import { capturedTensor } from '../trace/captured.ts'
import { tracing } from '../trace/trace.ts'
import { TracedTensor } from '../trace/traced_tensor.ts'
import { broadcastTo, castThrough, requireDType } from '../trace/typing.ts'
import { ALONG_AXES, KEEPS_AXIS } from '../values/along_axes.ts'
import { dot } from '../values/dot.ts'
import { elementwise } from '../values/elementwise.ts'
import { sort, topk } from '../values/sorting.ts'
import type { AlongAxis } from '../values/tile_signatures.ts'
import {
  type Axes,
  type DotOptions,
  type Operand,
  type ReduceOptions,
  type Sorted,
  type SortOptions,
  TileValue,
  type TopkOptions,
  type VarianceOptions,
} from '../values/value.ts'
import { arange, beginOf } from './creation.ts'
import { cdivDim, dimOperation, toDim, toSize } from './dim.ts'
import { make, type Recipe } from './made_tensors.ts'
import type { IndexTerm, SortedTensors, WholeOperand } from './tensor.ts'
import type { WholeName } from './whole_methods.ts'

/** So many elements are summed up by one program, where all of a tensor are. */
const PART = 1024

/** A tensor as operations outside of loops know it; undefined for what is none, and inside of loops. */
export function wholeTensor(what: string, value: unknown): TracedTensor | undefined {
  const trace = tracing(what)
  if (trace.insideLoop) return undefined
  return value instanceof TracedTensor ? value : capturedTensor(value)
}

/** `op` element by element, on tile values inside of loops and on tensors outside. */
export function elementwiseOf(op: OpName, operands: readonly WholeOperand[]): TileValue | TracedTensor {
  const whole = operands.map((operand) => wholeTensor(op, operand))
  if (!whole.some(isTensor)) return elementwise(op, operands as readonly Operand[])
  const all = operands.map((operand, i) => whole[i] ?? (operand as Operand))
  return elements(op, all, (values) => elementwise(op, values))
}

type AlongAxisOf = (self: TracedTensor, axis?: Axes, options?: VarianceOptions) => TracedTensor

/** The methods of tensors outside of loops. */
export const WHOLE_METHODS: Readonly<
  Record<WholeName, (self: TracedTensor, ...rest: never[]) => TracedTensor | SortedTensors>
> = {
  ...(Object.fromEntries(
    OP_NAMES.map((name) => [name, (...operands: WholeOperand[]) => elementwiseOf(name, operands)]),
  ) as unknown as Record<OpName, (self: TracedTensor, ...rest: WholeOperand[]) => TracedTensor>),
  ...(Object.fromEntries(
    (Object.keys(ALONG_AXES) as AlongAxis[]).map((name): [AlongAxis, AlongAxisOf] => [
      name,
      (self, axis, options) =>
        axis === undefined ? together(name, self, options) : alongAxis(name, self, axis, options),
    ]),
  ) as Record<AlongAxis, AlongAxisOf>),
  to(self, dtype: StorageType) {
    requireDType(dtype, 'to')
    return self.dtype === dtype ? self : converted('to', self, dtype)
  },
  clamp(self, low?: WholeOperand | null, high?: WholeOperand | null) {
    const isGiven = (limit: WholeOperand | null | undefined) => limit !== undefined && limit !== null
    const above = isGiven(low) ? elementwiseOf('maximum', [self, low as WholeOperand]) : self
    const within = isGiven(high) ? elementwiseOf('minimum', [above, high as WholeOperand]) : above
    return within as TracedTensor
  },
  clone: (self) => converted('clone', self, self.dtype),
  dot: product,
  sort: (self, axis = -1, options?: SortOptions) =>
    sortedAlong('sort', self, axis, undefined, (value, at) => sort(value, at, options)),
  topk: (self, count: number, axis = -1, options?: TopkOptions) =>
    sortedAlong('topk', self, axis, count, (value, at) => topk(value, count, at, options)),
}

/** `hl.arange` outside of loops: a tensor of the numbers from `begin` up to `end`. */
export function numbersFrom(begin: number, end: number): TracedTensor {
  const trace = tracing('hl.arange')
  trace.guard('le', toSize(begin, 'hl.arange'), toSize(end, 'hl.arange'), beginOf('hl.arange', begin))
  const size = dimOperation('sub', end, begin)
  return make(trace, {
    what: 'hl.arange',
    shape: [size],
    dtype: 'i32',
    operands: [],
    isElementwise: true,
    value: ([term]) => {
      const counted = term instanceof TileValue ? term : arange(term instanceof Tile ? term : size)
      return begin === 0 ? counted : counted.add(begin)
    },
  })
}

/** True for a tensor of the kernel. */
export function isTensor(value: unknown): value is TracedTensor {
  return value instanceof TracedTensor
}

/** The same elements under a dtype. */
function converted(what: string, tensor: TracedTensor, dtype: StorageType): TracedTensor {
  return elements(
    what,
    [tensor],
    ([value]) => {
      const trace = tracing(what)
      return new TileValue(trace, castThrough(trace, (value as TileValue).nodeIn(trace), dtype))
    },
    dtype,
  )
}

function elements(
  what: string,
  operands: readonly (Operand | TracedTensor)[],
  compute: (values: readonly Operand[]) => TileValue,
  dtype: StorageType = typeOf(operands, compute),
): TracedTensor {
  const shapes = operands.filter(isTensor).map(({ shape }) => shape)
  return make(tracing(what), {
    what,
    shape: broadcastShape(what, shapes),
    dtype,
    operands,
    isElementwise: true,
    value: (terms, read) => compute(operands.map((operand) => read(operand, terms) as Operand)),
  })
}

/** What a method along an axis makes of each row. */
function alongAxis(
  name: AlongAxis,
  tensor: TracedTensor,
  axis: Axes,
  options: ReduceOptions = {},
): TracedTensor {
  const places = (typeof axis === 'number' ? [axis] : axis).map((one) => axisOf(name, tensor, one))
  const [first] = places
  const keeps = KEEPS_AXIS.has(name)
  const compute = (value: TileValue): TileValue =>
    applied(name, value, places.length === 1 ? first : places, options)
  const hasAxis = keeps || options.keepdim === true
  const row = (terms: readonly IndexTerm[]): readonly IndexTerm[] => {
    const others = terms.filter((_, dim) => !hasAxis || !places.includes(dim)).values()
    return tensor.shape.map((_, dim) => (places.includes(dim) ? ':' : (others.next().value ?? ':')))
  }
  return make(tracing(name), {
    what: name,
    shape: tensor.shape.flatMap((size, dim) =>
      !places.includes(dim) || keeps ? [size] : hasAxis ? [1] : [],
    ),
    dtype: typeOf([tensor], ([value]) => compute(value as TileValue)),
    operands: [tensor],
    isElementwise: false,
    ...(keeps && { whole: places }),
    value: (terms, read) => compute(read(tensor, row(terms))),
  })
}

/** Rows in order, or as many of their elements as `count` says; a loop for each part that is used. */
function sortedAlong(
  name: 'sort' | 'topk',
  tensor: TracedTensor,
  axis: number,
  count: number | undefined,
  compute: (value: TileValue, at: number) => Sorted,
): SortedTensors {
  const trace = tracing(name)
  const at = axisOf(name, tensor, axis)
  const part = (which: keyof Sorted): TracedTensor =>
    make(trace, {
      what: name,
      shape: tensor.shape.map((size, dim) => (dim === at ? (count ?? size) : size)),
      dtype: which === 'indices' ? 'i32' : computeType(tensor.dtype),
      operands: [tensor],
      isElementwise: false,
      whole: [at],
      value: (terms, read) => compute(read(tensor, terms.toSpliced(at, 1, ':')), at)[which],
    })
  const made = new Map<keyof Sorted, TracedTensor>()
  const once = (which: keyof Sorted): TracedTensor => {
    const known = made.get(which) ?? part(which)
    made.set(which, known)
    return known
  }
  return {
    get values() {
      return once('values')
    },
    get indices() {
      return once('indices')
    },
  }
}

/** The method of tile values. */
function applied(name: AlongAxis, value: TileValue, axis?: Axes, options?: ReduceOptions): TileValue {
  const call = ALONG_AXES[name] as (self: TileValue, axis?: Axes, options?: ReduceOptions) => TileValue
  return call(value, axis, options)
}

/** Reductions of everything that take parts, and parts of parts. */
const BY_PARTS: ReadonlySet<AlongAxis> = new Set(['sum', 'prod', 'amax', 'amin', 'any', 'all'])

/** All elements taken together: the tensor of no dimensions. */
function together(name: AlongAxis, tensor: TracedTensor, options: VarianceOptions = {}): TracedTensor {
  const scalar = (): TracedTensor => {
    if (BY_PARTS.has(name)) return byParts(name, tensor)
    const count = tensor.numel()
    return inF32(tensor, (x) => {
      if (name === 'mean') return op('div', byParts('sum', x), count)
      if (name === 'norm') return op('sqrt', byParts('sum', op('square', x)))
      const squares = byParts('sum', op('square', op('sub', x, op('div', byParts('sum', x), count))))
      const divisor = elementwise('maximum', [elementwise('sub', [count, options.correction ?? 1]), 0])
      const variance = op('div', squares, divisor)
      return name === 'std' ? op('sqrt', variance) : variance
    })
  }
  if (!BY_PARTS.has(name) && !['mean', 'norm', 'var', 'std'].includes(name)) throw needsAxis(name)
  const result = scalar()
  return options.keepdim ? result.reshape(tensor.shape.map(() => 1)) : result
}

function op(name: OpName, ...operands: (Operand | TracedTensor)[]): TracedTensor {
  return elementwiseOf(name, operands) as TracedTensor
}

/** Rows first, then what they come to; long ones in parts, each by a program of its own. */
function byParts(name: AlongAxis, tensor: TracedTensor): TracedTensor {
  const dtype = typeOf([tensor], ([value]) => applied(name, value as TileValue))
  const isWide = name === 'sum' || name === 'prod'
  const { wide } = DTYPES[dtype]
  let rest = isWide && wide !== dtype ? converted('to', tensor, wide) : tensor
  if (rest.ndim === 0) return converted(name, rest, dtype)
  for (;;) {
    const length = rest.shape.at(-1) ?? 1
    const others = rest.shape.slice(0, -1)
    const isOneRow = others.every((size) => size === 1)
    if (isOneRow && !(typeof length === 'number' && length <= PART)) rest = inParts(name, rest)
    rest = alongAxis(name, rest, -1)
    if (rest.ndim === 0) break
  }
  return rest.dtype === dtype ? rest : converted('to', rest, dtype)
}

/** What each part of one long row comes to. */
function inParts(name: AlongAxis, tensor: TracedTensor): TracedTensor {
  const { shape } = tensor
  const compute = (value: TileValue): TileValue => applied(name, value, -1)
  const last = shape.length - 1
  return make(tracing(name), {
    what: name,
    shape: shape.map((size, dim) => (dim === last ? cdivDim(size, PART) : size)),
    dtype: typeOf([tensor], ([value]) => compute(value as TileValue)),
    operands: [tensor],
    isElementwise: false,
    ranges: shape,
    blockSize: PART,
    value: (terms, read) => compute(read(tensor, terms)),
    place: (terms) => terms.map((term) => (term instanceof Tile ? term.id : term)),
  })
}

/** `compute` on f32; f16 comes back as f16. */
function inF32(tensor: TracedTensor, compute: (tensor: TracedTensor) => TracedTensor): TracedTensor {
  const dtype = computeType(tensor.dtype)
  if (dtype === 'f32') return compute(tensor)
  const result = compute(converted('to', tensor, 'f32'))
  return isFloat(dtype) ? converted('to', result, dtype) : result
}

/** `[…, m, k] · […, k, n]`. */
function product(self: TracedTensor, other: WholeOperand, options: DotOptions = {}): TracedTensor {
  const trace = tracing('dot')
  const right = wholeTensor('dot', other)
  const [a, b] = [self, right].map((tensor) => tensor?.shape ?? [])
  const [k, k2] = [a?.at(-1), b?.at(-2)]
  if (!right || !a || !b || a.length < 2 || b.length < 2 || k === undefined || k2 === undefined)
    throw notMatrices(a ?? [], right)
  trace.guard(
    'eq',
    toSize(k, 'dot'),
    toSize(k2, 'dot'),
    'dot of tensors: columns of the first, rows of the second',
  )
  const batch = broadcastShape('dot', [a.slice(0, -2), b.slice(0, -2)])
  const compute = (x: TileValue, y: TileValue): TileValue => dot(x, y, undefined, options)
  const recipe: Recipe = {
    what: 'dot',
    shape: [...batch, a.at(-2) ?? 1, b.at(-1) ?? 1],
    dtype: typeOf([self, right], ([x, y]) => compute(x as TileValue, y as TileValue)),
    operands: [self, right],
    isElementwise: false,
    value: (terms, read) => {
      const [m = ':', n = ':'] = terms.slice(-2)
      const leading = terms.slice(0, -2)
      return compute(read(self, [...leading, m, ':']), read(right, [...leading, ':', n]))
    },
  }
  return make(trace, recipe)
}

/** The dtype that operations on tiles give: they are tried on values whose axes are of one. */
export function typeOf(
  operands: readonly (Operand | TracedTensor)[],
  compute: (values: readonly Operand[]) => TileValue,
): DType {
  const trace = tracing('an operation')
  return trace.apart(() => {
    const values = operands.map((operand) => {
      if (!isTensor(operand)) return operand
      const axes = operand.shape.map(() => ONE)
      const zero = trace.constant(0, computeType(operand.dtype))
      return new TileValue(trace, broadcastTo(trace, zero, axes, 'an operation'))
    })
    return compute(values).dtype
  })
}

/** The shape that all repeat to: aligned at the last dimension, sizes of one repeat. */
function broadcastShape(what: string, shapes: readonly (readonly number[])[]): readonly number[] {
  const trace = tracing(what)
  const rank = Math.max(...shapes.map(({ length }) => length))
  const result: Size[] = new Array(rank).fill(1)
  for (const shape of shapes) {
    shape.forEach((dim, i) => {
      const at = rank - shape.length + i
      const [size, present] = [toSize(dim, what), result[at] ?? 1]
      if (size === 1 || sameSize(size, present)) return
      if (present === 1) result[at] = size
      else if (typeof size === 'number' && typeof present === 'number') throw mismatch(what, shapes)
      else trace.guard('eq', present, size, `${what} of tensors combines dimensions`)
    })
  }
  return result.map(toDim)
}

export function axisOf(name: string, tensor: TracedTensor, axis: number): number {
  const { ndim } = tensor
  const at = axis < 0 ? axis + ndim : axis
  if (Number.isInteger(at) && at >= 0 && at < ndim) return at
  throw new AuthorError(`${name} along axis ${axis} of a tensor with ${ndim} dimensions`, {
    location: callSite(),
    remedy: ndim > 0 ? `Axes are ${-ndim} to ${ndim - 1}.` : 'A tensor of one number has no axes.',
  })
}

function needsAxis(name: AlongAxis): AuthorError {
  return new AuthorError(`${name} of a tensor without an axis`, {
    location: callSite(),
    remedy: 'It goes along one axis: name it, e.g. -1.',
  })
}

function mismatch(what: string, shapes: readonly (readonly number[])[]): AuthorError {
  return new AuthorError(
    `${what} of tensors with shapes ${shapes.map(printShape).join(' and ')}, which do not broadcast`,
    {
      location: callSite(),
      remedy: 'Dimensions align at the last one; add one of size 1 with .unsqueeze(axis).',
    },
  )
}

function notMatrices(a: readonly number[], right: TracedTensor | undefined): AuthorError {
  return new AuthorError(
    `dot of ${printShape(a)} and ${right ? printShape(right.shape) : 'what is not a tensor'}`,
    {
      location: callSite(),
      remedy: 'Both are tensors of two dimensions or more, [m, k] · [k, n]; x.unsqueeze(0) adds one.',
    },
  )
}

function printShape(shape: readonly number[]): string {
  return `[${shape.map((size) => printSize(toSize(size, 'a shape'))).join(', ')}]`
}
