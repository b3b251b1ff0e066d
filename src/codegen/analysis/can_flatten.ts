/** Whether a grid may be walked as one dimension: see flatten_loops.ts. */
import type { Grid } from '../../ir/kernel_ir.ts'
import type { Block, BlockId } from '../../ir/node.ts'
import { isCrossing, ruleOf } from '../../ir/node_rules.ts'
import { sameSize } from '../../ir/size.ts'
import { operandsOf } from '../../ir/traverse.ts'

/**
 * True when nothing in the grid cares where its dimensions begin and end: only element-wise work and memory.
 */
export function canFlatten(
  grid: Pick<Grid, 'blocks' | 'body'>,
  blocks: ReadonlyMap<BlockId, Block>,
): boolean {
  const ids = new Set(grid.blocks)
  const plain = grid.blocks.every((id) => {
    const block = blocks.get(id)
    return (
      block?.kind === 'tile' &&
      block.extent === undefined &&
      block.end !== undefined &&
      sameSize(block.end, block.size)
    )
  })
  if (!plain) return false
  return grid.body.every((node) => {
    if (node.kind === 'loop' || ruleOf(node).seesTiles) return false
    if (node.type.axes.some((axis) => axis >= 0 && !ids.has(axis))) return false
    const touches = [node, ...operandsOf(node)].some((n) => n.type.axes.some((axis) => ids.has(axis)))
    return !touches || !(isCrossing(node) || (node.kind === 'view' && !keepsOrder(node.axes)))
  })
}

/** True for views that only add or drop axes of one. */
function keepsOrder(axes: readonly number[]): boolean {
  const named = axes.filter((axis) => axis >= 0)
  return named.every((axis, i) => i === 0 || axis > (named[i - 1] ?? 0))
}
