/**
 * Elements of tile values in other places: `slice`, `expand`, `flip`, `split`, `join`, `stack`, `cat`. What a
 * tile of a loop holds depends on the config: only those of known length change. Each is a full one then,
 * with zeros past the end of its range.
 */
import { tileType } from '../../ir/build.ts'
import { type Axis, type BlockId, type Node, ONE } from '../../ir/node.ts'
import { printSize, type Size, sizeOp } from '../../ir/size.ts'
import { callSite } from '../../support/call_site.ts'
import { AuthorError } from '../../support/errors.ts'
import { blockOf, isTiled, shapeEntry, sizeAlong } from '../loops/axis_sizes.ts'
import { positions, requireStep } from '../loops/loops.ts'
import { Tile } from '../loops/tile.ts'
import { toDim, toSize } from '../tensors/dim.ts'
import { wholeDimension } from '../tensors/indexing.ts'
import { fromEnd } from '../tensors/tensor_view.ts'
import { isOne } from '../trace/blocks.ts'
import { type Trace, tracing } from '../trace/trace.ts'
import { broadcastAxes, broadcastTo, fitTo, printAxes } from '../trace/typing.ts'
import { elementwise } from './elementwise.ts'
import { type ShapeEntry, TileValue } from './value.ts'
import { insertOne, normalizeAxis, squeeze, view } from './views.ts'

/** What `hl.zeros` and `reshape` take to make a value like this: tiles and sizes, by axis. */
export function shapeOf(value: TileValue): readonly number[] {
  const trace = tracing('shape')
  value.nodeIn(trace)
  return value.axes.map((axis) => {
    const block = blockOf(trace, axis)
    // A tile stands wherever the size of an axis may; to the type system it is one, as symbolic sizes are.
    return isTiled(block) ? (new Tile(trace, block) as unknown as number) : toDim(sizeAlong(trace, axis))
  })
}

/** Part of a whole dimension. */
export function slice(value: TileValue, axis: number, begin: number, end?: number, step = 1): TileValue {
  const trace = tracing('slice')
  const at = normalizeAxis(value, axis, 'slice')
  const node = value.nodeIn(trace)
  const size = lengthAlong(trace, node, at, 'slice')
  const from = fromEnd(toSize(begin, 'slice'), size)
  const to = end === undefined ? size : fromEnd(toSize(end, 'slice'), size)
  const what = `slice(${axis}, ${printSize(from)}, ${printSize(to)}) of ${printAxes(trace, node.type.axes)}`
  requireStep(step)
  trace.guard('le', 0, from, `${what} begins at position 0 or later`)
  trace.guard('le', from, to, `${what} ends behind its begin`)
  trace.guard('le', to, size, `${what} lies within the dimension`)
  const count = sizeOp('cdiv', sizeOp('sub', to, from), step)
  if (isOne(node.type.axes[at] ?? ONE)) {
    if (count === 1) return value
    const place = alongAxis(trace, positions(trace, wholeDimension(trace, count)), at, value.ndim)
    return elementwise('where', [place.lt(1), value, 0])
  }
  if (count === 1) return new TileValue(trace, insertOne(trace, elementAt(trace, node, at, from), at))
  const block = wholeDimension(trace, count)
  const counted = positions(trace, block)
  const scaled = step === 1 ? counted : elementwise('mul', [counted, step])
  const index = from === 0 ? scaled : elementwise('add', [scaled, toDim(from)])
  const axes = node.type.axes.with(at, block.id)
  return new TileValue(trace, gather(trace, node, { along: [at], index: [index.nodeIn(trace)], axes }))
}

/** At one position of an axis, counted from the end where it is negative; without that axis. */
export function takeAt(value: TileValue, axis: number, position: number): TileValue {
  const trace = tracing('at')
  const node = value.nodeIn(trace)
  const size = lengthAlong(trace, node, axis, 'at')
  const from = fromEnd(toSize(position, 'at'), size)
  const what = `position ${position} of axis ${axis} of ${printAxes(trace, node.type.axes)}`
  trace.guard('le', 0, from, `${what} is 0 or later`)
  trace.guard('le', sizeOp('add', from, 1), size, `${what} lies within the dimension`)
  if (isOne(node.type.axes[axis] ?? ONE)) return squeeze(value, axis)
  return new TileValue(trace, elementAt(trace, node, axis, from))
}

/** At one position of an axis, without that axis. */
function elementAt(trace: Trace, node: Node, axis: number, position: Size): Node {
  const index = [trace.size(position)]
  return gather(trace, node, { along: [axis], index, axes: node.type.axes.toSpliced(axis, 1) })
}

/** With axes of one repeated, and new axes in front. */
export function expand(value: TileValue, shape: readonly ShapeEntry[]): TileValue {
  const trace = tracing('expand')
  const node = value.nodeIn(trace)
  const missing = shape.length - value.ndim
  const axes = shape.map((extent, i) => {
    const own = node.type.axes[i - missing]
    if (extent instanceof Tile) return extent.block.id
    const size = toSize(shapeEntry(trace, extent) as number, 'expand')
    if (own !== undefined && (size === -1 || !isOne(own))) return sizedAs(trace, own, size)
    return size === 1 || size === -1 ? ONE : wholeDimension(trace, size).id
  })
  return new TileValue(trace, fitTo(trace, node, axes, 'expand', `the shape ${printShape(trace, shape)}`))
}

/** With positions along an axis counted from the end, of a tile from the end of its range. */
export function flip(value: TileValue, axis: number): TileValue {
  const trace = tracing('flip')
  const at = normalizeAxis(value, axis, 'flip')
  const node = value.nodeIn(trace)
  const { axes } = node.type
  const block = blockOf(trace, axes[at] ?? ONE)
  if (!block) return value
  const size = lengthAlong(trace, node, at, 'flip')
  const index = isTiled(block)
    ? elementwise('sub', [new Tile(trace, block).end.sub(1), positions(trace, block)])
    : elementwise('sub', [toDim(sizeOp('sub', size, 1)), positions(trace, block)])
  return new TileValue(trace, gather(trace, node, { along: [at], index: [index.nodeIn(trace)], axes }))
}

/** The two values along a last axis of two. */
export function split(value: TileValue): readonly [TileValue, TileValue] {
  const trace = tracing('split')
  const node = value.nodeIn(trace)
  const at = normalizeAxis(value, -1, 'split')
  const what = `split of ${printAxes(trace, node.type.axes)} along its last axis`
  if (isOne(node.type.axes[at] ?? ONE)) throw notTwo(what)
  const size = lengthAlong(trace, node, at, 'split')
  if (typeof size === 'number' && size !== 2) throw notTwo(what)
  trace.guard('eq', size, 2, what)
  const axes = node.type.axes.slice(0, -1)
  const part = (position: number): TileValue =>
    new TileValue(trace, gather(trace, node, { along: [at], index: [trace.size(position)], axes }))
  return [part(0), part(1)]
}

/** Both values along a new last axis of two. */
export function join(a: TileValue, b: TileValue): TileValue {
  return stacked('hl.join', [a, b], -1)
}

/** The values along a new axis. */
export function stack(values: readonly TileValue[], axis: number = 0): TileValue {
  return stacked('hl.stack', values, axis)
}

/** The values behind one another along an axis that they have. */
export function cat(values: readonly TileValue[], axis: number = 0): TileValue {
  const trace = tracing('hl.cat')
  const [first] = valuesOf('hl.cat', values)
  const at = normalizeAxis(first, axis, 'hl.cat')
  const nodes = values.map((value) => value.nodeIn(trace))
  if (values.some(({ ndim }) => ndim !== first.ndim)) throw otherRanks(trace, nodes)
  const sizes = nodes.map((node) => lengthAlong(trace, node, at, 'hl.cat'))
  const others = nodes.map(({ type }) => type.axes.map((other, i) => (i === at ? ONE : other)))
  const axes = broadcastAxes(trace, others, 'hl.cat')
  const total = sizes.reduce((a, b) => sizeOp('add', a, b))
  const only = total === 1 ? nodes[sizes.indexOf(1)] : undefined
  if (only) return new TileValue(trace, broadcastTo(trace, only, axes, 'hl.cat'))
  const block = wholeDimension(trace, total)
  const position = alongAxis(trace, positions(trace, block), at, axes.length)
  const begins = sizes.map((_, i) => sizes.slice(0, i).reduce<Size>((a, b) => sizeOp('add', a, b), 0))
  const moved = nodes.map((node, i) => {
    const own = node.type.axes
    if (isOne(own[at] ?? ONE)) return new TileValue(trace, node)
    const from = elementwise('sub', [positions(trace, block), toDim(begins[i] ?? 0)]).nodeIn(trace)
    const target = own.map((other, j) => (j === at ? block.id : other))
    return new TileValue(trace, gather(trace, node, { along: [at], index: [from], axes: target }))
  })
  return chosen(moved, (i) => position.lt(toDim(begins[i + 1] ?? 0)))
}

function stacked(what: string, values: readonly TileValue[], axis: number): TileValue {
  const trace = tracing(what)
  valuesOf(what, values)
  const nodes = values.map((value) => value.nodeIn(trace))
  const axes = broadcastAxes(
    trace,
    nodes.map(({ type }) => type.axes),
    what,
  )
  const all = nodes.map((node) => broadcastTo(trace, node, axes, what))
  const [first] = all
  const at = first ? normalizeAxis(new TileValue(trace, first), axis, what, axes.length + 1) : 0
  const layers = all.map((node) => new TileValue(trace, insertOne(trace, node, at)))
  if (layers.length === 1 && layers[0]) return layers[0]
  const layer = positions(trace, wholeDimension(trace, layers.length))
  const position = alongAxis(trace, layer, at, axes.length + 1)
  return chosen(layers, (i) => position.lt(i + 1))
}

/** The first value whose condition holds, or the last. */
export function chosen(values: readonly TileValue[], condition: (i: number) => TileValue): TileValue {
  return values.reduceRight((rest, value, i) => elementwise('where', [condition(i), value, rest]))
}

interface GatherSpec {
  /** Axes of the operand that are taken at these positions. */
  readonly along: readonly number[]
  readonly index: readonly Node[]
  /** Of the result. */
  readonly axes: readonly Axis[]
}

/** Elements of a value at positions along some of its axes, counted within the tile. */
export function gather(trace: Trace, arg: Node, { along, index, axes }: GatherSpec): Node {
  const [place] = index
  if (arg.kind === 'index' && place) return positionsAt(trace, arg.block, place, axes)
  const type = tileType(arg.type.dtype, axes)
  return trace.add('reshape', { kind: 'gather', type, arg, along, index })
}

/** Of positions themselves: they go on past the end of a tile's range, where stores do nothing. */
function positionsAt(trace: Trace, block: BlockId, place: Node, axes: readonly Axis[]): Node {
  const spec = { kind: 'range', type: tileType('i32'), block, what: 'begin' } as const
  const within = new TileValue(trace, place)
  const isTile = trace.blocks.get(trace.blocks.canonical(block)).kind === 'tile'
  const position = isTile ? within.add(new TileValue(trace, trace.add('reshape', spec))) : within
  return broadcastTo(trace, position.nodeIn(trace), axes, 'reshape')
}

/** Values along one axis as axis `at` of `rank`. */
export function alongAxis(trace: Trace, values: TileValue, at: number, rank: number): TileValue {
  const order = Array.from({ length: rank }, (_, i) => (i === at ? 0 : ONE))
  return new TileValue(trace, view(trace, values.nodeIn(trace), order))
}

/** How many positions an axis has: a whole dimension, or a tile whose length the author knows. */
function lengthAlong(trace: Trace, node: Node, at: number, what: string): Size {
  const axis = node.type.axes[at] ?? ONE
  const block = blockOf(trace, axis)
  const isKnown = !isTiled(block) || block.extent !== undefined || block.sizedBy !== undefined
  if (isKnown) return sizeAlong(trace, axis)
  throw new AuthorError(`${what} along axis ${at} of ${printAxes(trace, node.type.axes)}, which is a tile`, {
    location: callSite(),
    remedy:
      "How many positions a tile has is the config's choice: take the whole dimension with ':', or give " +
      'the loop a length, hl.tile(n, { blockSize: 64 }) or one of hl.registerBlockSize.',
  })
}

function valuesOf(what: string, values: readonly TileValue[]): readonly [TileValue, ...TileValue[]] {
  const [first, ...others] = values
  if (first instanceof TileValue && others.every((value) => value instanceof TileValue))
    return [first, ...others]
  throw new AuthorError(`${what} of ${values.length === 0 ? 'no values' : 'what is not a tile value'}`, {
    location: callSite(),
    remedy: 'It takes a list of one or more tile values.',
  })
}

/** An axis that is as long as asked for. */
function sizedAs(trace: Trace, axis: Axis, size: Size): Axis {
  if (size !== -1) trace.guard('eq', sizeAlong(trace, axis), size, 'expand keeps the size of an axis')
  return axis
}

function notTwo(what: string): AuthorError {
  return new AuthorError(`${what}, which has not two positions`, {
    location: callSite(),
    remedy: 'Make one: value.reshape([…, 2]).',
  })
}

function otherRanks(trace: Trace, nodes: readonly Node[]): AuthorError {
  const list = nodes.map(({ type }) => printAxes(trace, type.axes)).join(' and ')
  return new AuthorError(`hl.cat of ${list}`, {
    location: callSite(),
    remedy: 'All need the same number of axes; add one with .unsqueeze(axis).',
  })
}

function printShape(trace: Trace, shape: readonly ShapeEntry[]): string {
  const names = shape.map((entry) =>
    entry instanceof Tile
      ? entry.block.name
      : printSize(toSize(shapeEntry(trace, entry) as number, 'expand')),
  )
  return `[${names.join(', ')}]`
}
