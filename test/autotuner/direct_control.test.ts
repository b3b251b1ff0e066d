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

const doubled = kernel(
  { autotuneEffort: 'quick', autotuneRandomSeed: 1, autotuneLogLevel: 'warning', cacheDir: folder },
  double,
)
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
    const search = new FiniteSearch(binding, args)
    await expect(binding.autotune(args, { search, count: 3 })).rejects.toThrow(
      'the option count stands beside',
    )
    await expect(binding.autotune(args, { search: {} })).rejects.toThrow('the option search is not a search')
  })
})
