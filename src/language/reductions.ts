/** Reductions along axes, and the helpers built from them. */
import { tileType } from '../ir/build.ts'
import { type Axis, type Node, ONE, type ReduceOp } from '../ir/node.ts'
import { callSite } from '../support/call_site.ts'
import { AuthorError } from '../support/errors.ts'
import { elementwise } from './elementwise.ts'
import { type Trace, tracing } from './trace.ts'
import { castTo } from './typing.ts'
import { type ReduceOptions, TileValue } from './value.ts'
import { insertOne, normalizeAxis } from './views.ts'

/** `value` reduced along `axis`, or along all axes, innermost first. */
export function reduce(
  op: ReduceOp,
  value: TileValue,
  axis?: number,
  options: ReduceOptions = {},
): TileValue {
  const trace = tracing(op)
  const axes = axis === undefined ? value.axes.map((_, i) => i).reverse() : [normalizeAxis(value, axis, op)]
  let node = prepare(trace, op, value.nodeIn(trace))
  for (const at of axes) {
    node = reduceOne(trace, op, node, at)
    if (options.keepdim) node = insertOne(trace, node, at)
  }
  return new TileValue(trace, node)
}

/** Sum divided by the number of elements, in floating point. */
export function mean(value: TileValue, axis?: number, options: ReduceOptions = {}): TileValue {
  const trace = tracing('mean')
  const axes = axis === undefined ? value.axes : [value.axes[normalizeAxis(value, axis, 'mean')] ?? ONE]
  const total = reduce('sum', value, axis, options)
  return axes.reduce<TileValue>((result, at) => elementwise('div', [result, lengthOf(trace, at)]), total)
}

/** `exp(x - max) / sum(exp(x - max))` along `axis`. */
export function softmax(value: TileValue, axis: number): TileValue {
  const exponentials = elementwise('exp', [value.sub(reduce('max', value, axis, { keepdim: true }))])
  return exponentials.div(reduce('sum', exponentials, axis, { keepdim: true }))
}

/** `log(sum(exp(x)))` along `axis`; minus infinity where all elements are. */
export function logsumexp(value: TileValue, axis: number, options: ReduceOptions = {}): TileValue {
  const top = reduce('max', value, axis, { keepdim: true })
  const finite = elementwise('where', [top.isfinite(), top, 0])
  const total = reduce('sum', value.sub(finite).exp(), axis, { keepdim: true })
  const result = total.log().add(finite)
  return options.keepdim ? result : result.squeeze(axis)
}

/** Number of elements along an axis, as the tile really has them at the edge of its range. */
function lengthOf(trace: Trace, axis: Axis): TileValue {
  if (axis === ONE) return new TileValue(trace, trace.constant(1, 'i32'))
  const block = trace.blocks.get(trace.blocks.canonical(axis))
  if (block.kind === 'slice') return new TileValue(trace, trace.size(block.size))
  const part = (what: 'begin' | 'end'): TileValue => {
    const spec = {
      kind: 'range',
      type: tileType('i32'),
      location: callSite(),
      block: block.id,
      what,
    } as const
    return new TileValue(trace, trace.add('mean', spec))
  }
  return part('end').sub(part('begin'))
}

function prepare(trace: Trace, op: ReduceOp, node: Node): Node {
  if (op === 'any' || op === 'all') return castTo(trace, node, 'bool')
  return node.type.dtype === 'bool' ? castTo(trace, node, 'i32') : node
}

function reduceOne(trace: Trace, op: ReduceOp, arg: Node, axis: number): Node {
  const dtype = op === 'argmax' || op === 'argmin' ? 'i32' : arg.type.dtype
  const type = tileType(
    dtype,
    arg.type.axes.filter((_, i) => i !== axis),
  )
  if (arg.type.axes[axis] === ONE && dtype === arg.type.dtype) {
    const axes = arg.type.axes.map((_, i) => i).filter((i) => i !== axis)
    return trace.add(op, { kind: 'view', type, location: callSite(), arg, axes })
  }
  if (arg.type.axes[axis] === ONE) {
    throw new AuthorError(`${op} along an axis of one is always 0`, { location: callSite() })
  }
  return trace.add(op, { kind: 'reduce', type, location: callSite(), op, arg, axis })
}
