/** Trials that are asked for while another one runs elsewhere: how many, in which order, and each once. */
import { describe, expect, it } from 'vitest'
import { Budget } from '../../src/autotuner/budget.ts'
import { type Job, PROTOCOL, type Reply } from '../../src/autotuner/isolation/protocol.ts'
import { TrialServer } from '../../src/autotuner/isolation/serve_trials.ts'
import { ProgramBenchmarker } from '../../src/autotuner/trial/program_benchmarker.ts'
import type { AnyProgram, ProgramSource } from '../../src/autotuner/trial/program_source.ts'
import type { TrialProgram, TrialSubject } from '../../src/autotuner/trial/trial_program.ts'
import {
  LostTrialError,
  type TrialOutcome,
  type TrialRunner,
} from '../../src/autotuner/trial/trial_runner.ts'
import { Config } from '../../src/config/config.ts'
import { getDevice } from '../../src/index.ts'
import type { Device } from '../../src/runtime/device.ts'
import { AdapterError } from '../../src/support/errors.ts'
import { createLog } from '../../src/support/log.ts'
import { nextTurn } from '../../src/support/macrotask.ts'
import { resolveSettings } from '../../src/support/resolve_settings.ts'

const CONFIGS = Array.from({ length: 6 }, (_, i) => new Config({ n: i }))
const OUTCOME: TrialOutcome = {
  time: { medianMs: 1, spread: 0, samplesMs: [1] },
  mismatch: undefined,
}

/** Runs programs one after the other, as the process for trials does, and counts what it was asked for. */
class Elsewhere implements TrialRunner<AnyProgram> {
  readonly isolated: boolean
  readonly events: string[] = []
  asked = 0
  most = 0
  #last: Promise<unknown> = Promise.resolve()
  readonly #fails: ((program: AnyProgram) => Error | undefined) | undefined

  constructor(isolated = true, fails?: (program: AnyProgram) => Error | undefined) {
    this.isolated = isolated
    this.#fails = fails
  }

  async compile(): Promise<number> {
    return 1
  }

  measure(program: AnyProgram): Promise<TrialOutcome> {
    this.most = Math.max(this.most, ++this.asked)
    const result = this.#last.then(async () => {
      for (let turn = 0; turn < 3; turn++) await nextTurn()
      this.asked--
      this.events.push(program.hash)
      const error = this.#fails?.(program)
      if (error) throw error
      return OUTCOME
    })
    this.#last = result.catch(() => {})
    return result
  }

  compare = async () => []
  answers = async () => new Map()
  leastLaunch = async () => ({ medianMs: 1, spread: 0, samplesMs: [1] })
  dispose(): void {}
}

function benchmarkerOf(
  runner: Elsewhere,
  { software = false, hashOf = ({ data }: Config) => String(data.n) } = {},
): ProgramBenchmarker<AnyProgram> {
  const source: ProgramSource<AnyProgram> = {
    filtered: (config) => config,
    familyOf: () => '',
    programOf: (config) => ({ hash: hashOf(config) }),
    expected: async () => [],
    open: async () => runner,
  }
  const device = { info: { software } } as Device
  return new ProgramBenchmarker({ source, device, settings: resolveSettings({}), log: createLog(50) })
}

const options = { budget: new Budget({ seconds: null }), compileTimeoutMs: 1000 }

describe('trials elsewhere', () => {
  it.each([
    [2, new Elsewhere(true), false],
    [1, new Elsewhere(true), true],
    [1, new Elsewhere(false), false],
  ])('are asked for %d at a time', async (most, runner, software) => {
    const results = await benchmarkerOf(runner, { software }).measure(CONFIGS, options)
    expect(runner.most).toBe(most)
    expect(runner.events).toEqual(CONFIGS.map(({ data }) => String(data.n)))
    expect(results.map(({ config }) => config.data.n)).toEqual([0, 1, 2, 3, 4, 5])
    expect(results.every(({ status }) => status === 'ok')).toBe(true)
  })

  it('cost the time that each takes, not that in which it waits for the one before', async () => {
    const busy = () => {
      const until = performance.now() + 3
      while (performance.now() < until);
      return undefined
    }
    const begin = performance.now()
    const results = await benchmarkerOf(new Elsewhere(true, busy)).measure(CONFIGS, options)
    const costs = results.map(({ costMs = Number.NaN, compileMs = 0 }) => costMs - compileMs)
    expect(costs.every((ms) => ms >= 0)).toBe(true)
    expect(costs.reduce((a, b) => a + b)).toBeLessThanOrEqual(performance.now() - begin)
  })

  it('measure equal programs once, also while the first is under way', async () => {
    const runner = new Elsewhere()
    const hashOf = ({ data }: Config) => String(Math.floor(Number(data.n) / 2))
    const results = await benchmarkerOf(runner, { hashOf }).measure(CONFIGS, options)
    expect(runner.events).toEqual(['0', '1', '2'])
    expect(results.map(({ status }) => status)).toEqual([
      'ok',
      'duplicate',
      'ok',
      'duplicate',
      'ok',
      'duplicate',
    ])
  })

  it('that fail cost themselves only', async () => {
    const runner = new Elsewhere(true, ({ hash }) =>
      hash === '1' || hash === '2' ? new LostTrialError('it ended', 'SIGSEGV') : undefined,
    )
    const results = await benchmarkerOf(runner).measure(CONFIGS, options)
    expect(results.map(({ status }) => status)).toEqual(['ok', 'error', 'error', 'ok', 'ok', 'ok'])
  })

  it('are over when the device is lost, and nothing rejects unheard', async () => {
    const runner = new Elsewhere(true, ({ hash }) => (hash >= '1' ? new AdapterError('gone') : undefined))
    const unheard: unknown[] = []
    const hear = (reason: unknown) => unheard.push(reason)
    process.on('unhandledRejection', hear)
    await expect(benchmarkerOf(runner).measure(CONFIGS, options)).rejects.toThrow('gone')
    for (let turn = 0; turn < 20; turn++) await nextTurn()
    process.off('unhandledRejection', hear)
    expect(unheard).toEqual([])
    expect(runner.events).toEqual(['0', '1', '2'])
  })

  it('end where enough is known: one more at most', async () => {
    const runner = new Elsewhere()
    let measured = 0
    const results = await benchmarkerOf(runner).measure(CONFIGS, {
      ...options,
      enough: () => measured >= 2,
      onMeasured: () => measured++,
    })
    expect(results.map(({ config }) => config.data.n)).toEqual([0, 1, 2])
    expect(measured).toBe(3)
  })
})

describe('the process for trials', () => {
  it('does one work on the GPU after the other, however many are asked for', async () => {
    const runner = new Elsewhere()
    let [running, most] = [0, 0]
    const alone = async <T>(result: T): Promise<T> => {
      most = Math.max(most, ++running)
      for (let turn = 0; turn < 3; turn++) await nextTurn()
      running--
      return result
    }
    runner.measure = () => alone(OUTCOME)
    runner.leastLaunch = () => alone({ medianMs: 1, spread: 0, samplesMs: [1] })
    const replies: Reply[] = []
    const server = new TrialServer({
      reply: (reply) => replies.push(reply),
      read: () => {},
      wrap: () => runner as unknown as TrialRunner,
    })
    const { info } = await getDevice()
    const adapter = process.env.HELION_ADAPTER ?? 'swiftshader'
    const subject = { kernel: 'none', tensors: [], flushCache: false } as unknown as TrialSubject
    const jobs: Job[] = [
      { kind: 'start', protocol: PROTOCOL, adapter, without: [], info },
      { kind: 'open', subject, data: '', contents: [] },
    ]
    for (const [id, job] of jobs.entries()) await server.handle({ id, subject: 1, job })
    const program = { hash: '1', dispatches: [] } as unknown as TrialProgram
    const measure = (key: number): Job => ({
      kind: 'measure',
      program,
      expected: { key, values: [] },
      options: { timeoutMs: 1000, bestMs: 1, tolerance: { atol: null, rtol: null } },
    })
    const asked = [measure(1), { kind: 'leastLaunch' } as const, measure(2), measure(3)]
    await Promise.all(asked.map((job, i) => server.handle({ id: 10 + i, subject: 1, job })))
    expect(most).toBe(1)
    expect(replies.flatMap((reply) => (reply.kind === 'answer' ? [reply.id] : []))).toEqual([
      0, 1, 10, 11, 12, 13,
    ])
    await server.handle({ id: 20, subject: 1, job: { kind: 'close' } })
  })
})
