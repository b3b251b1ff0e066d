/**
 * The default where a loop looks at the results of a product, as attention at its scores: they are computed
 * anew in every round, so the more of them the better, and no other result may be larger. Times are those of
 * attention of 16 heads x 2048 on an H200.
 */
import { product } from '../support/maths.ts'
import type { ConfigSpecInput, RowInput } from './spec_input.ts'

/** Elements of a tile of scores where workgroups have room. */
export const LARGE_SCORES = 4096
/** f32, heads of 64: 64 x 64 takes 661 us, 128 x 16 takes 890. */
const ON_FMA = { roomyTile: LARGE_SCORES, deviceDimension: 64, gridDimension: [32, 64] }
/**
 * Of rows so long that results of 64 of them would leave no room for others: more of them, with operands in
 * short chunks. f32, heads of 128: 1,376 us with 128 x 32 in chunks of 32, 1,687 with 32 x 32 and whole rows.
 */
export const WIDE_CHAIN: Readonly<Record<'longer' | 'most' | 'chunk' | 'rows', number>> = {
  longer: 64,
  most: 128,
  chunk: 32,
  rows: 16_384,
}
const WIDE_ON_FMA = {
  roomyTile: 16_384,
  deviceDimension: WIDE_CHAIN.chunk,
  gridDimension: [32, 64, 128],
  busy: 128,
}
/**
 * Results come out of their fragments through workgroup memory in every round: the fewer at once, the more
 * workgroups share a processor. f16, heads of 64: 102 us with 128 x 32, 137 with 128 x 64; heads of 128: 204
 * and 250.
 */
const ON_MATRICES = { deviceDimension: 32 }
/** Loaded ahead; of such tiles eight rows a thread. f32, heads of 64: 642 us, 706 before. */
export const CHAINED_SCHEDULE: Readonly<Record<'stages' | 'slices' | 'rows', number>> = {
  stages: 2,
  slices: 1,
  rows: 8,
}
/**
 * The fewest warps of large tiles on matrix units where the longest program is alone at the end: causal, f16,
 * heads of 64, each in a pass of its own, 95 us with 8 warps for 128 x 32, 114 with 4.
 */
export const GROWING_WARPS = 8
const ROOMY_BYTES = 32_768

interface ChainedAim {
  readonly roomyTile?: number
  readonly deviceDimension?: number
  readonly gridDimension?: readonly number[]
  readonly busy?: number
}

/** What is aimed at otherwise than for other products. */
export function chainedAim(input: ConfigSpecInput): ChainedAim {
  if (!isChained(input)) return {}
  if (usesMatrices(input)) return ON_MATRICES
  return input.rows.some((row) => isChainedWide(row, input)) ? WIDE_ON_FMA : ON_FMA
}

/** True where a loop looks at the results of a product. */
export function isChained({ blocks, software }: ConfigSpecInput): boolean {
  return !software && blocks.some(({ isResult }) => isResult)
}

/**
 * True for a row along which such products go on FMA units, and which is streamed by default: there must be
 * rows of results enough that tiles of 128 keep a device busy, and programs as long as each other (causal, 32
 * x 32 takes 872 us and 128 x 32 979).
 */
export function isChainedWide({ canLoop, isContracted, size }: RowInput, input: ConfigSpecInput): boolean {
  const { longer, most, rows } = WIDE_CHAIN
  const isWide = canLoop && isContracted === true && size > longer && size <= most
  const isOnFma = isChained(input) && !usesMatrices(input) && !isGrowing(input) && isRoomy(input)
  return isWide && isOnFma && rowsOfResults(input) >= rows
}

/** True where later programs have more to do, as in causal attention. */
export function isGrowing({ loops }: ConfigSpecInput): boolean {
  return loops.some(({ outermost = 0 }) => outermost > 0)
}

function rowsOfResults({ blocks, loops, fixedPrograms = 1 }: ConfigSpecInput): number {
  const inGrid = new Set(loops.filter(({ kind }) => kind === 'grid').flatMap((loop) => loop.blocks))
  return fixedPrograms * product(blocks.map(({ id, sizeHint }) => (inGrid.has(id) ? sizeHint : 1)))
}

/** True where subgroup matrices, the default where they can, compute all products. */
export function usesMatrices({ dots }: ConfigSpecInput): boolean {
  return dots.length > 0 && dots.every(({ matrix }) => matrix !== undefined)
}

/** True where workgroups have room for the operands of large tiles. */
export function isRoomy({ workgroupBytes = 0 }: ConfigSpecInput): boolean {
  return workgroupBytes >= ROOMY_BYTES
}
