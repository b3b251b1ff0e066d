/**
 * Differential evolution that measures only the trials a model thinks well of: each member gets several, and
 * a small forest, fitted to everything measured so far, picks one.
 */
import type { Config } from '../../../config/config.ts'
import { integer, number, orNull } from '../../../support/setting_kinds.ts'
import type { History } from '../history.ts'
import { Forest } from '../model/forest.ts'
import type { OptionTable } from '../search.ts'
import { EVOLUTION_OPTIONS } from './differential_evolution.ts'
import { type EvolutionOptions, EvolutionSearch } from './evolution.ts'

/** Options of `DESurrogateHybrid`. */
export interface DESurrogateOptions extends EvolutionOptions {
  /** Configs measured before the model has a say. */
  readonly surrogateThreshold: number
  /** Trials made for each member, of which the model picks one. */
  readonly candidateRatio: number
  /** Generations between two fits of the model. */
  readonly refitFrequency: number
  /** Trees of the model. */
  readonly nEstimators: number
}

/** What a failure counts for, as a multiple of the slowest time. */
const FAILURE = 2
const TREE = { minLeaf: 2, maxDepth: 15 }

/** Differential evolution that measures only the trials a model thinks well of. */
export class DESurrogateHybrid extends EvolutionSearch<DESurrogateOptions> {
  static override readonly name: string = 'DESurrogateHybrid'
  static override readonly doc: string = 'Differential evolution; a model picks the trials that are measured.'
  static override readonly options: OptionTable<DESurrogateOptions> = {
    ...EVOLUTION_OPTIONS,
    surrogateThreshold: {
      kind: integer(1),
      quick: 40,
      full: 100,
      doc: 'Configs measured before the model has a say.',
    },
    candidateRatio: {
      kind: integer(1),
      quick: 3,
      full: 3,
      doc: 'Trials made for each member, of which the model picks one.',
    },
    refitFrequency: {
      kind: integer(1),
      quick: 5,
      full: 5,
      doc: 'Generations between two fits of the model.',
    },
    nEstimators: { kind: integer(1), quick: 50, full: 50, doc: 'Trees of the model.' },
    minImprovementDelta: {
      kind: orNull(number(0, 1)),
      quick: 0.001,
      full: 0.001,
      doc: 'Share of the time that generations must save not to be stagnant; null never ends for that.',
    },
    patience: {
      kind: orNull(integer(1)),
      quick: 3,
      full: 3,
      doc: 'Stagnant generations in a row that end the search; null never ends for that.',
    },
  }
  #model: { readonly forest: Forest; readonly of: History; readonly generation: number } | undefined

  override *iterCandidates(): Generator<readonly [number, Config]> {
    const forest = this.#fitted()
    if (!forest) return yield* super.iterCandidates()
    const { session, options } = this.evolution
    const proposed = new Set<string>()
    for (const index of this.population.keys()) {
      const trials = Array.from({ length: options.candidateRatio }, () => this.mutate(index) ?? [])
        .flat()
        .filter(({ hash }) => !proposed.has(hash))
      const expected = trials.map((trial) => forest.predict(pointOf(session.generation, trial)).mean)
      const best = trials[expected.indexOf(Math.min(...expected))]
      if (!best) continue
      proposed.add(best.hash)
      yield [index, best]
    }
  }

  /** The model, once there is enough to learn from; as old as the options allow. */
  #fitted(): Forest | undefined {
    const { session, options } = this.evolution
    const { history, generation, generations } = session
    if (history.all.length < options.surrogateThreshold || !history.best) return undefined
    const isFresh =
      this.#model?.of === history && generations - this.#model.generation < options.refitFrequency
    if (this.#model && isFresh) return this.#model.forest
    const points = history.all.map(({ config }) => pointOf(generation, config))
    const logs = logTimes(history)
    const weights = new Float64Array(points.length).fill(1)
    const { nEstimators: trees } = options
    const forest = new Forest({ points, targets: logs, weights }, generation.random, { ...TREE, trees })
    this.#model = { forest, of: history, generation: generations }
    return forest
  }
}

function pointOf(generation: { encode(config: Config): readonly number[] }, config: Config): Float64Array {
  return Float64Array.from(generation.encode(config))
}

/** Logarithms of all times; failures are slower than everything. */
function logTimes({ all }: History): Float64Array {
  const slowest = Math.max(...all.map(({ ms }) => ms).filter(Number.isFinite))
  return Float64Array.from(all, ({ ms }) => Math.log(Number.isFinite(ms) ? ms : FAILURE * slowest))
}
