/**
 * When a search is over because nothing measurable is left to win: the best config takes as long as the least
 * launch on the same tensors, or what lies between the two, over all the calls that a search is made for, is
 * less than what the search has taken already. What could still be won is judged by its upper limit: the
 * least launch, which no config can beat. Given up are gains within the tie, a share of it that the effort
 * sets.
 */

import { formatMs } from '../progress.ts'
import type { LaunchTime } from '../trial/benchmarker.ts'

/** A difference above this share of the least launch is real, however much the times scatter. */
const MOST_TIE = 0.5
/** A normal deviation is this multiple of the median one. */
const DEVIATION = 1 / 0.6745

/** How soon a search is over. */
export interface StopProfile {
  /** Calls that a search is made for: when all of them could not win back its time, it ends. */
  readonly calls: number
  /** A difference below this share of the least launch is none, however little the times scatter. */
  readonly tie: number
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

  /** Why the search is over, in words; undefined while something may be won. */
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
    const { calls } = this.#profile
    const gain = Math.max(0, best.ms - this.#floor.ms)
    const times = `the best config takes ${formatMs(best.ms)}, the least launch ${formatMs(this.#floor.ms)}`
    if (this.reaches(best)) this.#reason = `${times}: they cannot be told apart`
    else if (gain * calls <= elapsedMs)
      this.#reason = `${times}: ${calls.toExponential(0)} calls cannot win back the time of the search`
  }

  /** Whether a launch differs from the least one by less than two launches of the same thing may. */
  reaches(launch: LaunchTime): boolean {
    return this.#floor !== undefined && launch.ms - this.#floor.ms <= this.#tie(launch, this.#floor)
  }

  /** Whether a launch is faster than the least one by more than that, which cannot be. */
  isBelow(launch: LaunchTime): boolean {
    return this.#floor !== undefined && this.#floor.ms - launch.ms > this.#tie(launch, this.#floor)
  }

  #tie({ ms, spread }: LaunchTime, floor: LaunchTime): number {
    const scatter = 2 * DEVIATION * Math.hypot(ms * spread, floor.ms * floor.spread)
    return Math.min(Math.max(scatter, this.#profile.tie * floor.ms), MOST_TIE * floor.ms)
  }
}
