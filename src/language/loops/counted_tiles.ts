/**
 * Tiles of a length that is no power of two, as layouts are. The author's loop counts them, and one inside of
 * it, of a single round, has the positions of each, up to its end. Where the length is a size that launches
 * know, a tile has no positions of its own: it has a begin and an end, for loops inside.
 */
import type { Block } from '../../ir/node.ts'
import type { SourceLocation } from '../../support/errors.ts'
import { nextPowerOf2 } from '../../support/maths.ts'
import type { Trace } from '../trace/trace.ts'
import { elementwise, toNode } from '../values/elementwise.ts'
import { type Operand, TileValue } from '../values/value.ts'
import { boundNode, boundSize, type Counted, type DimensionRange, rounds } from './loop_ranges.ts'
import { type CountedTile, Tile } from './tile.ts'

/** What a loop yields, and what ends the loop that it opened inside, if it did. */
export interface OpenTiles {
  readonly tiles: readonly Tile[]
  readonly close: () => void
}

/** The tiles of a loop that was opened. */
export function openTiles(
  trace: Trace,
  ranges: readonly DimensionRange[],
  location: SourceLocation | undefined,
): OpenTiles {
  const tiles = ranges.map(({ block, counted }) => counted && countedTile(trace, block, counted))
  const own = tiles.map((tile) => (tile ? positionsOf(trace, tile, location) : undefined))
  const blocks = own.filter((block) => block !== undefined)
  const inside = tiles.filter((_, i) => own[i])
  const range = {
    blocks: blocks.map(({ id }) => id),
    begins: inside.map((tile) => boundNode(trace, tile?.begin ?? 0)),
    ends: inside.map((tile) => boundNode(trace, tile?.end ?? 0)),
  }
  const scope = blocks.length > 0 ? trace.openLoop(location) : undefined
  return {
    tiles: ranges.map(({ block, rows }, i) => {
      const counted = tiles[i]
      return new Tile(trace, counted ? own[i] : block, rows, counted)
    }),
    close: () => {
      if (scope) trace.closeLoop(scope, blocks, () => range)
    },
  }
}

function countedTile(trace: Trace, block: Block, { begin, end, length }: Counted): CountedTile {
  const value = (operand: Operand): TileValue =>
    new TileValue(trace, toNode(trace, 'hl.tile', operand, 'i32'))
  const id = new Tile(trace, block).begin
  const before = id.mul(length)
  const first = begin === 0 ? before : before.add(begin)
  return {
    id,
    begin: first,
    end: elementwise('minimum', [first.add(length), end]),
    count: value(rounds(begin, end, length)),
    blockSize: value(length),
    last: boundSize(trace, end),
  }
}

/** The positions of a tile, where their number is known. */
function positionsOf(
  trace: Trace,
  { blockSize }: CountedTile,
  location: SourceLocation | undefined,
): Block | undefined {
  const node = blockSize.nodeIn(trace)
  if (node.kind !== 'constant') return undefined
  const length = node.value
  return trace.blocks.add({
    kind: 'tile',
    size: length,
    end: undefined,
    extent: nextPowerOf2(length),
    length,
    grid: trace.grid,
    location,
  })
}
