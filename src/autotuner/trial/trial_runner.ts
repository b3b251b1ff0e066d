/**
 * What tries programs on a device: compiles them, runs them on memory of their own, compares the answers and
 * takes the time. One implementation works on a device of this process, the other has a process for it.
 */
import type { Device } from '../../runtime/device.ts'
import type { Storage } from '../../runtime/memory/storage.ts'
import type { Stream } from '../../runtime/stream.ts'
import type { Timing } from '../../runtime/timing/timing.ts'
import { HelionError } from '../../support/errors.ts'
import type { Log } from '../../support/log.ts'
import type { Settings } from '../../support/settings.ts'
import type { Expected, Tolerance } from './accuracy.ts'
import type { TrialProgram, TrialSubject } from './trial_program.ts'

/** By tensor id, the positions that are of interest; undefined stands for all. */
export type Places = ReadonlyMap<number, Uint32Array<ArrayBuffer> | undefined>

export type TrialTime = Pick<Timing, 'medianMs' | 'spread' | 'samplesMs'>

/** What a program came to: a time, or a sentence about its first wrong answer. */
export type TrialOutcome =
  | { readonly time: TrialTime; readonly mismatch: undefined }
  | { readonly time: undefined; readonly mismatch: string }

export interface TrialOptions {
  /** How long the program may run, and how long it may be timed. */
  readonly timeoutMs: number
  /** Of the programs so far; Infinity for none. A program that is far from it gets few samples. */
  readonly bestMs: number
  readonly tolerance: Tolerance
}

export interface CompareOptions {
  /** GPU time to spend on each program. */
  readonly targetMs: number
  readonly maxSamples: number
  /** With warm caches. Default: as a first measurement is. */
  readonly flushCache?: false
}

/**
 * All reject with AdapterError when the device is lost, and with HelionError for what is wrong with a
 * program.
 */
export interface TrialRunner<Program = TrialProgram> {
  /** Whether a program that ends what tries it costs nobody anything. */
  readonly isolated?: boolean
  /** Milliseconds that it took. Rejects with TimeoutError when that is longer than `timeoutMs`. */
  compile(program: Program, timeoutMs: number): Promise<number>
  /** Runs a program once on poisoned memory, compares what it leaves there, then times it. */
  measure(program: Program, expected: readonly Expected[], options: TrialOptions): Promise<TrialOutcome>
  /** Times programs in turns. */
  compare(programs: readonly Program[], options: CompareOptions): Promise<readonly TrialTime[]>
  /** Bytes that a program leaves at some positions of tensors. */
  answers(program: Program, places: Places, timeoutMs: number): Promise<ReadonlyMap<number, ArrayBuffer>>
  /** Times the least launch on the same tensors. */
  leastLaunch(): Promise<TrialTime>
  /** Gives the memory for trials back. */
  dispose(): void
}

/** What programs of a call are tried with. */
export interface RunnerRequest {
  readonly device: Device
  /** Has the device for itself. */
  readonly stream: Stream
  readonly settings: Settings
  readonly log: Log
  readonly subject: TrialSubject
  /** Memories of the arguments. */
  readonly contents: readonly Storage[]
  /**
   * Called when this side has done its part, and what runs the programs goes on by itself: whether that runs
   * already, so that it is ready soon.
   */
  readonly onHanded?: ((isRunning: boolean) => void) | undefined
}

export type OpenRunner = (request: RunnerRequest) => Promise<TrialRunner>

/** What tried a program did not survive that; the next one is tried by another. */
export class LostTrialError extends HelionError {
  override readonly name = 'LostTrialError'
  /** Equal for ends of the same kind: a signal, `hang`, `device lost`. */
  readonly end: string

  constructor(what: string, end: string) {
    super(what)
    this.end = end
  }
}
