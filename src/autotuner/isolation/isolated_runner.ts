/** Tries the programs of one call in the process, in browsers the Web Worker, of a TrialHost. */
import type { Storage } from '../../runtime/memory/storage.ts'
import type { Stream } from '../../runtime/stream.ts'
import { HelionError } from '../../support/errors.ts'
import { median, product } from '../../support/maths.ts'
import { bytesOf } from '../../support/storage_types.ts'
import type { Expected } from '../trial/accuracy.ts'
import type { TrialProgram, TrialSubject } from '../trial/trial_program.ts'
import {
  type CompareOptions,
  LostTrialError,
  type Places,
  type RunnerRequest,
  type TrialOptions,
  type TrialOutcome,
  type TrialRunner,
  type TrialTime,
} from '../trial/trial_runner.ts'
import { CannotIsolate, TRIER } from './connection.ts'
import { handOver, takeBack } from './handover.ts'
import { isRecord, type Job, type SentExpected } from './protocol.ts'
import type { HostedSubject, TrialHost } from './trial_host.ts'
import type { TrialProcess } from './trial_process.ts'

/** For comparisons and single timings, which have no limit of their own: each program gets so much. */
const LIMIT_MS = 30_000

let subjects = 0
let answers = 0
/** Numbers that stand for what calls should leave, everywhere in this process. */
const ANSWER_KEYS = new WeakMap<readonly Expected[], number>()

export class IsolatedRunner implements TrialRunner {
  readonly isolated = true
  readonly #host: TrialHost
  readonly #subject: HostedSubject

  private constructor(host: TrialHost, subject: HostedSubject) {
    this.#host = host
    this.#subject = subject
  }

  /**
   * Rejects with CannotIsolate where there is no process or no room for the arguments, and as `Stream.read`
   * does. `onHanded` is called when the arguments are on their way.
   */
  static async open(
    host: TrialHost,
    call: TrialSubject,
    contents: readonly Storage[],
    stream: Stream,
    onHanded?: RunnerRequest['onHanded'],
  ): Promise<IsolatedRunner> {
    const { isRunning } = host
    // While the arguments are read; `open` says what goes wrong there.
    host.start().catch(() => {})
    const handed = await handOver(contents, stream)
    const subject: HostedSubject = { id: ++subjects, open: { kind: 'open', subject: call, ...handed } }
    try {
      const opened = host.open(subject)
      onHanded?.(isRunning)
      await opened
      return new IsolatedRunner(host, subject)
    } catch (error) {
      takeBack(handed.data)
      throw error instanceof HelionError ? new CannotIsolate(error.what) : error
    }
  }

  async compile(program: TrialProgram, timeoutMs: number): Promise<number> {
    return this.#read(await this.#ask({ kind: 'compile', program, timeoutMs }, timeoutMs), isTime)
  }

  async measure(
    program: TrialProgram,
    expected: readonly Expected[],
    options: TrialOptions,
  ): Promise<TrialOutcome> {
    const key = ANSWER_KEYS.get(expected) ?? ++answers
    ANSWER_KEYS.set(expected, key)
    const job = (process: TrialProcess): Job => ({
      kind: 'measure',
      program,
      expected: sent(process, key, expected),
      options,
    })
    return this.#read(await this.#host.ask(this.#subject, options.timeoutMs, job), isOutcome)
  }

  async compare(programs: readonly TrialProgram[], options: CompareOptions): Promise<readonly TrialTime[]> {
    const limitMs = LIMIT_MS + programs.length * options.targetMs
    const times = await this.#ask({ kind: 'compare', programs, options }, limitMs)
    return this.#read(times, (value) => isTimes(value, programs.length))
  }

  async answers(
    program: TrialProgram,
    places: Places,
    timeoutMs: number,
  ): Promise<ReadonlyMap<number, ArrayBuffer>> {
    const answers = await this.#ask({ kind: 'answers', program, places, timeoutMs }, timeoutMs)
    const { subject } = this.#subject.open
    return this.#read(answers, (value) => isAnswers(value, places, subject))
  }

  async leastLaunch(): Promise<TrialTime> {
    return this.#read(await this.#ask({ kind: 'leastLaunch' }, LIMIT_MS), isTrialTime)
  }

  dispose(): void {
    this.#host.close(this.#subject)
    takeBack(this.#subject.open.data)
  }

  #ask(job: Job, limitMs: number): Promise<unknown> {
    return this.#host.ask(this.#subject, limitMs, () => job)
  }

  /** The answer, if it is one. A process that answers with anything else is not trusted any more. */
  #read<T>(value: unknown, isAnswer: (value: unknown) => value is T): T {
    if (isAnswer(value)) return value
    this.#host.stop()
    throw new LostTrialError(`${TRIER} answered with something that is no answer`, 'garbage')
  }
}

/** The answers themselves go to each process once. */
function sent(process: TrialProcess, key: number, values: readonly Expected[]): SentExpected {
  if (process.told.has(key)) return { key, values: undefined }
  process.told.add(key)
  return { key, values }
}

function isTime(value: unknown): value is number {
  return typeof value === 'number' && Number.isFinite(value) && value >= 0
}

function isTrialTime(value: unknown): value is TrialTime {
  if (!isRecord(value)) return false
  const { medianMs, spread, samplesMs } = value
  if (!isTime(medianMs) || !isTime(spread) || !Array.isArray(samplesMs)) return false
  return samplesMs.length > 0 && samplesMs.every(isTime) && medianMs === median(samplesMs)
}

function isTimes(value: unknown, count: number): value is readonly TrialTime[] {
  return Array.isArray(value) && value.length === count && value.every(isTrialTime)
}

function isOutcome(value: unknown): value is TrialOutcome {
  if (!isRecord(value)) return false
  const { time, mismatch } = value
  return mismatch === undefined ? isTrialTime(time) : typeof mismatch === 'string' && time === undefined
}

/** Every place has its bytes: what is missing would be compared with nothing, and so be right. */
function isAnswers(
  value: unknown,
  places: Places,
  { tensors }: TrialSubject,
): value is ReadonlyMap<number, ArrayBuffer> {
  if (!(value instanceof Map) || value.size !== places.size) return false
  return [...places].every(([id, positions]) => {
    const [bytes, tensor]: [unknown, TrialSubject['tensors'][number] | undefined] = [
      value.get(id),
      tensors[id],
    ]
    if (!tensor || !(bytes instanceof ArrayBuffer)) return false
    return bytes.byteLength === bytesOf(tensor.dtype, positions?.length ?? product(tensor.shape))
  })
}
