/**
 * The Benchmarker over a real kernel: builds configs (several at a time), runs each once on poisoned memory
 * and compares the answer with the reference, and only then times it. Configs that generate the same shaders
 * are timed once.
 */
import type { Config } from '../../config/config.ts'
import type { ConfigSpec } from '../../config/config_spec.ts'
import type { BoundKernel } from '../../kernel/bound_kernel.ts'
import { buildConfig, type ReadyConfig } from '../../kernel/call.ts'
import type { CallArguments } from '../../kernel/call_arguments.ts'
import { launchesOf } from '../../kernel/launch_plan.ts'
import type { Device } from '../../runtime/device.ts'
import type { Launch } from '../../runtime/launch.ts'
import { leastLaunch } from '../../runtime/least_launch.ts'
import type { Stream } from '../../runtime/stream.ts'
import {
  type Timing,
  type TimingOptions,
  timeInterleaved,
  timeLaunches,
  withTimeout,
} from '../../runtime/timing.ts'
import { AdapterError, ConfigError, errorMessage, HelionError, TimeoutError } from '../../support/errors.ts'
import type { Log } from '../../support/log.ts'
import { clamp } from '../../support/maths.ts'
import { nodeBuiltin } from '../../support/node.ts'
import type { Settings } from '../../support/settings.ts'
import { sha16 } from '../../support/stable.ts'
import { type Expected, findMismatch } from './accuracy.ts'
import {
  type Benchmarker,
  failure,
  type LaunchTime,
  type Measurement,
  type MeasureOptions,
  type RemeasureOptions,
} from './benchmarker.ts'
import { type KernelWrites, kernelWrites } from './kernel_writes.ts'
import { type Places, Reference, type ReferenceLimits } from './reference.ts'
import { TrialMemory } from './trial_memory.ts'

export interface KernelTrial {
  readonly bound: BoundKernel
  readonly spec: ConfigSpec
  readonly call: CallArguments
  readonly device: Device
  /** Has the device for itself. */
  readonly stream: Stream
  readonly settings: Settings
  readonly log: Log
  readonly limits?: ReferenceLimits
}

/**
 * Time for the samples of a first measurement, and how many there are at most: emptying caches takes time
 * too.
 */
const TARGET_MS = 50
const MAX_SAMPLES = 100
const WARMUP_MS = 1
const FIRST_CONDITIONS = { warmupMs: 200, maxSamples: 2000 }
/** A run that took this long is timed with one sample. */
const SLOW_MS = 100
/**
 * A first run that took this long, and this multiple of the best time, is all the timing that a config gets.
 */
const HOPELESS_MS = 20
const HOPELESS_FACTOR = 5
/** A config whose first few samples are all this multiple of the best time gets no more of them. */
const GIVE_UP_FACTOR = 1.5
/** Samples of one config when several are timed in turns: about one per millisecond. */
const LEAST_SAMPLES = 20
const MOST_SAMPLES = 400
/** Below this much GPU time per config, comparing is not worth it. */
const LEAST_REMEASURE_MS = 2

interface BuiltConfig {
  readonly config: Config
  readonly ready: ReadyConfig
}

/** A config that could be built, or why not. */
type Built = BuiltConfig | Measurement

export class KernelBenchmarker implements Benchmarker {
  readonly #trial: KernelTrial
  readonly #writes: KernelWrites
  readonly #reference: Reference
  readonly #byProgram = new Map<string, Measurement>()
  /** Taken at the first measurement: results that are stored need none. */
  #taken: TrialMemory | undefined
  /** Configs that are compiled while others run. */
  #building: readonly Config[] = []
  #bestMs = Number.POSITIVE_INFINITY

  constructor(trial: KernelTrial) {
    this.#trial = trial
    this.#writes = kernelWrites(trial.bound.ir)
    this.#reference = new Reference({
      ...trial,
      writes: this.#writes,
      runDefault: (places) => this.#runDefault(places),
    })
  }

  /**
   * Rejects with GpuError when there is no memory for trials, and with AdapterError when the device is lost.
   */
  async measure(configs: readonly Config[], options: MeasureOptions): Promise<readonly Measurement[]> {
    await this.#takeMemory()
    const results: Measurement[] = []
    const jobs = this.#trial.settings.autotunePrecompileJobs ?? nodeBuiltin('os')?.availableParallelism() ?? 4
    for await (const built of this.#builds(configs, jobs, options)) {
      for (const one of built) {
        // Without a single result nothing could be chosen: a late start costs time, not the answer.
        if (options.budget.interrupted || (options.budget.exhausted && this.#byProgram.size > 0)) break
        if (options.enough?.()) break
        if (!('status' in one)) options.onTrying?.([one.config, ...this.#building])
        const result = 'status' in one ? one : await this.#try(one)
        results.push(result)
        options.onMeasured?.(result)
      }
    }
    return results
  }

  async remeasure(configs: readonly Config[], options: RemeasureOptions): Promise<readonly Measurement[]> {
    const { targetMs, budget } = options
    if (budget.exhausted || targetMs < LEAST_REMEASURE_MS) return []
    const { bound, call, device } = this.#trial
    await this.#takeMemory()
    const filtered = configs.map((config) => this.#filtered(config) ?? config)
    const maxSamples = clamp(Math.round(targetMs), LEAST_SAMPLES, MOST_SAMPLES)
    try {
      const ready = await Promise.all(filtered.map((config) => buildConfig(bound, call, device, config)))
      this.#memory.reset()
      const launches = ready.map((one) => this.#launches(one))
      const timings = await timeInterleaved(device, launches, { ...this.#conditions, targetMs, maxSamples })
      return timings.flatMap((timing, index) => {
        const [config, one] = [configs[index], ready[index]]
        return config && one ? [timed(config, one, timing)] : []
      })
    } catch (error) {
      if (!(error instanceof HelionError)) throw error
      await this.#recover(error)
      this.#trial.log.warning(`helion-aot: configs could not be compared: ${error.what}`)
      return []
    }
  }

  async leastLaunch(): Promise<LaunchTime | undefined> {
    const { bound, call, device, stream } = this.#trial
    this.#taken ??= await TrialMemory.allocate(bound.ir, this.#writes, call, stream)
    const { storages } = this.#taken
    const written = bound.ir.tensors.filter(({ id }) => this.#writes.lastGrid.has(id))
    try {
      const launch = await leastLaunch(
        device,
        storages,
        new Set(written.flatMap(({ id }) => storages[id] ?? [])),
      )
      const timing = await timeLaunches(device, [launch], { ...this.#conditions, targetMs: TARGET_MS })
      return { ms: timing.medianMs, spread: timing.spread }
    } catch (error) {
      if (!(error instanceof HelionError)) throw error
      await this.#recover(error)
      return undefined
    }
  }

  /** Gives the memory for trials back. */
  dispose(): void {
    this.#taken?.dispose()
  }

  /**
   * Software adapters run out of the processor's cache, which nothing but time would empty, and at its clock.
   */
  get #conditions(): Pick<TimingOptions, 'flushCache' | 'warmupMs' | 'maxSamples'> {
    const flushCache = !this.#trial.device.info.software
    // An idle GPU runs at a low clock; the first config must not suffer from that.
    if (flushCache && this.#bestMs === Number.POSITIVE_INFINITY) return { flushCache, ...FIRST_CONDITIONS }
    return { flushCache, warmupMs: WARMUP_MS, maxSamples: MAX_SAMPLES }
  }

  async #takeMemory(): Promise<void> {
    const { bound, call, stream } = this.#trial
    this.#taken ??= await TrialMemory.allocate(bound.ir, this.#writes, call, stream)
  }

  get #memory(): TrialMemory {
    if (!this.#taken) throw new Error('nothing was measured before')
    return this.#taken
  }

  /**
   * Builds configs, `jobs` at a time; the next ones while the caller times those before, where that does not
   * take the processor from the kernels.
   */
  async *#builds(
    configs: readonly Config[],
    jobs: number,
    { budget, compileTimeoutMs, onTrying, enough }: MeasureOptions,
  ): AsyncGenerator<readonly Built[]> {
    const build = (begin: number) => {
      this.#building = configs.slice(begin, begin + jobs)
      onTrying?.(this.#building)
      return Promise.all(this.#building.map((config) => this.#build(config, compileTimeoutMs)))
    }
    const ahead = !this.#trial.device.info.software
    let next: Promise<readonly Built[]> | undefined
    for (let begin = 0; begin < configs.length; begin += jobs) {
      if (begin > 0 && (budget.exhausted || enough?.())) return
      const built = await (next ?? build(begin))
      this.#building = []
      next = ahead && begin + jobs < configs.length ? build(begin + jobs) : undefined
      // Listened to from now on: it may reject while nobody waits for it.
      next?.catch(() => {})
      yield built
    }
  }

  /** What the user's filter makes of a config; null when it is refused. */
  #filtered(config: Config): Config | null {
    const { configFilter } = this.#trial.bound.definition.options.own
    const kept = configFilter ? configFilter(config) : config
    return kept && this.#trial.spec.normalize(kept, 'strict')
  }

  async #build(config: Config, timeoutMs: number): Promise<Built> {
    const { bound, call, device } = this.#trial
    const begin = performance.now()
    try {
      const wanted = this.#filtered(config)
      if (!wanted) return failure(config, 'filtered', 'configFilter refused it')
      const work = buildConfig(bound, call, device, wanted)
      const ready = await withTimeout(work, timeoutMs, `compiling ${bound.definition.name}`)
      return { config, ready }
    } catch (error) {
      return this.#failed(config, error, { compileMs: performance.now() - begin })
    }
  }

  /** Checks, then times. Rejects when the device is lost, the reference fails, or with a bug. */
  async #try({ config, ready }: BuiltConfig): Promise<Measurement> {
    const { programHash: hash } = facts(ready)
    const twin = this.#byProgram.get(hash)
    if (twin) return { ...twin, config, status: twin.status === 'ok' ? 'duplicate' : twin.status }
    // Apart from the config's own errors: a reference that fails, fails for all.
    const expected = this.#trial.settings.autotuneAccuracyCheck ? await this.#reference.expected(config) : []
    const result = await this.#checkAndTime(config, ready, expected).catch(async (error: unknown) => {
      await this.#recover(error)
      return this.#failed(config, error, facts(ready))
    })
    this.#byProgram.set(hash, result)
    this.#bestMs = Math.min(this.#bestMs, result.ms)
    return result
  }

  async #checkAndTime(
    config: Config,
    ready: ReadyConfig,
    expected: readonly Expected[],
  ): Promise<Measurement> {
    const { device } = this.#trial
    const firstMs = await this.#runInTime(ready)
    const mismatch = await this.#mismatch(expected)
    const { compileMs, programHash } = facts(ready)
    if (mismatch !== undefined) return failure(config, 'wrong', mismatch, { compileMs, programHash })
    // Drivers may finish a compilation in the first run.
    const again = firstMs > HOPELESS_MS ? this.#runInTime(ready) : firstMs
    const runMs = Math.min(firstMs, await again)
    if (runMs > HOPELESS_MS && runMs > HOPELESS_FACTOR * this.#bestMs)
      return timed(config, ready, single(runMs))
    const samples = runMs > SLOW_MS ? { targetMs: 1, minSamples: 1 } : { targetMs: TARGET_MS }
    const giveUpAboveMs = GIVE_UP_FACTOR * this.#bestMs
    const conditions = { ...this.#conditions, ...samples, timeoutMs: this.#timeoutMs, giveUpAboveMs }
    this.#memory.reset()
    return timed(config, ready, await timeLaunches(device, this.#launches(ready), conditions))
  }

  get #timeoutMs(): number {
    return this.#trial.settings.autotuneBenchmarkTimeout * 1000
  }

  /** As `#run`. Rejects with TimeoutError when that takes too long. */
  #runInTime(ready: ReadyConfig): Promise<number> {
    return withTimeout(this.#run(ready), this.#timeoutMs, `running ${this.#trial.bound.definition.name}`)
  }

  /** Runs once from fresh memory; milliseconds until the host knows that it is done. */
  async #run(ready: ReadyConfig): Promise<number> {
    const { stream } = this.#trial
    this.#memory.reset()
    await stream.sync()
    const begin = performance.now()
    for (const launch of this.#launches(ready)) stream.launch(launch)
    await stream.sync()
    return performance.now() - begin
  }

  /** A sentence about the first answer in memory that is wrong. */
  async #mismatch(expected: readonly Expected[]): Promise<string | undefined> {
    const { autotuneBaselineAtol: atol, autotuneBaselineRtol: rtol } = this.#trial.settings
    for (const one of expected) {
      const mismatch = findMismatch(one, await this.#memory.read(one.tensor, one.positions), { atol, rtol })
      if (mismatch !== undefined) return mismatch
    }
    return undefined
  }

  /** Bytes that the default config leaves at these places. */
  async #runDefault(places: Places): Promise<ReadonlyMap<number, ArrayBuffer> | undefined> {
    const { bound, spec, call, device } = this.#trial
    try {
      const ready = await buildConfig(bound, call, device, spec.defaultConfig())
      await this.#runInTime(ready)
      const found = new Map<number, ArrayBuffer>()
      for (const [id, positions] of places) found.set(id, await this.#memory.read(id, positions))
      return found
    } catch (error) {
      await this.#recover(error)
      return undefined
    }
  }

  #launches({ dispatches, pipelines }: ReadyConfig): readonly Launch[] {
    return launchesOf(dispatches, pipelines, this.#memory.storages, this.#trial.call.scalars)
  }

  /**
   * What an error says of a config. A lost device is thrown on, and bugs are unless they are to be ignored.
   */
  #failed(config: Config, error: unknown, known: Parameters<typeof failure>[3]): Measurement {
    if (error instanceof AdapterError) throw error
    if (error instanceof ConfigError) return failure(config, 'invalid', error.what, known)
    if (error instanceof TimeoutError) return failure(config, 'timeout', error.what, known)
    if (error instanceof HelionError) return failure(config, 'error', error.what, known)
    if (!this.#trial.settings.autotuneIgnoreErrors) throw error
    return failure(config, 'error', errorMessage(error), known)
  }

  /** Leaves device and stream ready for the next config, or rejects because the device is lost. */
  async #recover(error: unknown): Promise<void> {
    const { device, stream } = this.#trial
    if (error instanceof TimeoutError) {
      await withTimeout(device.finished(), this.#timeoutMs, 'waiting for the GPU').catch((late: unknown) => {
        if (late instanceof TimeoutError) device.abandon('a config of a search does not end')
      })
    }
    stream.errors.take()
    device.errors.take()
    device.assertUsable()
  }
}

function timed(config: Config, ready: ReadyConfig, times: Pick<Timing, 'medianMs' | 'spread' | 'samplesMs'>) {
  const { medianMs: ms, spread, samplesMs } = times
  return { config, status: 'ok', ms, spread, samplesMs, ...facts(ready), reason: undefined } as const
}

/** A single sample as a timing. */
function single(ms: number): Pick<Timing, 'medianMs' | 'spread' | 'samplesMs'> {
  return { medianMs: ms, spread: 0, samplesMs: [ms] }
}

/** What is known of a config that was built; equal hashes run the same shaders in the same way. */
function facts({ dispatches, pipelines }: ReadyConfig): { compileMs: number; programHash: string } {
  return {
    compileMs: Math.max(0, ...pipelines.map(({ compileMs }) => compileMs)),
    programHash: sha16(dispatches.map(({ request, grid, words }) => [request.wgsl, grid, [...words]])),
  }
}
