/** Recorded spaces: what is read from a file, and what a search in one costs. */
import { gzipSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { DataError, FiniteSearch, PatternSearch, RandomSearch, replaySpace } from '../../src/index.ts'

/** Blocks from 32 to 1024, three unrolls; what would take more than 2048 was not recorded, 32 × 4 fails. */
const BLOCKS = [32, 64, 128, 256, 512, 1024]
const UNROLLS = [1, 2, 4]
const LINES = BLOCKS.flatMap((block) =>
  UNROLLS.filter((unroll) => block * unroll <= 2048).map((unroll) => {
    const time = block === 32 && unroll === 4 ? 'CompilationFailedConfig' : Math.abs(block - 256) + unroll
    return `${block},${unroll},fast,${time},1.5,20`
  }),
)
const CSV = ['block,unroll,maths,time_ms,compile_ms,benchmark_ms', ...LINES, ''].join('\n')
const settings = { autotuneRandomSeed: 1 }

describe('replaySpace', () => {
  it('reads tunables, times and failures', () => {
    const space = replaySpace(CSV)
    expect(space.recorded).toHaveLength(17)
    expect(space.space.cardinality).toBe(18)
    expect(space.best).toMatchObject({ ms: 1, config: { data: { block: 256, unroll: 1, maths: 'fast' } } })
    expect(space.recorded[2]).toMatchObject({
      ms: Number.POSITIVE_INFINITY,
      reason: 'CompilationFailedConfig',
    })
    expect(space.space.slots.map(({ fragment }) => fragment.allowed)).toEqual([
      '32, 64, 128, 256, 512, 1024',
      '1, 2, 4',
      "'fast'",
    ])
  })

  it('takes tunables that are called as fields of our own configs are', () => {
    expect(replaySpace('num_warps,time_ms\n3,2\n5,1').best.config.data).toEqual({ num_warps_: 5 })
  })

  it('reads gzip as well', () => {
    expect(replaySpace(gzipSync(CSV)).best.ms).toBe(1)
    expect(replaySpace(Buffer.from(CSV)).recorded).toHaveLength(17)
  })

  it('says what is wrong with a text', () => {
    expect(() => replaySpace('a,b\n1,2')).toThrow(DataError)
    expect(() => replaySpace('a,b\n1,2')).toThrow(
      'has columns of tunables, then time_ms, and a line a config',
    )
    expect(() => replaySpace('a,time_ms\n1')).toThrow('line 2 of a recorded space has 1 cells, not 2')
    expect(() => replaySpace('a,time_ms\n1,Failed')).toThrow('no config of this recorded space has a time')
  })
})

describe('a search in a recorded space', () => {
  it('evaluates recorded configs only, each once, failures too', async () => {
    const space = replaySpace(CSV, { settings })
    const config = await new PatternSearch(space, []).autotune()
    expect(config.equals(space.best.config)).toBe(true)
    const hashes = space.evaluated.map((trial) => trial.config.hash)
    expect(new Set(hashes).size).toBe(hashes.length)
    expect(new Set(space.evaluated)).toEqual(new Set(space.recorded))
  })

  it('ends after as many evaluations as it may have', async () => {
    const space = replaySpace(CSV, { settings, evaluations: 5 })
    const config = await new RandomSearch(space, [], { count: 10 }).autotune()
    expect(space.evaluated).toHaveLength(5)
    const best = Math.min(...space.evaluated.map(({ ms }) => ms))
    // The default stays where nothing is faster by a hundredth.
    const found = space.recorded.find((trial) => trial.config.equals(config))
    expect(found?.ms).toBeLessThanOrEqual(1.01 * best)
  })

  it('takes the search of its settings, and options for it', async () => {
    const space = replaySpace(CSV, {
      settings: { ...settings, autotuner: 'RandomSearch', autotuneFinishingRounds: 0 },
    })
    await space.autotune([], { count: 7 })
    expect(space.evaluated).toHaveLength(7)
    await expect(space.autotune([], { depth: 7 })).rejects.toThrow('RandomSearch has no option depth')
    const search = new FiniteSearch(space, [])
    await expect(space.autotune([], { search, depth: 7 })).rejects.toThrow('stands beside a search')
  })

  it('draws each config with the same chance, however rare those are among all combinations', async () => {
    const rare = Array.from({ length: 40 }, (_, i) => `${i},${(i * 7) % 40},${(i * 13) % 40},${1 + i}`)
    const space = replaySpace(['a,b,c,time_ms', ...rare].join('\n'), { settings, evaluations: 20 })
    await new RandomSearch(space, [], { count: 20 }).autotune()
    expect(space.evaluated).toHaveLength(20)
  })
})
