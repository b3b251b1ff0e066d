/**
 * Products on FMA units. Both operands are written to workgroup memory with the contracted dimension
 * outermost, so that a thread reads its rows of one and its columns of the other as vectors, and adds their
 * outer product to its micro-tile, one position of the contracted dimension after the other. Matrices of a
 * batch lie behind each other there.
 */

import { batchOf, dotAxes } from '../../ir/dot_axes.ts'
import { type BlockId, type DotNode, type Node, ONE } from '../../ir/node.ts'
import { extentOf } from '../../ir/tile_program.ts'
import type { DType } from '../../support/dtypes.ts'
import { sum } from '../../support/maths.ts'
import { WORD_BITS } from '../analysis/byte_loads.ts'
import { Layout } from '../layout/layout.ts'
import { heldBits, vectorsAlong } from '../layout/vectors.ts'
import type { Contraction, DotOperands, Sums } from '../state/contraction.ts'
import type { Lowering } from '../state/lowering.ts'
import {
  chunkRegisters,
  chunkWidth,
  compose,
  type Registers,
  scalarOf,
  spread,
  variables,
  wholeChunk,
} from '../state/registers.ts'
import type { Expr } from '../thread/expr.ts'
import { accessTo, type MemoryArray } from '../thread/memory.ts'
import { typeOf, type Width } from '../thread/types.ts'
import { threadPart } from '../values/coordinates.ts'
import { valueIn } from '../values/values.ts'
import { multiplyAdd } from './multiply_add.ts'

/** log2 of the elements of a vector in workgroup memory. */
const MAX_VECTOR_BITS = 2

/** An operand in workgroup memory: `depth` rows of vectors along its free block, for each matrix. */
interface Staged {
  readonly array: MemoryArray
  readonly free: BlockId
  /** Array elements from one position of the contracted block to the next. */
  readonly pitch: number
  /** Array elements from one matrix to the next along each of its leading blocks. */
  readonly matrices: ReadonlyMap<BlockId, number>
}

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
  const { rows, depth, columns } = dotAxes(node)
  const { packed } = operands
  // Positions along it count words where four of them are in one.
  const length = (depth === ONE ? 1 : extentOf(lowering.program, depth)) >> (packed ? WORD_BITS : 0)
  const a = plan(lowering, operands.a, { free: rows, length, batch: batchOf(node.a) }, layout)
  const b = plan(lowering, operands.b, { free: columns, length, batch: batchOf(node.b) }, layout)
  stage(lowering, a, operands.a, depth)
  stage(lowering, b, operands.b, depth)
  // The barrier comes before what may be emitted in between; the operands are read only after that.
  out.expect([a, b].map(({ array }) => accessTo(array, 'read', {})))
  afterStaging?.()
  const slices = layout.threads.filter((bit) => bit?.block === depth).length
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
  memory.release(a.array)
  memory.release(b.array)
}

/** What runs along the axes of an operand. */
interface OperandAxes {
  readonly free: BlockId
  /** Of the contracted block. */
  readonly length: number
  readonly batch: readonly BlockId[]
}

/** Room for an operand, in vectors along its free block as wide as both sides hold together. */
function plan(
  lowering: Lowering,
  value: Registers,
  { free, length: depth, batch }: OperandAxes,
  result: Layout,
): Staged {
  const { memory, program } = lowering
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
function stage(lowering: Lowering, staged: Staged, value: Registers, depth: BlockId): void {
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
  staged: Staged,
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
function matrixTerms(lowering: Lowering, { matrices }: Staged, layout: Layout): readonly Expr[] {
  const { e } = lowering
  return [...matrices].flatMap(([block, pitch]) => {
    const lane = threadPart(lowering, layout, block)
    return lane ? [e.mul(lane, e.u32(pitch))] : []
  })
}

/** From there to the matrix of a register. */
function matrixOffset({ matrices }: Staged, layout: Layout, register: number): number {
  return sum([...matrices].map(([block, pitch]) => layout.registerOffset(register, block) * pitch))
}

/** A position along the contracted block: `k` from where the thread's part begins. */
interface Depth {
  readonly k: Expr
  readonly begin: Expr | undefined
}

/** What a thread needs of an operand at a position of the contracted block, in its part of the layout. */
function fragment(
  lowering: Lowering,
  staged: Staged,
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
