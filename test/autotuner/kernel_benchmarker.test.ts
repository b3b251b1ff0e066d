import { describe, expect, it, vi } from 'vitest'
import { Budget } from '../../src/autotuner/budget.ts'
import type { Measurement } from '../../src/autotuner/trial/benchmarker.ts'
import { kernelWrites } from '../../src/autotuner/trial/kernel_writes.ts'
import { LocalRunner } from '../../src/autotuner/trial/local_runner.ts'
import { TrialMemory } from '../../src/autotuner/trial/trial_memory.ts'
import { trialSubject } from '../../src/autotuner/trial/trial_program.ts'
import type { Config, ConfigInput } from '../../src/config/config.ts'
import type { KernelIr } from '../../src/ir/kernel_ir.ts'
import { buildConfig } from '../../src/kernel/call.ts'
import type { CallArguments } from '../../src/kernel/call_arguments.ts'
import { launchesOf } from '../../src/kernel/launch_plan.ts'
import type { Tensor } from '../../src/language/index.ts'
import { openDevice } from '../../src/runtime/device.ts'
import { decodeBytes } from '../../src/runtime/memory/host_data.ts'
import type { Stream } from '../../src/runtime/stream.ts'
import { AdapterError, GpuError } from '../../src/support/errors.ts'
import { heldTimer, undisturbed } from '../timers.ts'
import {
  center,
  double,
  FOREVER,
  histogram,
  increment,
  losesAnswer,
  matmul,
  ramp,
  type Tried,
  trial,
} from './kernel_trials.ts'

const patient = { budget: FOREVER, compileTimeoutMs: 60_000 }

const configs = ({ spec }: Tried, ...inputs: ConfigInput[]): readonly Config[] =>
  inputs.map((input) => spec.normalize(input, 'strict'))

async function measure(tried: Tried, ...inputs: ConfigInput[]) {
  return await tried.benchmarker.measure(configs(tried, ...inputs), patient)
}

describe('leastLaunch', () => {
  it.each([
    ['of its own', double],
    ['of the caller', increment],
  ] as const)('is faster than a large kernel, and leaves memory %s as it was', async (_, kernel) => {
    const x = await ramp([300_000])
    const tried = await trial(kernel, [x])
    const [{ ms = 0 } = {}] = await measure(tried, { block_sizes: [256] })
    const before = await x.data()
    await undisturbed(async () => {
      const floor = await tried.benchmarker.leastLaunch()
      expect(floor?.ms).toBeGreaterThan(0)
      expect(floor?.ms).toBeLessThan(ms)
    })
    expect(await x.data()).toEqual(before)
    expect(await measure(tried, { block_sizes: [512] })).toMatchObject([{ status: 'ok' }])
  })
})

describe('measure', () => {
  it('builds, checks and times', async () => {
    const values = [await ramp([64, 48]), await ramp([48, 80])]
    await undisturbed(async () => {
      const tried = await trial(matmul, values)
      const results = await measure(tried, {}, { block_sizes: [16, 16, 8], num_warps: 2 })
      for (const result of results) {
        expect(result).toMatchObject({ status: 'ok', reason: undefined })
        expect(result.ms).toBeGreaterThan(0)
        expect(result.compileMs).toBeGreaterThan(0)
      }
      // One that is clearly slower than the other is given up early.
      expect(Math.max(...results.map(({ samplesMs }) => samplesMs.length))).toBeGreaterThan(2)
      expect(results[0]?.programHash).not.toBe(results[1]?.programHash)
      expect(tried.logged).toEqual([])
    })
  })

  it('wastes no time on hopeless configs', async () => {
    const heard: number[] = []
    const tried = await trial(
      matmul,
      [await ramp([128, 128]), await ramp([128, 128])],
      {},
      {
        async openRunner({ contents, ...parts }) {
          const runner = await LocalRunner.open({ ...parts, patienceMs: 600_000 }, contents)
          const measure = runner.measure.bind(runner)
          return Object.assign(runner, {
            measure: ((program, expected, options) => {
              heard.push(options.bestMs)
              // However slow the machine was when it ran the best one.
              return measure(program, expected, { ...options, bestMs: options.bestMs / 1000 })
            }) satisfies typeof measure,
          })
        },
      },
    )
    const [standard] = await measure(tried, {})
    const timed = vi.spyOn(tried.device.recorder, 'dispatchInto')
    const [hopeless] = await measure(tried, { block_sizes: [4, 8, 8] })
    expect(heard).toEqual([Number.POSITIVE_INFINITY, standard?.ms])
    expect(timed).not.toHaveBeenCalled()
    expect(hopeless?.status).toBe('ok')
    expect(hopeless?.samplesMs).toEqual([hopeless?.ms])
  })

  it('gives the reason of configs that cannot be built', async () => {
    const tried = await trial(matmul, [await ramp([256, 256]), await ramp([256, 256])])
    const [result] = await measure(tried, { block_sizes: [256, 256, 256], num_warps: 1 })
    expect(result?.status).toBe('invalid')
    expect(result?.reason).toMatch(/registers|workgroup memory/)
    expect(result?.ms).toBe(Number.POSITIVE_INFINITY)
  })

  it('times the same shaders once', async () => {
    const tried = await trial(double, [await ramp([1024])])
    const inputs = [{ num_warps: 2 }, { num_warps: 2, maxnreg: 64 }]
    const [first, second] = await measure(tried, ...inputs)
    expect([first?.status, second?.status]).toEqual(['ok', 'duplicate'])
    expect(second?.ms).toBe(first?.ms)
    expect(second?.config.data.maxnreg).toBe(64)
  })

  it('refuses wrong answers before timing them', async () => {
    const x = await ramp([100])
    const baselineFn = async (t: Tensor) => (await t.data()).map((v, i) => (i === 7 ? 0.5 : 2 * v))
    const tried = await trial(double, [x], { baselineFn: baselineFn as never })
    const [result] = await measure(tried, {})
    expect(result).toMatchObject({ status: 'wrong', samplesMs: [] })
    expect(result?.reason).toMatch(/^\w+\[7\] is 4, expected 0.5; 1 of 100 elements compared differ$/)
  })

  it('does not look twice at a wrong answer', async () => {
    const baselineFn = async (t: Tensor) => (await t.data()).map((v) => v)
    const tried = await trial(double, [await ramp([100])], { baselineFn: baselineFn as never })
    const results = await measure(tried, {}, { maxnreg: 64 })
    expect(results.map(({ status }) => status)).toEqual(['wrong', 'wrong'])
    expect(results[1]?.reason).toBe(results[0]?.reason)
  })

  it('times without looking when told so', async () => {
    const baselineFn = async (t: Tensor) => (await t.data()).map((v) => v)
    const options = { baselineFn: baselineFn as never, autotuneAccuracyCheck: false }
    const [result] = await measure(await trial(double, [await ramp([100])], options), {})
    expect(result?.status).toBe('ok')
  })

  it('gives up on compilations that take too long', async () => {
    const tried = await trial(double, [await ramp([100])])
    const compiling = vi.spyOn(tried.device.pipelines, 'get').mockReturnValue(new Promise(() => {}))
    const [wanted] = configs(tried, { num_warps: 8 })
    const results = await tried.benchmarker.measure(wanted ? [wanted] : [], {
      ...patient,
      compileTimeoutMs: 5,
    })
    compiling.mockRestore()
    expect(results).toMatchObject([
      { status: 'timeout', reason: 'compiling double took longer than 5 ms', config: wanted },
    ])
  })

  it('asks the filter first, and measures what it makes of a config', async () => {
    const seen: number[] = []
    const configFilter = (config: Config) => {
      seen.push(config.numWarps)
      return config.numWarps === 1 ? null : config
    }
    const tried = await trial(double, [await ramp([100])], { configFilter })
    const [refused, kept] = await measure(tried, { num_warps: 1 }, { num_warps: 2 })
    expect(refused).toMatchObject({ status: 'filtered', reason: 'configFilter refused it' })
    expect([kept?.status, seen]).toEqual(['ok', [1, 2]])
  })

  it('reports each config, and stops between two when time is up', async () => {
    const controller = new AbortController()
    const budget = new Budget({ seconds: null, signal: controller.signal })
    const tried = await trial(double, [await ramp([100])], { autotunePrecompileJobs: 2 })
    const statuses: string[] = []
    const results = await tried.benchmarker.measure(
      configs(tried, {}, { num_warps: 2 }, { num_warps: 4 }, { num_warps: 8 }),
      {
        ...patient,
        budget,
        onMeasured({ status }) {
          statuses.push(status)
          if (statuses.length === 3) controller.abort()
        },
      },
    )
    expect(statuses).toEqual(['ok', 'ok', 'ok'])
    expect(results).toHaveLength(3)
  })

  it('measures one config although building it took all the time there was', async () => {
    let now = 0
    const configFilter = (config: Config) => {
      now = 10_000
      return config
    }
    const budget = new Budget({ seconds: 1, now: () => now })
    const tried = await trial(double, [await ramp([100])], { configFilter })
    const wanted = configs(tried, {}, { num_warps: 2 }, { num_warps: 4 })
    const results = await tried.benchmarker.measure(wanted, { ...patient, budget })
    expect(results.map(({ status }) => status)).toEqual(['ok'])
  })
})

describe('configs that do not end', () => {
  const never = new Promise<never>(() => {})

  it('are counted, and the next one is tried', async () => {
    const tried = await trial(double, [await ramp([100])], { autotuneBenchmarkTimeout: 500 })
    losesAnswer(tried)
    heldTimer(500_000)()
    const [stuck, next] = await measure(tried, {}, { num_warps: 2 })
    expect(stuck).toMatchObject({ status: 'timeout', reason: 'running double took longer than 500000 ms' })
    expect(next?.status).toBe('ok')
  })

  it('cost the device when the GPU does not come back', async () => {
    const device = await openDevice()
    const impatient = { autotuneBenchmarkTimeout: 0.1 }
    const tried = await trial(double, [await ramp([100], 'f32', device)], impatient, { device })
    losesAnswer(tried)
    vi.spyOn(device, 'finished').mockReturnValue(never)
    const told: Measurement[] = []
    const options = { ...patient, onMeasured: (result: Measurement) => told.push(result) }
    const measured = tried.benchmarker.measure(configs(tried, {}), options)
    await expect(measured).rejects.toThrow('a config of a search does not end')
    expect(told).toMatchObject([{ status: 'timeout', reason: 'running double took longer than 100 ms' }])
    expect(device.failure).toBeInstanceOf(AdapterError)
    device.destroy()
  })
})

describe('kernels of all kinds', () => {
  it('that change their arguments leave those of the caller alone', async () => {
    const x = await ramp([500])
    const before = await x.data()
    const [result] = await measure(await trial(increment, [x]), {})
    expect(result?.status).toBe('ok')
    expect(await x.data()).toEqual(before)
  })

  it('that change an argument passed twice', async () => {
    const x = await ramp([500])
    const both = (a: Tensor, b: Tensor) => {
      increment(a)
      void b
    }
    const [result] = await measure(await trial(both as never, [x, x]), {})
    expect(result?.status).toBe('ok')
  })

  it('with atomic updates, several loops, dynamic sizes, halves', async () => {
    const counted = await trial(histogram, [(await ramp([1000], 'i32')) as never])
    const centered = await trial(center, [await ramp([30, 50])], { staticShapes: false })
    for (const tried of [counted, centered]) {
      const [result] = await measure(tried, {})
      expect(result).toMatchObject({ status: 'ok' })
      expect(tried.logged).toEqual([])
    }
  })

  it('whose reference takes too long are compared with the default config, which is said', async () => {
    const limits = { elements: 2 ** 28, callMs: 0, extentsMs: 0 }
    const tried = await trial(center, [await ramp([300, 50])], {}, { limits })
    const [one, other] = await measure(tried, { num_warps: 1 }, { num_warps: 2 })
    expect([one?.status, other?.status]).toEqual(['ok', 'ok'])
    expect(tried.logged).toHaveLength(1)
    expect(tried.logged[0]).toMatch(
      /^helion-aot: center: answers in \w+ are compared with those of the default config only$/,
    )
  })

  it('too large for the host are compared with the default config', async () => {
    const limits = { elements: 10, callMs: 1e9, extentsMs: 1e9 }
    const tried = await trial(double, [await ramp([100])], {}, { limits })
    expect((await measure(tried, {}))[0]?.status).toBe('ok')
    expect(tried.logged).toHaveLength(1)
  })
})

describe('baselines', () => {
  it('may return tensors, and work on copies of the arguments', async () => {
    const x = await ramp([64])
    const before = await x.data()
    const baselineFn = async (t: { data(): Promise<Float32Array>; upload(v: number[]): unknown }) => {
      const values = [...(await t.data())]
      t.upload(values.map((v) => v + 1))
    }
    const tried = await trial(increment, [x], { baselineFn: baselineFn as never })
    expect((await measure(tried, {}))[0]?.status).toBe('ok')
    expect(await x.data()).toEqual(before)
  })

  it('must return as many tensors as the kernel', async () => {
    const tried = await trial(double, [await ramp([64])], { baselineFn: (() => []) as never })
    await expect(measure(tried, {})).rejects.toThrow(
      'baselineFn of double returned 0 tensors, not 1 like the kernel',
    )
  })

  it('that give no answer are ended', async () => {
    const baselineFn = (() => new Promise(() => undefined)) as never
    const options = { baselineFn, autotuneBenchmarkTimeout: 0.05 }
    const tried = await trial(double, [await ramp([64])], options)
    await expect(measure(tried, {})).rejects.toThrow(
      /^baselineFn of double gave no answer within 0\.5 s\n {2}It has to start its work on tensors/,
    )
  })
})

describe('remeasure', () => {
  it('times in turns and answers for all', async () => {
    const tried = await trial(double, [await ramp([4096])])
    const wanted = configs(tried, {}, { num_warps: 1 })
    await tried.benchmarker.measure(wanted, patient)
    const results = await tried.benchmarker.remeasure(wanted, { budget: FOREVER, targetMs: 20 })
    expect(results.map(({ config }) => config)).toEqual(wanted)
    expect(results[0]?.samplesMs).toHaveLength(results[1]?.samplesMs.length ?? 0)
    expect(Math.min(...results.map(({ ms }) => ms))).toBeGreaterThan(0)
  })

  it('times equal programs once', async () => {
    const tried = await trial(double, [await ramp([4096])])
    const wanted = configs(tried, { num_warps: 2 }, { num_warps: 2, maxnreg: 64 }, { num_warps: 1 })
    await tried.benchmarker.measure(wanted, patient)
    const [first, twin, other] = await tried.benchmarker.remeasure(wanted, { budget: FOREVER, targetMs: 20 })
    expect(twin).toEqual({ ...first, config: wanted[1] })
    expect(twin?.samplesMs).toBe(first?.samplesMs)
    expect(other?.samplesMs).not.toBe(first?.samplesMs)
  })

  it('answers for none when comparing fails, and says so', async () => {
    const tried = await trial(double, [await ramp([64])])
    const wanted = configs(tried, {}, { num_warps: 1 })
    await tried.benchmarker.measure(wanted, patient)
    const compiling = vi.spyOn(tried.device.pipelines, 'get').mockRejectedValueOnce(new GpuError('no memory'))
    expect(await tried.benchmarker.remeasure(wanted, { budget: FOREVER, targetMs: 20 })).toEqual([])
    expect(tried.logged).toEqual(['helion-aot: configs could not be compared: no memory'])
    compiling.mockRestore()
  })

  it('answers for none when time is up', async () => {
    const tried = await trial(double, [await ramp([64])])
    const over = new Budget({ seconds: 0 })
    expect(await tried.benchmarker.remeasure(configs(tried, {}), { budget: over, targetMs: 20 })).toEqual([])
  })
})

function memoryOf(ir: KernelIr, call: CallArguments, stream: Stream): Promise<TrialMemory> {
  const { subject, contents } = trialSubject(ir, kernelWrites(ir), call)
  return TrialMemory.allocate(subject.tensors, contents, stream)
}

describe('TrialMemory', () => {
  it('poisons outputs, fills what is to be filled, restores inputs', async () => {
    const x = await ramp([4])
    const { bound, call, stream, device, spec } = await trial(increment, [x])
    const memory = await memoryOf(bound.ir, call, stream)
    const { plan, pipelines } = await buildConfig(bound, call, device, spec.defaultConfig())
    const run = () => {
      for (const launch of launchesOf(plan, pipelines, { tensors: memory.storages, scratch: [] }, []))
        stream.launch(launch)
    }
    const read = async () => [...decodeBytes(await memory.read(0), 'f32')]
    memory.reset()
    run()
    run()
    expect(await read()).toEqual([-1, 6, 2, 9])
    memory.reset()
    expect(await read()).toEqual([-3, 4, 0, 7])
    memory.dispose()
    expect(memory.storages[0]).not.toBe(x.storage)
  })

  it('uses inputs that do not change as they are', async () => {
    const x = await ramp([4])
    const { bound, call, stream } = await trial(double, [x])
    const memory = await memoryOf(bound.ir, call, stream)
    expect(memory.storages[0]).toBe(x.storage)
    memory.dispose()
    expect(await x.data()).toHaveLength(4)
  })

  it.each([
    ['f32', Number.NaN],
    ['i32', 0xdeadbee],
    ['u32', 0xdeadbee],
    ['bool', 1],
  ] as const)('poisons %s', async (dtype, poison) => {
    const { bound, call, stream } = await trial(double, [await ramp([4], dtype === 'bool' ? 'i32' : dtype)])
    const ir = { ...bound.ir, tensors: bound.ir.tensors.map((tensor) => ({ ...tensor, dtype })) }
    const memory = await memoryOf(ir, call, stream)
    memory.reset()
    const output = ir.tensors.find(({ role }) => role === 'local')
    expect([...decodeBytes(await memory.read(output?.id ?? -1), dtype)]).toEqual(Array(4).fill(poison))
  })
})
