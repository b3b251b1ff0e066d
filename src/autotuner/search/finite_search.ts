/** Finite search: chooses among given configs, those of the kernel unless it has its own. */
import type { Config } from '../../config/config.ts'
import type { ConfigData } from '../../config/value.ts'
import { UsageError } from '../../support/errors.ts'
import { JSON_OBJECTS, orNull } from '../../support/setting_kinds.ts'
import { COMMON_OPTIONS, type CommonOptions, type OptionTable, Search } from './search.ts'
import { ORIGINS, proposals } from './session/proposal.ts'
import type { SearchSession } from './session/search_session.ts'
import { evaluateInBatches } from './session/whole_space.ts'

/** Options of `FiniteSearch`. */
export interface FiniteSearchOptions {
  /** Configs to choose from, two at least; null takes those of the kernel. */
  readonly configs: readonly (Config | ConfigData)[] | null
}

/** Chooses among given configs, those of the kernel unless it has its own. */
export class FiniteSearch extends Search<FiniteSearchOptions> {
  static override readonly name: string = 'FiniteSearch'
  static override readonly doc: string = 'Measures given configs.'
  static override readonly options: OptionTable<FiniteSearchOptions> = {
    configs: {
      kind: orNull(JSON_OBJECTS) as OptionTable<FiniteSearchOptions>['configs']['kind'],
      quick: null,
      full: null,
      doc: 'Configs to choose from, two at least; null takes those that the kernel was given.',
    },
  }
  static override readonly commonOptions: Partial<OptionTable<CommonOptions>> = {
    compileTimeoutLowerBound: COMMON_OPTIONS.compileTimeoutLowerBound,
    compileTimeoutQuantile: COMMON_OPTIONS.compileTimeoutQuantile,
  }

  override choicesAmong(given: readonly Config[]): readonly (Config | ConfigData)[] {
    const choices = this.optionsFor('full').configs ?? given
    if (choices.length >= 2) return choices
    throw new UsageError(`FiniteSearch needs two configs to choose from, not ${choices.length}`, {
      remedy: 'Give it configs: new FiniteSearch(binding, args, { configs: [...] }), or the kernel.',
    })
  }

  protected override async explore(session: SearchSession): Promise<void> {
    const { choices = [] } = session.parts
    if (choices.length === 0) throw new UsageError('FiniteSearch has no config to choose from that fits')
    await evaluateInBatches(session, proposals(choices, ORIGINS.given))
  }
}
