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
  /** Elements between the rows of a band, and between the parts of subgroups. */
  readonly padding: Padding
  /** log2 of the lanes that share a row, where subgroups have the rows of their fragments, and lanes rows. */
  readonly ownLanes: number | undefined
}

/** In elements. */
interface Padding {
  readonly row: number
  readonly part: number
}

export type SubgroupCut = Pick<MatrixDivision, 'down' | 'across' | 'split'>

export interface MatrixWish {
  readonly rows: Extent
  readonly columns: Extent
  /** log2 of the subgroups of a workgroup, and of the groups of them that share out the depth. */
  readonly subgroupBits: number
  readonly sliceBits: number
  /** log2 of the lanes of a subgroup. */
  readonly laneBits: number
  readonly shape: MatrixShape
  /** Bytes of an element of the result. */
  readonly resultBytes: number
  /** True where the result comes out of its fragments, or is changed in them, in every round of a loop. */
  readonly inRounds: boolean
  /** Bytes of workgroup memory that a band may take, if it can be narrower … */
  readonly bandBytes: number
  /** … what one of everything may take instead … */
  readonly wholeBytes: number
  /** … and those that there are for subgroups cut so: where they are too few, it has no padding. */
  readonly roomBeside: (cut: SubgroupCut) => number
  /** Whether sums may come out where an operand was. */
  readonly mayShare: boolean
}

/** Bytes between the ends of two rows of an operand: with them, rows begin in different banks. */
export const PADDING_BYTES = 16
/** Rows of fragments, and neighbours' parts of a band, begin in different banks. */
const PADDING: Padding = { row: 8, part: 4 }
/** Likewise where lanes read whole rows, or halves of them, of what is their own subgroup's. */
export const OWN_PADDING: Padding = { row: 4, part: 0 }
const NO_PADDING: Padding = { row: 0, part: 0 }
/** log2 of the elements that a lane has side by side, at least. */
const LEAST_VECTOR = 2

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
  const cut = { m, n, down, across, split, slices: sliceBits, ...each }
  const ownLanes = ownLanesOf(wish, cut)
  const division = { ...cut, ownLanes, padding: ownLanes === undefined ? PADDING : OWN_PADDING }
  const room = wish.roomBeside(division)
  const bytesOf = (bands: Bands, part = 0): number =>
    (bandElements({ ...division, ...bands }) + part) * wish.resultBytes * 2 ** wish.subgroupBits
  const least = ownLanes === undefined ? 0 : Math.max(0, ownLanes + LEAST_VECTOR - n)
  const { band, bandRows } = bandsWithin(each, least, (bands, isWhole) => {
    return (
      bytesOf(bands) <= Math.min(isWhole ? Math.max(wish.bandBytes, wish.wholeBytes) : wish.bandBytes, room)
    )
  })
  const isPadded = bytesOf({ band, bandRows }, division.padding.part) <= room
  return { ...division, band, bandRows, ...(!isPadded && { padding: NO_PADDING }) }
}

/** As many fragments beside and then below each other as fit. */
function bandsWithin(
  { rows, columns }: Pick<MatrixDivision, 'rows' | 'columns'>,
  least: number,
  fits: (bands: Bands, isWhole: boolean) => boolean,
): Bands {
  if (fits({ band: columns, bandRows: rows }, true)) return { band: columns, bandRows: rows }
  let [band, bandRows] = [columns, 0]
  while (band > least && !fits({ band, bandRows }, false)) band--
  while (band === columns && bandRows < rows && fits({ band, bandRows: bandRows + 1 }, false)) bandRows++
  return { band, bandRows }
}

type Bands = Pick<MatrixDivision, 'band' | 'bandRows'>

function ownLanesOf(
  { inRounds, laneBits }: MatrixWish,
  { m, n, across, slices, columns }: Pick<MatrixDivision, 'm' | 'n' | 'across' | 'slices' | 'columns'>,
): number | undefined {
  const lanes = Math.max(0, laneBits - m)
  const isOwn = inRounds && across + slices === 0 && lanes + LEAST_VECTOR <= n + columns
  return isOwn ? lanes : undefined
}

/** Elements of a subgroup's part of a band, with padding between rows. */
function bandElements(division: Pick<MatrixDivision, 'm' | 'n' | 'band' | 'bandRows' | 'padding'>): number {
  return 2 ** (division.m + division.bandRows) * bandPitch(division)
}

/** Elements from one subgroup's part of a band to the next. */
export function partPitch(division: MatrixDivision): number {
  return bandElements(division) + division.padding.part
}

/** Elements from one row of a band to the next. */
export function bandPitch({ n, band, padding }: Pick<MatrixDivision, 'n' | 'band' | 'padding'>): number {
  return 2 ** (n + band) + padding.row
}

/**
 * Vectors and lanes along the rows of a band; bands in registers. Where results come out in every round, a
 * lane has a row of its subgroup's fragments, or part of one, in runs of what the next product takes at once.
 */
export function matrixLayout(
  { rows, columns, shape, laneBits }: MatrixWish,
  division: MatrixDivision,
  threadBits: number,
): Layout {
  const { m, n, band, bandRows, ownLanes } = division
  const bandBits = n + band
  const down = bitRange(rows.block, m + division.rows, division.down)
  const below = bitRange(rows.block, m, bandRows)
  const bands = [
    ...bitRange(columns.block, bandBits, division.columns - band),
    ...bitRange(rows.block, m + bandRows, division.rows - bandRows),
  ]
  if (ownLanes !== undefined) {
    const run = Math.min(log2Exact(shape.k), bandBits - ownLanes)
    const [inRow, ofRows] = [run + ownLanes, Math.min(m, laneBits)]
    const lanes = [...bitRange(columns.block, run, ownLanes), ...bitRange(rows.block, 0, ofRows)]
    const rest = [
      ...bitRange(columns.block, inRow, bandBits - inRow),
      ...bitRange(rows.block, ofRows, m - ofRows),
    ]
    return new Layout([...bitRange(columns.block, 0, run), ...rest, ...below, ...bands], [...lanes, ...down])
  }
  const bandSize = m + bandRows + bandBits + division.down + division.across
  // As many as make 16 bytes of halves, which the next product may want.
  const vector = clamp(bandSize - threadBits, LEAST_VECTOR, 3)
  const own = [...bitRange(columns.block, vector, bandBits - vector), ...bitRange(rows.block, 0, m)]
  const across = bitRange(columns.block, n + division.columns, division.across)
  const all = [
    ...own.slice(0, bandBits - vector),
    ...across,
    ...own.slice(bandBits - vector),
    ...down,
    ...below,
  ]
  const registers = [...bitRange(columns.block, 0, vector), ...all.slice(threadBits), ...bands]
  const threads = Array.from({ length: threadBits }, (_, i) => all[i])
  return new Layout(registers, threads)
}
