/**
 * Gives every class of tile values its layout. Anchors decide: the result of a dot wants micro-tiles, a
 * streamed tile wants vectors along contiguous memory, the operand of a dot wants to be written to workgroup
 * memory in vectors; smaller classes take the part of a larger one's layout, so that broadcasting and
 * reducing them costs nothing.
 */

import { batchOf, dotAxes } from '../../ir/dot_axes.ts'
import type { DotNode, Node, PhiNode, Region } from '../../ir/node.ts'
import { extentBits } from '../../ir/tile_program.ts'
import { walk } from '../../ir/traverse.ts'
import { sum } from '../../support/maths.ts'
import { accumulations } from '../analysis/accumulations.ts'
import { WORD_BITS } from '../analysis/byte_loads.ts'
import type { Layout } from '../layout/layout.ts'
import { dotLayout } from '../layout/layout_rules.ts'
import { type ProductLayouts, productLayouts } from '../layout/product_layout.ts'
import { packedLoads } from './access.ts'
import { type MatrixPlan, matrixPlan } from './matrix_plan.ts'
import type { Plan } from './plan.ts'
import { extentIn, lonely, memoryOrder, streaming } from './streamed_layout.ts'
import { classifyTiles, type TileClass } from './tile_classes.ts'

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
      batch: batch.map((block) => extentIn(plan, block)),
      rows: extentIn(plan, rows),
      columns: extentIn(plan, columns),
      depth: extentIn(plan, depth),
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
    batch: batch.map((block) => extentIn(plan, block)),
    rows: extentIn(plan, rows),
    columns: extentIn(plan, columns),
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
