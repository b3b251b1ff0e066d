/**
 * How loads and stores may access memory: how wide a vector is legal, and what is known outside ranges. A
 * vector needs its block as the last index alone, alignment of everything else, and a mask that is constant
 * over the vector.
 */
import { sizeOfScalar } from '../../ir/build.ts'
import { dimIndex, stripViews } from '../../ir/dim_index.ts'
import type { KernelIr } from '../../ir/kernel_ir.ts'
import type { BlockId, DotNode, LoadNode, MemoryNode, Node } from '../../ir/node.ts'
import { isPure } from '../../ir/node_rules.ts'
import { isMultipleOf, maxOf, type Size, sameSize } from '../../ir/size.ts'
import { blockOf, extentBits, type TileProgram, tensorOf } from '../../ir/tile_program.ts'
import { operandsOf } from '../../ir/traverse.ts'
import { log2Exact } from '../../support/maths.ts'
import { isPacked, perWord } from '../../support/storage_types.ts'
import { type ByteLoads, byteLoads } from '../analysis/byte_loads.ts'
import type { Plan } from './plan.ts'

/** Of the elements that registers have types for; of smaller ones at least a whole word. */
const MAX_VECTOR_BITS = 2

/** True for loads that may have a fill: words hold several elements of a packed type, and read as zero. */
export function canBeFilled({ tensor }: LoadNode, { program }: Plan): boolean {
  return !isPacked(tensorOf(program, tensor).dtype)
}

/** True when what the load reads outside the range of `block` is certainly its fill. */
export function isFilledOutside(load: LoadNode, block: BlockId, plan: Plan): boolean {
  const indexed = load.index.some((node) => {
    const index = dimIndex(node)
    return index.kind === 'block' && index.block === block
  })
  if (!indexed || contiguousBlock(load) !== block) return indexed
  // A vector is masked as a whole: at the end of a one-dimensional tensor its last lanes read the padding.
  const { end } = blockOf(plan.program, block)
  return end === undefined || endsAtMultiple(plan.program, block, 2 ** vectorBits(load, plan))
}

/** The block that consecutive memory of this access runs along. */
export function contiguousBlock(node: MemoryNode): BlockId | undefined {
  const last = node.index.at(-1)
  const index = last && dimIndex(last)
  return index?.kind === 'block' ? index.block : undefined
}

/** The loads of all elements that a value is made of, element by element. */
export function loadsOf(value: Node): readonly LoadNode[] {
  if (value.kind === 'load') return [value]
  return isPure(value) ? operandsOf(value).flatMap(loadsOf) : []
}

/** True when the elements of a value may differ along the block, as far as its operations tell. */
export function variesAlong(node: Node, block: BlockId): boolean {
  if (!node.type.axes.includes(block)) return false
  return isPure(node) && operandsOf(node).length > 0
    ? operandsOf(node).some((operand) => variesAlong(operand, block))
    : true
}

/**
 * log2 of the widest vector that the access may use along its contiguous block; 0 means element by element.
 * `bytes` are the most at once of elements that are smaller than a word.
 */
export function vectorBits(node: MemoryNode, plan: Plan, bytes: 4 | 16 = 4): number {
  if (node.kind === 'atomic' || plan.bound.indexing(node) === 'pointer') return 0
  const last = node.index.at(-1)
  const index = last && dimIndex(last)
  if (index?.kind !== 'block') return 0
  const { block, offset } = index
  const others = node.index.slice(0, -1)
  if (others.some((other) => stripViews(other).type.axes.includes(block))) return 0
  // Of a vector that is read, lanes may be thrown away.
  if (node.kind === 'store' && node.mask && variesAlong(node.mask, block)) return 0
  let bits = Math.min(mostVectorBits(node, plan, block, bytes), extentBits(plan.program, block))
  while (bits > 0 && !isAligned(node, plan, { block, offset }, 2 ** bits)) bits--
  return bits
}

function mostVectorBits(node: MemoryNode, plan: Plan, block: BlockId, bytes: 4 | 16): number {
  const { dtype } = tensorOf(plan.program, node.tensor)
  if (isPacked(dtype)) return Math.max(MAX_VECTOR_BITS, log2Exact(perWord(dtype) * (bytes / 4)))
  // Four words of smaller elements go at once, but lanes of a mask go with the elements of a vector.
  const canBeWords = node.kind !== 'atomic' && !(node.mask && variesAlong(node.mask, block))
  return canBeWords && bytes === 16 ? log2Exact(4 * perWord(dtype)) : MAX_VECTOR_BITS
}

function isAligned(
  node: MemoryNode,
  plan: Plan,
  { block, offset }: { readonly block: BlockId; readonly offset: Node | undefined },
  width: number,
): boolean {
  const { shape } = tensorOf(plan.program, node.tensor)
  const length = shape.at(-1) ?? 1
  const { begin, end } = rangeOf(plan.program, block)
  if (begin === undefined || end === undefined || !isMultipleOf(begin, width)) return false
  const isWhole = endsAtMultiple(plan.program, block, width)
  const { kernel } = plan.bound
  const isWholeLine = isMultipleOf(length, width) || (isWhole && isEqual(end, length, kernel))
  if ((shape.length > 1 || offset) && !isWholeLine) return false
  if (offset) return isWhole && isMultipleOf(sizeOfScalar(offset) ?? 1, width)
  // A one-dimensional tensor may be touched up to the next 16 bytes: its buffer is padded, and lanes are
  // masked later.
  if (shape.length === 1 && sameSize(end, length)) return true
  return isWhole && (isWholeLine || isWithin(end, length, kernel))
}

/** True for sizes that are the same in all launches. */
function isEqual(a: Size, b: Size, { guards }: Pick<KernelIr, 'guards'>): boolean {
  return (
    sameSize(a, b) ||
    guards.some(({ relation, left, right }) => {
      const [same, turned] = [
        sameSize(left, a) && sameSize(right, b),
        sameSize(left, b) && sameSize(right, a),
      ]
      return relation === 'eq' && (same || turned)
    })
  )
}

/**
 * True when a range with this end lies within a dimension of this size: by the numbers, or because every
 * launch checks it.
 */
export function isWithin(end: Size, size: Size, { guards }: Pick<KernelIr, 'guards'>): boolean {
  if (isEqual(end, size, { guards }) || (typeof size === 'number' && maxOf(end) <= size)) return true
  return guards.some(({ left, right }) => sameSize(left, end) && sameSize(right, size))
}

/**
 * True where the range of a block certainly ends at a multiple: its size is one, or all of its tiles are
 * whole.
 */
function endsAtMultiple(program: TileProgram, id: BlockId, width: number): boolean {
  const { end, extent, ragged } = blockOf(program, id)
  if (end === undefined) return false
  return isMultipleOf(end, width) || (!ragged && rangeOf(program, id).begin === 0 && extent % width === 0)
}

/** Where a block's range begins and ends, as far as that is known when compiling. */
export function rangeOf(
  program: TileProgram,
  id: BlockId,
): { readonly begin: number | undefined; readonly end: Size | undefined } {
  const { end, size } = blockOf(program, id)
  if (end === undefined) return { begin: undefined, end: undefined }
  // Ranges that do not start at zero are rare; only those with numbers for both ends stay aligned.
  if (sameSize(end, size)) return { begin: 0, end }
  if (typeof end === 'number' && typeof size === 'number') return { begin: end - size, end }
  return { begin: undefined, end }
}

/**
 * log2 of the neighbours that are together inside the range of a block or outside of it, at most its extent.
 */
export function wholeBits(program: TileProgram, id: BlockId): number {
  const { begin } = rangeOf(program, id)
  let bits = begin === undefined ? 0 : extentBits(program, id)
  while (bits > 0 && !(isMultipleOf(begin ?? 1, 2 ** bits) && endsAtMultiple(program, id, 2 ** bits))) bits--
  return bits
}

/** The loads of a product whose operands stay words of integers of 8 bits, by the config and the device. */
export function packedLoads(dot: DotNode, { program, bound }: Plan): ByteLoads | undefined {
  // Without the function of WGSL, matrix units alone take such words.
  if (!bound.limits.packedDots && bound.mma(dot) !== 'subgroup_matrix') return undefined
  return byteLoads(dot, (id) => tensorOf(program, id).dtype)
}
