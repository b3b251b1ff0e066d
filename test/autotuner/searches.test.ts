/** What every search must do, whatever its strategy. A new search joins by its row in ALL_SEARCHES. */
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { ALL_SEARCHES, searchByName } from '../../src/autotuner/all_searches.ts'
import { DETACHED } from '../../src/autotuner/choose_search.ts'
import type { Phase, Progress } from '../../src/autotuner/progress.ts'
import { RandomSearch } from '../../src/autotuner/search/random_search.ts'
import type { OptionValues } from '../../src/autotuner/search/search.ts'
import type { Config } from '../../src/config/config.ts'
import { ConfigSpec } from '../../src/config/config_spec.ts'
import { ConfigError, HelionError, UsageError } from '../../src/support/errors.ts'
import { geomean } from '../../src/support/maths.ts'
import { Random } from '../../src/support/random.ts'
import { InitialPopulationStrategy } from '../../src/support/settings.ts'
import { streamInput } from '../config/spec_inputs.ts'
import { temporaryFolder } from '../temporary_folder.ts'
import { CONTENDED } from './contended.ts'
import { makeAuthority } from './llm/authority.ts'
import { KEY as API_KEY, type FakeLlm, says, startFakeLlm } from './llm/fake_llm.ts'
import { PROBLEMS, type Problem, type TuneOptions, tune } from './synthetic.ts'

/** FiniteSearch chooses among configs that it is given: here, 60 random ones. */
function choicesFor(search: string, { spec }: Pick<Problem, 'spec'>): readonly Config[] | undefined {
  if (search !== 'FiniteSearch') return undefined
  const random = new Random(5)
  const draw = () => spec.slots.map(({ field, fragment }) => [field, fragment.random(random)])
  const drawn = Array.from({ length: 60 }, () => spec.normalize(Object.fromEntries(draw()), 'repair'))
  return [spec.defaultConfig(), ...drawn]
}

/** A language model that always says the same: searches that ask one ask it. */
const authority = makeAuthority()
let llm: FakeLlm
beforeAll(async () => {
  vi.stubEnv('HELION_LLM_API_KEY', API_KEY)
  llm = await startFakeLlm(authority)
  const sizes = [1, 2, 4, 8, 16, 32, 64]
  llm.act = says(JSON.stringify(sizes.flatMap((size) => [{ block_sizes: size }, { num_warps: size }])))
})
afterAll(() => {
  vi.unstubAllEnvs()
  return llm.close()
})

/** Enough configs for the tests below, and second stages that take no time. */
const OWN_OPTIONS: Readonly<Record<string, OptionValues>> = {
  LLMGuidedSearch: { initialRandomConfigs: 40, compileTimeoutS: 60 },
  LLMSeededSearch: { secondStageAlgorithm: 'PatternSearch' },
  LLMSeededLFBOTreeSearch: { secondStageKwargs: { maxGenerations: 4 } },
}

function tuneWith(
  search: string,
  problem: Pick<Problem, 'name' | 'spec' | 'cost'>,
  options: TuneOptions = {},
) {
  const choices = choicesFor(search, problem)
  return tune(problem, {
    ...options,
    settings: {
      autotuner: search,
      autotuneEffort: 'quick',
      llmApiBase: llm.base,
      llmCaBundle: authority.ca,
      ...options.settings,
    },
    task: {
      ...(choices ? { choices } : {}),
      ...options.task,
      searchOptions: { ...OWN_OPTIONS[search], ...options.task?.searchOptions },
    },
  })
}

const matmul = PROBLEMS[0] as Problem

/** Interrupts a search of whose configs only so many are looked at. */
function endAfter(count: number) {
  const controller = new AbortController()
  const onProgress = ({ trials }: Progress) => void (trials >= count && controller.abort())
  return { signal: controller.signal, onProgress }
}

/** Searches that make configs themselves; FiniteSearch takes those of its kernel as they are. */
const SPACE_SEARCHES = ALL_SEARCHES.map(({ name }) => name).filter((name) => name !== 'FiniteSearch')

describe.each(ALL_SEARCHES.map(({ name }) => name))('%s', (search) => {
  it.each(PROBLEMS.map((problem) => [problem.name, problem] as const))(
    'returns a working config of %s that is not slower than the default',
    async (_name, problem) => {
      const { result } = await tuneWith(search, problem)
      expect(result.search).toBe(search)
      expect(result.ms).toBe(problem.cost(result.config))
      expect(result.ms).toBeLessThanOrEqual(Number(problem.cost(problem.spec.defaultConfig())))
      expect(result.defaultMs).toBe(problem.cost(problem.spec.defaultConfig()))
    },
  )

  it('repeats itself with the same seed, and differs with another', async () => {
    const run = async (seed: number) => {
      const { result, benchmarker } = await tuneWith(search, matmul, {
        noise: 0.05,
        settings: { autotuneRandomSeed: seed },
      })
      return { config: result.config.data, measured: benchmarker.measured.map((config) => config.hash) }
    }
    const first = await run(3)
    expect(await run(3)).toEqual(first)
    if (search !== 'FiniteSearch') expect((await run(4)).measured).not.toEqual(first.measured)
  })

  it('measures complete configs, each once', async () => {
    const { benchmarker } = await tuneWith(search, matmul)
    const hashes = benchmarker.measured.map((config) => config.hash)
    expect(new Set(hashes).size).toBe(hashes.length)
    for (const config of benchmarker.measured)
      expect(matmul.spec.normalize(config, 'strict').data).toEqual(config.data)
  })

  it('is not led astray by noise', async () => {
    const { result } = await tuneWith(search, matmul, { noise: 0.2 })
    const costs = result.candidates.map(({ config }) => Number(matmul.cost(config))).filter(Number.isFinite)
    expect(Number(matmul.cost(result.config))).toBeLessThanOrEqual(Math.min(...costs) * 1.1)
  })

  it('ends with the budget, and keeps time for the final comparison', async () => {
    const { result, benchmarker } = await tuneWith(search, matmul, {
      settings: { autotuneBudgetSeconds: 2 },
      msPerConfig: 100,
    })
    expect(result.ended).toBe('budget')
    expect(benchmarker.measured.length).toBeLessThanOrEqual(20)
    expect(benchmarker.remeasured.length).toBeGreaterThan(0)
    expect(Number.isFinite(result.ms)).toBe(true)
  })

  it('returns the best so far when interrupted', async () => {
    const controller = new AbortController()
    const { result, benchmarker } = await tuneWith(search, matmul, {
      onConfig: (_config, index) => index === 12 && controller.abort(),
      task: { signal: controller.signal },
    })
    expect(result.ended).toBe('interrupted')
    expect(benchmarker.measured).toHaveLength(12)
    const costs = benchmarker.measured.map((config) => Number(matmul.cost(config))).filter(Number.isFinite)
    expect(result.ms).toBe(Math.min(...costs))
  })

  it('says why when nothing works', async () => {
    const run = tuneWith(search, { ...matmul, cost: () => 'invalid' })
    await expect(run).rejects.toThrow(ConfigError)
    await expect(run).rejects.toThrow(
      /^none of the \d+ configs tried for matmul works \(\d+ invalid\): synthetic invalid$/,
    )
  })

  it('says so when time ends before the first config', async () => {
    const run = tuneWith(search, matmul, { settings: { autotuneBudgetSeconds: 0 } })
    await expect(run).rejects.toThrow(
      new HelionError('tuning matmul ran out of time before one config was measured', {
        remedy: 'Raise autotuneBudgetSeconds (HELION_AUTOTUNE_BUDGET_SECONDS).',
      }),
    )
  })

  it('survives configs that fail in every way', async () => {
    const statuses = ['invalid', 'wrong', 'timeout', 'error', 'filtered'] as const
    const cost = (config: Config) =>
      config.equals(matmul.spec.defaultConfig())
        ? 1
        : (statuses[Number.parseInt(config.hash.slice(0, 2), 16) % 7] ?? Number(matmul.cost(config)) + 1)
    const { result } = await tuneWith(search, { ...matmul, cost })
    expect(Number.isFinite(Number(cost(result.config)))).toBe(true)
    expect(new Set(result.candidates.map(({ status }) => status)).size).toBe(6)
  })

  it('refuses options that it does not have', async () => {
    await expect(tuneWith(search, matmul, { task: { searchOptions: { iterations: 3 } } })).rejects.toThrow(
      `${search} has no option iterations\n  It has `,
    )
  })
})

describe.each(SPACE_SEARCHES)('%s, in a space', (search) => {
  const { commonOptions } = searchByName(search)
  const run = async (
    searchOptions: OptionValues,
    settings: TuneOptions['settings'] = {},
    task: object = {},
  ) => {
    const phases = new Set<Phase>()
    const onProgress = ({ phase }: Progress) => void phases.add(phase)
    const options = { settings, task: { searchOptions, onProgress, ...task } }
    return { ...(await tuneWith(search, matmul, options)), phases }
  }

  it('finishes as its options say, else the settings, else the effort', async () => {
    const isFinished = async (options: OptionValues, autotuneFinishingRounds: number | null) =>
      (await run(options, { autotuneFinishingRounds })).phases.has('finish')
    expect(await isFinished({}, null)).toBe(true)
    expect(await isFinished({}, 0)).toBe(false)
    expect(await isFinished({ finishingRounds: 1 }, 0)).toBe(true)
    expect(await isFinished({ finishingRounds: 0 }, 2)).toBe(false)
  })

  if ('compileTimeoutLowerBound' in commonOptions)
    it('shortens the compile timeout as it is told', async () => {
      const { timeouts } = (await run({ compileTimeoutLowerBound: 7 })).benchmarker
      expect([...new Set(timeouts.slice(timeouts.indexOf(60_000)))]).toEqual([60_000, 7000])
    })

  it('starts from seeds, and from what earlier searches found unless told otherwise', async () => {
    const cacheKey = { ...CONTENDED.key, settings: 'one' }
    const settings = { cacheDir: temporaryFolder(), autotuneSeedConfigs: [{ num_warps: 16, num_stages: 2 }] }
    const { result } = await run({}, settings, { cacheKey })
    let count = 0
    const first = async (options: OptionValues, more: TuneOptions['settings'] = {}) => {
      const { signal, onProgress } = endAfter(8)
      const other = { cacheKey: { ...cacheKey, settings: `one ${count++}` }, signal, onProgress }
      const { benchmarker } = await run(options, { ...settings, ...more }, other)
      const [, seed, ...others] = benchmarker.measured.slice(0, 8)
      return { seed: seed?.numWarps, isStored: others.some((config) => config.equals(result.config)) }
    }
    const { FROM_RANDOM, FROM_BEST_AVAILABLE } = InitialPopulationStrategy
    expect(await first({})).toEqual({ seed: 16, isStored: true })
    const random = { seed: 16, isStored: false }
    expect(await first({ initialPopulationStrategy: FROM_RANDOM })).toEqual(random)
    expect(await first({}, { autotuneInitialPopulation: FROM_RANDOM })).toEqual(random)
    expect(await first({}, { forceAutotune: true })).toEqual(random)
    const asked = { initialPopulationStrategy: FROM_BEST_AVAILABLE }
    expect(await first(asked, { forceAutotune: true, autotuneInitialPopulation: FROM_RANDOM })).toEqual({
      seed: 16,
      isStored: true,
    })
  })

  if ('bestAvailablePadRandom' in commonOptions)
    it('does not fill up a start from the best available when it is told so', async () => {
      const known = [matmul.spec.defaultConfig(), matmul.spec.normalize({ num_warps: 16 }, 'strict')]
      const options = { bestAvailablePadRandom: false, maxGenerations: 0 }
      const settings = { autotuneSeedConfigs: [{ num_warps: 16 }], autotuneFinishingRounds: 0 }
      const { benchmarker } = await run(
        search === 'RandomSearch' ? { bestAvailablePadRandom: false } : options,
        settings,
      )
      const guesses = matmul.spec.guesses().map((config) => matmul.spec.normalize(config, 'repair'))
      const allowed = [...known, ...guesses].map(String)
      expect(benchmarker.measured.filter((config) => !allowed.includes(String(config)))).toEqual([])
    })

  it('tells its options under an effort and settings', () => {
    const kwargs = searchByName(search).getKwargsFromProfile('quick', { autotuneFinishingRounds: 7 })
    const shared = { bestAvailablePadRandom: true, compileTimeoutQuantile: 0.9 }
    const own = Object.entries(shared).filter(([name]) => name in commonOptions)
    expect(kwargs).toMatchObject({ finishingRounds: 7, ...Object.fromEntries(own) })
  })

  it('keeps fixed fields', async () => {
    const overrides = { num_warps: 2, indexing: 'pointer' }
    const { result, benchmarker } = await tuneWith(search, matmul, {
      settings: { autotuneConfigOverrides: overrides },
    })
    for (const config of [...benchmarker.measured, result.config])
      expect([config.numWarps, config.indexing]).toEqual([2, ['pointer', 'pointer', 'pointer']])
  })

  it('finds the best of a small space', async () => {
    const input = streamInput(16)
    const spec = new ConfigSpec({ ...input, memoryOps: [['block_ptr', 'pointer']], pidTypes: ['flat'] })
    const needle = spec.normalize({ block_sizes: [1], num_warps: 32, indexing: 'pointer' }, 'strict')
    const cost = (config: Config) => (config.equals(needle) ? 1 : 2 + config.numWarps)
    const { result } = await tuneWith(search, { name: 'small', spec, cost }, { msPerConfig: 1 })
    expect(result.candidates).toHaveLength(5 * 6 * 2)
    expect(result.ms).toBe(1)
  })
})

describe('PatternSearch', () => {
  it('takes several improvements in one step, of one slot the best', async () => {
    const cost = ({ numWarps, numStages }: Config) =>
      (({ 4: 1, 2: 0.9, 8: 0.8 })[numWarps] ?? 2) * (numStages === 1 ? 0.95 : 1)
    const { result } = await tune(
      { ...matmul, cost },
      {
        settings: { autotuner: 'PatternSearch', autotuneFinishingRounds: 0 },
        task: { searchOptions: { initialPopulation: 1, copies: 1, maxGenerations: 1 } },
      },
    )
    expect(result.config.minimize(matmul.spec).data).toMatchObject({ num_warps: 8, num_stages: 1 })
  })
})

describe('a walk of PatternSearch', () => {
  it('goes on from several improvements at once', async () => {
    const cost = ({ numWarps, numStages, loopOrders }: Config) => {
      const gains = Number(numWarps === 8) + Number(numStages === 2)
      return 1 / (1 + gains + (gains === 2 && loopOrders[0]?.[0] === 1 ? 1 : 0))
    }
    const searchOptions = { initialPopulation: 1, copies: 1, numNeighborsCap: -1, maxGenerations: 2 }
    const settings = { autotuner: 'PatternSearch', autotuneFinishingRounds: 0 }
    const { result } = await tune({ ...matmul, cost }, { settings, task: { searchOptions } })
    expect(result.ms).toBe(1 / 4)
  })

  it('goes on while neighbours are left, and ends when none is', async () => {
    const cost = (config: Config) => (config.numStages === 2 ? 1 : 2)
    const run = (maxGenerations: number) =>
      tune(
        { ...matmul, cost },
        {
          settings: { autotuner: 'PatternSearch', autotuneFinishingRounds: 0 },
          task: {
            searchOptions: { initialPopulation: 1, copies: 1, numNeighborsCap: 8, maxGenerations },
          },
        },
      )
    const { result, benchmarker } = await run(50)
    expect(result.ms).toBe(1)
    expect(result.generations).toBeLessThan(30)
    expect(benchmarker.measured[0]?.equals(matmul.spec.defaultConfig())).toBe(true)
    expect((await run(1)).benchmarker.measured).toHaveLength(9)
  })
})

describe('FiniteSearch', () => {
  it('measures all choices and times the best again', async () => {
    const choices = choicesFor('FiniteSearch', matmul) ?? []
    const { benchmarker } = await tuneWith('FiniteSearch', matmul, {
      settings: { autotuneRebenchmarkThreshold: 100 },
    })
    expect(benchmarker.measured.map(String)).toEqual([...new Set(choices.map(String))])
    expect(new Set(benchmarker.remeasured).size).toBeGreaterThan(8)
  })
})

describe('RandomSearch', () => {
  it('measures as many configs as asked for', async () => {
    const { benchmarker } = await tuneWith('RandomSearch', matmul, {
      settings: { autotuneFinishingRounds: 0 },
      task: { searchOptions: { count: 77 } },
    })
    expect(benchmarker.measured).toHaveLength(77)
  })
})

describe('PatternSearch against RandomSearch', () => {
  it.each(['quick', 'full'] as const)(
    'is nearer to the optimum with as many configs (%s)',
    async (effort) => {
      const regrets: Record<string, number[]> = { PatternSearch: [], RandomSearch: [] }
      for (const problem of PROBLEMS)
        for (const seed of [1, 2, 3]) {
          const settings = { autotuneEffort: effort, autotuneRandomSeed: seed, autotuneFinishingRounds: 0 }
          const run = async (autotuner: string, searchOptions: object) => {
            const options = { noise: 0.02, seed, task: { searchOptions: { ...searchOptions } } }
            const { result } = await tune(problem, { ...options, settings: { ...settings, autotuner } })
            regrets[autotuner]?.push(Number(problem.cost(result.config)) / problem.optimum)
            return result.candidates.length
          }
          const count = await run('PatternSearch', {})
          await run('RandomSearch', { count })
        }
      const [pattern = 0, random = 0] = Object.values(regrets).map(geomean)
      expect(pattern).toBeLessThan(1.05)
      expect(random).toBeGreaterThan(1.05)
    },
  )
})

describe('searchByName', () => {
  it('names the searches that exist', () => {
    const names = ALL_SEARCHES.map(({ name }) => name)
    expect(names).toContain('PatternSearch')
    expect(() => searchByName('Magic')).toThrow(
      new UsageError('there is no search named Magic', {
        remedy: `Known are ${names.join(', ')}. Name one in autotuner (HELION_AUTOTUNER).`,
      }),
    )
  })
})

describe('a search without options for the compile timeout', () => {
  it('has those that the others have by default', async () => {
    class Bare extends RandomSearch {
      static override readonly commonOptions = {}
    }
    const search = new Bare(DETACHED, [], { count: 40 })
    const { timeouts } = (await tune(matmul, { task: { search } })).benchmarker
    expect([...new Set(timeouts)]).toEqual([60_000, 30_000])
  })
})
