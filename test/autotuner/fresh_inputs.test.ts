/** Answers that are right for the caller's numbers alone: the winner is compared on other inputs, too. */
import { describe, expect, it } from 'vitest'
import { searchBook } from '../../src/aot/collect/search_book.ts'
import type { AotRecord } from '../../src/aot/records.ts'
import { CarefulBenchmarker } from '../../src/aot/run/careful_benchmarker.ts'
import { KnownRecords } from '../../src/aot/run/known_records.ts'
import { freshCall } from '../../src/autotuner/trial/fresh_call.ts'
import { JointBenchmarker } from '../../src/autotuner/trial/joint_benchmarker.ts'
import type { KernelTrial } from '../../src/autotuner/trial/kernel_benchmarker.ts'
import { LocalRunner } from '../../src/autotuner/trial/local_runner.ts'
import type { Config } from '../../src/config/config.ts'
import { readArguments } from '../../src/kernel/call_arguments.ts'
import { hl, type Tensor } from '../../src/language/index.ts'
import { getDevice } from '../../src/runtime/default_device.ts'
import { Stream } from '../../src/runtime/stream.ts'
import { DeviceTensor } from '../../src/runtime/tensor/tensor.ts'
import { resolveSettings } from '../../src/support/resolve_settings.ts'
import { double, histogram, increment, ramp, type Tried, trial } from './kernel_trials.ts'
import { PROBLEMS, type Problem, SyntheticBenchmarker, tune } from './synthetic.ts'

async function zeros(shape: readonly number[]): Promise<DeviceTensor> {
  const stream = new Stream(await getDevice())
  const tensor = DeviceTensor.allocate(shape, 'f32', stream)
  tensor.upload(new Float32Array(shape.reduce((a, b) => a * b, 1)))
  await stream.sync()
  return tensor
}

/** A device on which programs of several warps multiply by 3 where they should by 2. */
const broken: Partial<KernelTrial> = {
  async openRunner({ contents, ...parts }) {
    const runner = await LocalRunner.open({ ...parts, patienceMs: 600_000 }, contents)
    const [compile, measure] = [runner.compile.bind(runner), runner.measure.bind(runner)]
    const wrong = <P extends Parameters<typeof measure>[0]>(program: P): P => ({
      ...program,
      dispatches: program.dispatches.map((dispatch) => ({
        ...dispatch,
        wgsl: /workgroup_size\(64/.test(dispatch.wgsl)
          ? dispatch.wgsl.replaceAll('2.0f', '3.0f')
          : dispatch.wgsl,
      })),
    })
    return Object.assign(runner, {
      compile: ((program, ms) => compile(wrong(program), ms)) satisfies typeof compile,
      measure: ((program, ...rest) => measure(wrong(program), ...rest)) satisfies typeof measure,
    })
  },
}

const withWarps = ({ spec }: Tried, num_warps: number): Config =>
  spec.normalize({ block_sizes: [64], num_warps }, 'repair')

describe('a kernel', () => {
  it('that is wrong for other numbers than the caller gave is found out, and says where', async () => {
    const tried = await trial(double, [await zeros([512])], {}, broken)
    const [good, bad] = [withWarps(tried, 1), withWarps(tried, 2)]
    const sizes = [good, bad].map((config) => tried.bound.compile(config, tried.device, tried.call))
    expect(sizes.map(({ dispatches }) => dispatches[0]?.wgsl.match(/workgroup_size\((\d+)/)?.[1])).toEqual([
      expect.not.stringMatching('^64$'),
      '64',
    ])
    const { benchmarker } = tried
    expect(await benchmarker.recheck(bad)).toMatchObject({
      config: bad,
      status: 'wrong',
      reason: expect.stringMatching(/^on other inputs: local1\[0\] is [\d.]+, expected /),
    })
    expect(await benchmarker.recheck(good)).toBeUndefined()
    benchmarker.dispose()
  })

  it('is not blamed where its default config is wrong, too', async () => {
    const tried = await trial(double, [await zeros([512])], { autotuneAccuracyCheck: true }, broken)
    const bad = withWarps(tried, 2)
    const spec = Object.assign(Object.create(tried.spec), {
      defaultConfig: () => withWarps(tried, 2),
      normalize: tried.spec.normalize.bind(tried.spec),
    })
    const other = await trial(double, [await zeros([512])], {}, { ...broken, spec })
    expect(await other.benchmarker.recheck(bad)).toBeUndefined()
  })

  it('is compared with nothing where answers are not', async () => {
    const tried = await trial(double, [await zeros([512])], { autotuneAccuracyCheck: false }, broken)
    expect(await tried.benchmarker.recheck(withWarps(tried, 2))).toBeUndefined()
  })
})

describe('fresh contents', () => {
  const contents = (x: readonly DeviceTensor[]) => Promise.all(x.map((one) => one.data()))

  it('are fractions in another order and the same whole numbers; the originals stay', async () => {
    const [x, index] = [await ramp([40]), await ramp([40], 'i32')]
    const before = await contents([x, index])
    const stream = new Stream(await getDevice())
    const fresh = await freshCall(readArguments([{ x }, [index], 3]), stream)
    const after = await contents(fresh?.call.tensors ?? [])
    expect(after[0]).not.toEqual(before[0])
    expect([...(after[0] ?? [])].toSorted()).toEqual([...(before[0] ?? [])].toSorted())
    expect(after[1]).toEqual(before[1])
    expect(await contents([x, index])).toEqual(before)
    expect(fresh?.call.values).toMatchObject([{ x: fresh?.call.tensors[0] }, [fresh?.call.tensors[1]], 3])
    fresh?.dispose()
  })

  it('are scattered around a number that all were', async () => {
    const stream = new Stream(await getDevice())
    const fresh = await freshCall(readArguments([await zeros([64])]), stream)
    const [values = []] = await contents(fresh?.call.tensors ?? [])
    expect(new Set(values).size).toBeGreaterThan(60)
    for (const value of values) expect(Math.abs(value)).toBeLessThanOrEqual(1)
  })

  it('are not made of whole numbers alone, nor of more elements than are brought to the host', async () => {
    const stream = new Stream(await getDevice())
    expect(await freshCall(readArguments([await ramp([8], 'i32'), 2]), stream)).toBeUndefined()
    const call = readArguments([await ramp([8])])
    expect(await freshCall(call, stream, 7)).toBeUndefined()
    expect(await freshCall(call, stream, 8)).toBeDefined()
  })

  it('fit kernels that change an argument, and those that read positions', async () => {
    for (const [fn, dtype] of [
      [increment, 'f32'],
      [histogram, 'i32'],
      [scaledRows, 'f32'],
    ] as const) {
      const tried = await trial(fn, [await ramp([64], dtype)])
      expect(await tried.benchmarker.recheck(withWarps(tried, 2))).toBeUndefined()
      tried.benchmarker.dispose()
    }
  })
})

function scaledRows(x: Tensor): Tensor {
  const out = hl.emptyLike(x)
  for (const t of hl.tile(x.shape[0] ?? 0)) out.at(t).set(x.at(t).sub(x.at(t).amax()).exp())
  return out
}

describe('a search', () => {
  const [problem] = PROBLEMS as [Problem]
  const reason = 'on other inputs: odd'
  const settings = { autotuneEffort: 'quick' } as const
  /** Refutes the first two configs that it is asked about. */
  const refuting = () => {
    const asked: Config[] = []
    return (config: Config) => (asked.push(config) <= 2 ? reason : undefined)
  }

  it('takes the next best that is right everywhere', async () => {
    const usual = await tune(problem, { settings })
    expect(usual.benchmarker.rechecked).toEqual([usual.result.config])
    const { result, benchmarker } = await tune(problem, { settings, elsewhere: refuting() })
    const [first, second, third] = benchmarker.rechecked
    expect(first).toEqual(usual.result.config)
    expect(result.config).toEqual(third)
    const found = (config: Config | undefined) =>
      result.candidates.find((one) => config?.equals(one.config) === true)
    for (const config of [first, second])
      expect(found(config)).toMatchObject({ status: 'wrong', ms: Number.POSITIVE_INFINITY, reason })
    expect(found(third)).toMatchObject({ status: 'ok', ms: result.ms })
  })

  it('asks nothing more once it is interrupted', async () => {
    const stop = new AbortController()
    const onConfig = (_: Config, index: number) => index === 20 && stop.abort()
    const { benchmarker } = await tune(problem, { settings, onConfig, task: { signal: stop.signal } })
    expect(benchmarker.rechecked).toEqual([])
  })

  it('says in its records what was refuted, for the next start and for measuring', async () => {
    const known = new KnownRecords([])
    const append = (...added: readonly AotRecord[]): void => {
      for (const record of added) known.add(record)
    }
    const session = { append, known }
    const place = { session, kernel: 'k', shapeHash: 'shape', settings: resolveSettings({}, () => undefined) }
    const inner = new SyntheticBenchmarker(problem.cost, { elsewhere: refuting() })
    const benchmarker = new CarefulBenchmarker(inner, place, searchBook(place, 0))
    const { result } = await tune(problem, { settings, task: { benchmarker, now: inner.now } })
    const { trials } = known.attempts.shapeOf({ kernel: 'k', shape_hash: 'shape' })
    expect(inner.rechecked).toHaveLength(3)
    expect(inner.rechecked.map(({ hash }) => trials.get(hash)?.status)).toEqual(['wrong', 'wrong', 'ok'])
    expect(trials.get(inner.rechecked[0]?.hash ?? '')).toMatchObject({
      reason,
      origin: expect.stringMatching(/./),
    })
    expect(result.config).toEqual(inner.rechecked[2])
  })
})

describe('a config for several calls', () => {
  it('is refuted by the first that it is wrong for, which is named', async () => {
    const tried = await trial(double, [await zeros([512])], {}, broken)
    const parts = ['one', 'two'].map((name, i) => ({
      name,
      benchmarker: i === 0 ? (new SyntheticBenchmarker(() => 1) as never) : tried.benchmarker,
      fit: (config: Config) => config,
    }))
    const joint = new JointBenchmarker(parts as never, 'geomean')
    expect(await joint.recheck(withWarps(tried, 2))).toMatchObject({
      status: 'wrong',
      reason: expect.stringMatching(/^on other inputs: .* \(two\)$/),
    })
  })
})
