import { describe, expect, it } from 'vitest'
import { History, notSlower, relativeError } from '../../src/autotuner/search/history.ts'
import { failure, type Measurement } from '../../src/autotuner/trial/benchmarker.ts'
import { Config } from '../../src/config/config.ts'

const configs = [1, 2, 4, 8].map((size) => new Config({ block_sizes: [size] })) as [
  Config,
  Config,
  Config,
  Config,
]
const [one, two, four] = configs

function timed(config: Config, ms: number, spread = 0, samples = 100): Measurement {
  const samplesMs = Array<number>(samples).fill(ms)
  const rest = { compileMs: 1, programHash: undefined, reason: undefined }
  return { config, status: 'ok', ms, spread, samplesMs, ...rest }
}

describe('History', () => {
  it('ranks what works, counts everything, and knows the best', () => {
    const history = new History()
    expect(history.best).toBeUndefined()
    history.add(timed(one, 3), 'random')
    history.add(failure(two, 'wrong', 'off by one'), 'random')
    history.add(timed(four, 2), 'random')
    expect(history.ranked.map(({ ms }) => ms)).toEqual([2, 3])
    expect(history.best?.config).toBe(four)
    expect(history.counts).toEqual({
      ok: 2,
      duplicate: 0,
      invalid: 0,
      wrong: 1,
      timeout: 0,
      error: 0,
      filtered: 0,
    })
    expect([history.has(one), history.has(configs[3])]).toEqual([true, false])
  })

  it('keeps the first of two measurements', () => {
    const history = new History()
    history.add(timed(one, 3), 'random')
    expect(history.add(timed(one, 1), 'random').ms).toBe(3)
  })

  it('takes the median of careful measurements, which no lucky one decides', () => {
    const history = new History()
    history.add(timed(one, 1), 'random')
    for (const ms of [5, 4, 0.1]) history.retime(timed(one, ms))
    expect(history.get(one)?.ms).toBe(4)
    expect(history.get(one)?.retimed).toEqual([5, 4, 0.1])
  })

  it('gives the time of a program to all configs that make it', () => {
    const history = new History()
    const program = (config: Config, ms: number, programHash: string) => ({
      ...timed(config, ms),
      programHash,
    })
    history.add(program(one, 1, 'a'), 'random')
    history.add({ ...program(two, 1, 'a'), status: 'duplicate' }, 'random')
    history.add(program(four, 2, 'b'), 'random')
    expect(history.distinct.map(({ config }) => config)).toEqual([one, four])
    history.retime(program(one, 3, 'a'))
    expect(history.ranked.map(({ config, ms }) => [config, ms])).toEqual([
      [four, 2],
      [one, 3],
      [two, 3],
    ])
    expect(history.get(two)).toMatchObject({ status: 'duplicate', retimed: [3] })
    expect(history.distinct.map(({ config }) => config)).toEqual([four, one])
  })

  it('keeps a time when measuring again fails, and ignores strangers', () => {
    const history = new History()
    history.add(timed(one, 1), 'random')
    expect(history.retime(failure(one, 'error', 'device lost'))?.ms).toBe(1)
    expect(history.retime(timed(two, 1))).toBeUndefined()
  })

  it('merges, first come first served', () => {
    const [a, b] = [new History(), new History()]
    a.add(timed(one, 1), 'random')
    b.add(timed(one, 9), 'random')
    b.add(timed(two, 2), 'random')
    b.retime(timed(two, 3))
    const merged = History.merged([a, b])
    expect(merged.all.map(({ ms }) => ms)).toEqual([1, 3])
    expect(merged.get(two)?.retimed).toEqual([3])
  })
})

describe('ties', () => {
  it('are as wide as the noise of both, up to one percent', () => {
    expect(relativeError(timed(one, 1, 0.02, 100))).toBeCloseTo(0.00372, 4)
    expect(relativeError(timed(one, 1, 0.02, 0))).toBe(0)
    const exact = timed(one, 1)
    expect(notSlower(timed(two, 1.0001), exact)).toBe(false)
    expect(notSlower(timed(two, 1, 0.02), exact)).toBe(true)
    expect(notSlower(timed(two, 1.007, 0.02), exact)).toBe(true)
    expect(notSlower(timed(two, 1.009, 0.02), exact)).toBe(false)
    expect(notSlower(timed(two, 1.011, 0.9), exact)).toBe(false)
    expect(notSlower(failure(two, 'error', ''), exact)).toBe(false)
  })

  it('are wide where there are too few samples to know better', () => {
    expect(notSlower(timed(two, 1.005, 0, 1), timed(one, 1, 0, 1))).toBe(true)
    expect(notSlower(timed(two, 1.005, 0, 5), timed(one, 1, 0, 5))).toBe(false)
  })
})
