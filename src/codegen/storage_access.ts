/**
 * Loads, stores and atomics as accesses that barriers order among the invocations of a workgroup. Workgroups,
 * and programs of one workgroup, are not ordered among each other.
 */
import { dimIndex, type MemoryNode, rangeOf } from './access.ts'
import type { BoundConfig } from './bound_config.ts'
import type { Layout } from './layout.ts'
import type { Access } from './statements.ts'

const HOW = { load: 'read', store: 'write' } as const

/** Describes an access that touches memory in `layout`. */
export function storageAccess(node: MemoryNode, layout: Layout, bound: BoundConfig): Access {
  return {
    space: 'storage',
    place: `tensor ${bound.view(node.tensor).tensor}`,
    how: node.kind === 'atomic' ? `atomic ${node.op}` : HOW[node.kind],
    owner: ownerOf(node, layout, bound),
  }
}

/** Whole tiles without copies, whose blocks begin at a fixed place: the position tells the invocation. */
function ownerOf(node: MemoryNode, layout: Layout, bound: BoundConfig): string | undefined {
  if (layout.replicaMask !== 0) return undefined
  const dims: (number | string)[] = []
  for (const index of node.index.map(dimIndex)) {
    if (index.kind === 'scalar') dims.push('scalar')
    else if (index.kind === 'tile' || index.offset || rangeOf(bound, index.block).begin === undefined)
      return undefined
    else dims.push(index.block)
  }
  return `view ${node.tensor} ${dims.join()} ${layout.key}`
}
