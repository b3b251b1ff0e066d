/** The loop variable of `hl.tile`: one block of positions. */
import { tileType } from '../../ir/build.ts'
import type { Block, BlockId, Node, RangeNode } from '../../ir/node.ts'
import type { Size } from '../../ir/size.ts'
import { areEntryPoints, callSite } from '../../support/call_site.ts'
import { AuthorError } from '../../support/errors.ts'
import type { Scope } from '../trace/scope.ts'
import { type Trace, tracing } from '../trace/trace.ts'
import { TileValue } from '../values/value.ts'

/** Where the rows of a jagged loop have the positions of a tile, which count from where the loop begins. */
export interface RowPositions {
  readonly index: (along: TileValue) => TileValue
  /** One position in each row, not past its end. */
  readonly edge: (position: TileValue) => TileValue
}

/** A tile that its loop only counts: what it is within its range. */
export interface CountedTile {
  readonly id: TileValue
  readonly begin: TileValue
  readonly end: TileValue
  readonly count: TileValue
  readonly blockSize: TileValue
  /** Where the range ends; undefined where it depends on data. */
  readonly last: Size | undefined
}

/** The positions of a block, counted from where the loop begins: i32 with one axis. */
export function indexAlong(trace: Trace, block: BlockId): Node {
  return trace.add('tile.index', { kind: 'index', type: tileType('i32', [block]), block })
}

/** The loop variable of `hl.tile`: one block of positions. */
export class Tile {
  readonly #trace: Trace
  readonly #scope: Scope
  readonly #block: Block | undefined
  readonly #rows: RowPositions | undefined
  readonly #counted: CountedTile | undefined

  /**
   * A tile belongs to the innermost open loop. `rows`: of a jagged loop that has a position for each row.
   * Without a block it has no positions.
   */
  constructor(trace: Trace, block: Block | undefined, rows?: RowPositions, counted?: CountedTile) {
    this.#trace = trace
    this.#scope = trace.scope('a tile')
    this.#block = block
    this.#rows = rows
    this.#counted = counted
  }

  /** The positions' block; an error when the tile's loop has ended. */
  get block(): Block {
    this.#requireOpen()
    if (this.#block) return this.#block
    throw new AuthorError('a tile whose length is a size of the launch has no positions of its own', {
      location: callSite(),
      remedy:
        'Loop over them, hl.tile(tile.begin, tile.end), or compute blockSize from sizes that are plain, ' +
        'such as hl.specialize(size).',
    })
  }

  /** Where the tile's range ends; undefined where it depends on data. */
  get last(): Size | undefined {
    return this.#counted ? this.#counted.last : this.block.end
  }

  /**
   * Positions of this tile's elements: i32, one axis; where each row has its own, behind the axes of the
   * bounds.
   */
  get index(): TileValue {
    const index = new TileValue(this.#trace, indexAlong(this.#trace, this.block.id))
    return this.#rows?.index(index) ?? index
  }

  /** First position, an i32 scalar; where each row has positions of its own, the first one in each. */
  get begin(): TileValue {
    return this.#known('begin') ?? this.#edge('begin')
  }

  /** Position after the last one, clipped to the range: an i32 scalar, or one for each row. */
  get end(): TileValue {
    return this.#known('end') ?? this.#edge('end')
  }

  /** Number of this tile within its range, from 0: an i32 scalar. */
  get id(): TileValue {
    return this.#known('id') ?? this.#range('id')
  }

  /** How many tiles its range has: an i32 scalar; of rows of different lengths, what the longest has. */
  get count(): TileValue {
    const known = this.#known('count')
    if (known) return known
    const trace = this.#trace
    const { id, size } = this.block
    const length = new TileValue(trace, trace.lengths.get(id)?.() ?? trace.size(size))
    return length.add(this.blockSize.sub(1)).floorDiv(this.blockSize).maximum(0)
  }

  /** Number of positions in a full tile, as the config chose it: an i32 scalar. */
  get blockSize(): TileValue {
    return this.#known('blockSize') ?? this.#range('block_size')
  }

  [Symbol.toPrimitive](): never {
    throw new AuthorError('a tile cannot be used as a plain number, string or condition', {
      location: callSite(),
      remedy:
        'Its positions are tile.index, the first one tile.begin; work on them by method: ' +
        'tile.index.add(1). As a position it is good in a tensor, not in a list: ' +
        'tensor([…]) makes one of numbers.',
    })
  }

  #requireOpen(): void {
    const trace = tracing('a tile')
    if (trace === this.#trace && trace.sees(this.#scope)) return
    throw new AuthorError('a tile is used after its loop', {
      location: callSite(),
      remedy: 'A tile is good inside its own loop only; loop over the same range again.',
    })
  }

  #known(what: Exclude<keyof CountedTile, 'last'>): TileValue | undefined {
    this.#requireOpen()
    return this.#counted?.[what]
  }

  #edge(what: 'begin' | 'end'): TileValue {
    const position = this.#range(what)
    return this.#rows?.edge(position) ?? position
  }

  #range(what: RangeNode['what']): TileValue {
    const spec = { kind: 'range', type: tileType('i32'), block: this.block.id, what } as const
    return new TileValue(this.#trace, this.#trace.add(`tile.${what}`, spec))
  }
}

areEntryPoints(
  Tile.prototype,
  ['index', 'begin', 'end', 'id', 'count', 'blockSize', Symbol.toPrimitive],
  'noted',
)
