/**
 * Keeps the low clock of a GPU that had nothing to do out of the times. A program of its own, whose time
 * depends on nothing but the clock, is timed every now and then: while it takes longer than it did, it runs
 * on, since work brings the clock up. Where nothing else is to do, the GPU is given this work as well.
 */

import { type Launch, NO_WORDS } from '../../runtime/commands/launch.ts'
import type { Device } from '../../runtime/device.ts'
import { Storage } from '../../runtime/memory/storage.ts'
import type { PipelineRequest } from '../../runtime/pipelines/pipeline_request.ts'
import { timeLaunches } from '../../runtime/timing/timing.ts'

/** Times of the program that differ by less are those of one clock, or by so many times what they scatter. */
const SAME = 0.03
const SCATTERS = 3
/** A clock that has not risen under so many milliseconds of work will not. */
const STEADY_MS = 500
/** One that never comes to rest is taken as it is after so many. */
const MOST_MS = 2000
/**
 * So long a clock is taken to be what it was, at least: it does not fall sooner. Looks cost a tenth at most.
 */
const FRESH_MS = 50
const FRESH_LOOKS = 10
/** How the program is timed: a few samples after as much work as is wanted. */
const PIECE = { targetMs: 1, maxSamples: 9, maxWarmups: 10_000, expectedMs: 0.1, flushCache: false }
/**
 * Work of one piece, in milliseconds: clocks fall under light work as if there were none, and what comes next
 * waits for the end of a piece.
 */
const LOAD_MS = 3
const RISE_MS = 20
/** After so long without other work it begins, and ends where nothing else comes for so long. */
const REST_MS = 3
const MOST_LOAD_MS = 3000
/**
 * Enough for every processor of a large GPU, and not too long on a small one: 0.5 G multiply-adds. No
 * compiler knows that their result is never written.
 */
const WORKGROUPS = 264
const WGSL = `@group(0) @binding(0) var<storage, read_write> sink: array<vec4f>;
@compute @workgroup_size(256) fn main(@builtin(global_invocation_id) id: vec3u) {
  let y = vec4f(id.xyzx);
  var x = y;
  for (var i = 0u; i < 2000u; i++) { x = fma(x, vec4f(0.5), y); }
  if (x.x == 0.1) { sink[0] = x; }
}`
const SHADER: PipelineRequest = {
  label: 'pace',
  wgsl: WGSL,
  bindings: [{ access: 'read_write' }],
  words: { length: 0 },
  wordsIn: 'immediate',
}

export class Pace {
  readonly #device: Device
  readonly #now: () => number
  readonly #time: typeof timeLaunches
  #program: Promise<Launch> | undefined
  /** Milliseconds that the program takes at the clock of now, and how much work did not change that. */
  #levelMs = Number.POSITIVE_INFINITY
  #steadyMs = 0
  /** What it takes when the clock is up, as far as that is known. */
  #bestMs = 0
  /** Times that are less than this multiple of each other are the same. */
  #same = 1
  /** Until when that is not looked at again. */
  #freshUntil = Number.NEGATIVE_INFINITY
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

  /** Resolves when the clock is up, as far as that can be told. Rejects as `timeLaunches` does. */
  async up(): Promise<void> {
    const begin = this.#now()
    if (begin > this.#freshUntil) await this.#work(0)
    while (!this.#isUp) {
      await this.#work(RISE_MS)
      if (this.#now() - begin > MOST_MS) this.#bestMs = this.#levelMs
    }
  }

  get #isUp(): boolean {
    return this.#levelMs <= this.#bestMs * this.#same
  }

  async #load(): Promise<void> {
    const end = this.#now() + MOST_LOAD_MS
    while (this.#isIdle && this.#now() < end) await this.#work(LOAD_MS)
  }

  /** So many milliseconds of work, and what the program says of the clock then. */
  async #work(warmupMs: number): Promise<void> {
    const begin = this.#now()
    this.#program ??= this.#compiled()
    const time = await this.#time(this.#device, [await this.#program], { ...PIECE, warmupMs })
    const { medianMs, spread, resolutionMs } = time
    const end = this.#now()
    this.#same = 1 + Math.max(SAME, SCATTERS * spread, resolutionMs / medianMs)
    this.#freshUntil = end + Math.max(FRESH_MS, FRESH_LOOKS * (end - begin - warmupMs))
    const isSame = Math.max(medianMs / this.#levelMs, this.#levelMs / medianMs) < this.#same
    this.#steadyMs = isSame ? this.#steadyMs + end - begin : 0
    this.#levelMs = isSame ? Math.min(this.#levelMs, medianMs) : medianMs
    // Also what a GPU that has grown hot can do from now on.
    if (this.#steadyMs >= STEADY_MS) this.#bestMs = this.#levelMs
    this.#bestMs = Math.min(this.#bestMs, this.#levelMs)
  }

  async #compiled(): Promise<Launch> {
    const pipeline = await this.#device.pipelines.get(SHADER)
    return { pipeline, storages: [new Storage(16, 'f32')], words: NO_WORDS, grid: [WORKGROUPS, 1, 1] }
  }
}
