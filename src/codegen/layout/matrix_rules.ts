/**
 * How subgroups share out the result of a product on matrix units: each has a rectangle of fragments. What
 * they hold is not a layout, so the result goes through workgroup memory, a band of fragments at a time, into
 * a layout that keeps the bands in registers.
 */
import { ConfigError } from '../../support/errors.ts'
import { clamp, log2Exact } from '../../support/maths.ts'
import type { MatrixShape } from '../thread/fragments.ts'
import { bitRange, Layout } from './layout.ts'
import type { Extent } from './layout_rules.ts'

/** All numbers are log2. */
export interface MatrixDivision {
  /** Rows and columns of a fragment. */
  readonly m: number
  readonly n: number
  /** Subgroups below and beside each other. */
  readonly down: number
  readonly across: number
  /** Groups of subgroups that share out each block of the depth, above `down` and `across`. */
  readonly slices: number
  /**
   * Arrays that a subgroup's rows of the left operand are in: as many in all as there are subgroups, so that
   * the sums of each may come out where one of them was.
   */
  readonly split: number
  /** Fragments of a subgroup below and beside each other. */
  readonly rows: number
  readonly columns: number
  /** Fragments beside and below each other that go through workgroup memory together. */
  readonly band: number
  readonly bandRows: number
  /** Whether there is room between the rows of a band. */
  readonly padded: boolean
}

export type SubgroupCut = Pick<MatrixDivision, 'down' | 'across' | 'split'>

export interface MatrixWish {
  readonly rows: Extent
  readonly columns: Extent
  /** log2 of the subgroups of a workgroup, and of the groups of them that share out the depth. */
  readonly subgroupBits: number
  readonly sliceBits: number
  readonly shape: MatrixShape
  /** Bytes of an element of the result. */
  readonly resultBytes: number
  /** True where the result comes out of its fragments, or is changed in them, in every round of a loop. */
  readonly inRounds: boolean
  /** Bytes of workgroup memory that a band may take, if it can be narrower … */
  readonly bandBytes: number
  /** … and those that there are for subgroups cut so: where they are too few, it has no padding. */
  readonly roomBeside: (cut: SubgroupCut) => number
  /** Whether sums may come out where an operand was. */
  readonly mayShare: boolean
}

/** Bytes between the ends of two rows of an operand: with them, rows begin in different banks. */
export const PADDING_BYTES = 16
/** Elements beyond a row of fragments, so that the rows of one begin in different banks. */
const BAND_PADDING = 8
/** Elements beyond a subgroup's part of a band, so that neighbours' parts begin in different banks. */
const PART_PADDING = 4

/**
 * Rectangles as square as possible: they load the fewest fragments for their products. Where results come out
 * in every round, subgroups below each other: a row is one subgroup's then (attention of 16 heads x 2048 x 64
 * on an H200: 164 us instead of 188, heads of 128: 260).
 */
export function divideMatrix(wish: MatrixWish): MatrixDivision {
  const { rows, columns, shape, sliceBits } = wish
  const subgroupBits = wish.subgroupBits - sliceBits
  const [m, n] = [log2Exact(shape.m), log2Exact(shape.n)]
  const [allRows, allColumns] = [rows.bits - m, columns.bits - n]
  if (allRows < 0 || allColumns < 0) {
    throw new ConfigError(
      `matrix units multiply tiles of at least ${shape.m} rows and ${shape.n} columns; ` +
        `the config has ${2 ** rows.bits} x ${2 ** columns.bits}`,
      { remedy: "Use larger block_sizes, or mma 'fma'." },
    )
  }
  const fragments = allRows + allColumns
  if (subgroupBits > fragments) {
    throw new ConfigError(
      `${2 ** subgroupBits} subgroups share ${2 ** fragments} matrices of ${shape.m} x ${shape.n}`,
      {
        remedy: 'Use a smaller num_warps or larger block_sizes.',
        excess: { of: 'invocations', needed: 2 ** subgroupBits, limit: 2 ** fragments },
      },
    )
  }
  const choices = Array.from({ length: subgroupBits + 1 }, (_, down) => down).filter(
    (down) => down <= allRows && subgroupBits - down <= allColumns,
  )
  const loads = (down: number): number => 2 ** (allRows - down) + 2 ** (allColumns - subgroupBits + down)
  const [down = 0] = choices.sort((a, b) => (wish.inRounds ? b - a : loads(a) - loads(b) || a - b))
  const across = subgroupBits - down
  const columnsEach = allColumns - across
  const each = { rows: allRows - down, columns: columnsEach }
  // Beside each other only, the right operand has as many.
  const split = wish.mayShare && down > 0 && across <= each.rows ? across : 0
  const division = { m, n, down, across, split, slices: sliceBits, ...each, padded: true }
  const room = wish.roomBeside(division)
  const fits = (bands: Pick<MatrixDivision, 'band' | 'bandRows'>, bytes: number, padding = 0): boolean =>
    (bandElements({ ...division, ...bands }) + padding) * wish.resultBytes * 2 ** wish.subgroupBits <= bytes
  const isNarrow = (bands: Pick<MatrixDivision, 'band' | 'bandRows'>): boolean =>
    fits(bands, Math.min(wish.bandBytes, room))
  let [band, bandRows] = [columnsEach, 0]
  while (band > 0 && !isNarrow({ band, bandRows })) band--
  while (band === columnsEach && bandRows < division.rows && isNarrow({ band, bandRows: bandRows + 1 }))
    bandRows++
  return { ...division, band, bandRows, padded: fits({ band, bandRows }, room, PART_PADDING) }
}

/** Elements of a subgroup's part of a band, with padding between rows. */
function bandElements(division: MatrixDivision): number {
  return 2 ** (division.m + division.bandRows) * bandPitch(division)
}

/** Elements from one subgroup's part of a band to the next. */
export function partPitch(division: MatrixDivision): number {
  return bandElements(division) + (division.padded ? PART_PADDING : 0)
}

/** Elements from one row of a band to the next. */
export function bandPitch({ n, band, padded }: MatrixDivision): number {
  return 2 ** (n + band) + (padded ? BAND_PADDING : 0)
}

/**
 * Vectors and lanes along the rows of a band; bands in registers. Where results come out in every round, a
 * subgroup has the rows that are in its own fragments, if it has an element for each lane.
 */
export function matrixLayout(
  { rows, columns, inRounds, subgroupBits }: MatrixWish,
  division: MatrixDivision,
  threadBits: number,
): Layout {
  const { m, n, band, bandRows } = division
  const bandSize = m + bandRows + n + band + division.down + division.across
  // As many as make 16 bytes of halves, which the next product may want.
  const vector = clamp(bandSize - threadBits, 2, 3)
  const own = [...bitRange(columns.block, vector, n + band - vector), ...bitRange(rows.block, 0, m)]
  const across = bitRange(columns.block, n + division.columns, division.across)
  const down = bitRange(rows.block, m + division.rows, division.down)
  const below = bitRange(rows.block, m, bandRows)
  const laneBits = threadBits - subgroupBits
  const hasOwn = inRounds && division.across + division.slices === 0 && own.length >= laneBits
  const bandBits = hasOwn
    ? [...own.slice(0, laneBits), ...down, ...own.slice(laneBits), ...below]
    : [...own.slice(0, n + band - vector), ...across, ...own.slice(n + band - vector), ...down, ...below]
  const bands = [
    ...bitRange(columns.block, n + band, division.columns - band),
    ...bitRange(rows.block, m + bandRows, division.rows - bandRows),
  ]
  const registers = [...bitRange(columns.block, 0, vector), ...bandBits.slice(threadBits), ...bands]
  const threads = Array.from({ length: threadBits }, (_, i) => bandBits[i])
  return new Layout(registers, threads)
}
