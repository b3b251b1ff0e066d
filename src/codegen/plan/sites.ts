/**
 * What a config decides about in a kernel, in program order: the order of the entries in the config's lists.
 * Used both to derive the search space and to read a config when compiling.
 */
import { sizeBlocks } from '../../ir/block_sizes.ts'
import type { KernelIr } from '../../ir/kernel_ir.ts'
import {
  type Block,
  type BlockId,
  type DotNode,
  type LoadNode,
  type LoopNode,
  type StoreNode,
  UNNUMBERED,
} from '../../ir/node.ts'
import { walk } from '../../ir/traverse.ts'

export type LoopSite =
  | { readonly kind: 'grid'; readonly grid: number; readonly blocks: readonly BlockId[] }
  | { readonly kind: 'device'; readonly node: LoopNode; readonly blocks: readonly BlockId[] }

export interface KernelSites {
  /** Entries of `block_sizes`: tiles that are cut for themselves, and extents that several share. */
  readonly tiles: readonly Block[]
  /** Whole dimensions: entries of `reduction_loops` and `num_threads`. */
  readonly rows: readonly Block[]
  readonly loops: readonly LoopSite[]
  readonly loads: readonly LoadNode[]
  readonly stores: readonly StoreNode[]
  readonly dots: readonly DotNode[]
}

export function sitesOf(kernel: KernelIr): KernelSites {
  const loops: LoopSite[] = []
  const loads: LoadNode[] = []
  const stores: StoreNode[] = []
  const dots: DotNode[] = []
  const used = new Set<BlockId>()
  kernel.grids.forEach((grid, number) => {
    loops.push({ kind: 'grid', grid: number, blocks: grid.blocks })
    for (const id of grid.blocks) used.add(id)
    walk(grid.body, (node) => {
      for (const axis of node.type.axes) used.add(axis)
      if (node.kind === 'load') loads.push(node)
      if (node.kind === 'store') stores.push(node)
      if (node.kind === 'dot') dots.push(node)
      if (node.kind !== 'loop' || node.site === UNNUMBERED) return
      loops.push({ kind: 'device', node, blocks: node.blocks })
      for (const id of node.blocks) used.add(id)
    })
  })
  const blocks = kernel.blocks.filter((block) => used.has(block.id))
  const isOpen = ({ kind, extent, sizedBy }: Block): boolean =>
    kind === 'tile' && extent === undefined && sizedBy === undefined
  return {
    tiles: [...blocks.filter(isOpen), ...sizeBlocks(kernel)].sort((a, b) => a.id - b.id),
    rows: blocks.filter((block) => block.kind === 'slice'),
    loops,
    loads,
    stores,
    dots,
  }
}

/** Loops over several blocks: entries of `loop_orders` and `flatten_loops`. */
export function severalBlocks(sites: KernelSites): readonly LoopSite[] {
  return sites.loops.filter((loop) => loop.blocks.length > 1)
}
