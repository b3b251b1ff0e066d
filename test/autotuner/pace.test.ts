import { describe, expect, it } from 'vitest'
import { Pace } from '../../src/autotuner/trial/pace.ts'
import { type Launch, NO_WORDS } from '../../src/runtime/commands/launch.ts'
import { type Device, openDevice } from '../../src/runtime/device.ts'
import { type Timing, timeLaunches } from '../../src/runtime/timing/timing.ts'
import { nextTurn } from '../../src/support/macrotask.ts'

const EMPTY = '@compute @workgroup_size(256) fn main() {}'
/** What it takes to time the program, besides work before that. */
const LOOK_MS = 2

/**
 * A GPU whose clock falls to a fifth after a second without work or with light work only, and rises in two
 * steps within 250 ms of it.
 */
class Gpu {
  now = 0
  #idleSince = 0
  #worked = 0
  readonly timed: number[] = []
  /** How much slower it has become for good. */
  heat = 1
  /** How much times scatter that are taken, and whether they say so. */
  scatter = 0
  isKnown = false

  idle(ms: number): void {
    this.now += ms
    if (this.now - this.#idleSince > 1000) this.#worked = 0
  }

  get slowness(): number {
    const rise = [5, 2, 1][Number(this.#worked >= 100) + Number(this.#worked >= 250)] ?? 1
    return this.heat * rise * (1 + this.scatter * (this.timed.length % 2))
  }

  readonly time: typeof timeLaunches = async (_, __, { warmupMs = 0 } = {}) => {
    await nextTurn()
    this.#worked += warmupMs
    this.idle(warmupMs + LOOK_MS)
    if (warmupMs > LOOK_MS) this.#idleSince = this.now
    const medianMs = 0.02 * this.slowness
    this.timed.push(medianMs)
    return { medianMs, spread: this.isKnown ? this.scatter / 2 : 0, resolutionMs: 0 } as Timing
  }

  pace(): Pace {
    const device = { pipelines: { get: async () => ({}) } } as unknown as Device
    return new Pace(device, this.time, () => this.now)
  }
}

async function warm(): Promise<{ gpu: Gpu; pace: Pace }> {
  const gpu = new Gpu()
  const pace = gpu.pace()
  await pace.up()
  gpu.timed.splice(0)
  return { gpu, pace }
}

const turns = async () => {
  for (let turn = 0; turn < 10; turn++) await nextTurn()
}

describe('Pace', () => {
  it('times a program that no compiler leaves out', async () => {
    const device = await openDevice()
    const shader = { label: 'empty', wgsl: EMPTY, bindings: [], words: { length: 0 } }
    const pipeline = await device.pipelines.get({ ...shader, wordsIn: 'immediate' })
    const empty = { pipeline, storages: [], words: NO_WORDS, grid: [1, 1, 1] as const }
    // A few workgroups of it are enough for an adapter of tests.
    const timeOf = async (launches: readonly Launch[]) => {
      const some = launches.map((launch) => ({ ...launch, grid: [16, 1, 1] as const }))
      return await timeLaunches(device, some, { maxSamples: 20, warmupMs: 0, flushCache: false })
    }
    const times: number[] = []
    const time: typeof timeLaunches = async (_, launches) => {
      const timing = await timeOf(launches)
      times.push(...timing.samplesMs)
      return timing
    }
    await new Pace(device, time, () => 10_000 * times.length).up()
    // The least of them: whatever else the machine does makes none shorter.
    expect(Math.min(...times)).toBeGreaterThan(10 * Math.min(...(await timeOf([empty])).samplesMs))
    device.destroy()
  })

  it('has a GPU work that nothing is known of until its clock rises no more', async () => {
    const gpu = new Gpu()
    await gpu.pace().up()
    expect(gpu.slowness).toBe(1)
    expect(gpu.now).toBeGreaterThan(250 + 500)
    expect(gpu.now).toBeLessThan(250 + 600)
  })

  it('has it work until it is as fast as it was', async () => {
    const { gpu, pace } = await warm()
    gpu.idle(3000)
    expect(gpu.slowness).toBe(5)
    const begin = gpu.now
    await pace.up()
    expect(gpu.slowness).toBe(1)
    expect(gpu.now - begin).toBeLessThan(350)
  })

  it('costs one look where the clock is up, and nothing soon after', async () => {
    const { gpu, pace } = await warm()
    gpu.idle(60)
    const begin = gpu.now
    await pace.up()
    expect([gpu.timed, gpu.now - begin]).toEqual([[0.02], LOOK_MS])
    gpu.idle(40)
    await pace.up()
    expect(gpu.timed).toEqual([0.02])
  })

  it('takes a GPU that has become slower for good as it is', async () => {
    const { gpu, pace } = await warm()
    const timeOfUp = async () => {
      gpu.idle(60)
      const begin = gpu.now
      await pace.up()
      return gpu.now - begin
    }
    gpu.heat = 1.2
    const slower = await timeOfUp()
    expect(slower).toBeGreaterThan(500)
    expect(slower).toBeLessThan(550)
    expect(await timeOfUp()).toBe(LOOK_MS)
    // Cool again, it has to be as fast as that.
    gpu.heat = 1
    expect(await timeOfUp()).toBe(LOOK_MS)
    gpu.heat = 1.2
    expect(await timeOfUp()).toBe(slower)
  })

  it('does not wait for ever where times scatter', async () => {
    const { gpu, pace } = await warm()
    gpu.scatter = 0.3
    gpu.heat = 1.2
    gpu.idle(60)
    const begin = gpu.now
    await pace.up()
    expect(gpu.now - begin).toBeGreaterThan(2000)
    expect(gpu.now - begin).toBeLessThan(2100)
  })

  it('takes times that scatter, and say so, for equal', async () => {
    const { gpu, pace } = await warm()
    Object.assign(gpu, { scatter: 0.1, isKnown: true })
    for (let look = 0; look < 4; look++) {
      gpu.idle(60)
      await pace.up()
    }
    expect(gpu.timed).toHaveLength(4)
    gpu.idle(3000)
    await pace.up()
    expect(gpu.slowness).toBeLessThan(1.2)
  })

  it('has a GPU work that has nothing to do, until it has', async () => {
    const gpu = new Gpu()
    const pace = gpu.pace()
    pace.idle()
    while (gpu.now < 700) await new Promise((resolve) => setTimeout(resolve, 1))
    await pace.busy()
    const before = gpu.timed.length
    await turns()
    expect(gpu.timed.length).toBe(before)
    // What it has done then counts, and its clock is up.
    const begin = gpu.now
    await pace.up()
    expect(gpu.slowness).toBe(1)
    expect(gpu.now - begin).toBeLessThan(500)
    // Nothing else comes for long: it rests.
    pace.idle()
    const idleSince = gpu.now
    while (gpu.now < idleSince + 3000) await new Promise((resolve) => setTimeout(resolve, 1))
    await turns()
    const all = gpu.timed.length
    await turns()
    expect(gpu.timed.length).toBe(all)
  })
})
