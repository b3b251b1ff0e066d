/**
 * Operands of products on matrix units: in workgroup memory as the tensor has them, each subgroup's rows and
 * columns in an array of their own, from which they are loaded as fragments at constant places (on an H200
 * 289 TFLOP/s against 184 with places that the device has to check). What a loop does not change is put
 * there before it, and stays in fragments where these are few.
 */
import { stripViews } from '../../../ir/dim_index.ts'
import type { BlockId, DotNode, LoopNode, Node } from '../../../ir/node.ts'
import { extentOf } from '../../../ir/tile_program.ts'
import { DTYPES } from '../../../support/dtypes.ts'
import { log2Exact } from '../../../support/maths.ts'
import type { Layout } from '../../layout/layout.ts'
import { type MatrixDivision, PADDING_BYTES } from '../../layout/matrix_rules.ts'
import { heldBits, vectorsAlong } from '../../layout/vectors.ts'
import type { MatrixPlan } from '../../plan/matrix_plan.ts'
import type { Lowering } from '../../state/lowering.ts'
import type { MatrixOperand, Side, StagedMatrix } from '../../state/matrix_operand.ts'
import { compose, named, type Registers } from '../../state/registers.ts'
import type { Expr } from '../../thread/expr.ts'
import type { Fragment } from '../../thread/fragments.ts'
import { type ThreadType, typeOf, type Width } from '../../thread/types.ts'
import { threadPart } from '../../values/coordinates.ts'
import { valueIn } from '../../values/values.ts'

/** Bytes of an array element: where it is smaller, the H200 loads fragments at half the speed. */
const ITEM_BYTES = 16
/** 32-bit registers of a lane that the fragments of an operand may take during a loop. */
const MAX_FRAGMENT_WORDS = 32

/** Writes an operand to workgroup memory, as vectors of what its layout holds together. */
export function stageOperand(
  lowering: Lowering,
  value: Registers,
  plan: MatrixPlan,
  side: Side,
): MatrixOperand {
  return { staged: stage(lowering, value, sideOf(plan, side)), dtype: value.dtype, fragments: new Map() }
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
  return Array.from({ length: count }, (_, i) => {
    const place = placeIn(staged, {
      outer: isLeft ? down : across,
      free: i * (isLeft ? shape.m : shape.n),
      depth: k,
      columnMajor: staged.fast === (isLeft ? rows : depth),
    })
    const part = isLeft ? 'left' : 'right'
    return lowering.out.fragmentLoad(part, { part, dtype, shape }, place)
  })
}

/** Before a loop: stages the operands of its products that it does not change; `end` is for after it. */
export function stageAhead(lowering: Lowering, loop: LoopNode): { readonly end: () => void } {
  const made = new Set<Node>([...loop.body, ...loop.phis])
  const found: DotNode[] = []
  for (const dot of loop.body) {
    const plan = dot.kind === 'dot' ? lowering.layouts.matrix(dot) : undefined
    if (dot.kind !== 'dot' || !plan) continue
    const operands: Partial<Record<Side, MatrixOperand>> = {}
    for (const side of ['a', 'b'] as const)
      if (!made.has(stripViews(dot[side]))) operands[side] = readyOperand(lowering, dot, plan, side)
    lowering.ahead.set(dot, operands)
    found.push(dot)
  }
  return {
    end() {
      for (const dot of found) {
        for (const { staged, fragments } of Object.values(lowering.ahead.get(dot) ?? {}))
          if (fragments.size === 0) lowering.memory.release(staged.array)
        lowering.ahead.delete(dot)
      }
    },
  }
}

function readyOperand(lowering: Lowering, dot: DotNode, plan: MatrixPlan, side: Side): MatrixOperand {
  const value = stripViews(dot[side])
  const registers = named(lowering.out, valueIn(lowering, value, lowering.layoutOf(value)), 'v')
  const operand = stageOperand(lowering, registers, plan, side)
  const { shape, division, depth } = plan
  const steps = extentOf(lowering.program, depth) / shape.k
  const [free, own] = side === 'a' ? [shape.m, division.rows] : [shape.n, division.columns]
  const lanes = lowering.bound.limits.subgroupSize
  const words = (2 ** own * free * shape.k * DTYPES[registers.dtype].bytes) / (DTYPES.u32.bytes * lanes)
  if (words * steps > MAX_FRAGMENT_WORDS) return operand
  const fragments = new Map<number, readonly Fragment[]>()
  for (let k = 0; k < steps * shape.k; k += shape.k)
    fragments.set(k, operandFragments(lowering, operand, plan, side, k))
  lowering.memory.release(operand.staged.array)
  return { ...operand, fragments }
}

function sideOf({ rows, depth, columns, division }: MatrixPlan, side: Side): MatrixSide {
  return side === 'a'
    ? { free: rows, depth, prefersDepth: true, freeBits: division.m + division.rows }
    : { free: columns, depth, prefersDepth: false, freeBits: division.n + division.columns }
}

/** Which row and which column of subgroups this one is in; as remainders, so that Dawn knows their range. */
function subgroupPlace({ e, out }: Lowering, { down, across }: MatrixDivision): readonly [Expr, Expr] {
  const subgroup = e.builtin('subgroup')
  const row = e.binary('%', e.binary('>>', subgroup, e.u32(across)), e.u32(2 ** down))
  return [
    out.early('subgroup_row', row),
    out.early('subgroup_column', e.binary('%', subgroup, e.u32(2 ** across))),
  ]
}

function placeIn(
  { array, width, pitch, fast, free: freeBlock }: StagedMatrix,
  at: { readonly outer: Expr; readonly free: number; readonly depth: number; readonly columnMajor: boolean },
): Parameters<Lowering['out']['fragmentLoad']>[2] {
  const [along, down] = fast === freeBlock ? [at.free, at.depth] : [at.depth, at.free]
  const offset = down * pitch + along / width
  return { array, outer: at.outer, offset, pitch, columnMajor: at.columnMajor }
}

interface MatrixSide {
  readonly free: BlockId
  readonly depth: BlockId
  /** Where the layout does not say along which block neighbours are held together. */
  readonly prefersDepth: boolean
  readonly freeBits: number
}

/** Writes an operand to workgroup memory, as vectors of what its layout holds together. */
function stage(lowering: Lowering, value: Registers, side: MatrixSide): StagedMatrix {
  const { out, memory, program } = lowering
  const { free, depth, freeBits } = side
  const { layout, dtype } = value
  const item = ITEM_BYTES / DTYPES[dtype].bytes
  const [heldFree = 0, heldDepth = 0] = [free, depth].map((block) => heldBits(layout, block, log2Exact(item)))
  const alongDepth = heldFree === heldDepth ? side.prefersDepth : heldDepth > heldFree
  const [fast, slow] = alongDepth ? [depth, free] : [free, depth]
  const width = 2 ** Math.max(heldFree, heldDepth)
  const own = 2 ** freeBits
  const [along, down] = alongDepth ? [extentOf(program, depth), own] : [own, extentOf(program, depth)]
  const pitch = along / width + PADDING_BYTES / (width * DTYPES[dtype].bytes)
  const parts = extentOf(program, free) / own
  const element = width === item ? typeOf('u32', 4) : typeOf(dtype, width as Width)
  const array = memory.allocateParts('matrix', element, down * pitch, parts)
  const staged = { array, fast, slow, free, freeBits, width, pitch }
  const phase = out.phase()
  out.if('some', lowering.isFirstCopy(layout.replicaMask), () => {
    for (const registers of vectorsAlong(layout, fast, width)) {
      const { outer, index } = stagedPlace(lowering, staged, layout, registers[0] ?? 0)
      out.store(array, index, itemOf(lowering, value, registers, element), phase, outer)
    }
  })
  return staged
}

/** Elements as one of an array. */
function itemOf(
  { e }: Lowering,
  value: Registers,
  registers: readonly number[],
  { dtype, width }: ThreadType,
): Expr {
  const groups = Array.from({ length: Math.ceil(registers.length / 4) }, (_, i) =>
    registers.slice(4 * i, 4 * i + 4),
  )
  const parts = groups.map((group) => e.splat(compose(e, value, group), group.length as Width))
  return e.vector(dtype === value.dtype ? parts : parts.map((part) => e.bitcast(dtype, part)), width)
}

function stagedPlace(
  lowering: Lowering,
  { fast, slow, free, freeBits, width, pitch }: StagedMatrix,
  layout: Layout,
  register: number,
): { readonly outer: Expr; readonly index: Expr } {
  const { e, out } = lowering
  const mask = 2 ** freeBits - 1
  const lane = (block: BlockId): Expr => {
    const part = threadPart(lowering, layout, block) ?? e.u32(0)
    return block === free ? e.binary('%', part, e.u32(mask + 1)) : part
  }
  const held = (block: BlockId): number => {
    const offset = layout.registerOffset(register, block)
    return block === free ? offset & mask : offset
  }
  const base = e.add(e.mul(lane(slow), e.u32(pitch)), e.div(lane(fast), e.u32(width)))
  const which = e.binary('>>', threadPart(lowering, layout, free) ?? e.u32(0), e.u32(freeBits))
  return {
    outer: e.sum([out.early('part', which)], layout.registerOffset(register, free) >> freeBits),
    index: e.sum([out.early('slot', base)], held(slow) * pitch + held(fast) / width),
  }
}
