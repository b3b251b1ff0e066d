/** Searches made by hand: `new PatternSearch(binding, args, options).autotune()`. */
import { describe, expect, it } from 'vitest'
import {
  Config,
  FiniteSearch,
  kernel,
  PatternSearch,
  RandomSearch,
  rand,
  type Tensor,
} from '../../src/index.ts'
import { temporaryFolder } from '../temporary_folder.ts'
import { double } from './kernel_trials.ts'

const folder = temporaryFolder()

const quick = {
  autotuneEffort: 'quick',
  autotuneRandomSeed: 1,
  autotuneLogLevel: 'warning',
  autotuneFinalTargetMs: 50,
  cacheDir: folder,
} as const
const doubled = kernel(quick, double)
const args: [Tensor] = [rand([100_000])]

describe('a search made by hand', () => {
  it('tunes a binding with its own options, and the config can be saved', async () => {
    const binding = doubled.bind(...args)
    const best = await new PatternSearch(binding, args, {
      initialPopulation: 3,
      maxGenerations: 0,
    }).autotune()
    best.save(`${folder}/best.json`)
    expect(Config.load(`${folder}/best.json`).equals(best)).toBe(true)
    expect(await new RandomSearch(binding, args, { count: 2 }).autotune()).toBeInstanceOf(Config)
  })

  it('refuses options that it does not have, with the place of the call', async () => {
    const search = new PatternSearch(doubled.bind(...args), args, { iterations: 3 } as object)
    await expect(search.autotune()).rejects.toThrow('PatternSearch has no option iterations')
    const wrong = new RandomSearch(doubled.bind(...args), args, { count: 0 })
    await expect(wrong.autotune()).rejects.toThrow('option count of RandomSearch is 0; allowed: ')
  })

  it('is the only thing that says how: options beside it are refused', async () => {
    const binding = doubled.bind(...args)
    const search = new RandomSearch(binding, args)
    await expect(binding.autotune(args, { search, count: 3 })).rejects.toThrow(
      'the option count stands beside',
    )
    await expect(binding.autotune(args, { search: {} })).rejects.toThrow('the option search is not a search')
  })
})

describe('options of autotune', () => {
  it('that the search does not have are refused, with what was meant', async () => {
    await expect(doubled.autotune(args, { iterations: 3 })).rejects.toThrow(
      /^LFBOTreeSearch has no option iterations\n {2}at .*_control.*\n {2}It has initialPopulation, /,
    )
    await expect(doubled.autotune(args, { initialPopulations: 3 })).rejects.toThrow(
      'Did you mean initialPopulation?',
    )
    await expect(doubled.autotune(args, { finishingRounds: -1 })).rejects.toThrow(
      'option finishingRounds of LFBOTreeSearch is -1; allowed: an integer of at least 0',
    )
  })
})

describe('FiniteSearch', () => {
  const configs = [{ block_sizes: [256] }, new Config({ block_sizes: [1024], num_warps: 2 })]
  const sizes = [256, 1024]

  it('chooses among the configs that it is given, and stores that as such', async () => {
    const binding = doubled.bind(...args)
    const best = await new FiniteSearch(binding, args, { configs }).autotune()
    expect(sizes).toContain(best.blockSizes[0])
    const other = await new FiniteSearch(binding, args, {
      configs: [configs[0] ?? {}, { block_sizes: [64] }],
    }).autotune()
    expect([256, 64]).toContain(other.blockSizes[0])
  })

  it('chooses among those of its kernel', async () => {
    const own = kernel({ ...quick, configs }, double)
    expect(sizes).toContain((await new FiniteSearch(own.bind(...args), args).autotune()).blockSizes[0])
    expect(sizes).toContain((await own.autotune(args, { force: false })).blockSizes[0])
    const named = kernel({ ...quick, configs, autotuner: 'FiniteSearch' }, double)
    expect(sizes).toContain((await named.autotune(args)).blockSizes[0])
  })

  it('needs two', async () => {
    const few = 'FiniteSearch needs two configs to choose from, not'
    const binding = doubled.bind(...args)
    await expect(new FiniteSearch(binding, args).autotune()).rejects.toThrow(`${few} 0`)
    await expect(new FiniteSearch(binding, args, { configs: [{}] }).autotune()).rejects.toThrow(`${few} 1`)
  })

  it('is not asked where a kernel has a single config', async () => {
    const single = kernel({ ...quick, configs: [{ block_sizes: [256] }] }, double)
    expect((await single(...args).data()).length).toBe(100_000)
    expect((await single.autotune(args, { force: false })).blockSizes).toEqual([256])
  })
})

describe('autotunerFn', () => {
  it('makes the search of a kernel', async () => {
    const asked: unknown[] = []
    const own = kernel(
      {
        ...quick,
        autotunerFn: (binding, given, options) => {
          asked.push([binding.bound.key, given.length, options])
          return new RandomSearch(binding, given, { count: 2, ...options })
        },
      },
      double,
    )
    await own(...args).data()
    await own.autotune(args, { finishingRounds: 0 })
    const { key } = own.bind(...args).bound
    expect(asked).toEqual([
      [key, 1, {}],
      [key, 1, { finishingRounds: 0 }],
    ])
  })

  it('that makes no search is an error', async () => {
    const own = kernel({ ...quick, autotunerFn: () => ({}) }, double)
    await expect(own.autotune(args)).rejects.toThrow('autotunerFn of double did not return a search')
  })
})
