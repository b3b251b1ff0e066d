/**
 * Likelihood-free Bayesian optimisation. A forest learns from all that was measured which configs are among
 * the best; candidates are neighbours of the best known and random ones; those that the forest thinks most of
 * are measured, a few at a time, and the forest learns again. The best known config is never left behind, and
 * a candidate that was passed over stays one.
 */

import type { Surrogate } from '../model/surrogate.ts'
import type { TrainingResult, TrainingSource } from '../model/training.ts'
import { type OptionTable, Search } from '../search.ts'
import { ORIGINS } from '../session/proposal.ts'
import type { SearchSession } from '../session/search_session.ts'
import { searchWholeSpace } from '../session/whole_space.ts'
import { LFBO_OPTIONS, type LFBOSearchOptions, type NeighborMaker } from './lfbo_options.ts'
import { LfboRounds } from './lfbo_rounds.ts'

/**
 * Likelihood-free Bayesian optimisation: a forest learns which configs are among the best, and picks among
 * neighbours of the best known and random ones.
 */
export class LFBOPatternSearch extends Search<LFBOSearchOptions> {
  static override readonly name: string = 'LFBOPatternSearch'
  static override readonly doc: string = 'Measures what a model of all results thinks most of.'
  static override readonly options: OptionTable<LFBOSearchOptions> = LFBO_OPTIONS
  readonly #training: TrainingSource[] = []

  /**
   * Results from elsewhere for the model to learn from: of an earlier search, of another GPU, of another
   * shape. Failures count too. Configs that do not fit the space are passed over. The times of one call are
   * compared with each other only; `origin` says where candidates among them come from.
   */
  seedTrainingData(results: readonly TrainingResult[], origin: string = ORIGINS.elsewhere): void {
    this.#training.push({ origin, results })
  }

  protected override async explore(session: SearchSession, options: LFBOSearchOptions): Promise<void> {
    if (await searchWholeSpace(session, options.exhaustiveLimit)) return
    const sources = [...this.#training, ...session.parts.training]
    const rounds = new LfboRounds(session, options, sources, (surrogate) =>
      this.neighborMaker(session, options, surrogate),
    )
    await rounds.start()
    let stagnant = 0
    while (stagnant <= options.patience && session.nextGeneration(options.maxGenerations)) {
      const before = session.history.best
      if (!(await rounds.generation())) return
      const after = session.history.best
      const gained = after && (!before || session.improves(after, before, options.minImprovementDelta))
      stagnant = gained ? 0 : stagnant + 1
    }
  }

  /** One slot, and up to `radius` others, moved by up to `radius` steps. */
  protected neighborMaker(
    { generation }: SearchSession,
    { radius }: LFBOSearchOptions,
    _surrogate: Surrogate,
  ): NeighborMaker {
    const { random, freeSlots } = generation
    return (base) => {
      let flat = base
      for (const slot of random.sample(freeSlots, 1 + random.int(0, radius))) {
        const values = generation.nearValues(flat, slot, radius)
        if (values.length > 0) flat = flat.with(slot, random.choice(values))
      }
      return generation.repaired(flat)
    }
  }
}
