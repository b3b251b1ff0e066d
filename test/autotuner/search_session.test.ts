import { describe, expect, it } from 'vitest'
import { Budget } from '../../src/autotuner/budget.ts'
import { formatMs, formatProgress, type Progress } from '../../src/autotuner/progress.ts'
import { ProgressLine } from '../../src/autotuner/progress_line.ts'
import { History } from '../../src/autotuner/search/history.ts'
import { ConfigGeneration } from '../../src/autotuner/search/session/config_generation.ts'
import { proposals } from '../../src/autotuner/search/session/proposal.ts'
import { SearchSession } from '../../src/autotuner/search/session/search_session.ts'
import type { SessionParts } from '../../src/autotuner/search/session/session_parts.ts'
import { StopRule } from '../../src/autotuner/search/session/stop_rule.ts'
import { TrialCosts } from '../../src/autotuner/search/session/trial_costs.ts'
import type { Config } from '../../src/config/config.ts'
import { createLog } from '../../src/support/log.ts'
import { Random } from '../../src/support/random.ts'
import { PROBLEMS, type Problem, SILENT_LOG, SyntheticBenchmarker } from './synthetic.ts'

const { spec, cost } = PROBLEMS[0] as Problem

function open(
  parts: Partial<SessionParts> = {},
  benchmarker = new SyntheticBenchmarker(cost, { msPerConfig: 100 }),
) {
  const generation = new ConfigGeneration(spec, new Random(1))
  const session = new SearchSession({
    subject: { kernel: 'toy', shape: 'f32[8]' },
    generation,
    start: { strategy: 'from_random', padding: 'random', seeds: [], guesses: [], stored: () => [] },
    benchmarker,
    history: new History(),
    training: [],
    budget: new Budget({ seconds: null, now: benchmarker.now }),
    log: SILENT_LOG,
    choices: undefined,
    compileTimeoutMs: 60_000,
    adaptiveTimeout: { leastMs: 30_000, quantile: 0.9 },
    rebenchmarkThreshold: 1.5,
    stopRule: new StopRule({ workMs: Number.POSITIVE_INFINITY, tie: 0 }),
    costs: new TrialCosts({ dearest: Number.POSITIVE_INFINITY }),
    ignoreErrors: false,
    onProgress: undefined,
    ...parts,
  })
  return { session, benchmarker, configs: generation.randomPopulation(20) }
}

const given = (configs: readonly Config[]) => proposals(configs, 'given')

describe('evaluate', () => {
  it('measures what is new, answers for all, each once', async () => {
    const { session, benchmarker, configs } = open()
    await session.evaluate(given(configs.slice(0, 5)))
    const answers = await session.evaluate(given([...configs.slice(3, 8), ...configs.slice(3, 8)]))
    expect(answers.map(({ config }) => config)).toEqual(configs.slice(3, 8))
    expect(benchmarker.measured).toEqual(configs.slice(0, 8))
  })

  it('leaves out what time did not allow', async () => {
    const benchmarker = new SyntheticBenchmarker(cost, { msPerConfig: 100 })
    const { session, configs } = open(
      { budget: new Budget({ seconds: 0.35, now: benchmarker.now }) },
      benchmarker,
    )
    expect(await session.evaluate(given(configs))).toHaveLength(4)
    expect(await session.evaluate(given(configs.slice(2, 10)))).toHaveLength(2)
    expect(session.exhausted).toBe(true)
  })
})

describe('trials that look dear', () => {
  const trying = async (power: number) => {
    const generation = new ConfigGeneration(spec, new Random(1))
    const configs = generation.randomPopulation(12)
    const lengthOf = (config: Config) => 1000 * 2 ** configs.indexOf(config)
    const costMs = (config: Config) => lengthOf(config) ** power
    const benchmarker = new SyntheticBenchmarker(cost, { costMs })
    const { session } = open({ costs: new TrialCosts({ dearest: 3 }, lengthOf) }, benchmarker)
    const answers = await session.evaluate(given(configs))
    expect(answers.map(({ config }) => config)).toEqual(benchmarker.measured)
    expect(configs.filter((config) => session.isOpen(config))).toEqual([])
    return answers.length
  }

  it('are tried when the others show that they are not, and passed over when they are', async () => {
    expect(await trying(0.05)).toBe(12)
    expect(await trying(2)).toBeLessThan(8)
  })
})

describe('retime', () => {
  it('gives each less time where the budget is short, and leaves out the slow', async () => {
    const slow = (config: Config) => (config.numWarps === 32 ? 1000 : 1)
    const benchmarker = new SyntheticBenchmarker(slow, { msPerConfig: 0 })
    const budget = new Budget({ seconds: 2, now: benchmarker.now })
    const { session } = open({ budget }, benchmarker)
    const configs = [1, 2, 4, 32].map((warps) => spec.normalize({ num_warps: warps }, 'strict'))
    await session.retime(await session.evaluate(given(configs)), 1000)
    expect(benchmarker.remeasured).toEqual(configs.slice(0, 3))
    expect(benchmarker.clock).toBe(3 * 250)
  })

  it('times nothing alone', async () => {
    const { session, benchmarker, configs } = open()
    await session.retime(await session.evaluate(given(configs.slice(0, 1))), 1000)
    expect(benchmarker.remeasured).toEqual([])
  })
})

describe('rebenchmark', () => {
  it('takes those within the threshold of the best, at most 24', async () => {
    const { session, benchmarker, configs } = open({ rebenchmarkThreshold: 3 })
    const candidates = await session.evaluate(given(configs))
    await session.rebenchmark(candidates)
    const best = session.history.best?.ms ?? 0
    const near = candidates.filter(({ ms }) => ms <= best * 3)
    expect(near.length).toBeGreaterThan(1)
    expect(near.length).toBeLessThan(20)
    expect(new Set(benchmarker.remeasured)).toEqual(new Set(near.map(({ config }) => config)))
    const wide = open({ rebenchmarkThreshold: 1000 })
    const many = wide.session.generation.randomPopulation(100)
    const found = await wide.session.evaluate(given(many))
    wide.benchmarker.remeasured.length = 0
    await wide.session.rebenchmark(found)
    expect(wide.benchmarker.remeasured).toHaveLength(24)
  })

  it('does nothing below a threshold of one', async () => {
    const { session, benchmarker, configs } = open({ rebenchmarkThreshold: 0.9 })
    await session.rebenchmark(await session.evaluate(given(configs)))
    expect(benchmarker.remeasured).toEqual([])
  })
})

describe('the compile timeout', () => {
  it.each([
    { adaptiveTimeout: { leastMs: 30_000, quantile: 0.9 }, after: 30_000 },
    { adaptiveTimeout: { leastMs: 2000, quantile: 1 }, after: 2000 },
    { adaptiveTimeout: undefined, after: 60_000 },
  ])(
    'shortens to the lower bound after fast compilations, if asked to: %j',
    async ({ adaptiveTimeout, after }) => {
      const { session, benchmarker, configs } = open({ adaptiveTimeout })
      await session.evaluateStart(10, 4)
      await session.evaluate(given(configs))
      expect(new Set(benchmarker.timeouts)).toEqual(new Set([60_000, after]))
      expect(benchmarker.timeouts.at(-1)).toBe(after)
    },
  )

  it('never grows', async () => {
    const { session, benchmarker, configs } = open({ compileTimeoutMs: 5000 })
    await session.evaluateStart(10, 4)
    await session.evaluate(given(configs))
    expect(new Set(benchmarker.timeouts)).toEqual(new Set([5000]))
  })
})

describe('a time that is too good', () => {
  /** Says of one config, the first time only, that it takes a hundredth of what it takes. */
  class Liar extends SyntheticBenchmarker {
    constructor(victim: number) {
      let told = 0
      super((config) => {
        const true_ = cost(config)
        return typeof true_ === 'number' && told++ === victim ? true_ / 100 : true_
      })
    }
  }

  it.each([1, 3, 7, 12])('is confirmed before it counts (lie %i)', async (victim) => {
    const stopRule = new StopRule({ workMs: Number.POSITIVE_INFINITY, tie: 0 })
    stopRule.learn({ ms: 0.002, spread: 0.001 })
    const { session, benchmarker, configs } = open({ stopRule }, new Liar(victim))
    const answers = await session.evaluate(given(configs))
    expect(stopRule.reason).toBeUndefined()
    expect(answers).toHaveLength(configs.length)
    expect(benchmarker.measured.map(({ hash }) => hash)).toEqual(configs.map(({ hash }) => hash))
    for (const { config, ms } of answers) expect(ms).toBe(Number.isFinite(ms) ? cost(config) : ms)
    expect(benchmarker.remeasured.length).toBeGreaterThanOrEqual(2)
  })

  it('counts when it is seen again', async () => {
    const fast = open().configs[5]
    const { session, configs } = open(
      {},
      new SyntheticBenchmarker((config) => (fast?.equals(config) ? 0.1 : 1)),
    )
    await session.evaluate(given(configs))
    expect(session.history.best).toMatchObject({ config: fast, ms: 0.1, retimed: [0.1] })
  })
})

describe('improves', () => {
  it('asks for more than noise and more than the delta', async () => {
    const { session, configs } = open()
    const [a, b] = await session.evaluate(given(configs.slice(0, 2)))
    if (!a || !b) throw new Error('two candidates expected')
    const at = (ms: number, spread = 0) => ({ ...a, ms, spread, samplesMs: Array(100).fill(ms) })
    expect(session.improves(at(0.99), at(1), 0.001)).toBe(true)
    expect(session.improves(at(0.9995), at(1), 0.001)).toBe(false)
    expect(session.improves(at(0.995, 0.05), at(1, 0.05), 0.001)).toBe(false)
    expect(session.improves(at(0.98, 0.05), at(1, 0.05), 0.001)).toBe(true)
  })
})

describe('failures', () => {
  const lines = async (ignoreErrors: boolean) => {
    const logged: string[] = []
    const log = createLog(30, (line) => logged.push(line))
    const { session, configs } = open({ log, ignoreErrors }, new SyntheticBenchmarker(() => 'wrong'))
    await session.evaluate(given(configs.slice(0, 1)))
    return { logged, config: configs[0] }
  }

  it('are logged with config and reason, unless errors are to be ignored', async () => {
    const { logged, config } = await lines(false)
    expect(logged).toEqual([`helion-aot: wrong: synthetic wrong; with ${config?.minimize(spec)}`])
    expect((await lines(true)).logged).toEqual([])
  })
})

describe('ProgressLine', () => {
  const progress = {
    kernel: 'toy',
    shape: '',
    phase: 'start',
    generation: 0,
    maxGenerations: 0,
    done: 1,
    total: 9,
    trials: 1,
    elapsedMs: 5,
  } as const
  const at = (done: number): Progress => ({
    ...progress,
    done,
    counts: new History().counts,
    trialsPerSecond: 2,
    bestMs: undefined,
    leftMs: undefined,
  })

  it('overwrites one line, not too often, and leaves it clean', () => {
    const written: string[] = []
    let clock = 0
    const line = new ProgressLine(
      { isTTY: true, columns: 27, write: (text) => written.push(text) },
      () => clock,
    )
    line.clear()
    for (const done of [1, 2, 9]) {
      line.show(at(done))
      clock += 60
    }
    line.clear()
    expect(written).toEqual([
      '\r\u001b[Ktoy · first configs ·  11%',
      '\r\u001b[Ktoy · first configs · 100%',
      '\r\u001b[K',
    ])
  })

  it('makes room for messages', () => {
    const written: string[] = []
    const line = new ProgressLine({ isTTY: true, write: (text) => written.push(text) }, () => 0)
    const log = line.around(createLog(20, (text) => written.push(text)))
    line.show(at(9))
    log.info('found it')
    expect(written.slice(1)).toEqual(['\r\u001b[K', 'found it'])
  })

  it('says nothing where nobody looks', () => {
    const written: string[] = []
    const line = new ProgressLine({ isTTY: false, write: (text) => written.push(text) })
    line.show(at(9))
    line.clear()
    expect(written).toEqual([])
  })
})

describe('generations', () => {
  it('count up to the limit, or until time is up', () => {
    const { session } = open()
    expect([1, 2, 3].map(() => session.nextGeneration(2))).toEqual([true, true, false])
    expect(session.generations).toBe(2)
    const late = open({ budget: new Budget({ seconds: 0 }) })
    expect(late.session.nextGeneration(2)).toBe(false)
  })
})

describe('progress', () => {
  it('is reported before and after each config', async () => {
    const events: Progress[] = []
    const { session, configs } = open({ onProgress: (event) => events.push(event) })
    session.nextGeneration(7)
    await session.evaluate(given(configs.slice(0, 3)))
    expect(events.map(({ done, total }) => [done, total])).toEqual([
      [0, 3],
      [1, 3],
      [2, 3],
      [3, 3],
    ])
    expect(events[3]).toMatchObject({
      phase: 'search',
      generation: 1,
      maxGenerations: 7,
      kernel: 'toy',
      shape: 'f32[8]',
      trials: 3,
      trialsPerSecond: 10,
      bestMs: session.history.best?.ms,
    })
    // Three trials took 300 ms; six more generations of three would take 1.8 s.
    expect(events.map(({ leftMs }) => leftMs)).toEqual([undefined, 2000, 1900, 1800])
    expect(JSON.parse(JSON.stringify(events[3]))).toEqual(events[3])
  })

  it('reads as one line', async () => {
    const { session } = open()
    const progress: Progress = {
      kernel: 'matmul',
      shape: 'f32[64,64], f32[64,64]',
      phase: 'search',
      generation: 3,
      maxGenerations: 20,
      done: 51,
      total: 120,
      counts: { ok: 40, duplicate: 2, invalid: 7, wrong: 0, timeout: 0, error: 2, filtered: 0 },
      trials: 51,
      elapsedMs: 1000,
      trialsPerSecond: 3.44,
      bestMs: 0.12345,
      leftMs: 4321,
    }
    expect(formatProgress(progress)).toBe(
      'matmul f32[64,64], f32[64,64] · generation 3 of 20 ·  42% 51/120 · 51 configs, 3.4/s · ' +
        'best 123 µs · 7 invalid, 2 error · at most 5 s left',
    )
    const empty = { ...progress, phase: 'start', bestMs: undefined, done: 0, total: 0 } as const
    expect(formatProgress({ ...empty, counts: session.history.counts })).toContain(
      'first configs · 51 configs, 3.4/s · nothing works yet',
    )
  })

  it('prints times with a fitting unit', () => {
    expect([0.00123, 0.5, 1, 12.345, 1234].map(formatMs)).toEqual([
      '1.23 µs',
      '500 µs',
      '1.00 ms',
      '12.3 ms',
      '1.23 s',
    ])
  })
})

describe('Budget', () => {
  it('counts down, and parts end earlier', () => {
    let clock = 1000
    const budget = new Budget({ seconds: 10, now: () => clock })
    const part = budget.part(0.5)
    clock += 4000
    expect([budget.remainingMs, part.remainingMs, budget.elapsedMs]).toEqual([6000, 1000, 4000])
    expect(budget.part(0.5).remainingMs).toBe(3000)
    clock += 1000
    expect([budget.exhausted, part.exhausted]).toEqual([false, true])
    clock += 9000
    expect([budget.remainingMs, budget.exhausted]).toEqual([0, true])
  })

  it('has no end without seconds, except by its signal', () => {
    const controller = new AbortController()
    const budget = new Budget({ seconds: null, signal: controller.signal })
    const part = budget.part(0.1)
    expect([budget.exhausted, part.remainingMs]).toEqual([false, Number.POSITIVE_INFINITY])
    controller.abort()
    expect([budget.exhausted, part.exhausted, budget.interrupted]).toEqual([true, true, true])
  })
})
