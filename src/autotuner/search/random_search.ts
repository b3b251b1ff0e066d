/**
 * Random search: the default, the seeds, and as many random configs as asked for. The measure of other
 * searches.
 */
import { integer } from '../../support/setting_kinds.ts'
import { initialPopulation } from './initial_population.ts'
import { defineSearch, type Search } from './search.ts'
import { evaluateInBatches, searchWholeSpace } from './whole_space.ts'

export interface RandomSearchOptions {
  readonly count: number
}

export const randomSearch: Search = defineSearch<RandomSearchOptions>({
  name: 'RandomSearch',
  doc: 'Measures random configs.',
  options: { count: { kind: integer(1), quick: 100, full: 1000, doc: 'Configs to measure.' } },
  async explore(session, { count }) {
    if (await searchWholeSpace(session, count)) return
    const start = { ...session.parts.start, padding: 'random' } as const
    await evaluateInBatches(session, initialPopulation(session.generation, start, count))
  },
})
