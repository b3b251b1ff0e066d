/**
 * Loops that begin and end where tiles around them do, like that over the keys of causal attention:
 * `hl.tile(tq.end)`. Where those tiles are whole, and as long as several of the loop's, so are the loop's:
 * they need no masks, and lie within the range of those around them.
 */
import type { KernelIr } from '../../ir/kernel_ir.ts'
import type { BlockId, LoopNode, Node } from '../../ir/node.ts'
import { isMultipleOf, type Size, sameSize } from '../../ir/size.ts'
import { type TileBlock, tileBlock } from '../../ir/tile_program.ts'
import { walk } from '../../ir/traverse.ts'

/** The blocks, with what is known of those loops. */
export function withWholeLoops(kernel: KernelIr, blocks: readonly TileBlock[]): readonly TileBlock[] {
  const known = new Map(blocks.map((block) => [block.id, block]))
  for (const { body } of kernel.grids) {
    walk(body, (node) => {
      if (node.kind !== 'loop') return
      for (const [i, id] of node.blocks.entries()) {
        const whole = wholeBlock(node, i, known)
        if (whole) known.set(id, whole)
      }
    })
  }
  return blocks.map((block) => known.get(block.id) ?? block)
}

function wholeBlock(
  { blocks, begins, ends }: LoopNode,
  index: number,
  known: ReadonlyMap<BlockId, TileBlock>,
): TileBlock | undefined {
  const block = known.get(blocks[index] ?? -1)
  if (block?.kind !== 'tile' || block.end !== undefined) return undefined
  const [begin, end] = [begins[index], ends[index]].map((edge) => edge && latest(edge, block.extent, known))
  if (begin === undefined || end === undefined) return undefined
  // Their tiles are among those of a loop from 0 to there.
  return tileBlock({ ...block, size: end, end }, block.extent, true)
}

/** The most that an edge can be, where it is a multiple of the extent. */
function latest(edge: Node, extent: number, known: ReadonlyMap<BlockId, TileBlock>): Size | undefined {
  if (edge.kind === 'constant') return isMultipleOf(edge.value, extent) ? edge.value : undefined
  if (edge.kind === 'size') return isMultipleOf(edge.size, extent) ? edge.size : undefined
  if (edge.kind !== 'range' || (edge.what !== 'begin' && edge.what !== 'end')) return undefined
  const around = known.get(edge.block)
  const isWhole = around?.end !== undefined && !around.ragged && sameSize(around.end, around.size)
  return isWhole && isMultipleOf(around.extent, extent) ? around.end : undefined
}
