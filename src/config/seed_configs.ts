/**
 * Configs that searches begin with, beside the default: tiles that are known to serve matrix products of
 * many sizes, and workgroups of several sizes for kernels that reduce whole rows.
 */
import { nextPowerOf2 } from '../support/maths.ts'
import { productLoops } from './product_loops.ts'
import type { ConfigSpecInput } from './spec_input.ts'
import { isThin } from './thin_tiles.ts'
import type { ConfigData } from './value.ts'

/** Rows, columns and depth, `num_warps`, `dot_rows`, `num_stages`, `slice_k`; from square to flat. */
const DOT_TILES = [
  [128, 128, 16, 8, 8, 2, 1],
  [64, 64, 16, 4, 8, 1, 1],
  [64, 64, 16, 4, 4, 2, 1],
  [32, 64, 32, 4, 0, 1, 1],
  [32, 32, 16, 2, 0, 2, 1],
  [32, 32, 64, 8, 0, 2, 4],
  [16, 32, 64, 2, 0, 1, 1],
  [16, 32, 128, 8, 0, 2, 8],
  [4, 32, 256, 4, 0, 1, 1],
  [4, 32, 256, 8, 0, 2, 8],
] as const

/**
 * On subgroup matrices: rows, columns and depth, `num_warps`, `l2_grouping`, `slice_k`. Measured on an H200,
 * the first for results of 2048 x 2048 and more, then ever smaller ones.
 */
const MATRIX_TILES = [
  [128, 128, 32, 4, 8, 1],
  [128, 128, 64, 4, 8, 1],
  [128, 64, 64, 4, 4, 1],
  [64, 64, 64, 4, 4, 1],
  [64, 128, 32, 4, 4, 1],
  [64, 32, 128, 4, 1, 2],
  [32, 64, 64, 2, 1, 1],
  [16, 64, 128, 2, 1, 1],
] as const

/** Likewise; fits into registers with sums in f16 only. */
const HALF_SUMS_TILE = [256, 256, 32, 8, 8, 1] as const

/**
 * Of few rows, without staging: columns, depth, `num_warps`, `split_sums`. First for weights that lie along
 * the columns, where threads that these leave share out the depth; then for weights that lie along the depth.
 */
const THIN_TILES = [
  [64, 128, 8, 2],
  [128, 64, 8, 4],
  [256, 64, 8, 8],
  [32, 256, 8, 1],
  [8, 256, 4, 1],
  [16, 512, 8, 1],
  [8, 1024, 8, 1],
] as const

const ROW_WARPS = [2, 4, 8, 16, 32] as const
const ROW_CHUNK = 4096

/** Best guesses first; each may have to be repaired to fit the sizes and the device. */
export function seedConfigs(input: ConfigSpecInput): readonly ConfigData[] {
  return input.dots.length === 1 ? dotSeeds(input) : rowSeeds(input)
}

/** For a grid over the result, its last two dimensions, and one loop over the depth. */
function dotSeeds(input: ConfigSpecInput): readonly ConfigData[] {
  const { blocks, dots, sums = [] } = input
  const found = productLoops(input)
  if (!found) return []
  const { rows, columns, depth: inner, dimensions } = found
  const tile = (m: number, n: number, k: number): readonly number[] => {
    const extents = new Map([
      [rows, m],
      [columns, n],
      [inner, k],
    ])
    return blocks.map(({ id }) => extents.get(id) ?? 1)
  }
  // Of smaller elements, as many bytes.
  const deeper = dots[0]?.isPacked ? 4 : 1
  const onFma = DOT_TILES.map(([m, n, k, num_warps, dot_rows, num_stages, slice_k]) => ({
    block_sizes: tile(m, n, k * deeper),
    num_warps,
    num_stages,
    dot_rows: [dot_rows],
    slice_k: [slice_k],
    ...(dots[0]?.matrix && { mma: ['fma'] }),
  }))
  const few = nextPowerOf2(blocks.find(({ id }) => id === rows)?.sizeHint ?? 1)
  const thin = THIN_TILES.map(([n, k, num_warps, parts]) => ({
    block_sizes: tile(few, n, k),
    num_warps,
    num_stages: 1,
    slice_k: [1],
    mma: ['direct'],
    ...(sums.length > 0 && { split_sums: sums.map(() => parts) }),
  }))
  const staged = isThin(dots[0]?.resultRows) ? [...thin, ...onFma] : onFma
  if (!dots[0]?.matrix) return staged
  const onMatrices = [...MATRIX_TILES, HALF_SUMS_TILE].map(([m, n, k, num_warps, group, slices]) => {
    const base = {
      block_sizes: tile(m, n, k),
      num_warps,
      num_stages: 2,
      slice_k: [slices],
      // Large workgroups are alone on a processor.
      late_loads: num_warps > 4,
      mma: ['subgroup_matrix'],
    }
    return dimensions > 1 ? { ...base, l2_groupings: [group] } : base
  })
  return [...onMatrices, ...staged]
}

/** Whole rows held by ever more threads, and streamed ones. */
function rowSeeds({ rows }: ConfigSpecInput): readonly ConfigData[] {
  if (rows.length === 0) return []
  const whole = ROW_WARPS.map((num_warps) => ({ num_warps, reduction_loops: rows.map(() => null) }))
  const streamed = { num_warps: 16, reduction_loops: rows.map(() => ROW_CHUNK) }
  return rows.some(({ canLoop, size }) => canLoop && size > ROW_CHUNK) ? [...whole, streamed] : whole
}
