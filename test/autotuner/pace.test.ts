import { describe, expect, it } from 'vitest'
import { Pace } from '../../src/autotuner/trial/pace.ts'
import type { Launch } from '../../src/runtime/commands/launch.ts'
import type { Device } from '../../src/runtime/device.ts'
import type { Timing, timeLaunches } from '../../src/runtime/timing/timing.ts'
import { nextTurn } from '../../src/support/macrotask.ts'

/** A GPU whose clock falls by half after 50 ms without work, and is up again after 70 ms of work. */
class Gpu {
  now = 0
  #idleSince = 0
  #worked = 1000
  readonly timed: number[] = []
  /** How much slower it has become for good. */
  heat = 1

  idle(ms: number): void {
    this.now += ms
    if (this.now - this.#idleSince > 50) this.#worked = 0
  }

  msOf(base: number): number {
    return base * this.heat * (this.#worked < 70 ? 2 : 1)
  }

  readonly time: typeof timeLaunches = async (_, launches, { warmupMs = 0, targetMs = 0 } = {}) => {
    const medianMs = this.msOf(launches.length)
    this.now += warmupMs + targetMs
    this.#worked += warmupMs + targetMs
    this.#idleSince = this.now
    this.timed.push(medianMs)
    return { medianMs, samplesMs: [medianMs] } as unknown as Timing
  }

  pace(): Pace {
    return new Pace({} as Device, this.time, () => this.now)
  }
}

const program = (ms: number): readonly Launch[] =>
  Array.from({ length: ms }, () => ({ storages: [] }) as unknown as Launch)
const time = (medianMs: number, count = 100) => ({
  medianMs,
  spread: 0,
  samplesMs: Array.from({ length: count }, () => medianMs),
})

describe('Pace', () => {
  it('lets a known program run until it is as fast as it was', async () => {
    const gpu = new Gpu()
    const pace = gpu.pace()
    pace.learn(program(3), time(3))
    pace.worked(400)
    gpu.idle(600)
    expect(gpu.msOf(1)).toBe(2)
    await pace.up()
    expect(gpu.msOf(1)).toBe(1)
    expect(gpu.timed.at(-1)).toBe(3)
  })

  it('forgets a program whose memory was given back', async () => {
    const gpu = new Gpu()
    const pace = gpu.pace()
    const scratch = { allocated: true }
    pace.learn([{ storages: [scratch] } as unknown as Launch], time(1))
    scratch.allocated = false
    gpu.idle(600)
    await pace.up()
    expect(gpu.timed).toEqual([])
    pace.learn(program(3), time(3))
    gpu.idle(600)
    await pace.up()
    expect(gpu.timed.at(-1)).toBe(3)
  })

  it('costs one look where the clock is up, and nothing soon after work', async () => {
    const gpu = new Gpu()
    const pace = gpu.pace()
    pace.learn(program(3), time(3))
    await pace.up()
    expect(gpu.timed).toEqual([3])
    gpu.idle(20)
    await pace.up()
    expect(gpu.timed).toEqual([3])
  })

  it('goes by the fastest program that was timed well', async () => {
    const gpu = new Gpu()
    const pace = gpu.pace()
    await pace.up()
    expect(gpu.timed).toEqual([])
    pace.learn(program(3), time(3))
    pace.learn(program(5), time(5))
    pace.learn(program(2), time(2, 5))
    await pace.up()
    expect(gpu.timed).toEqual([3])
  })

  it('takes a GPU that has become slower for good as it is', async () => {
    const gpu = new Gpu()
    const pace = gpu.pace()
    pace.learn(program(3), time(3))
    gpu.heat = 1.2
    await pace.up()
    expect(gpu.now).toBeGreaterThan(100)
    expect(gpu.now).toBeLessThan(300)
    const looks = gpu.timed.length
    gpu.idle(45)
    gpu.idle(20)
    const before = gpu.now
    await pace.up()
    expect(gpu.timed.length).toBeGreaterThan(looks)
    expect(gpu.now - before).toBeLessThan(150)
  })

  it('says how much work a clock needs: as much as the GPU had none, up to what is always enough', () => {
    const gpu = new Gpu()
    const pace = gpu.pace()
    expect(pace.neededMs).toBe(300)
    const work = (ms: number) => {
      gpu.now += ms
      pace.worked(ms)
    }
    work(100)
    expect(pace.neededMs).toBe(200)
    work(250)
    expect(pace.neededMs).toBe(0)
    gpu.now += 20
    expect(pace.neededMs).toBe(0)
    gpu.now += 80
    expect(pace.neededMs).toBe(100)
    work(30)
    expect(pace.neededMs).toBe(70)
    gpu.now += 60_000
    expect(pace.neededMs).toBe(300)
  })

  it('has a GPU work that has nothing to do, until it has', async () => {
    let [now, pieces] = [0, 0]
    const device = { pipelines: { get: async () => ({}) } } as unknown as Device
    const time = (async () => {
      await nextTurn()
      now += 3
      pieces++
      return {}
    }) as unknown as typeof timeLaunches
    const pace = new Pace(device, time, () => now)
    pace.idle()
    while (pieces < 3) await new Promise((resolve) => setTimeout(resolve, 1))
    await pace.busy()
    const before = pieces
    for (let turn = 0; turn < 10; turn++) await nextTurn()
    expect(pieces).toBe(before)
    expect(pace.neededMs).toBe(Math.max(0, 300 - 3 * pieces))
    // Nothing else comes for long: it rests.
    const begin = now
    pace.idle()
    while (now < begin + 3000) await new Promise((resolve) => setTimeout(resolve, 1))
    for (let turn = 0; turn < 10; turn++) await nextTurn()
    const all = pieces
    for (let turn = 0; turn < 10; turn++) await nextTurn()
    expect(pieces).toBe(all)
  })
})
