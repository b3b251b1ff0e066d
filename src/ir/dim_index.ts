/** How loads, stores and atomics address memory, read off their index nodes. */
import { type BlockId, type MemoryNode, type Node, ONE } from './node.ts'
import { isMoving } from './node_rules.ts'

/** One index of an access. */
export type DimIndex =
  /** The positions of a block, plus an i32 scalar. */
  | { readonly kind: 'block'; readonly block: BlockId; readonly offset: Node | undefined }
  | { readonly kind: 'scalar'; readonly node: Node }
  /** Positions computed per element. */
  | { readonly kind: 'tile'; readonly node: Node }

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

/** Blocks whose positions index a dimension as they are, so that nothing outside their ranges is touched. */
export function indexingBlocks({ index }: Pick<MemoryNode, 'index'>): readonly BlockId[] {
  return index.map(dimIndex).flatMap((dim) => (dim.kind === 'block' ? [dim.block] : []))
}

/** The node behind views and broadcasts. */
export function stripViews(node: Node): Node {
  return isMoving(node) ? stripViews(node.arg) : node
}

/** True for a constant of zeros, behind its views. */
export function isZero(node: Node): boolean {
  const plain = stripViews(node)
  return plain.kind === 'constant' && plain.value === 0
}

/** True when `a`, behind its views, has the blocks of `b`. */
export function sameBlocks(a: Node, b: Node): boolean {
  const [left, right] = [stripViews(a).type.axes, b.type.axes].map((axes) =>
    axes.filter((axis) => axis !== ONE),
  )
  return left?.length === right?.length && (left ?? []).every((axis) => right?.includes(axis))
}
