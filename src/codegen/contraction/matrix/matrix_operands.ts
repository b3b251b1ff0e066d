/**
 * Operands of products on matrix units: in workgroup memory as the tensor has them, each subgroup's rows and
 * columns in an array of their own, from which they are loaded as fragments at constant places (on an H200
 * 289 TFLOP/s against 184 with places that the device has to check).
 */
import type { BlockId, DotNode } from '../../../ir/node.ts'
import { extentBits, type TileProgram } from '../../../ir/tile_program.ts'
import { DTYPES } from '../../../support/dtypes.ts'
import { log2Exact } from '../../../support/maths.ts'
import { isPacked, perWord } from '../../../support/storage_types.ts'
import type { Layout } from '../../layout/layout.ts'
import { type MatrixDivision, PADDING_BYTES } from '../../layout/matrix_rules.ts'
import { heldBits, vectorsAlong } from '../../layout/vectors.ts'
import { type MatrixPlan, ownDepth } from '../../plan/matrix_plan.ts'
import type { Lowering } from '../../state/lowering.ts'
import type { MatrixOperand, Side, StagedMatrix } from '../../state/matrix_operand.ts'
import type { Registers } from '../../state/registers.ts'
import type { Expr } from '../../thread/expr.ts'
import type { Fragment } from '../../thread/fragments.ts'
import { typeOf, type Width } from '../../thread/types.ts'
import { threadPart } from '../../values/coordinates.ts'
import { dotOperand } from '../../values/dot_operands.ts'
import { itemOf } from '../../values/memory_values.ts'

/** Bytes of an array element: where it is smaller, the H200 loads fragments at half the speed. */
export const ITEM_BYTES = 16
/** 32-bit registers of a lane that the fragments of an operand may take during a loop. */
const MAX_FRAGMENT_WORDS = 32

/**
 * Writes an operand to workgroup memory, as vectors of what its layout holds together; of packed elements it
 * is words along the depth.
 */
export function stageOperand(
  lowering: Lowering,
  value: Registers,
  plan: MatrixPlan,
  side: Side,
): MatrixOperand {
  const staged = stage(lowering, value, sideOf(lowering.program, plan, side))
  return { staged, dtype: plan.operand, fragments: new Map() }
}

/** The operand's fragments at a position along the depth: rows of a left one, columns of a right one. */
export function operandFragments(
  lowering: Lowering,
  { staged, dtype, fragments }: MatrixOperand,
  { shape, division, rows, depth }: MatrixPlan,
  side: Side,
  k: number,
): readonly Fragment[] {
  const known = fragments.get(k)
  if (known) return known
  const [down, across] = subgroupPlace(lowering, division)
  const isLeft = side === 'a'
  const count = 2 ** (isLeft ? division.rows : division.columns)
  const { e } = lowering
  const { split } = staged
  const first = e.binary('<<', isLeft ? down : across, e.u32(split))
  const each = count >> split
  return Array.from({ length: count }, (_, i) => {
    const place = placeIn(staged, {
      outer: e.sum([first], Math.floor(i / each)),
      free: (i % each) * (isLeft ? shape.m : shape.n),
      depth: k,
      columnMajor: staged.fast === (isLeft ? rows : depth),
    })
    const part = isLeft ? 'left' : 'right'
    return lowering.out.fragmentLoad(part, { part, dtype, shape }, place)
  })
}

/** The operand in place for all products that follow, and in fragments where these are few. */
export function readyOperand(lowering: Lowering, dot: DotNode, plan: MatrixPlan, side: Side): MatrixOperand {
  const operand = stageOperand(lowering, dotOperand(lowering, dot, side), plan, side)
  const { shape, division } = plan
  const steps = ownDepth(lowering.program, plan) / shape.k
  const [free, own] = side === 'a' ? [shape.m, division.rows] : [shape.n, division.columns]
  const lanes = lowering.bound.limits.subgroupSize
  const words = (2 ** own * free * shape.k) / (perWord(plan.operand) * lanes)
  if (words * steps > MAX_FRAGMENT_WORDS) return operand
  const fragments = new Map<number, readonly Fragment[]>()
  for (let k = 0; k < steps * shape.k; k += shape.k)
    fragments.set(k, operandFragments(lowering, operand, plan, side, k))
  lowering.memory.release(operand.staged.array)
  return { ...operand, fragments }
}

function sideOf(program: TileProgram, plan: MatrixPlan, side: Side): MatrixSide {
  const { rows, depth, columns, division, operand } = plan
  const inWord = isPacked(operand) ? perWord(operand) : 1
  const depthBits = log2Exact(ownDepth(program, plan) / inWord)
  const both = { depth, depthBits, slices: division.slices, inWord }
  const { m, n, split } = division
  return side === 'a'
    ? { ...both, free: rows, prefersDepth: true, ownBits: m + division.rows, split }
    : { ...both, free: columns, prefersDepth: false, ownBits: n + division.columns, split: 0 }
}

/**
 * Which row and which column of subgroups this one is in, of all slices; as remainders, so that Dawn knows
 * their range.
 */
function subgroupPlace(
  { e, out }: Lowering,
  { down, across, slices }: MatrixDivision,
): readonly [Expr, Expr] {
  const subgroup = e.builtin('subgroup')
  const shifted = (by: number): Expr => e.binary('>>', subgroup, e.u32(by))
  const row = e.binary('%', shifted(across), e.u32(2 ** (slices + down)))
  const slice = e.binary('%', shifted(across + down), e.u32(2 ** slices))
  const column = e.binary('%', subgroup, e.u32(2 ** across))
  return [
    out.early('subgroup_row', row),
    out.early('subgroup_column', e.add(e.binary('<<', slice, e.u32(across)), column)),
  ]
}

function placeIn(
  { array, width, pitch, fast, free: freeBlock, runBits }: StagedMatrix,
  at: { readonly outer: Expr; readonly free: number; readonly depth: number; readonly columnMajor: boolean },
): Parameters<Lowering['out']['fragmentLoad']>[2] {
  const [along, down] = fast === freeBlock ? [at.free, at.depth] : [at.depth, at.free]
  const run = runBits === undefined ? 0 : along >> runBits
  const offset = down * pitch + along / width + (run * 2 ** (runBits ?? 0)) / width
  return { array, outer: at.outer, offset, pitch, columnMajor: at.columnMajor }
}

interface MatrixSide {
  readonly free: BlockId
  readonly depth: BlockId
  /** Where the layout does not say along which block neighbours are held together. */
  readonly prefersDepth: boolean
  /** Elements along the depth in a word, where the value is words; else 1. */
  readonly inWord: number
  /** log2 of the arrays along the depth. */
  readonly slices: number
  /** log2 of what a subgroup has of each block, of the depth in words; the rest is in other arrays. */
  readonly ownBits: number
  readonly depthBits: number
  /** log2 of the arrays that the rows of a subgroup may be in, where they lie along the depth. */
  readonly split: number
}

/** Writes an operand to workgroup memory, as vectors of what its layout holds together. */
function stage(lowering: Lowering, value: Registers, side: MatrixSide): StagedMatrix {
  const { out, memory, program } = lowering
  const { free, depth, depthBits, inWord } = side
  const { layout, dtype } = value
  const item = ITEM_BYTES / DTYPES[dtype].bytes
  const held = (block: BlockId): number => heldBits(layout, block, log2Exact(item))
  const prefersDepth = held(free) === held(depth) ? side.prefersDepth : held(depth) > held(free)
  const alongDepth = inWord > 1 || prefersDepth
  const [fast, slow] = alongDepth ? [depth, free] : [free, depth]
  const width = 2 ** held(fast)
  const split = alongDepth ? side.split : 0
  const freeBits = side.ownBits - split
  const [along, down] = alongDepth ? [2 ** depthBits, 2 ** freeBits] : [2 ** freeBits, 2 ** depthBits]
  const pitch = along / width + PADDING_BYTES / (width * DTYPES[dtype].bytes)
  const partBits = extentBits(program, free) - freeBits
  const parts = 2 ** (partBits + side.slices)
  const element = width === item ? typeOf('u32', 4) : typeOf(dtype, width as Width)
  const array = memory.allocateParts('matrix', element, down * pitch, parts)
  const staged = {
    array,
    fast,
    slow,
    free,
    freeBits,
    depthBits,
    partBits,
    split,
    width: width * inWord,
    pitch,
  }
  const phase = out.phase()
  out.if('some', lowering.isFirstCopy(layout.replicaMask), () => {
    for (const registers of vectorsAlong(layout, fast, width)) {
      const { outer, index } = stagedPlace(lowering, { ...staged, width }, layout, registers[0] ?? 0)
      out.store(array, index, itemOf(lowering.e, value, registers, element), phase, outer)
    }
  })
  return staged
}

function stagedPlace(
  lowering: Lowering,
  { fast, slow, free, freeBits, depthBits, partBits, width, pitch }: StagedMatrix,
  layout: Layout,
  register: number,
): { readonly outer: Expr; readonly index: Expr } {
  const { e, out } = lowering
  const depth = fast === free ? slow : fast
  const bitsOf = (block: BlockId): number => (block === free ? freeBits : depthBits)
  const part = (block: BlockId): Expr => threadPart(lowering, layout, block) ?? e.u32(0)
  const lane = (block: BlockId): Expr => e.binary('%', part(block), e.u32(2 ** bitsOf(block)))
  const beyond = (block: BlockId): Expr => e.binary('>>', part(block), e.u32(bitsOf(block)))
  const offset = (block: BlockId): number => layout.registerOffset(register, block)
  const held = (block: BlockId): number => offset(block) % 2 ** bitsOf(block)
  const base = e.add(e.mul(lane(slow), e.u32(pitch)), e.div(lane(fast), e.u32(width)))
  const which = e.add(e.binary('<<', beyond(depth), e.u32(partBits)), beyond(free))
  const furtherParts = ((offset(depth) >> depthBits) << partBits) + (offset(free) >> freeBits)
  return {
    outer: e.sum([out.early('part', which)], furtherParts),
    index: e.sum([out.early('slot', base)], held(slow) * pitch + held(fast) / width),
  }
}
