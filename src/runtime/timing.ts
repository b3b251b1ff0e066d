/**
 * How long launches take on the GPU. Steps: one run to set up, a few to estimate, a warm-up, then as many
 * samples as the time allows, several candidates in turn so that drift hits all alike. All samples are
 * returned with the median, and how far to trust it: which clock, how fine, how much the samples scatter.
 */
import { GpuError, TimeoutError } from '../support/errors.ts'
import { clamp, median, quantile } from '../support/maths.ts'
import { type Clock, openClock, type Sample } from './clock.ts'
import type { Device } from './device.ts'
import type { Launch } from './launch.ts'

export interface TimingOptions {
  /** Milliseconds of warm-up for each candidate. Default 5. */
  readonly warmupMs?: number
  /** Most runs of the warm-up. Default as many as samples. */
  readonly maxWarmups?: number
  /** Milliseconds of samples for each candidate; for several, those of the slowest. Default 50. */
  readonly targetMs?: number
  /** Default 3. */
  readonly minSamples?: number
  /** Default 1000. */
  readonly maxSamples?: number
  /** Overwrite the cache before each sample. Default true; the wall clock cannot. */
  readonly flushCache?: boolean
  /**
   * Milliseconds above which a candidate that is timed alone is too slow to be of interest: the few samples
   * of its estimate are all it gets. Default none.
   */
  readonly giveUpAboveMs?: number
  /** Milliseconds after which to give up with a TimeoutError. Default none. */
  readonly timeoutMs?: number
}

export interface Timing {
  /** Median of the samples. */
  readonly medianMs: number
  /** A tenth of the samples is faster. */
  readonly p10Ms: number
  /** A tenth of the samples is slower. */
  readonly p90Ms: number
  /** Median absolute deviation from the median, divided by the median. */
  readonly spread: number
  /** Milliseconds of one launch, in the order measured. */
  readonly samplesMs: readonly number[]
  /** `gpu`: timestamps; `wall`: the host's clock around whole submits, less their overhead. */
  readonly clock: 'gpu' | 'wall'
  /** Shortest difference the clock can tell, for one launch. */
  readonly resolutionMs: number
  /** Launches in a row that one sample is the mean of; more than 1 where the clock is coarse. */
  readonly launchesPerSample: number
  /** Whether each sample started with a cold cache. */
  readonly cacheFlushed: boolean
}

const ESTIMATES = 5
const MIN_ESTIMATES = 3
/** A sample lasts at least so many steps of the clock. */
const MIN_STEPS = 20
const MAX_REPEATS = 10_000
const MAX_ATTEMPTS = 4
/** Long submits make the desktop stutter and wake watchdogs. */
const SUBMIT_MS = 100
/** What the work between two samples takes, roughly. */
const BETWEEN_MS = 0.3

/**
 * Times one thing: launches that belong together, in order. Rejects with GpuError, TimeoutError,
 * AdapterError.
 */
export async function timeLaunches(
  device: Device,
  launches: readonly Launch[],
  options: TimingOptions = {},
): Promise<Timing> {
  const [timing] = await timeInterleaved(device, [launches], options)
  if (!timing) throw new Error('one candidate, no timing')
  return timing
}

/**
 * Times several things in turn, round by round; results in the order given. Rejects as `timeLaunches` does.
 */
export async function timeInterleaved(
  device: Device,
  candidates: readonly (readonly Launch[])[],
  options: TimingOptions = {},
): Promise<Timing[]> {
  for (const { storages } of candidates.flat()) for (const { failure } of storages) if (failure) throw failure
  return await timeWith(await openClock(device, options.flushCache ?? true), candidates, options)
}

/** The same on a clock of the caller's, which is disposed at the end. */
export async function timeWith(
  clock: Clock,
  candidates: readonly (readonly Launch[])[],
  options: TimingOptions = {},
): Promise<Timing[]> {
  const session = new Session(clock, candidates, options)
  try {
    return await withTimeout(session.measure(), options.timeoutMs, 'Timing on the GPU')
  } finally {
    session.stop()
  }
}

/** The result of `work`, or a TimeoutError after so many milliseconds. The work itself goes on. */
export async function withTimeout<T>(
  work: Promise<T>,
  timeoutMs: number | undefined,
  what: string,
): Promise<T> {
  if (timeoutMs === undefined) return await work
  let timer: ReturnType<typeof setTimeout> | undefined
  const expired = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      reject(
        new TimeoutError(`${what} took longer than ${timeoutMs} ms`, {
          remedy:
            'The GPU may still be busy: wait for device.finished(), or abandon() the device for another.',
        }),
      )
    }, timeoutMs)
  })
  try {
    return await Promise.race([work, expired])
  } finally {
    clearTimeout(timer)
  }
}

/** One call of timeInterleaved. */
class Session {
  readonly #clock: Clock
  readonly #candidates: readonly (readonly Launch[])[]
  readonly #options: TimingOptions
  #stopped = false
  #running = false

  constructor(clock: Clock, candidates: readonly (readonly Launch[])[], options: TimingOptions) {
    this.#clock = clock
    this.#candidates = candidates
    this.#options = options
  }

  async measure(): Promise<Timing[]> {
    const { warmupMs = 5, targetMs = 50, minSamples = 3, maxSamples = 1000, giveUpAboveMs } = this.#options
    const { maxWarmups = maxSamples } = this.#options
    const plans: Plan[] = []
    for (const launches of this.#candidates) plans.push(await this.#plan(launches, targetMs))
    const [first] = plans
    if (
      first &&
      plans.length === 1 &&
      giveUpAboveMs !== undefined &&
      first.ms > giveUpAboveMs * first.repeats
    )
      return [this.#summary(first, first.estimates)]
    for (const plan of plans)
      await this.#run(repeat(plan, clamp(Math.floor(warmupMs / plan.ms), 1, maxWarmups)))
    const slowest = Math.max(...plans.map(({ ms }) => ms))
    const rounds = clamp(Math.floor(targetMs / slowest), minSamples, maxSamples)
    const turns = Array.from({ length: rounds }, () => plans).flat()
    const times = await this.#run(turns)
    return plans.map((plan, i) =>
      this.#summary(
        plan,
        times.filter((_, turn) => turn % plans.length === i),
      ),
    )
  }

  /** Ends the session after the submit in flight; frees what it holds. */
  stop(): void {
    this.#stopped = true
    if (!this.#running) this.#clock.dispose()
  }

  /** Estimates the time of a sample and makes it long enough for the clock. */
  async #plan(launches: readonly Launch[], targetMs: number): Promise<Plan> {
    const [setup = 0] = await this.#run([{ launches, repeats: 1, ms: 0, estimates: [] }])
    let plan: Plan = { launches, repeats: 1, ms: setup, estimates: [setup] }
    for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
      const found = await this.#run(repeat(plan, estimateCount(targetMs, plan.ms)))
      // A clock that is set makes a single one useless: the first run takes no less than it should say.
      const estimates = found.length > 1 ? found : [Math.min(...[...found, setup].filter(Number.isFinite))]
      const least = this.#clock.resolutionMs
      // The least of them: a machine that is busy with other things makes none of them shorter.
      const ms = Math.max(Math.min(...estimates.filter(Number.isFinite)), least / MIN_STEPS, Number.EPSILON)
      plan = { ...plan, ms, estimates }
      if (ms >= MIN_STEPS * least || plan.repeats === MAX_REPEATS) return plan
      // Aims above the goal: an estimate of a few steps is a rough one.
      const growth = (2 * MIN_STEPS * least) / ms
      const repeats = clamp(Math.ceil(plan.repeats * growth), 1, MAX_REPEATS)
      plan = { launches, repeats, ms: (ms * repeats) / plan.repeats, estimates: [] }
    }
    return plan
  }

  async #run(plans: readonly Plan[]): Promise<number[]> {
    const times: number[] = []
    let batch: Plan[] = []
    let batchMs = 0
    const submit = async () => {
      times.push(...(await this.#submit(batch)))
      batch = []
      batchMs = 0
    }
    for (const plan of plans) {
      batch.push(plan)
      batchMs += plan.ms + BETWEEN_MS
      if (batchMs > SUBMIT_MS || batch.length === this.#clock.maxSamples) await submit()
    }
    if (batch.length > 0) await submit()
    return times
  }

  async #submit(batch: readonly Plan[]): Promise<number[]> {
    if (this.#stopped) throw new Error('timing was stopped')
    this.#running = true
    try {
      return await this.#clock.run(batch)
    } finally {
      this.#running = false
      if (this.#stopped) this.#clock.dispose()
    }
  }

  #summary({ repeats }: Plan, samples: readonly number[]): Timing {
    const samplesMs = samples.filter(Number.isFinite).map((ms) => ms / repeats)
    if (samplesMs.length === 0) throw new GpuError('The GPU wrote no usable timestamps')
    const medianMs = median(samplesMs)
    const deviation = median(samplesMs.map((ms) => Math.abs(ms - medianMs)))
    return {
      medianMs,
      p10Ms: quantile(samplesMs, 0.1),
      p90Ms: quantile(samplesMs, 0.9),
      spread: medianMs > 0 ? deviation / medianMs : 0,
      samplesMs,
      clock: this.#clock.kind,
      resolutionMs: this.#clock.resolutionMs / repeats,
      launchesPerSample: repeats,
      cacheFlushed: this.#clock.flushesCache && repeats === 1,
    }
  }
}

/** A sample and how long it is thought to take. */
interface Plan extends Sample {
  readonly ms: number
  /** The samples behind this. */
  readonly estimates: readonly number[]
}

function estimateCount(targetMs: number, setupMs: number): number {
  if (setupMs >= targetMs) return 1
  return clamp(Math.floor(targetMs / Math.max(setupMs, Number.EPSILON)), MIN_ESTIMATES, ESTIMATES)
}

function repeat<T>(item: T, count: number): T[] {
  return Array.from({ length: count }, () => item)
}
