/**
 * The only thing a search knows of the GPU: something that turns configs into measurements. Implemented over
 * real kernels in kernel_benchmarker.ts, and by cost functions in tests.
 */
import type { Config } from '../../config/config.ts'
import type { Budget } from '../budget.ts'

/**
 * `ok`: right and timed; `duplicate`: its shader was timed before, under another config; `invalid`: cannot be
 * built for this kernel and device; `wrong`: differs from the reference; `timeout`, `error`: while compiling
 * or running; `filtered`: refused by the user's filter.
 */
export const STATUSES = ['ok', 'duplicate', 'invalid', 'wrong', 'timeout', 'error', 'filtered'] as const
export type Status = (typeof STATUSES)[number]

export interface Measurement {
  readonly config: Config
  readonly status: Status
  /** Median time of one launch in milliseconds; Infinity unless the status is `ok` or `duplicate`. */
  readonly ms: number
  /** Median distance of the samples from their median, relative to it. */
  readonly spread: number
  /** What `ms` is the median of. */
  readonly samplesMs: readonly number[]
  readonly compileMs: number | undefined
  /** What the trial took: compiling, checking and timing. Absent where nothing was tried. */
  readonly costMs?: number | undefined
  /** Tells the generated shaders apart; undefined when there are none. */
  readonly programHash: string | undefined
  /** Why there is no time. */
  readonly reason: string | undefined
}

export interface MeasureOptions {
  /** Measuring stops between two configs when it is used up. */
  readonly budget: Budget
  readonly compileTimeoutMs: number
  /**
   * Called before configs are built or run, each time with all those that are being worked on: should the
   * process or the device end, one of them is the cause.
   */
  readonly onTrying?: ((configs: readonly Config[]) => void) | undefined
  /** Where each config comes from, for those who keep records. */
  readonly originOf?: ((config: Config) => string) | undefined
  /** Configs that may be measured next, the likeliest first: they can be built while these are measured. */
  readonly likely?: readonly Config[] | undefined
  /** Asked between two configs; true ends the batch. */
  readonly enough?: (() => boolean) | undefined
  /** Called after each config, in any order. */
  readonly onMeasured?: ((measurement: Measurement) => void) | undefined
}

export interface RemeasureOptions {
  readonly budget: Budget
  /** GPU time to spend on each config. */
  readonly targetMs: number
  /** Most samples of each config. */
  readonly maxSamples?: number | undefined
  /**
   * With warm caches, for a look at another side of configs: these times are not to be mixed with others.
   * Where all times are of warm caches anyway, there is no answer.
   */
  readonly warmCache?: true
}

/** Time of a launch, and how much single ones scatter: as `spread` of a measurement. */
export type LaunchTime = Pick<Measurement, 'ms' | 'spread'>

export interface Benchmarker {
  /**
   * How many configs should be chosen before they can be measured, so that each is built in time. Always the
   * same for the same work. None when absent.
   */
  readonly ahead?: number | undefined
  /**
   * Makes ready for measuring: opens what runs configs, and begins to build those that will be measured next,
   * where that disturbs nothing. `isOpen` is asked before one is built whose code is known.
   */
  prepare?(configs: readonly Config[], isOpen?: (config: Config) => boolean): void
  /** Builds, checks and times, in any order. Answers for the configs that it came to, in their order. */
  measure(configs: readonly Config[], options: MeasureOptions): Promise<readonly Measurement[]>
  /**
   * Times configs that were `ok` again, in turns, so that drifts of the clock meet all of them alike. Answers
   * for all of them, or for none when time does not suffice or the comparison failed.
   */
  remeasure(configs: readonly Config[], options: RemeasureOptions): Promise<readonly Measurement[]>
  /**
   * Runs a config on other contents of the tensors. Answers with what is wrong with it there; undefined where
   * nothing is, and where that cannot be told.
   */
  recheck?(config: Config): Promise<Measurement | undefined>
  /** Times the least launch on the same tensors; undefined where that cannot be told. */
  leastLaunch(): Promise<LaunchTime | undefined>
}

/** A measurement without a time. */
export function failure(
  config: Config,
  status: Exclude<Status, 'ok' | 'duplicate'>,
  reason: string,
  known: Partial<Pick<Measurement, 'compileMs' | 'programHash'>> = {},
): Measurement {
  const { compileMs, programHash } = known
  return {
    config,
    status,
    ms: Number.POSITIVE_INFINITY,
    spread: 0,
    samplesMs: [],
    compileMs,
    programHash,
    reason,
  }
}
