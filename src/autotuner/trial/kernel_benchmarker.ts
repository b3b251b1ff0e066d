/**
 * The Benchmarker over a real kernel: makes programs of configs (several at a time), has each run once on
 * poisoned memory and compared with the reference, and only then timed. Configs that generate the same
 * shaders are timed once. What runs the programs is a TrialRunner.
 */
import type { Config } from '../../config/config.ts'
import type { ConfigSpec } from '../../config/config_spec.ts'
import type { BoundKernel } from '../../kernel/bound_kernel.ts'
import type { CallArguments } from '../../kernel/call_arguments.ts'
import { planDispatches } from '../../kernel/launch_plan.ts'
import type { Device } from '../../runtime/device.ts'
import type { Stream } from '../../runtime/stream.ts'
import { AdapterError, ConfigError, errorMessage, HelionError, TimeoutError } from '../../support/errors.ts'
import type { Log } from '../../support/log.ts'
import { clamp } from '../../support/maths.ts'
import { nodeBuiltin } from '../../support/node.ts'
import type { Settings } from '../../support/settings.ts'
import { openRunner } from '../isolation/open_runner.ts'
import type { Expected } from './accuracy.ts'
import {
  type Benchmarker,
  failure,
  type LaunchTime,
  type Measurement,
  type MeasureOptions,
  type RemeasureOptions,
} from './benchmarker.ts'
import { Families } from './families.ts'
import { type KernelWrites, kernelWrites } from './kernel_writes.ts'
import { Reference, type ReferenceLimits } from './reference.ts'
import { type TrialProgram, trialProgram, trialSubject } from './trial_program.ts'
import {
  LostTrialError,
  type OpenRunner,
  type Places,
  type TrialRunner,
  type TrialTime,
} from './trial_runner.ts'

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
  /** What runs the programs, opened at the first measurement; by the settings when absent. */
  readonly openRunner?: OpenRunner
}

/** Samples of one config when several are timed in turns: about one per millisecond. */
const LEAST_SAMPLES = 20
const MOST_SAMPLES = 400
/** Below this much GPU time per config, comparing is not worth it. */
const LEAST_REMEASURE_MS = 2

interface BuiltConfig {
  readonly config: Config
  readonly program: TrialProgram
  readonly compileMs: number
}

/** A config that could be built, or why not. */
type Built = BuiltConfig | Measurement

export class KernelBenchmarker implements Benchmarker {
  readonly #trial: KernelTrial
  readonly #writes: KernelWrites
  readonly #reference: Reference
  readonly #families = new Families()
  readonly #byProgram = new Map<string, Measurement>()
  /** Opened at the first measurement: results that are stored need none. */
  #opening: Promise<TrialRunner> | undefined
  #runner: TrialRunner | undefined
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
    await this.#open()
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
    const runner = await this.#open()
    const samples = clamp(Math.round(targetMs), LEAST_SAMPLES, MOST_SAMPLES)
    try {
      const programs = configs.map((config) => this.#programOf(this.#filtered(config) ?? config))
      const compiled = await Promise.all(programs.map((one) => runner.compile(one, this.#compileTimeoutMs)))
      const times = await runner.compare(programs, { targetMs, maxSamples: options.maxSamples ?? samples })
      return times.flatMap((time, index) => {
        const [config, program, compileMs] = [configs[index], programs[index], compiled[index]]
        return config && program && compileMs !== undefined
          ? [timed({ config, program, compileMs }, time)]
          : []
      })
    } catch (error) {
      if (error instanceof AdapterError || !(error instanceof HelionError)) throw error
      this.#trial.log.warning(`helion-aot: configs could not be compared: ${error.what}`)
      return []
    }
  }

  async leastLaunch(): Promise<LaunchTime | undefined> {
    const runner = await this.#open()
    try {
      const { medianMs, spread } = await runner.leastLaunch()
      return { ms: medianMs, spread }
    } catch (error) {
      if (error instanceof AdapterError || !(error instanceof HelionError)) throw error
      return undefined
    }
  }

  /** Gives the memory for trials back. */
  dispose(): void {
    this.#runner?.dispose()
  }

  async #open(): Promise<TrialRunner> {
    const { bound, call, openRunner: open = openRunner, device, stream, settings, log } = this.#trial
    this.#opening ??= open({ device, stream, settings, log, ...trialSubject(bound.ir, this.#writes, call) })
    this.#runner = await this.#opening
    return this.#runner
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

  /** Throws ConfigError when the config cannot be built. */
  #programOf(config: Config): TrialProgram {
    const { bound, call, device } = this.#trial
    return trialProgram(planDispatches(bound.compile(config, device, call), call, device), call.scalars)
  }

  async #build(config: Config, timeoutMs: number): Promise<Built> {
    const begin = performance.now()
    try {
      const wanted = this.#filtered(config)
      if (!wanted) return failure(config, 'filtered', 'configFilter refused it')
      const verdict = this.#families.verdict(wanted)
      if (verdict !== undefined) return failure(config, 'filtered', verdict)
      const program = this.#programOf(wanted)
      const twin = this.#byProgram.get(program.hash)
      const compileMs = twin?.compileMs ?? (await (await this.#open()).compile(program, timeoutMs))
      return { config, program, compileMs }
    } catch (error) {
      return this.#failed(config, error, { compileMs: performance.now() - begin })
    }
  }

  /** Checks, then times. Rejects when the device is lost, the reference fails, or with a bug. */
  async #try(built: BuiltConfig): Promise<Measurement> {
    const { config, program } = built
    const twin = this.#byProgram.get(program.hash)
    if (twin)
      return { ...twin, config, status: twin.status === 'ok' ? 'duplicate' : twin.status, costMs: undefined }
    // Apart from the config's own errors: a reference that fails, fails for all.
    const expected = this.#trial.settings.autotuneAccuracyCheck ? await this.#reference.expected(config) : []
    const begin = performance.now()
    const outcome = await this.#checkAndTime(built, expected).catch((error: unknown) =>
      this.#failed(config, error, facts(built)),
    )
    const result = { ...outcome, costMs: built.compileMs + performance.now() - begin }
    if (result.status === 'ok') this.#families.works(config)
    this.#byProgram.set(program.hash, result)
    this.#bestMs = Math.min(this.#bestMs, result.ms)
    return result
  }

  async #checkAndTime(built: BuiltConfig, expected: readonly Expected[]): Promise<Measurement> {
    const { autotuneBaselineAtol: atol, autotuneBaselineRtol: rtol } = this.#trial.settings
    const runner = await this.#open()
    const options = { timeoutMs: this.#timeoutMs, bestMs: this.#bestMs, tolerance: { atol, rtol } }
    const { mismatch, time } = await runner.measure(built.program, expected, options)
    return time ? timed(built, time) : failure(built.config, 'wrong', mismatch, facts(built))
  }

  get #timeoutMs(): number {
    return this.#trial.settings.autotuneBenchmarkTimeout * 1000
  }

  get #compileTimeoutMs(): number {
    return this.#trial.settings.autotuneCompileTimeout * 1000
  }

  /** Bytes that the default config leaves at these places. */
  async #runDefault(places: Places): Promise<ReadonlyMap<number, ArrayBuffer> | undefined> {
    const runner = await this.#open()
    try {
      const program = this.#programOf(this.#trial.spec.defaultConfig())
      return await runner.answers(program, places, this.#timeoutMs)
    } catch (error) {
      if (error instanceof AdapterError) throw error
      return undefined
    }
  }

  /**
   * What an error says of a config. A lost device is thrown on, and bugs are unless they are to be ignored.
   */
  #failed(config: Config, error: unknown, known: Parameters<typeof failure>[3]): Measurement {
    if (error instanceof AdapterError) throw error
    if (error instanceof LostTrialError) {
      this.#families.lost(config, error.end)
      return failure(config, error.end === 'hang' ? 'timeout' : 'error', error.what, known)
    }
    if (error instanceof ConfigError) return failure(config, 'invalid', error.what, known)
    if (error instanceof TimeoutError) return failure(config, 'timeout', error.what, known)
    if (error instanceof HelionError) return failure(config, 'error', error.what, known)
    if (!this.#trial.settings.autotuneIgnoreErrors) throw error
    return failure(config, 'error', errorMessage(error), known)
  }
}

function timed(built: BuiltConfig, { medianMs: ms, spread, samplesMs }: TrialTime): Measurement {
  return { config: built.config, status: 'ok', ms, spread, samplesMs, ...facts(built), reason: undefined }
}

/** What is known of a config that was built. */
function facts({ program, compileMs }: BuiltConfig): { compileMs: number; programHash: string } {
  return { compileMs, programHash: program.hash }
}
