/**
 * The Benchmarker of a search for one config that serves several calls: each config is tried on all of them
 * and gets one time for all. It works where it works on every call. What each call said of a config is kept,
 * so that no trial is made twice.
 */
import type { Config } from '../../config/config.ts'
import { ConfigError, orRefusal } from '../../support/errors.ts'
import { geomean, median, sum } from '../../support/maths.ts'
import { sha16 } from '../../support/stable.ts'
import {
  type Benchmarker,
  failure,
  type LaunchTime,
  type Measurement,
  type MeasureOptions,
  type RemeasureOptions,
} from './benchmarker.ts'

/** How the times of several calls become one. */
export type Aggregation = 'geomean' | 'max'

/** One that holds memory until it is given back. */
export type DisposableBenchmarker = Benchmarker & { dispose(): void }

/** One of the calls. */
export interface JointPart {
  /** The call in words. */
  readonly name: string
  readonly benchmarker: DisposableBenchmarker
  /** A config of the common space as this call takes it. Throws ConfigError where it does not. */
  readonly fit: (config: Config) => Config
  /**
   * Milliseconds in relation to which the times of this call are seen; without it the times themselves count.
   * Answers with undefined when it was interrupted.
   */
  readonly referenceMs?: ((options: MeasureOptions) => Promise<number | undefined>) | undefined
}

/** Configs that are brought through all calls before the next ones begin. */
const BATCH = 16
/** GPU time that each call has at least for a config that is timed again, however many calls there are. */
const LEAST_TARGET_MS = 4

const REDUCERS: Readonly<Record<Aggregation, (times: readonly number[]) => number>> = {
  geomean,
  max: (times) => Math.max(...times),
}

export class JointBenchmarker implements DisposableBenchmarker {
  readonly #parts: readonly Part[]
  readonly #reduce: (times: readonly number[]) => number
  /** For each program, what the first config is called that makes it. */
  readonly #programs = new Map<string, string>()
  #references: readonly number[] | undefined

  constructor(parts: readonly JointPart[], aggregation: Aggregation) {
    this.#parts = parts.map((part) => new Part(part))
    this.#reduce = REDUCERS[aggregation]
  }

  async measure(configs: readonly Config[], options: MeasureOptions): Promise<readonly Measurement[]> {
    this.#references ??= await this.#timeReferences(options)
    if (!this.#references) return []
    const results: Measurement[] = []
    for (let begin = 0; begin < configs.length; begin += BATCH) {
      if (begin > 0 && (options.budget.exhausted || options.enough?.())) break
      results.push(...(await this.#measureBatch(configs.slice(begin, begin + BATCH), options)))
    }
    return results
  }

  async remeasure(configs: readonly Config[], options: RemeasureOptions): Promise<readonly Measurement[]> {
    const share = options.targetMs / this.#parts.length
    const targetMs = Math.max(share, Math.min(options.targetMs, LEAST_TARGET_MS))
    const byPart: (readonly Measurement[])[] = []
    for (const part of this.#parts) {
      const results = await part.remeasure(configs, { ...options, targetMs })
      if (results.length < configs.length) return []
      byPart.push(results)
    }
    return configs.map((config, index) =>
      this.#joined(
        config,
        byPart.flatMap((results) => results[index] ?? []),
      ),
    )
  }

  /** The first call that it is wrong for decides. */
  async recheck(config: Config): Promise<Measurement | undefined> {
    for (const part of this.#parts) {
      const refuted = await part.recheck(config)
      if (refuted) return { ...refuted, config, reason: `${refuted.reason} (${part.name})` }
    }
    return undefined
  }

  async leastLaunch(): Promise<LaunchTime | undefined> {
    const floors: LaunchTime[] = []
    for (const part of this.#parts) {
      const floor = await part.leastLaunch()
      if (!floor) return undefined
      floors.push(floor)
    }
    const spread = Math.max(...floors.map((floor) => floor.spread))
    return { ms: this.#together(floors.map(({ ms }) => ms)), spread }
  }

  /** What each call took with a config the last time, in milliseconds; NaN where that is not known. */
  timesOf(config: Config): readonly { readonly name: string; readonly ms: number }[] {
    return this.#parts.map((part) => ({ name: part.name, ms: part.lastMs(config) }))
  }

  dispose(): void {
    for (const part of this.#parts) part.dispose()
  }

  async #timeReferences(options: MeasureOptions): Promise<readonly number[] | undefined> {
    const references: number[] = []
    for (const part of this.#parts) {
      const ms = await part.referenceMs(options)
      if (ms === undefined) return undefined
      references.push(ms)
    }
    return references
  }

  /** Call by call; a config that fails on one is not tried on the next. */
  async #measureBatch(batch: readonly Config[], options: MeasureOptions): Promise<readonly Measurement[]> {
    const results = new Map<string, Measurement>()
    const settle = (): void => {
      for (const config of batch) {
        const result = results.has(config.hash) ? undefined : this.#settled(config)
        if (!result) continue
        results.set(config.hash, result)
        options.onMeasured?.(result)
      }
    }
    for (const part of this.#parts) {
      const open = batch.filter(({ hash }) => !results.has(hash))
      await part.measure(open, { ...options, onMeasured: settle })
      settle()
    }
    return [...results.values()]
  }

  /** What is known of a config once it failed on one call or was timed on all. */
  #settled(config: Config): Measurement | undefined {
    const known: Measurement[] = []
    for (const part of this.#parts) {
      const result = part.resultOf(config)
      if (!result) return undefined
      if (!Number.isFinite(result.ms)) return { ...result, config, reason: `${result.reason} (${part.name})` }
      known.push(result)
    }
    const joined = this.#joined(config, known)
    const { programHash: program = config.hash } = joined
    const first = this.#programs.get(program) ?? config.hash
    this.#programs.set(program, first)
    return first === config.hash ? joined : { ...joined, status: 'duplicate' }
  }

  /** One measurement of what all calls said, in the order of the calls. */
  #joined(config: Config, results: readonly Measurement[]): Measurement {
    const count = Math.min(...results.map(({ samplesMs }) => samplesMs.length))
    const samplesMs = Array.from({ length: count }, (_, index) =>
      this.#together(results.map((result) => result.samplesMs[index] ?? result.ms)),
    )
    const middle = median(samplesMs)
    const spread = count > 0 ? median(samplesMs.map((sample) => Math.abs(sample - middle))) / middle : 0
    return {
      config,
      status: 'ok',
      ms: this.#together(results.map(({ ms }) => ms)),
      spread,
      samplesMs,
      compileMs: total(results.map(({ compileMs }) => compileMs)),
      costMs: total(results.map(({ costMs }) => costMs)),
      programHash: together(results.map(({ programHash }) => programHash)),
      reason: undefined,
    }
  }

  /**
   * One time of those of all calls. Where they are seen in relation to others, so is it: the same share of
   * what the others come to, so that it stays a time.
   */
  #together(times: readonly number[]): number {
    const references = this.#references ?? times.map(() => 1)
    const shares = times.map((ms, index) => ms / (references[index] ?? 1))
    return this.#reduce(shares) * geomean(references)
  }
}

/** One call, and what it said of every config that was tried on it. */
class Part {
  readonly name: string
  readonly #part: JointPart
  readonly #results = new Map<string, Measurement>()
  readonly #retimed = new Map<string, Measurement>()
  readonly #fitted = new Map<string, Config | Measurement>()

  constructor(part: JointPart) {
    this.name = part.name
    this.#part = part
  }

  resultOf(config: Config): Measurement | undefined {
    const fitted = this.#fit(config)
    return 'status' in fitted ? fitted : this.#results.get(fitted.hash)
  }

  lastMs(config: Config): number {
    const fitted = this.#fit(config)
    const known = 'status' in fitted ? undefined : this.#retimed.get(fitted.hash)
    return (known ?? this.resultOf(config))?.ms ?? Number.NaN
  }

  async measure(configs: readonly Config[], options: MeasureOptions): Promise<void> {
    const open = this.#distinct(configs).filter(([, { hash }]) => !this.#results.has(hash))
    if (open.length === 0) return
    const names = new Map(open.map(([config, { hash }]) => [hash, config]))
    const keep = (result: Measurement): void => void this.#results.set(result.config.hash, result)
    const results = await this.#part.benchmarker.measure(
      open.map(([, fitted]) => fitted),
      {
        ...options,
        onTrying: (trying) => options.onTrying?.(trying.flatMap(({ hash }) => names.get(hash) ?? [])),
        onMeasured(result) {
          keep(result)
          options.onMeasured?.(result)
        },
      },
    )
    for (const result of results) keep(result)
  }

  /** In the order of `configs`; none when they could not be compared. */
  async remeasure(configs: readonly Config[], options: RemeasureOptions): Promise<readonly Measurement[]> {
    const distinct = this.#distinct(configs).map(([, fitted]) => fitted)
    const results = await this.#part.benchmarker.remeasure(distinct, options)
    const byHash = new Map(results.map((result) => [result.config.hash, result]))
    for (const [hash, result] of byHash) this.#retimed.set(hash, result)
    return configs.flatMap((config) => {
      const fitted = this.#fit(config)
      return ('status' in fitted ? undefined : byHash.get(fitted.hash)) ?? []
    })
  }

  async recheck(config: Config): Promise<Measurement | undefined> {
    const fitted = this.#fit(config)
    return 'status' in fitted ? undefined : await this.#part.benchmarker.recheck?.(fitted)
  }

  leastLaunch(): Promise<LaunchTime | undefined> {
    return this.#part.benchmarker.leastLaunch()
  }

  dispose(): void {
    this.#part.benchmarker.dispose()
  }

  async referenceMs(options: MeasureOptions): Promise<number | undefined> {
    return this.#part.referenceMs ? await this.#part.referenceMs(options) : 1
  }

  /** What this call takes of `configs`, each once, with the first of those that come to it. */
  #distinct(configs: readonly Config[]): readonly (readonly [config: Config, fitted: Config])[] {
    const found = new Map<string, readonly [Config, Config]>()
    for (const config of configs) {
      const fitted = this.#fit(config)
      if (!('status' in fitted) && !found.has(fitted.hash)) found.set(fitted.hash, [config, fitted])
    }
    return [...found.values()]
  }

  #fit(config: Config): Config | Measurement {
    const known = this.#fitted.get(config.hash) ?? this.#fitNew(config)
    this.#fitted.set(config.hash, known)
    return known
  }

  #fitNew(config: Config): Config | Measurement {
    const fitted = orRefusal(() => this.#part.fit(config))
    return fitted instanceof ConfigError ? failure(config, 'invalid', fitted.what) : fitted
  }
}

/** A hash of hashes, where all are known. */
function together(hashes: readonly (string | undefined)[]): string | undefined {
  return hashes.includes(undefined) ? undefined : sha16(hashes)
}

/** The sum of those that are known. */
function total(values: readonly (number | undefined)[]): number | undefined {
  const known = values.filter((value) => value !== undefined)
  return known.length > 0 ? sum(known) : undefined
}
