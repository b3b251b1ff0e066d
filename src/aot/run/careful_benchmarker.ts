/**
 * A benchmarker whose every step is in the records: what is about to be tried before it is tried, and what
 * came of it as soon as it is known. Results of an earlier start are not measured again; configs that an
 * earlier start may have ended with come last and one at a time, those that surely ended it not at all.
 */
import {
  type Benchmarker,
  failure,
  type LaunchTime,
  type Measurement,
  type MeasureOptions,
  type RemeasureOptions,
} from '../../autotuner/trial/benchmarker.ts'
import type { Config } from '../../config/config.ts'
import { AdapterError, HelionError } from '../../support/errors.ts'
import type { Settings } from '../../support/settings.ts'
import type { ShapeAttempts } from './attempts.ts'
import type { Session } from './session.ts'
import { promiseLife, silenceSeconds } from './sign_of_life.ts'

/** What becomes of results, and what is left of earlier ones. */
export interface TrialBook {
  /** What an earlier start found out about a config. */
  known(config: Config): Measurement | undefined
  /** `origin`: where the config comes from. */
  record(result: Measurement, origin?: string): void
  /** What an earlier start measured at this place of the search. */
  knownTurns(configs: readonly Config[]): readonly Measurement[] | undefined
  recordTurns(configs: readonly Config[], results: readonly Measurement[]): void
}

export interface Place {
  readonly session: Pick<Session, 'append' | 'known'>
  readonly kernel: string
  readonly shapeHash: string
}

/** Work on a place, under the kernel's settings. */
export interface Work extends Place {
  readonly settings: Settings
}

export class CarefulBenchmarker implements Benchmarker {
  readonly #inner: Benchmarker
  readonly #work: Work
  readonly #book: TrialBook
  readonly #attempts: ShapeAttempts
  /** What the latest line about that says. */
  #said = 'false '
  #works = false

  constructor(inner: Benchmarker, work: Work, book: TrialBook) {
    this.#inner = inner
    this.#work = work
    this.#book = book
    this.#attempts = attemptsAt(work)
  }

  get ahead(): number | undefined {
    return this.#inner.ahead
  }

  prepare(configs: readonly Config[], isOpen?: (config: Config) => boolean): void {
    this.#inner.prepare?.(
      configs.filter((config) => !this.#book.known(config)),
      isOpen,
    )
  }

  /** Rejects with HelionError when nothing works on this shape and too much has been lost over it. */
  async measure(configs: readonly Config[], options: MeasureOptions): Promise<readonly Measurement[]> {
    const results = new Map<string, Measurement>()
    const fresh: Config[] = []
    const suspects: Config[] = []
    for (const config of configs) {
      const verdict = this.#attempts.verdict(config.hash)
      const known = this.#book.known(config) ?? (verdict ? failure(config, 'error', verdict) : undefined)
      if (!known) (this.#attempts.isSuspect(config.hash) ? suspects : fresh).push(config)
      else {
        if (!this.#book.known(config)) this.#book.record(known, options.originOf?.(config))
        this.#keep(known, results, options)
      }
    }
    for (const part of [fresh, ...suspects.map((config) => [config])])
      if (part.length > 0) await this.#measure(part, results, options)
    return configs.flatMap((config) => results.get(config.hash) ?? [])
  }

  async remeasure(configs: readonly Config[], options: RemeasureOptions): Promise<readonly Measurement[]> {
    // What is kept stands for times of the usual kind only.
    const known = options.warmCache ? undefined : this.#book.knownTurns(configs)
    if (known) return known
    if (!this.#attempts.mayCompare) return []
    const results = await this.#guarded(async () => {
      this.#trying(configs, true)
      return await this.#inner.remeasure(configs, options)
    })
    if (!options.warmCache) this.#book.recordTurns(configs, results)
    return results
  }

  async recheck(config: Config): Promise<Measurement | undefined> {
    const refuted = await this.#guarded(async () => {
      this.#trying([config])
      return await this.#inner.recheck?.(config)
    })
    if (refuted) this.#book.record(refuted)
    return refuted
  }

  leastLaunch(): Promise<LaunchTime | undefined> {
    return this.#guarded(() => this.#inner.leastLaunch())
  }

  async #measure(
    configs: readonly Config[],
    results: Map<string, Measurement>,
    options: MeasureOptions,
  ): Promise<void> {
    const { hopeless } = this.#attempts
    if (hopeless !== undefined && !this.#works) throw new HelionError(hopeless)
    await this.#guarded(() =>
      this.#inner.measure(configs, {
        ...options,
        onTrying: (under) => {
          this.#trying(under)
          options.onTrying?.(under)
        },
        onMeasured: (result) => {
          this.#book.record(result, options.originOf?.(result.config))
          this.#keep(result, results, options)
        },
      }),
    )
  }

  #keep(result: Measurement, results: Map<string, Measurement>, { onMeasured }: MeasureOptions): void {
    results.set(result.config.hash, result)
    this.#works ||= Number.isFinite(result.ms)
    onMeasured?.(result)
  }

  /** A lost device ends the process soon: what was under way stays so in the records. */
  async #guarded<T>(work: () => Promise<T>): Promise<T> {
    try {
      const result = await work()
      this.#trying([])
      return result
    } catch (error) {
      if (!(error instanceof AdapterError)) this.#trying([])
      throw error
    }
  }

  #trying(configs: readonly Config[], inTurns = false): void {
    const { session, kernel, shapeHash, settings } = this.#work
    const key = `${inTurns} ${configs.map(({ hash }) => hash)}`
    if (key === this.#said) return
    this.#said = key
    promiseLife(configs.length > 0 ? silenceSeconds(settings) : undefined)
    session.append({
      event: 'trying',
      kernel,
      shape_hash: shapeHash,
      config_hashes: configs.map(({ hash }) => hash),
      ...(inTurns ? { in_turns: true } : {}),
    })
  }
}

export function attemptsAt({ session, kernel, shapeHash }: Place): ShapeAttempts {
  return session.known.attempts.shapeOf({ kernel, shape_hash: shapeHash })
}
