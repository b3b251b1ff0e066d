/**
 * Loops of a kernel: generators that yield once and close the loop when the author's `for…of` asks for the
 * next item. Outside of any loop they make a grid, one program per tile; inside one, a loop on the device.
 */
import { tileType } from '../ir/build.ts'
import type { Block, Node } from '../ir/node.ts'
import { mayBeNegative, type Size, sizeOp } from '../ir/size.ts'
import { areEntryPoints, calledFrom, callSite } from '../support/call_site.ts'
import { DTYPES } from '../support/dtypes.ts'
import { AuthorError, type SourceLocation } from '../support/errors.ts'
import { type BlockSize, extentOf } from './block_sizes.ts'
import { cdiv } from './cdiv.ts'
import { describe } from './describe.ts'
import { dimOperation, isDim, toSize } from './dim.ts'
import { elementwise } from './elementwise.ts'
import { rowsBetween } from './jagged.ts'
import { reduce } from './reductions.ts'
import { type RowPositions, Tile } from './tile.ts'
import { type Trace, tracing } from './trace.ts'
import { castTo } from './typing.ts'
import { TileValue } from './value.ts'

/** The end of a range: a number, a size, or inside a loop an integer scalar. */
export type Bound = number | TileValue

/** What `hl.tile` can be told. */
export interface TileOptions {
  /**
   * Fixes the extent of the tiles: a power of two, or one of `hl.registerBlockSize`; a list has one per
   * dimension, where null leaves it to the config.
   */
  readonly blockSize?: BlockSize | readonly BlockSize[]
}

/**
 * The tiles of a whole shape, `hl.tile(x.shape)`: ready for `x.at(...tiles)`. Its first ones count as
 * present.
 */
export interface PerDimension<Item> extends ReadonlyArray<Item> {
  readonly 0: Item
  readonly 1: Item
  readonly 2: Item
  readonly 3: Item
  readonly 4: Item
  readonly 5: Item
}

/** One item for each bound: a tuple for a tuple. */
type ForEach<Bounds extends readonly Bound[], Item> = number extends Bounds['length']
  ? PerDimension<Item>
  : { -readonly [K in keyof Bounds]: Item }

/** `hl.tile`: positions `0..end-1`, or `begin..end-1`, of one or several dimensions in tiles. */
export interface TileLoop {
  (end: Bound, options?: TileOptions): Iterable<Tile>
  (begin: Bound, end: Bound, options?: TileOptions | BlockSize): Iterable<Tile>
  <const Ends extends readonly Bound[]>(ends: Ends, options?: TileOptions): Iterable<ForEach<Ends, Tile>>
  <const Ends extends readonly Bound[]>(
    begins: readonly Bound[],
    ends: Ends,
    options?: TileOptions | BlockSize | readonly BlockSize[],
  ): Iterable<ForEach<Ends, Tile>>
}

/** `hl.grid`: positions one at a time, as i32 scalars; every `step`-th of a range. */
export interface GridLoop {
  (end: Bound): Iterable<TileValue>
  (begin: Bound, end: Bound, step?: number): Iterable<TileValue>
  <const Ends extends readonly Bound[]>(ends: Ends): Iterable<ForEach<Ends, TileValue>>
  <const Ends extends readonly Bound[]>(
    begins: readonly Bound[],
    ends: Ends,
    steps?: number | readonly number[],
  ): Iterable<ForEach<Ends, TileValue>>
}

/** `hl.staticRange`: plain numbers `0..end-1`, or every `step`-th of `begin..end-1`. */
export interface StaticRange {
  (end: number): Iterable<number>
  (begin: number, end: number, step?: number): Iterable<number>
}

type RangeArgument = Bound | readonly Bound[]

export const tile: TileLoop = ((...args: (RangeArgument | TileOptions | undefined)[]) => {
  const trace = tracing('hl.tile')
  const options = tileOptions(args)
  const [begins, ends, isList] = rangesOf(args as RangeArgument[])
  return loop(
    trace,
    (location) => makeRanges(trace, 'tile', begins, ends, options, location),
    (tiles) => (isList ? tiles : tiles[0]),
  )
}) as TileLoop

/** Takes the options, or the block size alone, from the end of the arguments. */
function tileOptions(args: (RangeArgument | TileOptions | undefined)[]): TileOptions {
  if (isOptions(args.at(-1))) return args.pop() as TileOptions
  return args.length > 2 ? { blockSize: args.pop() as BlockSize } : {}
}

export const grid: GridLoop = ((
  first: RangeArgument,
  second?: RangeArgument,
  step: number | readonly number[] = 1,
) => {
  const trace = tracing('hl.grid')
  const [begins, ends, isList] = rangesOf([first, second])
  const steps = ends.map((_, i) => requireStep(typeof step === 'number' ? step : step[i]))
  const strides = steps.map((by) => by !== 1)
  const from = begins.map((begin, i) => (strides[i] ? 0 : begin))
  return loop(
    trace,
    (location) => {
      const to = ends.map((end, i) => (strides[i] ? rounds(begins[i] ?? 0, end, steps[i] ?? 1) : end))
      return makeRanges(trace, 'grid', from, to, {}, location)
    },
    (tiles) => {
      const values = tiles.map(({ begin }, i) =>
        strides[i] ? begin.mul(steps[i] ?? 1).add(begins[i] ?? 0) : begin,
      )
      return isList ? values : values[0]
    },
  )
}) as GridLoop

/** The begins and ends of `(end)` or `(begin, end)`, and whether they were lists. */
function rangesOf([first, second]: readonly (RangeArgument | undefined)[]): readonly [
  readonly Bound[],
  readonly Bound[],
  boolean,
] {
  const last = second ?? first
  const ends = listOf(last as RangeArgument)
  return [
    second === undefined ? ends.map(() => 0) : listOf(first as RangeArgument),
    ends,
    Array.isArray(last),
  ]
}

/** How many positions a range has, `step` apart. */
function rounds(begin: Bound, end: Bound, step: number): Bound {
  if (isDim(begin) && isDim(end)) return cdiv(dimOperation('sub', end, begin), step)
  return cdiv(elementwise('sub', [end, begin]), step)
}

/** The step of a range. */
export function requireStep(step: unknown): number {
  if (typeof step === 'number' && Number.isInteger(step) && step > 0) return step
  throw new AuthorError(`the step of a range is ${describe(step)}`, {
    location: callSite(),
    remedy: 'A step is a plain integer of at least 1, or a list of one for each dimension.',
  })
}

/** Plain numbers; the body is traced once for each. */
export const staticRange: StaticRange = (first: number, second?: number, step: number = 1) => {
  tracing('hl.staticRange')
  const [begin, end] = second === undefined ? [0, first] : [first, second]
  requireStep(step)
  for (const bound of [begin, end]) {
    if (Number.isInteger(bound)) continue
    throw new AuthorError(
      `hl.staticRange of ${describe(bound)}: the number of rounds must be a plain integer`,
      {
        location: callSite(),
        remedy: 'Make the size a constant with hl.specialize(dim), or loop with hl.tile or hl.grid.',
      },
    )
  }
  return Array.from({ length: Math.max(0, Math.ceil((end - begin) / step)) }, (_, i) => begin + i * step)
}

/**
 * `hl.jaggedTile`: tiles of rows with lengths of their own. `tile.index` counts from 0, along one axis for
 * all rows.
 */
export type JaggedLoop = (lengths: TileValue, options?: TileOptions) => Iterable<Tile>

export const jaggedTile: JaggedLoop = (lengths, options = {}) => {
  const trace = tracing('hl.jaggedTile')
  return loop(
    trace,
    (location) => {
      const ranges = makeRanges(trace, 'tile', [0], [lengths], options, location)
      return ranges.map((range) => ({ ...range, rows: undefined }))
    },
    (tiles) => tiles[0],
  ) as Iterable<Tile>
}

/** Says that the next top-level loop sees what those before it wrote. It does so anyway. */
export function barrier(): void {
  const trace = tracing('hl.barrier')
  if (!trace.insideLoop) return
  throw new AuthorError('hl.barrier inside a loop over tiles', {
    location: callSite(),
    remedy: 'Tiles run in no particular order: end the loop, and read in another one what all of them wrote.',
  })
}

interface Range {
  readonly block: Block
  /** Of a jagged loop that has positions for each row. */
  readonly rows: RowPositions | undefined
  readonly begin: Node | undefined
  readonly end: Node | undefined
}

/** Every `for…of` over the result is a loop of its own, opened where it stands. */
function loop(
  trace: Trace,
  rangesAt: (location: SourceLocation | undefined) => readonly Range[],
  item: (tiles: readonly Tile[]) => unknown,
): Iterable<unknown> {
  const location = callSite()
  const begin = (): Iterator<unknown> => {
    if (!trace.insideLoop) trace.made?.settle()
    const ranges = calledFrom(location, () => rangesAt(location))
    return new LoopIterator(iterate(trace, ranges, location, item))
  }
  return { [Symbol.iterator]: begin }
}

/** What `for…of` drives: each of its steps is a call of the author's. */
class LoopIterator implements IterableIterator<unknown> {
  readonly #steps: Generator<unknown>

  constructor(steps: Generator<unknown>) {
    this.#steps = steps
  }

  next(): IteratorResult<unknown> {
    return this.#steps.next()
  }

  return(value?: unknown): IteratorResult<unknown> {
    return this.#steps.return(value)
  }

  [Symbol.iterator](): this {
    return this
  }
}

areEntryPoints(LoopIterator.prototype, ['next', 'return'])

function* iterate(
  trace: Trace,
  ranges: readonly Range[],
  location: SourceLocation | undefined,
  item: (tiles: readonly Tile[]) => unknown,
): Generator<unknown> {
  const scope = trace.openLoop(location)
  let completed = false
  try {
    yield calledFrom(location, () => item(ranges.map((range) => new Tile(trace, range.block, range.rows))))
    completed = true
  } finally {
    // Reached with `completed` false on break, return and errors; an error of the author's own wins over this
    // one.
    if (!completed) refuseEarlyExit(location)
  }
  trace.closeLoop(
    scope,
    ranges.map((range) => range.block),
    () => ({
      blocks: ranges.map((range) => range.block.id),
      begins: ranges.map((range) => required(range.begin)),
      ends: ranges.map((range) => required(range.end)),
    }),
  )
}

function refuseEarlyExit(location: SourceLocation | undefined): never {
  throw new AuthorError('break or return inside a loop over tiles', {
    location,
    remedy: 'The loop body is traced once for all tiles; choose values with hl.where instead.',
  })
}

function makeRanges(
  trace: Trace,
  kind: 'tile' | 'grid',
  begins: readonly Bound[],
  ends: readonly Bound[],
  options: TileOptions,
  location: SourceLocation | undefined,
): readonly Range[] {
  if (ends.length === 0 || begins.length !== ends.length) {
    throw new AuthorError(`hl.${kind} with ${begins.length} begins and ${ends.length} ends`, {
      location,
      remedy: 'Give at least one end, and as many begins as ends or none.',
    })
  }
  return ends.map((end, i) => {
    const begin = begins[i] ?? 0
    const extent = kind === 'grid' ? { extent: 1 } : extentOf(options.blockSize, i, ends.length)
    const block = trace.blocks.add({
      kind,
      ...sizesOf(trace, begin, end),
      ...extent,
      grid: trace.grid,
      location,
    })
    if (!trace.insideLoop) return { block, rows: undefined, begin: undefined, end: undefined }
    const rows = kind === 'tile' ? rowsBetween(trace, begin, end) : undefined
    if (!rows) return noted(trace, block, { begin: boundNode(trace, begin), end: boundNode(trace, end) })
    trace.jagged.set(block.id, rows.lengths.nodeIn(trace))
    const longest = { begin: trace.size(0), end: reduce('max', rows.lengths).nodeIn(trace) }
    return { ...noted(trace, block, longest), rows }
  })
}

/** The range, whose length `tile.count` may ask for. */
function noted(trace: Trace, block: Block, { begin, end }: { begin: Node; end: Node }): Range {
  if (block.end === undefined)
    trace.lengths.set(block.id, () =>
      elementwise(
        'sub',
        [end, begin].map((bound) => new TileValue(trace, bound)),
      ).nodeIn(trace),
    )
  return { block, rows: undefined, begin, end }
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
function boundSize(trace: Trace, bound: Bound): Size | undefined {
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

function boundNode(trace: Trace, bound: Bound): Node {
  if (!(bound instanceof TileValue)) return trace.size(toSize(bound, 'the range of a loop'))
  const node = bound.nodeIn(trace)
  const isWhole = DTYPES[node.type.dtype].category === 'int' || node.kind === 'argument'
  if (node.type.axes.length === 0 && isWhole) return castTo(trace, node, 'i32')
  throw new AuthorError('the range of a loop must be an integer scalar', {
    location: callSite(),
    remedy: `Reduce the value to a scalar and convert it with .to('i32').`,
  })
}

function listOf(value: RangeArgument): readonly Bound[] {
  return Array.isArray(value) ? value : [value as Bound]
}

function isOptions(value: unknown): value is TileOptions {
  return typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype
}

function required(node: Node | undefined): Node {
  if (!node) throw new Error('a loop on the device has no range')
  return node
}

/** The i32 positions of a block. */
export function positions(trace: Trace, block: Block): TileValue {
  const type = tileType('i32', [block.id])
  return new TileValue(trace, trace.add('hl.arange', { kind: 'index', type, block: block.id }))
}
