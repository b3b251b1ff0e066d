/** The loop variable of `hl.tile`: one block of positions. */
import { tileType } from '../ir/build.ts'
import type { Block, BlockId, Node, RangeNode } from '../ir/node.ts'
import { areEntryPoints, callSite } from '../support/call_site.ts'
import { AuthorError } from '../support/errors.ts'
import type { Scope } from './scope.ts'
import { type Trace, tracing } from './trace.ts'
import { TileValue } from './value.ts'

/** Where the rows of a jagged loop have the positions of a tile, which count from where the loop begins. */
export interface RowPositions {
  readonly index: (along: TileValue) => TileValue
  /** One position in each row, not past its end. */
  readonly edge: (position: TileValue) => TileValue
}

/** The positions of a block, counted from where the loop begins: i32 with one axis. */
export function indexAlong(trace: Trace, block: BlockId): Node {
  return trace.add('tile.index', { kind: 'index', type: tileType('i32', [block]), block })
}

/** The loop variable of `hl.tile`: one block of positions. */
export class Tile {
  readonly #trace: Trace
  readonly #scope: Scope
  readonly #block: Block
  readonly #rows: RowPositions | undefined

  /** A tile belongs to the innermost open loop. `rows`: of a jagged loop that has a position for each row. */
  constructor(trace: Trace, block: Block, rows?: RowPositions) {
    this.#trace = trace
    this.#scope = trace.scope('a tile')
    this.#block = block
    this.#rows = rows
  }

  /** The positions' block; an error when the tile's loop has ended. */
  get block(): Block {
    const trace = tracing('a tile')
    if (trace === this.#trace && trace.sees(this.#scope)) return this.#block
    throw new AuthorError('a tile is used after its loop', {
      location: callSite(),
      remedy: 'A tile is good inside its own loop only; loop over the same range again.',
    })
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
    return this.#edge('begin')
  }

  /** Position after the last one, clipped to the range: an i32 scalar, or one for each row. */
  get end(): TileValue {
    return this.#edge('end')
  }

  /** Number of this tile within its range, from 0: an i32 scalar. */
  get id(): TileValue {
    return this.#range('id')
  }

  /** How many tiles its range has: an i32 scalar; of rows of different lengths, what the longest has. */
  get count(): TileValue {
    const trace = this.#trace
    const { id, size } = this.block
    const length = new TileValue(trace, trace.lengths.get(id)?.() ?? trace.size(size))
    return length.add(this.blockSize.sub(1)).floorDiv(this.blockSize).maximum(0)
  }

  /** Number of positions in a full tile, as the config chose it: an i32 scalar. */
  get blockSize(): TileValue {
    return this.#range('block_size')
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
