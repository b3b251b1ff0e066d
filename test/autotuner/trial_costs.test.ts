/** Trials that cost many times the usual are passed over, by the length of their programs. */
import { describe, expect, it } from 'vitest'
import { EFFORT_PROFILES } from '../../src/autotuner/search/session/effort_profiles.ts'
import { TrialCosts } from '../../src/autotuner/search/session/trial_costs.ts'
import { failure } from '../../src/autotuner/trial/benchmarker.ts'
import { Config } from '../../src/config/config.ts'
import { PROBLEMS, type Problem, tune } from './synthetic.ts'

/** Length of the program, and what a trial of it costs. */
type Trial = readonly [length: number, costMs: number]

/** The block sizes stand for the bits of the length of a program. */
const lengthOf = ({ blockSizes }: Config): number => blockSizes.reduce((sum, bit) => 2 * sum + bit - 1, 0)
const ofLength = (length: number): Config =>
  new Config({ block_sizes: Array.from(length.toString(2), (bit) => Number(bit) + 1) })

function learned(trials: readonly Trial[], pinned: readonly Config[] = []): TrialCosts {
  const costs = new TrialCosts({ dearest: 3 }, lengthOf, pinned)
  for (const [length, costMs] of trials)
    costs.learn({ ...failure(ofLength(length), 'error', 'untimed'), costMs })
  return costs
}

/** The least power of two that is too long. */
function limit(costs: TrialCosts): number | undefined {
  return [1, 2, 4, 8, 16, 32, 64].map((k) => k * 1024).find((length) => costs.isTooDear(ofLength(length)))
}

const flat: readonly Trial[] = [1, 2, 4, 8, 16, 32].map((k) => [k * 1024, 50])
const squared: readonly Trial[] = [1, 2, 4].map((k) => [k * 1024, 50 * k * k])
const same: readonly Trial[] = Array.from({ length: 4 }, () => [1024, 50])

describe('TrialCosts', () => {
  it('passes nothing over where length costs nothing', () => {
    expect(limit(learned(flat))).toBeUndefined()
  })

  it('assumes that the cost grows with the length, and learns how', () => {
    expect(limit(learned(same))).toBe(4096)
    expect(limit(learned([...same, ...squared, ...squared]))).toBe(2048)
    expect(limit(learned([...same, ...flat]))).toBeUndefined()
  })

  it('is not misled by short programs that run long', () => {
    const costs = learned([...same, ...squared])
    const slow = { config: ofLength(512), status: 'ok', ms: 300, spread: 0, samplesMs: [300] } as const
    const rest = { compileMs: 1, programHash: undefined, reason: undefined }
    for (let i = 0; i < 8; i++) costs.learn({ ...slow, ...rest, costMs: 925 })
    expect(limit(costs)).toBe(2048)
  })

  it('goes on to long programs step by step, by what shorter ones cost', () => {
    const long = [2, 4, 8, 16].map((k) => ofLength(k * 1024))
    const lengths = (costs: TrialCosts) => costs.next(long).map((config) => lengthOf(config) / 1024)
    expect(lengths(learned([]))).toEqual([2, 4, 8, 16])
    expect(lengths(learned(same.slice(1)))).toEqual([2])
    expect(lengths(learned(same))).toEqual([2])
    expect(lengths(learned([...same, [2048, 50]]))).toEqual([2, 4])
    expect(lengths(learned([...same, [2048, 50], [4096, 50]]))).toEqual([2, 4, 8])
    expect(learned(same).next([ofLength(2048), ofLength(65536)])).toEqual([ofLength(2048)])
  })

  it('tries the shortest first, no more than it takes to know what others will cost', () => {
    const costs = learned(same.slice(2))
    const [long, short, shorter, unknown] = [21_753, 3028, 2850, 0].map(ofLength) as [
      Config,
      Config,
      Config,
      Config,
    ]
    expect(costs.next([long, short, shorter, unknown])).toEqual([short, shorter, unknown])
  })

  it('takes it that what is far longer than anything tried costs more than growth so far tells', () => {
    // Measured on lavapipe: softmax, and a program of 14,483 characters that was not compiled after 30 s.
    const trials: readonly Trial[] = [
      [3171, 1372],
      [4412, 227],
      [3300, 220],
      [3503, 93],
      [4749, 2024],
      [2567, 781],
      [2571, 470],
      [3203, 1103],
      [2952, 330],
      [3153, 692],
    ]
    expect(learned(trials).isTooDear(ofLength(4749 * 2))).toBe(false)
    expect(learned(trials).isTooDear(ofLength(14_483))).toBe(true)
    expect(learned(trials).next([ofLength(14_483)])).toEqual([])
  })

  it('does not get used to dear trials', () => {
    const usual = Array.from({ length: 16 }, (): Trial => [1024, 50])
    const dear = Array.from({ length: 100 }, (): Trial => [8192, 400])
    expect(limit(learned([...usual, ...dear]))).toBe(4096)
  })

  it('passes nothing over before it knows four trials, nor what is pinned, nor under effort full', () => {
    expect(limit(learned(same.slice(1)))).toBeUndefined()
    expect(learned(same, [ofLength(65536)]).isTooDear(ofLength(65536))).toBe(false)
    expect(EFFORT_PROFILES.full.dearest).toBe(Number.POSITIVE_INFINITY)
  })
})

describe('a quick search', () => {
  it('finds as good a config without the dear trials', async () => {
    const [matmul] = PROBLEMS as [Problem]
    const length = ({ blockSizes, numWarps }: Config): number =>
      1000 + (100 * (blockSizes[0] ?? 1) * (blockSizes[1] ?? 1)) / (32 * numWarps)
    const costMs = (config: Config) => 0.00005 * length(config) ** 2
    const options = { settings: { autotuneEffort: 'quick' }, costMs } as const
    const all = await tune(matmul, options)
    const cheap = await tune(matmul, { ...options, task: { lengthOf: length } })
    const eachMs = ({ benchmarker, result }: typeof all): number =>
      benchmarker.clock / result.candidates.length
    expect(eachMs(cheap)).toBeLessThan(eachMs(all) / 2)
    expect(cheap.result.ms).toBeLessThan(1.2 * all.result.ms)
  })
})
