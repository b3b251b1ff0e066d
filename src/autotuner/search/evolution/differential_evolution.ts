/** Differential evolution: a population of configs whose differences say where to look next. */
import { BOOLEAN, integer, number, orNull } from '../../../support/setting_kinds.ts'
import type { OptionTable } from '../search.ts'
import { type EvolutionOptions, EvolutionSearch } from './evolution.ts'

/** Options of `DifferentialEvolutionSearch`. */
export interface DifferentialEvolutionOptions extends EvolutionOptions {
  /** Measure one trial at a time, so that the next ones know of it; null: a generation at once. */
  readonly immediateUpdate: boolean | null
}

/** The rows that searches by evolution share. */
export const EVOLUTION_OPTIONS: Pick<
  OptionTable<EvolutionOptions>,
  'populationSize' | 'maxGenerations' | 'crossoverRate'
> = {
  populationSize: {
    kind: integer(4),
    quick: 20,
    full: 40,
    doc: 'Members of the population; the start measures twice as many.',
  },
  maxGenerations: { kind: integer(0), quick: 8, full: 40, doc: 'Generations after the start.' },
  crossoverRate: { kind: number(0, 1), quick: 0.8, full: 0.8, doc: 'Chance of each slot to be moved.' },
}

/** Differential evolution: a population of configs whose differences say where to look next. */
export class DifferentialEvolutionSearch extends EvolutionSearch<DifferentialEvolutionOptions> {
  static override readonly name: string = 'DifferentialEvolutionSearch'
  static override readonly doc: string = 'Moves members of a population by the differences of others.'
  static override readonly options: OptionTable<DifferentialEvolutionOptions> = {
    ...EVOLUTION_OPTIONS,
    immediateUpdate: {
      kind: orNull(BOOLEAN),
      quick: null,
      full: null,
      doc: 'Measure one trial at a time, so that the next ones know of it; null: a generation.',
    },
    minImprovementDelta: {
      kind: orNull(number(0, 1)),
      quick: null,
      full: null,
      doc: 'Share of the time that generations must save not to be stagnant; null never ends for that.',
    },
    patience: {
      kind: orNull(integer(1)),
      quick: null,
      full: null,
      doc: 'Stagnant generations in a row that end the search; null never ends for that.',
    },
  }

  override async evolvePopulation(): Promise<number> {
    const { options, session } = this.evolution
    if (!options.immediateUpdate) return super.evolvePopulation()
    let [trials, replaced] = [0, 0]
    for (const trial of this.iterCandidates()) {
      if (session.exhausted) break
      trials++
      replaced += await this.compete([trial])
    }
    this.evolution.isSpent = trials === 0 && !session.exhausted
    return replaced
  }
}
