/**
 * Masks of loads, stores and atomic operations: where they are false, nothing is read or written, whatever
 * the positions are there.
 */
import { type Axis, type Node, ONE } from '../../ir/node.ts'
import { isOne } from '../trace/blocks.ts'
import { type Trace, tracing } from '../trace/trace.ts'
import { broadcastTo, castTo, fitTo } from '../trace/typing.ts'
import { elementwise, toNode } from './elementwise.ts'
import { type LoadOptions, type Operand, type Ref, TileValue } from './value.ts'
import { view as axesOf } from './views.ts'

/** The elements that `ref` names where the mask holds, and `other` elsewhere. */
export function loadFrom(from: Ref, { mask, other = 0 }: LoadOptions = {}): TileValue {
  const trace = tracing('load')
  const ref = mask === undefined ? from : from.anywhere
  const all = new TileValue(trace, ref.nodeIn(trace))
  if (mask === undefined) return all
  const otherwise = new TileValue(trace, castTo(trace, toNode(trace, 'other', other, ref.dtype), ref.dtype))
  if (ref.repeats !== undefined) return chosen(mask, all, otherwise)
  const { id: _id, location: _location, ...spec } = ref.load
  const load = trace.add('load', { ...spec, mask: maskOf(trace, ref, mask, 'load') })
  const value = new TileValue(trace, asTarget(trace, ref, load))
  return other === 0 ? value : chosen(mask, value, otherwise)
}

/** The elements that `ref` names, as they are now. */
export function loadAgain(ref: Ref): TileValue {
  const trace = tracing('load')
  ref.nodeIn(trace)
  const { id: _id, location: _location, ...spec } = ref.load
  return new TileValue(trace, asTarget(trace, ref, trace.add('load', spec)))
}

/** A mask over the axes of the positions of `ref`, if there is one. */
export function maskOf(trace: Trace, ref: Ref, mask: Operand | undefined, what: string): Node | undefined {
  const own = ref.load.mask
  if (mask === undefined) return own
  const truth = castTo(trace, toNode(trace, what, mask), 'bool')
  const given = asLoaded(trace, ref, truth, `the mask of ${what}`)
  return own
    ? elementwise(
        'and',
        [own, given].map((node) => new TileValue(trace, node)),
      ).nodeIn(trace)
    : given
}

/** `node` repeated to the positions of `ref`, its axes in the order of the load's. */
export function asLoaded(trace: Trace, ref: Ref, node: Node, what: string): Node {
  const spread = fitTo(trace, node, ref.target, what, 'positions')
  return axesOf(trace, spread, orderOf(ref.load.type.axes, ref.target))
}

/** A value over the axes of the load with axes as `at(…)` wrote them. */
export function asTarget(trace: Trace, ref: Ref, node: Node): Node {
  return broadcastTo(trace, axesOf(trace, node, orderOf(ref.target, ref.load.type.axes)), ref.target, 'at')
}

function orderOf(axes: readonly Axis[], among: readonly Axis[]): readonly number[] {
  return axes.map((axis) => (isOne(axis) ? ONE : among.indexOf(axis)))
}

function chosen(mask: Operand, value: TileValue, other: TileValue): TileValue {
  return elementwise('where', [mask, value, other])
}
