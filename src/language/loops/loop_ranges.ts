/**
 * What loops run along: a block for each dimension, and inside of a kernel's loops where it begins and ends.
 */
import type { Block, Node } from '../../ir/node.ts'
import { mayBeNegative, type Size, sizeOp } from '../../ir/size.ts'
import { callSite } from '../../support/call_site.ts'
import { DTYPES } from '../../support/dtypes.ts'
import { AuthorError, type SourceLocation } from '../../support/errors.ts'
import { cdiv } from '../tensors/cdiv.ts'
import { dimOperation, isDim, toSize } from '../tensors/dim.ts'
import type { Dim } from '../tensors/tensor.ts'
import { describe } from '../trace/describe.ts'
import type { Trace } from '../trace/trace.ts'
import { castTo } from '../trace/typing.ts'
import { elementwise } from '../values/elementwise.ts'
import { reduce } from '../values/reductions.ts'
import { TileValue } from '../values/value.ts'
import { type BlockSize, extentOf } from './block_sizes.ts'
import { rowsBetween } from './jagged.ts'
import type { RowPositions } from './tile.ts'

/** The end of a range: a number, a size, or inside a loop an integer scalar. */
export type Bound = number | TileValue

export interface DimensionRange {
  readonly block: Block
  /** Of a jagged loop that has positions for each row. */
  readonly rows: RowPositions | undefined
  readonly begin: Node | undefined
  readonly end: Node | undefined
  /** Where the block only counts tiles. */
  readonly counted: Counted | undefined
}

/** A range in tiles of `length` positions, which are a loop of their own inside the one that counts them. */
export interface Counted {
  readonly begin: Bound
  readonly end: Bound
  readonly length: Dim
}

/** Where the loop opens: `kind` is the author's. */
export interface LoopSpec {
  readonly kind: 'tile' | 'grid'
  readonly begins: readonly Bound[]
  readonly ends: readonly Bound[]
  readonly blockSize?: BlockSize | readonly BlockSize[] | undefined
  readonly location: SourceLocation | undefined
}

export function makeRanges(trace: Trace, spec: LoopSpec): readonly DimensionRange[] {
  const { kind, begins, ends, blockSize, location } = spec
  if (ends.length === 0 || begins.length !== ends.length) {
    throw new AuthorError(`hl.${kind} with ${begins.length} begins and ${ends.length} ends`, {
      location,
      remedy: 'Give at least one end, and as many begins as ends or none.',
    })
  }
  return ends.map((end, i) => {
    const begin = begins[i] ?? 0
    if (kind === 'grid') return plainRange(trace, begin, end, { kind, extent: 1 }, location)
    const { length, ...extent } = extentOf(blockSize, i, ends.length)
    if (length !== undefined) return countedRange(trace, { begin, end, length }, location)
    return tileRange(trace, begin, end, { kind, ...extent }, location)
  })
}

type Cut = Pick<Block, 'kind' | 'extent' | 'sizedBy'>

function tileRange(
  trace: Trace,
  begin: Bound,
  end: Bound,
  cut: Cut,
  location: SourceLocation | undefined,
): DimensionRange {
  const rows = trace.insideLoop ? rowsBetween(trace, begin, end) : undefined
  if (!rows) return plainRange(trace, begin, end, cut, location)
  const block = addBlock(trace, begin, end, cut, location)
  trace.jagged.set(block.id, rows.lengths.nodeIn(trace))
  const longest = { begin: trace.size(0), end: reduce('max', rows.lengths).nodeIn(trace) }
  return { ...noted(trace, block, longest), rows }
}

function plainRange(
  trace: Trace,
  begin: Bound,
  end: Bound,
  cut: Cut,
  location: SourceLocation | undefined,
): DimensionRange {
  const block = addBlock(trace, begin, end, cut, location)
  if (!trace.insideLoop)
    return { block, rows: undefined, begin: undefined, end: undefined, counted: undefined }
  return noted(trace, block, { begin: boundNode(trace, begin), end: boundNode(trace, end) })
}

/** The loop that counts the tiles of a range. */
function countedRange(trace: Trace, counted: Counted, location: SourceLocation | undefined): DimensionRange {
  const { begin, end, length } = counted
  if ([begin, end].some((bound) => bound instanceof TileValue && bound.ndim > 0)) {
    throw new AuthorError(`a loop over rows of different lengths with blockSize ${String(length)}`, {
      location: callSite(),
      remedy:
        'Their tiles have a power of two as length, one of hl.registerBlockSize, or that of the config.',
    })
  }
  sizesOf(trace, begin, end)
  const count = rounds(begin, end, length)
  return { ...plainRange(trace, 0, count, { kind: 'grid', extent: 1 }, location), counted }
}

function addBlock(
  trace: Trace,
  begin: Bound,
  end: Bound,
  cut: Cut,
  location: SourceLocation | undefined,
): Block {
  return trace.blocks.add({ ...cut, ...sizesOf(trace, begin, end), grid: trace.grid, location })
}

/** The range, whose length `tile.count` may ask for. */
function noted(trace: Trace, block: Block, { begin, end }: { begin: Node; end: Node }): DimensionRange {
  if (block.end === undefined)
    trace.lengths.set(block.id, () =>
      elementwise(
        'sub',
        [end, begin].map((bound) => new TileValue(trace, bound)),
      ).nodeIn(trace),
    )
  return { block, rows: undefined, begin, end, counted: undefined }
}

/** How many positions a range has, `step` apart. */
export function rounds(begin: Bound, end: Bound, step: number): Bound {
  if (isDim(begin) && isDim(end)) return cdiv(begin === 0 ? end : dimOperation('sub', end, begin), step)
  return cdiv(elementwise('sub', [end, begin]), step)
}

function sizesOf(trace: Trace, begin: Bound, end: Bound): { size: Size; end: Size | undefined } {
  const last = boundSize(trace, end)
  const first = boundSize(trace, begin)
  if (first !== undefined && mayBeNegative(first)) requireNotNegative(trace, first)
  if (last === undefined) return { size: Number.MAX_SAFE_INTEGER, end: undefined }
  // Where a range begins by data, nothing is known of its last tile either.
  if (first === undefined) return { size: last, end: undefined }
  return { size: sizeOp('sub', last, first), end: last }
}

/** Tiles lie at positions from 0 on; a launch checks it where the begin is symbolic. */
function requireNotNegative(trace: Trace, begin: Size): void {
  if (typeof begin !== 'number') trace.guard('le', 0, begin, 'a range of tiles begins at position 0 or later')
  else
    throw new AuthorError(`the range of a loop begins at ${begin}`, {
      location: callSite(),
      remedy: 'Loop from 0 on, and subtract from tile.index where positions below 0 are meant.',
    })
}

/** The bound as a size, or `undefined` when it is computed on the device. */
export function boundSize(trace: Trace, bound: Bound): Size | undefined {
  if (isDim(bound)) return toSize(bound, 'the range of a loop')
  if (!(bound instanceof TileValue)) {
    throw new AuthorError(`the range of a loop is ${describe(bound)}`, {
      location: callSite(),
      remedy:
        'Its bounds are numbers, sizes, or inside a loop integer scalars; ' +
        'lists of them for several dimensions.',
    })
  }
  if (trace.insideLoop) return undefined
  throw new AuthorError('the range of a top-level loop is computed on the device', {
    location: callSite(),
    remedy: 'Its bounds must be numbers or sizes; use hl.specialize for a number among the arguments.',
  })
}

/** An end of a range as an i32 scalar. */
export function boundNode(trace: Trace, bound: Bound, what = 'the range of a loop'): Node {
  if (!(bound instanceof TileValue)) return trace.size(toSize(bound, what))
  const node = bound.nodeIn(trace)
  const isWhole = DTYPES[node.type.dtype].category === 'int' || node.kind === 'argument'
  if (node.type.axes.length === 0 && isWhole) return castTo(trace, node, 'i32')
  throw new AuthorError(`${what} must be an integer scalar`, {
    location: callSite(),
    remedy: `Reduce the value to a scalar and convert it with .to('i32').`,
  })
}
