/** Finite search: chooses among the configs that a kernel was given. */
import { UsageError } from '../../support/errors.ts'
import { settingText } from '../../support/resolve_settings.ts'
import { ORIGINS, proposals } from './proposal.ts'
import { COMMON_OPTIONS, Search } from './search.ts'
import type { SearchSession } from './search_session.ts'
import { evaluateInBatches } from './whole_space.ts'

export class FiniteSearch extends Search {
  static override readonly name: string = 'FiniteSearch'
  static override readonly doc: string = 'Measures the configs that the kernel was given.'
  static override readonly options: Readonly<Record<string, never>> = {}
  static override readonly commonOptions: Partial<typeof COMMON_OPTIONS> = {
    compileTimeoutLowerBound: COMMON_OPTIONS.compileTimeoutLowerBound,
    compileTimeoutQuantile: COMMON_OPTIONS.compileTimeoutQuantile,
  }

  protected override async explore(session: SearchSession): Promise<void> {
    const { choices = [] } = session.parts
    if (choices.length === 0)
      throw new UsageError('FiniteSearch needs configs to choose from', {
        remedy: `Give the kernel configs, or name another search in ${settingText('autotuner')}.`,
      })
    await evaluateInBatches(session, proposals(choices, ORIGINS.given))
  }
}
