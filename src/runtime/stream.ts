/**
 * The deferred stream: GPU work in the order in which it was asked for, without anybody waiting. A job that
 * is ready is encoded at once; one that is not (no device yet, shader compiling, autotuning) holds its place
 * and later ones queue behind it. A failed job leaves its error in the ledger for the next read or sync, and
 * marks what it should have written, so that jobs that depend on it are left out and reads of it fail.
 */
import { callSite } from '../support/call_site.ts'
import type { HelionError, SourceLocation } from '../support/errors.ts'
import { fromItsPlace, withLocation } from '../support/errors.ts'
import { fileError } from '../support/file_errors.ts'
import { ErrorLedger } from './commands/error_ledger.ts'
import { KeepAlive } from './commands/keep_alive.ts'
import type { Launch } from './commands/launch.ts'
import type { Device } from './device.ts'
import type { Storage } from './memory/storage.ts'

/** The line of the caller's code behind a job, or how to find it when it is needed. */
export type Site = SourceLocation | (() => SourceLocation | undefined) | undefined

export interface Job {
  /** Does the job, in its turn. The stream waits for a promise that it returns; see `Stream.exclusive`. */
  readonly run: (device: Device) => void | Promise<void>
  /** What must be there first. A rejection fails the job. */
  readonly after?: Promise<unknown> | undefined
  /** What is undefined if the job fails. */
  readonly writes?: readonly Storage[]
  readonly site?: Site
  /** Takes the error instead of the stream's ledger. */
  readonly fail?: (error: HelionError) => void
}

/** Runs an action that uses the GPU, as `Stream.exclusive` does, and waits for it. */
export type Alone = (action: (inner: Stream) => Promise<void>) => Promise<void>

export interface Preparation extends Omit<Job, 'run' | 'after'> {
  /** Makes the launches when it is their turn, if that could not be done before; nothing else runs then. */
  readonly inTurn?: (device: Device, alone: Alone) => Promise<readonly Launch[] | undefined>
}

export class Stream {
  readonly errors: ErrorLedger = new ErrorLedger()
  #device: Device | undefined
  readonly #open: () => Promise<Device>
  #opening: Promise<Device> | undefined
  readonly #jobs: Job[] = []
  #draining = false
  readonly #keepAlive = new KeepAlive()
  #captured: Launch[] | undefined
  #kept: Storage[] | undefined
  readonly #outer: Stream | undefined

  /**
   * A stream on a device, or on one that is opened when the first job needs it (again after a failure). It
   * runs within a job of `outer`, if given.
   */
  constructor(source: Device | (() => Promise<Device>), outer?: Stream) {
    this.#outer = outer
    this.#device = typeof source === 'function' ? undefined : source
    this.#open = typeof source === 'function' ? source : () => Promise.resolve(source)
  }

  /** The device, once it is open. */
  get device(): Device | undefined {
    return this.#device
  }

  /** Whether a job that is ready would be encoded at once. */
  get idle(): boolean {
    return this.#device !== undefined && !this.#draining
  }

  /** The device, opened if need be. Rejects with AdapterError. */
  async opened(): Promise<Device> {
    if (!this.#device) {
      this.#opening ??= this.#open().finally(() => {
        this.#opening = undefined
      })
      this.#device = await this.#opening
    }
    this.#device.assertUsable()
    return this.#device
  }

  /** Puts a job at the end of the stream. */
  enqueue(job: Job): void {
    if (this.#device && !this.#draining && !job.after) {
      const pending = this.#start(this.#device, job)
      if (!pending) return
      this.#jobs.push({ ...job, run: () => pending })
    } else {
      // Listened to from now on: it may reject before its turn comes.
      job.after?.catch(() => {})
      this.#jobs.push(job)
    }
    if (!this.#draining) void this.#drain()
  }

  /**
   * One dispatch. The fast way for pipelines that are compiled; `launch.words` is copied if it has to wait.
   */
  launch(launch: Launch, site?: Site): void {
    this.#captured?.push(launch)
    const device = this.#device
    if (device && !this.#draining && !device.failure) {
      // Found only when it is wanted: the caller is still on the stack.
      this.#attempt(device, launch, site ?? callSite)
      return
    }
    const own = { ...launch, words: launch.words.slice() }
    this.enqueue({ run: (opened) => this.#encode(opened, own, site), writes: written(launch), site })
  }

  /**
   * The launches that `action` makes at once, in order; they run as well. What has to wait is not among them.
   * Memory that it gives back is put into `kept` instead, if given, so that the launches can run again.
   */
  capture(action: () => void, kept?: Storage[]): readonly Launch[] {
    const outer = [this.#captured, this.#kept] as const
    const launches: Launch[] = []
    this.#captured = launches
    this.#kept = kept
    try {
      action()
    } finally {
      ;[this.#captured, this.#kept] = outer
    }
    return launches
  }

  /**
   * Launches that are made once the device is open, while earlier jobs may still be waiting, and run in their
   * turn: choosing a config, compiling it, making pipelines. What cannot be made ahead is left to `inTurn`.
   */
  prepare(
    make: (device: Device) => Promise<readonly Launch[] | undefined>,
    { inTurn, ...job }: Preparation = {},
  ): void {
    let launches: readonly Launch[] | undefined
    const after = this.opened().then(async (device) => {
      launches = await make(device)
    })
    const encode = (device: Device, made: readonly Launch[]) => {
      for (const launch of made) this.#attempt(device, launch, job.site)
    }
    const run = (device: Device) => {
      if (launches || !inTurn) return encode(device, launches ?? [])
      return inTurn(device, (action) => this.#alone(device, action)).then((made) =>
        encode(device, made ?? []),
      )
    }
    this.enqueue({ ...job, run, after })
  }

  /**
   * A job that has the device for itself until its promise settles, for tuning and checking in the middle of
   * a program. It works through the stream it is given; work put on the outer stream waits until it is done,
   * so the action must not wait for any.
   */
  exclusive(action: (inner: Stream) => Promise<void>, job: Omit<Job, 'run'> = {}): void {
    this.enqueue({ ...job, run: (device) => this.#alone(device, action) })
  }

  /**
   * Waits until what other streams hold is encoded, so that work put here comes after it. A stream in whose
   * turn this one runs waits for it itself, and has done all that came before.
   */
  async follow(others: Iterable<Stream>): Promise<void> {
    const own = new Set<Stream>()
    for (let one: Stream | undefined = this; one; one = one.#outer) own.add(one)
    for (const other of new Set(others)) if (!own.has(other)) await other.#inTurn(undefined, async () => {})
  }

  /**
   * Host data into a storage. `data` has a multiple of 4 bytes and belongs to the stream if it has to wait.
   */
  write(storage: Storage, data: Uint8Array<ArrayBuffer>, site?: Site): void {
    const run = ({ recorder, pool }: Device) => {
      recorder.write(storage.in(pool), data)
      storage.failure = undefined
    }
    this.enqueue({ run, writes: [storage], site })
  }

  /** Copies all bytes of one storage to another of at least its size. */
  copy(from: Storage, to: Storage, site?: Site): void {
    const run = ({ recorder, pool }: Device) => {
      to.failure = from.failure
      if (from.failure) return
      const bytes = Math.ceil(from.bytes / 4) * 4
      if (bytes === 0) return
      const [source, target] = [from.in(pool), to.in(pool)]
      recorder.commands().copyBufferToBuffer(source.buffer, 0, target.buffer, 0, bytes)
    }
    this.enqueue({ run, writes: [to], site })
  }

  /** The bytes of a storage as they are at this place of the stream. Rejects with errors of earlier jobs. */
  async read(storage: Storage, site?: Site): Promise<ArrayBuffer> {
    const bytes = await this.#inTurn(site, async (device) => {
      if (storage.failure) return new ArrayBuffer(0)
      return await device.staging.read(storage.in(device.pool), storage.bytes)
    })
    this.#throwUnread(storage.failure)
    return bytes
  }

  /** Waits for everything put on the stream so far. Rejects with errors of earlier jobs. */
  async sync(site?: Site): Promise<void> {
    await this.#inTurn(site, (device) => device.finished())
    this.#throwUnread(undefined)
  }

  /** Gives a storage's buffer back once the jobs before have been encoded. */
  release(storage: Storage): void {
    if (this.#kept) this.#kept.push(storage)
    else if (this.idle) storage.release()
    else this.enqueue({ run: () => storage.release(), fail: () => {} })
  }

  /** Submits what is encoded so far, without waiting. */
  flush(): void {
    this.#device?.recorder.flush()
  }

  /** Runs `action` in its turn; its promise is waited for by the caller, not by the stream. */
  #inTurn<T>(site: Site, action: (device: Device) => Promise<T>): Promise<T> {
    this.#keepAlive.hold()
    const done = new Promise<T>((resolve, reject) => {
      const fail = (error: unknown) => {
        const located = failureOf(error, site)
        this.#forget(located)
        reject(located)
      }
      this.enqueue({ run: (device) => void device.waitFor(settle(device, action)).then(resolve, fail), fail })
    })
    return done.finally(() => this.#keepAlive.release())
  }

  /** Runs the action on a stream of its own, to the end of what it puts there. */
  async #alone(device: Device, action: (inner: Stream) => Promise<void>): Promise<void> {
    const inner = new Stream(device, this)
    try {
      await action(inner)
      await inner.sync()
    } finally {
      // What the action threw tells the story; the rest is not to surface elsewhere.
      inner.errors.take()
    }
  }

  /** Encodes a launch; what it should have written is undefined when that fails. */
  #attempt(device: Device, launch: Launch, site: Site): void {
    try {
      this.#encode(device, launch, site)
    } catch (error) {
      this.#failed(error, written(launch), site)
    }
  }

  #encode(device: Device, launch: Launch, site: Site): void {
    const failure = failureAmong(launch.storages)
    if (failure) {
      for (const storage of written(launch)) storage.failure = failure
      return
    }
    if (launch.pipeline.launched) {
      device.recorder.dispatch(launch)
      return
    }
    const report = (error: HelionError) => this.#failed(error, written(launch), site)
    device.check(() => device.recorder.dispatch(launch), report)
    launch.pipeline.launched = true
  }

  /** Starts a job; a promise when it goes on. */
  #start(device: Device, job: Job): Promise<void> | undefined {
    try {
      device.assertUsable()
      return job.run(device) ?? undefined
    } catch (error) {
      this.#jobFailed(error, job)
      return undefined
    }
  }

  async #drain(): Promise<void> {
    this.#draining = true
    this.#keepAlive.hold()
    let next = 0
    while (next < this.#jobs.length) {
      const job = this.#jobs[next++]
      if (!job) break
      try {
        const device = this.#device ?? (await this.opened())
        if (job.after) await device.waitFor(job.after)
        const pending = this.#start(device, job)
        if (pending) await device.waitFor(pending)
      } catch (error) {
        this.#jobFailed(error, job)
        if (this.#device) continue
        // Without a device the others would only fail the same way, each after another attempt.
        for (const other of this.#jobs.slice(next)) this.#jobFailed(error, other)
        break
      }
    }
    this.#jobs.length = 0
    this.#draining = false
    this.#keepAlive.release()
  }

  #jobFailed(error: unknown, job: Job): void {
    if (job.fail) job.fail(failureOf(error, job.site))
    else this.#failed(error, job.writes ?? [], job.site)
  }

  #failed(error: unknown, writes: readonly Storage[], site: Site): void {
    const located = failureOf(error, site)
    for (const storage of writes) storage.failure = located
    this.errors.add(located)
  }

  /** `own` is what made the very thing that was asked for undefined; it is thrown each time. */
  #throwUnread(own: HelionError | undefined): void {
    if (own) {
      this.#forget(own)
      throw own
    }
    const unread = this.errors.take() ?? this.#device?.errors.take()
    if (unread) throw unread
  }

  #forget(error: HelionError): void {
    this.errors.remove(error)
    this.#device?.errors.remove(error)
  }
}

/** The action's result once earlier checks have reported; the reason when the device is lost meanwhile. */
async function settle<T>(device: Device, action: (device: Device) => Promise<T>): Promise<T> {
  try {
    const result = await Promise.race([action(device), device.lost])
    await device.checked()
    return result
  } catch (error) {
    // The loss of the device is announced a little later than the failures that it causes.
    const later = new Promise((resolve) => setTimeout(resolve, LOSS_NOTICE_MS))
    await Promise.race([device.lost, later])
    throw error
  }
}

const LOSS_NOTICE_MS = 100

function failureAmong(storages: readonly Storage[]): HelionError | undefined {
  for (const storage of storages) if (storage.failure) return storage.failure
  return undefined
}

function written({ pipeline, storages }: Launch): Storage[] {
  return storages.filter((_, binding) => pipeline.layout.accesses[binding] === 'read_write')
}

/** What a job failed with, at the place of its call; a full disk and the like in words. */
function failureOf(error: unknown, site: Site): HelionError {
  return fromItsPlace(withLocation(fileError(error) ?? error, typeof site === 'function' ? site() : site))
}
