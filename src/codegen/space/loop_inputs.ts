/** What a config may choose of the loops of a kernel: their order, flattening them, writing them out. */
import type { LoopInput } from '../../config/spec_input.ts'
import type { KernelIr } from '../../ir/kernel_ir.ts'
import type { Block, BlockId, LoopNode } from '../../ir/node.ts'
import type { Size } from '../../ir/size.ts'
import { hasEffect } from '../../ir/traverse.ts'
import { cdiv } from '../../support/maths.ts'
import { accumulatedBy } from '../analysis/accumulations.ts'
import { canFlatten } from '../analysis/can_flatten.ts'
import { growingBlocks } from '../analysis/growing_programs.ts'
import type { KernelSites } from '../plan/sites.ts'
import { cutBy } from './tile_inputs.ts'

/** Loops of more rounds than this are never written out in full. */
const MAX_STATIC_ROUNDS = 16

export function loopInputs(
  kernel: KernelIr,
  sites: KernelSites,
  blocks: ReadonlyMap<BlockId, Block>,
  hint: (size: Size) => number,
): LoopInput[] {
  return sites.loops.map((loop) => {
    const ids = loop.blocks.map((id) => cutBy(id, blocks))
    if (loop.kind === 'device') {
      const canUnrollFully = staticRounds(loop.node, blocks, hint)
      return {
        kind: 'device',
        blocks: ids,
        canReorder: isReorderable(loop.node),
        canFlatten: false,
        canUnrollFully,
      }
    }
    const grid = kernel.grids[loop.grid]
    const flat = grid !== undefined && loop.blocks.length > 1 && canFlatten(grid, blocks)
    const growing = growingBlocks(grid?.body ?? [], loop.blocks)
    const outermost = loop.blocks.findIndex((id) => growing.has(id))
    return {
      kind: 'grid',
      blocks: ids,
      canReorder: true,
      ...(outermost > 0 && { outermost }),
      canFlatten: flat,
      canUnrollFully: false,
    }
  })
}

/** True when the number of rounds is a constant, and small even with tiles of moderate size. */
function staticRounds(
  node: LoopNode,
  blocks: ReadonlyMap<BlockId, Block>,
  hint: (size: Size) => number,
): boolean {
  return node.blocks.every((id, i) => {
    const [begin, end] = [node.begins[i], node.ends[i]]
    if (begin?.kind !== 'constant' || end?.kind !== 'constant') return false
    const block = blocks.get(id)
    return block !== undefined && cdiv(hint(block.size), block.extent ?? 64) <= MAX_STATIC_ROUNDS
  })
}

/**
 * True when the rounds may run in any order: they only add to what they carry, and look at it for nothing
 * else.
 */
function isReorderable(node: LoopNode): boolean {
  if (node.body.some((inner) => hasEffect(inner) || inner.kind === 'loop')) return false
  return node.phis.every((_, i) => accumulatedBy(node, i) !== undefined)
}
