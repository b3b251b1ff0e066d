/**
 * Operands of products on FMA units in workgroup memory: a row of vectors along the free block for each
 * position of the contracted one.
 */
import { batchOf, dotAxes } from '../../ir/dot_axes.ts'
import { type BlockId, type DotNode, ONE } from '../../ir/node.ts'
import { extentOf } from '../../ir/tile_program.ts'
import { sum } from '../../support/maths.ts'
import type { Layout } from '../layout/layout.ts'
import { heldBits, vectorsAlong } from '../layout/vectors.ts'
import type { StagedRows } from '../state/contraction.ts'
import type { Lowering } from '../state/lowering.ts'
import type { Side } from '../state/matrix_operand.ts'
import { compose, type Registers } from '../state/registers.ts'
import type { Expr } from '../thread/expr.ts'
import { typeOf, type Width } from '../thread/types.ts'
import { threadPart } from '../values/coordinates.ts'

/** log2 of the elements of a vector in workgroup memory. */
const MAX_VECTOR_BITS = 2

/** Room for an operand, in vectors along its free block as wide as both sides hold together. */
export function planRows(
  lowering: Lowering,
  dot: DotNode,
  side: Side,
  value: Registers,
  result: Layout,
  depth: number,
): StagedRows {
  const { memory, program } = lowering
  const { rows, columns } = dotAxes(dot)
  const [free, batch] = side === 'a' ? [rows, batchOf(dot.a)] : [columns, batchOf(dot.b)]
  const width = (2 **
    Math.min(...[value.layout, result].map((layout) => heldBits(layout, free, MAX_VECTOR_BITS)))) as Width
  const extent = free === ONE ? 1 : extentOf(program, free)
  // Rows of an odd number of vectors put neighbouring positions of the contracted block into different banks.
  const contiguous = value.layout.contiguity(free) > 0
  const pitch = extent / width + (contiguous ? 0 : 1)
  let length = pitch * depth
  const matrices = new Map<BlockId, number>()
  for (const block of batch) {
    matrices.set(block, length)
    length *= extentOf(program, block)
  }
  const array = memory.allocate('operand', typeOf(value.dtype, width), length)
  return { array, free, pitch, matrices }
}

/** Writes an operand to its place in workgroup memory. */
export function writeRows(lowering: Lowering, staged: StagedRows, value: Registers, depth: BlockId): void {
  const { out, e } = lowering
  const { array, free } = staged
  const { width } = array.element
  const phase = out.phase()
  out.if('some', lowering.isFirstCopy(value.layout.replicaMask), () => {
    for (const registers of vectorsAlong(value.layout, free, width)) {
      const index = stagedIndex(lowering, staged, value.layout, depth, registers[0] ?? 0)
      out.store(array, index, e.splat(compose(e, value, registers), width), phase)
    }
  })
}

function stagedIndex(
  lowering: Lowering,
  staged: StagedRows,
  layout: Layout,
  depth: BlockId,
  register: number,
): Expr {
  const { e, out } = lowering
  const { pitch, array, free } = staged
  const { width } = array.element
  const [down, along] = [threadPart(lowering, layout, depth), threadPart(lowering, layout, free)]
  const constant =
    layout.registerOffset(register, depth) * pitch +
    layout.registerOffset(register, free) / width +
    matrixOffset(staged, layout, register)
  const slot = e.sum([
    ...(down ? [e.mul(down, e.u32(pitch))] : []),
    ...(along ? [e.div(along, e.u32(width))] : []),
    ...matrixTerms(lowering, staged, layout),
  ])
  return e.sum([out.early('slot', slot)], constant)
}

/** Where the matrices of a thread begin in an operand. */
export function matrixTerms(lowering: Lowering, { matrices }: StagedRows, layout: Layout): readonly Expr[] {
  const { e } = lowering
  return [...matrices].flatMap(([block, pitch]) => {
    const lane = threadPart(lowering, layout, block)
    return lane ? [e.mul(lane, e.u32(pitch))] : []
  })
}

/** From there to the matrix of a register. */
export function matrixOffset({ matrices }: StagedRows, layout: Layout, register: number): number {
  return sum([...matrices].map(([block, pitch]) => layout.registerOffset(register, block) * pitch))
}
