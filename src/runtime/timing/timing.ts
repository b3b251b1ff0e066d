/**
 * How long launches take on the GPU. Steps: one run to set up, a few to estimate, a warm-up, then as many
 * samples as the time allows, several candidates in turn so that drift hits all alike. All samples are
 * returned with the median, and how far to trust it: which clock, how fine, how much the samples scatter.
 */
import { GpuError, TimeoutError } from '../../support/errors.ts'
import { clamp, errorOfMedian, median, quantile } from '../../support/maths.ts'
import type { Launch } from '../commands/launch.ts'
import type { Device } from '../device.ts'
import { type Clock, openClock, type Sample } from './clock.ts'

/** How to time launches. */
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
   * Milliseconds that a candidate which is timed alone has to beat: one that is clearly slower gets no more
   * samples than it takes to see that. Default none.
   */
  readonly rivalMs?: number
  /**
   * Relative error of the median that is good enough for a candidate which is timed alone: no more samples
   * than that takes, after the first few. Default none: as many as the time allows.
   */
  readonly precision?: number
  /** Milliseconds that a launch takes at most, if that is known: saves finding out. */
  readonly expectedMs?: number
  /** Milliseconds after which to give up with a TimeoutError. Default none. */
  readonly timeoutMs?: number
}

/** How long a launch takes, in milliseconds, and how far to trust it. */
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
/** What takes this multiple of what it has to beat is behind, by its estimate alone. */
const FAR_BEHIND = 1.5
/** So many samples tell what is behind by so many standard errors; scatter is taken to be at least this. */
const FIRST_SAMPLES = 12
const CLEARLY = 4
/** As many times more samples are taken before their error is looked at again. */
const MORE = 3
const LIKELY_SPREAD = 0.02
/** A sample lasts at least so many steps of the clock. */
const MIN_STEPS = 20
const MAX_REPEATS = 10_000
const MAX_ATTEMPTS = 5
/** As much longer a sample becomes by what one round of estimates says: some say far too little. */
const MOST_GROWTH = 10
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
    const { warmupMs = 5, targetMs = 50, minSamples = 3, maxSamples = 1000 } = this.#options
    const { maxWarmups = maxSamples } = this.#options
    const plans: Plan[] = []
    for (const launches of this.#candidates) plans.push(await this.#plan(launches, targetMs))
    const [alone] = plans.length === 1 ? plans : []
    if (alone && this.#isBehind(alone, FAR_BEHIND)) return [this.#summary(alone, alone.estimates)]
    const warmups = plans.flatMap((plan) =>
      repeat(plan, clamp(Math.floor(warmupMs / plan.ms), 1, maxWarmups)),
    )
    const slowest = Math.max(...plans.map(({ ms }) => ms))
    const rounds = clamp(Math.floor(targetMs / slowest), minSamples, maxSamples)
    const turns = Array.from({ length: rounds }, () => plans).flat()
    const first = turns.slice(0, alone ? FIRST_SAMPLES : turns.length)
    const times = (await this.#run([...warmups, ...first])).slice(warmups.length)
    while (times.length < turns.length && alone && !this.#isEnough(alone, times))
      times.push(...(await this.#run(turns.slice(times.length, MORE * times.length))))
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
    const { expectedMs } = this.#options
    const once: Plan = { launches, repeats: 1, ms: expectedMs ?? 0, estimates: [] }
    const known = expectedMs === undefined ? 0 : estimateCount(targetMs, expectedMs)
    const [setup = 0, ...early] = await this.#run(repeat(once, 1 + known))
    let plan: Plan = { ...once, ms: setup, estimates: [setup] }
    for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
      const found =
        attempt === 0 && known > 0 ? early : await this.#run(repeat(plan, estimateCount(targetMs, plan.ms)))
      // A clock that is set makes a single one useless: the first run takes no less than it should say.
      const estimates = found.length > 1 ? found : [Math.min(...[...found, setup].filter(Number.isFinite))]
      const least = this.#clock.resolutionMs
      // The least of them: a machine that is busy with other things makes none of them shorter.
      const ms = Math.max(Math.min(...estimates.filter(Number.isFinite)), least / MIN_STEPS, Number.EPSILON)
      plan = { ...plan, ms, estimates }
      if (ms >= MIN_STEPS * least || plan.repeats === MAX_REPEATS) return plan
      // Aims above the goal: an estimate of a few steps is a rough one.
      const growth = (2 * MIN_STEPS * least) / ms
      const repeats = clamp(Math.ceil(plan.repeats * Math.min(growth, MOST_GROWTH)), 1, MAX_REPEATS)
      plan = { launches, repeats, ms: (ms * repeats) / plan.repeats, estimates: [] }
    }
    return plan
  }

  /** Whether a candidate takes clearly longer than `share` times what it has to beat. */
  #isBehind({ ms, repeats }: Plan, share: number, samples?: readonly number[]): boolean {
    const { rivalMs } = this.#options
    if (rivalMs === undefined) return false
    const { middle, error } = samples ? likely(samples) : { middle: ms, error: 0 }
    // Where a clock was set in all there is, nothing is known yet.
    return Number.isFinite(middle) && middle * (1 - CLEARLY * error) > share * rivalMs * repeats
  }

  /** Whether more samples would tell nothing that is wanted. */
  #isEnough(plan: Plan, samples: readonly number[]): boolean {
    return likely(samples).error <= (this.#options.precision ?? 0) || this.#isBehind(plan, 1, samples)
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

/** The median of samples and its relative error; NaN and Infinity where there is none. */
function likely(samples: readonly number[]): { readonly middle: number; readonly error: number } {
  const found = samples.filter(Number.isFinite)
  if (found.length === 0) return { middle: Number.NaN, error: Number.POSITIVE_INFINITY }
  const middle = median(found)
  const spread = median(found.map((sample) => Math.abs(sample / middle - 1)))
  return { middle, error: errorOfMedian(Math.max(spread, LIKELY_SPREAD), found.length) }
}

function estimateCount(targetMs: number, setupMs: number): number {
  if (setupMs >= targetMs) return 1
  return clamp(Math.floor(targetMs / Math.max(setupMs, Number.EPSILON)), MIN_ESTIMATES, ESTIMATES)
}

function repeat<T>(item: T, count: number): T[] {
  return Array.from({ length: count }, () => item)
}
