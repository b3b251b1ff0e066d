import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { type TuneRequest, tuneInDetail } from '../../src/autotuner/kernel_tuner.ts'
import type { Progress } from '../../src/autotuner/progress.ts'
import type { Benchmarker } from '../../src/autotuner/trial/benchmarker.ts'
import { LocalRunner } from '../../src/autotuner/trial/local_runner.ts'
import type { Config } from '../../src/config/config.ts'
import type { AnyFunction, KernelOptions } from '../../src/kernel/options.ts'
import { hl, type Tensor } from '../../src/language/index.ts'
import { getDevice } from '../../src/runtime/default_device.ts'
import { Stream } from '../../src/runtime/stream.ts'
import { DeviceTensor } from '../../src/runtime/tensor/tensor.ts'
import { LOG_LEVELS } from '../../src/support/log.ts'
import { temporaryFolder } from '../temporary_folder.ts'
import { double, increment, matmul, ramp, trial } from './kernel_trials.ts'

const cacheDir = temporaryFolder()

function addTo(x: Tensor, y: Tensor): void {
  for (const t of hl.tile(x.shape[0])) x.at(t).addAssign(y.at(t))
}

const options: KernelOptions = {
  autotuneEffort: 'quick',
  autotuneRandomSeed: 1,
  autotuneFinalTargetMs: 60,
  autotuneFinishingRounds: 0,
  autotuneLogLevel: LOG_LEVELS.silent,
  cacheDir,
}
/** Four configs to begin with, three in a generation. */
const brief = { initialPopulation: 4, maxGenerations: 1, copies: 1, numNeighbors: 30, exhaustiveLimit: 0 }
/** A search of one config, for tests of what stands around a search. */
const single = { ...brief, initialPopulation: 1, maxGenerations: 0 }
const once = { options: { force: false, ...single } }

async function tune(
  fn: AnyFunction,
  values: readonly unknown[],
  own: KernelOptions = {},
  request: Partial<TuneRequest> = {},
) {
  const { bound, call, stream } = await trial(fn, values, { ...options, ...own })
  return await tuneInDetail({ bound, call, stream, options: { force: false, ...brief }, ...request })
}

// No noise makes a config look like the least launch, which would end a search early.
beforeEach(() => {
  const none = { medianMs: 1e-6, spread: 0, samplesMs: [1e-6] }
  vi.spyOn(LocalRunner.prototype, 'leastLaunch').mockResolvedValue(none)
})
afterEach(() => vi.restoreAllMocks())

describe('tuning a kernel', () => {
  it('finds a config that is right and not slower than the default', async () => {
    const result = await tune(matmul, [await ramp([32, 32]), await ramp([32, 32])])
    expect(result).toMatchObject({
      source: 'search',
      search: 'LFBOTreeSearch',
      effort: 'quick',
      ended: 'done',
    })
    expect(result.candidates.length).toBeGreaterThan(5)
    expect(result.ms).toBeLessThanOrEqual(result.defaultMs ?? 0)
  })

  it('finds a stored result in another binding, unless forced', async () => {
    const x = await ramp([2000])
    const first = await tune(double, [x], {}, once)
    const second = await tune(double, [x], {}, once)
    const forced = await tune(double, [x], {}, { options: single })
    expect([first.source, second.source, forced.source]).toEqual(['search', 'cache', 'search'])
    expect(second.config.equals(first.config)).toBe(true)
  })

  it('keeps results of other sizes, settings and choices apart', async () => {
    await tune(double, [await ramp([3000])], {}, once)
    expect((await tune(double, [await ramp([3001])], {}, once)).source).toBe('search')
    const dynamic = { staticShapes: false }
    await tune(double, [await ramp([3000])], dynamic, once)
    expect((await tune(double, [await ramp([3001])], dynamic, once)).source).toBe('search')
    expect((await tune(double, [await ramp([3008])], dynamic, once)).source).toBe('search')
    const overrides = { autotuneConfigOverrides: { num_warps: 2 } }
    const fixed = await tune(double, [await ramp([3000])], overrides, once)
    expect([fixed.source, fixed.config.numWarps]).toEqual(['search', 2])
  })

  it('chooses among several configs, and takes them for seeds when forced', async () => {
    const configs = [{ block_sizes: [32] }, { block_sizes: [512], num_warps: 1 }]
    const chosen = await tune(double, [await ramp([4000])], { configs }, { options: { force: false } })
    expect(chosen).toMatchObject({ search: 'FiniteSearch' })
    expect(chosen.candidates).toHaveLength(2)
    const forced = await tune(
      double,
      [await ramp([4000])],
      { configs },
      { options: { ...single, initialPopulation: 3 } },
    )
    const tried = forced.candidates.map(({ config }) => config.blockSizes.join())
    expect(tried.slice(1, 3)).toEqual(['32', '512'])
  })

  it('takes the only config there is, unless forced', async () => {
    const own = { config: { block_sizes: [32] } }
    const only = await tune(double, [await ramp([4100])], own, { options: { force: false } })
    expect(only.config.blockSizes).toEqual([32])
    expect(only.candidates).toHaveLength(1)
    const forced = await tune(double, [await ramp([4100])], { ...own, forceAutotune: true }, once)
    expect(forced.search).toBe('LFBOTreeSearch')
  })

  it('leaves arguments that the kernel changes as they are', async () => {
    const x = await ramp([600])
    const before = await x.data()
    await tune(increment, [x], {}, once)
    expect(await x.data()).toEqual(before)
  })

  it('returns what the filter makes of the winner', async () => {
    const configFilter = (config: Config) => ({ ...config.data, num_warps: 2 }) as never as Config
    const { config } = await tune(double, [await ramp([700])], { configFilter }, once)
    expect(config.numWarps).toBe(2)
  })

  it('refuses a call in which a written tensor has two names, before anything is tried', async () => {
    const x = await ramp([600])
    await expect(tune(addTo, [x, x], {}, once)).rejects.toThrow(
      /addTo writes to x, which is the same tensor as y in this call/,
    )
    const y = await ramp([600])
    expect((await tune(addTo, [x, y], {}, once)).source).toBe('search')
  })

  it('takes the default config for calls with nothing to do', async () => {
    const result = await tune(double, [await ramp([0])])
    expect([result.source, result.candidates]).toEqual(['default', []])
  })

  it('tries persistent launches only, when told so', async () => {
    const { candidates } = await tune(double, [await ramp([800])], { autotuneForcePersistent: true })
    expect(candidates.every(({ config }) => config.pidType.startsWith('persistent'))).toBe(true)
  })

  it('reports progress, and refuses options that the search does not have', async () => {
    const phases = new Set<string>()
    const onProgress = ({ phase }: Progress) => void phases.add(phase)
    const work = [await ramp([100_000])]
    await tune(double, work, { autotuneFinishingRounds: 1 }, { onProgress })
    expect([...phases]).toEqual(['start', 'search', 'verify', 'finish'])
    await expect(tune(double, [await ramp([900])], {}, { options: { num_iterations: 100 } })).rejects.toThrow(
      'LFBOTreeSearch has no option num_iterations\n  It has initialPopulation, copies, maxGenerations,',
    )
  })
})

describe('Ctrl-C', () => {
  it('ends the search with the best so far, once', async () => {
    const before = process.listeners('SIGINT')
    let interrupts = 0
    const onProgress = ({ counts }: Progress) => {
      const added = process.listeners('SIGINT').filter((listener) => !before.includes(listener))
      if (counts.ok !== 2 || interrupts > 0) return
      expect(added).toHaveLength(1)
      interrupts++
      added[0]?.('SIGINT')
    }
    const work = [await ramp([100_001])]
    const result = await tune(double, work, {}, { onProgress })
    expect(result.ended).toBe('interrupted')
    expect(result.candidates.length).toBeLessThan(6)
    expect(process.listeners('SIGINT')).toEqual(before)
  })

  it('of a search that has no time leaves the default config, measured', async () => {
    const result = await tune(double, [await ramp([1200])], { autotuneBudgetSeconds: 0 })
    expect(result.candidates).toHaveLength(1)
    expect(result).toMatchObject({ ended: 'budget', source: 'search', ms: expect.any(Number) })
  })

  it('is the same as the signal of the caller', async () => {
    const controller = new AbortController()
    controller.abort()
    const run = tune(double, [await ramp([1100])], {}, { options: { signal: controller.signal, ...brief } })
    await expect(run).rejects.toThrow('tuning double was interrupted before one config was measured')
  })
})

it('waits for arguments that another stream still has to write', async () => {
  const source = new Stream(await getDevice())
  let written = false
  const after = new Promise((resolve) => setTimeout(resolve, 300))
  const run = () => {
    written = true
  }
  source.enqueue({ run, after })
  const x = DeviceTensor.allocate([500], 'f32', source)
  x.upload(Float32Array.from({ length: 500 }, (_, index) => index))
  const before: boolean[] = []
  const remembering = (benchmarker: Benchmarker): Benchmarker => ({
    measure(...args) {
      before.push(written)
      return benchmarker.measure(...args)
    },
    remeasure: (...args) => benchmarker.remeasure(...args),
    leastLaunch: () => benchmarker.leastLaunch(),
  })
  const { candidates } = await tune(
    double,
    [x],
    {},
    { ...once, resumption: { seed: 1, seconds: 0, goesOn: false, remembering } },
  )
  expect(before[0]).toBe(true)
  expect(candidates.map(({ status }) => status)).toContain('ok')
})

it('does not wait for the stream in whose turn it runs', async () => {
  const x = await ramp([700])
  const { bound, call } = await trial(double, [x], options)
  let found: string | undefined
  x.stream.exclusive(async (inner) => {
    found = (await tuneInDetail({ bound, call, stream: inner, ...once })).source
  })
  await x.stream.sync()
  expect(found).toBe('search')
})
