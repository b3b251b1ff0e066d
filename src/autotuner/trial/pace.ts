/**
 * Keeps the low clock of a GPU that had nothing to do out of the times. How much work the clock needs is told
 * by how long the GPU had none. Where a program was timed before, it is timed again first: while it is slower
 * than it was, it runs on, since work brings the clock up. Where nothing else is to do, the GPU is given
 * work.
 */

import type { Launch } from '../../runtime/commands/launch.ts'
import type { Device } from '../../runtime/device.ts'
import { leastLaunch } from '../../runtime/timing/least_launch.ts'
import { timeLaunches } from '../../runtime/timing/timing.ts'
import type { TrialTime } from './trial_runner.ts'

/** A clock is up when the known program takes at most this multiple of its time. */
const UP = 1.03
/** A known program that has not become faster for so long will not: the clock is as high as it gets. */
const STEADY_MS = 120
/** Clocks do not fall sooner than so many milliseconds after work. */
const IDLE_MS = 50
/** So much work brings a clock up, however low it was. */
const COLD_MS = 300
/** A program with fewer samples says too little. */
const ENOUGH_SAMPLES = 20
const LOOK = { warmupMs: 0, targetMs: 2, maxSamples: 9 }
const RUN_MS = 10
/** A piece of work for a GPU that would have none. */
const LOAD = { warmupMs: 0, targetMs: 2, maxSamples: 4, expectedMs: 0.2 }
/** After so long without it begins, and ends where nothing else comes for so long. */
const REST_MS = 3
const MOST_LOAD_MS = 3000

export class Pace {
  readonly #device: Device
  readonly #now: () => number
  readonly #time: typeof timeLaunches
  #known: { readonly launches: readonly Launch[]; readonly ms: number } | undefined
  #workedAt = Number.NEGATIVE_INFINITY
  /** Work that the clock needed then. */
  #neededMs = COLD_MS
  /** Work while nothing else is to do: what begins it, and what is under way. */
  #rest: ReturnType<typeof setTimeout> | undefined
  #loading: Promise<void> | undefined
  #isIdle = false

  constructor(
    device: Device,
    time: typeof timeLaunches = timeLaunches,
    now: () => number = () => performance.now(),
  ) {
    this.#device = device
    this.#time = time
    this.#now = now
  }

  /** Milliseconds of work that the clock needs: as many as the GPU had none, up to what is always enough. */
  get neededMs(): number {
    return this.#neededAt(this.#now())
  }

  /** The GPU has worked, and did so for that long. */
  worked(ms: number): void {
    const now = this.#now()
    this.#neededMs = Math.max(0, this.#neededAt(now - ms) - ms)
    this.#workedAt = now
  }

  #neededAt(now: number): number {
    const idleMs = now - this.#workedAt
    return idleMs < IDLE_MS ? this.#neededMs : Math.min(COLD_MS, this.#neededMs + idleMs)
  }

  /**
   * Nothing is to do yet: the other side has to find out what programs should answer, or waits for
   * compilers. The GPU works on, so that its clock stays up.
   */
  idle(): void {
    clearTimeout(this.#rest)
    this.#isIdle = true
    // What is wrong with the device shows in the next program.
    this.#rest = setTimeout(() => {
      this.#loading = this.#load().catch(() => {})
    }, REST_MS)
  }

  /** Resolves when the GPU has nothing to do any more. */
  async busy(): Promise<void> {
    clearTimeout(this.#rest)
    this.#isIdle = false
    await this.#loading
  }

  /** Takes a time to compare later ones with; that of the fastest program is kept. */
  learn(launches: readonly Launch[], { medianMs, samplesMs }: TrialTime): void {
    if (this.#known && !isThere(this.#known.launches)) this.#known = undefined
    if (samplesMs.length < ENOUGH_SAMPLES || medianMs >= (this.#known?.ms ?? Number.POSITIVE_INFINITY)) return
    this.#known = { launches, ms: medianMs }
  }

  /** Resolves when the clock is up, as far as that can be told. Rejects as `timeLaunches` does. */
  async up(): Promise<void> {
    const known = this.#known
    if (!known || !isThere(known.launches) || this.neededMs === 0) return
    const begin = this.#now()
    const look = async (warmupMs: number) =>
      (await this.#time(this.#device, known.launches, { ...LOOK, warmupMs })).medianMs
    let medianMs = await look(0)
    let [best, bestAt] = [medianMs, this.#now()]
    while (medianMs > known.ms * UP && this.#now() - bestAt < STEADY_MS) {
      medianMs = await look(RUN_MS)
      if (medianMs * UP < best) [best, bestAt] = [medianMs, this.#now()]
    }
    // What a GPU that has grown hot can do from now on, or more than was known.
    if (medianMs < known.ms || medianMs > known.ms * UP) this.#known = { ...known, ms: medianMs }
    this.worked(Math.max(COLD_MS, this.#now() - begin))
  }

  async #load(): Promise<void> {
    const launch = await leastLaunch(this.#device, [], new Set())
    const until = this.#now() + MOST_LOAD_MS
    for (let begin = this.#now(); this.#isIdle && begin < until; ) {
      await this.#time(this.#device, [launch], LOAD)
      const end = this.#now()
      this.worked(end - begin)
      begin = end
    }
  }
}

/** False when memory of the launches was given back: scratch, which a program has during its trial only. */
function isThere(launches: readonly Launch[]): boolean {
  return launches.every(({ storages }) => storages.every(({ allocated }) => allocated))
}
