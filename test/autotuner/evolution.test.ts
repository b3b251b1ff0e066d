/** Searches by differential evolution: what their members do. The rest is in searches.test.ts. */
import { describe, expect, it } from 'vitest'
import {
  DESurrogateHybrid,
  type DESurrogateOptions,
} from '../../src/autotuner/search/evolution/de_surrogate_hybrid.ts'
import {
  type DifferentialEvolutionOptions,
  DifferentialEvolutionSearch,
} from '../../src/autotuner/search/evolution/differential_evolution.ts'
import { leafSimilarity } from '../../src/autotuner/search/model/forest.ts'
import type { CommonOptions, Tunable } from '../../src/autotuner/search/search.ts'
import type { Config } from '../../src/config/config.ts'
import type { SearchSpace } from '../../src/config/search_space.ts'
import { TunableSpace } from '../../src/config/tunable_space.ts'
import { geomean, median } from '../../src/support/maths.ts'
import { PROBLEMS, type Problem, tune } from './synthetic.ts'

const nothing: Tunable = { autotune: () => Promise.reject(new Error('not meant to run')) }
const matmul = PROBLEMS[0] as Problem

/** Keeps what each generation did. */
class Watched extends DifferentialEvolutionSearch {
  readonly populations: (readonly Config[])[] = []
  readonly replaced: number[] = []

  override async evolvePopulation(): Promise<number> {
    this.populations.push([...this.population])
    this.replaced.push(await super.evolvePopulation())
    return this.replaced.at(-1) ?? 0
  }
}

async function evolve(
  options: Partial<DifferentialEvolutionOptions & CommonOptions>,
  problem: Problem<SearchSpace> = matmul,
  seed = 1,
) {
  const search = new Watched(nothing, [], options)
  const settings = { autotuneEffort: 'quick', autotuneRandomSeed: seed, autotuneFinishingRounds: 0 } as const
  const run = await tune(problem, { settings, task: { search } })
  return { search, ...run }
}

const times = (configs: readonly Config[]) => configs.map((config) => Number(matmul.cost(config)))

describe('a population', () => {
  it('is the faster half of the start, and no member ever becomes slower', async () => {
    const { search, benchmarker } = await evolve({ populationSize: 10, maxGenerations: 6 })
    const start = times(benchmarker.measured.slice(0, 20)).map((ms) => (Number.isNaN(ms) ? 1e9 : ms))
    expect(times(search.populations[0] ?? [])).toEqual(start.sort((a, b) => a - b).slice(0, 10))
    expect(search.populations).toHaveLength(6)
    for (const [generation, members] of [...search.populations, search.population].entries()) {
      const before = search.populations[generation - 1] ?? members
      const changed = members.filter((config, index) => config !== before[index])
      expect(changed).toHaveLength(search.replaced[generation - 1] ?? 0)
      for (const [index, ms] of times(members).entries())
        expect(ms).toBeLessThanOrEqual(times(before)[index] ?? 0)
    }
  })

  it('of fewer than four is filled up, so that there are members to differ', async () => {
    const stream = PROBLEMS[2] as Problem
    expect(stream.spec.guesses()).toEqual([])
    const options = { populationSize: 4, maxGenerations: 3, bestAvailablePadRandom: false }
    const { search } = await evolve(options, stream)
    expect(search.population.length).toBe(4)
    expect(search.replaced.length).toBe(3)
  })

  it('measures one trial after another where it is told so', async () => {
    const batches = async (immediateUpdate: boolean) => {
      const { benchmarker } = await evolve({ populationSize: 30, maxGenerations: 1, immediateUpdate })
      return benchmarker.timeouts.length
    }
    expect((await batches(true)) - (await batches(false))).toBeGreaterThan(20)
  })

  it('ends when it is stagnant for as long as it is told, and not otherwise', async () => {
    const flat = { ...matmul, cost: () => 1, optimum: 1 }
    const options = { populationSize: 10, maxGenerations: 20 }
    expect((await evolve(options, flat)).search.populations).toHaveLength(20)
    const stagnant = { ...options, minImprovementDelta: 0.001, patience: 3 }
    expect((await evolve(stagnant, flat)).search.populations).toHaveLength(5)
    const half = await evolve({ ...options, patience: 3 }, flat)
    expect(half.search.populations).toHaveLength(20)
  })

  it('ends when every config around it was measured', async () => {
    const spec = new TunableSpace({ a: [1, 2, 3, 4, 5, 6, 7, 8, 9], b: [1, 2, 3, 4, 5], c: [true, false] })
    const cost = ({ data }: Config) => Number(data.a) + Number(data.b) + Number(data.c)
    const problem = { name: 'small', spec, cost, optimum: 2 }
    const { search, result } = await evolve({ populationSize: 8, maxGenerations: 1000 }, problem)
    expect(result.ms).toBe(2)
    expect(search.populations.length).toBeLessThan(100)
  })

  it('exists only while the search runs', () => {
    const search = new DifferentialEvolutionSearch(nothing, [])
    expect(() => search.mutate(0)).toThrow('DifferentialEvolutionSearch has no population before it runs')
  })
})

describe('DESurrogateHybrid', () => {
  const trace = async (options: Partial<DESurrogateOptions>) => {
    const search = new DESurrogateHybrid(nothing, [], { populationSize: 20, maxGenerations: 4, ...options })
    const settings = { autotuneEffort: 'quick', autotuneRandomSeed: 1, autotuneFinishingRounds: 0 } as const
    const { benchmarker } = await tune(matmul, { settings, task: { search } })
    return times(benchmarker.measured.slice(40))
  }

  it('lets a model pick trials once enough was measured, faster ones than chance does', async () => {
    const middle = (all: readonly number[]) => median(all.map((ms) => (Number.isNaN(ms) ? 1e9 : ms)))
    const [late, early] = [await trace({ surrogateThreshold: 1e6 }), await trace({ surrogateThreshold: 40 })]
    expect(early).not.toEqual(late)
    expect(middle(early)).toBeLessThan(middle(late))
  })
})

describe('leafSimilarity', () => {
  it('is the share of trees in which two points fall into the same leaf', () => {
    expect(leafSimilarity(Int32Array.of(1, 2, 3, 4), Int32Array.of(1, 2, 5, 6))).toBe(0.5)
  })
})

describe('differential evolution', () => {
  it('is nearer to the optimum than random configs, with as many', async () => {
    const regrets: Record<string, number[]> = { evolution: [], random: [] }
    for (const problem of PROBLEMS)
      for (const seed of [1, 2, 3, 4]) {
        const { result } = await evolve({ populationSize: 20, maxGenerations: 4 }, problem, seed)
        const settings = { autotuner: 'RandomSearch', autotuneRandomSeed: seed, autotuneFinishingRounds: 0 }
        const task = { searchOptions: { count: result.candidates.length } }
        const random = await tune(problem, { settings, task })
        regrets.evolution?.push(Number(problem.cost(result.config)) / problem.optimum)
        regrets.random?.push(Number(problem.cost(random.result.config)) / problem.optimum)
      }
    const [evolution = 0, random = 0] = Object.values(regrets).map(geomean)
    expect(evolution).toBeLessThan(random)
  })
})
