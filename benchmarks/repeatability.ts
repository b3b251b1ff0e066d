/**
 * How far apart do tunings of one kernel end, by true time, when measuring is noisy? Recorded spaces (see
 * `replaySpace`) are searched with several seeds under a model of noise: single samples scatter, a few take
 * much longer, the clock drifts slowly, and a config that is measured alone meets a state of the machine that
 * more samples of the same moment do not average out. A row for each space: the slowest end ÷ the fastest,
 * their median ÷ the best of the space, trials in the median; each with and without noise.
 * Usage: npx tsx benchmarks/repeatability.ts <folder> [effort] [tunings] [part of a name] [noise in percent]
 */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { autotune } from '../src/autotuner/autotune.ts'
import {
  type Benchmarker,
  failure,
  type Measurement,
  type MeasureOptions,
  type RemeasureOptions,
} from '../src/autotuner/trial/benchmarker.ts'
import type { Config } from '../src/config/config.ts'
import { type RecordedSpace, replaySpace } from '../src/index.ts'
import { geomean, median } from '../src/support/maths.ts'
import { Random } from '../src/support/random.ts'
import { resolveSettings } from '../src/support/resolve_settings.ts'
import type { Effort } from '../src/support/settings.ts'

/** Samples that take longer, and how much; the clock's drift, up and down, and how long that takes. */
const OUTLIERS = 0.02
const OUTLIER = 0.2
const DRIFT = 0.02
const DRIFT_MS = 20_000
/** What is common to all samples of one measurement, as a share of the scatter; in turns less is. */
const COMMON_ALONE = 0.5
const COMMON_IN_TURNS = 0.1
/** What a trial takes besides its samples. */
const TRIAL_MS = 20

const [folder = '', effort = 'full', tunings = '10', part = '', percent = '2'] = process.argv.slice(2)

/** Looks times up, and shows them through noise. */
class NoisyReplay implements Benchmarker {
  readonly #truth: ReadonlyMap<string, number>
  readonly #noise: number
  readonly #random: Random
  #clockMs = 0
  trials = 0

  constructor({ recorded }: RecordedSpace, noise: number, seed: number) {
    this.#truth = new Map(recorded.map(({ config, ms }) => [config.hash, ms]))
    this.#noise = noise
    this.#random = new Random(seed)
  }

  readonly now = (): number => this.#clockMs

  msOf(config: Config): number {
    return this.#truth.get(config.hash) ?? Number.POSITIVE_INFINITY
  }

  async measure(configs: readonly Config[], options: MeasureOptions): Promise<readonly Measurement[]> {
    const results: Measurement[] = []
    for (const config of configs) {
      if (options.budget.exhausted || options.enough?.()) break
      const ms = this.msOf(config)
      if (this.#truth.has(config.hash)) this.trials++
      this.#clockMs += TRIAL_MS
      const result = Number.isFinite(ms)
        ? this.#sampled(config, Math.min(100, Math.max(3, Math.round(50 / ms))), COMMON_ALONE)
        : failure(config, 'error', 'it failed when it was recorded')
      options.onMeasured?.(result)
      results.push(result)
    }
    return results
  }

  async remeasure(configs: readonly Config[], options: RemeasureOptions): Promise<readonly Measurement[]> {
    if (options.warmCache || options.budget.exhausted) return []
    const samples = Math.min(400, Math.max(20, Math.round(options.targetMs)))
    const begin = this.#clockMs
    const results = configs.map((config) => {
      // In turns: the drift meets all of them alike.
      this.#clockMs = begin
      return this.#sampled(config, samples, COMMON_IN_TURNS)
    })
    this.#clockMs = begin + options.targetMs * configs.length
    return results
  }

  async leastLaunch(): Promise<undefined> {
    return undefined
  }

  #sampled(config: Config, count: number, common: number): Measurement {
    const ms = this.msOf(config)
    const state = 1 + common * this.#noise * this.#normal()
    const samplesMs = Array.from({ length: count }, () => {
      this.#clockMs += ms
      const drift = 1 + (this.#noise > 0 ? DRIFT * Math.sin((2 * Math.PI * this.#clockMs) / DRIFT_MS) : 0)
      const late = this.#noise > 0 && this.#random.next() < OUTLIERS ? 1 + OUTLIER : 1
      return ms * state * drift * late * (1 + this.#noise * this.#normal())
    })
    const middle = median(samplesMs)
    const spread = median(samplesMs.map((sample) => Math.abs(sample - middle))) / middle
    const unknown = { compileMs: undefined, programHash: undefined, reason: undefined }
    return { config, status: 'ok', ms: middle, spread, samplesMs, ...unknown }
  }

  #normal(): number {
    const radius = Math.sqrt(-2 * Math.log(1 - this.#random.next()))
    return radius * Math.cos(2 * Math.PI * this.#random.next())
  }
}

interface Ends {
  readonly apart: number
  readonly behind: number
  readonly trials: number
}

async function endsOf(space: RecordedSpace, noise: number): Promise<Ends> {
  const ends: number[] = []
  const trials: number[] = []
  for (let seed = 1; seed <= Number(tunings); seed++) {
    const benchmarker = new NoisyReplay(space, noise, 7 * seed)
    const settings = {
      autotuneEffort: effort as Effort,
      autotuneRandomSeed: 1000 * seed,
      autotuneProgressBar: false,
      autotuneLogLevel: 'silent',
    } as const
    const { config } = await autotune({
      kernel: 'a recorded space',
      spec: space.space,
      benchmarker,
      settings: resolveSettings(settings),
      now: benchmarker.now,
    })
    ends.push(benchmarker.msOf(config))
    trials.push(benchmarker.trials)
  }
  return {
    apart: Math.max(...ends) / Math.min(...ends),
    behind: median(ends) / space.best.ms,
    trials: median(trials),
  }
}

const row = (...cells: readonly (string | number)[]) => console.log(`| ${cells.join(' | ')} |`)

console.log(`effort ${effort}, ${tunings} tunings, samples scatter by ${percent} %`)
row('space', 'apart', 'behind', 'trials', 'apart without noise', 'behind', 'trials')
row(...Array<string>(7).fill('---'))
const all: Ends[] = []
for (const file of readdirSync(folder).filter((name) => /\.csv(\.gz)?$/.test(name) && name.includes(part))) {
  const space = replaySpace(readFileSync(join(folder, file)))
  const cells = [await endsOf(space, Number(percent) / 100), await endsOf(space, 0)]
  all.push(...cells.slice(0, 1))
  row(
    file.replace(/\.csv(\.gz)?$/, ''),
    ...cells.flatMap(({ apart, behind, trials }) => [apart.toFixed(3), behind.toFixed(3), trials]),
  )
}
row('all', geomean(all.map(({ apart }) => apart)).toFixed(3), '', '', '', '', '')
