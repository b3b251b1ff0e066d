/** Which products matrix units compute: by what the device lists, and what the config asks for. */
import type { BlockInput, MatrixAxis, MatrixInput } from '../../config/spec_input.ts'
import { batchOf, dotAxes } from '../../ir/dot_axes.ts'
import { type Axis, type Block, type BlockId, type DotNode, ONE } from '../../ir/node.ts'
import { maxOf } from '../../ir/size.ts'
import { extentBits, extentOf, type TileProgram, tensorOf } from '../../ir/tile_program.ts'
import { DTYPES } from '../../support/dtypes.ts'
import { ConfigError } from '../../support/errors.ts'
import { log2Exact, nextPowerOf2, sum } from '../../support/maths.ts'
import { bytesOf, type StorageType } from '../../support/storage_types.ts'
import { byteLoads } from '../analysis/byte_loads.ts'
import type { Layout } from '../layout/layout.ts'
import {
  divideMatrix,
  type MatrixDivision,
  matrixLayout,
  OWN_PADDING,
  PADDING_BYTES,
  type SubgroupCut,
} from '../layout/matrix_rules.ts'
import type { DeviceLimits, SubgroupMatrix } from '../program.ts'
import type { MatrixShape } from '../thread/fragments.ts'
import type { Plan } from './plan.ts'

/** What a band takes of a workgroup's memory: of sums that come out of their fragments once, in the end, … */
const BAND_SHARE = 1 / 4
/** … and of those that come out, or are rescaled, in every round. */
const ROUND_SHARE = 1 / 2

/** What the driver adds to the memory of a workgroup, at most. */
const DRIVER_BYTES = 512

/** What a dot is cut into, and the layout in which its value comes out of the fragments. */
export interface MatrixPlan {
  readonly rows: BlockId
  readonly depth: BlockId
  readonly columns: BlockId
  /** The type of the operands' elements. */
  readonly operand: StorageType
  readonly shape: MatrixShape
  readonly division: MatrixDivision
  readonly layout: Layout
}

/** Of a tensor, by the name that accesses have for it. */
type DTypeOf = (tensor: number) => StorageType | undefined

/** The type of the elements that are multiplied: integers of 8 bits, where that is how both operands lie. */
function operandType(dot: DotNode, dtypeOf: DTypeOf): StorageType | undefined {
  const bytes = byteLoads(dot, dtypeOf)
  if (bytes) return bytes.signed ? 'i8' : 'u8'
  return dot.a.type.dtype === dot.b.type.dtype ? dot.a.type.dtype : undefined
}

/** The first matrix of the device's for the dot's types; undefined where it has none. */
function matrixFor(dot: DotNode, dtypeOf: DTypeOf, limits: DeviceLimits): SubgroupMatrix | undefined {
  const operand = operandType(dot, dtypeOf)
  if (limits.subgroupSize === 0 || operand === undefined) return undefined
  return limits.subgroupMatrices.find((matrix) => {
    return matrix.operand === operand && matrix.result === dot.type.dtype
  })
}

/** Positions of the depth that a subgroup multiplies in a round. */
export function ownDepth(program: TileProgram, { depth, division }: MatrixPlan): number {
  return extentOf(program, depth) >> division.slices
}

/**
 * Undefined where the config asks for something else; throws ConfigError for tiles that cannot be cut.
 * `isSum`: a loop only adds to the product, so that groups of subgroups may share out its depth.
 */
export function matrixPlan(dot: DotNode, { program, bound }: Plan, isSum: boolean): MatrixPlan | undefined {
  if (bound.mma(dot) !== 'subgroup_matrix') return undefined
  const { limits, threads, threadBits } = bound
  const dtypeOf: DTypeOf = (id) => tensorOf(program, id).dtype
  const shape = matrixFor(dot, dtypeOf, limits)
  if (!shape) {
    const what = `products of ${operandType(dot, dtypeOf) ?? dot.a.type.dtype} with sums in ${dot.type.dtype}`
    throw new ConfigError(`the device has no subgroup matrices for ${what}`, { remedy: "Use mma 'fma'." })
  }
  const { rows, depth, columns } = cutBlocks(dot, program, shape)
  const inRounds = dot.acc === undefined || dot.rescale !== undefined
  const subgroupBits = log2Exact(threads / limits.subgroupSize)
  const depthBits = extentBits(program, depth) - log2Exact(shape.k)
  const sliceBits = isSum && !inRounds ? Math.min(bound.sliceBits(dot), subgroupBits, depthBits) : 0
  const resultBytes = DTYPES[dot.type.dtype].bytes
  // Of an operand in so many parts (log2), whichever way it lies.
  const staged = (free: BlockId, parts: number): StagedOperand => {
    const [along, down] = [extentOf(program, free), extentOf(program, depth)]
    const lines = Math.max(along << sliceBits, down << parts)
    const bytes = bytesOf(shape.operand, along * down) + lines * PADDING_BYTES
    return { bytes, isShared: mayShare && parts + sliceBits === subgroupBits }
  }
  const mayShare = !inRounds && resultBytes === DTYPES.u32.bytes
  const fragmentBytes = (shape.m * shape.n * resultBytes) << subgroupBits
  const most = limits.maxWorkgroupBytes
  // Sums that are rescaled go through the memory that the scores came out through.
  const scoreBytes = extentOf(program, rows) * (extentOf(program, depth) + OWN_PADDING.row) * resultBytes
  const wish = {
    rows: { block: rows, bits: extentBits(program, rows) },
    columns: { block: columns, bits: extentBits(program, columns) },
    subgroupBits,
    sliceBits,
    laneBits: log2Exact(limits.subgroupSize),
    shape,
    resultBytes,
    inRounds,
    bandBytes: Math.min(most * (inRounds ? ROUND_SHARE : BAND_SHARE), dot.rescale ? scoreBytes : most),
    // What comes out at once leaves room for what is made of it, which the next product takes.
    wholeBytes: dot.acc === undefined ? most - staged(columns, 0).bytes - DRIVER_BYTES : 0,
    mayShare,
    roomBeside({ down, across, split }: SubgroupCut) {
      if (inRounds) return most
      return roomBeside([staged(rows, down + split), staged(columns, across)], fragmentBytes, most)
    },
  }
  const division = divideMatrix(wish)
  const { operand } = shape
  const layout = matrixLayout(wish, division, threadBits)
  return { rows, depth, columns, operand, shape, division, layout }
}

/** The blocks that are cut into matrices; throws ConfigError where one of them is none, or too short. */
function cutBlocks(
  dot: DotNode,
  program: TileProgram,
  shape: MatrixShape,
): { readonly rows: BlockId; readonly depth: BlockId; readonly columns: BlockId } {
  const { rows, depth, columns } = dotAxes(dot)
  const matrices = [...batchOf(dot.a), ...batchOf(dot.b)].filter((block) => extentOf(program, block) > 1)
  if (rows === ONE || depth === ONE || columns === ONE || matrices.length > 0) {
    throw new ConfigError('subgroup matrices multiply one matrix in a tile, of several rows and columns', {
      remedy: "Use a block size of 1 along the batch, or mma 'fma'.",
    })
  }
  if (extentOf(program, depth) < shape.k) {
    const found = extentOf(program, depth)
    throw new ConfigError(
      `subgroup matrices contract at least ${shape.k} positions at a time; the config has ${found}`,
      { remedy: "Use larger block_sizes, or mma 'fma'." },
    )
  }
  return { rows, depth, columns }
}

/** What the dots of a kernel are cut by. */
interface Cuts {
  /** Blocks whose extents configs give, and rows that are whole or streamed. */
  readonly tiles: readonly BlockInput[]
  readonly slices: readonly Block[]
  readonly blocks: ReadonlyMap<BlockId, Block>
  readonly dtypeOf: DTypeOf
}

interface StagedOperand {
  readonly bytes: number
  /** Whether what comes out of fragments may lie where the operand was. */
  readonly isShared: boolean
}

/**
 * Memory for sums that leave their fragments, with which as many workgroups find room on a processor as their
 * operands let, if `least` is enough. All workgroups of a processor share what one may have: 4096³ in f16 on
 * an H200, 128x128x32 by four subgroups, takes 474 us with 24,064 bytes and 770 with 24,576.
 */
function roomBeside(operands: readonly StagedOperand[], least: number, most: number): number {
  const taken = sum(operands.map(({ bytes }) => bytes))
  const shared = Math.max(0, ...operands.map(({ bytes, isShared }) => (isShared ? bytes : 0)))
  const room = (workgroups: number): number =>
    Math.floor(most / workgroups) - (workgroups > 1 ? DRIVER_BYTES : 0) - taken + shared
  let workgroups = Math.floor(most / taken)
  while (workgroups > 1 && room(workgroups) < least) workgroups--
  return room(Math.max(1, workgroups))
}

/** The dot's entry for a search space: nothing where no config can cut it into matrices. */
export function matrixInput(
  dot: DotNode,
  { tiles, slices, blocks, dtypeOf }: Cuts,
  limits: DeviceLimits,
): { readonly matrix?: MatrixInput } {
  const shape = matrixFor(dot, dtypeOf, limits)
  if (!shape) return {}
  const axisOf = (axis: Axis, least: number): MatrixAxis => {
    const block = axis === ONE ? undefined : blocks.get(axis)
    if (!block) return { least, extent: 1 }
    const id = block.sizedBy ?? block.id
    const tile = tiles.find((other) => other.id === id)
    if (tile) return { least, id, extent: Math.min(least, tile.max) }
    if (slices.some((slice) => slice.id === id)) return { least, id, extent: nextPowerOf2(maxOf(block.size)) }
    return { least, extent: block.extent ?? 1 }
  }
  const axes = dotAxes(dot)
  const rows = axisOf(axes.rows, shape.m)
  const columns = axisOf(axes.columns, shape.n)
  const depth = axisOf(axes.depth, shape.k)
  const fits = [rows, columns, depth].every(({ extent, least }) => extent >= least)
  const sumBytes = DTYPES[shape.result].bytes
  return fits ? { matrix: { rows, columns, depth, lanes: limits.subgroupSize, sumBytes } } : {}
}
