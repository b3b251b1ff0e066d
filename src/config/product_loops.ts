/** Kernels that are one product: a grid over the result, and one loop over the depth. */
import type { ConfigSpecInput } from './spec_input.ts'

/** Ids of the blocks along each part of a product. */
export interface ProductLoops {
  readonly rows: number
  readonly columns: number
  readonly depth: number
  /** Dimensions of the grid. */
  readonly dimensions: number
}

/** The last two dimensions of the grid are the result's; undefined for other kernels. */
export function productLoops({ loops, dots }: ConfigSpecInput): ProductLoops | undefined {
  const [grid, inner, ...others] = loops
  if (dots.length !== 1 || grid?.kind !== 'grid' || inner?.kind !== 'device' || others.length > 0)
    return undefined
  const [rows, columns] = grid.blocks.slice(-2)
  const [depth, ...more] = inner.blocks
  if (rows === undefined || columns === undefined || depth === undefined || more.length > 0) return undefined
  return { rows, columns, depth, dimensions: grid.blocks.length }
}
