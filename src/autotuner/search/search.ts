/**
 * The interface of all searches, and how one declares itself: a name, a table of options with a value for
 * each effort, and the function that explores. Everything around it is shared: start, budget, history, final
 * check.
 */
import { UsageError } from '../../support/errors.ts'
import type { SettingKind } from '../../support/setting_kinds.ts'
import type { SearchEffort } from './effort_profiles.ts'
import type { SearchSession } from './search_session.ts'

export type OptionValues = Readonly<Record<string, unknown>>

export interface OptionRow<T> {
  readonly kind: SettingKind<T>
  readonly quick: T
  readonly full: T
  /** One sentence for users. */
  readonly doc: string
}

export interface Search {
  readonly name: string
  /** One sentence for users. */
  readonly doc: string
  readonly options: Readonly<Record<string, OptionRow<unknown>>>
  /**
   * Explores with the effort's options, changed by `implied` where the search has such an option, and by
   * `given`. Throws UsageError for an option in `given` that the search does not have or that has a wrong
   * value.
   */
  run(session: SearchSession, effort: SearchEffort, implied: OptionValues, given: OptionValues): Promise<void>
}

export interface SearchDefinition<Options extends object> {
  readonly name: string
  readonly doc: string
  readonly options: { readonly [Name in keyof Options]: OptionRow<Options[Name]> }
  readonly explore: (session: SearchSession, options: Options) => Promise<void>
}

export function defineSearch<Options extends object>(definition: SearchDefinition<Options>): Search {
  const { name, doc, explore } = definition
  const options = definition.options as Readonly<Record<string, OptionRow<unknown>>>
  return Object.freeze({
    name,
    doc,
    options,
    async run(session: SearchSession, effort: SearchEffort, implied: OptionValues, given: OptionValues) {
      const own = Object.fromEntries(
        Object.entries(given).map(([option, value]) => [option, readOption(name, options, option, value)]),
      )
      const values = Object.entries(options).map(([option, row]) => [
        option,
        own[option] ?? implied[option] ?? row[effort],
      ])
      await explore(session, Object.fromEntries(values) as Options)
    },
  })
}

function readOption(search: string, options: Search['options'], option: string, given: unknown): unknown {
  const row = Object.hasOwn(options, option) ? options[option] : undefined
  if (!row)
    throw new UsageError(`${search} has no option ${option}`, {
      remedy: `It has ${Object.keys(options).join(', ') || 'none'}.`,
    })
  const value = given === undefined ? undefined : row.kind.read(given)
  if (given === undefined || value !== undefined) return value
  throw new UsageError(
    `option ${option} of ${search} is ${JSON.stringify(given)}; allowed: ${row.kind.allowed}`,
  )
}
