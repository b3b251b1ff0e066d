/**
 * How a search measures the configs that it begins with. The first dozen are what is known and what chance
 * brings; after that each is the one, of several random draws, that a model of those before thinks most of.
 * So the same number of configs, all drawn from the whole space, begin where configs are good.
 */
import type { Config } from '../../../config/config.ts'
import type { Candidate, History } from '../history.ts'
import { surrogateOf } from '../model/surrogate.ts'
import type { ConfigGeneration } from './config_generation.ts'
import { initialPopulation, type StartingPoint } from './initial_population.ts'
import { ORIGINS, type Proposal } from './proposal.ts'

/** Configs measured before there is a model. */
const FIRST = 12
/** A round measures this share of what is known, so that the model is fitted anew where that tells most. */
const ROUND_SHARE = 1 / 8
const LEAST_ROUND = 4
/** Random configs of which the model picks one. */
const DRAWS = 32
/** Share of configs that are drawn without the model: what it does not know of, it would never see. */
const BLIND_SHARE = 0.2

/** What a start is measured with. */
interface Measuring {
  readonly generation: ConfigGeneration
  readonly history: History
  readonly exhausted: boolean
  readonly parts: { readonly start: StartingPoint }
  evaluate(configs: readonly Proposal[]): Promise<readonly Candidate[]>
}

/** Measures about `count` configs; answers with their candidates. */
export async function measureStart(session: Measuring, count: number): Promise<readonly Candidate[]> {
  const { start } = session.parts
  const first = initialPopulation(session.generation, start, Math.min(count, FIRST))
  const measured = [...(await session.evaluate(first))]
  while (measured.length < count && start.padding !== 'none' && !session.exhausted) {
    const round = Math.max(LEAST_ROUND, Math.ceil(measured.length * ROUND_SHARE))
    const picked = pick(session, Math.min(round, count - measured.length))
    const results = await session.evaluate(picked)
    if (results.length === 0) break
    measured.push(...results)
  }
  return measured
}

/** The next configs, all different and new; fewer where draws bring nothing new. */
function pick({ generation, history }: Measuring, count: number): readonly Proposal[] {
  const { random } = generation
  const pointOf = (config: Config) => generation.encodeFlat(generation.flatten(config))
  const model = surrogateOf(history.all, pointOf, random)
  const known = history.all.map(({ config }) => config)
  const drawn = generation.randomPopulation(count * DRAWS, known)
  const proposed: Proposal[] = []
  for (let place = 0; place < count; place++) {
    const group = drawn.slice(place * DRAWS, (place + 1) * DRAWS)
    const isBlind = random.next() < BLIND_SHARE
    const promises = group.map((config) => (isBlind ? 0 : model.promise(pointOf(config))))
    const config = group[promises.indexOf(Math.max(...promises))]
    if (config) proposed.push({ config, origin: isBlind ? ORIGINS.random : ORIGINS.picked })
  }
  return proposed
}
