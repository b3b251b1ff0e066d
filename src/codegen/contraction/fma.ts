/**
 * Products on FMA units. Both operands are written to workgroup memory with the contracted dimension
 * outermost, so that a thread reads its rows of one and its columns of the other as vectors, and adds their
 * outer product to its micro-tile, one position of the contracted dimension after the other. Matrices of a
 * batch lie behind each other there.
 */

import { dotAxes } from '../../ir/dot_axes.ts'
import { type BlockId, type DotNode, type Node, ONE } from '../../ir/node.ts'
import { extentOf } from '../../ir/tile_program.ts'
import type { DType } from '../../support/dtypes.ts'
import { WORD_BITS } from '../analysis/byte_loads.ts'
import { Layout } from '../layout/layout.ts'
import type { Contraction, DotOperands, StagedRows, Sums } from '../state/contraction.ts'
import type { Lowering } from '../state/lowering.ts'
import type { Side } from '../state/matrix_operand.ts'
import {
  chunkRegisters,
  chunkWidth,
  type Registers,
  scalarOf,
  spread,
  variables,
  wholeChunk,
} from '../state/registers.ts'
import type { Expr } from '../thread/expr.ts'
import { accessTo } from '../thread/memory.ts'
import { typeOf } from '../thread/types.ts'
import { threadPart } from '../values/coordinates.ts'
import { dotOperand } from '../values/dot_operands.ts'
import { valueIn } from '../values/values.ts'
import { multiplyAdd } from './multiply_add.ts'
import { matrixOffset, matrixTerms, planRows, writeRows } from './staged_rows.ts'

/** Micro-tiles in the layout of the dot's class, in variables. */
export function fmaContraction(lowering: Lowering, dot: DotNode, layout: Layout): Contraction {
  return {
    begin(init) {
      const sums = variables(lowering.out, initialSums(lowering, dot, layout, init), 'acc')
      return fmaSums(lowering, dot, sums, () => sums)
    },
  }
}

/** Sums in variables, to which products are added; `end` makes of them what the dot is. */
export function fmaSums(lowering: Lowering, dot: DotNode, sums: Registers, end: () => Registers): Sums {
  return {
    add(operands, afterStaging) {
      addProducts(lowering, dot, sums, operands, afterStaging)
    },
    end,
  }
}

function initialSums(lowering: Lowering, dot: DotNode, layout: Layout, init: Node | undefined): Registers {
  if (init) return valueIn(lowering, init, layout)
  return scalarOf(layout, lowering.e.literal(0, dot.type.dtype))
}

/** In a layout with positions along the contracted block, each group of threads takes its part of it. */
function addProducts(
  lowering: Lowering,
  node: DotNode,
  sums: Registers,
  operands: DotOperands,
  afterStaging: (() => void) | undefined,
): void {
  const { out, e, memory } = lowering
  const { layout } = sums
  const { depth } = dotAxes(node)
  const { packed } = operands
  const ahead = lowering.rowsAhead.get(node)
  const length = depthLength(lowering, depth, packed !== undefined)
  const slices = layout.threads.filter((bit) => bit?.block === depth).length
  const sides = (['a', 'b'] as const).map((side) => {
    return ahead?.[side] ?? planRows(lowering, node, side, operands[side], layout, length)
  })
  const [a, b] = sides
  if (!a || !b) throw new Error('a product without operands')
  for (const side of ['a', 'b'] as const)
    if (!ahead?.[side]) writeRows(lowering, side === 'a' ? a : b, operands[side], depth)
  // The barrier comes before what may be emitted in between; the operands are read only after that.
  out.expect([a, b].map(({ array }) => accessTo(array, 'read', {})))
  afterStaging?.()
  const count = length >> slices
  const k = out.counter('k', typeOf('u32', 1))
  const below = e.binary('<', k, e.u32(count))
  out.loop({ counter: k, init: e.u32(0), condition: below, step: e.u32(1) }, () => {
    const begin = slices === 0 ? undefined : threadPart(lowering, layout, depth)
    const at = { k, begin: begin && e.binary('>>', begin, e.u32(packed ? WORD_BITS : 0)) }
    const dtype = packed ? 'u32' : sums.dtype
    const left = spread(e, fragment(lowering, a, layout, at, dtype), layout)
    const right = spread(e, fragment(lowering, b, layout, at, dtype), layout)
    sums.chunks.forEach((total, i) => {
      out.assign(total, multiplyAdd(e, wholeChunk(e, left, i), wholeChunk(e, right, i), total, packed))
    })
  })
  if (!ahead?.a) memory.release(a.array)
  if (!ahead?.b) memory.release(b.array)
}

/** Puts an operand in place for all products that follow. */
export function stageRows(lowering: Lowering, dot: DotNode, side: Side): StagedRows {
  const value = dotOperand(lowering, dot, side)
  const { depth } = dotAxes(dot)
  const length = depthLength(lowering, depth, false)
  const staged = planRows(lowering, dot, side, value, lowering.layoutOf(dot), length)
  writeRows(lowering, staged, value, depth)
  return staged
}

/** Positions along the contracted block, which count words where four of them are in one. */
function depthLength({ program }: Lowering, depth: BlockId, isPacked: boolean): number {
  return (depth === ONE ? 1 : extentOf(program, depth)) >> (isPacked ? WORD_BITS : 0)
}

/** A position along the contracted block: `k` from where the thread's part begins. */
interface Depth {
  readonly k: Expr
  readonly begin: Expr | undefined
}

/** What a thread needs of an operand at a position of the contracted block, in its part of the layout. */
function fragment(
  lowering: Lowering,
  staged: StagedRows,
  result: Layout,
  { k, begin }: Depth,
  dtype: DType,
): Registers {
  const { out, e } = lowering
  const { array, free, pitch, matrices } = staged
  const vector = array.element.width
  const layout = fragmentLayout(result, free, [...matrices.keys()])
  const lane = threadPart(lowering, layout, free)
  const along = lane ? [e.div(lane, e.u32(vector))] : []
  const first = [
    ...(begin ? [e.mul(begin, e.u32(pitch))] : []),
    ...along,
    ...matrixTerms(lowering, staged, layout),
  ]
  const own = first.length > along.length ? [out.early('from', e.sum(first))] : along
  const chunks = chunkRegisters(layout).map((registers) => {
    const pieces = Array.from({ length: registers.length / vector }, (_, i) => {
      const register = registers[i * vector] ?? 0
      const offset = layout.registerOffset(register, free) / vector + matrixOffset(staged, layout, register)
      return e.read(array, e.sum([e.mul(k, e.u32(pitch)), ...own], offset))
    })
    return out.let('part', e.convert(dtype, e.vector(pieces, chunkWidth(layout))))
  })
  return { layout, dtype, chunks }
}

/** What a result's layout has of an operand, vectors along its free block first. */
function fragmentLayout(result: Layout, free: BlockId, batch: readonly BlockId[]): Layout {
  const { registers, threads } = result.restrict((block) => block === free || batch.includes(block))
  const along = registers.filter(({ block }) => block === free)
  return new Layout([...along, ...registers.filter(({ block }) => block !== free)], threads)
}
