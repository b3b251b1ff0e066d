/**
 * The timing matrix of a kernel: shapes down, configs across, one number a cell, and what follows from it:
 * which cells are forbidden, how far measurements can be trusted, and how much each choice loses.
 */
import { isOpen } from '../../config/value.ts'
import { DataError } from '../../support/errors.ts'
import { median } from '../../support/maths.ts'
import { sha16 } from '../../support/stable.ts'
import type { Sweep, SweepConfig, SweepShape } from './input/sweep.ts'
import { argmin, at, entryAt, minOf, range } from './numeric.ts'

export interface TimingMatrix {
  readonly kernel: string
  readonly shapes: readonly SweepShape[]
  /**
   * Where records tell the default configs of shapes, the last one is `{}`: whatever is the default of a
   * shape, with the time that this one took there.
   */
  readonly configs: readonly SweepConfig[]
  /** Milliseconds, row by row; Infinity where the config failed or was not measured: forbidden, not slow. */
  readonly times: Float64Array
  /** 1 where the compiler refused the config, which is no accident. */
  readonly refused: Uint8Array
  /** Relative standard error of each time; 0 where there was one sample only. */
  readonly noise: Float64Array
  /** Log of each time with warm caches over the best such time of the shape; 0 where that is not known. */
  readonly warm: Float64Array
  /** Best time of each shape over all configs measured, also those that the matrix no longer holds. */
  readonly best: Float64Array
  /** Milliseconds of each shape's default config; NaN where that is not known. */
  readonly standard: Float64Array
  /** Processors of the device, where the records say so. */
  readonly units: number | undefined
  /** Shapes on which no config runs: nothing can be learned from them, but they are reported. */
  readonly uncovered: readonly SweepShape[]
}

/** Losses of a matrix: natural log of time over best time of the row; Infinity where forbidden. */
export type Losses = readonly Float64Array[]

/** Noise excuses no more than this share of the time, however badly it was measured. */
export const LARGEST_TIE = 0.02
/** Standard errors of a difference within which two times are the same. */
export const WITHIN_NOISE = 2
/** 10 % slower with warm caches counts as 1 % slower; more than twice as slow, no more. */
const WARM_SHARE = 0.1
const WORST_WARM = Math.LN2
/** What is tied with the default config of a shape is no reason to choose another. */
const BESIDE_DEFAULT = 1e-3

/** Throws DataError when no config runs on any shape. */
export function toMatrix(sweep: Sweep): TimingMatrix {
  const measured = sweep.shapes.map((_, shape) => sweep.configs.map((_, config) => sweep.cell(shape, config)))
  const covered = range(measured.length).filter((row) => measured[row]?.some((cell) => cell?.status === 'ok'))
  const used = range(sweep.configs.length).filter((column) =>
    covered.some((row) => measured[row]?.[column]?.status === 'ok'),
  )
  if (covered.length === 0)
    throw new DataError(`no config of kernel ${sweep.kernel} ran on any shape`, {
      remedy: 'Look at the failures in the records, or measure again.',
    })
  const defaults = covered.map((row) => sweep.defaultCell(row))
  const standard = defaults.some((cell) => cell) ? [DEFAULT_OF_SHAPE] : []
  const configs = [...used.map((column) => entryAt(sweep.configs, column)), ...standard]
  const cells = covered.map((row, r) => [
    ...used.map((column) => measured[row]?.[column]),
    ...standard.map(() => defaults[r]),
  ])
  const times = new Float64Array(covered.length * configs.length).fill(Number.POSITIVE_INFINITY)
  const noise = new Float64Array(times.length)
  cells.flat().forEach((cell, index) => {
    if (!cell || cell.samples.length === 0) return
    times[index] = median(cell.samples)
    noise[index] = standardError(cell.samples)
  })
  return {
    kernel: sweep.kernel,
    shapes: covered.map((row) => entryAt(sweep.shapes, row)),
    configs,
    times,
    refused: Uint8Array.from(cells.flat(), (cell) => Number(cell?.status === 'invalid')),
    noise: steadied(noise),
    warm: Float64Array.from(cells.flatMap((row) => warmLosses(row.map((cell) => cell?.warmMs)))),
    best: Float64Array.from(covered, (_, r) =>
      minOf(times.subarray(r * configs.length, (r + 1) * configs.length)),
    ),
    standard: Float64Array.from(covered, (row) => sweep.defaultMs(row) ?? Number.NaN),
    units: sweep.run?.compute_units,
    uncovered: sweep.shapes.filter((_, row) => !covered.includes(row)),
  }
}

/** The choice of whatever is the default config of a shape. */
const DEFAULT_OF_SHAPE: SweepConfig = { hash: sha16({}), data: {} }

/** Whether the last config is that choice. */
export function offersDefault({ configs }: Pick<TimingMatrix, 'configs'>): boolean {
  return isOpen(configs.at(-1)?.data ?? { none: true })
}

/** The times of one shape. */
export function timesOf(matrix: TimingMatrix, row: number): Float64Array {
  const columns = matrix.configs.length
  return matrix.times.subarray(row * columns, (row + 1) * columns)
}

/** Which configs the compiler refused on one shape. */
export function refusedOn(matrix: TimingMatrix, row: number): Uint8Array {
  const columns = matrix.configs.length
  return matrix.refused.subarray(row * columns, (row + 1) * columns)
}

/** Time of a choice over the best time of its row. */
export function regretOf(matrix: TimingMatrix, row: number, column: number): number {
  return at(timesOf(matrix, row), column) / at(matrix.best, row)
}

/**
 * Time of the default config over the best time, by row, NaN where it is not known; `undefined` where it is
 * known nowhere.
 */
export function defaultRegrets({ standard, best }: TimingMatrix): readonly number[] | undefined {
  return standard.every(Number.isNaN) ? undefined : Array.from(standard, (ms, row) => ms / at(best, row))
}

/**
 * The log regret of each row above which a choice is slower than the default config, and by more than noise
 * excuses; Infinity where the time of the default is not known.
 */
export function limitsByDefault({ standard, best }: TimingMatrix): Float64Array {
  return standard.map((ms, row) =>
    Number.isNaN(ms) ? Number.POSITIVE_INFINITY : Math.log(ms / at(best, row)) + LARGEST_TIE,
  )
}

/**
 * What each choice costs, with differences inside the noise of the measurement taken off: such ties are
 * broken by times with warm caches, of which a share counts, and in favour of the default config.
 */
export function lossesOf(matrix: TimingMatrix): Losses {
  const losses = lossTable(
    matrix,
    (loss, noise, _own, warm) =>
      Math.max(0, loss - Math.min(LARGEST_TIE, WITHIN_NOISE * noise)) +
      WARM_SHARE * Math.min(warm, WORST_WARM),
  )
  return losses.map((row, index) => {
    const standard = at(matrix.standard, index)
    const isDefault = timesOf(matrix, index).map((ms) => Number(ms === standard))
    if (!isDefault.includes(1)) return row
    return row.map((loss, column) => (isDefault[column] === 1 ? loss : loss + BESIDE_DEFAULT))
  })
}

/**
 * The part of each loss that is no accident of measuring, by the scatter of the samples; NaN where that is
 * not known, or where the config failed.
 */
export function certainLosses(matrix: TimingMatrix): Losses {
  return lossTable(matrix, (loss, noise, own) =>
    own === 0 ? Number.NaN : Math.max(0, loss - WITHIN_NOISE * noise),
  )
}

/** The same where it is known, else each loss as it was measured: what a choice may be blamed for. */
export function blamedLosses(matrix: TimingMatrix): Losses {
  return lossTable(matrix, (loss, noise, own) =>
    own === 0 ? loss : Math.max(0, loss - WITHIN_NOISE * noise),
  )
}

/**
 * `lossOf` gets log regret, the noise of the difference to the best time, the noise of the cell's own, and
 * the log regret with warm caches.
 */
function lossTable(
  matrix: TimingMatrix,
  lossOf: (loss: number, noise: number, own: number, warm: number) => number,
): Losses {
  const columns = matrix.configs.length
  return matrix.shapes.map((_, row) => {
    const times = timesOf(matrix, row)
    const bestNoise = at(matrix.noise, row * columns + argmin(times))
    return times.map((time, column) => {
      const cell = row * columns + column
      const own = at(matrix.noise, cell)
      const loss = Math.log(time / at(matrix.best, row))
      return lossOf(loss, Math.hypot(own, bestNoise), own, at(matrix.warm, cell))
    })
  })
}

/** A matrix of some of the rows of another. */
export function rowsOf(matrix: TimingMatrix, rows: readonly number[]): TimingMatrix {
  const columns = matrix.configs.length
  const cells = rows.flatMap((row) => range(columns).map((column) => row * columns + column))
  const shapes = rows.map((row) => entryAt(matrix.shapes, row))
  const best = Float64Array.from(rows, (row) => at(matrix.best, row))
  const standard = Float64Array.from(rows, (row) => at(matrix.standard, row))
  return { ...matrix, shapes, best, standard, ...cellsOf(matrix, cells) }
}

/** A matrix of some of the columns of another; what is best is still judged by all. */
export function columnsOfMatrix(matrix: TimingMatrix, columns: readonly number[]): TimingMatrix {
  const all = matrix.configs.length
  const cells = matrix.shapes.flatMap((_, row) => columns.map((column) => row * all + column))
  const configs = columns.map((column) => entryAt(matrix.configs, column))
  return { ...matrix, configs, ...cellsOf(matrix, cells) }
}

/** What has a number for each cell. */
function cellsOf({ times, noise, warm, refused }: TimingMatrix, cells: readonly number[]) {
  const take = (values: Float64Array) => Float64Array.from(cells, (cell) => at(values, cell))
  return {
    times: take(times),
    noise: take(noise),
    warm: take(warm),
    refused: Uint8Array.from(cells, (cell) => refused[cell] ?? 0),
  }
}

function warmLosses(times: readonly (number | undefined)[]): readonly number[] {
  const best = Math.min(...times.map((ms) => ms ?? Number.POSITIVE_INFINITY))
  return times.map((ms) => (ms === undefined ? 0 : Math.log(ms / best)))
}

/**
 * Of a normal distribution: standard over median absolute deviation, error of the median over that of the
 * mean.
 */
const NORMAL = { deviation: 1.4826, median: 1.2533 } as const

/** Of the median, relative, from the median absolute deviation; 0 for fewer than three samples. */
export function standardError(samples: readonly number[]): number {
  if (samples.length < 3) return 0
  const middle = median(samples)
  const deviation = NORMAL.deviation * median(samples.map((sample) => Math.abs(sample - middle)))
  return (NORMAL.median * deviation) / middle / Math.sqrt(samples.length)
}

/**
 * A handful of samples estimates noise badly: each estimate is averaged with the typical one of the sweep.
 */
function steadied(noise: Float64Array): Float64Array {
  const known = [...noise].filter((value) => value > 0)
  if (known.length === 0) return noise
  const typical = median(known)
  return noise.map((value) => (value > 0 ? Math.hypot(value, typical) / Math.SQRT2 : 0))
}
