/**
 * The Benchmarker over whatever makes programs of configs: it has several made at a time, each run once and
 * compared with what it should answer, and only then timed. Configs that make equal programs are timed once.
 * What runs the programs is a TrialRunner.
 */
import type { Config } from '../../config/config.ts'
import type { Device } from '../../runtime/device.ts'
import { AdapterError, ConfigError, errorMessage, HelionError, TimeoutError } from '../../support/errors.ts'
import type { Log } from '../../support/log.ts'
import { nextTurn } from '../../support/macrotask.ts'
import { clamp } from '../../support/maths.ts'
import { nodeBuiltin } from '../../support/node.ts'
import type { Settings } from '../../support/settings.ts'
import type { Expected } from './accuracy.ts'
import {
  type Benchmarker,
  failure,
  type LaunchTime,
  type Measurement,
  type MeasureOptions,
  type RemeasureOptions,
} from './benchmarker.ts'
import { Builds } from './builds.ts'
import { Families } from './families.ts'
import type { Answers, AnyProgram, ProgramSource } from './program_source.ts'
import type { TrialProgram } from './trial_program.ts'
import { LostTrialError, type TrialRunner, type TrialTime } from './trial_runner.ts'

export interface ProgramTrial<Program extends AnyProgram> {
  readonly source: ProgramSource<Program>
  readonly device: Device
  readonly settings: Settings
  readonly log: Log
}

/** Samples of one config when several are timed in turns: about one per millisecond. */
const LEAST_SAMPLES = 20
const MOST_SAMPLES = 400
/** Trials that what runs programs elsewhere is asked for at a time. */
const MOST_ASKED = 2
/** Configs that are chosen before they are measured, where they are built meanwhile. */
export const AHEAD = 8
/** Below this much GPU time per config, comparing is not worth it. */
const LEAST_REMEASURE_MS = 2

interface BuiltConfig<Program extends AnyProgram> {
  readonly config: Config
  readonly program: Program
  readonly compileMs: number
}

/** A config that could be built, or why not. */
type Built<Program extends AnyProgram> = BuiltConfig<Program> | Measurement

export class ProgramBenchmarker<Program extends AnyProgram = TrialProgram> implements Benchmarker {
  readonly #trial: ProgramTrial<Program>
  readonly #families: Families
  readonly #byProgram = new Map<string, Measurement>()
  readonly #underWay = new Map<string, Promise<Measurement>>()
  /** Opened at the first measurement: results that are stored need none. */
  #opening: Promise<TrialRunner<Program>> | undefined
  #runner: TrialRunner<Program> | undefined
  readonly #handed = withResolver<boolean>()
  readonly #builds: Builds<Built<Program>>
  #buildTimeoutMs = Number.POSITIVE_INFINITY
  #bestMs = Number.POSITIVE_INFINITY
  #least: Promise<LaunchTime | undefined> | undefined
  /** When the last trial ended. */
  #endedAt = Number.NEGATIVE_INFINITY

  constructor(trial: ProgramTrial<Program>) {
    this.#trial = trial
    this.#families = new Families((config) => trial.source.familyOf(config))
    this.#builds = new Builds((config) => this.#build(config))
  }

  /**
   * Rejects with GpuError when there is no memory for trials, and with AdapterError when the device is lost.
   */
  async measure(configs: readonly Config[], options: MeasureOptions): Promise<readonly Measurement[]> {
    const { budget, enough, onTrying, onMeasured } = options
    const opening = this.#open()
    await this.#expectEarly(configs, opening, options)
    const runner = await opening
    this.#buildTimeoutMs = options.compileTimeoutMs
    const results = new Map<Config, Measurement>()
    const [first] = configs
    // Without one that works nothing could be chosen: a late start costs time, not the answer.
    const isOver = (): boolean =>
      budget.interrupted ||
      (budget.exhausted && (Number.isFinite(this.#bestMs) || !first || results.has(first)))
    const builds = this.#builds.inTurn(configs, {
      jobs: this.#jobs,
      overlaps: !this.#trial.device.info.software,
      likely: runner.isolated ? (options.likely ?? []) : [],
      goesOn: () => !isOver() && !enough?.(),
      onBuilding: (building) => onTrying?.(building),
    })
    const ended = (result: Measurement): void => {
      results.set(result.config, result)
      onMeasured?.(result)
    }
    const trials = new Set<Promise<void>>()
    for await (const built of builds) {
      for (const one of built) {
        if (isOver() || enough?.()) break
        if ('status' in one) ended(one)
        else {
          onTrying?.([one.config, ...this.#builds.building])
          const trial = this.#try(one, onMeasured).then(ended)
          trials.add(trial)
          // Listened to from now on: it may reject while nobody waits for it.
          trial.then(
            () => trials.delete(trial),
            () => {},
          )
          if (trials.size >= this.#depth) await Promise.race(trials)
        }
      }
    }
    await Promise.all(trials)
    return configs.flatMap((config) => results.get(config) ?? [])
  }

  get ahead(): number {
    const { device, settings } = this.#trial
    return settings.autotuneBenchmarkSubprocess && !device.info.software ? AHEAD : 0
  }

  /** Trials that are asked for at a time: what runs them goes on with the next while this side is busy. */
  get #depth(): number {
    return this.#isFree ? MOST_ASKED : 1
  }

  prepare(configs: readonly Config[], isOpen: (config: Config) => boolean = () => true): void {
    // Whoever measures first hears of it when that fails.
    this.#open().catch(() => {})
    if (!this.#isFree) return
    for (const config of configs)
      this.#generated(config).then(() => {
        if (isOpen(config)) this.#builds.prepare([config], this.#jobs)
      })
  }

  async remeasure(configs: readonly Config[], options: RemeasureOptions): Promise<readonly Measurement[]> {
    const { targetMs, budget, warmCache } = options
    if (budget.exhausted || targetMs < LEAST_REMEASURE_MS) return []
    const { device, settings } = this.#trial
    if (warmCache && (device.info.software || !settings.autotuneFlushCache)) return []
    const runner = await this.#open()
    const samples = clamp(Math.round(targetMs), LEAST_SAMPLES, MOST_SAMPLES)
    try {
      const { source } = this.#trial
      const programs = await Promise.all(
        configs.map((config) => source.programOf(source.filtered(config) ?? config)),
      )
      const distinct = [...new Map(programs.map((one) => [one.hash, one])).values()]
      const compiled = await Promise.all(distinct.map((one) => runner.compile(one, this.#compileTimeoutMs)))
      const maxSamples = options.maxSamples ?? samples
      const caches = warmCache ? ({ flushCache: false } as const) : {}
      const times = await runner.compare(distinct, { targetMs, maxSamples, ...caches })
      return configs.flatMap((config, index) => {
        const program = programs[index]
        const place = distinct.findIndex(({ hash }) => hash === program?.hash)
        const [time, compileMs] = [times[place], compiled[place]]
        return program && time && compileMs !== undefined ? [timed({ config, program, compileMs }, time)] : []
      })
    } catch (error) {
      if (error instanceof AdapterError || !(error instanceof HelionError)) throw error
      this.#trial.log.warning(`helion-aot: configs could not be compared: ${error.what}`)
      return []
    }
  }

  /** Timed once. */
  leastLaunch(): Promise<LaunchTime | undefined> {
    this.#least ??= this.#leastLaunch()
    return this.#least
  }

  async #leastLaunch(): Promise<LaunchTime | undefined> {
    const runner = await this.#open()
    try {
      const { medianMs, spread } = await runner.leastLaunch()
      return { ms: medianMs, spread }
    } catch (error) {
      if (error instanceof AdapterError || !(error instanceof HelionError)) throw error
      return undefined
    }
  }

  /** Of the program that is tried for a config; undefined where none can be made. */
  async programHash(config: Config): Promise<string | undefined> {
    const { source } = this.#trial
    try {
      return (await source.programOf(source.filtered(config) ?? config)).hash
    } catch (error) {
      if (error instanceof ConfigError) return undefined
      throw error
    }
  }

  /** Gives the memory for trials back. */
  dispose(): void {
    if (this.#runner) this.#runner.dispose()
    else
      this.#opening?.then(
        (runner) => runner.dispose(),
        () => {},
      )
  }

  /** Whether what runs programs has processors of its own: work beside it harms nobody. */
  get #isFree(): boolean {
    return this.#runner?.isolated === true && !this.#trial.device.info.software
  }

  /** What the other side can do while this one is busy. */
  async #beginEarly(configs: readonly Config[]): Promise<void> {
    await Promise.all(configs.map((config) => this.#generated(config)))
    this.#builds.prepare(configs, this.#jobs)
    // Whoever asks for it hears of it when that fails.
    this.leastLaunch().catch(() => {})
  }

  /** Resolves when the code of a config is known; one that cannot be built says so when it is built. */
  async #generated(config: Config): Promise<void> {
    await this.programHash(config).catch(() => {})
  }

  async #open(): Promise<TrialRunner<Program>> {
    this.#opening ??= this.#trial.source.open(this.#handed.resolve)
    this.#runner = await this.#opening
    return this.#runner
  }

  get #jobs(): number {
    return this.#trial.settings.autotunePrecompileJobs ?? nodeBuiltin('os')?.availableParallelism() ?? 4
  }

  /**
   * Works out what the first programs should leave while that which runs them is being opened. What goes
   * wrong there is said when the first one is tried.
   */
  async #expectEarly(
    configs: readonly Config[],
    opening: Promise<unknown>,
    { compileTimeoutMs, likely = [] }: MeasureOptions,
  ): Promise<void> {
    const { settings, source } = this.#trial
    const [first] = configs
    // Listened to from now on: it may reject meanwhile.
    const opened = opening.catch(() => {})
    if (!first || this.#byProgram.size > 0 || !settings.autotuneAccuracyCheck) return
    // Computing it keeps this thread from handing over what the other side could begin with: the arguments,
    // and, where it runs already, the first programs.
    const isRunning = await Promise.race([this.#handed.promise, opened.then(() => true)])
    if (isRunning) {
      await opened
      this.#buildTimeoutMs = compileTimeoutMs
      if (this.#isFree) await this.#beginEarly([...configs, ...likely])
      await nextTurn()
    }
    await source.expected(first, this.#answers).catch(() => {})
  }

  async #build(config: Config): Promise<Built<Program>> {
    const begin = performance.now()
    try {
      const { source } = this.#trial
      const wanted = source.filtered(config)
      if (!wanted) return failure(config, 'filtered', 'configFilter refused it')
      const verdict = this.#families.verdict(wanted)
      if (verdict !== undefined) return failure(config, 'filtered', verdict)
      const program = await source.programOf(wanted)
      const twin = this.#byProgram.get(program.hash)
      const compileMs = twin?.compileMs ?? (await (await this.#open()).compile(program, this.#buildTimeoutMs))
      return { config, program, compileMs }
    } catch (error) {
      return this.#failed(config, error, { compileMs: Math.max(0, performance.now() - begin) })
    }
  }

  /** Checks, then times. Rejects when the device is lost, the reference fails, or with a bug. */
  async #try(built: BuiltConfig<Program>, onMeasured: MeasureOptions['onMeasured']): Promise<Measurement> {
    const { config, program } = built
    const twin = this.#byProgram.get(program.hash) ?? (await this.#underWay.get(program.hash))
    if (twin)
      return { ...twin, config, status: twin.status === 'ok' ? 'duplicate' : twin.status, costMs: undefined }
    const trial = this.#tryFirst(built, onMeasured)
    this.#underWay.set(program.hash, trial)
    return await trial.finally(() => this.#underWay.delete(program.hash))
  }

  /** The first config of a program. */
  async #tryFirst(
    built: BuiltConfig<Program>,
    onMeasured: MeasureOptions['onMeasured'],
  ): Promise<Measurement> {
    const { config, program } = built
    // Apart from the config's own errors: a reference that fails, fails for all.
    const { settings, source } = this.#trial
    const expected = settings.autotuneAccuracyCheck ? await source.expected(config, this.#answers) : []
    const begin = performance.now()
    const outcome = await this.#checkAndTime(built, expected).catch((error: unknown) => {
      // The device is given up over it: the next start has to know.
      if (isHang(error)) onMeasured?.(failure(config, 'timeout', error.cause.what, facts(built)))
      return this.#failed(config, error, facts(built))
    })
    // While another one was tried it only waited.
    const end = performance.now()
    const result = { ...outcome, costMs: built.compileMs + Math.max(0, end - Math.max(begin, this.#endedAt)) }
    this.#endedAt = end
    if (result.status === 'ok') this.#families.works(config)
    this.#byProgram.set(program.hash, result)
    this.#bestMs = Math.min(this.#bestMs, result.ms)
    return result
  }

  async #checkAndTime(built: BuiltConfig<Program>, expected: readonly Expected[]): Promise<Measurement> {
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

  readonly #answers: Answers<Program> = async (make, places) => {
    const runner = await this.#open()
    try {
      return await runner.answers(await make(), places, this.#timeoutMs)
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

function withResolver<T>(): { readonly promise: Promise<T>; readonly resolve: (value: T) => void } {
  let resolve = (_value: T): void => {}
  const promise = new Promise<T>((done) => {
    resolve = done
  })
  return { promise, resolve }
}

/** Whether a device was given up because a program on it does not end. */
function isHang(error: unknown): error is AdapterError & { readonly cause: TimeoutError } {
  return error instanceof AdapterError && error.cause instanceof TimeoutError
}

function timed<P extends AnyProgram>(
  built: BuiltConfig<P>,
  { medianMs: ms, spread, samplesMs }: TrialTime,
): Measurement {
  return { config: built.config, status: 'ok', ms, spread, samplesMs, ...facts(built), reason: undefined }
}

/** What is known of a config that was built. */
function facts<P extends AnyProgram>({
  program,
  compileMs,
}: BuiltConfig<P>): { compileMs: number; programHash: string } {
  return { compileMs, programHash: program.hash }
}
