/**
 * Random search: the default, the seeds, and as many random configs as asked for. The measure of other
 * searches.
 */
import { integer } from '../../support/setting_kinds.ts'
import { type OptionTable, Search } from './search.ts'
import { initialPopulation } from './session/initial_population.ts'
import type { SearchSession } from './session/search_session.ts'
import { evaluateInBatches, searchWholeSpace } from './session/whole_space.ts'

/** Options of `RandomSearch`. */
export interface RandomSearchOptions {
  /** Configs to measure. */
  readonly count: number
}

/** Measures the default, the seeds, and as many random configs as asked for. */
export class RandomSearch extends Search<RandomSearchOptions> {
  static override readonly name: string = 'RandomSearch'
  static override readonly doc: string = 'Measures random configs.'
  static override readonly options: OptionTable<RandomSearchOptions> = {
    count: { kind: integer(1), quick: 100, full: 1000, doc: 'Configs to measure.' },
  }

  protected override async explore(session: SearchSession, { count }: RandomSearchOptions): Promise<void> {
    if (await searchWholeSpace(session, count)) return
    const { start: given } = session.parts
    const start = given.padding === 'none' ? given : ({ ...given, padding: 'random' } as const)
    await evaluateInBatches(session, initialPopulation(session.generation, start, count))
  }
}
