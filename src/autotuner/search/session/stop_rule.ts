/**
 * When a search is over. Either nothing measurable is left to win: the best config takes as long as the least
 * launch on the same tensors, or what lies between the two, in all the work that a search is made for, is
 * less than what the search has taken already. Or going on is not worth it: what may be expected of as many
 * trials again, in all that work, is less than they would cost.
 *
 * What may be expected: half as many trials would have found, on average over all halves, what is told by the
 * times that were measured (of the fastest config every second half has none, of the two fastest every
 * fourth, and so on). Each doubling gains less than the one before, so twice as many will hardly gain more
 * than that.
 */

import { formatMs } from '../../progress.ts'
import type { LaunchTime } from '../../trial/benchmarker.ts'

/** A difference above this share of the least launch is real, however much the times scatter. */
const MOST_TIE = 0.5
/** A normal deviation is this multiple of the median one. */
const DEVIATION = 1 / 0.6745
/** Fewer trials say nothing of those to come. */
const TELLING_TRIALS = 12
/**
 * What the next doubling may gain where all that was measured is alike: every second one finds a faster
 * config, by no less than what two comparisons can tell.
 */
const LEAST_GAIN = 0.02 / 2

/** How soon a search is over. */
export interface StopProfile {
  /** Milliseconds of the kernel's work that a search is made for: it may take what it can save of them. */
  readonly workMs: number
  /** A difference below this share of the least launch is none, however little the times scatter. */
  readonly tie: number
}

/** What a search has come to. */
export interface Standings {
  /** Times of all different programs that work, in ascending order. */
  readonly timesMs: readonly number[]
  readonly trials: number
  /** What a trial has cost lately. */
  readonly trialMs: number
}

/** What a tuning run knows of the least launch, and whether that ended it. */
export class StopRule {
  readonly #profile: StopProfile
  #asked = false
  #floor: LaunchTime | undefined
  #reason: string | undefined

  constructor(profile: StopProfile) {
    this.#profile = profile
  }

  /** Why nothing is left to win, in words; undefined while something may be. */
  get reason(): string | undefined {
    return this.#reason
  }

  /** Whether the least launch is still to be timed. */
  get isOpen(): boolean {
    return !this.#asked
  }

  /** Takes the time of the least launch; undefined stands for one that cannot be told. */
  learn(floor: LaunchTime | undefined): void {
    this.#asked = true
    this.#floor = floor
  }

  /** Judges by the best config so far and what the search has taken; a verdict stands once it is given. */
  judge(best: LaunchTime, elapsedMs: number): void {
    if (this.#reason !== undefined || !this.#floor) return
    const gain = Math.max(0, 1 - this.#floor.ms / best.ms)
    const times = `the best config takes ${formatMs(best.ms)}, the least launch ${formatMs(this.#floor.ms)}`
    if (this.reaches(best)) this.#reason = `${times}: they cannot be told apart`
    else if (gain * this.#profile.workMs <= elapsedMs)
      this.#reason = `${times}: ${this.#work} cannot win back the time of the search`
  }

  /** Why as many trials again are not worth what they cost, in words; undefined while they may be. */
  dissuades({ timesMs, trials, trialMs }: Standings): string | undefined {
    const costMs = trials * trialMs
    const gain = Math.max(LEAST_GAIN, gainOfLastDoubling(timesMs))
    if (trials < TELLING_TRIALS || gain * this.#profile.workMs > costMs) return undefined
    const [seconds, share] = [(costMs / 1000).toFixed(1), (100 * gain).toFixed(1)]
    return `${trials} further configs would take ${seconds} s, and may save ${share} % of ${this.#work}`
  }

  /** Whether a launch differs from the least one by less than two launches of the same thing may. */
  reaches(launch: LaunchTime): boolean {
    return this.#floor !== undefined && launch.ms - this.#floor.ms <= this.#tie(launch, this.#floor)
  }

  /** Whether a launch is faster than the least one by more than that, which cannot be. */
  isBelow(launch: LaunchTime): boolean {
    return this.#floor !== undefined && this.#floor.ms - launch.ms > this.#tie(launch, this.#floor)
  }

  get #work(): string {
    return `${Math.round(this.#profile.workMs / 60_000)} minutes of its work`
  }

  #tie({ ms, spread }: LaunchTime, floor: LaunchTime): number {
    const scatter = 2 * DEVIATION * Math.hypot(ms * spread, floor.ms * floor.spread)
    return Math.min(Math.max(scatter, this.#profile.tie * floor.ms), MOST_TIE * floor.ms)
  }
}

/** The share by which the best of all trials is faster, on average, than the best of half of them. */
function gainOfLastDoubling(timesMs: readonly number[]): number {
  const [best = 0] = timesMs
  let [mean, chance] = [0, 1]
  for (const ms of timesMs) {
    chance /= 2
    mean += chance * ms
  }
  mean += chance * (timesMs.at(-1) ?? 0)
  return mean > 0 ? 1 - best / mean : 0
}
