/**
 * A whole kernel on its way through the compiler: what every pass takes and gives. Unlike the traced kernel
 * it is for one config, so all blocks have extents, and passes may add to it: grids, blocks, tensors of
 * scratch memory, and tensors that show the memory of another under another shape. Frozen, plain data.
 */
import { log2Exact } from '../support/maths.ts'
import type { StorageType } from '../support/storage_types.ts'
import type { Grid, KernelIr, ScalarInfo, TensorInfo } from './kernel_ir.ts'
import type { Block, BlockId } from './node.ts'
import { isMultipleOf, type Size, sameSize } from './size.ts'

/** A tensor as loads and stores address it, by its place in the list. */
export interface TileTensor extends TensorInfo {
  /** The tensor whose memory this is: its own id, or another's that it shows under another shape. */
  readonly memory: number
}

/** What of a traced block does not depend on how it is cut. */
type BlockRange = Pick<Block, 'id' | 'kind' | 'name' | 'size' | 'end' | 'location'>

/** A block with its extent. */
export interface TileBlock extends BlockRange {
  /** The most elements that a tile has along the block: a power of two. */
  readonly extent: number
  /** True when the last tile of the range may reach beyond its end. */
  readonly ragged: boolean
}

export interface TileGrid extends Grid {
  /** The whole dimensions that the body takes. */
  readonly rows: readonly BlockId[]
}

export interface TileProgram {
  readonly name: string
  /** Those of the kernel, by their ids, and then those that passes added. */
  readonly tensors: readonly TileTensor[]
  readonly scalars: readonly ScalarInfo[]
  readonly blocks: readonly TileBlock[]
  /**
   * True once tiles have all positions of their extents, whatever the range: what lies outside holds
   * anything, but loads by positions of the block itself have their `fill` there, and stores are dropped.
   * Before, tiles end where their range does.
   */
  readonly padded: boolean
  /** Run one after the other: what one writes the next may read. */
  readonly grids: readonly TileGrid[]
}

export function blockOf({ blocks }: Pick<TileProgram, 'blocks'>, id: BlockId): TileBlock {
  return blocks.find((block) => block.id === id) ?? missing('block', id)
}

export function tensorOf({ tensors }: TileProgram, id: number): TileTensor {
  return tensors[id] ?? missing('tensor', id)
}

/** Elements of a tile along the block. */
export function extentOf(program: TileProgram, id: BlockId): number {
  return blockOf(program, id).extent
}

export function extentBits(program: TileProgram, id: BlockId): number {
  return log2Exact(extentOf(program, id))
}

/** The scratch memory of a program, in order. */
export function scratchOf({ tensors }: TileProgram): readonly TileTensor[] {
  return tensors.filter(({ role, id, memory }) => role === 'scratch' && memory === id)
}

/** What a block is cut into. With `even`, tiles are known to lie inside the range. */
export function tileBlock(
  { id, kind, name, size, end, location }: BlockRange,
  extent: number,
  even = false,
): TileBlock {
  // Everything divides a range of nothing, but its tile has an element all the same.
  const divides = end !== undefined && size !== 0 && isMultipleOf(size, extent)
  return Object.freeze({ id, kind, name, size, end, location, extent, ragged: !even && !divides })
}

/** A program with something added, and how nodes name that. */
export interface Added {
  readonly program: TileProgram
  readonly id: number
}

/** Adds a block. */
export function addBlock(program: TileProgram, block: Omit<BlockRange, 'id'>, extent: number): Added {
  const id = Math.max(...program.blocks.map((known) => known.id)) + 1
  return { program: { ...program, blocks: [...program.blocks, tileBlock({ ...block, id }, extent)] }, id }
}

/** Adds the memory of a tensor under another shape, unless it is there already. */
export function addView(program: TileProgram, of: number, shape: readonly Size[]): Added {
  const tensor = tensorOf(program, of)
  const known = program.tensors.find(
    ({ memory, dtype, shape: other }) =>
      memory === tensor.memory && dtype === tensor.dtype && sameShape(other, shape),
  )
  return known ? { program, id: known.id } : addTensor(program, { ...tensor, shape })
}

/** Adds memory of which nothing is kept after the launch; it begins with `fill` everywhere, or anything. */
export function addScratch(
  program: TileProgram,
  {
    name,
    dtype,
    shape,
    fill,
  }: Pick<TileTensor, 'name' | 'shape'> & { readonly dtype: StorageType; readonly fill?: number },
): Added {
  const memory = program.tensors.length
  return addTensor(program, { name, dtype, shape, role: 'scratch', fill, memory })
}

function addTensor(program: TileProgram, tensor: Omit<TileTensor, 'id'>): Added {
  const id = program.tensors.length
  return { program: { ...program, tensors: [...program.tensors, { ...tensor, id }] }, id }
}

/** The program with every grid changed; the same one where none is. */
export function mapGrids(program: TileProgram, change: (grid: TileGrid) => TileGrid): TileProgram {
  return withGrids(program, program.grids.map(change))
}

/** The program with these grids; the same one where it has them. */
export function withGrids(program: TileProgram, grids: readonly TileGrid[]): TileProgram {
  const isSame = grids.length === program.grids.length && grids.every((grid, i) => grid === program.grids[i])
  return isSame ? program : { ...program, grids }
}

/** The same, unchangeable. */
export function frozenProgram(program: TileProgram): TileProgram {
  const { tensors, blocks, grids } = program
  for (const list of [tensors, blocks, grids]) {
    for (const item of list) Object.freeze(item)
    Object.freeze(list)
  }
  return Object.freeze(program)
}

/** The whole dimensions that a grid of a traced kernel takes. */
export function rowsOf({ blocks }: Pick<KernelIr, 'blocks'>, grid: number): readonly BlockId[] {
  return blocks.filter((block) => block.kind === 'slice' && block.grid === grid).map(({ id }) => id)
}

function sameShape(a: readonly Size[], b: readonly Size[]): boolean {
  return a.length === b.length && a.every((size, i) => sameSize(size, b[i] ?? -1))
}

function missing(what: string, id: number): never {
  throw new Error(`no ${what} ${id}`)
}
