/**
 * Scans that workgroups share out: a loop that stores what it has added up so far. The parts are summed by a
 * grid before; here each begins with what all before it come to, and has its own rounds. Whatever the device
 * does, the parts are added in the same order, so results are the same every time.
 */
import type { RegionBuilder } from '../../ir/build.ts'
import type { BlockId, LoopNode, Node } from '../../ir/node.ts'
import type { TileGrid, TileProgram } from '../../ir/tile_program.ts'
import { rewriteRegion } from '../../ir/traverse.ts'
import { partLoop } from './part_loop.ts'
import { idOf, type Partial, totalOf } from './total_of_parts.ts'

/** A loop whose parts have been summed. */
export interface Prefixes {
  readonly loop: LoopNode
  readonly parts: number
  /** The block that counts the parts. */
  readonly part: BlockId
  readonly partials: readonly Partial[]
}

/** The grid with a program for each part. */
export function scanGrid(
  program: TileProgram,
  grid: TileGrid,
  { loop, parts, part, partials }: Prefixes,
  builder: RegionBuilder,
): TileGrid {
  const map = new Map<Node, Node>()
  // What comes before the loop has no effect, and nothing comes after it.
  rewriteRegion(grid.body.slice(0, grid.body.indexOf(loop)), builder, map)
  const number = idOf(builder, part)
  const rounds = partLoop(program, { loop, parts, number }, builder, map)
  const inits = rounds.inits.map((init, index) => {
    const partial = partials.find(({ sum }) => sum.index === index)
    return partial ? totalOf(program, partial, { init, before: number }, builder) : init
  })
  builder.add({ ...rounds, inits })
  const rows = [...grid.rows, ...partials.map(({ along }) => along)]
  return { ...grid, blocks: [part, ...grid.blocks], rows, body: builder.nodes }
}
