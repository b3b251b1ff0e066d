/** Searches end when nothing measurable is left to win, and only then; on a clock of the tests' own. */
import { describe, expect, it } from 'vitest'
import { EFFORT_PROFILES } from '../../src/autotuner/search/session/effort_profiles.ts'
import { StopRule } from '../../src/autotuner/search/session/stop_rule.ts'
import type { Config } from '../../src/config/config.ts'
import { createLog } from '../../src/support/log.ts'
import { PROBLEMS, type Problem, tune } from './synthetic.ts'

const [matmul, row, stream] = PROBLEMS as [Problem, Problem, Problem]

describe('StopRule', () => {
  const judged = (
    ms: number,
    spread: number,
    elapsedMs = 0,
    workMs = Number.POSITIVE_INFINITY,
    tie = 0.15,
  ) => {
    const rule = new StopRule({ workMs, tie })
    rule.learn({ ms: 0.01, spread: 0.03 })
    rule.judge({ ms, spread }, elapsedMs)
    return rule.reason
  }

  it('ends where the best cannot be told from the least launch', () => {
    expect(judged(0.0114, 0)).toBe(
      'the best config takes 11.4 µs, the least launch 10.0 µs: they cannot be told apart',
    )
    expect(judged(0.012, 0)).toBeUndefined()
    expect(judged(0.012, 0.1)).toBeDefined()
    expect(judged(0.009, 0)).toBeDefined()
  })

  it('takes for real what is beyond the share and the scatter', () => {
    expect(judged(0.0114, 0, 0, Number.POSITIVE_INFINITY, 0.03)).toBeUndefined()
    expect(judged(0.0102, 0, 0, Number.POSITIVE_INFINITY, 0.03)).toBeDefined()
    expect(EFFORT_PROFILES.full.tie).toBeLessThan(EFFORT_PROFILES.quick.tie)
  })

  it('takes half a launch for real, however noisy', () => {
    expect(judged(0.0149, 2)).toBeDefined()
    expect(judged(0.0151, 2)).toBeUndefined()
  })

  it('ends where all that could be won is less than the search has taken', () => {
    expect(judged(0.02, 0, 59_999, 120_000)).toBeUndefined()
    expect(judged(0.02, 0, 60_001, 120_000)).toBe(
      'the best config takes 20.0 µs, the least launch 10.0 µs: ' +
        '2 minutes of its work cannot win back the time of the search',
    )
    expect(judged(0.02, 0, 1e12)).toBeUndefined()
  })

  it('advises against as many trials again where half of them would have found about as much', () => {
    const rule = new StopRule({ workMs: 120_000, tie: 0.15 })
    const dissuades = (timesMs: readonly number[], trialMs: number, trials = 20) =>
      rule.dissuades({ timesMs, trials, trialMs })
    // Every second half of the trials lacks the best, every fourth the best two.
    const timesMs = [0.1, 0.15, 0.2]
    const gain = 1 - 0.1 / (0.1 / 2 + 0.15 / 4 + 0.2 / 4)
    expect(dissuades(timesMs, (0.99 * gain * 120_000) / 20)).toBeUndefined()
    expect(dissuades(timesMs, (1.01 * gain * 120_000) / 20)).toBe(
      '20 further configs would take 33.1 s, and may save 27.3 % of 2 minutes of its work',
    )
    expect(dissuades(timesMs, 1e9, 11)).toBeUndefined()
  })

  it('expects a little even where all that was measured is alike, or nothing works', () => {
    const rule = new StopRule({ workMs: 120_000, tie: 0.15 })
    for (const timesMs of [Array<number>(20).fill(0.1), []]) {
      expect(rule.dissuades({ timesMs, trials: 20, trialMs: 59 })).toBeUndefined()
      expect(rule.dissuades({ timesMs, trials: 20, trialMs: 61 })).toContain('may save 1.0 %')
    }
  })

  it('says nothing without a least launch, and keeps to its word', () => {
    const rule = new StopRule({ workMs: 1, tie: 0.15 })
    rule.judge({ ms: 0, spread: 0 }, 1e9)
    expect([rule.isOpen, rule.reason]).toEqual([true, undefined])
    rule.learn(undefined)
    rule.judge({ ms: 0, spread: 0 }, 1e9)
    expect([rule.isOpen, rule.reason]).toEqual([false, undefined])
  })
})

describe.each(['quick', 'full'] as const)('a search of %s effort', (autotuneEffort) => {
  const settings = { autotuneEffort }
  const done = new Map<Problem, ReturnType<typeof tune>>()
  /** What the search does without the rule, searched once for all that is compared with it. */
  const plain = (problem: Problem): ReturnType<typeof tune> => {
    const search = done.get(problem) ?? tune(problem, { settings, msPerConfig: 1 })
    done.set(problem, search)
    return search
  }

  it('ends after a few trials where all configs are at the floor, with the default config', async () => {
    const logged: string[] = []
    const log = createLog(20, (line) => logged.push(line))
    const flat = { ...stream, cost: () => 0.0105 }
    const floor = { ms: 0.01, spread: 0.02 }
    const { result, benchmarker } = await tune(flat, { settings, floor, noise: 0.001, task: { log } })
    expect(benchmarker.measured.length).toBeLessThanOrEqual(8)
    expect(benchmarker.remeasured).toEqual([])
    expect(result.config.equals(stream.spec.defaultConfig())).toBe(true)
    expect(result.ended).toBe('done')
    expect(logged.join('\n')).toContain('nothing is left to win: the best config takes')
  })

  it('ends as soon as one config is at the floor', async () => {
    const best = stream.optimum
    const floor = { ms: best, spread: 0.01 }
    const { result, benchmarker } = await tune(stream, { settings, floor, msPerConfig: 1 })
    const without = await plain(stream)
    expect(result.ms).toBeLessThanOrEqual(best * 1.15)
    expect(benchmarker.measured.length).toBeLessThan(without.benchmarker.measured.length)
  })

  it.each([matmul, row, stream])('goes on where configs differ clearly: $name', async (problem) => {
    const floor = { ms: problem.optimum / 3, spread: 0.05 }
    const ruled = await tune(problem, { settings, msPerConfig: 1, floor })
    const { result, benchmarker } = await plain(problem)
    expect(ruled.benchmarker.measured.map(String)).toEqual(benchmarker.measured.map(String))
    expect(ruled.result.config.equals(result.config)).toBe(true)
  })

  it('ends sooner where trials are dear, and among given configs never for that', async () => {
    const cheap = await plain(matmul)
    const dear = await tune(matmul, { settings, msPerConfig: 100_000 })
    const measured = dear.benchmarker.measured.length
    expect(measured).toBeLessThan(cheap.benchmarker.measured.length / 2)
    // All of the start, and a first round, whose cost is what tells.
    expect(measured).toBeGreaterThan(12)
    expect(dear.benchmarker.remeasured.length).toBeGreaterThan(0)
    const choices = cheap.benchmarker.measured.slice(0, 40)
    const chosen = await tune(matmul, { settings, msPerConfig: 100_000, task: { choices } })
    expect(chosen.benchmarker.measured.length).toBeGreaterThanOrEqual(40)
  })

  it('goes on where only the slow ones are alike', async () => {
    // Nine in ten configs take the same time, far above the floor: what is rare and fast is to be found.
    const cost = (config: Config) => (config.numWarps === 1 ? 0.02 : 0.1)
    const floor = { ms: 0.015, spread: 0.02 }
    const { result } = await tune({ ...row, cost }, { settings, floor, msPerConfig: 1 })
    expect(result.ms).toBe(0.02)
  })
})
