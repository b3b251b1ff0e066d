/**
 * Loops of a kernel: generators that yield once and close the loop when the author's `for…of` asks for the
 * next item. Outside of any loop they make a grid, one program per tile; inside one, a loop on the device.
 */
import { tileType } from '../../ir/build.ts'
import type { Block, Node } from '../../ir/node.ts'
import { areEntryPoints, calledFrom, callSite } from '../../support/call_site.ts'
import { AuthorError, type SourceLocation } from '../../support/errors.ts'
import { describe } from '../trace/describe.ts'
import { type Trace, tracing } from '../trace/trace.ts'
import { TileValue } from '../values/value.ts'
import type { BlockSize } from './block_sizes.ts'
import { openTiles } from './counted_tiles.ts'
import { type Bound, type DimensionRange, makeRanges, rounds } from './loop_ranges.ts'
import type { Tile } from './tile.ts'

/** What `hl.tile` can be told. */
export interface TileOptions {
  /**
   * How many positions a tile has: a number, one of `hl.registerBlockSize`, or another size, whose tiles have
   * only a begin and an end; a list has one per dimension, where null leaves it to the config.
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
    (location) => makeRanges(trace, { kind: 'tile', begins, ends, location, ...options }),
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
      return makeRanges(trace, { kind: 'grid', begins: from, ends: to, location })
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
      const ranges = makeRanges(trace, { kind: 'tile', begins: [0], ends: [lengths], location, ...options })
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

/** Every `for…of` over the result is a loop of its own, opened where it stands. */
function loop(
  trace: Trace,
  rangesAt: (location: SourceLocation | undefined) => readonly DimensionRange[],
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
  ranges: readonly DimensionRange[],
  location: SourceLocation | undefined,
  item: (tiles: readonly Tile[]) => unknown,
): Generator<unknown> {
  const scope = trace.openLoop(location)
  const { tiles, close } = openTiles(trace, ranges, location)
  let completed = false
  try {
    yield calledFrom(location, () => item(tiles))
    completed = true
  } finally {
    // Reached with `completed` false on break, return and errors; an error of the author's own wins over this
    // one.
    if (!completed) refuseEarlyExit(location)
  }
  close()
  trace.closeLoop(
    scope,
    ranges.map((range) => range.block),
    () => ({
      blocks: ranges.map(({ block }) => block.id),
      begins: ranges.map(({ begin }) => required(begin)),
      ends: ranges.map(({ end }) => required(end)),
    }),
  )
}

function refuseEarlyExit(location: SourceLocation | undefined): never {
  throw new AuthorError('break or return inside a loop over tiles', {
    location,
    remedy: 'The loop body is traced once for all tiles; choose values with hl.where instead.',
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
