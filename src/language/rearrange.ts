/**
 * Elements of tile values in other places: `reshape`, `slice`, `expand`, `flip`, `split`, `join`, `stack`,
 * `cat`. What a tile of a loop holds depends on the config, so tiles stay as they are; whole dimensions and
 * axes of one change.
 */
import { tileType } from '../ir/build.ts'
import { type Axis, type Block, type Node, ONE } from '../ir/node.ts'
import { printSize, type Size, sameSize, sizeOp, sizeProduct } from '../ir/size.ts'
import { callSite } from '../support/call_site.ts'
import { AuthorError } from '../support/errors.ts'
import { isOne } from './blocks.ts'
import { toDim, toSize } from './dim.ts'
import { elementwise } from './elementwise.ts'
import { wholeDimension } from './indexing.ts'
import { positions, requireStep } from './loops.ts'
import { Tile } from './tile.ts'
import { type Trace, tracing } from './trace.ts'
import { broadcastAxes, broadcastTo, fitTo, printAxes, sameAxis } from './typing.ts'
import { type TileOfShape, TileValue } from './value.ts'
import { insertOne, normalizeAxis, view } from './views.ts'

/** What `hl.zeros` and `reshape` take to make a value like this: tiles and sizes, by axis. */
export function shapeOf(value: TileValue): readonly number[] {
  const trace = tracing('shape')
  value.nodeIn(trace)
  return value.axes.map((axis) => {
    const block = blockOf(trace, axis)
    // A tile stands wherever the size of an axis may; to the type system it is one, as symbolic sizes are.
    return block && isTiled(block) ? (new Tile(trace, block) as unknown as number) : toDim(block?.size ?? 1)
  })
}

/** The same elements in the same order under another shape, in which tiles stay where they are. */
export function reshape(value: TileValue, shape: readonly (number | TileOfShape)[]): TileValue {
  const trace = tracing('reshape')
  const node = value.nodeIn(trace)
  const what = `reshape of ${printAxes(trace, node.type.axes)} to ${printShape(shape)}`
  const wanted = shape.map((extent) => (extent instanceof Tile ? extent : toSize(extent as number, what)))
  checkSizes(what, wanted)
  const spans = spansOf(trace, node, wanted, what)
  const parts = spans.flatMap(({ tile, old, sizes }) => {
    const part = regrouped(trace, old, sizes, what)
    return tile === undefined ? [part] : [part, { axes: [{ from: tile }], along: [], index: [] }]
  })
  const found = parts.flatMap(({ axes }) => axes)
  const along = parts.flatMap((part) => part.along)
  const named = found.map((axis) => ('from' in axis ? (node.type.axes[axis.from] ?? ONE) : axis.block))
  if (along.length === 0) {
    const order = found.map((axis) => ('from' in axis ? axis.from : ONE))
    return new TileValue(trace, view(trace, node, order))
  }
  const index = parts.flatMap((part) => part.index)
  const axes = named.filter((axis) => !isOne(axis))
  const taken = gather(trace, node, { along, index, axes })
  const order = named.map((axis) => (isOne(axis) ? ONE : axes.indexOf(axis)))
  return new TileValue(trace, view(trace, taken, order))
}

/** Part of a whole dimension. */
export function slice(value: TileValue, axis: number, begin: number, end?: number, step = 1): TileValue {
  const trace = tracing('slice')
  const at = normalizeAxis(value, axis, 'slice')
  const node = value.nodeIn(trace)
  const size = isOne(node.type.axes[at] ?? ONE) ? 1 : wholeBlock(trace, node, at, 'slice').size
  const [from, to] = [toSize(begin, 'slice'), end === undefined ? size : toSize(end, 'slice')]
  const what = `slice(${axis}, ${printSize(from)}, ${printSize(to)}) of ${printAxes(trace, node.type.axes)}`
  requireStep(step)
  trace.guard('le', 0, from, `${what} begins at position 0 or later`)
  trace.guard('le', from, to, `${what} ends behind its begin`)
  trace.guard('le', to, size, `${what} lies within the dimension`)
  const count = sizeOp('cdiv', sizeOp('sub', to, from), step)
  if (isOne(node.type.axes[at] ?? ONE)) {
    if (count === 1) return value
    const place = alongAxis(trace, wholeDimension(trace, count), at, value.ndim)
    return elementwise('where', [place.lt(1), value, 0])
  }
  const block = count === 1 ? undefined : wholeDimension(trace, count)
  const counted = block ? positions(trace, block) : new TileValue(trace, trace.size(0))
  const scaled = step === 1 ? counted : elementwise('mul', [counted, step])
  const index = from === 0 ? scaled : elementwise('add', [scaled, toDim(from)])
  const axes = node.type.axes.flatMap((other, i) => (i !== at ? [other] : block ? [block.id] : []))
  const taken = gather(trace, node, { along: [at], index: [index.nodeIn(trace)], axes })
  return new TileValue(trace, block ? taken : insertOne(trace, taken, at))
}

/** With axes of one repeated, and new axes in front. */
export function expand(value: TileValue, shape: readonly (number | TileOfShape)[]): TileValue {
  const trace = tracing('expand')
  const node = value.nodeIn(trace)
  const missing = shape.length - value.ndim
  const axes = shape.map((extent, i) => {
    const own = node.type.axes[i - missing]
    if (extent instanceof Tile) return extent.block.id
    const size = toSize(extent as number, 'expand')
    if (own !== undefined && (size === -1 || !isOne(own))) return sizedAs(trace, own, size)
    return size === 1 || size === -1 ? ONE : wholeDimension(trace, size).id
  })
  return new TileValue(trace, fitTo(trace, node, axes, 'expand', `the shape ${printShape(shape)}`))
}

/** With positions along a whole dimension counted from the end. */
export function flip(value: TileValue, axis: number): TileValue {
  const trace = tracing('flip')
  const at = normalizeAxis(value, axis, 'flip')
  const node = value.nodeIn(trace)
  const { axes } = node.type
  if (isOne(axes[at] ?? ONE)) return value
  const block = wholeBlock(trace, node, at, 'flip')
  const last = toDim(sizeOp('sub', block.size, 1))
  const index = elementwise('sub', [last, positions(trace, block)]).nodeIn(trace)
  return new TileValue(trace, gather(trace, node, { along: [at], index: [index], axes }))
}

/** The two values along a last axis of two. */
export function split(value: TileValue): readonly [TileValue, TileValue] {
  const trace = tracing('split')
  const node = value.nodeIn(trace)
  const at = normalizeAxis(value, -1, 'split')
  const what = `split of ${printAxes(trace, node.type.axes)} along its last axis`
  if (isOne(node.type.axes[at] ?? ONE)) throw notTwo(what)
  const { size } = wholeBlock(trace, node, at, 'split')
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
  const sizes = nodes.map((node) =>
    isOne(node.type.axes[at] ?? ONE) ? 1 : wholeBlock(trace, node, at, 'hl.cat').size,
  )
  const others = nodes.map(({ type }) => type.axes.map((other, i) => (i === at ? ONE : other)))
  const axes = broadcastAxes(trace, others, 'hl.cat')
  const total = sizes.reduce((a, b) => sizeOp('add', a, b))
  const only = total === 1 ? nodes[sizes.indexOf(1)] : undefined
  if (only) return new TileValue(trace, broadcastTo(trace, only, axes, 'hl.cat'))
  const block = wholeDimension(trace, total)
  const position = alongAxis(trace, block, at, axes.length)
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
  const position = alongAxis(trace, wholeDimension(trace, layers.length), at, axes.length + 1)
  return chosen(layers, (i) => position.lt(i + 1))
}

/** The first value whose condition holds, or the last. */
function chosen(values: readonly TileValue[], condition: (i: number) => TileValue): TileValue {
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
  const type = tileType(arg.type.dtype, axes)
  return trace.add('reshape', { kind: 'gather', type, arg, along, index })
}

/** Axes between tiles, and the sizes that they become; `tile` is the axis that follows. */
interface AxesSpan {
  readonly old: readonly { readonly at: number; readonly size: Size }[]
  readonly sizes: readonly Size[]
  readonly tile: number | undefined
}

function spansOf(
  trace: Trace,
  node: Node,
  wanted: readonly (Tile | Size)[],
  what: string,
): readonly AxesSpan[] {
  const { axes } = node.type
  const tiles = axes.flatMap((axis, at) => (isTiled(blockOf(trace, axis)) ? [at] : []))
  const places = wanted.flatMap((extent, i) => (extent instanceof Tile ? [i] : []))
  const areSame =
    tiles.length === places.length &&
    tiles.every((at, i) => {
      const tile = wanted[places[i] ?? 0]
      return tile instanceof Tile && sameAxis(trace, axes[at] ?? ONE, tile.block.id, 'reshape')
    })
  if (!areSame) {
    throw new AuthorError(what, {
      location: callSite(),
      remedy:
        'Tiles stay: name each in its order, as value.shape has them; what lies between them may change.',
    })
  }
  return [...tiles, undefined].map((tile, i) => {
    const [first, end] = [i === 0 ? 0 : (tiles[i - 1] ?? 0) + 1, tile ?? axes.length]
    const [from, to] = [i === 0 ? 0 : (places[i - 1] ?? 0) + 1, places[i] ?? wanted.length]
    return {
      old: axes
        .slice(first, end)
        .map((axis, j) => ({ at: first + j, size: blockOf(trace, axis)?.size ?? 1 })),
      sizes: wanted.slice(from, to).flatMap((extent) => (extent instanceof Tile ? [] : [extent])),
      tile,
    }
  })
}

/** What a span becomes: axes of the operand, or new ones, and where the elements along those are. */
interface Part {
  readonly axes: readonly ({ readonly from: number } | { readonly block: Axis })[]
  readonly along: readonly number[]
  readonly index: readonly Node[]
}

/** Equal sizes at both ends keep their axes; the others are walked row by row. */
function regrouped(trace: Trace, span: AxesSpan['old'], given: readonly Size[], what: string): Part {
  const old = span.filter(({ size }) => size !== 1)
  const sizes = completed(trace, old, given, what)
  const plain = sizes.filter((size) => size !== 1)
  const { front, back } = commonEnds(old, plain)
  const middle = old.slice(front, old.length - back)
  const fresh = plain.slice(front, plain.length - back)
  const blocks = fresh.map((size) => wholeDimension(trace, size))
  const kept = [...old.slice(0, front), ...blocks, ...old.slice(old.length - back)]
  let next = 0
  const axes = sizes.map((size) => {
    const axis = size === 1 ? undefined : kept[next++]
    if (axis === undefined) return { block: ONE }
    return 'at' in axis ? { from: axis.at } : { block: axis.id }
  })
  return { axes, along: middle.map(({ at }) => at), index: indices(trace, middle, blocks) }
}

/** The positions along `old` of the elements along `blocks`. */
function indices(trace: Trace, old: AxesSpan['old'], blocks: readonly Block[]): readonly Node[] {
  const terms = blocks.map((block, i) => {
    const stride = toDim(sizeProduct(blocks.slice(i + 1).map(({ size }) => size)))
    const position = alongAxis(trace, block, i, blocks.length)
    return stride === 1 ? position : elementwise('mul', [position, stride])
  })
  const linear = terms.reduce((a, b) => elementwise('add', [a, b]), new TileValue(trace, trace.size(0)))
  return old.map(({ size }, i) => {
    const inner = toDim(sizeProduct(old.slice(i + 1).map((axis) => axis.size)))
    const outer = inner === 1 ? linear : elementwise('floorDiv', [linear, inner])
    return (i === 0 ? outer : elementwise('mod', [outer, toDim(size)])).nodeIn(trace)
  })
}

/** The sizes with that of -1, which make as many elements as there are. */
function completed(
  trace: Trace,
  old: AxesSpan['old'],
  given: readonly Size[],
  what: string,
): readonly Size[] {
  const { front, back } = commonEnds(
    old,
    given.filter((size) => size !== 1),
  )
  const elements = sizeProduct(old.slice(front, old.length - back).map(({ size }) => size))
  const plain = given.filter((size) => size !== 1)
  const others = sizeProduct(plain.slice(front, plain.length - back).filter((size) => size !== -1))
  if (given.includes(-1) && others === 0) {
    throw new AuthorError(`${what} with -1 beside a size of 0`, {
      location: callSite(),
      remedy: 'Give all sizes: any would do in its place.',
    })
  }
  const rest = sizeOp('floordiv', elements, others)
  const all = given.includes(-1) ? sizeOp('mul', rest, others) : others
  trace.guard('eq', all, elements, `${what} makes another number of elements`)
  return given.map((size) => (size === -1 ? rest : size))
}

function commonEnds(old: AxesSpan['old'], sizes: readonly Size[]): { front: number; back: number } {
  const most = Math.min(old.length, sizes.length)
  const isSame = (at: number): boolean => {
    const [a = 0, b = 0] = [old.at(at)?.size, sizes.at(at)]
    // Of nothing any others can be made.
    return a !== 0 && sameSize(a, b)
  }
  let front = 0
  while (front < most && isSame(front)) front++
  let back = 0
  while (back < most - front && isSame(-1 - back)) back++
  return { front, back }
}

/** Positions along a block as axis `at` of `rank`. */
function alongAxis(trace: Trace, block: Block, at: number, rank: number): TileValue {
  const order = Array.from({ length: rank }, (_, i) => (i === at ? 0 : ONE))
  return new TileValue(trace, view(trace, positions(trace, block).nodeIn(trace), order))
}

function blockOf(trace: Trace, axis: Axis): Block | undefined {
  return isOne(axis) ? undefined : trace.blocks.get(trace.blocks.canonical(axis))
}

function isTiled(block: Block | undefined): boolean {
  return block !== undefined && block.kind !== 'slice'
}

/** The whole dimension along an axis. */
function wholeBlock(trace: Trace, node: Node, at: number, what: string): Block {
  const block = blockOf(trace, node.type.axes[at] ?? ONE)
  if (block && !isTiled(block)) return block
  throw new AuthorError(`${what} along axis ${at} of ${printAxes(trace, node.type.axes)}, which is a tile`, {
    location: callSite(),
    remedy: "How many positions a tile has is the config's choice: take the whole dimension with ':'.",
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
  const block = blockOf(trace, axis)
  if (size !== -1) trace.guard('eq', block?.size ?? 1, size, 'expand keeps the size of an axis')
  return axis
}

function checkSizes(what: string, wanted: readonly (Tile | Size)[]): void {
  const sizes = wanted.filter((extent): extent is number => typeof extent === 'number')
  const isOdd = sizes.some((size) => size < -1)
  if (!isOdd && sizes.filter((size) => size === -1).length < 2) return
  throw new AuthorError(isOdd ? `${what} has a size below 0` : `${what} has -1 twice`, {
    location: callSite(),
    remedy: 'Sizes are 0 or more; one at most is -1, and is worked out from the others.',
  })
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

function printShape(shape: readonly (number | TileOfShape)[]): string {
  const names = shape.map((extent) =>
    extent instanceof Tile ? extent.block.name : printSize(toSize(extent as number, 'reshape')),
  )
  return `[${names.join(', ')}]`
}
