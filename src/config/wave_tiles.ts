/**
 * Tiles of one large product: of those that are known to be fast the ones with which a device is done first,
 * counted in waves of workgroups. Times are those of an H200, which has 132 units.
 */
import { cdiv } from '../support/maths.ts'
import { productLoops } from './product_loops.ts'
import type { ConfigSpecInput } from './spec_input.ts'

export interface DotSchedule {
  readonly stages: number
  readonly slices: number
  /** Default `dot_rows`, where they are not left to the compiler. */
  readonly rows?: number
  /** Default `late_loads`; false when absent. */
  readonly isLate?: boolean
  /** Elements of a tile of the result that a thread has, where that is not what others of the kind have. */
  readonly elements?: number
  /** Default `l2_groupings`; 1 when absent. */
  readonly grouping?: number
}

/** Elements of the tiles that are chosen from, as they are at first. */
export const LARGE_TILE: number = 128 * 128
/** The default for one larger product on a GPU: loaded ahead. 1024³ takes 75.6 us instead of 83.5. */
export const ONE_PRODUCT: DotSchedule = { stages: 2, slices: 1 }
/** On matrix units. */
export const MATRIX_SCHEDULE: DotSchedule = { stages: 2, slices: 1 }

/**
 * On matrix units, rows of tiles that are walked column by column where a row has more tiles than that:
 * programs at work at the same time then read 8 rows and 33 columns of tiles, and not 3 and 112. In f16, 1024
 * x 4096 x 28672 takes 757 us instead of 802, 4096 x 4096 x 14336 with weights [n, k] 1,649 instead of 1,722,
 * of 4 bits 1024 x 4096 x 28672 967 instead of 1,010; 4096³, with 32 tiles in a row, 466 and 464. In f32 it
 * takes 1 % more.
 */
const WIDE_RESULT = { tiles: 64, grouping: 8 }

interface Choice {
  /** log2 of how many times as many rows and columns a tile has. */
  readonly rows: number
  readonly columns: number
  /** Workgroups that a unit has registers and memory for. */
  readonly resident: number
  /** Time of an element of the result, when the device is full. */
  readonly cost: number
  readonly schedule: DotSchedule
  readonly fits: (input: ConfigSpecInput) => boolean
}

/**
 * With 64 sums a thread. A convolution of 8 x 256 x 56 x 56 -> 256 has 392 tiles, one and a half waves: 1,110
 * us, and 784 us with half tiles, which read half as much again.
 */
const WHOLE: Choice = { rows: 0, columns: 0, resident: 2, cost: 1, schedule: ONE_PRODUCT, fits: () => true }
const HALF: Choice = { ...WHOLE, rows: -1, resident: 3, cost: 1.15 }
/** With 128 sums a thread, which read 96 bytes where 64 read 64: 4096³ takes 3,317 us, not 3,496. */
const WIDE: Choice = {
  rows: 0,
  columns: 1,
  resident: 1,
  cost: 0.95,
  schedule: { ...ONE_PRODUCT, rows: 16, elements: 128 },
  fits: ({ dots, registers = 0, ...input }) =>
    registers >= 160 && dots[0]?.right?.bits === 32 && productLoops({ dots, ...input }) !== undefined,
}
const ON_MATRICES: Choice = { ...WHOLE, schedule: MATRIX_SCHEDULE }
/** Sums in f16 leave registers for more of them: 4096³ takes 346 us instead of 414. */
const HALF_SUMS: Choice = {
  rows: 1,
  columns: 1,
  resident: 1,
  cost: 0.83,
  schedule: { ...MATRIX_SCHEDULE, isLate: true, elements: 256 },
  fits: ({ dots, workgroupBytes = 0 }) => dots[0]?.matrix?.sumBytes === 2 && workgroupBytes >= 49_152,
}
const CHOICES = new Map<DotSchedule, readonly Choice[]>([
  [ONE_PRODUCT, [WHOLE, HALF, WIDE]],
  [MATRIX_SCHEDULE, [ON_MATRICES, HALF_SUMS]],
])

/** Block sizes and schedule in place of `sizes`, which are those of so many programs with large tiles. */
export function tilesForWaves(
  input: ConfigSpecInput,
  sizes: readonly number[],
  programs: number,
  schedule: DotSchedule,
): { readonly sizes: readonly number[]; readonly schedule: DotSchedule } {
  const { blocks, dots, computeUnits } = input
  const [dot, ...others] = dots
  const [rows, columns] = [dot?.rows, dot?.columns].map((id) => blocks.findIndex((block) => block.id === id))
  const choices = others.length === 0 ? CHOICES.get(schedule) : undefined
  if (!choices || computeUnits === undefined || rows === undefined || columns === undefined)
    return { sizes, schedule }
  const sizeOf = (index: number, times: number): number => (sizes[index] ?? 1) * 2 ** times
  const isAllowed = (index: number, times: number): boolean => {
    const { min = 1, max = 1, default: own } = blocks[index] ?? {}
    const size = sizeOf(index, times)
    return times === 0 || (own === undefined && size >= min && size <= max)
  }
  const time = ({ rows: r, columns: c, resident, cost }: Choice): number => {
    const tiles = (index: number, times: number): number =>
      cdiv(blocks[index]?.sizeHint ?? 1, sizeOf(index, times)) /
      cdiv(blocks[index]?.sizeHint ?? 1, sizeOf(index, 0))
    const count = Math.round(programs * tiles(rows, r) * tiles(columns, c))
    return cdiv(count, computeUnits * resident) * resident * 2 ** (r + c) * cost
  }
  const possible = choices.filter(
    (choice) => choice.fits(input) && isAllowed(rows, choice.rows) && isAllowed(columns, choice.columns),
  )
  const best = possible.reduce((a, b) => (time(b) < time(a) ? b : a))
  const chosen = sizes.map((size, i) =>
    i === rows ? sizeOf(i, best.rows) : i === columns ? sizeOf(i, best.columns) : size,
  )
  const tilesInRow = cdiv(blocks[columns]?.sizeHint ?? 1, chosen[columns] ?? 1)
  const isWide = schedule === MATRIX_SCHEDULE && tilesInRow > WIDE_RESULT.tiles
  const { grouping } = WIDE_RESULT
  return { sizes: chosen, schedule: isWide ? { ...best.schedule, grouping } : best.schedule }
}
