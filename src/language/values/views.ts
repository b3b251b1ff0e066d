/** Operations that only rename axes: no element moves. */
import { tileType } from '../../ir/build.ts'
import { type Node, ONE } from '../../ir/node.ts'
import { callSite } from '../../support/call_site.ts'
import { AuthorError } from '../../support/errors.ts'
import { isOne } from '../trace/blocks.ts'
import { type Trace, tracing } from '../trace/trace.ts'
import { TileValue } from './value.ts'

/** Output axis i is input axis `axes[i]`; ONE stands for a new axis of one. */
export function view(trace: Trace, arg: Node, axes: readonly number[]): Node {
  if (axes.length === arg.type.axes.length && axes.every((axis, i) => axis === i)) return arg
  const type = tileType(
    arg.type.dtype,
    axes.map((axis) => (axis === ONE ? ONE : (arg.type.axes[axis] ?? ONE))),
  )
  return trace.add('a view', { kind: 'view', type, arg, axes })
}

/** A new axis of one at position `at` of the result. */
export function insertOne(trace: Trace, node: Node, at: number): Node {
  const axes = node.type.axes.map((_, i) => i)
  return view(trace, node, [...axes.slice(0, at), ONE, ...axes.slice(at)])
}

export function unsqueeze(value: TileValue, axis: number): TileValue {
  const trace = tracing('unsqueeze')
  const at = normalizeAxis(value, axis, 'unsqueeze', value.ndim + 1)
  return new TileValue(trace, insertOne(trace, value.nodeIn(trace), at))
}

export function squeeze(value: TileValue, axis: number): TileValue {
  const trace = tracing('squeeze')
  const at = normalizeAxis(value, axis, 'squeeze')
  const along = value.axes[at] ?? ONE
  if (!isOne(along) && trace.blocks.get(trace.blocks.canonical(along)).extent === 1)
    return new TileValue(trace, onlyOne(trace, value.nodeIn(trace), at))
  if (!isOne(along)) {
    throw new AuthorError(`squeeze of axis ${axis}, which is not an axis of one`, {
      location: callSite(),
      remedy: 'Reduce it instead: .sum(axis), .amax(axis), ….',
    })
  }
  const axes = value.axes.map((_, i) => i).filter((i) => i !== at)
  return new TileValue(trace, view(trace, value.nodeIn(trace), axes))
}

/** Along a tile of one position, which is all that a reduction takes. */
export function onlyOne(trace: Trace, arg: Node, axis: number): Node {
  const { dtype, axes } = arg.type
  const type = tileType(dtype, axes.toSpliced(axis, 1))
  const op = dtype === 'bool' ? 'any' : 'max'
  return trace.add('squeeze', { kind: 'reduce', type, op, arg, axis })
}

export function permute(value: TileValue, order: readonly number[]): TileValue {
  const trace = tracing('permute')
  const axes = order.map((axis) => normalizeAxis(value, axis, 'permute'))
  if (axes.length !== value.ndim || new Set(axes).size !== axes.length) {
    throw new AuthorError(`permute(${order.join(', ')}) does not name each of the ${value.ndim} axes once`, {
      location: callSite(),
      remedy: `Name each of 0 to ${value.ndim - 1} once, in the order that the result has them.`,
    })
  }
  return new TileValue(trace, view(trace, value.nodeIn(trace), axes))
}

export function transpose(value: TileValue, a = -2, b = -1): TileValue {
  if (value.ndim < 2) {
    throw new AuthorError(`transpose of a tile with ${value.ndim} axes`, {
      location: callSite(),
      remedy: 'It needs two; add one with .unsqueeze(axis).',
    })
  }
  const [left, right] = [normalizeAxis(value, a, 'transpose'), normalizeAxis(value, b, 'transpose')]
  const swapped: Readonly<Record<number, number>> = { [left]: right, [right]: left }
  return permute(
    value,
    value.axes.map((_, i) => swapped[i] ?? i),
  )
}

/** A matrix with rows and columns exchanged. */
export function turned(value: TileValue): TileValue {
  if (value.ndim === 2) return transpose(value)
  throw new AuthorError(`.T of a tile with ${value.ndim} axes`, {
    location: callSite(),
    remedy: 'Use .transpose(a, b) or .permute(…).',
  })
}

/** An axis number counted from 0; `count` is the number of axes it may name. */
export function normalizeAxis(
  value: TileValue,
  axis: number,
  what: string,
  count: number = value.ndim,
): number {
  const at = axis < 0 ? axis + count : axis
  if (Number.isInteger(at) && at >= 0 && at < count) return at
  throw new AuthorError(`${what} along axis ${axis} of a tile with ${value.ndim} axes`, {
    location: callSite(),
    remedy: count > 0 ? `Axes are ${-count} to ${count - 1}.` : 'A scalar has no axes.',
  })
}
