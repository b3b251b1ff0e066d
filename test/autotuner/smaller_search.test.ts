/** Searches that options make smaller than their effort, and what their stored results are good for. */
import { beforeEach, expect, it } from 'vitest'
import { DETACHED } from '../../src/autotuner/choose_search.ts'
import { PatternSearch } from '../../src/autotuner/search/pattern_search.ts'
import type { Settings } from '../../src/support/settings.ts'
import { temporaryFolder } from '../temporary_folder.ts'
import { CONTENDED } from './contended.ts'
import { PROBLEMS, type Problem, type TuneOptions, tune } from './synthetic.ts'

const [, row] = PROBLEMS as [Problem, Problem]
const key = { ...CONTENDED.key, kernel: 'row', space: row.spec.fingerprint }

let cacheDir: string
beforeEach(() => {
  cacheDir = temporaryFolder()
})

const cached = (settings: Partial<Settings> = {}, options: TuneOptions = {}) =>
  tune(row, {
    ...options,
    settings: { autotuneEffort: 'quick', cacheDir, ...settings },
    task: { cacheKey: key, ...options.task },
  })

it('a result of a search of few configs serves its like, and none of its effort', async () => {
  const few = { task: { searchOptions: { initialPopulation: 3, maxGenerations: 1 } } }
  await cached({}, few)
  expect((await cached({}, few)).result.source).toBe('cache')
  expect((await cached()).result.source).toBe('search')
  expect((await cached({}, few)).result.source).toBe('cache')
})

it('a search counts as of the effort that its options amount to', () => {
  const reached = (options: object, settings: Partial<Settings> = {}) =>
    new PatternSearch(DETACHED, [], options).effortReached('full', settings)
  expect(reached({})).toBe('full')
  expect(reached({ initialPopulation: 200, copies: 10 })).toBe('full')
  expect(reached({ minImprovementDelta: 0.5 })).toBe('full')
  expect(reached({ copies: 1 })).toBe('quick')
  expect(reached({ numNeighborsCap: 8 })).toBe('quick')
  expect(reached({ numNeighborsCap: 7 })).toBe('none')
  expect(reached({}, { autotuneMaxGenerations: 1 })).toBe('none')
})
