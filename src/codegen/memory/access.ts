/**
 * How loads and stores address memory, read off their index nodes: which dimension runs along which block,
 * and how wide a vector is legal. A vector needs its block as the last index alone, alignment of everything
 * else, and a mask that is constant over the vector.
 */
import { type BlockId, type LoadNode, type MemoryNode, type Node, ONE } from '../../ir/node.ts'
import { isMoving } from '../../ir/node_rules.ts'
import { isMultipleOf, maxOf, type Size, sameSize } from '../../ir/size.ts'
import type { BoundConfig } from '../plan/bound_config.ts'

/** One index of an access. */
export type DimIndex =
  /** The positions of a block, plus an i32 scalar. */
  | { readonly kind: 'block'; readonly block: BlockId; readonly offset: Node | undefined }
  | { readonly kind: 'scalar'; readonly node: Node }
  /** Positions computed per element. */
  | { readonly kind: 'tile'; readonly node: Node }

const MAX_VECTOR_BITS = 2

export function dimIndex(node: Node): DimIndex {
  if (node.type.axes.every((axis) => axis === ONE)) return { kind: 'scalar', node }
  const plain = stripViews(node)
  if (plain.kind === 'index') return { kind: 'block', block: plain.block, offset: undefined }
  if (plain.kind === 'map' && plain.op === 'add') {
    const [a, b] = plain.args
    for (const [position, offset] of [
      [a, b],
      [b, a],
    ]) {
      const base = position && stripViews(position)
      if (base?.kind === 'index' && offset?.type.axes.length === 0)
        return { kind: 'block', block: base.block, offset }
    }
  }
  return { kind: 'tile', node }
}

/** True when what the load reads outside the range of `block` is certainly zero. */
export function readsZeroOutside(load: LoadNode, block: BlockId, bound: BoundConfig): boolean {
  const indexed = load.index.some((node) => {
    const index = dimIndex(node)
    return index.kind === 'block' && index.block === block
  })
  if (!indexed || contiguousBlock(load) !== block) return indexed
  // A vector is masked as a whole: at the end of a one-dimensional tensor its last lanes read the padding.
  const { end } = bound.block(block)
  return end === undefined || isMultipleOf(end, 2 ** vectorBits(load, bound))
}

/** The block that consecutive memory of this access runs along. */
export function contiguousBlock(node: MemoryNode): BlockId | undefined {
  const last = node.index.at(-1)
  const index = last && dimIndex(last)
  return index?.kind === 'block' ? index.block : undefined
}

/**
 * log2 of the widest vector that the access may use along its contiguous block; 0 means element by element.
 */
export function vectorBits(node: MemoryNode, bound: BoundConfig): number {
  if (node.kind === 'atomic' || bound.indexing(node) === 'pointer') return 0
  const last = node.index.at(-1)
  const index = last && dimIndex(last)
  if (index?.kind !== 'block') return 0
  const { block, offset } = index
  const others = node.index.slice(0, -1)
  if (others.some((other) => stripViews(other).type.axes.includes(block))) return 0
  let bits = Math.min(MAX_VECTOR_BITS, bound.extentBits(block))
  while (bits > 0 && !isAligned(node, bound, { block, offset }, 2 ** bits)) bits--
  return bits
}

function isAligned(
  node: MemoryNode,
  bound: BoundConfig,
  { block, offset }: { readonly block: BlockId; readonly offset: Node | undefined },
  width: number,
): boolean {
  const { shape } = bound.view(node.tensor)
  const length = shape.at(-1) ?? 1
  const { begin, end } = rangeOf(bound, block)
  if (begin === undefined || end === undefined || !isMultipleOf(begin, width)) return false
  if ((shape.length > 1 || offset) && !isMultipleOf(length, width)) return false
  if (offset) return isMultipleOf(end, width) && isMultipleOf(sizeOfScalar(offset) ?? 1, width)
  // A one-dimensional tensor may be touched up to the next 16 bytes: its buffer is padded, and lanes are
  // masked later.
  if (shape.length === 1 && sameSize(end, length)) return true
  return isMultipleOf(end, width) && (isMultipleOf(length, width) || isWithin(end, length, bound))
}

/**
 * True when a range with this end lies within a dimension of this size: by the numbers, or because every
 * launch checks it.
 */
export function isWithin(end: Size, size: Size, { kernel }: BoundConfig): boolean {
  if (sameSize(end, size) || (typeof size === 'number' && maxOf(end) <= size)) return true
  return kernel.guards.some(({ relation, left, right }) => {
    const turned = relation === 'eq' && sameSize(left, size) && sameSize(right, end)
    return turned || (sameSize(left, end) && sameSize(right, size))
  })
}

/** The value of a scalar that is known at launch. */
function sizeOfScalar(node: Node): Size | undefined {
  if (node.kind === 'constant') return node.value
  return node.kind === 'size' ? node.size : undefined
}

/** Where a block's range begins and ends, as far as that is known when compiling. */
export function rangeOf(
  bound: BoundConfig,
  id: BlockId,
): { readonly begin: number | undefined; readonly end: Size | undefined } {
  const { end, size } = bound.block(id)
  if (end === undefined) return { begin: undefined, end: undefined }
  // Ranges that do not start at zero are rare; only those with numbers for both ends stay aligned.
  if (sameSize(end, size)) return { begin: 0, end }
  if (typeof end === 'number' && typeof size === 'number') return { begin: end - size, end }
  return { begin: undefined, end }
}

/** The node behind views and broadcasts. */
export function stripViews(node: Node): Node {
  return isMoving(node) ? stripViews(node.arg) : node
}
