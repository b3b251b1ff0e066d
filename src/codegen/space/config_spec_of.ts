/**
 * The search space of a kernel: what its IR leaves open, within what the device allows, as the plain data
 * that ConfigSpec is made from.
 */
import { INDEXINGS, type Indexing, type PidType } from '../../config/modes.ts'
import type { BlockInput, ConfigSpecInput, RowInput, SumInput, TileInput } from '../../config/spec_input.ts'
import { BLOCK_LIMIT, DOT_EXTENT } from '../../ir/block_sizes.ts'
import { dotAxes } from '../../ir/dot_axes.ts'
import { addressable, type KernelIr } from '../../ir/kernel_ir.ts'
import { type Axis, type Block, type BlockId, type Node, ONE } from '../../ir/node.ts'
import { type BlockSize, evalSize, maxOf, type Size, type SizeSymbol } from '../../ir/size.ts'
import { walk } from '../../ir/traverse.ts'
import { cdiv, clamp, floorPowerOf2, nextPowerOf2, product } from '../../support/maths.ts'
import type { StorageType } from '../../support/storage_types.ts'
import { accumulations } from '../analysis/accumulations.ts'
import { byteLoads } from '../analysis/byte_loads.ts'
import { canRoll } from '../analysis/can_roll.ts'
import { type SplitEntry, splittableSums } from '../analysis/split_entries.ts'
import { contiguousBlock } from '../plan/access.ts'
import { matrixInput } from '../plan/matrix_plan.ts'
import { type KernelSites, sitesOf } from '../plan/sites.ts'
import type { DeviceLimits } from '../program.ts'
import { loopInputs } from './loop_inputs.ts'
import { cutBy, maxDotRows, rightInput, rowsOf, tileInput } from './tile_inputs.ts'

const MAX_SLICES = 16
/** A part of a sum has about so many positions at least. */
const LEAST_PART = 8
const MAX_PARTS = 1024
/** A row stays in registers by default when no thread of so many holds more than this of it. */
const ROW_THREADS = 512
const ROW_REGISTERS = 32
/** A program holds about so many values of a row's size at a time. */
const ROW_VALUES = 4
/**
 * On a processor the lanes of a subgroup are those of one instruction, and all that goes from one subgroup
 * to another is dear. So a subgroup holds a row by default, with so many elements a lane; where there are as
 * many rows as this, longer ones are streamed in such chunks, by a subgroup each where they are few, else by
 * a thread. SwiftShader, 128 x 1024: rms_norm 4.4 ms with 8 subgroups a row, 1.3 so, a cumsum 19 and 0.6;
 * lavapipe 330 and 231 us, 677 and 240. 16 rows of 8000 by one program and by two, softmax on lavapipe with
 * two cores: 445 and 275 us.
 */
const ON_PROCESSOR = { registers: 64, leastRows: 16, chunk: 16 }

/** What sizes that depend on an extent are estimated with. */
const NOMINAL_EXTENT = 64

/** `sizeOfSymbol` gives the sizes at hand: those of the call that the kernel was traced for. */
export function configSpecInput(
  kernel: KernelIr,
  limits: DeviceLimits,
  sizeOfSymbol: (symbol: SizeSymbol) => number,
): ConfigSpecInput {
  const sites = sitesOf(kernel)
  const blocks = new Map(kernel.blocks.map((block) => [block.id, block]))
  const hint = (size: Size): number => evalSize(size, sizeOfSymbol, nominal)
  const nominal = ({ least, range }: BlockSize): number =>
    clamp(nextPowerOf2(hint(range)), least, Math.max(least, NOMINAL_EXTENT))
  const sums = kernel.grids.map((grid) => accumulations(grid.body))
  const summed = splittableSums(kernel)
  const seen = addressable(kernel)
  const dtypeOf = (id: number): StorageType | undefined => seen[id]?.dtype
  const looped = new Set<Node>()
  for (const { body } of kernel.grids) walk(body, (node, depth) => void (depth > 0 && looped.add(node)))
  const tiles = sites.tiles.map((block) => blockInput(block, sites, blocks, hint))
  const cuts = { tiles, slices: sites.rows, blocks, dtypeOf }
  return {
    blocks: tiles,
    rows: sites.rows.map((block) => rowInput(kernel, block, sites, summed, limits, hint)),
    loops: loopInputs(kernel, sites, blocks, hint),
    fixedPrograms: fixedPrograms(kernel, blocks, hint),
    tiles: tileInputs(kernel, blocks),
    memoryOps: [...sites.loads, ...sites.stores].map(indexings),
    dots: sites.dots.map((dot) => ({
      maxRows: maxDotRows(dotAxes(dot).rows, blocks, hint),
      maxSlices: sums.some((found) => found.has(dot)) ? MAX_SLICES : 1,
      resultRows: rowsOf(dot, blocks, hint),
      rows: cutBy(dotAxes(dot).rows, blocks),
      columns: cutBy(dotAxes(dot).columns, blocks),
      right: rightInput(dot, blocks, (id) => seen[id]?.dtype),
      ...matrixInput(dot, cuts, limits),
      ...(limits.packedDots && byteLoads(dot, dtypeOf) && { isPacked: true }),
      inLoop: looped.has(dot) || blocks.get(dotAxes(dot).depth)?.kind === 'slice',
    })),
    sums: summed.map((entry) => sumInput(kernel, entry, hint)),
    pidTypes: pidTypes(kernel),
    maxInvocations: limits.maxWorkgroupInvocations,
    workgroupBytes: limits.maxWorkgroupBytes,
    registers: limits.registerBudget,
    software: limits.software,
    computeUnits: limits.computeUnits,
  }
}

function blockInput(
  block: Block,
  sites: KernelSites,
  blocks: ReadonlyMap<BlockId, Block>,
  hint: (size: Size) => number,
): BlockInput {
  const { id, name, least: min = 1 } = block
  const known = block.end !== undefined
  const sizeHint = known ? Math.max(1, hint(block.size)) : BLOCK_LIMIT
  const parts = sites.dots.map(dotAxes)
  const cuts = (axes: readonly Axis[]): boolean => axes.some((axis) => cutBy(axis, blocks) === id)
  const inDot = parts.some(({ rows, depth, columns }) => cuts([rows, depth, columns]))
  const isBatch = !inDot && parts.some(({ batch }) => cuts(batch))
  const most = Math.max(min, Math.min(nextPowerOf2(sizeHint), BLOCK_LIMIT))
  const isInLoop = sites.loops.some((loop) => loop.kind === 'device' && cuts(loop.blocks))
  const isResult = isInLoop && parts.some((axes) => cuts([axes.rows, axes.columns]))
  const isContiguous = sites.loads.some((load) => cutBy(contiguousBlock(load) ?? -1, blocks) === id)
  // One that is registered has the author's word that it is no longer than its range.
  const max = inDot && block.kind !== 'size' ? Math.max(most, DOT_EXTENT) : most
  return {
    id,
    name,
    sizeHint,
    min,
    max,
    ...(isBatch && { isBatch }),
    ...(isContiguous && { isContiguous }),
    ...(isResult && { isResult }),
    ...(!known && { isUnknown: true }),
  }
}

function rowInput(
  kernel: KernelIr,
  block: Block,
  sites: KernelSites,
  summed: readonly SplitEntry[],
  limits: DeviceLimits,
  hint: (size: Size) => number,
): RowInput {
  const size = maxOf(block.size)
  const { body = [], blocks: along = [] } = kernel.grids[block.grid] ?? {}
  const rows = product(along.map((id) => hint(kernel.blocks.find((other) => other.id === id)?.size ?? 1)))
  const { leastRows, registers: most, chunk } = ON_PROCESSOR
  const isStreamed = limits.software && sites.dots.length === 0 && rows >= leastRows
  const threads = Math.min(ROW_THREADS, limits.maxWorkgroupInvocations)
  const registers = Math.min(ROW_REGISTERS, floorPowerOf2(limits.registerBudget / ROW_VALUES))
  const maxPersistent = isStreamed ? Math.max(1, limits.subgroupSize) * most : threads * registers
  const tensors = addressable(kernel)
  const canLoop = canRoll(body, block.id, (id) => tensors[id]?.tensor ?? id)
  const isContracted = sites.dots.some((dot) => dotAxes(dot).depth === block.id)
  const { id, name } = block
  const loads = sites.loads.filter(({ type }) => type.axes.includes(id)).map(contiguousBlock)
  const isColumn =
    summed.some((sum) => sum.id === id) &&
    loads.length > 0 &&
    loads.every((along) => along !== undefined && along !== id)
  return {
    id,
    name,
    size,
    maxPersistent,
    ...(isStreamed && { chunk }),
    canLoop,
    ...(isContracted && { isContracted }),
    ...(isColumn && !isContracted && { isColumn }),
  }
}

function sumInput(
  { blocks, grids }: KernelIr,
  { id, isScan }: SplitEntry,
  hint: (size: Size) => number,
): SumInput {
  const block = blocks.find((other) => other.id === id)
  const positions = block ? hint(block.size) : 1
  const grid = (block && grids[block.grid]?.blocks) ?? []
  const maxParts = clamp(floorPowerOf2(Math.max(1, positions / LEAST_PART)), 1, MAX_PARTS)
  return { id, grid, positions, maxParts, isScan }
}

/** Programs of the grid that has the most of them along dimensions with a fixed extent. */
function fixedPrograms(
  { grids }: KernelIr,
  blocks: ReadonlyMap<BlockId, Block>,
  hint: (size: Size) => number,
): number {
  const along = (id: BlockId): number => {
    const block = blocks.get(id)
    return block?.extent === undefined ? 1 : cdiv(Math.max(1, hint(block.size)), block.extent)
  }
  return Math.max(1, ...grids.map((grid) => product(grid.blocks.map(along))))
}

/** Every distinct combination of axes. */
function tileInputs(kernel: KernelIr, blocks: ReadonlyMap<BlockId, Block>): TileInput[] {
  const found = new Map<string, TileInput>()
  const visit = (node: Node): void => {
    if (node.type.axes.every((axis) => axis === ONE)) return
    const tile = tileInput(node, blocks)
    found.set(`${tile.axes.join()} ${tile.fixed}`, tile)
  }
  for (const grid of kernel.grids) walk(grid.body, visit)
  return [...found.values()]
}

/** Vectors make sense only where neighbours in memory are neighbours in a tile. */
function indexings(node: Parameters<typeof contiguousBlock>[0]): readonly Indexing[] {
  return contiguousBlock(node) === undefined ? ['pointer'] : INDEXINGS
}

function pidTypes(kernel: KernelIr): readonly PidType[] {
  const few = kernel.grids.every((grid) => grid.blocks.length >= 2 && grid.blocks.length <= 3)
  return few
    ? ['flat', 'xyz', 'persistent_blocked', 'persistent_interleaved']
    : ['flat', 'persistent_blocked', 'persistent_interleaved']
}
