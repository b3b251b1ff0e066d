/** Timing: longer work takes longer, results say how they were made, and slow jobs are reported. */
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import type { Launch } from '../../src/runtime/commands/launch.ts'
import { type Device, openDevice } from '../../src/runtime/device.ts'
import { Stream } from '../../src/runtime/stream.ts'
import { DeviceTensor } from '../../src/runtime/tensor/tensor.ts'
import { randn } from '../../src/runtime/tensor/tensor_factories.ts'
import type { Clock } from '../../src/runtime/timing/clock.ts'
import {
  type Timing,
  timeInterleaved,
  timeLaunches,
  timeWith,
  withTimeout,
} from '../../src/runtime/timing/timing.ts'
import { GpuError, TimeoutError } from '../../src/support/errors.ts'
import { undisturbed } from '../timers.ts'
import { mapLaunch, quickest, rejection } from './gpu.ts'

const QUICK = { targetMs: 20, warmupMs: 1, minSamples: 5 }

let device: Device
let stream: Stream
let x: DeviceTensor
let y: DeviceTensor
let short: Launch
let long: Launch

beforeAll(async () => {
  device = await openDevice()
  ;({ stream, x, y, short, long } = await setUp(device))
})

afterAll(() => device.destroy())

/** Two kernels, the second of twenty times the work or, where starting it takes longer than that, more. */
async function setUp(on: Device) {
  const stream = new Stream(on)
  const x = randn([16384], { stream })
  const y = DeviceTensor.allocate([16384], 'f32', stream)
  await x.data()
  return {
    stream,
    x,
    y,
    short: await mapLaunch(on, loop(50), x, y),
    long: await mapLaunch(on, loop(1000 * scale(on)), x, y),
  }
}

/** How much more a GPU can do in the time. */
const scale = (on: Device) => (on.info.software ? 1 : 50)

/** An expression that takes a while: the loop is in a function so that it can stand in an expression. */
function loop(count: number): string {
  return `spin(v, ${count});
}
fn spin(start: f32, count: i32) -> f32 {
  var value = start;
  for (var i = 0; i < count; i++) { value = value * 0.99 + 0.5; }
  return value`
}

/** Whether two times are of the same size. */
function agree(a: number, b: number): boolean {
  return a > b / 4 && a < b * 4
}

describe('timeLaunches', () => {
  it('returns all samples, their median and how they were made', async () => {
    const timing = await timeLaunches(device, [short], QUICK)
    const sorted = [...timing.samplesMs].sort((a, b) => a - b)
    expect(sorted.length).toBeGreaterThanOrEqual(5)
    expect(timing.medianMs).toBeGreaterThan(0)
    expect(timing.medianMs).toBeGreaterThanOrEqual(sorted[0] ?? 0)
    expect(timing.p10Ms).toBeLessThanOrEqual(timing.medianMs)
    expect(timing.p90Ms).toBeGreaterThanOrEqual(timing.medianMs)
    expect(timing.spread).toBeGreaterThanOrEqual(0)
    expect(timing).toMatchObject({ clock: 'gpu', launchesPerSample: 1, cacheFlushed: true })
    expect(timing.resolutionMs).toBeLessThan(0.001)
    expect(await timeLaunches(device, [short], { ...QUICK, flushCache: false })).toMatchObject({
      cacheFlushed: false,
    })
  })

  it('agrees with the wall clock', async () => {
    let [gpu, wall] = [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY]
    // On a busy machine it takes a while until each was undisturbed once.
    for (let round = 0; round < 3 || (round < 100 && !agree(gpu, wall)); round++) {
      gpu = Math.min(gpu, quickest(await timeLaunches(device, [long], QUICK)))
      const start = performance.now()
      for (let i = 0; i < 5; i++) stream.launch(long)
      await stream.sync()
      wall = Math.min(wall, (performance.now() - start) / 5)
    }
    expect({ gpu, wall, agree: agree(gpu, wall) }).toMatchObject({ agree: true })
  })

  it('adds up launches that belong together, and leaves the results in place', async () => {
    await undisturbed(async () => {
      const one = await timeLaunches(device, [short], QUICK)
      const both = await timeLaunches(device, [short, long], QUICK)
      expect(quickest(both)).toBeGreaterThan(quickest(one) * 3)
    })
    // Where the long loop converges to; the short one is still on its way.
    for (const value of (await y.data()).slice(0, 4)) expect(value).toBeCloseTo(50, 1)
  })

  it('takes as many samples as the time allows', async () => {
    const options = { warmupMs: 1, minSamples: 2, maxSamples: 7 }
    expect((await timeLaunches(device, [short], { ...options, targetMs: 0.001 })).samplesMs).toHaveLength(2)
    expect((await timeLaunches(device, [short], { ...options, targetMs: 1e6 })).samplesMs).toHaveLength(7)
  })

  it('reports commands that WebGPU refuses', async () => {
    const error = await rejection(timeLaunches(device, [{ ...short, words: Uint32Array.of(1) }], QUICK))
    expect(error).toBeInstanceOf(GpuError)
    expect(error.message).toMatch(/^The GPU refused a launch to be timed: /)
    expect(device.errors.take()).toBeUndefined()
  })

  it('does not time what was never computed', async () => {
    const broken = DeviceTensor.allocate([16384], 'f32', stream)
    stream.prepare(() => Promise.reject(new GpuError('no input')), { writes: [broken.storage] })
    expect((await rejection(broken.data())).message).toBe('no input')
    const launch = { ...short, storages: [broken.storage, y.storage] }
    expect((await rejection(timeLaunches(device, [launch], QUICK))).message).toBe('no input')
  })

  it('overwrites more than the cache before each sample, unless told not to', async () => {
    const commands = Object.getPrototypeOf(device.gpu.createCommandEncoder())
    const clear = vi.spyOn(commands, 'clearBuffer')
    const { samplesMs } = await timeLaunches(device, [short], QUICK)
    expect(clear.mock.calls.length).toBeGreaterThan(samplesMs.length)
    const sizes = () => new Set(clear.mock.calls.map(([buffer]) => (buffer as GPUBuffer).size))
    expect(Math.min(...sizes())).toBeGreaterThanOrEqual(2 * device.facts.cacheBytes)
    clear.mockClear()
    await timeLaunches(device, [short], { ...QUICK, flushCache: false })
    expect(Math.max(...sizes())).toBe(256)
    clear.mockRestore()
  })

  it('gives its scratch memory back', async () => {
    const { liveBytes } = device.pool.stats
    await timeLaunches(device, [short], QUICK)
    expect(device.pool.stats.liveBytes).toBe(liveBytes)
  })
})

describe('timeInterleaved', () => {
  it('times each candidate equally often and tells them apart', async () => {
    await undisturbed(async () => {
      const timings = await timeInterleaved(device, [[long], [short], [long]], { ...QUICK, minSamples: 9 })
      const [a, b, c] = timings
      expect(new Set(timings.map(({ samplesMs }) => samplesMs.length)).size).toBe(1)
      expect(a?.samplesMs.length).toBeGreaterThanOrEqual(9)
      expect(quickest(a) / quickest(b)).toBeGreaterThan(4)
      expect(quickest(c) / quickest(b)).toBeGreaterThan(4)
    })
  })
})

describe('coarse clocks', () => {
  it('time several launches at once when timestamps are rounded', async () => {
    process.env.HELION_DAWN_FLAGS = 'timestamp_quantization'
    const coarse = await openDevice()
    delete process.env.HELION_DAWN_FLAGS
    const own = await setUp(coarse)
    const tiny = { ...own.short, words: Uint32Array.of(64, 0), grid: [1, 1, 1] as const }
    const steps = ({ medianMs, launchesPerSample }: Timing) => (medianMs * launchesPerSample) / 0.065536
    // How many launches a sample needs is estimated, too few where the machine was busy just then.
    await undisturbed(async () => {
      const timing = await timeLaunches(coarse, [tiny], QUICK)
      expect(steps(timing)).toBeGreaterThan(10)
      expect(timing.resolutionMs * timing.launchesPerSample).toBeCloseTo(0.065536, 5)
    })
    coarse.destroy()
  })

  it('use the wall clock where there are no timestamps, and say so', async () => {
    const plain = await openDevice({ without: ['timestamp-query'] })
    const own = await setUp(plain)
    await undisturbed(async () => {
      const [a, b] = await timeInterleaved(plain, [[own.short], [own.long]], QUICK)
      expect(a).toMatchObject({ clock: 'wall', cacheFlushed: false })
      expect(a?.resolutionMs).toBeGreaterThan(0)
      expect(quickest(b) / quickest(a)).toBeGreaterThan(3)
    })
    plain.destroy()
  })
})

describe('a clock that is made up', () => {
  const STEP = 0.065536
  const LONG = 32 * STEP

  /** Launches take `launchMs`; the clock tells multiples of a step. Remembers what it was asked for. */
  function madeUp(
    launchMs: (index: number, launches: number) => number,
  ): Clock & { runs: number[][]; disposed: number } {
    let index = 0
    return {
      kind: 'gpu',
      maxSamples: 512,
      flushesCache: true,
      resolutionMs: STEP,
      runs: [],
      disposed: 0,
      async run(samples) {
        this.runs.push(samples.map(({ repeats }) => repeats))
        return samples.map(({ repeats, launches }) => {
          const ms = repeats * launchMs(index++, launches.length)
          return Math.round(ms / STEP) * STEP
        })
      },
      dispose() {
        this.disposed++
      },
    }
  }

  it('repeats short launches until a sample lasts twenty steps', async () => {
    const clock = madeUp(() => 0.002)
    const [timing] = await timeWith(clock, [[]], QUICK)
    expect(timing?.launchesPerSample).toBeGreaterThanOrEqual((20 * STEP) / 0.002)
    expect(timing?.launchesPerSample).toBeLessThan((60 * STEP) / 0.002)
    expect(timing?.medianMs).toBeCloseTo(0.002, 4)
    expect(timing).toMatchObject({ cacheFlushed: false, clock: 'gpu' })
    expect(clock.disposed).toBe(1)
  })

  it('does not make samples of seconds for estimates that are far too short', async () => {
    const clock = madeUp((index) => (index < 6 ? 0 : 20 * STEP))
    const [timing] = await timeWith(clock, [[]], QUICK)
    expect(Math.max(...clock.runs.flat())).toBe(10)
    expect(timing?.medianMs).toBeCloseTo(20 * STEP)
  })

  it('times long launches one by one: setup, estimates, warm-up with samples', async () => {
    const clock = madeUp(() => LONG)
    const [timing] = await timeWith(clock, [[]], { targetMs: 10.5 * LONG, warmupMs: 3.5 * LONG })
    expect(clock.runs.map((run) => run.length)).toEqual([1, 5, 3 + 10])
    expect(timing).toMatchObject({ launchesPerSample: 1, cacheFlushed: true, medianMs: LONG, spread: 0 })
    expect(timing?.samplesMs).toHaveLength(10)
  })

  it('waits for the GPU once less where it is known what a launch takes', async () => {
    const clock = madeUp(() => LONG)
    const known = { targetMs: 10.5 * LONG, warmupMs: 3.5 * LONG, expectedMs: 2 * LONG }
    const [timing] = await timeWith(clock, [[]], known)
    expect(clock.runs.map((run) => run.length)).toEqual([1 + 5, 3 + 10])
    expect(timing).toMatchObject({ launchesPerSample: 1, medianMs: LONG, spread: 0 })
  })

  it.each([
    [0.01, 36],
    [0.0065, 36],
    [0.005, 100],
    [0.02, 12],
  ])('stops where the median is known to %d: after %d samples', async (precision, count) => {
    const clock = madeUp((index) => LONG * (1 + 0.02 * (index % 2)))
    const options = { targetMs: 1000 * LONG, maxSamples: 100, warmupMs: LONG, precision }
    const [timing] = await timeWith(clock, [[]], options)
    expect(timing?.samplesMs).toHaveLength(count)
  })

  it('does not estimate a launch again that takes longer than all samples may', async () => {
    const clock = madeUp(() => 900)
    await timeWith(clock, [[]], { targetMs: 50 })
    expect(clock.runs.flat().length).toBe(1 + 1 + 1 + 3)
  })

  it.each([3_600_000, Number.NaN])('does not give a launch up over one estimate of %d ms', async (jump) => {
    const clock = madeUp((index) => (index === 1 ? jump : 60))
    const [timing] = await timeWith(clock, [[]], { targetMs: 50, rivalMs: 20 })
    expect(timing?.medianMs).toBeCloseTo(60, 0)
  })

  it.each([
    [1.6, 5],
    [1.2, 12],
    [1.03, 36],
    [1.005, 100],
    [0.9, 100],
  ])('of one %d times as slow as its rival takes as many samples as tell it: %d', async (times, count) => {
    const clock = madeUp(() => LONG * times)
    const options = { targetMs: 1000 * LONG, maxSamples: 100, warmupMs: LONG, rivalMs: LONG }
    const [timing] = await timeWith(clock, [[]], options)
    expect(timing?.samplesMs.length).toBe(count)
    expect(timing?.medianMs).toBeCloseTo(LONG * times, 1)
  })

  it('leaves out samples that went wrong, and fails when all did', async () => {
    const [timing] = await timeWith(
      madeUp((index) => (index % 3 === 2 ? Number.NaN : LONG)),
      [[]],
      { targetMs: 12.5 * LONG },
    )
    expect(timing?.samplesMs.length).toBe(8)
    const error = await rejection(
      timeWith(
        madeUp(() => Number.NaN),
        [[]],
        QUICK,
      ),
    )
    expect(error).toBeInstanceOf(GpuError)
    expect(error.message).toBe('The GPU wrote no usable timestamps')
  })

  it('is asked in turn for several candidates', async () => {
    const clock = madeUp((_, launches) => LONG * (1 + launches))
    const launch = { storages: [] as Launch['storages'] } as Launch
    const [a, b] = await timeWith(clock, [[], [launch]], { targetMs: 8.5 * 2 * LONG, warmupMs: LONG })
    expect([a?.samplesMs.length, b?.samplesMs.length]).toEqual([8, 8])
    expect([a?.medianMs, b?.medianMs]).toEqual([LONG, 2 * LONG])
  })
})

describe('time limits', () => {
  it('end the wait for a job that takes too long, which can be waited for or abandoned', async () => {
    const endless = {
      ...(await mapLaunch(device, loop(20_000 * scale(device) ** 2), x, y)),
      words: Uint32Array.of(16384, 0),
    }
    const error = await rejection(timeLaunches(device, [endless], { ...QUICK, timeoutMs: 30 }))
    expect(error).toBeInstanceOf(TimeoutError)
    expect(error.message).toMatch(/^Timing on the GPU took longer than 30 ms\n {2}The GPU may still be busy/)
    await device.finished()
    expect((await timeLaunches(device, [short], QUICK)).medianMs).toBeGreaterThan(0)
  })

  it('do not matter to what is done in time', async () => {
    expect(await withTimeout(Promise.resolve(3), 10_000, 'Nothing')).toBe(3)
    expect(await withTimeout(Promise.resolve(4), undefined, 'Nothing')).toBe(4)
    expect((await rejection(withTimeout(new Promise(() => {}), 1, 'Nothing'))).message).toMatch(
      /^Nothing took/,
    )
  })
})
