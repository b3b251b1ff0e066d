/** The loop variable of `hl.tile`: one block of positions. */
import { tileType } from '../ir/build.ts'
import type { Block, RangeNode } from '../ir/node.ts'
import { callSite } from '../support/call_site.ts'
import type { Trace } from './trace.ts'
import { TileValue } from './value.ts'

export class Tile {
  readonly block: Block
  readonly #trace: Trace

  constructor(trace: Trace, block: Block) {
    this.#trace = trace
    this.block = block
  }

  /** Positions of this tile's elements: i32, one axis. */
  get index(): TileValue {
    const { block } = this
    const spec = {
      kind: 'index',
      type: tileType('i32', [block.id]),
      location: callSite(),
      block: block.id,
    } as const
    return new TileValue(this.#trace, this.#trace.add('tile.index', spec))
  }

  /** First position, an i32 scalar. */
  get begin(): TileValue {
    return this.#range('begin')
  }

  /** Position after the last one, clipped to the range: an i32 scalar. */
  get end(): TileValue {
    return this.#range('end')
  }

  /** Number of this tile within its range, from 0: an i32 scalar. */
  get id(): TileValue {
    return this.#range('id')
  }

  /** Number of positions in a full tile, as the config chose it: an i32 scalar. */
  get blockSize(): TileValue {
    return this.#range('block_size')
  }

  #range(what: RangeNode['what']): TileValue {
    const spec = {
      kind: 'range',
      type: tileType('i32'),
      location: callSite(),
      block: this.block.id,
      what,
    } as const
    return new TileValue(this.#trace, this.#trace.add(`tile.${what}`, spec))
  }
}
