/**
 * Along which position bits a value differs: one that is addressed by `index // 32`, such as a scale for each
 * group of weights, is the same for 32 neighbours, and a thread that holds them all reads it once.
 */
import { dimIndex, stripViews } from '../../ir/dim_index.ts'
import type { BlockId, LoadNode, Node } from '../../ir/node.ts'
import { isPure } from '../../ir/node_rules.ts'
import { blockOf, extentBits, extentOf, type TileProgram, tensorOf } from '../../ir/tile_program.ts'
import { operandsOf } from '../../ir/traverse.ts'
import { isPowerOf2, log2Exact } from '../../support/maths.ts'
import { type CoordinateBit, Layout } from '../layout/layout.ts'
import { rangeOf, wholeBits } from './access.ts'

/** The layout without the registers that are certainly equal to others of the same thread. */
export function withoutRepeats({ registers, threads }: Layout, node: Node, program: TileProgram): Layout {
  return new Layout(
    registers.filter((bit) => varies(node, bit, program)),
    threads,
  )
}

/** False where all elements are certainly equal whose positions differ in this bit alone. */
export function varies(node: Node, bit: CoordinateBit, program: TileProgram): boolean {
  if (!node.type.axes.includes(bit.block)) return false
  const group = groupOf(node)
  if (group) return !isGroupBit(group, bit, program)
  // Whether positions are in range changes where the range ends.
  if (node.kind === 'inside') return bit.bit >= wholeBits(program, bit.block)
  if (node.kind === 'load') return variesInPlace(node, bit, program)
  const operands = isPure(node) ? operandsOf(node) : []
  return operands.length === 0 || operands.some((operand) => varies(operand, bit, program))
}

function variesInPlace({ index, mask }: LoadNode, bit: CoordinateBit, program: TileProgram): boolean {
  return [...index, ...(mask ? [mask] : [])].some((operand) => varies(operand, bit, program))
}

/** The positions along a block, divided by a power of two. */
interface Group {
  readonly block: BlockId
  readonly size: number
}

/** Read off `index.floorDiv(size)`. */
function groupOf(node: Node): Group | undefined {
  const plain = stripViews(node)
  if (plain.kind !== 'map' || plain.op !== 'floorDiv') return undefined
  const [position, size] = plain.args.map(stripViews)
  if (position?.kind !== 'index' || size?.kind !== 'constant' || !isPowerOf2(size.value)) return undefined
  return { block: position.block, size: size.value }
}

/** A bit below the size of groups: of tiles that begin where a group does, or lie within one. */
function isGroupBit({ block, size }: Group, bit: CoordinateBit, program: TileProgram): boolean {
  const { begin } = rangeOf(program, block)
  const aligned = begin !== undefined && begin % Math.min(size, 2 ** extentBits(program, block)) === 0
  return aligned && bit.block === block && bit.bit < log2Exact(size)
}

/** True where all groups of the positions of a block are below `size`. */
export function isGroupWithin(node: Node, size: number, program: TileProgram): boolean {
  const group = groupOf(node)
  if (!group) return false
  const { end, ragged } = blockOf(program, group.block)
  return typeof end === 'number' && !ragged && Math.floor((end - 1) / group.size) < size
}

/**
 * Elements that a load goes on by in each round over `block`, all of them along memory and within a row;
 * undefined where that is not certain.
 */
export function stepAlong(
  { index, mask, tensor }: LoadNode,
  block: BlockId,
  program: TileProgram,
): number | undefined {
  const last = index.at(-1)
  const group = last && groupOf(last)
  const length = tensorOf(program, tensor).shape.at(-1)
  if (mask || !group || group.block !== block || typeof length !== 'number') return undefined
  const stays = index.slice(0, -1).every((node) => {
    const other = dimIndex(node)
    return other.kind === 'block' && other.block !== block && other.offset === undefined
  })
  const extent = extentOf(program, block)
  const { begin } = rangeOf(program, block)
  const isAligned = begin !== undefined && begin % extent === 0 && extent % group.size === 0
  return stays && isAligned && isGroupWithin(last, length, program) ? extent / group.size : undefined
}
