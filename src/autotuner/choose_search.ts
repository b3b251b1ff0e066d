/**
 * Which search tunes a kernel: one made by hand, else the choice among the configs that the kernel was given,
 * else what its `autotunerFn` makes, else the one that the settings name.
 */
import { Config } from '../config/config.ts'
import type { BoundKernel } from '../kernel/bound_kernel.ts'
import { givenConfigs } from '../kernel/options.ts'
import { userCode } from '../support/call_site.ts'
import { UsageError } from '../support/errors.ts'
import type { Settings } from '../support/settings.ts'
import { searchByName } from './all_searches.ts'
import { FiniteSearch } from './search/finite_search.ts'
import { type OptionValues, Search, type Tunable } from './search/search.ts'

export interface ChosenSearch {
  readonly search: Search
  /** Configs that it chooses from; undefined where it searches the space. */
  readonly choices: readonly Config[] | undefined
}

export interface SearchRequest {
  readonly bound: BoundKernel
  readonly args: readonly unknown[]
  readonly settings: Settings
  /** Made by hand. */
  readonly search: object | undefined
  readonly options: OptionValues
}

/** What searches are made for that run as a part of a tuning run. */
export const DETACHED: Tunable = {
  autotune: () => Promise.reject(new UsageError('this search is part of a tuning run, which has it')),
}

/** Throws UsageError for what is no search, for options beside one, and for a search without choices. */
export function chooseSearch(request: SearchRequest): ChosenSearch {
  const { settings, options } = request
  const { options: own } = request.bound.definition
  const given = givenConfigs(own)
  if (request.search) return withChoices(madeByHand(request.search, options), given)
  if (given.length > 0 && !settings.forceAutotune)
    return { search: new FiniteSearch(DETACHED, [], options), choices: given }
  return withChoices(made(request) ?? namedSearch(settings, options), given)
}

export function namedSearch({ autotuner }: Settings, options: OptionValues | undefined): Search {
  const Named = searchByName(autotuner)
  return new Named(DETACHED, [], options)
}

function withChoices(search: Search, given: readonly Config[]): ChosenSearch {
  const choices = search.choicesAmong(given)?.map((one) => (one instanceof Config ? one : new Config(one)))
  return { search, choices }
}

/** What the kernel's own function makes. */
function made({ bound, args, options }: SearchRequest): Search | undefined {
  const { autotunerFn } = bound.definition.options.own
  if (!autotunerFn) return undefined
  const search = userCode(() => autotunerFn({ ...DETACHED, bound }, args as never[], options))
  if (search instanceof Search) return search
  throw new UsageError(`autotunerFn of ${bound.definition.name} did not return a search`, {
    remedy: 'Return one such as new PatternSearch(binding, args, options).',
  })
}

/** A search that has its options already. Throws UsageError for what is none, and for options beside it. */
export function madeByHand(search: object, options: OptionValues): Search {
  if (!(search instanceof Search))
    throw new UsageError('the option search is not a search', {
      remedy: 'Make one with new PatternSearch(binding, args, options), or leave the option out.',
    })
  const [extra] = Object.keys(options)
  if (extra === undefined) return search
  throw new UsageError(`the option ${extra} stands beside a search`, {
    remedy: `Give it to the search: new ${search.name}(binding, args, { ${extra} }).`,
  })
}
