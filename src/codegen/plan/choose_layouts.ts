/**
 * Gives every class of tile values its layout. Anchors decide: the result of a dot wants micro-tiles, a
 * streamed tile wants vectors along contiguous memory, the operand of a dot wants to be written to workgroup
 * memory in vectors; smaller classes take the part of a larger one's layout, so that broadcasting and
 * reducing them costs nothing.
 */

import { batchOf, dotAxes } from '../../ir/dot_axes.ts'
import {
  type Axis,
  type BlockId,
  type DotNode,
  type MemoryNode,
  type Node,
  ONE,
  type PhiNode,
  type Region,
} from '../../ir/node.ts'
import { accessed } from '../../ir/node_rules.ts'
import { extentBits } from '../../ir/tile_program.ts'
import { walk } from '../../ir/traverse.ts'
import { clamp, log2Exact, sum } from '../../support/maths.ts'
import { accumulations } from '../analysis/accumulations.ts'
import { bitRange, type CoordinateBit, type Layout } from '../layout/layout.ts'
import { blockedLayout, dotLayout, type Extent } from '../layout/layout_rules.ts'
import { type ProductLayouts, productLayouts } from '../layout/product_layout.ts'
import { contiguousBlock, vectorBits } from './access.ts'
import { type MatrixPlan, matrixPlan } from './matrix_plan.ts'
import { packedLoads, WORD_BITS } from './packed_loads.ts'
import type { Plan } from './plan.ts'
import { classifyTiles, type TileClass } from './tile_classes.ts'
import { varies } from './varying.ts'

/** Bytes of an item of workgroup memory that fragments are loaded from. */
const MATRIX_ITEM = 16
/** Lanes that should read consecutive memory together. */
const COALESCED_BITS = 5

export interface Layouts {
  /** The layout of a value's class; undefined for scalars and values that can be made in any layout. */
  of(node: Node): Layout | undefined
  /** log2 of the groups of threads that all hold the dot's tile, and share out what it contracts. */
  sliceBits(dot: DotNode): number
  /** The layouts of a product that stages nothing; undefined for others. */
  product(dot: DotNode): ProductLayouts | undefined
  /** What a product on matrix units is cut into; undefined for others. */
  matrix(dot: DotNode): MatrixPlan | undefined
  /** 32-bit or smaller values that a thread holds of a value; 0 for what needs no registers of its own. */
  registersOf(node: Node): number
}

export function chooseLayouts(region: Region, plan: Plan): Layouts {
  const classes = classifyTiles(region)
  const sums = accumulations(region)
  const chosen = new Map<TileClass, Layout>()
  const slices = new Map<DotNode, number>()
  const products = new Map<Node, ProductLayouts>()
  const matrices = matrixPlans(region, plan, sums)
  for (const tileClass of byImportance(classes.all, plan)) {
    const bits = sliceBits(tileClass, sums, plan)
    for (const dot of tileClass.dots) {
      slices.set(dot, bits)
      const product = directProduct(dot, classes.of(dot.b), bits, plan)
      for (const node of product ? [dot, ...(sums.get(dot) ?? [])] : [])
        if (product) products.set(node, product)
    }
    chosen.set(
      tileClass,
      dotResult(tileClass, matrices, bits, plan) ??
        operandOfProduct(tileClass, products) ??
        partOfParent(tileClass, chosen) ??
        streaming(tileClass, plan),
    )
  }
  const fragments = fragmentElements(matrices, sums)
  const of = (node: Node): Layout | undefined => {
    const tileClass = classes.of(node)
    return tileClass && chosen.get(tileClass)
  }
  return {
    of,
    sliceBits: (dot) => slices.get(dot) ?? 0,
    product: (dot) => products.get(dot),
    matrix: (dot) => matrices.get(dot),
    registersOf: (node) => fragments.get(node) ?? (products.get(node)?.sums ?? of(node))?.size ?? 0,
  }
}

/** The layouts of a dot that is computed without staging; `right` is the class of its right operand. */
function directProduct(
  dot: DotNode,
  right: TileClass | undefined,
  sliceBits: number,
  plan: Plan,
): ProductLayouts | undefined {
  if (plan.bound.mma(dot) !== 'direct') return undefined
  const { batch, rows, columns, depth } = dotAxes(dot)
  const own = right ?? lonely(dot.b.type.axes, [])
  const { vector, extents } = memoryOrder(own, plan)
  return productLayouts(
    {
      batch: batch.map((block) => extentOf(plan, block)),
      rows: extentOf(plan, rows),
      columns: extentOf(plan, columns),
      depth: extentOf(plan, depth),
      along: extents[0]?.block === depth ? 'depth' : 'columns',
      vectorBits: vector,
      widestBits: memoryOrder(own, plan, 16).vector,
      threadBits: plan.bound.threadBits,
      sliceBits,
      threadRows: plan.bound.dotRowBits(dot),
      wordBits: packedLoads(dot, plan) ? WORD_BITS : 0,
    },
    { a: batchOf(dot.a), b: batchOf(dot.b) },
  )
}

/** What a product wants that takes the class as it is. */
function operandOfProduct(
  { operandOf }: TileClass,
  products: ReadonlyMap<Node, ProductLayouts>,
): Layout | undefined {
  const use = operandOf.find(({ dot }) => products.has(dot))
  return use && products.get(use.dot)?.[use.side]
}

/** log2 of the groups of threads that share out what the dots of a class contract. */
function sliceBits({ dots }: TileClass, sums: ReadonlyMap<DotNode, readonly PhiNode[]>, plan: Plan): number {
  return dots.length === 0
    ? 0
    : Math.min(...dots.map((dot) => (sums.has(dot) ? plan.bound.sliceBits(dot) : 0)))
}

/** Results of dots first, then large before small, so that parents come before their parts. */
function byImportance(classes: readonly TileClass[], plan: Plan): TileClass[] {
  const bits = (c: TileClass): number => sum([...c.blocks].map((block) => extentBits(plan.program, block)))
  const rank = (c: TileClass): number => (c.dots.length > 0 ? 1000 : 0) + 40 * c.blocks.size + bits(c)
  return [...classes].sort((a, b) => rank(b) - rank(a))
}

function matrixPlans(
  region: Region,
  plan: Plan,
  sums: ReadonlyMap<DotNode, readonly PhiNode[]>,
): ReadonlyMap<DotNode, MatrixPlan> {
  const found = new Map<DotNode, MatrixPlan>()
  walk(region, (dot) => {
    const matrix = dot.kind === 'dot' ? matrixPlan(dot, plan, sums.has(dot)) : undefined
    if (dot.kind === 'dot' && matrix) found.set(dot, matrix)
  })
  return found
}

/** Elements of the sums that a thread holds in fragments, by dot and what its loops carry. */
function fragmentElements(
  matrices: ReadonlyMap<DotNode, MatrixPlan>,
  sums: ReadonlyMap<DotNode, readonly PhiNode[]>,
): ReadonlyMap<Node, number> {
  const sizes = [...matrices].map(([dot, { layout, division }]) => {
    return [dot, layout.size << division.slices] as const
  })
  return new Map(sizes.flatMap(([dot, size]) => [dot, ...(sums.get(dot) ?? [])].map((node) => [node, size])))
}

function dotResult(
  { dots }: TileClass,
  matrices: ReadonlyMap<DotNode, MatrixPlan>,
  sliceBits: number,
  plan: Plan,
): Layout | undefined {
  const dot = dots[0]
  if (!dot || plan.bound.mma(dot) === 'direct') return undefined
  const matrix = matrices.get(dot)
  if (matrix) return matrix.layout
  const { batch, rows, columns } = dotAxes(dot)
  return dotLayout({
    batch: batch.map((block) => extentOf(plan, block)),
    rows: extentOf(plan, rows),
    columns: extentOf(plan, columns),
    threadBits: plan.bound.threadBits,
    sliceBits,
    microRows: plan.bound.dotRowBits(dot),
  })
}

function partOfParent(tileClass: TileClass, chosen: ReadonlyMap<TileClass, Layout>): Layout | undefined {
  for (const parent of tileClass.parents) {
    const layout = chosen.get(parent)
    if (layout) return layout.restrict((block) => tileClass.blocks.has(block))
  }
  return undefined
}

/** Threads along contiguous memory; along a reduced block only as many as the other blocks leave idle. */
function streaming(tileClass: TileClass, plan: Plan): Layout {
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
  return blockedLayout({
    extents,
    vectorBits: Math.min(vector, room),
    threadBits,
    maxThreadBits: (block) => threads.get(block) ?? Number.POSITIVE_INFINITY,
    together,
  })
}

/** Blocks by contiguity in memory, and the widest vector that the accesses can use. */
function memoryOrder(
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
  return { vector, extents: ordered.map((block) => extentOf(plan, block)) }
}

function reducingThreadBits(tileClass: TileClass, block: BlockId, plan: Plan, vector: number): number {
  const asked = plan.bound.threadsAlong(block)
  if (asked > 0) return log2Exact(asked)
  const others = sum([...tileClass.blocks].filter((b) => b !== block).map((b) => extentBits(plan.program, b)))
  const whole = Math.max(0, extentBits(plan.program, block) - vector)
  return clamp(plan.bound.threadBits - others, Math.min(COALESCED_BITS, whole), plan.bound.threadBits)
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

function extentOf(plan: Plan, block: BlockId): Extent {
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

function lonely(axes: readonly Axis[], accesses: MemoryNode[]): TileClass {
  const blocks = new Set(axes.filter((axis) => axis !== ONE))
  return { blocks, accesses, dots: [], operandOf: [], reduced: new Set(), parents: new Set() }
}
