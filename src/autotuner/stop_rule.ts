/**
 * When a search is over because nothing measurable is left to win: the best config takes as long as the least
 * launch on the same tensors, or what lies between the two, over all the calls that a search is made for, is
 * less than what the search has taken already. What could still be won is judged by its upper limit, so that
 * the rule never ends a search that could win something.
 */
import type { LaunchTime } from './benchmarker.ts'
import { formatMs } from './progress.ts'

/** A difference below the first share of the least launch is none; above the second it is real. */
const LEAST_TIE = 0.15
const MOST_TIE = 0.5
/** A normal deviation is this multiple of the median one. */
const DEVIATION = 1 / 0.6745

/** What a tuning run knows of the least launch, and whether that ended it. */
export class StopRule {
  readonly #calls: number
  #asked = false
  #floor: LaunchTime | undefined
  #reason: string | undefined

  /** `calls` that a search is made for. */
  constructor(calls: number) {
    this.#calls = calls
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
    const gain = Math.max(0, best.ms - this.#floor.ms)
    const times = `the best config takes ${formatMs(best.ms)}, the least launch ${formatMs(this.#floor.ms)}`
    if (this.reaches(best)) this.#reason = `${times}: they cannot be told apart`
    else if (gain * this.#calls <= elapsedMs)
      this.#reason = `${times}: ${this.#calls.toExponential(0)} calls cannot win back the time of the search`
  }

  /** Whether a launch differs from the least one by less than two launches of the same thing may. */
  reaches({ ms, spread }: LaunchTime): boolean {
    const floor = this.#floor
    if (!floor) return false
    const scatter = 2 * DEVIATION * Math.hypot(ms * spread, floor.ms * floor.spread)
    return ms - floor.ms <= Math.min(Math.max(scatter, LEAST_TIE * floor.ms), MOST_TIE * floor.ms)
  }
}
