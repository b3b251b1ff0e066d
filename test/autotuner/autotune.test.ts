import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { EntryFolder } from '../../src/autotuner/cache/entry_folder.ts'
import { ResultStore } from '../../src/autotuner/cache/result_store.ts'
import type { RemeasureOptions } from '../../src/autotuner/trial/benchmarker.ts'
import { Config } from '../../src/config/config.ts'
import type { ConfigData } from '../../src/config/value.ts'
import { DataError, UsageError } from '../../src/support/errors.ts'
import { createLog } from '../../src/support/log.ts'
import { sum } from '../../src/support/maths.ts'
import { Random } from '../../src/support/random.ts'
import { cacheDir, cached, key, quick, row } from './stored_search.ts'
import { PROBLEMS, type Problem, SyntheticBenchmarker, tune } from './synthetic.ts'

const [matmul] = PROBLEMS as [Problem]

describe('the stored result', () => {
  it('is found the second time, without measuring', async () => {
    const first = await cached()
    const second = await cached()
    expect([first.result.source, second.result.source]).toEqual(['search', 'cache'])
    expect(second.benchmarker.measured).toEqual([])
    expect(second.result).toMatchObject({
      config: first.result.config,
      ms: first.result.ms,
      search: 'LFBOTreeSearch',
      effort: 'quick',
    })
  })

  it('is told once, with its folder and how to search again', async () => {
    const { result } = await cached()
    const lines: string[] = []
    const log = createLog(20, (line) => lines.push(line))
    for (const _ of ['once', 'again']) await cached({}, { task: { log, shape: 'f32[256]' } })
    expect(lines).toHaveLength(1)
    const [first, second] = lines[0]?.split('\n') ?? []
    expect(first).toMatch(/^found cached config for row f32\[256\] \([\d.]+ µs\), skipping autotuning: /)
    expect(first).toContain(String(result.config.minimize(row.spec)))
    expect(second).toBe(
      `  from ${join(cacheDir, 'configs')}; set forceAutotune (HELION_FORCE_AUTOTUNE) to search again`,
    )
  })

  it('is not enough for a greater effort, but a start for it', async () => {
    const first = await cached()
    const second = await cached({ autotuneEffort: 'full' })
    expect(second.result.source).toBe('search')
    expect(second.benchmarker.measured.slice(0, 12).map(String)).toContain(String(first.result.config))
    expect((await cached()).result.effort).toBe('full')
  })

  it('is passed over by force, also as a start, and replaced', async () => {
    const first = await cached()
    const forced = await cached({ forceAutotune: true })
    expect(forced.result.source).toBe('search')
    expect(forced.benchmarker.measured.map(String)).toEqual(first.benchmarker.measured.map(String))
    expect(readdirSync(join(cacheDir, 'configs'))).toHaveLength(1)
  })

  it('is neither read nor written with skipCache', async () => {
    await cached({ skipCache: true })
    expect(readdirSync(cacheDir)).toEqual([])
    await cached()
    expect((await cached({ skipCache: true })).result.source).toBe('search')
  })

  it('explains itself when it is asserted and missing', async () => {
    await cached()
    const run = cached({ assertCacheHit: true }, { task: { cacheKey: { ...key, device: '2' } } })
    await expect(run).rejects.toThrow(DataError)
    await expect(run).rejects.toThrow(/^no stored result for row, but assertCacheHit \(HELION_\w+\) asks/)
    await expect(run).rejects.toThrow(/ asks for one: [^@]*device \(GPU\): stored gpu, asked for 2/)
    expect((await cached({ assertCacheHit: true })).result.source).toBe('cache')
  })

  it('keeps the next best configs with their times', async () => {
    const { result } = await cached()
    const { runnersUp = [], tested } =
      (await new ResultStore('loose', EntryFolder.below(cacheDir)).get(key, 'quick')) ?? {}
    expect(runnersUp).toHaveLength(8)
    expect(runnersUp.map(({ config }) => config)).not.toContainEqual(result.config.data)
    expect(runnersUp.map(({ ms }) => ms)).toEqual(runnersUp.map(({ ms }) => ms).sort((a, b) => a - b))
    expect(tested).toBeGreaterThan(30)
  })

  it('of an interrupted search does not pass for a finished one', async () => {
    const controller = new AbortController()
    await cached(
      {},
      { onConfig: (_c, i) => i === 9 && controller.abort(), task: { signal: controller.signal } },
    )
    expect((await cached()).result.source).toBe('search')
  })
})

describe('switches', () => {
  it('effort none answers with the default config at once', async () => {
    const { result, benchmarker } = await tune(row, { settings: { autotuneEffort: 'none' } })
    expect(result).toMatchObject({ config: row.spec.defaultConfig(), source: 'default' })
    expect(benchmarker.measured).toEqual([])
  })

  it('a forbidden search is an error, a stored result is not', async () => {
    await expect(cached({ disallowAutotuning: true })).rejects.toThrow(
      new UsageError(
        'a search for row would start, but disallowAutotuning (HELION_DISALLOW_AUTOTUNING) forbids it',
        {
          remedy: 'Give the kernel a config, or tune it ahead of time.',
        },
      ),
    )
    await cached()
    expect((await cached({ disallowAutotuning: true })).result.source).toBe('cache')
  })

  it('an unknown search is an error', async () => {
    await expect(tune(row, { settings: { autotuner: 'Magic' } })).rejects.toThrow(
      'there is no search named Magic',
    )
  })

  it('generations and neighbours can be limited by settings, and by options before them', async () => {
    const settings = quick({
      autotuner: 'PatternSearch',
      autotuneMaxGenerations: 1,
      autotuneNumNeighborsCap: 3,
      autotuneFinishingRounds: 0,
    })
    const { result } = await tune(matmul, { settings })
    expect(result.generations).toBe(1)
    expect(result.candidates.length).toBeLessThanOrEqual(30 + 3 + 1)
    const more = await tune(matmul, { settings, task: { searchOptions: { maxGenerations: 3 } } })
    expect(more.result.generations).toBe(3)
  })

  it('options of the wrong kind are errors', async () => {
    await expect(tune(matmul, { task: { searchOptions: { copies: 0 } } })).rejects.toThrow(
      new UsageError('option copies of LFBOTreeSearch is 0; allowed: an integer of at least 1'),
    )
  })

  it('the best of several searches shares one budget', async () => {
    const settings = quick({ autotuneBestOfK: 3, autotuneBudgetSeconds: 1.5 })
    const { result, benchmarker } = await tune(matmul, { settings })
    expect(result.ended).toBe('budget')
    expect(benchmarker.clock).toBeLessThan(1_800)
    const standard = matmul.spec.defaultConfig().hash
    expect(benchmarker.measured.filter(({ hash }) => hash === standard)).toHaveLength(3)
  })

  it('the best of several searches starts from different configs', async () => {
    // Later they may meet: what one of them has timed costs the others nothing.
    const settings = quick({ autotuneBestOfK: 3, autotuneFinishingRounds: 0 })
    const { benchmarker } = await tune(matmul, { settings, task: { searchOptions: { maxGenerations: 0 } } })
    expect(benchmarker.measured).toHaveLength(3 * 12)
    const repeated = benchmarker.measured.length - new Set(benchmarker.measured.map(({ hash }) => hash)).size
    expect(repeated).toBeLessThanOrEqual(2 * (1 + matmul.spec.guesses().length))
  })
})

describe('seeds', () => {
  it('are measured first and reported when they do not fit', async () => {
    const lines: string[] = []
    const { benchmarker, result } = await tune(matmul, {
      settings: quick({
        autotuneSeedConfigs: [{ block_sizes: [16, 16, 16] }, { range_unroll_factors: [9] }],
        autotuneIgnoreErrors: true,
      }),
      task: {
        seeds: [{ config: new Config({ block_sizes: [8, 8, 8] }), origin: 'winner on another shape' }],
        log: createLog(30, (line) => lines.push(line)),
      },
    })
    expect(benchmarker.measured.slice(1, 3).map(({ blockSizes }) => blockSizes)).toEqual([
      [16, 16, 16],
      [8, 8, 8],
    ])
    expect(result.candidates.slice(0, 3).map(({ origin }) => origin)).toEqual([
      'default',
      'seed',
      'winner on another shape',
    ])
    expect(lines).toEqual([
      'helion-aot: left out the config {"range_unroll_factors":[9]}: ' +
        'config field range_unroll_factors is [9]; allowed: a list of 1, each an integer from 0 to 4',
    ])
  })

  it('are told from results elsewhere, which searches that learn take for candidates', async () => {
    const spread = new Random(3)
    const results = Array.from({ length: 60 }, () => {
      const draw = matmul.spec.slots.map(({ field, fragment }) => [field, fragment.random(spread)])
      const config = matmul.spec.normalize(Object.fromEntries(draw), 'repair')
      return { config, ms: Number(matmul.cost(config)) || Number.POSITIVE_INFINITY }
    })
    const training = [{ origin: 'result on another GPU', results }]
    const learning = await tune(matmul, { settings: quick(), task: { training } })
    const [first, second] = learning.result.candidates
    expect([first?.origin, second?.origin]).toEqual(['default', 'result on another GPU'])
    const other = await tune(matmul, { settings: quick({ autotuner: 'RandomSearch' }), task: { training } })
    expect(other.result.candidates.map(({ origin }) => origin)).not.toContain('result on another GPU')
  })

  it('win the final comparison within the tolerance', async () => {
    const run = (autotuneFinalPinnedTolerance: number) =>
      tune(matmul, {
        settings: quick({ autotuneFinalPinnedTolerance, autotuneFinishingRounds: 0 }),
      })
    expect((await run(0)).result.config.equals(matmul.spec.defaultConfig())).toBe(false)
    expect((await run(1)).result.config.equals(matmul.spec.defaultConfig())).toBe(true)
  })
})

describe('the winner', () => {
  it('differs from the default only where it matters', async () => {
    const { result } = await tune(matmul, { settings: quick() })
    const { result: plain } = await tune(matmul, { settings: quick({ autotuneFinishingRounds: 0 }) })
    const size = (config: Config) => Object.keys(config.minimize(matmul.spec).data).length
    expect(size(result.config)).toBeLessThan(size(plain.config))
    expect(result.ms).toBeLessThanOrEqual(plain.ms)
  })

  it('keeps what is worth two percent, and loses all that is not in one round', async () => {
    const seed = { block_sizes: [32, 32, 32], num_stages: 1, num_warps: 8, dot_rows: [4] }
    const cost = (config: Config) =>
      (config.blockSizes.join() === '32,32,32' ? 1 : 9) * (config.numStages === 1 ? 1 : 1.02)
    const { result } = await tune(
      { ...matmul, cost },
      {
        settings: quick({
          autotuneSeedConfigs: [seed],
          autotuneFinishingRounds: 1,
          autotuner: 'RandomSearch',
        }),
        task: { searchOptions: { count: 2 } },
      },
    )
    expect(result.config.minimize(matmul.spec).data).toEqual({ block_sizes: [32, 32, 32], num_stages: 1 })
  })

  it('is chosen among the configs given, and never changed', async () => {
    const choices: ConfigData[] = [
      { block_sizes: [16, 16, 16] },
      { block_sizes: [64, 64, 16], num_warps: 2 },
      { num_warps: 3 },
    ]
    const { result, benchmarker } = await tune(matmul, { settings: quick(), task: { choices } })
    expect(benchmarker.measured).toHaveLength(2)
    expect(result.search).toBe('FiniteSearch')
    expect(result.config.data).toEqual(
      matmul.spec.normalize({ block_sizes: [64, 64, 16], num_warps: 2 }, 'strict').data,
    )
  })

  it('chooses the only config there is', async () => {
    const only = { block_sizes: [16, 16, 16] }
    const { result } = await tune(matmul, { task: { choices: [only] } })
    expect(result.config.data).toEqual(matmul.spec.normalize(only, 'strict').data)
  })

  it('is compared with the others for less time where the search is a quick one', async () => {
    const longest = async (autotuneEffort: 'quick' | 'full') => {
      const targets: number[] = []
      class Watched extends SyntheticBenchmarker {
        override async remeasure(configs: readonly Config[], options: RemeasureOptions) {
          targets.push(options.targetMs)
          return await super.remeasure(configs, options)
        }
      }
      const benchmarker = new Watched(matmul.cost)
      // All finalists stay in reach, so that every round takes place.
      const settings = { autotuneEffort, autotuneFinalTargetMs: 1000, autotuneFinalPinnedTolerance: 1 }
      await tune(matmul, { settings, task: { benchmarker } })
      return Math.max(...targets)
    }
    expect(await longest('quick')).toBeCloseTo(0.3 * (await longest('full')))
  })

  it('is announced with something to paste', async () => {
    const lines: string[] = []
    await tune(row, {
      settings: quick({
        autotuner: 'PatternSearch',
        autotuneSeedConfigs: [{ block_sizes: 64, num_warps: 1 }],
      }),
      task: { log: createLog(20, (line) => lines.push(line)) },
    })
    expect(lines[0]).toMatch(
      /^tuning row: PatternSearch, quick effort, seed 1, \d\.\de\+\d configs to choose from$/,
    )
    const [first, failures, last] = lines.at(-1)?.split('\n') ?? []
    expect(first).toMatch(/^tuned row: [\d.]+ µs, [\d.]+ times the speed of the default; \d+ configs \(/)
    expect(first).toMatch(/ \(\d+ ok, \d+ invalid\) in \d+\.\d s$/)
    expect(failures).toMatch(/^ {2}\d+ invalid: synthetic invalid$/)
    expect(last).toMatch(/^ {2}config: new Config\(\{ block_sizes: .*\}\)$/)
  })

  it('is told stage by stage, one line each', async () => {
    const lines: string[] = []
    const log = createLog(20, (line) => lines.push(line))
    const settings = quick({ autotuner: 'PatternSearch', autotuneBestOfK: 2 })
    const { result } = await tune(row, { settings, task: { log } })
    const search = [
      /^tuning row: first configs: 16 configs, \d+ times taken in turns, best [\d.]+ µs, in \d+\.\d s$/,
      /^tuning row: search: \d+ generations?, \d+ configs?, \d+ times .*, best [\d.]+ µs, in \d+\.\d s$/,
    ]
    const end = [
      /^tuning row: comparing the best: \d+ times taken in turns, best [\d.]+ µs, in \d+\.\d s$/,
      /^tuning row: simplifying the winner: \d+ .*best [\d.]+ µs, in \d+\.\d s$/,
    ]
    expect(lines.slice(1, -1)).toEqual(
      [...search, ...search, ...end].map((line) => expect.stringMatching(line)),
    )
    const generations = lines.map((line) => Number(/ (\d+) generation/.exec(line)?.[1] ?? 0))
    expect(sum(generations)).toBe(result.generations)
  })

  it('ends with a property of the kernel that means the winner when it is pasted', async () => {
    for (const { spec, ...problem } of PROBLEMS) {
      const lines: string[] = []
      const log = createLog(20, (line) => lines.push(line))
      const { result } = await tune({ spec, ...problem }, { settings: quick(), task: { log } })
      const text = lines.at(-1)?.split('\n').at(-1) ?? ''
      const { config } = new Function('Config', `return { ${text} }`)(Config) as { config: Config }
      expect(spec.normalize(config, 'strict').data).toEqual(result.config.data)
    }
  })

  it('names the commonest reasons first, each once however its numbers differ', async () => {
    const lines: string[] = []
    const cost = (config: Config) => {
      if (config.equals(row.spec.defaultConfig())) return 1
      return config.numWarps < 8 ? 'timeout' : config.numWarps < 16 ? 'invalid' : row.cost(config)
    }
    const { result } = await tune(
      { ...row, cost },
      { settings: quick(), task: { log: createLog(20, (line) => lines.push(line)) } },
    )
    const told = lines.at(-1)?.split('\n').slice(1, -1) ?? []
    const count = (status: string) => result.candidates.filter((one) => one.status === status).length
    const expected = [
      `  ${count('timeout')} timeout: synthetic timeout`,
      `  ${count('invalid')} invalid: synthetic invalid`,
    ]
    expect([...told].sort()).toEqual(expected.sort())
    const counts = told.map((line) => Number.parseInt(line, 10))
    expect(counts).toEqual(counts.toSorted((a, b) => b - a))
  })
})

describe('the default config', () => {
  const standard = row.spec.defaultConfig()
  const alike = (gain: number) => (config: Config) => (config.equals(standard) ? 1 : 1 - gain)
  const run = (gain: number, seed: number) =>
    tune(
      { ...row, cost: alike(gain) },
      { noise: 0.05, seed, settings: quick({ autotuneFinishingRounds: 0, autotuneMaxGenerations: 2 }) },
    )

  it('stays where nothing beats it beyond noise', async () => {
    for (const seed of [1, 2, 3, 4]) expect((await run(0, seed)).result.config.data).toEqual(standard.data)
  })

  it('gives way to what is faster by more than that', async () => {
    for (const seed of [1, 2]) expect((await run(0.03, seed)).result.config.data).not.toEqual(standard.data)
  })
})
