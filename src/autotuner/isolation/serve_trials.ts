/**
 * The side that tries programs, in a process or Web Worker of its own: opens its own device, keeps the memory
 * of each call that it is told of, and does one job after another. It knows nothing of kernels and runs no
 * code of users.
 */
import { type Device, openDevice } from '../../runtime/device.ts'
import { Storage } from '../../runtime/memory/storage.ts'
import { Stream } from '../../runtime/stream.ts'
import { AdapterError, errorMessage, HelionError, TimeoutError } from '../../support/errors.ts'
import type { Expected } from '../trial/accuracy.ts'
import { type LocalParts, LocalRunner } from '../trial/local_runner.ts'
import { Pace } from '../trial/pace.ts'
import type { TrialRunner } from '../trial/trial_runner.ts'
import {
  type Contents,
  type Failure,
  type Handed,
  type Job,
  PROTOCOL,
  type Reply,
  type Request,
} from './protocol.ts'

/** A device that is still busy so long after a timeout will be for ever. */
const PATIENCE_MS = 1000
const SIGN_MS = 500

/** Changes a runner before it is used; for tests. */
export type Wrap = (runner: TrialRunner, device: Device) => TrialRunner

/** How the server and the side that asks it reach each other. */
export interface ServerParts {
  readonly reply: (reply: Reply) => void
  /** Puts the contents of an argument into `into`. */
  readonly read: (data: Handed, contents: Contents, into: Uint8Array) => void | Promise<void>
  readonly wrap?: Wrap | undefined
  /**
   * Makes ready to compile shaders in a better way than by asking the device that will be opened; undefined
   * where there is none.
   */
  readonly compilerFor?: ((job: JobOf<'start'>) => ((device: Device) => Compile) | undefined) | undefined
}

type Compile = NonNullable<LocalParts['compile']>

export type JobOf<Kind extends Job['kind']> = Extract<Job, { kind: Kind }>

interface Opened {
  readonly runner: TrialRunner
  readonly dispose: () => void
  readonly expected: Map<number, readonly Expected[]>
}

/** Answers requests through `reply`. */
export class TrialServer {
  readonly #parts: ServerParts
  readonly #opened = new Map<number, Opened>()
  #device: Device | undefined
  #starting: Promise<unknown> | undefined
  #compile: Compile | undefined
  #pace: Pace | undefined
  #underWay = 0
  /** Works that need the GPU for themselves and have not ended. */
  #waiting = 0
  #last: Promise<unknown> = Promise.resolve()
  #signs: ReturnType<typeof setInterval> | undefined

  constructor(parts: ServerParts) {
    this.#parts = parts
  }

  async handle({ id, subject, job }: Request): Promise<void> {
    const { reply } = this.#parts
    if (this.#underWay++ === 0) this.#signs = setInterval(() => reply({ kind: 'sign' }), SIGN_MS)
    try {
      const work = Promise.resolve(this.#do(subject, job))
      reply({ kind: 'answer', id, value: await (this.#device?.waitFor(work) ?? work) })
    } catch (error) {
      reply({ kind: 'failure', id, failure: this.#failureOf(error, job) })
    } finally {
      if (--this.#underWay === 0) clearInterval(this.#signs)
    }
  }

  #do(subject: number, job: Job): unknown {
    if (job.kind === 'start') {
      this.#starting = this.#start(job)
      return this.#starting
    }
    if (job.kind === 'open') return this.#open(subject, job)
    const opened = this.#opened.get(subject)
    if (!opened) throw new Error(`no call ${subject} was opened here`)
    const { runner, expected, dispose } = opened
    switch (job.kind) {
      case 'close':
        this.#opened.delete(subject)
        this.#rest()
        return dispose()
      case 'compile':
        return runner.compile(job.program, job.timeoutMs)
      case 'measure': {
        const { key, values } = job.expected
        if (values) expected.set(key, values)
        const wanted = expected.get(key) ?? missing(key)
        return this.#inTurn(() => runner.measure(job.program, wanted, job.options))
      }
      case 'compare':
        return this.#inTurn(() => runner.compare(job.programs, job.options))
      case 'answers':
        return this.#inTurn(() => runner.answers(job.program, job.places, job.timeoutMs))
      case 'leastLaunch':
        return this.#inTurn(() => runner.leastLaunch())
      default:
        job satisfies never
    }
  }

  /** Works that need the GPU for themselves. */
  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    this.#waiting++
    const result = this.#last.then(async () => {
      await this.#pace?.busy()
      return await work()
    })
    this.#last = result
      .catch(() => {})
      .then(() => {
        this.#waiting--
        this.#rest()
      })
    return result
  }

  /** Lets the GPU rest where no call is open, and work where only nothing is asked. */
  #rest(): void {
    if (this.#waiting > 0) return
    if (this.#opened.size > 0) this.#pace?.idle()
    else void this.#pace?.busy()
  }

  /** Answers with the adapter that was found. */
  async #start(job: JobOf<'start'>): Promise<unknown> {
    const { protocol, adapter, without } = job
    if (protocol !== PROTOCOL) throw new HelionError('it belongs to another version of helion-aot')
    const compiler = this.#parts.compilerFor?.(job)
    this.#device = await openDevice({ adapter, without })
    this.#compile = compiler?.(this.#device)
    this.#pace = this.#device.info.software ? undefined : new Pace(this.#device)
    this.#pace?.idle()
    return { ...this.#device.info }
  }

  async #open(subject: number, job: JobOf<'open'>): Promise<void> {
    await this.#starting
    // The clock rises meanwhile.
    if (this.#waiting === 0) this.#pace?.idle()
    const device = this.#device
    const { wrap = (runner) => runner } = this.#parts
    if (!device) throw new Error('no device was opened')
    const stream = new Stream(device)
    const storages: Storage[] = []
    for (const one of job.contents) storages.push(await this.#upload(stream, job.data, one))
    await stream.sync()
    const [compile, pace] = [this.#compile, this.#pace]
    const parts = { device, stream, subject: job.subject, patienceMs: PATIENCE_MS, compile, pace }
    const runner = await LocalRunner.open(parts, storages)
    const dispose = (): void => {
      runner.dispose()
      for (const storage of storages) stream.release(storage)
    }
    this.#opened.set(subject, { runner: wrap(runner, device), dispose, expected: new Map() })
    this.#rest()
  }

  /** The contents of an argument in memory of the device. */
  async #upload(stream: Stream, data: Handed, contents: Contents): Promise<Storage> {
    const { bytes, dtype } = contents
    const storage = new Storage(bytes, dtype)
    const content = new Uint8Array(Math.ceil(bytes / 4) * 4)
    if (bytes > 0) {
      await this.#parts.read(data, contents, content)
      stream.write(storage, content)
    }
    return storage
  }

  #failureOf(thrown: unknown, { kind }: Job): Failure {
    // A device that was given up because a program does not end: that is what is wrong.
    const hung = thrown instanceof AdapterError && thrown.cause instanceof TimeoutError
    const error = hung ? thrown.cause : thrown
    const lost = this.#device?.failure !== undefined
    // A compilation that does not end keeps a processor busy.
    const stuck = error instanceof TimeoutError && kind === 'compile'
    return {
      name: error instanceof HelionError ? error.name : 'Error',
      what: error instanceof HelionError ? error.what : errorMessage(error),
      stack: error instanceof Error ? error.stack : undefined,
      spent: lost || stuck,
    }
  }
}

function missing(key: number): never {
  throw new Error(`no answers ${key} were sent`)
}
