/** Finite search: chooses among the configs that a kernel was given. */
import { UsageError } from '../../support/errors.ts'
import { settingText } from '../../support/resolve_settings.ts'
import { defineSearch, type Search } from './search.ts'
import { evaluateInBatches } from './whole_space.ts'

export const finiteSearch: Search = defineSearch<Record<never, never>>({
  name: 'FiniteSearch',
  doc: 'Measures the configs that the kernel was given.',
  options: {},
  async explore(session) {
    const { choices = [] } = session.parts
    if (choices.length === 0)
      throw new UsageError('FiniteSearch needs configs to choose from', {
        remedy: `Give the kernel configs, or name another search in ${settingText('autotuner')}.`,
      })
    await evaluateInBatches(session, choices)
  },
})
