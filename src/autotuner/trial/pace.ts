/**
 * Keeps the low clock of a GPU that had nothing to do out of the times. A program that was timed before is
 * timed again first: while it is slower than it was, it runs on, since work brings the clock up.
 */

import type { Launch } from '../../runtime/commands/launch.ts'
import type { Device } from '../../runtime/device.ts'
import { timeLaunches } from '../../runtime/timing/timing.ts'
import type { TrialTime } from './trial_runner.ts'

/** A clock is up when the known program takes at most this multiple of its time. */
const UP = 1.03
/** After so many milliseconds of work the clock is as high as it gets. */
const LONGEST_MS = 400
/** Clocks do not fall sooner than so many milliseconds after work. */
const IDLE_MS = 50
/** A program with fewer samples says too little. */
const ENOUGH_SAMPLES = 20
const LOOK = { warmupMs: 0, targetMs: 2, maxSamples: 9 }
const RUN_MS = 10

export class Pace {
  readonly #device: Device
  readonly #now: () => number
  readonly #time: typeof timeLaunches
  #known: { readonly launches: readonly Launch[]; readonly ms: number } | undefined
  #workedAt = Number.NEGATIVE_INFINITY

  constructor(
    device: Device,
    time: typeof timeLaunches = timeLaunches,
    now: () => number = () => performance.now(),
  ) {
    this.#device = device
    this.#time = time
    this.#now = now
  }

  /** The GPU has worked until now. */
  worked(): void {
    this.#workedAt = this.#now()
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
    const begin = this.#now()
    if (!known || !isThere(known.launches) || begin - this.#workedAt < IDLE_MS) return
    let { medianMs } = await this.#time(this.#device, known.launches, LOOK)
    while (medianMs > known.ms * UP && this.#now() - begin < LONGEST_MS)
      medianMs = (await this.#time(this.#device, known.launches, { ...LOOK, warmupMs: RUN_MS })).medianMs
    // What a GPU that has grown hot can do from now on, or more than was known.
    if (medianMs < known.ms || medianMs > known.ms * UP) this.#known = { ...known, ms: medianMs }
    this.worked()
  }
}

/** False when memory of the launches was given back: scratch, which a program has during its trial only. */
function isThere(launches: readonly Launch[]): boolean {
  return launches.every(({ storages }) => storages.every(({ allocated }) => allocated))
}
