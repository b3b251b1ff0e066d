/** The axes of a matrix product, `[…, m, k] · […, k, n]`, by their part in it. */
import { type Axis, type BlockId, type DotNode, type Node, ONE } from './node.ts'

export interface DotAxes {
  /** What runs along the matrices of the result, each product by itself. */
  readonly batch: readonly BlockId[]
  /** Rows of the left operand and of the result. */
  readonly rows: Axis
  /** The contracted dimension. */
  readonly depth: Axis
  /** Columns of the right operand and of the result. */
  readonly columns: Axis
}

export function dotAxes({ a, b, type }: Pick<DotNode, 'a' | 'b' | 'type'>): DotAxes {
  return {
    batch: blocksOf(type.axes.slice(0, -2)),
    rows: a.type.axes.at(-2) ?? ONE,
    depth: depthOf({ a }),
    columns: b.type.axes.at(-1) ?? ONE,
  }
}

/** The contracted dimension of a dot. */
export function depthOf({ a }: Pick<DotNode, 'a'>): Axis {
  return a.type.axes.at(-1) ?? ONE
}

/** The blocks along the matrices of an operand; it has one for all where the result's blocks are more. */
export function batchOf(operand: Node): readonly BlockId[] {
  return blocksOf(operand.type.axes.slice(0, -2))
}

function blocksOf(axes: readonly Axis[]): readonly BlockId[] {
  return axes.filter((axis) => axis !== ONE)
}
