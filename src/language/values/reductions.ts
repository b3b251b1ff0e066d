/** Reductions along axes, and the helpers built from them. */
import { tileType } from '../../ir/build.ts'
import { type Axis, type Node, ONE, type ReduceOp } from '../../ir/node.ts'
import { callSite } from '../../support/call_site.ts'
import { DTYPES, type DType, isFloat } from '../../support/dtypes.ts'
import { AuthorError } from '../../support/errors.ts'
import { isJagged, withinRows } from '../loops/jagged.ts'
import { isOne } from '../trace/blocks.ts'
import { type Trace, tracing } from '../trace/trace.ts'
import { broadcastTo, castTo } from '../trace/typing.ts'
import { elementwise } from './elementwise.ts'
import { type Axes, type ReduceOptions, TileValue, type VarianceOptions } from './value.ts'
import { insertOne, normalizeAxis, view } from './views.ts'

/** What the reductions are called as methods. */
const METHODS: Readonly<Record<ReduceOp, string>> = {
  sum: 'sum',
  prod: 'prod',
  max: 'amax',
  min: 'amin',
  any: 'any',
  all: 'all',
  argmax: 'argmax',
  argmin: 'argmin',
}

/**
 * `value` reduced along `axis`, or along all axes, innermost first. Sums and products of f16 are f32 until
 * the last axis is gone: partial ones would overflow, and lose digits in an order that depends on the config.
 */
export function reduce(op: ReduceOp, value: TileValue, axis?: Axes, options: ReduceOptions = {}): TileValue {
  const trace = tracing(METHODS[op])
  const axes = axis === undefined ? allAxes(value, op) : placesOf(value, axis, METHODS[op])
  let node = prepare(trace, op, value.nodeIn(trace))
  for (const at of axes) {
    node = reduceOne(trace, op, node, at)
    if (options.keepdim) node = insertOne(trace, node, at)
  }
  return new TileValue(trace, isAccumulatedInF32(op, value.dtype) ? castTo(trace, node, value.dtype) : node)
}

/** Sum divided by the number of elements, in floating point. */
export function mean(value: TileValue, axis?: Axes, options: ReduceOptions = {}): TileValue {
  const trace = tracing('mean')
  const axes = axesAlong(value, axis, 'mean')
  return inF32(value, (x) => {
    const total = reduce('sum', x, axis, options)
    if (isJagged(trace, x.axes, axes)) return total.div(countAlong(trace, x, axis, options))
    return axes.reduce<TileValue>((result, at) => elementwise('div', [result, lengthOf(trace, at)]), total)
  })
}

/** The mean squared distance from the mean, in two passes: differences of squares lose their digits. */
export function variance(
  value: TileValue,
  axis?: Axes,
  { keepdim = false, correction = 1 }: VarianceOptions = {},
): TileValue {
  const trace = tracing('var')
  return inF32(value, (x) => {
    const middle = axis === undefined ? mean(x) : mean(x, axis, { keepdim: true })
    const total = reduce('sum', x.sub(middle).square(), axis, { keepdim })
    const count = countAlong(trace, x, axis, { keepdim })
    return total.div(elementwise('maximum', [count.sub(correction), 0]))
  })
}

/** The square root of the variance. */
export function deviation(value: TileValue, axis?: Axes, options?: VarianceOptions): TileValue {
  return inF32(value, (x) => variance(x, axis, options).sqrt())
}

/** The square root of the sum of squares. */
export function norm(value: TileValue, axis?: Axes, options: ReduceOptions = {}): TileValue {
  return inF32(value, (x) => reduce('sum', x.square(), axis, options).sqrt())
}

/** `x - max - log(sum(exp(x - max)))` along `axis`. */
export function logSoftmax(value: TileValue, axis: number): TileValue {
  return inF32(value, (x) => {
    const below = x.sub(reduce('max', x, axis, { keepdim: true }))
    return below.sub(reduce('sum', below.exp(), axis, { keepdim: true }).log())
  })
}

/** `exp(x - max) / sum(exp(x - max))` along `axis`. */
export function softmax(value: TileValue, axis: number): TileValue {
  return inF32(value, (x) => {
    const exponentials = x.sub(reduce('max', x, axis, { keepdim: true })).exp()
    return exponentials.div(reduce('sum', exponentials, axis, { keepdim: true }))
  })
}

/** `log(sum(exp(x)))` along `axis`; minus infinity where all elements are. */
export function logsumexp(value: TileValue, axis: number, options: ReduceOptions = {}): TileValue {
  return inF32(value, (x) => {
    const top = reduce('max', x, axis, { keepdim: true })
    const finite = elementwise('where', [top.isfinite(), top, 0])
    const total = reduce('sum', x.sub(finite).exp(), axis, { keepdim: true })
    const result = total.log().add(finite)
    return options.keepdim ? result : result.squeeze(axis)
  })
}

/** The number of elements that a reduction takes together, f32; for each row where rows have their own. */
function countAlong(
  trace: Trace,
  value: TileValue,
  axis: Axes | undefined,
  options: ReduceOptions,
): TileValue {
  if (isJagged(trace, value.axes, axesAlong(value, axis, 'mean'))) {
    const one = broadcastTo(trace, trace.constant(1, 'f32'), value.axes, 'mean')
    return reduce('sum', new TileValue(trace, one), axis, options)
  }
  return axesAlong(value, axis, 'var')
    .map((at) => lengthOf(trace, at).to('f32'))
    .reduce((a, b) => a.mul(b), new TileValue(trace, trace.constant(1, 'f32')))
}

/** The axes that a reduction along `axis`, or along all, takes together. */
function axesAlong(value: TileValue, axis: Axes | undefined, what: string): readonly Axis[] {
  if (axis === undefined) return value.axes
  return placesOf(value, axis, what).map((at) => value.axes[at] ?? ONE)
}

/** The axes by their numbers from 0, innermost first. */
function placesOf(value: TileValue, axis: Axes, what: string): readonly number[] {
  const axes = typeof axis === 'number' ? [axis] : axis
  const places = axes.map((one) => normalizeAxis(value, one, what))
  if (new Set(places).size === places.length) return places.sort((a, b) => b - a)
  throw new AuthorError(`${what} along axes ${axes.join(', ')} of a tile with ${value.ndim} axes`, {
    location: callSite(),
    remedy: 'Name each axis once.',
  })
}

/** `compute` on f32, because sums of f16 overflow soon and lose digits; f16 comes back as f16. */
function inF32(value: TileValue, compute: (value: TileValue) => TileValue): TileValue {
  const result = compute(value.to('f32'))
  return isFloat(value.dtype) ? result.to(value.dtype) : result
}

/** Number of elements along an axis, as the tile really has them at the edge of its range. */
function lengthOf(trace: Trace, axis: Axis): TileValue {
  if (isOne(axis)) return new TileValue(trace, trace.constant(1, 'i32'))
  const block = trace.blocks.get(trace.blocks.canonical(axis))
  if (block.kind === 'slice') return new TileValue(trace, trace.size(block.size))
  const part = (what: 'begin' | 'end'): TileValue => {
    const spec = {
      kind: 'range',
      type: tileType('i32'),
      block: block.id,
      what,
    } as const
    return new TileValue(trace, trace.add('mean', spec))
  }
  return part('end').sub(part('begin'))
}

function allAxes(value: TileValue, op: ReduceOp): readonly number[] {
  if (!isArg(op)) return value.axes.map((_, i) => i).reverse()
  throw new AuthorError(`${op} without an axis`, {
    location: callSite(),
    remedy: 'It gives positions along one axis: name it, e.g. -1.',
  })
}

function isArg(op: ReduceOp): boolean {
  return op === 'argmax' || op === 'argmin'
}

function isAccumulatedInF32(op: ReduceOp, dtype: DType): boolean {
  return DTYPES[dtype].wide === 'f32' && dtype !== 'f32' && (op === 'sum' || op === 'prod')
}

function prepare(trace: Trace, op: ReduceOp, node: Node): Node {
  if (op === 'any' || op === 'all') return castTo(trace, node, 'bool')
  if (isAccumulatedInF32(op, node.type.dtype)) return castTo(trace, node, 'f32')
  return node.type.dtype === 'bool' ? castTo(trace, node, 'i32') : node
}

function reduceOne(trace: Trace, op: ReduceOp, arg: Node, axis: number): Node {
  const kept = arg.type.axes.map((_, i) => i).filter((i) => i !== axis)
  const axes = kept.map((i) => arg.type.axes[i] ?? ONE)
  if (isOne(arg.type.axes[axis] ?? ONE)) {
    return isArg(op) ? broadcastTo(trace, trace.size(0), axes, op) : view(trace, arg, kept)
  }
  const type = tileType(isArg(op) ? 'i32' : arg.type.dtype, axes)
  return trace.add(op, { kind: 'reduce', type, op, arg: withinRows(trace, arg, axis, op), axis })
}
