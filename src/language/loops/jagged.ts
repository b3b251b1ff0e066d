/**
 * Jagged loops: tiles of rows that have lengths of their own, `hl.tile(begins, ends)` with a bound for each
 * row. The loop goes on to the end of the longest row; elements past the end of theirs are masked wherever
 * a value has the axes of the bounds beside that of the loop.
 */
import { neutralOf } from '../../ir/neutral.ts'
import { type Axis, type BlockId, type Node, ONE, type ReduceOp } from '../../ir/node.ts'
import { callSite } from '../../support/call_site.ts'
import { AuthorError } from '../../support/errors.ts'
import { isOne } from '../trace/blocks.ts'
import type { Trace } from '../trace/trace.ts'
import { broadcastTo, castTo } from '../trace/typing.ts'
import { elementwise, toNode } from '../values/elementwise.ts'
import { type Operand, TileValue } from '../values/value.ts'
import { view } from '../values/views.ts'
import { indexAlong, type RowPositions } from './tile.ts'

/** Where each row of a jagged loop begins, if not at 0, and how long it is. */
interface Rows extends RowPositions {
  readonly lengths: TileValue
}

/** The rows between bounds of which one has axes; undefined for plain ranges. */
export function rowsBetween(trace: Trace, begin: Operand, end: Operand): Rows | undefined {
  if (![begin, end].some((bound) => bound instanceof TileValue && bound.ndim > 0)) return undefined
  const ends = wholeBound(trace, end)
  const begins = begin === 0 ? undefined : wholeBound(trace, begin)
  const lengths = begins ? ends.sub(begins) : ends
  return {
    lengths,
    index: (along) => indexInRows(trace, along, lengths, begins),
    edge: (position) => {
      const inRow = position.minimum(lengths.maximum(0))
      return begins ? inRow.add(begins) : inRow
    },
  }
}

function wholeBound(trace: Trace, bound: Operand): TileValue {
  const node = toNode(trace, 'hl.tile', bound, 'i32')
  const { dtype } = node.type
  const isWhole = dtype === 'i32' || dtype === 'u32' || node.kind === 'argument'
  if (isWhole) return new TileValue(trace, castTo(trace, node, 'i32'))
  throw new AuthorError(`the bounds of a loop are ${dtype}`, {
    location: callSite(),
    remedy: `Bounds are integers: convert with .to('i32').`,
  })
}

/** The positions of each row, over the axes of the bounds and that of the loop. */
function indexInRows(
  trace: Trace,
  along: TileValue,
  lengths: TileValue,
  begins: TileValue | undefined,
): TileValue {
  const axes = [...lengths.axes, ...along.axes]
  const index = new TileValue(trace, broadcastTo(trace, along.nodeIn(trace), axes, 'tile.index'))
  return begins ? index.add(begins.ndim > 0 ? begins.unsqueeze(-1) : begins) : index
}

/** True at elements over `axes` that no row of a jagged loop lacks; undefined where all are so. */
export function jaggedMask(trace: Trace, axes: readonly Axis[]): Node | undefined {
  return maskOver(trace, axes, [...trace.jagged])
}

/**
 * `node` as a reduction along one of its axes should see it: what lies past the end of a row changes nothing.
 */
export function withinRows(trace: Trace, node: Node, axis: number, op: ReduceOp): Node {
  const mask = maskAlong(trace, node.type.axes, axis)
  return mask ? keptIn(trace, mask, node, neutralOf(op, node.type.dtype)) : node
}

/**
 * False at elements over `axes` that the rows which end along one of them lack. Where elements come in order,
 * those past the end of a row along the axis itself come last, and need no mask.
 */
export function maskAlong(
  trace: Trace,
  axes: readonly Axis[],
  axis: number,
  inOrder = false,
): Node | undefined {
  const along = axes[axis] ?? ONE
  const jagged = jaggedAlong(trace, along)
  return maskOver(trace, axes, inOrder ? jagged.filter(([block]) => block !== along) : jagged)
}

/** `node` where the mask holds, and another number elsewhere. */
export function keptIn(trace: Trace, mask: Node, node: Node, other: number): Node {
  if (other === 0 && isZeroWithout(node, mask)) return node
  const parts = [mask, node, trace.constant(other, node.type.dtype)]
  return elementwise(
    'where',
    parts.map((part) => new TileValue(trace, part)),
  ).nodeIn(trace)
}

/** True when rows end somewhere along the axes that are reduced, so that elements have to be counted. */
export function isJagged(trace: Trace, axes: readonly Axis[], reduced: readonly Axis[]): boolean {
  return reduced.some((axis) => jaggedAlong(trace, axis).some((rows) => covers(trace, axes, rows)))
}

type Jagged = readonly [block: BlockId, lengths: Node]

/** The jagged loops whose ends lie along an axis, because it is the loop's or that of its rows. */
function jaggedAlong(trace: Trace, axis: Axis): readonly Jagged[] {
  const along = trace.blocks.canonical(axis)
  return [...trace.jagged].filter((rows) => axesOf(trace, rows).includes(along))
}

/** The axes that a value must have to have elements past the end of a row. */
function axesOf(trace: Trace, [block, { type }]: Jagged): readonly Axis[] {
  return [...type.axes.map((axis) => trace.blocks.canonical(axis)).filter((axis) => !isOne(axis)), block]
}

function covers(trace: Trace, axes: readonly Axis[], rows: Jagged): boolean {
  const own = axes.map((axis) => trace.blocks.canonical(axis))
  return axesOf(trace, rows).every((axis) => own.includes(axis))
}

function maskOver(trace: Trace, axes: readonly Axis[], jagged: readonly Jagged[]): Node | undefined {
  const masks = jagged
    .filter((rows) => covers(trace, axes, rows))
    .map((rows) => new TileValue(trace, spread(trace, beforeEnd(trace, rows), axes)))
  return masks.length === 0 ? undefined : masks.reduce((a, b) => elementwise('and', [a, b])).nodeIn(trace)
}

/** True before the end of each row: over the axes of the bounds and that of the loop. */
function beforeEnd(trace: Trace, [block, lengths]: Jagged): Node {
  const index = new TileValue(trace, indexAlong(trace, block))
  const ends = new TileValue(trace, lengths).unsqueeze(-1)
  return elementwise('lt', [index, ends]).nodeIn(trace)
}

function spread(trace: Trace, node: Node, axes: readonly Axis[]): Node {
  const own = node.type.axes.map((axis) => trace.blocks.canonical(axis))
  const order = axes.map((axis) => own.indexOf(trace.blocks.canonical(axis)))
  return broadcastTo(trace, view(trace, node, order), axes, 'a jagged loop')
}

/** True for what was read under the mask: it is zero elsewhere. */
function isZeroWithout(node: Node, mask: Node): boolean {
  if (node.kind === 'cast' && !node.bits) return isZeroWithout(node.arg, mask)
  return node.kind === 'load' && node.mask !== undefined && implies(node.mask, mask)
}

function implies(node: Node, mask: Node): boolean {
  return (
    node === mask || (node.kind === 'map' && node.op === 'and' && node.args.some((arg) => implies(arg, mask)))
  )
}
