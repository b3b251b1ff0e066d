/**
 * What an LFBO search believes: a forest fitted to everything measured so far. It learns how good a config is
 * among those measured: 1 for the fastest, 0 for the slowest and for failures, falling with the logarithm of
 * the rank between them. That is the classifier "among the best quantile" for all quantiles at once, so that
 * no threshold has to be right. Results from elsewhere are a forest of their own; what is measured here then
 * teaches in what they are wrong.
 */
import type { Config } from '../../../config/config.ts'
import type { Random } from '../../../support/random.ts'
import { type Candidate, unordered } from '../history.ts'
import { Forest, type LeafModel } from './forest.ts'

/** Something with a time, Infinity for a failure, and how good it is among its like. */
export type Rated<T> = T & { readonly merit: number }

/** A config as coordinates, and how good it is. */
export type Lesson = Rated<{ readonly point: Float64Array }>

const FOREST = { trees: 16, minLeaf: 1, maxDepth: 24 }
/** Standard deviations by which a config may be better than it looks. */
const EXPLORATION = 0.6
/** Measured configs after which half of all experience is from here. */
const PRIOR_CONFIGS = 15
/** Results that a forest learns from: the best, and a sample of the others. */
const MOST_BEST = 100
const MOST_OTHERS = 300

export class Surrogate implements LeafModel {
  readonly forest: Forest
  /** Share of all experience that is from here, the rest being results from elsewhere. */
  readonly experience: number
  readonly #prior: Surrogate | undefined

  constructor(lessons: readonly Lesson[], random: Random, prior?: Surrogate) {
    this.#prior = prior
    const expected = (point: Float64Array) => prior?.forest.predict(point).mean ?? 0
    this.experience = prior ? lessons.length / (lessons.length + PRIOR_CONFIGS) : 1
    this.forest = new Forest(
      {
        points: lessons.map(({ point }) => point),
        targets: Float64Array.from(lessons, ({ point, merit }) => merit - expected(point)),
        weights: new Float64Array(lessons.length).fill(1),
      },
      random,
      FOREST,
    )
  }

  leaves(point: Float64Array): Int32Array {
    return this.forest.leaves(point)
  }

  /** How good a config may be: 0 for the slowest, 1 for the fastest, more where hopes are high. */
  promise(point: Float64Array): number {
    const { mean, deviation } = this.forest.predict(point)
    return mean + EXPLORATION * deviation + (this.#prior?.forest.predict(point).mean ?? 0)
  }
}

/** What to believe once these candidates are known. */
export function surrogateOf(
  candidates: readonly Candidate[],
  pointOf: (config: Config) => Float64Array,
  random: Random,
  prior?: Surrogate,
): Surrogate {
  const lessons = rate(unordered(candidates), random).map(({ config, merit }) => ({
    point: pointOf(config),
    merit,
  }))
  return new Surrogate(lessons, random, prior)
}

/** How good each result is among all of them; of many, the best and some of the others. */
export function rate<T extends { readonly ms: number }>(
  results: readonly T[],
  random: Random,
): readonly Rated<T>[] {
  const times = results.map(({ ms }) => ms).sort((a, b) => (a === b ? 0 : a - b))
  const rank = new Map<number, number>()
  for (const [index, ms] of times.entries()) if (!rank.has(ms)) rank.set(ms, index + 1)
  const scale = Math.log(results.length + 1)
  const meritOf = (ms: number) => (Number.isFinite(ms) ? 1 - Math.log(rank.get(ms) ?? 1) / scale : 0)
  const rated = results.map((result) => ({ ...result, merit: meritOf(result.ms) }))
  if (rated.length <= MOST_BEST + MOST_OTHERS) return rated
  rated.sort((a, b) => b.merit - a.merit)
  return [...rated.slice(0, MOST_BEST), ...random.sample(rated.slice(MOST_BEST), MOST_OTHERS)]
}
