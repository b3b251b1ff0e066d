/**
 * Products on FMA units. Both operands are written to workgroup memory with the contracted dimension
 * outermost, so that a thread reads its rows of one and its columns of the other as vectors, and adds their
 * outer product to its micro-tile, one position of the contracted dimension after the other.
 */

import { type BlockId, type DotNode, type Node, ONE } from '../../ir/node.ts'
import { extentOf } from '../../ir/tile_program.ts'
import { type DType, isFloat } from '../../support/dtypes.ts'
import type { Layout } from '../layout/layout.ts'
import type { Lowering } from '../lower/lowering.ts'
import type { Expr } from '../thread/expr.ts'
import { accessTo, type MemoryArray } from '../thread/memory.ts'
import { typeOf, type Width } from '../thread/types.ts'
import { threadPart } from '../values/coordinates.ts'
import {
  chunkRegisters,
  chunkWidth,
  compose,
  type Registers,
  scalarOf,
  spread,
  variables,
  wholeChunk,
} from '../values/registers.ts'
import { valueIn } from '../values/values.ts'
import type { Contraction, DotOperands, Sums } from './contraction.ts'

/** An operand in workgroup memory: `depth` rows of vectors along its free block. */
interface Staged {
  readonly array: MemoryArray
  readonly free: BlockId
  /** Array elements from one position of the contracted block to the next. */
  readonly pitch: number
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
  const [rows = ONE, depth = ONE] = node.a.type.axes
  const columns = node.b.type.axes[1] ?? ONE
  const a = plan(lowering, operands.a, rows, depth, layout)
  const b = plan(lowering, operands.b, columns, depth, layout)
  stage(lowering, a, operands.a, depth)
  stage(lowering, b, operands.b, depth)
  // The barrier comes before what may be emitted in between; the operands are read only after that.
  out.expect([a, b].map(({ array }) => accessTo(array, 'read', {})))
  afterStaging?.()
  const slices = layout.threads.filter((bit) => bit?.block === depth).length
  const count = (depth === ONE ? 1 : extentOf(lowering.program, depth)) >> slices
  const k = out.counter('k', typeOf('u32', 1))
  const below = e.binary('<', k, e.u32(count))
  out.loop({ counter: k, init: e.u32(0), condition: below, step: e.u32(1) }, () => {
    const at = { k, begin: slices === 0 ? undefined : threadPart(lowering, layout, depth) }
    const left = spread(e, fragment(lowering, a, layout, at, sums.dtype), layout)
    const right = spread(e, fragment(lowering, b, layout, at, sums.dtype), layout)
    sums.chunks.forEach((sum, i) => {
      const [x, y] = [wholeChunk(e, left, i), wholeChunk(e, right, i)]
      out.assign(sum, isFloat(sums.dtype) ? e.call('fma', x, y, sum) : e.add(sum, e.mul(x, y)))
    })
  })
  memory.release(a.array)
  memory.release(b.array)
}

/** Room for an operand, in vectors along its free block as wide as both sides hold together. */
function plan(lowering: Lowering, value: Registers, free: BlockId, depth: BlockId, result: Layout): Staged {
  const { memory, program } = lowering
  const width = (2 ** Math.min(heldBits(value.layout, free), heldBits(result, free))) as Width
  const extent = free === ONE ? 1 : extentOf(program, free)
  // Rows of an odd number of vectors put neighbouring positions of the contracted block into different banks.
  const contiguous = value.layout.contiguity(free) > 0
  const pitch = extent / width + (contiguous ? 0 : 1)
  const length = pitch * (depth === ONE ? 1 : extentOf(program, depth))
  const array = memory.allocate('operand', typeOf(value.dtype, width), length)
  return { array, free, pitch }
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

/** How many of the lowest position bits of a block a thread holds in registers, two at most. */
function heldBits(layout: Layout, block: BlockId): number {
  const held = (bit: number): boolean =>
    layout.registers.some((known) => known.block === block && known.bit === bit)
  return held(0) ? (held(1) ? 2 : 1) : 0
}

/** Registers grouped into vectors of `width` neighbours along `block`. */
function vectorsAlong(layout: Layout, block: BlockId, width: Width): readonly (readonly number[])[] {
  const low = Array.from({ length: Math.log2(width) }, (_, bit) =>
    layout.registers.findIndex((known) => known.block === block && known.bit === bit),
  )
  const mask = low.reduce((total, position) => total | (1 << position), 0)
  const starts = Array.from({ length: layout.size }, (_, register) => register).filter(
    (r) => (r & mask) === 0,
  )
  return starts.map((start) =>
    Array.from({ length: width }, (_, i) =>
      low.reduce((r, position, bit) => r | (((i >> bit) & 1) << position), start),
    ),
  )
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
    layout.registerOffset(register, depth) * pitch + layout.registerOffset(register, free) / width
  const slot = e.sum([
    ...(down ? [e.mul(down, e.u32(pitch))] : []),
    ...(along ? [e.div(along, e.u32(width))] : []),
  ])
  return e.sum([out.early('slot', slot)], constant)
}

/** A position along the contracted block: `k` from where the thread's part begins. */
interface Depth {
  readonly k: Expr
  readonly begin: Expr | undefined
}

/** What a thread needs of an operand at a position of the contracted block, in its part of the layout. */
function fragment(
  lowering: Lowering,
  { array, free, pitch }: Staged,
  result: Layout,
  { k, begin }: Depth,
  dtype: DType,
): Registers {
  const { out, e } = lowering
  const vector = array.element.width
  const layout = result.restrict((block) => block === free)
  const lane = threadPart(lowering, layout, free)
  const along = lane ? [e.div(lane, e.u32(vector))] : []
  const own = begin ? [out.early('from', e.sum([e.mul(begin, e.u32(pitch)), ...along]))] : along
  const chunks = chunkRegisters(layout).map((registers) => {
    const pieces = Array.from({ length: registers.length / vector }, (_, i) => {
      const offset = layout.registerOffset(registers[i * vector] ?? 0, free) / vector
      return e.read(array, e.sum([e.mul(k, e.u32(pitch)), ...own], offset))
    })
    return out.let('part', e.convert(dtype, e.vector(pieces, chunkWidth(layout))))
  })
  return { layout, dtype, chunks }
}
