/** Searches in recorded spaces of real kernels: how near to the best they come with few evaluations. */
import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { LFBOPatternSearch, LFBOTreeSearch, RandomSearch, replaySpace } from '../../src/index.ts'
import { geomean, median } from '../../src/support/maths.ts'

const SPACES = ['convolution_a4000', 'pnpoly_titan'].map((name) =>
  replaySpace(readFileSync(new URL(`../data/${name}.csv.gz`, import.meta.url))),
)
const SEEDS = [1, 2, 3, 4, 5]

/** Best found ÷ best there is after some evaluations: medians over seeds, geometric mean over spaces. */
async function regret(Named: typeof LFBOPatternSearch | typeof RandomSearch, evaluations: number) {
  const medians: number[] = []
  for (const space of SPACES) {
    const runs: number[] = []
    for (const autotuneRandomSeed of SEEDS) {
      const search = new Named(space, [])
      await space.autotune([], { search }, { evaluations, settings: { autotuneRandomSeed } })
      expect(space.evaluated).toHaveLength(evaluations)
      runs.push(Math.min(...space.evaluated.map(({ ms }) => ms)) / space.best.ms)
    }
    medians.push(median(runs))
  }
  return geomean(medians)
}

describe('in recorded spaces', () => {
  it('LFBO searches are far ahead of random search', async () => {
    const random = await regret(RandomSearch, 100)
    for (const Named of [LFBOTreeSearch, LFBOPatternSearch]) {
      expect((await regret(Named, 100)) - 1).toBeLessThan(0.7 * (random - 1))
    }
  })

  it.each(['matmul', 'matmul_wide', 'softmax_f16', 'softmax_long', 'layer_norm', 'column_sums'])(
    'the default search comes near to the best of %s in 200 evaluations',
    async (name) => {
      const space = replaySpace(readFileSync(new URL(`../data/${name}_h200.csv.gz`, import.meta.url)))
      const runs: number[] = []
      for (const autotuneRandomSeed of [1, 2, 3]) {
        await space.autotune([], {}, { evaluations: 200, settings: { autotuneRandomSeed } })
        runs.push(Math.min(...space.evaluated.map(({ ms }) => ms)) / space.best.ms)
      }
      expect(median(runs)).toBeLessThan(1.03)
    },
  )

  it('results from elsewhere make a search begin where they are good', async () => {
    for (const space of SPACES)
      for (const autotuneRandomSeed of SEEDS) {
        const search = new LFBOTreeSearch(space, [])
        const slower = space.recorded.map(({ config, ms }) => ({ config, ms: 3 * ms }))
        search.seedTrainingData([...slower, { config: { no_such_tunable: 1 }, ms: 0.001 }])
        await space.autotune([], { search }, { evaluations: 10, settings: { autotuneRandomSeed } })
        const best = Math.min(...space.evaluated.map(({ ms }) => ms))
        expect(best / space.best.ms).toBeLessThan(1.1)
      }
  })

  it('results of one place are compared with each other only', async () => {
    const [space] = SPACES
    if (!space) throw new Error('no space')
    const [half, rest] = [space.recorded.slice(0, 500), space.recorded.slice(500, 1000)]
    const tried = async (unit: number): Promise<readonly string[]> => {
      const search = new LFBOTreeSearch(space, [])
      search.seedTrainingData(half)
      search.seedTrainingData(
        rest.map(({ config, ms }) => ({ config, ms: unit * ms })),
        'another GPU',
      )
      await space.autotune([], { search }, { evaluations: 15, settings: { autotuneRandomSeed: 1 } })
      return space.evaluated.map(({ config }) => config.hash)
    }
    expect(await tried(1000)).toEqual(await tried(1))
  })
})
