/**
 * What searches by differential evolution share: a population that changes by generations. Each member meets
 * a trial, a member moved by the difference of two others, and is replaced where the trial is faster.
 */
import type { Config } from '../../../config/config.ts'
import { UsageError } from '../../../support/errors.ts'
import { Search } from '../search.ts'
import { mutantOf, ORIGINS, proposals } from '../session/proposal.ts'
import type { SearchSession } from '../session/search_session.ts'
import { searchWholeSpace } from '../session/whole_space.ts'

/** Options that all searches by differential evolution have. */
export interface EvolutionOptions {
  /** Members of the population; the start measures twice as many. */
  readonly populationSize: number
  /** Generations of trials after the start. */
  readonly maxGenerations: number
  /** Chance of each slot to take part in a move. */
  readonly crossoverRate: number
  /** Share that `patience` generations must save, else they are stagnant; null: all are waited for. */
  readonly minImprovementDelta: number | null
  /** Stagnant generations in a row that end the search; null: none do. */
  readonly patience: number | null
}

/** Spaces of at most so many configs for each member are measured whole. */
const EXHAUSTIVE = 5
/** A mutation takes one member and the difference of two others, and leaves one as it is. */
const LEAST_MEMBERS = 4
/** Mutations of a member that are tried for one that was not measured before. */
const ATTEMPTS = 16
/** The fastest so far, which are timed again when one of them is new. */
const LEADERS = 4

interface Evolution<Options> {
  readonly session: SearchSession
  readonly options: Options
  readonly members: Config[]
  /** Best time after each generation. */
  readonly bests: number[]
  stagnant: number
  /** The last generation found no trial that was not measured before. */
  isSpent: boolean
}

export abstract class EvolutionSearch<Options extends EvolutionOptions> extends Search<Options> {
  #evolution: Evolution<Options> | undefined

  protected override async explore(session: SearchSession, options: Options): Promise<void> {
    if (await searchWholeSpace(session, EXHAUSTIVE * options.populationSize)) return
    this.#evolution = { session, options, members: [], bests: [], stagnant: 0, isSpent: false }
    await this.initialTwoGenerations()
    while (!this.checkEarlyStopping() && session.nextGeneration(options.maxGenerations))
      await this.evolvePopulation()
  }

  /** The members at present. */
  get population(): readonly Config[] {
    return this.evolution.members
  }

  /** Measures twice as many configs as there will be members, and keeps the faster half. */
  async initialTwoGenerations(): Promise<void> {
    const { session, options, members } = this.evolution
    await session.evaluateStart(2 * options.populationSize, LEADERS)
    const missing = LEAST_MEMBERS - session.history.all.length
    if (missing > 0) {
      const known = session.history.all.map(({ config }) => config)
      await session.evaluate(proposals(session.generation.randomPopulation(missing, known), ORIGINS.random))
    }
    const byTime = [...session.history.all].sort((a, b) => (a.ms === b.ms ? 0 : a.ms - b.ms))
    members.push(...byTime.slice(0, options.populationSize).map(({ config }) => config))
  }

  /**
   * A trial for the member at `index`: of three others the fastest, moved in the direction from the slowest
   * to the one between, in slots that chance chooses; the other slots are the member's. `undefined` where no
   * attempt gives a config that was not measured before.
   */
  mutate(index: number): Config | undefined {
    const { session, options, members } = this.evolution
    const { generation, history } = session
    const member = members[index]
    if (!member) throw new RangeError(`there is no member ${index} of ${members.length}`)
    const others = members.toSpliced(index, 1)
    for (let attempt = 0; others.length > 0 && attempt < ATTEMPTS; attempt++) {
      const donors = generation.random.sample(others, 3).sort((a, b) => this.#compare(a, b))
      const [a = member, b = a, c = member] = donors
      const trial = generation.differentialMutation(member, [a, b, c], options.crossoverRate)
      if (trial && !history.has(trial)) return trial
    }
    return undefined
  }

  /** The trials of one generation, each with the index of the member that it is to replace. */
  *iterCandidates(): Generator<readonly [number, Config]> {
    const proposed = new Set<string>()
    for (const index of this.population.keys()) {
      const trial = this.mutate(index)
      if (!trial || proposed.has(trial.hash)) continue
      proposed.add(trial.hash)
      yield [index, trial]
    }
  }

  /** One generation; answers with the number of members that were replaced. */
  async evolvePopulation(): Promise<number> {
    return this.compete([...this.iterCandidates()])
  }

  /** Whether enough generations in a row were stagnant, or nothing new is found any more. */
  checkEarlyStopping(): boolean {
    const { session, options, bests, isSpent } = this.evolution
    const { patience, minImprovementDelta: delta } = options
    bests.push(session.history.best?.ms ?? Number.POSITIVE_INFINITY)
    if (patience === null || delta === null) return isSpent
    const before = bests.at(-1 - patience)
    const isStagnant = before !== undefined && Math.abs((bests.at(-1) ?? 0) / before - 1) < delta
    this.evolution.stagnant = isStagnant ? this.evolution.stagnant + 1 : 0
    return isSpent || this.evolution.stagnant >= patience
  }

  protected get evolution(): Evolution<Options> {
    if (this.#evolution) return this.#evolution
    throw new UsageError(`${this.name} has no population before it runs`, {
      remedy: 'Call autotune() first.',
    })
  }

  /** Measures trials and puts those that are faster than their members into their places. */
  protected async compete(trials: readonly (readonly [number, Config])[]): Promise<number> {
    const { session, members } = this.evolution
    this.evolution.isSpent = trials.length === 0
    const known = new Set(session.history.all.map(({ config }) => config.hash))
    const proposed = trials.flatMap(([index, config]) => {
      const member = members[index]
      return member ? [{ config, origin: mutantOf(member) }] : []
    })
    const measured = await session.evaluate(proposed)
    const rivals = trials.flatMap(([index]) => session.history.get(members[index] as Config) ?? [])
    await session.rebenchmark([...rivals, ...measured])
    const leaders = session.history.ranked.slice(0, LEADERS)
    if (leaders.some(({ config }) => !known.has(config.hash))) await session.confirm(leaders)
    const better = trials.filter(([index, trial]) => this.#compare(trial, members[index] as Config) < 0)
    for (const [index, trial] of better) members[index] = trial
    return better.length
  }

  /** Below 0 where `a` is faster; what failed, or was not measured, is slowest. */
  #compare(a: Config, b: Config): number {
    const { history } = this.evolution.session
    const [first, second] = [a, b].map((config) => history.get(config)?.ms ?? Number.POSITIVE_INFINITY)
    return first === second ? 0 : (first ?? 0) - (second ?? 0)
  }
}
