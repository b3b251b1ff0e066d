/**
 * What is known of loads, stores and atomics for the placing of barriers: which elements are an invocation's
 * own. Workgroups, and programs of one workgroup, are not ordered among each other.
 */
import { dimIndex } from '../../ir/dim_index.ts'
import type { MemoryNode } from '../../ir/node.ts'
import type { TileProgram } from '../../ir/tile_program.ts'
import type { Layout } from '../layout/layout.ts'
import { rangeOf } from '../plan/access.ts'
import type { AccessMark } from '../thread/memory.ts'
import type { Writer } from '../thread/writer.ts'

/** The mark of an access that touches memory in `layout`. */
export function markOf(out: Writer, node: MemoryNode, layout: Layout, program: TileProgram): AccessMark {
  return { ...out.phase(), owner: ownerOf(node, layout, program) }
}

/**
 * Tiles whose blocks begin at a fixed place: the position tells the invocation. Of copies all read, and the
 * first one writes.
 */
function ownerOf(node: MemoryNode, layout: Layout, program: TileProgram): string | undefined {
  if (node.kind === 'load' && layout.replicaMask !== 0) return undefined
  const dims: (number | string)[] = []
  for (const index of node.index.map(dimIndex)) {
    if (index.kind === 'scalar') dims.push('scalar')
    else if (index.kind === 'tile' || index.offset || rangeOf(program, index.block).begin === undefined)
      return undefined
    else dims.push(index.block)
  }
  return `view ${node.tensor} ${dims.join()} ${layout.key}`
}
