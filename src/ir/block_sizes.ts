/**
 * Sizes that a config decides: those of tensors and ranges that name the extent of tiles. With the extents
 * known they are sizes like others.
 */
import { NodeFactory, RegionBuilder } from './build.ts'
import type { Guard, KernelIr } from './kernel_ir.ts'
import type { Block, BlockId } from './node.ts'
import { blockSizesIn, type Size, withBlockSizes } from './size.ts'
import { rewriteRegion, walk } from './traverse.ts'

/** Tiles are never longer. */
export const BLOCK_LIMIT = 16384
/** A product may look so far beyond the edge of a small matrix. */
export const DOT_EXTENT = 16

/** The `size` blocks that some tile or size of the kernel uses, in order. */
export function sizeBlocks(kernel: KernelIr): readonly Block[] {
  const own = kernel.blocks.filter(({ kind }) => kind === 'size')
  if (own.length === 0) return own
  const used = new Set(kernel.blocks.flatMap(({ sizedBy = [] }) => sizedBy))
  for (const id of sizesOf(kernel).flatMap(blockSizesIn)) used.add(id)
  return own.filter(({ id }) => used.has(id))
}

/** True where a result may depend on the extents that a config gives: some value is computed from one. */
export function computesWithBlockSizes({ grids, blocks }: KernelIr): boolean {
  let found = blocks.some(
    ({ size, end }) => dependsOnConfig(size) || (end !== undefined && dependsOnConfig(end)),
  )
  for (const { body } of grids)
    walk(body, (node) => {
      found ||= node.kind === 'size' && dependsOnConfig(node.size)
    })
  return found
}

/** True for a size that a config decides. */
export function dependsOnConfig(size: Size): boolean {
  return blockSizesIn(size).length > 0
}

/** Conditions that depend on the config, as they are with its block sizes. */
export function guardsOnConfig(traced: KernelIr, resolved: KernelIr): readonly Guard[] {
  const onConfig = traced.guards.map(guardOnConfig)
  return resolved.guards.filter((_, i) => onConfig[i])
}

/** True for a condition that only launches can check, since it depends on the config. */
export function guardOnConfig({ left, right }: Guard): boolean {
  return dependsOnConfig(left) || dependsOnConfig(right)
}

/** The kernel with numbers in the place of block sizes, and extents for the tiles that share them. */
export function resolveBlockSizes(kernel: KernelIr, extentOf: (block: BlockId) => number): KernelIr {
  const named = new Set(sizesOf(kernel).flatMap(blockSizesIn))
  if (named.size === 0 && kernel.blocks.every(({ kind }) => kind !== 'size')) return kernel
  const known = (size: Size): Size => withBlockSizes(size, ({ block }) => extentOf(block))
  const shaped = <T extends { readonly shape: readonly Size[] }>(one: T): T => {
    return { ...one, shape: one.shape.map(known) }
  }
  const factory = new NodeFactory()
  return {
    ...kernel,
    tensors: kernel.tensors.map(shaped),
    views: kernel.views.map(shaped),
    blocks: kernel.blocks.flatMap((block) => {
      if (block.kind === 'size') return []
      const { id, sizedBy, size, end } = block
      const own = named.has(id) ? extentOf(id) : block.extent
      const extent = sizedBy === undefined ? own : extentOf(sizedBy)
      return [{ ...block, extent, size: known(size), end: end === undefined ? undefined : known(end) }]
    }),
    guards: kernel.guards.map((guard) => {
      return { ...guard, left: known(guard.left), right: known(guard.right) }
    }),
    grids: kernel.grids.map((grid) => {
      const builder = new RegionBuilder(factory)
      rewriteRegion(grid.body, builder, new Map(), (spec) => {
        if (spec.kind !== 'size') return spec
        const size = known(spec.size)
        return typeof size === 'number' ? { ...spec, kind: 'constant', value: size } : { ...spec, size }
      })
      return { ...grid, body: builder.nodes }
    }),
  }
}

function sizesOf({ tensors, views, blocks, guards, grids }: KernelIr): readonly Size[] {
  const inNodes: Size[] = []
  for (const { body } of grids)
    walk(body, (node) => {
      if (node.kind === 'size') inNodes.push(node.size)
    })
  return [
    ...[...tensors, ...views].flatMap(({ shape }) => shape),
    ...blocks.flatMap(({ size, end = 0 }) => [size, end]),
    ...guards.flatMap(({ left, right }) => [left, right]),
    ...inNodes,
  ]
}
