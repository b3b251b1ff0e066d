/**
 * Kernels without a GPU: cost functions over configs whose best config is known, and a Benchmarker over them
 * with seeded noise and a clock of its own.
 */

import { autotune } from '../../src/autotuner/autotune.ts'
import type {
  Benchmarker,
  LaunchTime,
  Measurement,
  MeasureOptions,
  RemeasureOptions,
  Status,
} from '../../src/autotuner/trial/benchmarker.ts'
import { failure } from '../../src/autotuner/trial/benchmarker.ts'
import type { TuningResult, TuningTask } from '../../src/autotuner/tuning_task.ts'
import type { Config } from '../../src/config/config.ts'
import { ConfigSpec } from '../../src/config/config_spec.ts'
import type { SearchSpace } from '../../src/config/search_space.ts'
import type { Log } from '../../src/support/log.ts'
import { Random } from '../../src/support/random.ts'
import { resolveSettings } from '../../src/support/resolve_settings.ts'
import type { Settings } from '../../src/support/settings.ts'
import { matmulInput, rowInput, streamInput } from '../config/spec_inputs.ts'

export type Cost = (config: Config) => number | Exclude<Status, 'ok' | 'duplicate'>

export interface Problem<Space extends SearchSpace = ConfigSpec> {
  readonly name: string
  readonly spec: Space
  readonly cost: Cost
  /** Least cost of any config. */
  readonly optimum: number
}

/** 1 at `best`, growing with the distance in powers of two. */
function bowl(value: number, best: number, slope: number): number {
  return 1 + slope * Math.abs(Math.log2(value) - Math.log2(best)) ** 1.3
}

/** Blocks and warps interact, large tiles do not fit, some choices are traps for single steps. */
function matmulCost(config: Config): number | 'invalid' | 'wrong' {
  const [m = 1, n = 1, k = 1] = config.blockSizes
  if (m * k + k * n > 8192 || m * n > 32 * config.numWarps * 256) return 'invalid'
  if (config.indexing[0] === 'pointer' && config.staticRanges[0]) return 'wrong'
  const perThread = (m * n) / (config.numWarps * 32)
  return (
    0.1 *
    bowl(perThread, 64, 0.25) *
    bowl(m / n, 1, 0.1) *
    bowl(k, 16, 0.2) *
    bowl(config.l2Groupings[0] ?? 1, 8, 0.03) *
    (config.numStages === 2 ? 1 : perThread >= 32 ? 1.15 : 1.02) *
    (1 + 0.1 * config.indexing.filter((mode) => mode === 'pointer').length) *
    (config.pidType === 'persistent_interleaved' ? bowl(config.numSmMultiplier, 4, 0.05) : 1.08) *
    (config.loopOrders[0]?.[0] === 0 ? 1 : 1.03) *
    bowl(config.dotRows[0] || 8, 8, 0.04)
  )
}

function rowCost(config: Config): number | 'invalid' {
  const [rows = 1] = config.blockSizes
  const chunk = config.reductionLoops[0] ?? 4096
  const perThread = (rows * chunk) / (config.numWarps * 32)
  if (perThread > 256) return 'invalid'
  const looped = config.reductionLoops[0] !== null
  return 0.05 * bowl(perThread, 16, 0.15) * (looped ? 1.3 : 1) * bowl(config.numThreads[0] || 64, 128, 0.08)
}

function streamCost(config: Config): number {
  const perThread = (config.blockSizes[0] ?? 1) / (config.numWarps * 32)
  return 0.02 * bowl(perThread, 4, 0.2) * (config.indexing[1] === 'pointer' ? 1.4 : 1)
}

export const PROBLEMS: readonly Problem[] = [
  { name: 'matmul', spec: new ConfigSpec(matmulInput()), cost: matmulCost, optimum: 0.1 },
  { name: 'row', spec: new ConfigSpec(rowInput(4096)), cost: rowCost, optimum: 0.05 },
  { name: 'stream', spec: new ConfigSpec(streamInput()), cost: streamCost, optimum: 0.02 },
]

export interface SyntheticOptions {
  /** Relative deviation of a single measurement. */
  readonly noise?: number
  readonly seed?: number
  /** Time of the least launch; unknown when absent. */
  readonly floor?: LaunchTime
  /** What one measurement costs on the synthetic clock. */
  readonly msPerConfig?: number
  /** The same, for each config. */
  readonly costMs?: (config: Config) => number
  /** Costs with warm caches; without it there are no times of that kind. */
  readonly warmCost?: (config: Config) => number
  /** What is wrong with a config on other inputs. */
  readonly elsewhere?: (config: Config) => string | undefined
  /** Called before each measurement. */
  readonly onConfig?: (config: Config, index: number) => void
}

export class SyntheticBenchmarker implements Benchmarker {
  readonly measured: Config[] = []
  readonly remeasured: Config[] = []
  readonly rechecked: Config[] = []
  readonly timeouts: number[] = []
  /** The synthetic clock, in milliseconds. */
  clock = 0
  readonly #cost: Cost
  readonly #options: SyntheticOptions
  readonly #random: Random

  constructor(cost: Cost, options: SyntheticOptions = {}) {
    this.#cost = cost
    this.#options = options
    this.#random = new Random(options.seed ?? 1)
  }

  readonly now = (): number => this.clock

  async measure(configs: readonly Config[], options: MeasureOptions): Promise<readonly Measurement[]> {
    const results: Measurement[] = []
    this.timeouts.push(options.compileTimeoutMs)
    for (const config of configs) {
      this.#options.onConfig?.(config, this.measured.length)
      if (options.budget.exhausted || options.enough?.()) break
      options.onTrying?.([config])
      this.measured.push(config)
      const costMs = this.#options.costMs?.(config) ?? this.#options.msPerConfig ?? 10
      this.clock += costMs
      const result = { ...this.#time(config, this.#options.noise ?? 0, 20), costMs }
      options.onMeasured?.(result)
      results.push(result)
    }
    return results
  }

  async remeasure(configs: readonly Config[], options: RemeasureOptions): Promise<readonly Measurement[]> {
    const cost = options.warmCache ? this.#options.warmCost : this.#cost
    if (options.budget.exhausted || !cost) return []
    if (!options.warmCache) this.remeasured.push(...configs)
    this.clock += options.targetMs * configs.length
    return configs.map((config) => this.#time(config, (this.#options.noise ?? 0) / 10, 400, cost))
  }

  async recheck(config: Config): Promise<Measurement | undefined> {
    this.rechecked.push(config)
    const reason = this.#options.elsewhere?.(config)
    return reason === undefined ? undefined : failure(config, 'wrong', reason)
  }

  async leastLaunch(): Promise<LaunchTime | undefined> {
    return this.#options.floor
  }

  #time(config: Config, noise: number, samples: number, costOf: Cost = this.#cost): Measurement {
    const cost = costOf(config)
    if (typeof cost === 'string') return failure(config, cost, `synthetic ${cost}`, { compileMs: 10 })
    const normal =
      Math.sqrt(-2 * Math.log(1 - this.#random.next())) * Math.cos(2 * Math.PI * this.#random.next())
    const ms = cost * Math.max(0.5, 1 + noise * normal)
    const spread = noise * 0.6745 * Math.sqrt(samples)
    const samplesMs = Array<number>(samples).fill(ms)
    const status = 'ok'
    return { config, status, ms, spread, samplesMs, compileMs: 10, programHash: undefined, reason: undefined }
  }
}

export const SILENT_LOG: Log = { debug() {}, info() {}, warning() {}, error() {} }

export interface TuneOptions extends SyntheticOptions {
  readonly settings?: Partial<Settings>
  readonly task?: Partial<TuningTask>
}

/** Tunes a synthetic problem without touching environment, disk or the real clock. */
export async function tune(
  { name, spec, cost }: Pick<Problem<SearchSpace>, 'name' | 'spec' | 'cost'>,
  { settings, task, ...options }: TuneOptions = {},
): Promise<{ result: TuningResult; benchmarker: SyntheticBenchmarker }> {
  const benchmarker = new SyntheticBenchmarker(cost, options)
  const result = await autotune({
    kernel: name,
    spec,
    benchmarker,
    settings: resolveSettings({ autotuneRandomSeed: 1, ...settings }, () => undefined),
    now: benchmarker.now,
    log: SILENT_LOG,
    ...task,
  })
  return { result, benchmarker }
}
