/**
 * The layout of tiles on their way from memory: threads and vectors along it, and what an operand of a
 * product is written to workgroup memory with.
 */
import { dotAxes } from '../../ir/dot_axes.ts'
import { type Axis, type BlockId, type MemoryNode, ONE } from '../../ir/node.ts'
import { accessed } from '../../ir/node_rules.ts'
import { extentBits } from '../../ir/tile_program.ts'
import { clamp, log2Exact, sum } from '../../support/maths.ts'
import { WORD_BITS } from '../analysis/byte_loads.ts'
import { bitRange, type CoordinateBit, type Layout } from '../layout/layout.ts'
import { blockedLayout, type Extent } from '../layout/layout_rules.ts'
import { contiguousBlock, packedLoads, vectorBits } from './access.ts'
import type { Plan } from './plan.ts'
import type { TileClass } from './tile_classes.ts'
import { varies } from './varying.ts'

/** Bytes of an item of workgroup memory that fragments are loaded from. */
const MATRIX_ITEM = 16
/** log2 of the threads whose items are written to workgroup memory at a time: as many as it has banks for. */
const WRITTEN_AT_ONCE = 3
/** Lanes that should read consecutive memory together. */
const COALESCED_BITS = 5

/** Threads along contiguous memory; along a reduced block only as many as the other blocks leave idle. */
export function streaming(tileClass: TileClass, plan: Plan): Layout {
  const { vector, extents } = memoryOrder(tileClass, plan, isMatrixOperand(tileClass, plan) ? 16 : 4)
  const { threadBits } = plan.bound
  const threads = new Map<BlockId, number>()
  for (const block of tileClass.reduced)
    threads.set(block, reducingThreadBits(tileClass, block, plan, vector))
  const together = stagingBits(tileClass, extents, plan)
  const spare = sum(extents.map(({ bits }) => bits)) - threadBits
  const room = isMatrixOperand(tileClass, plan)
    ? Math.max(leastVector(tileClass, plan), spare - together.length)
    : vector
  const taken = Math.min(vector, room)
  return blockedLayout({
    extents,
    vectorBits: taken,
    threadBits,
    maxThreadBits: (block) => threads.get(block) ?? Number.POSITIVE_INFINITY,
    together,
    nearest: nearestBits(tileClass, extents, plan, taken),
  })
}

/** Blocks by contiguity in memory, and the widest vector that the accesses can use. */
export function memoryOrder(
  tileClass: TileClass,
  plan: Plan,
  bytes: 4 | 16 = 4,
): { vector: number; extents: readonly Extent[] } {
  const votes = tileClass.accesses.map((access) => ({
    block: contiguousBlock(access),
    bits: vectorBits(access, plan, bytes),
  }))
  const blocks = [...tileClass.blocks].reverse()
  const vote = votes.find(({ block }) => block !== undefined && tileClass.blocks.has(block))
  const first = vote?.block ?? blocks[0]
  const vector = Math.max(0, ...votes.filter(({ block }) => block === first).map(({ bits }) => bits))
  const ordered = first === undefined ? blocks : [first, ...blocks.filter((block) => block !== first)]
  return { vector, extents: ordered.map((block) => extentIn(plan, block)) }
}

function reducingThreadBits(tileClass: TileClass, block: BlockId, plan: Plan, vector: number): number {
  const asked = plan.bound.threadsAlong(block)
  if (asked > 0) return log2Exact(asked)
  const others = sum([...tileClass.blocks].filter((b) => b !== block).map((b) => extentBits(plan.program, b)))
  const whole = Math.max(0, extentBits(plan.program, block) - vector)
  return clamp(plan.bound.threadBits - others, Math.min(leastLaneBits(plan), whole), plan.bound.threadBits)
}

/** On a processor a subgroup for each row, which needs no barriers. */
function leastLaneBits({ bound: { limits } }: Plan): number {
  return limits.software ? log2Exact(Math.max(1, limits.subgroupSize)) : COALESCED_BITS
}

/**
 * The bits that a thread should hold beside a vector along memory, which an operand of a dot is then written
 * to workgroup memory with: vectors along its free dimension, and words of four positions along the
 * contracted one. For matrix units: items of such words, or positions in which some of what the operand is
 * made of is the same, so that it is read once.
 */
function stagingBits(tileClass: TileClass, [first]: readonly Extent[], plan: Plan): readonly CoordinateBit[] {
  const [use] = tileClass.operandOf
  if (!use) return []
  const { rows, columns, depth } = dotAxes(use.dot)
  const isOfBytes = packedLoads(use.dot, plan) !== undefined
  if (isMatrixOperand(tileClass, plan)) {
    const held = isOfBytes ? bitRange(depth, 0, log2Exact(MATRIX_ITEM)) : repeated(tileClass, depth, plan)
    return first?.block === depth ? [] : held
  }
  const block = use.side === 'a' ? rows : columns
  const vector = block === ONE ? [] : bitRange(block, 0, Math.min(2, extentBits(plan.program, block)))
  return isOfBytes ? [...bitRange(depth, 0, WORD_BITS), ...vector] : vector
}

/**
 * Where threads side by side write an operand for matrix units: to different banks. Of words that are turned
 * it is four items along the depth, which columns four rows apart would not be in, whatever is between rows.
 * Rows of 2^n items, n < 3, with one item between them: eight threads that write at a time have rows 2^n
 * apart, since the end of one row is in the banks of the next one's begin (on an H200, 4096³ of halves takes
 * 434 us instead of 453, with weights [n, k] and gelu 476 instead of 516).
 */
function nearestBits(
  { operandOf, blocks }: TileClass,
  [first]: readonly Extent[],
  plan: Plan,
  vectorBits: number,
): readonly CoordinateBit[] {
  const [use] = operandOf
  if (!use || !first || plan.bound.mma(use.dot) !== 'subgroup_matrix') return []
  const { depth } = dotAxes(use.dot)
  const isOfBytes = packedLoads(use.dot, plan) !== undefined
  const item = log2Exact(isOfBytes ? MATRIX_ITEM : MATRIX_ITEM / 2)
  const further = Math.max(0, extentBits(plan.program, depth) - item)
  if (first.block !== depth) return isOfBytes ? bitRange(depth, item, Math.min(2, further)) : []
  const free = [...blocks].filter((block) => block !== depth)
  if (vectorBits !== item || free.length !== 1 || further >= WRITTEN_AT_ONCE) return []
  const rows = free.flatMap((block) => bitRange(block, 0, extentBits(plan.program, block)))
  return [...bitRange(depth, item, further), ...rows.slice(further, WRITTEN_AT_ONCE)]
}

/** The lowest bits of a block in which one of the tensors that a class reads is the same. */
function repeated({ accesses }: TileClass, block: BlockId, { program }: Plan): readonly CoordinateBit[] {
  const isSame = (bit: number): boolean =>
    accesses.some((load) => load.kind === 'load' && !varies(load, { block, bit }, program))
  let bits = 0
  while (bits < extentBits(program, block) && isSame(bits)) bits++
  return bitRange(block, 0, bits)
}

/** log2 of what an operand for matrix units is read by at least: words, or as many halves as an item has. */
function leastVector({ operandOf }: TileClass, plan: Plan): number {
  return operandOf.some(({ dot }) => packedLoads(dot, plan)) ? WORD_BITS : log2Exact(MATRIX_ITEM / 2)
}

/** True for operands that matrix units take as memory has them. */
function isMatrixOperand({ operandOf }: TileClass, { bound }: Plan): boolean {
  const [use] = operandOf
  return use !== undefined && bound.mma(use.dot) === 'subgroup_matrix'
}

export function extentIn(plan: Plan, block: BlockId): Extent {
  return { block, bits: block < 0 ? 0 : extentBits(plan.program, block) }
}

/** The layout that a single access wants when nothing else decides. */
export function layoutForAccess(node: MemoryNode, plan: Plan): Layout {
  const { axes } = accessed(node).type
  return streaming(lonely(axes, [node]), plan)
}

/** A layout for a value over these axes that no class claims. */
export function layoutOfBlocks(axes: readonly Axis[], plan: Plan): Layout {
  return streaming(lonely(axes, []), plan)
}

export function lonely(axes: readonly Axis[], accesses: MemoryNode[]): TileClass {
  const blocks = new Set(axes.filter((axis) => axis !== ONE))
  return { blocks, accesses, dots: [], operandOf: [], reduced: new Set(), parents: new Set() }
}
