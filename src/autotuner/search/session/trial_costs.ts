/**
 * What a trial will cost, told by the length of its program. Drivers take more than twice the time for twice
 * the text: on a software adapter one config whose loops are unrolled can cost as much as a hundred others,
 * and is seldom the best. Configs that are thought to cost several times as much as the usual trial are
 * passed over, unless other trials show that they cost less. Usual is what the first trials cost, which
 * lie all over the space: a search that comes to dear places does not get used to them.
 */
import type { Config } from '../../../config/config.ts'
import { median, sum } from '../../../support/maths.ts'
import type { Measurement } from '../../trial/benchmarker.ts'
import type { Candidate } from '../history.ts'

/** What trials may cost. */
export interface CostProfile {
  /** Multiple of the usual cost above which a trial is passed over. */
  readonly dearest: number
}

/** Trials that have to be known before any is passed over, and those that say what is usual. */
const LEAST_KNOWN = 4
const USUAL = 16
/** Without evidence the cost grows as the length does; how many trials that assumption weighs, roughly. */
const LIKELY_POWER = 1
const WEIGHT = 0.5
/** Programs longer than this multiple of what was tried wait for what shorter ones cost. */
const REACH = 2
/**
 * Nobody knows what lies beyond that: where only such programs are left, the cost is taken to grow so fast.
 */
const POWER_BEYOND = 2

/** Runs of a trial that are no samples; and the share of its cost that building takes at least. */
const RUNS_BEFORE = 2
const LEAST_SHARE = 0.05

interface Point {
  readonly logLength: number
  readonly logCost: number
}

export class TrialCosts {
  readonly #dearest: number
  readonly #lengthOf: (config: Config) => number | undefined
  readonly #pinned: ReadonlySet<string>
  readonly #points: Point[] = []
  #longest = 0

  /**
   * `lengthOf` answers for the length of a config's program, undefined where there is none. Configs that are
   * `pinned` are never passed over.
   */
  constructor(
    { dearest }: CostProfile,
    lengthOf: (config: Config) => number | undefined = () => undefined,
    pinned: readonly Config[] = [],
  ) {
    this.#dearest = dearest
    this.#lengthOf = lengthOf
    this.#pinned = new Set(pinned.map(({ hash }) => hash))
  }

  /** Takes what a trial cost apart from running, which says nothing of the length. */
  learn({ config, costMs, ms, samplesMs }: Measurement): void {
    const length = Number.isFinite(this.#dearest) && costMs ? this.#lengthOf(config) : undefined
    if (!length || !costMs) return
    const runningMs = Number.isFinite(ms) ? ms * (samplesMs.length + RUNS_BEFORE) : 0
    const buildMs = Math.max(costMs - runningMs, costMs * LEAST_SHARE)
    this.#longest = Math.max(this.#longest, length)
    this.#points.push({ logLength: Math.log(length), logCost: Math.log(buildMs) })
  }

  /** Whether to pass a config over, by what is known now. */
  isTooDear(config: Config): boolean {
    if (this.#points.length < LEAST_KNOWN || this.#pinned.has(config.hash)) return false
    const length = this.#lengthOf(config)
    if (!length) return false
    const usual = median(this.#points.slice(0, USUAL).map(({ logCost }) => logCost))
    return this.#forecast(Math.log(length)) > usual + Math.log(this.#dearest)
  }

  /**
   * Those of `configs` to try next: affordable, and not much longer than what was tried. Before anything is
   * known, the shortest ones, no more than it takes to know.
   */
  next(configs: readonly Config[]): readonly Config[] {
    if (!Number.isFinite(this.#dearest)) return configs
    const affordable = configs.filter((config) => !this.isTooDear(config))
    const lengths = affordable.map((config) => this.#lengthOf(config) ?? 0)
    const missing = LEAST_KNOWN - this.#points.length
    const ascending = lengths.filter((length) => length > 0).sort((a, b) => a - b)
    const reach =
      missing > 0
        ? (ascending[missing - 1] ?? Number.POSITIVE_INFINITY)
        : REACH * Math.max(this.#longest, ascending[0] ?? 0)
    return affordable.filter((_, i) => (lengths[i] ?? 0) <= reach)
  }

  /** By the power law that fits best; a steep one from the longest program on for those out of reach. */
  #forecast(logLength: number): number {
    const { length: count } = this.#points
    const meanLength = sum(this.#points.map((point) => point.logLength)) / count
    const meanCost = sum(this.#points.map((point) => point.logCost)) / count
    let [along, squares] = [LIKELY_POWER * WEIGHT, WEIGHT]
    for (const point of this.#points) {
      const distance = point.logLength - meanLength
      along += distance * (point.logCost - meanCost)
      squares += distance ** 2
    }
    const power = along / squares
    const longest = Math.log(this.#longest)
    const beyond = logLength > longest + Math.log(REACH) ? logLength - longest : 0
    const within = logLength - beyond - meanLength
    return meanCost + power * within + Math.max(power, POWER_BEYOND) * beyond
  }
}

/** Timing a config in turns, however slow, takes about so many runs. */
const RUNS = 8

/** The fastest of `candidates`, as many as can be timed for `targetMs`, or RUNS times, in the time given. */
export function withinTime(
  candidates: readonly Candidate[],
  targetMs: number,
  limitMs: number,
): readonly Candidate[] {
  let left = limitMs
  return [...candidates]
    .sort((a, b) => a.ms - b.ms)
    .filter(({ ms }) => {
      left -= Math.max(targetMs, RUNS * ms)
      return left >= 0
    })
}
