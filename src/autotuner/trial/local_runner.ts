/** Tries programs on a device of this process. */
import { allFills, scratchToFill } from '../../kernel/fills.ts'
import { allocateScratch, storageOf } from '../../kernel/launch_plan.ts'
import type { Launch } from '../../runtime/commands/launch.ts'
import type { Device } from '../../runtime/device.ts'
import type { Storage } from '../../runtime/memory/storage.ts'
import type { Pipeline } from '../../runtime/pipelines/pipeline_cache.ts'
import type { PipelineRequest } from '../../runtime/pipelines/pipeline_request.ts'
import type { Stream } from '../../runtime/stream.ts'
import { leastLaunch } from '../../runtime/timing/least_launch.ts'
import {
  type TimingOptions,
  timeInterleaved,
  timeLaunches,
  withTimeout,
} from '../../runtime/timing/timing.ts'
import { AdapterError, TimeoutError } from '../../support/errors.ts'
import { nextTurn } from '../../support/macrotask.ts'
import { type Expected, findMismatch, type Tolerance } from './accuracy.ts'
import { Pace } from './pace.ts'
import { SharedTimeout } from './shared_timeout.ts'
import { poison, TrialMemory } from './trial_memory.ts'
import type { TrialProgram, TrialSubject } from './trial_program.ts'
import type {
  CompareOptions,
  Places,
  TrialOptions,
  TrialOutcome,
  TrialRunner,
  TrialTime,
} from './trial_runner.ts'

/**
 * Time for the samples of a first measurement, and how many there are at most: emptying caches takes time
 * too.
 */
const TARGET_MS = 50
const MAX_SAMPLES = 100
/** Candidates that differ by less are timed again in turns. */
const PRECISION = 0.0065
const WARMUP_MS = 0.2
/** A run that took this long is timed with one sample. */
const SLOW_MS = 100
/**
 * A first run that took this long, and this multiple of the best time, is all the timing that a program gets.
 */
const HOPELESS_MS = 4
const HOPELESS_FACTOR = 5

export interface LocalParts {
  readonly device: Device
  /** Has the device for itself. */
  readonly stream: Stream
  readonly subject: TrialSubject
  /** Has the device compile, in a better way than by asking it; milliseconds that it took. */
  readonly compile?: ((request: PipelineRequest) => Promise<number>) | undefined
  /** How long to wait for a device that is still busy after a timeout, before it is given up. */
  readonly patienceMs: number
  /** What is known of the clock of the GPU; nothing when absent. */
  readonly pace?: Pace | undefined
}

export class LocalRunner implements TrialRunner {
  readonly #parts: LocalParts
  readonly #memory: TrialMemory
  readonly #compiling = new SharedTimeout()
  /** None on software adapters, which have no clock of their own. */
  readonly #pace: Pace | undefined
  /** Of the programs at work. */
  readonly #scratch: Storage[] = []
  readonly #fills: Launch[] = []

  private constructor(parts: LocalParts, memory: TrialMemory) {
    this.#pace = parts.device.info.software ? undefined : (parts.pace ?? new Pace(parts.device))
    this.#parts = parts
    this.#memory = memory
  }

  /** `contents` are the memories of the arguments. Rejects with GpuError when there is none for trials. */
  static async open(parts: LocalParts, contents: readonly Storage[]): Promise<LocalRunner> {
    return new LocalRunner(parts, await TrialMemory.allocate(parts.subject.tensors, contents, parts.stream))
  }

  async compile({ dispatches }: TrialProgram, timeoutMs: number): Promise<number> {
    const { subject, device } = this.#parts
    const plainly = async (one: PipelineRequest) => (await device.pipelines.get(one)).compileMs
    const compiled = dispatches.map(this.#parts.compile ?? plainly)
    const what = `compiling ${subject.kernel}`
    return Math.max(0, ...(await this.#compiling.within(Promise.all(compiled), timeoutMs, what)))
  }

  measure(
    program: TrialProgram,
    expected: readonly Expected[],
    options: TrialOptions,
  ): Promise<TrialOutcome> {
    return this.#recovering(async () => {
      const launches = await this.#launches(program)
      const { ms, answers } = await this.#answered(launches, expected, options.timeoutMs)
      // The GPU goes on while the answers are compared: nearly all are right.
      const timing = this.#time(launches, ms, options)
      timing.catch(() => {})
      await nextTurn()
      const mismatch = firstMismatch(expected, answers, options.tolerance)
      const time = await timing
      return mismatch === undefined ? { time, mismatch } : { time: undefined, mismatch }
    })
  }

  compare(programs: readonly TrialProgram[], options: CompareOptions): Promise<readonly TrialTime[]> {
    return this.#recovering(async () => {
      const launches = await Promise.all(programs.map((program) => this.#launches(program)))
      this.#memory.reset()
      await this.#pace?.up()
      return await timeInterleaved(this.#parts.device, launches, { ...this.#conditions, ...options })
    })
  }

  answers(
    program: TrialProgram,
    places: Places,
    timeoutMs: number,
  ): Promise<ReadonlyMap<number, ArrayBuffer>> {
    return this.#recovering(async () => {
      await this.#runInTime(await this.#launches(program), timeoutMs)
      const found = new Map<number, ArrayBuffer>()
      for (const [id, positions] of places) found.set(id, await this.#memory.read(id, positions))
      return found
    })
  }

  leastLaunch(): Promise<TrialTime> {
    const { device, subject } = this.#parts
    return this.#recovering(async () => {
      const { storages } = this.#memory
      const written = new Set(storages.filter((_, id) => subject.tensors[id]?.written))
      const launch = await leastLaunch(device, storages, written)
      await this.#pace?.up()
      return await timeLaunches(device, [launch], { ...this.#conditions, targetMs: TARGET_MS })
    })
  }

  dispose(): void {
    this.#memory.dispose()
  }

  /** Times launches that took this long when they ran first. */
  async #time(
    launches: readonly Launch[],
    firstMs: number,
    { timeoutMs, bestMs }: TrialOptions,
  ): Promise<TrialTime> {
    // Drivers may finish a compilation in the first run.
    const again = firstMs > HOPELESS_MS ? this.#runInTime(launches, timeoutMs) : firstMs
    const runMs = Math.min(firstMs, await again)
    if (runMs > HOPELESS_MS && runMs > HOPELESS_FACTOR * bestMs)
      return { medianMs: runMs, spread: 0, samplesMs: [runMs] }
    const samples = runMs > SLOW_MS ? { targetMs: 1, minSamples: 1 } : { targetMs: TARGET_MS }
    this.#memory.reset()
    const known = { expectedMs: runMs, rivalMs: bestMs, precision: PRECISION }
    const conditions = { ...this.#conditions, ...samples, ...known, timeoutMs }
    await this.#pace?.up()
    return await timeLaunches(this.#parts.device, launches, conditions)
  }

  /**
   * Software adapters run out of the processor's cache, which nothing but time would empty, and at its clock.
   */
  get #conditions(): Pick<TimingOptions, 'flushCache' | 'warmupMs' | 'maxSamples'> {
    const { device, subject } = this.#parts
    return {
      flushCache: subject.flushCache && !device.info.software,
      warmupMs: WARMUP_MS,
      maxSamples: MAX_SAMPLES,
    }
  }

  #pipelines({ dispatches }: TrialProgram): Promise<readonly Pipeline[]> {
    return Promise.all(dispatches.map((dispatch) => this.#parts.device.pipelines.get(dispatch)))
  }

  async #launches(program: TrialProgram): Promise<readonly Launch[]> {
    const pipelines = await this.#pipelines(program)
    const scratch = allocateScratch(program)
    this.#scratch.push(...scratch)
    const { device } = this.#parts
    const poisoned = scratchToFill(program, scratch, ({ dtype }) => poison(dtype))
    this.#fills.push(...(await allFills(poisoned, device)))
    const memory = { tensors: this.#memory.storages, scratch }
    const launches = program.dispatches.flatMap(({ bindings, words, grid }, i): Launch[] => {
      const pipeline = pipelines[i]
      const storages = bindings.map((binding) => storageOf(binding, memory))
      return pipeline ? [{ pipeline, storages, words, grid }] : []
    })
    // What a program wants filled is filled in every launch, and takes time there.
    return [...(await allFills(scratchToFill(program, scratch), device)), ...launches]
  }

  /** As `#run`. Rejects with TimeoutError when that takes too long. */
  #runInTime(launches: readonly Launch[], timeoutMs: number): Promise<number> {
    return withTimeout(this.#run(launches), timeoutMs, `running ${this.#parts.subject.kernel}`)
  }

  /** Runs once from fresh memory; milliseconds until the host knows that it is done. */
  async #run(launches: readonly Launch[]): Promise<number> {
    const { stream } = this.#parts
    this.#prepare()
    await stream.sync()
    const begin = performance.now()
    for (const launch of launches) stream.launch(launch)
    await stream.sync()
    return performance.now() - begin
  }

  /**
   * Runs once from fresh memory and reads what is to be compared, in one go: a wait for the GPU costs more
   * than either. Milliseconds of all that. Rejects with TimeoutError when that takes too long.
   */
  #answered(
    launches: readonly Launch[],
    expected: readonly Expected[],
    timeoutMs: number,
  ): Promise<{ readonly ms: number; readonly answers: readonly ArrayBuffer[] }> {
    const work = async () => {
      const { stream } = this.#parts
      const begin = performance.now()
      this.#prepare()
      for (const launch of launches) stream.launch(launch)
      const reads = expected.map(({ tensor, positions }) => this.#memory.read(tensor, positions))
      const [answers] = await Promise.all([Promise.all(reads), reads.length === 0 && stream.sync()])
      return { ms: performance.now() - begin, answers }
    }
    return withTimeout(work(), timeoutMs, `running ${this.#parts.subject.kernel}`)
  }

  /** Memory as it is before a call. */
  #prepare(): void {
    this.#memory.reset()
    for (const launch of this.#fills) this.#parts.stream.launch(launch)
  }

  /** Leaves device and stream ready for the next program; rejects with what is wrong with this one. */
  async #recovering<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work()
    } catch (error) {
      await this.#recover(error)
      throw error
    } finally {
      this.#fills.splice(0)
      for (const storage of this.#scratch.splice(0)) this.#parts.stream.release(storage)
    }
  }

  async #recover(error: unknown): Promise<void> {
    const { device, stream, patienceMs } = this.#parts
    if (error instanceof TimeoutError) {
      await withTimeout(device.finished(), patienceMs, 'waiting for the GPU').catch((late: unknown) => {
        if (late instanceof TimeoutError) device.abandon('a config of a search does not end')
      })
    }
    stream.errors.take()
    device.errors.take()
    const { failure } = device
    if (failure && error instanceof TimeoutError)
      throw new AdapterError(failure.what, { remedy: failure.remedy, cause: error })
    device.assertUsable()
  }
}

/** A sentence about the first answer that is wrong. */
function firstMismatch(
  expected: readonly Expected[],
  answers: readonly ArrayBuffer[],
  tolerance: Tolerance,
): string | undefined {
  for (const [i, one] of expected.entries()) {
    const mismatch = findMismatch(one, answers[i] ?? new ArrayBuffer(0), tolerance)
    if (mismatch !== undefined) return mismatch
  }
  return undefined
}
