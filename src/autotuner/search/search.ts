/**
 * The base of all searches. A search declares its name, a table of options with a value for each effort, and
 * how it explores; everything around it is shared: start, budget, history, final check. `new` one for a
 * binding and its arguments to tune with options of your own, or name it in a setting.
 */
import type { Config } from '../../config/config.ts'
import type { TuneOptions } from '../../kernel/kernel.ts'
import { areEntryPoints } from '../../support/call_site.ts'
import { UsageError } from '../../support/errors.ts'
import type { SettingKind } from '../../support/setting_kinds.ts'
import type { SearchEffort } from './effort_profiles.ts'
import type { SearchSession } from './search_session.ts'

export type OptionValues = Readonly<Record<string, unknown>>

export interface OptionRow<T> {
  /** Which values it may have. */
  readonly kind: SettingKind<T>
  /** Its value under effort quick. */
  readonly quick: T
  /** Its value under effort full. */
  readonly full: T
  /** One sentence for users. */
  readonly doc: string
}

/** A row for each of a search's options. */
export type OptionTable<Options extends object> = {
  readonly [Name in keyof Options]: OptionRow<Options[Name]>
}

/** What can be tuned: a binding of a kernel, or anything else that runs a given search. */
export interface Tunable {
  /** Runs the search in `options` and uses its result. */
  autotune(args: readonly unknown[], options: TuneOptions): Promise<Config>
}

/** A class of searches, as the registry has it. */
export interface SearchClass {
  new (kernel: Tunable, args: readonly unknown[], options?: OptionValues): Search
  readonly name: string
  readonly doc: string
  readonly options: Readonly<Record<string, OptionRow<unknown>>>
}

export abstract class Search<Options extends object = object> {
  /** One sentence for users. */
  static readonly doc: string
  /** What can be set, with values for each effort. */
  static readonly options: Readonly<Record<string, OptionRow<unknown>>>
  /** What it tunes. */
  readonly kernel: Tunable
  /** The arguments it tunes for. */
  readonly args: readonly unknown[]
  readonly #given: OptionValues

  /** `options` replace what the effort would set; `autotune` refuses those that the search does not have. */
  constructor(kernel: Tunable, args: readonly unknown[], options: Partial<Options> = {}) {
    this.kernel = kernel
    this.args = args
    this.#given = options as OptionValues
  }

  /**
   * Searches for the best config for the arguments, stored results aside; the kernel uses it from now on.
   * Rejects with UsageError for an option that the search does not have or that has a wrong value.
   */
  autotune(): Promise<Config> {
    return this.kernel.autotune(this.args, { search: this })
  }

  /** The search's name, in logs and stored results. */
  get name(): string {
    return this.#class.name
  }

  /**
   * One trial, with the effort's options, changed by `implied` where the search has such an option, and by
   * those that it was made with. Rejects with UsageError for one of the latter that the search does not have
   * or that has a wrong value.
   */
  async run(session: SearchSession, effort: SearchEffort, implied: OptionValues): Promise<void> {
    const rows = Object.entries(this.#class.options)
    const own = this.#ownOptions()
    const values = rows.map(([option, row]) => [option, own[option] ?? implied[option] ?? row[effort]])
    await this.explore(session, Object.fromEntries(values) as Options)
  }

  /** Looks at configs until nothing is left to do; what was measured stands in the session's history. */
  protected abstract explore(session: SearchSession, options: Options): Promise<void>

  get #class(): SearchClass {
    return this.constructor as unknown as SearchClass
  }

  #ownOptions(): OptionValues {
    const { name, options } = this.#class
    const entries = Object.entries(this.#given).map(([option, given]) => {
      const row = Object.hasOwn(options, option) ? options[option] : undefined
      if (!row)
        throw new UsageError(`${name} has no option ${option}`, {
          remedy: `It has ${Object.keys(options).join(', ') || 'none'}.`,
        })
      return [option, given === undefined ? undefined : readOption(name, option, row, given)] as const
    })
    return Object.fromEntries(entries)
  }
}

areEntryPoints(Search.prototype, ['autotune'])

function readOption(search: string, option: string, { kind }: OptionRow<unknown>, given: unknown): unknown {
  const value = kind.read(given)
  if (value !== undefined) return value
  throw new UsageError(`option ${option} of ${search} is ${JSON.stringify(given)}; allowed: ${kind.allowed}`)
}
