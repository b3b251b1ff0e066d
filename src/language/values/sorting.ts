/** Sorting along an axis, and the first elements of it. */
import { tileType } from '../../ir/build.ts'
import { lastInOrder } from '../../ir/neutral.ts'
import { type Axis, ONE } from '../../ir/node.ts'
import type { Size } from '../../ir/size.ts'
import { keptIn, maskAlong } from '../loops/jagged.ts'
import { arange } from '../tensors/creation.ts'
import { toSize } from '../tensors/dim.ts'
import { isOne } from '../trace/blocks.ts'
import { type Trace, tracing } from '../trace/trace.ts'
import { broadcastTo } from '../trace/typing.ts'
import { elementwise } from './elementwise.ts'
import { gather } from './rearrange.ts'
import { type Sorted, type SortOptions, TileValue, type TopkOptions } from './value.ts'
import { insertOne, normalizeAxis } from './views.ts'

/**
 * The elements along `axis` in rising order, NaN last, or in falling order, NaN first; equal ones keep their
 * order. Positions are i32, counted within the tile.
 */
export function sort(value: TileValue, axis = -1, { descending = false }: SortOptions = {}): Sorted {
  const trace = tracing('sort')
  const at = normalizeAxis(value, axis, 'sort')
  const given = value.nodeIn(trace)
  const mask = maskAlong(trace, given.type.axes, at)
  const arg = mask ? keptIn(trace, mask, given, lastInOrder(value.dtype, descending)) : given
  const part = (number: 0 | 1): TileValue => {
    const type = number === 0 ? arg.type : tileType('i32', arg.type.axes)
    return new TileValue(
      trace,
      trace.add('sort', { kind: 'sort', type, arg, axis: at, descending, part: number }),
    )
  }
  if (!isOne(arg.type.axes[at] ?? ONE)) return { values: part(0), indices: part(1) }
  return {
    values: value,
    indices: new TileValue(trace, broadcastTo(trace, trace.size(0), arg.type.axes, 'sort')),
  }
}

/**
 * The `count` largest elements along `axis`, the largest first, and their positions; with `largest: false`
 * the smallest, the smallest first. The axis becomes one of its own of that size.
 */
export function topk(
  value: TileValue,
  count: number,
  axis = -1,
  { largest = true }: TopkOptions = {},
): Sorted {
  const trace = tracing('topk')
  const at = normalizeAxis(value, axis, 'topk')
  trace.guard(
    'le',
    toSize(count, 'topk'),
    lengthAlong(trace, value.axes[at] ?? ONE),
    'topk takes no more than there are',
  )
  const { values, indices } = sort(value, axis, { descending: largest })
  return { values: firstAlong(trace, values, count, at), indices: firstAlong(trace, indices, count, at) }
}

/** The first elements along an axis, which becomes a range of its own. */
function firstAlong(trace: Trace, value: TileValue, count: number, at: number): TileValue {
  const wanted = arange(count)
  if (isOne(value.axes[at] ?? ONE)) {
    const behind = Array.from({ length: value.ndim - at - 1 })
    const places = behind.reduce<TileValue>((wide) => wide.unsqueeze(wide.ndim), wanted)
    return elementwise('where', [places.lt(1), value, 0])
  }
  const [block = ONE] = wanted.axes
  const index = isOne(block) ? trace.size(0) : wanted.nodeIn(trace)
  const axes = value.axes.flatMap((other, i) => (i !== at ? [other] : isOne(block) ? [] : [block]))
  const first = gather(trace, value.nodeIn(trace), { along: [at], index: [index], axes })
  return new TileValue(trace, isOne(block) ? insertOne(trace, first, at) : first)
}

/** The most elements along an axis. */
function lengthAlong(trace: Trace, axis: Axis): Size {
  return isOne(axis) ? 1 : trace.blocks.get(trace.blocks.canonical(axis)).size
}
