/**
 * Dimensions of a grid along which later programs have more to do: their loops end where the program's tile
 * does, as those of causal attention over keys. Such programs are numbered from the last, so that the long
 * ones begin first and short ones fill what is left.
 */
import type { BlockId, Region } from '../../ir/node.ts'
import { walk } from '../../ir/traverse.ts'

/** Those of `blocks`, the dimensions of the grid with this body. */
export function growingBlocks(body: Region, blocks: readonly BlockId[]): ReadonlySet<BlockId> {
  const found = new Set<BlockId>()
  walk(body, (node) => {
    if (node.kind !== 'loop') return
    node.ends.forEach((end, i) => {
      const begin = node.begins[i]
      const isEdge = end.kind === 'range' && (end.what === 'begin' || end.what === 'end')
      if (isEdge && begin?.kind === 'constant' && blocks.includes(end.block)) found.add(end.block)
    })
  })
  return found
}
