/**
 * The base of all searches. A search declares its name, a table of options with a value for each effort, and
 * how it explores; everything around it is shared: start, budget, history, final check. `new` one for a
 * binding and its arguments to tune with options of your own, or name it in a setting.
 */
import type { Config } from '../../config/config.ts'
import type { ConfigData } from '../../config/value.ts'
import type { TuneOptions } from '../../kernel/options.ts'
import { areEntryPoints } from '../../support/call_site.ts'
import { UsageError } from '../../support/errors.ts'
import { BOOLEAN, integer, number, oneOf, orNull, type SettingKind } from '../../support/setting_kinds.ts'
import { type Effort, InitialPopulationStrategy, type Settings } from '../../support/settings.ts'
import { didYouMean } from '../../support/similar.ts'
import type { SearchEffort } from './session/effort_profiles.ts'
import { impliedOptions } from './session/implied_options.ts'
import type { SearchSession } from './session/search_session.ts'

export type OptionValues = Readonly<Record<string, unknown>>

/** An option of a search: its values for each effort. */
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

/** What options come from that a search was not given. */
export interface OptionOrigin {
  readonly effort: SearchEffort
  readonly settings: Partial<Settings>
}

/** A row for each of a search's options. */
export type OptionTable<Options extends object> = {
  readonly [Name in keyof Options]: OptionRow<Options[Name]>
}

/** What every search that makes configs of its own can be told. */
export interface CommonOptions {
  /** Where it starts; null leaves that to the settings and the effort. */
  readonly initialPopulationStrategy: InitialPopulationStrategy | null
  /** Whether a start from the best available is filled up. */
  readonly bestAvailablePadRandom: boolean
  /** Rounds that bring fields of the winner back to defaults. */
  readonly finishingRounds: number
  /** Seconds that every config may take to compile, however quick the first ones were. */
  readonly compileTimeoutLowerBound: number
  /** Share of the first configs that the compile timeout must be enough for. */
  readonly compileTimeoutQuantile: number
}

export const COMMON_OPTIONS: OptionTable<CommonOptions> = {
  initialPopulationStrategy: {
    kind: orNull(oneOf(Object.values(InitialPopulationStrategy))),
    quick: InitialPopulationStrategy.FROM_BEST_AVAILABLE,
    full: InitialPopulationStrategy.FROM_BEST_AVAILABLE,
    doc: 'Where it starts: from random configs, or from the best that earlier searches found.',
  },
  bestAvailablePadRandom: {
    kind: BOOLEAN,
    quick: true,
    full: true,
    doc: 'Fill up a start from the best available.',
  },
  finishingRounds: {
    kind: integer(0),
    quick: 1,
    full: 3,
    doc: 'Rounds that bring fields of the winner back to defaults.',
  },
  compileTimeoutLowerBound: {
    kind: number(0),
    quick: 30,
    full: 30,
    doc: 'Least seconds to which the first configs can shorten the compile timeout.',
  },
  compileTimeoutQuantile: {
    kind: number(0, 1),
    quick: 0.9,
    full: 0.9,
    doc: 'Share of the first configs that the compile timeout must be enough for.',
  },
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
  readonly commonOptions: Readonly<Record<string, OptionRow<unknown>>>
  getKwargsFromProfile(effort: SearchEffort, settings?: Partial<Settings>): OptionValues
}

/**
 * The base of all searches: `new` one for a binding and its arguments to tune with options of your own, then
 * `autotune()`.
 */
export abstract class Search<Options extends object = object> {
  /** One sentence for users. */
  static readonly doc: string
  /** What can be set, with values for each effort. */
  static readonly options: Readonly<Record<string, OptionRow<unknown>>>
  /** What can be set beside, as for other searches. */
  static readonly commonOptions: Partial<OptionTable<CommonOptions>> = COMMON_OPTIONS
  /** What it tunes. */
  readonly kernel: Tunable
  /** The arguments it tunes for. */
  readonly args: readonly unknown[]
  readonly #given: OptionValues

  /** `options` replace what the effort would set; `autotune` refuses those that the search does not have. */
  constructor(kernel: Tunable, args: readonly unknown[], options: Partial<Options & CommonOptions> = {}) {
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

  /** The options that an effort and settings imply. */
  static getKwargsFromProfile(effort: SearchEffort, settings: Partial<Settings> = {}): OptionValues {
    const implied = impliedOptions(settings)
    // biome-ignore lint/complexity/noThisInStatic: each class has tables of its own.
    const tables = { ...this.options, ...this.commonOptions }
    const rows = Object.entries<OptionRow<unknown>>(tables)
    return Object.fromEntries(rows.map(([option, row]) => [option, implied[option] ?? row[effort]]))
  }

  /**
   * Its options: those that it was made with, else what settings and effort imply. Throws UsageError for one
   * that the search does not have or that has a wrong value.
   */
  optionsFor(effort: SearchEffort, settings: Partial<Settings> = {}): Options & Partial<CommonOptions> {
    const given = Object.entries(this.#ownOptions()).filter(([, value]) => value != null)
    const implied = this.#class.getKwargsFromProfile(effort, settings)
    return { ...implied, ...Object.fromEntries(given) } as Options & Partial<CommonOptions>
  }

  /** The effort that its options amount to: one that would do no more of anything by itself. */
  effortReached(effort: SearchEffort, settings: Partial<Settings> = {}): Effort {
    const own = this.optionsFor(effort, settings) as OptionValues
    const reaches = (other: SearchEffort): boolean => {
      const usual = this.#class.getKwargsFromProfile(other)
      return AMOUNTS.every((name) => !(amountOf(own[name]) < amountOf(usual[name])))
    }
    const lesser: readonly SearchEffort[] = effort === 'full' ? ['full', 'quick'] : ['quick']
    return lesser.find(reaches) ?? 'none'
  }

  /** The configs that it chooses from, its own or those given to the kernel; undefined: the space. */
  choicesAmong(_given: readonly Config[]): readonly (Config | ConfigData)[] | undefined {
    return undefined
  }

  /** One trial. */
  async run(session: SearchSession, effort: SearchEffort, settings: Partial<Settings> = {}): Promise<void> {
    await this.explore(session, this.optionsFor(effort, settings), { effort, settings })
  }

  /**
   * Looks at configs until nothing is left to do; what was measured stands in the session's history. What the
   * options come from is for searches made of others.
   */
  protected abstract explore(session: SearchSession, options: Options, origin: OptionOrigin): Promise<void>

  get #class(): SearchClass {
    return this.constructor as unknown as SearchClass
  }

  #ownOptions(): OptionValues {
    const { name } = this.#class
    const options = { ...this.#class.options, ...this.#class.commonOptions }
    const entries = Object.entries(this.#given).map(([option, given]) => {
      const row = Object.hasOwn(options, option) ? options[option] : undefined
      if (!row)
        throw new UsageError(`${name} has no option ${option}`, {
          remedy: `It has ${Object.keys(options).join(', ')}.${didYouMean(option, Object.keys(options))}`,
        })
      return [option, given === undefined ? undefined : readOption(name, option, row, given)] as const
    })
    return Object.fromEntries(entries)
  }
}

areEntryPoints(Search.prototype, ['autotune'])

/** Options of whichever search of which less means that less is tried. */
const AMOUNTS: readonly string[] = [
  'initialPopulation',
  'populationSize',
  'copies',
  'maxGenerations',
  'numNeighbors',
  'numNeighborsCap',
  'count',
  'maxRounds',
  'llmMaxRounds',
]

/** -1 is everything there is; NaN for what is no amount. */
function amountOf(value: unknown): number {
  return value === -1 ? Number.POSITIVE_INFINITY : Number(value)
}

function readOption(search: string, option: string, { kind }: OptionRow<unknown>, given: unknown): unknown {
  const value = kind.read(given)
  if (value !== undefined) return value
  const shown = kind.hidden ? 'of a wrong kind' : JSON.stringify(given)
  throw new UsageError(`option ${option} of ${search} is ${shown}; allowed: ${kind.allowed}`)
}
