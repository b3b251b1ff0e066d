/**
 * The default for one product of halves on matrix units: programs that keep a device busy, and how deep
 * blocks are, by the size of the result's tile. Measured on an H200 at 512³, 1024³, 2048³ and 4096³.
 */
import { productLoops } from './product_loops.ts'
import type { ConfigSpecInput } from './spec_input.ts'

/** Positions of the depth in a block, where nothing else is known. */
export const MATRIX_DEPTH = 64
/** For tiles of so many elements or more: 4096³ takes 465 us and not 484, with gelu 551 and not 574. */
const LARGE = { elements: 128 * 128, depth: 32 }
/** For tiles of at most so many: 512³ takes 5.4 us instead of 7.3 with tiles of 32 x 32 x 64. */
const SMALL = { elements: 64 * 32, depth: 128 }
/** Programs of such a product keep a device busy when there is one for nearly every unit. */
const BUSY_UNITS = 0.95
/** Rows of a result below which other things matter: to share out the depth, and to read weights once. */
const LEAST_ROWS = 256

/** True for one product of many rows, in a loop of its own, whose operands lie in memory as halves. */
export function isHalfProduct(input: ConfigSpecInput): boolean {
  const [dot] = input.dots
  if ((dot?.resultRows ?? LEAST_ROWS) < LEAST_ROWS) return false
  return dot?.matrix !== undefined && dot.right?.bits === 16 && productLoops(input) !== undefined
}

/** Programs that keep the device busy. */
export function busyPrograms(computeUnits: number): number {
  return Math.floor(BUSY_UNITS * computeUnits)
}

/** The depth of a block where each program computes so many elements. */
export function matrixDepth(elements: number): number {
  if (elements >= LARGE.elements) return LARGE.depth
  return elements > SMALL.elements ? MATRIX_DEPTH : SMALL.depth
}
