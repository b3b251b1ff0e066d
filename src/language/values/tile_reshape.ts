/**
 * `reshape` of tile values: the same elements in the same order under another shape. Tiles that both shapes
 * name stay where they are, and axes of equal size at both ends of what lies between them. The rest is walked
 * row by row; there a tile counts as a full one, with zeros past the end of its range.
 */
import { dependsOnConfig } from '../../ir/block_sizes.ts'
import { type Axis, type Block, type Node, ONE } from '../../ir/node.ts'
import { printSize, type Size, sameSize, sizeOp, sizeProduct } from '../../ir/size.ts'
import { callSite } from '../../support/call_site.ts'
import { AuthorError } from '../../support/errors.ts'
import { blockOf, blockSizeOf, isTiled, shapeEntry, sizeAlong } from '../loops/axis_sizes.ts'
import { positions } from '../loops/loops.ts'
import { indexAlong, Tile } from '../loops/tile.ts'
import { toDim, toSize } from '../tensors/dim.ts'
import { wholeDimension } from '../tensors/indexing.ts'
import { isOne } from '../trace/blocks.ts'
import { type Trace, tracing } from '../trace/trace.ts'
import { printAxes, sameAxis } from '../trace/typing.ts'
import { elementwise } from './elementwise.ts'
import { alongAxis, gather } from './rearrange.ts'
import { type ShapeEntry, TileValue } from './value.ts'
import { view } from './views.ts'

/** An axis of the operand. */
interface OldAxis {
  readonly at: number
  readonly axis: Axis
  readonly size: Size
}

/** An axis of the result: along a tile, or as long as asked for. */
interface NewAxis {
  readonly tile: Block | undefined
  readonly size: Size
}

/** The same elements in the same order under another shape. */
export function reshape(value: TileValue, shape: readonly ShapeEntry[]): TileValue {
  const trace = tracing('reshape')
  const node = value.nodeIn(trace)
  const wanted = shape.map((extent) => newAxis(trace, extent))
  const what = `reshape of ${printAxes(trace, node.type.axes)} to ${printShape(wanted)}`
  checkSizes(what, wanted)
  const old = node.type.axes.map((axis, at) => ({ at, axis, size: sizeAlong(trace, axis) }))
  const parts = spansOf(trace, old, wanted).flatMap((span) => {
    checkTiles(trace, span, what)
    const part = regrouped(trace, span, what)
    return span.kept === undefined ? [part] : [part, { axes: [{ from: span.kept }], along: [], index: [] }]
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

function newAxis(trace: Trace, entry: ShapeEntry): NewAxis {
  if (entry instanceof Tile) return { tile: entry.block, size: blockSizeOf(trace, entry.block) }
  return { tile: undefined, size: toSize(shapeEntry(trace, entry) as number, 'reshape') }
}

/** Axes between tiles that stay; `kept` is the one that follows. */
interface AxesSpan {
  readonly old: readonly OldAxis[]
  readonly wanted: readonly NewAxis[]
  readonly kept: number | undefined
}

function spansOf(trace: Trace, old: readonly OldAxis[], wanted: readonly NewAxis[]): readonly AxesSpan[] {
  const spans: AxesSpan[] = []
  let [from, begin] = [0, 0]
  wanted.forEach(({ tile }, i) => {
    const at = tile ? old.findIndex(({ axis }, j) => j >= from && isAlong(trace, axis, tile)) : -1
    if (at < 0) return
    spans.push({ old: old.slice(from, at), wanted: wanted.slice(begin, i), kept: at })
    from = at + 1
    begin = i + 1
  })
  return [...spans, { old: old.slice(from), wanted: wanted.slice(begin), kept: undefined }]
}

function isAlong(trace: Trace, axis: Axis, tile: Block): boolean {
  return isTiled(blockOf(trace, axis)) && sameAxis(trace, axis, tile.id, 'reshape')
}

/** A tile of a length that the config chooses is part of an axis whose size says so. */
function checkTiles(trace: Trace, { old, wanted }: AxesSpan, what: string): void {
  const isOpen = (size: Size): boolean => size === -1 || size === 0 || dependsOnConfig(size)
  const merged = old.some(({ axis, size }) => isTiled(blockOf(trace, axis)) && isOpen(size))
  const made = wanted.some(({ tile, size }) => tile && isOpen(size))
  if ((!merged || wanted.some(({ size }) => isOpen(size))) && (!made || old.some(({ size }) => isOpen(size))))
    return
  throw new AuthorError(what, {
    location: callSite(),
    remedy:
      'Name tiles in their order, as value.shape has them. An axis that takes up a tile has a size of ' +
      'tiles: tile.blockSize.mul(2), hl.mul(blockSize, 2), or -1.',
  })
}

/** What a span becomes: axes of the operand, or new ones, and where the elements along those are. */
interface Part {
  readonly axes: readonly ({ readonly from: number } | { readonly block: Axis })[]
  readonly along: readonly number[]
  readonly index: readonly Node[]
}

/** Equal sizes at both ends keep their axes; the others are walked row by row. */
function regrouped(trace: Trace, span: AxesSpan, what: string): Part {
  const old = span.old.filter(({ axis }) => !isOne(axis))
  const wanted = completed(trace, old, span.wanted, what)
  const plain = wanted.filter(isLong)
  const { front, back } = commonEnds(trace, old, plain)
  const middle = old.slice(front, old.length - back)
  const fresh = plain
    .slice(front, plain.length - back)
    .map(({ tile, size }) => tile ?? wholeDimension(trace, size))
  const kept = [...old.slice(0, front), ...fresh, ...old.slice(old.length - back)]
  let next = 0
  const axes = wanted.map((axis) => {
    const found = isLong(axis) ? kept[next++] : undefined
    if (found === undefined) return { block: ONE }
    return 'at' in found ? { from: found.at } : { block: found.id }
  })
  return { axes, along: middle.map(({ at }) => at), index: indices(trace, middle, fresh) }
}

function isLong({ tile, size }: NewAxis): boolean {
  return tile !== undefined || size !== 1
}

/** The positions along `old` of the elements along `blocks`. */
function indices(trace: Trace, old: readonly OldAxis[], blocks: readonly Block[]): readonly Node[] {
  const sizes = blocks.map((block) => blockSizeOf(trace, block))
  const terms = blocks.map((block, i) => {
    const stride = toDim(sizeProduct(sizes.slice(i + 1)))
    const position = alongAxis(trace, localPositions(trace, block), i, blocks.length)
    return stride === 1 ? position : elementwise('mul', [position, stride])
  })
  const linear = terms.reduce((a, b) => elementwise('add', [a, b]), new TileValue(trace, trace.size(0)))
  return old.map(({ size }, i) => {
    const inner = toDim(sizeProduct(old.slice(i + 1).map((axis) => axis.size)))
    const outer = inner === 1 ? linear : elementwise('floorDiv', [linear, inner])
    return (i === 0 ? outer : elementwise('mod', [outer, toDim(size)])).nodeIn(trace)
  })
}

/** Positions counted from the first one of a tile. */
function localPositions(trace: Trace, block: Block): TileValue {
  if (!isTiled(block)) return positions(trace, block)
  const tile = new Tile(trace, block)
  return elementwise('sub', [new TileValue(trace, indexAlong(trace, block.id)), tile.begin])
}

/** The axes with that of -1, which make as many elements as there are. */
function completed(
  trace: Trace,
  old: readonly OldAxis[],
  wanted: readonly NewAxis[],
  what: string,
): readonly NewAxis[] {
  const plain = wanted.filter(isLong)
  const { front, back } = commonEnds(trace, old, plain)
  const elements = sizeProduct(old.slice(front, old.length - back).map(({ size }) => size))
  const given = plain.slice(front, plain.length - back).filter(({ size }) => size !== -1)
  const others = sizeProduct(given.map(({ size }) => size))
  const isOpen = wanted.some(({ size }) => size === -1)
  if (isOpen && others === 0) {
    throw new AuthorError(`${what} with -1 beside a size of 0`, {
      location: callSite(),
      remedy: 'Give all sizes: any would do in its place.',
    })
  }
  const rest = sizeOp('floordiv', elements, others)
  const all = isOpen ? sizeOp('mul', rest, others) : others
  trace.guard('eq', all, elements, `${what} makes another number of elements`)
  return wanted.map((axis) => (axis.size === -1 ? { tile: undefined, size: rest } : axis))
}

function commonEnds(
  trace: Trace,
  old: readonly OldAxis[],
  wanted: readonly NewAxis[],
): { front: number; back: number } {
  const most = Math.min(old.length, wanted.length)
  const isSame = (at: number): boolean => {
    const [a, b] = [old.at(at), wanted.at(at)]
    if (!a || !b || b.tile || isTiled(blockOf(trace, a.axis))) return false
    // Of nothing any others can be made.
    return a.size !== 0 && sameSize(a.size, b.size)
  }
  let front = 0
  while (front < most && isSame(front)) front++
  let back = 0
  while (back < most - front && isSame(-1 - back)) back++
  return { front, back }
}

function checkSizes(what: string, wanted: readonly NewAxis[]): void {
  const sizes = wanted.map(({ size }) => size).filter((size) => typeof size === 'number')
  const isOdd = sizes.some((size) => size < -1)
  if (!isOdd && sizes.filter((size) => size === -1).length < 2) return
  throw new AuthorError(isOdd ? `${what} has a size below 0` : `${what} has -1 twice`, {
    location: callSite(),
    remedy: 'Sizes are 0 or more; one at most is -1, and is worked out from the others.',
  })
}

function printShape(shape: readonly NewAxis[]): string {
  return `[${shape.map(({ tile, size }) => tile?.name ?? printSize(size)).join(', ')}]`
}
