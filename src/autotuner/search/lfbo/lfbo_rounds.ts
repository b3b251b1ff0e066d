/**
 * The work of an LFBO search: what it has measured as points, the pool of candidates, and rounds in which the
 * model is fitted anew, candidates are added, and the most promising are measured.
 */
import type { Config } from '../../../config/config.ts'
import type { ConfigData } from '../../../config/value.ts'
import { unlessRefused } from '../../../support/errors.ts'
import { nextTurn } from '../../../support/macrotask.ts'
import { clamp } from '../../../support/maths.ts'
import { type Candidate, rankedOf, unordered } from '../history.ts'
import { type Lesson, rate, Surrogate, surrogateOf } from '../model/surrogate.ts'
import type { TrainingSource } from '../model/training.ts'
import type { ConfigGeneration, FlatConfig } from '../session/config_generation.ts'
import { neighborOf, ORIGINS, type Proposal } from '../session/proposal.ts'
import type { SearchSession } from '../session/search_session.ts'
import { CandidatePool, type PoolEntry } from './candidate_pool.ts'
import type { LFBOSearchOptions, NeighborMaker } from './lfbo_options.ts'

/** Configs measured before there is a model. */
const FIRST = 12
/** Candidates that are kept. */
const CAPACITY = 2400
/** Random candidates that join the pool for each config that is measured. */
const FRESH = 24
/** A round measures this share of what is known, so that the model is fitted anew where that tells most. */
const ROUND_SHARE = 1 / 16
const LEAST_ROUND = 2
const MOST_ROUND = 16
/**
 * Share of a round that is drawn from the whole space: where many configs are equally good, a model sees
 * nothing beyond them. It falls as more is known, so that the draws in all grow with the logarithm of what is
 * measured. Of a few draws the model picks one: most of a space is bad beyond doubt.
 */
const RANDOM_SHARE = 0.25
const RANDOM_CONFIGS = 20
const DRAWS = 8
/** What cannot be built costs no launch and does not count, up to this multiple of what does. */
const MOST_TRIED = 2
/** Candidates that are timed again, beside the best, after a generation. */
const CONFIRMED = 3

export class LfboRounds {
  readonly #session: SearchSession
  readonly #options: LFBOSearchOptions
  readonly #makerOf: (surrogate: Surrogate) => NeighborMaker
  readonly #pool: CandidatePool
  readonly #points = new Map<string, Float64Array>()
  /** Configs whose neighbours one step away are candidates already. */
  readonly #surrounded = new Set<string>()
  /** What is measured next, in this order. */
  #next: readonly Proposal[] = []
  /** What results from elsewhere say; undefined where there are none. */
  readonly #prior: Surrogate | undefined

  constructor(
    session: SearchSession,
    options: LFBOSearchOptions,
    training: readonly TrainingSource[],
    makerOf: (surrogate: Surrogate) => NeighborMaker,
  ) {
    this.#session = session
    this.#options = options
    this.#makerOf = makerOf
    this.#pool = new CandidatePool(session.generation, CAPACITY)
    this.#prior = this.#learn(training)
  }

  async start(): Promise<void> {
    const { initialPopulation, copies } = this.#options
    const first = Math.min(initialPopulation, this.#prior ? 1 : FIRST)
    await this.#session.evaluateStart(first, copies + CONFIRMED, (known) => {
      this.#addRandom(initialPopulation - FIRST)
      return this.#session.exhausted ? Promise.resolve() : this.#lookAhead(known)
    })
  }

  /** Measures as many configs as a generation has; false where nothing is left to measure. */
  async generation(): Promise<boolean> {
    const { copies, numNeighbors, fracSelected } = this.#options
    const session = this.#session
    const quota = Math.max(LEAST_ROUND, Math.ceil(copies * numNeighbors * fracSelected))
    const measured: Candidate[] = []
    let [spent, tried] = [0, 0]
    while (spent < quota && tried < MOST_TRIED * quota && !session.exhausted) {
      const known = session.history.all
      const round = this.#take(known, quota - spent)
      if (round.length === 0) return false
      const [results] = await Promise.all([session.evaluate(round), this.#lookAhead(known)])
      measured.push(...results)
      tried += round.length
      spent += results.filter(({ status }) => status !== 'invalid' && status !== 'filtered').length
    }
    const best = session.history.distinct.slice(0, 1 + CONFIRMED)
    if (best.some(({ retimed }) => retimed.length === 0)) await session.confirm(best)
    await session.rebenchmark(measured)
    return true
  }

  /** What a round measures: at most `most` configs. */
  #take(known: readonly Candidate[], most: number): readonly Proposal[] {
    const size = this.#roundSize(known)
    if (this.#next.length === 0) this.#next = this.#propose(known, size)
    const count = Math.min(most, size)
    const round = this.#next.slice(0, count)
    this.#next = this.#next.slice(count)
    return round
  }

  /**
   * While a round is measured the next ones are chosen and begin to be built, by what was known before: so no
   * GPU waits for models and compilers. In between, what was measured is dealt with.
   */
  async #lookAhead(known: readonly Candidate[]): Promise<void> {
    // First the round is sent to what measures it.
    await nextTurn()
    const missing = Math.max(1, this.#session.ahead) - this.#next.length
    if (missing <= 0) return
    const chosen = this.#propose(known, Math.max(missing, this.#roundSize(known)))
    this.#next = [...this.#next, ...chosen]
    for (const { config } of chosen) {
      this.#session.prepare([config])
      await nextTurn()
    }
  }

  /** Configs of a round: where some are chosen ahead, half as many as those at least. */
  #roundSize({ length }: readonly Candidate[]): number {
    const least = Math.max(LEAST_ROUND, Math.ceil(this.#session.ahead / 2))
    return clamp(Math.round(length * ROUND_SHARE), least, MOST_ROUND)
  }

  /** The most promising candidates by what is known. */
  #propose(known: readonly Candidate[], count: number): readonly Proposal[] {
    const { generation } = this.#session
    for (const { config } of known) if (!this.#points.has(config.hash)) this.#pool.measured(config)
    const surrogate = surrogateOf(known, (config) => this.#pointOf(config), generation.random, this.#prior)
    this.#addNeighbors(known, surrogate, count)
    this.#addRandom(FRESH * count)
    const share = Math.min(RANDOM_SHARE, RANDOM_CONFIGS / known.length)
    const random = this.#drawn(count, share * surrogate.experience, surrogate)
    const taken = this.#pool.take(surrogate, count - random.length, this.#options.similarityPenalty)
    return [...random, ...taken.flatMap((entry) => this.#proposal(entry))]
  }

  /** Configs from the whole space for a share of a round, each the most promising of a few. */
  #drawn(count: number, share: number, surrogate: Surrogate): readonly Proposal[] {
    const { random } = this.#session.generation
    const found: Proposal[] = []
    for (let place = 0; place < count; place++) {
      const flat = random.next() < share ? this.#mostPromising(surrogate) : undefined
      if (flat && this.#pool.reserve(flat)) found.push(...this.#proposal({ flat, origin: ORIGINS.picked }))
    }
    return found
  }

  /** Of a few random configs that are new. */
  #mostPromising(surrogate: Surrogate): FlatConfig | undefined {
    const { generation } = this.#session
    const drawn = Array.from({ length: DRAWS }, () => generation.drawFlat())
    const rated = drawn.flatMap((flat) =>
      flat && !this.#pool.isOut(flat)
        ? [{ flat, promise: surrogate.promise(generation.encodeFlat(flat)) }]
        : [],
    )
    return rated.sort((a, b) => b.promise - a.promise)[0]?.flat
  }

  #proposal({ flat, origin }: Pick<PoolEntry, 'flat' | 'origin'>): readonly Proposal[] {
    const config = this.#session.generation.unflatten(flat)
    return config ? [{ config, origin }] : []
  }

  /** A model of results from elsewhere, whose configs become candidates. */
  #learn(training: readonly TrainingSource[]): Surrogate | undefined {
    const { generation, parts } = this.#session
    const lessons = training.flatMap(({ origin, results }) =>
      rate(results, generation.random).flatMap(({ config, merit }): Lesson[] => {
        const form = fitting(generation, config)
        const flat = form && generation.flatten(form)
        if (!flat) parts.log.debug(`helion-aot: the space has no ${JSON.stringify(config)}: not learned from`)
        else this.#pool.add(flat, origin)
        return flat ? [{ point: generation.encodeFlat(flat), merit }] : []
      }),
    )
    return lessons.length > 0 ? new Surrogate(lessons, generation.random) : undefined
  }

  #pointOf(config: Config): Float64Array {
    const known = this.#points.get(config.hash)
    if (known) return known
    const point = this.#session.generation.encodeFlat(this.#session.generation.flatten(config))
    this.#points.set(config.hash, point)
    return point
  }

  /** Neighbours of the best configs: one step away, and those that the search makes. */
  #addNeighbors(known: readonly Candidate[], surrogate: Surrogate, count: number): void {
    const { generation } = this.#session
    const ranked = rankedOf(unordered(known))
    const { copies, fracSelected, quantile } = this.#options
    const good = Math.max(1, Math.ceil(quantile * ranked.length))
    const best = ranked.slice(0, Math.min(copies, good))
    for (const { config } of best) this.#surround(config)
    const make = this.#makerOf(surrogate)
    const trials = Math.ceil(count / Math.max(fracSelected, LEAST_SHARE))
    for (let trial = 0; trial < trials && best.length > 0; trial++) {
      const { config } = generation.random.choice(best)
      const flat = make(generation.flatten(config))
      if (flat) this.#pool.add(flat, neighborOf(config))
    }
  }

  #surround(config: Config): void {
    if (this.#surrounded.has(config.hash)) return
    this.#surrounded.add(config.hash)
    const { generation } = this.#session
    const { radius, numNeighborsCap } = this.#options
    const base = generation.flatten(config)
    const moved = generation.freeSlots.flatMap((slot) =>
      generation.nearValues(base, slot, radius).map((value) => base.with(slot, value)),
    )
    const limited = numNeighborsCap < 0 ? moved : generation.random.sample(moved, numNeighborsCap)
    for (const flat of limited) {
      const form = generation.repaired(flat)
      if (form) this.#pool.add(form, neighborOf(config))
    }
  }

  #addRandom(count: number): void {
    for (let draw = 0; draw < count; draw++) {
      const flat = this.#session.generation.drawFlat()
      if (flat) this.#pool.add(flat, ORIGINS.random)
    }
  }
}

/** Least share of neighbours that are measured, so that a round ends. */
const LEAST_SHARE = 0.01

/** The config in the form of candidates, where the space has it as it is; nothing is repaired. */
function fitting(generation: ConfigGeneration, config: Config | ConfigData): Config | undefined {
  return unlessRefused(() => generation.canonical(generation.spec.normalize(config, 'strict')))
}
