/**
 * Products on matrix units. Operands are written to workgroup memory as memory has them, each subgroup's rows
 * and columns to an array of their own, and loaded from there as fragments at constant places: on an H200
 * 289 TFLOP/s against 184 with places that the device has to check. The sums stay in fragments until the end.
 */
import type { BlockId, DotNode } from '../../ir/node.ts'
import { extentOf } from '../../ir/tile_program.ts'
import { DTYPES } from '../../support/dtypes.ts'
import { log2Exact } from '../../support/maths.ts'
import type { Layout } from '../layout/layout.ts'
import { bandElements, bandPitch, type MatrixDivision } from '../layout/matrix_rules.ts'
import { convertLayout } from '../lower/lower_convert.ts'
import type { Lowering } from '../lower/lowering.ts'
import type { MatrixPlan } from '../plan/matrix_plan.ts'
import type { Expr } from '../thread/expr.ts'
import type { Fragment } from '../thread/fragments.ts'
import { accessTo, type MemoryArray } from '../thread/memory.ts'
import { type ThreadType, typeOf, type Width } from '../thread/types.ts'
import { threadPart } from '../values/coordinates.ts'
import { chunkRegisters, compose, type Registers, wholeChunk } from '../values/registers.ts'
import { valueIn } from '../values/values.ts'
import type { Contraction, DotOperands, Sums } from './contraction.ts'
import { isZero } from './sliced_fma.ts'
import { heldBits, vectorsAlong } from './vectors.ts'

/** Bytes of an array element: where it is smaller, the H200 loads fragments at half the speed. */
const ITEM_BYTES = 16
/** Bytes between the ends of two rows in workgroup memory: with them, rows begin in different banks. */
const PADDING_BYTES = 16

export function subgroupMatrixContraction(
  lowering: Lowering,
  dot: DotNode,
  layout: Layout,
  plan: MatrixPlan,
): Contraction {
  return {
    begin(init) {
      const own = init && !isZero(init) ? valueIn(lowering, init, plan.layout) : undefined
      return fragmentSums(lowering, dot, layout, plan, own)
    },
  }
}

function fragmentSums(
  lowering: Lowering,
  dot: DotNode,
  layout: Layout,
  plan: MatrixPlan,
  init: Registers | undefined,
): Sums {
  const { out, e } = lowering
  const { division, shape } = plan
  const part = { part: 'result', dtype: dot.type.dtype, shape } as const
  const sums = grid(division, () => out.fragmentZero('sum', part))
  return {
    add: (operands, afterStaging) => addProducts(lowering, plan, { sums, operands, afterStaging }),
    end() {
      const value = fromFragments(lowering, dot, plan, sums)
      const total = init
        ? { ...value, chunks: value.chunks.map((chunk, i) => e.add(chunk, wholeChunk(e, init, i))) }
        : value
      return total.layout.key === layout.key ? total : convertLayout(lowering, total, layout)
    },
  }
}

/** An operand in workgroup memory: for each row (or column) of subgroups an array of its own. */
interface StagedMatrix {
  readonly array: MemoryArray
  /** The block that neighbours in memory are along. */
  readonly fast: BlockId
  readonly slow: BlockId
  readonly free: BlockId
  /** log2 of the positions along the free block in each of the arrays. */
  readonly freeBits: number
  /** Neighbours in an array element. */
  readonly width: number
  /** Array elements from one position of the slow block to the next. */
  readonly pitch: number
}

interface Products {
  readonly sums: readonly (readonly Fragment[])[]
  readonly operands: DotOperands
  readonly afterStaging: (() => void) | undefined
}

function addProducts(
  lowering: Lowering,
  { shape, division, rows, depth, columns }: MatrixPlan,
  { sums, operands, afterStaging }: Products,
): void {
  const { out, memory, program } = lowering
  const { m, n } = division
  const a = stage(lowering, operands.a, {
    free: rows,
    depth,
    prefersDepth: true,
    freeBits: m + division.rows,
  })
  const b = stage(lowering, operands.b, {
    free: columns,
    depth,
    prefersDepth: false,
    freeBits: n + division.columns,
  })
  // The barrier comes before what may be emitted in between; the operands are read only after that.
  out.expect([a, b].map(({ array }) => accessTo(array, 'read', {})))
  afterStaging?.()
  const [down, across] = subgroupPlace(lowering, division)
  for (let k = 0; k < extentOf(program, depth); k += shape.k) {
    const left = sums.map((_, i) => {
      const place = placeIn(a, { outer: down, free: i * shape.m, depth: k, columnMajor: a.fast === rows })
      return out.fragmentLoad('left', { part: 'left', dtype: operands.a.dtype, shape }, place)
    })
    const right = (sums[0] ?? []).map((_, j) => {
      const place = placeIn(b, { outer: across, free: j * shape.n, depth: k, columnMajor: b.fast === depth })
      return out.fragmentLoad('right', { part: 'right', dtype: operands.b.dtype, shape }, place)
    })
    left.forEach((x, i) => {
      right.forEach((y, j) => {
        const sum = sums[i]?.[j]
        if (sum) out.fragmentMultiply(x, y, sum)
      })
    })
  }
  memory.release(a.array)
  memory.release(b.array)
}

/** Which row and which column of subgroups this one is in. */
function subgroupPlace({ e, out }: Lowering, { across }: MatrixDivision): readonly [Expr, Expr] {
  const subgroup = e.builtin('subgroup')
  const down = out.early('subgroup_row', e.binary('>>', subgroup, e.u32(across)))
  return [down, out.early('subgroup_column', e.binary('&', subgroup, e.u32(2 ** across - 1)))]
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
    return block === free ? e.binary('&', part, e.u32(mask)) : part
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

/** The sums in the plan's layout: a band of fragments after the other goes through workgroup memory. */
function fromFragments(
  lowering: Lowering,
  dot: DotNode,
  { layout, division, shape, rows, columns }: MatrixPlan,
  sums: readonly (readonly Fragment[])[],
): Registers {
  const { out, e, memory, bound } = lowering
  const { dtype } = dot.type
  const { m, n, band } = division
  // Where it can, the band takes the memory that the operands had.
  const asWords = DTYPES[dtype].bytes === DTYPES.u32.bytes
  const [inner, pitch] = [bandElements(division) / 4, bandPitch(division) / 4]
  const subgroups = bound.threads / bound.limits.subgroupSize
  const array = memory.allocateParts('matrix', typeOf(asWords ? 'u32' : dtype, 4), inner, subgroups)
  const from = bandPlace(lowering, layout, { rows, columns }, division, pitch)
  const chunks: Expr[] = []
  sums.forEach((row, i) => {
    for (let first = 0; first < row.length; first += 2 ** band) {
      const mark = out.phase()
      row.slice(first, first + 2 ** band).forEach((sum, j) => {
        const place = {
          array,
          outer: e.builtin('subgroup'),
          offset: (j * shape.n) / 4,
          pitch,
          columnMajor: false,
        }
        out.fragmentStore(sum, place, mark)
      })
      chunkRegisters(layout).forEach(([register = 0], chunk) => {
        const [down, along] = [
          layout.registerOffset(register, rows),
          layout.registerOffset(register, columns),
        ]
        const fragment = [(down >> m) & (2 ** division.rows - 1), (along >> n) & (2 ** division.columns - 1)]
        if (fragment[0] !== i || (fragment[1] ?? 0) >> band !== first >> band) return
        const { outer, index } = from(down, along)
        chunks[chunk] = out.let('total', e.bitcast(dtype, e.read(array, index, {}, outer)))
      })
    }
  })
  memory.release(array)
  return { layout, dtype, chunks }
}

/** Where a thread finds the elements at its place in the tile and so much further. */
function bandPlace(
  lowering: Lowering,
  layout: Layout,
  { rows, columns }: { readonly rows: BlockId; readonly columns: BlockId },
  division: MatrixDivision,
  pitch: number,
): (down: number, along: number) => { readonly outer: Expr; readonly index: Expr } {
  const { e, out } = lowering
  const { m, n, band, across } = division
  const [rowBits, columnBits] = [m + division.rows, n + division.columns]
  const [rowMask, bandMask] = [2 ** m - 1, 2 ** (n + band) - 1]
  const [row, column] = [rows, columns].map((block) => threadPart(lowering, layout, block) ?? e.u32(0))
  if (!row || !column) throw new Error('a product without rows')
  const shifted = (part: Expr, by: number): Expr => e.binary('>>', part, e.u32(by))
  const subgroup = e.add(e.binary('<<', shifted(row, rowBits), e.u32(across)), shifted(column, columnBits))
  const slot = e.add(
    e.mul(e.binary('&', row, e.u32(rowMask)), e.u32(pitch)),
    shifted(e.binary('&', column, e.u32(bandMask)), 2),
  )
  return (down, along) => ({
    outer: e.sum([out.early('of_subgroup', subgroup)], ((down >> rowBits) << across) + (along >> columnBits)),
    index: e.sum([out.early('slot', slot)], (down & rowMask) * pitch + ((along & bandMask) >> 2)),
  })
}

/** Rows and columns of fragments of a subgroup. */
function grid<T>({ rows, columns }: MatrixDivision, make: () => T): readonly (readonly T[])[] {
  return Array.from({ length: 2 ** rows }, () => Array.from({ length: 2 ** columns }, make))
}
