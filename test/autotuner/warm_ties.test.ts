/** Configs that cold caches cannot tell apart. */
import { describe, expect, it } from 'vitest'
import { LocalRunner } from '../../src/autotuner/trial/local_runner.ts'
import { ProgramBenchmarker } from '../../src/autotuner/trial/program_benchmarker.ts'
import type { CompareOptions, TrialRunner } from '../../src/autotuner/trial/trial_runner.ts'
import type { Config } from '../../src/config/config.ts'
import type { Device } from '../../src/runtime/device.ts'
import { resolveSettings } from '../../src/support/resolve_settings.ts'
import { double, FOREVER, ramp, trial } from './kernel_trials.ts'
import { PROBLEMS, type Problem, SILENT_LOG, tune } from './synthetic.ts'

const matmul = PROBLEMS[0] as Problem

describe('ties', () => {
  const cost = ({ numWarps }: Config) => (numWarps >= 4 ? 1 : 2)
  const choices = [1, 2, 4, 8].map((num_warps) => matmul.spec.normalize({ num_warps }, 'repair'))
  const tuneTied = (warmCost?: (config: Config) => number) =>
    tune({ ...matmul, cost }, { task: { choices }, ...(warmCost ? { warmCost } : {}) })

  it('are broken by times with warm caches, also against the default', async () => {
    expect(matmul.spec.defaultConfig().numWarps).toBe(4)
    for (const best of [8, 4]) {
      const { result } = await tuneTied(({ numWarps }) => (numWarps === best ? 0.5 : 0.6))
      expect(result.config.numWarps).toBe(best)
    }
  })

  it('stay where warm caches say nothing, nothing certain, or speak for a slower config', async () => {
    for (const warmCost of [undefined, () => 1, ({ numWarps }: Config) => (numWarps === 2 ? 0.1 : 1)])
      expect((await tuneTied(warmCost)).result.config.numWarps).toBe(4)
  })
})

describe('times with warm caches', () => {
  it.each([[{}, true] as const, [{ autotuneFlushCache: false }, false] as const])(
    'under %j empties caches before samples: %s',
    async (settings, flushCache) => {
      const heard: boolean[] = []
      const x = await ramp([64])
      const tried = await trial(double, [x], settings, {
        openRunner({ contents, ...parts }) {
          heard.push(parts.subject.flushCache)
          return LocalRunner.open({ ...parts, patienceMs: 600_000 }, contents)
        },
      })
      await tried.benchmarker.measure([tried.spec.defaultConfig()], {
        budget: FOREVER,
        compileTimeoutMs: 60_000,
      })
      expect(heard).toEqual([flushCache])
    },
  )

  async function asked(
    { software = false, autotuneFlushCache = true },
    ...options: { warmCache?: true }[]
  ): Promise<CompareOptions[]> {
    const seen: CompareOptions[] = []
    const runner: Partial<TrialRunner> = {
      compile: async () => 1,
      compare: async (programs, compareOptions) => {
        seen.push(compareOptions)
        return programs.map(() => ({ medianMs: 1, spread: 0, samplesMs: [1] }))
      },
    }
    const benchmarker = new ProgramBenchmarker({
      source: {
        filtered: (config) => config,
        familyOf: () => '',
        programOf: ({ hash }) => ({ hash }) as never,
        expected: async () => [],
        open: async () => runner as TrialRunner,
      },
      device: { info: { software } } as Device,
      settings: resolveSettings({ autotuneFlushCache }, () => undefined),
      log: SILENT_LOG,
    })
    const configs = [1, 8].map((num_warps) => matmul.spec.normalize({ num_warps }, 'repair'))
    for (const each of options)
      await benchmarker.remeasure(configs, { budget: FOREVER, targetMs: 20, ...each })
    return seen
  }

  it('are taken without emptying caches, others as at first', async () => {
    const [cold, warm] = await asked({}, {}, { warmCache: true })
    expect(cold).not.toHaveProperty('flushCache')
    expect(warm).toEqual({ ...cold, flushCache: false })
  })

  it('are not asked for where all times are of that kind', async () => {
    expect(await asked({ software: true }, {}, { warmCache: true })).toHaveLength(1)
    expect(await asked({ autotuneFlushCache: false }, {}, { warmCache: true })).toHaveLength(1)
  })
})
