/**
 * The process, or Web Worker, that tries programs for this one: started when it is needed, kept for all calls
 * of all kernels, replaced when it ends. A request that ended it fails; others that were under way are made
 * again. When it is not clear which one it was, each of them is made again alone.
 */
import type { AdapterInfo } from '../../runtime/adapter/adapter.ts'
import { describeAdapter } from '../../runtime/adapter/adapter.ts'
import { KeepAlive } from '../../runtime/commands/keep_alive.ts'
import { AdapterError, errorMessage } from '../../support/errors.ts'
import { nodeProcess } from '../../support/node.ts'
import { LostTrialError } from '../trial/trial_runner.ts'
import { CannotIsolate, type Connect, TRIER } from './connection.ts'
import { trialEntry } from './entry.ts'
import { connectProcess } from './node_process.ts'
import { isRecord, type Job, PROTOCOL } from './protocol.ts'
import { ProcessEndedError, TrialProcess } from './trial_process.ts'
import { Turns } from './turns.ts'
import { connectWorker } from './web_worker.ts'

export interface HostOptions {
  /** The adapter that the calls' own device is on, and how it was asked for. */
  readonly info: AdapterInfo
  readonly adapter: string
  readonly without: readonly string[]
  /** By how much signs of life of a process may be late. */
  readonly graceMs?: number
  /** After so long without a call the process ends; the next call starts another. */
  readonly idleMs?: number
  /** What starts a process, or in browsers a Web Worker; the package's own when absent. */
  readonly connect?: Connect
}

/** What the host has to know of a call. */
export interface HostedSubject {
  readonly id: number
  readonly open: Extract<Job, { kind: 'open' }>
}

const GRACE_MS = 5000
/** Drivers are loaded, and software adapters unpacked. */
const START_MS = 60_000
const OPEN_MS = 60_000
/** A program that has tuned its kernels is not to hold a second device for ever. */
const IDLE_MS = 30_000
/** A process that is to replace another one is started so many times before that is given up. */
const STARTS = 3

export class TrialHost {
  readonly #options: HostOptions
  readonly #turns = new Turns()
  readonly #keepAlive = new KeepAlive()
  #process: TrialProcess | undefined
  #starting: Promise<TrialProcess> | undefined
  /** A process that was started and has not answered yet. */
  #booting: TrialProcess | undefined
  /** Processes so far. */
  #started = 0
  /** Calls that are open, and what ends the process some time after the last one. */
  readonly #subjects = new Set<number>()
  #idle: ReturnType<typeof setTimeout> | undefined

  constructor(options: HostOptions) {
    this.#options = options
  }

  /** Processes started so far, and the id of the present one. */
  get started(): number {
    return this.#started
  }
  get pid(): number | undefined {
    return this.#process?.pid
  }
  get isRunning(): boolean {
    return this.#process?.ended === false
  }

  /**
   * Brings the contents of a call's arguments there. Rejects with CannotIsolate when there is no process, and
   * with GpuError when it has no memory for them.
   */
  async open(subject: HostedSubject): Promise<void> {
    clearTimeout(this.#idle)
    this.#subjects.add(subject.id)
    if (this.#booting) this.#send(subject, this.#booting).catch(() => {})
    try {
      await this.#working(() => this.#opened(subject))
    } catch (error) {
      this.close(subject)
      if (error instanceof ProcessEndedError) throw new CannotIsolate(error.end.what)
      throw error
    }
  }

  /** Forgets a call. */
  close({ id }: HostedSubject): void {
    this.#subjects.delete(id)
    this.#stopWhenIdle()
    const process = this.#process
    if (!process?.opened.delete(id) || process.ended) return
    process.ask(id, { kind: 'close' }, OPEN_MS).catch(() => {})
  }

  /**
   * The answer to a job. Rejects with what is wrong with it, with LostTrialError when it ended the process,
   * and with AdapterError when the process cannot be replaced.
   */
  async ask(
    subject: HostedSubject,
    limitMs: number,
    jobFor: (process: TrialProcess) => Job,
  ): Promise<unknown> {
    const once = async (): Promise<unknown> => {
      const process = await this.#opened(subject)
      return await process.ask(subject.id, jobFor(process), limitMs)
    }
    return await this.#working(() => this.#askUntilKnown(once))
  }

  async #askUntilKnown(once: () => Promise<unknown>): Promise<unknown> {
    let isSuspect = false
    for (let killed = 0; ; ) {
      try {
        return await (isSuspect ? this.#turns.alone(once) : this.#turns.beside(once))
      } catch (error) {
        if (error instanceof CannotIsolate)
          throw new AdapterError(`${TRIER} cannot be started again: ${error.message}`)
        if (!(error instanceof ProcessEndedError)) throw error
        const { end, part } = error
        isSuspect ||= part === 'suspect'
        // A kill may have had nothing to do with the job; not twice.
        if (part === 'culprit' && !(end.fromOutside && killed++ === 0))
          throw new LostTrialError(end.what, end.kind)
      }
    }
  }

  /** Has the process ready for what comes. Rejects with CannotIsolate when there is none. */
  async start(): Promise<void> {
    this.#stopWhenIdle()
    await this.#working(() => this.#current())
  }

  /** Ends the process; the next request starts another. */
  stop(): void {
    this.#process?.end({ kind: 'exit', what: `${TRIER} was stopped`, fromOutside: true })
  }

  #stopWhenIdle(): void {
    if (this.#subjects.size > 0) return
    clearTimeout(this.#idle)
    this.#idle = setTimeout(() => this.stop(), this.#options.idleMs ?? IDLE_MS)
    ;(this.#idle as { unref?: () => void }).unref?.()
  }

  /** The program waits for the work, although nothing of the process keeps it. */
  async #working<T>(work: () => Promise<T>): Promise<T> {
    this.#keepAlive.hold()
    try {
      return await work()
    } finally {
      this.#keepAlive.release()
    }
  }

  /** The process, with the memory of this call. */
  async #opened(subject: HostedSubject): Promise<TrialProcess> {
    const process = await this.#current()
    try {
      await this.#send(subject, process)
    } catch (error) {
      if (error instanceof ProcessEndedError) throw error
      // No config is to blame, and none could be tried.
      throw new AdapterError(`${TRIER} has no arguments to try configs with: ${errorMessage(error)}`)
    }
    return process
  }

  /** Tells a process of a call, once; also while it starts, so that it goes on with that. */
  #send({ id, open }: HostedSubject, process: TrialProcess): Promise<unknown> {
    const opening = process.opened.get(id) ?? process.ask(id, open, OPEN_MS)
    process.opened.set(id, opening)
    return opening
  }

  async #current(): Promise<TrialProcess> {
    if (this.#process && !this.#process.ended) return this.#process
    this.#starting ??= this.#start().finally(() => {
      this.#starting = undefined
    })
    this.#process = await this.#starting
    return this.#process
  }

  async #start(): Promise<TrialProcess> {
    // Its memory on the GPU is free again then.
    await this.#process?.gone
    for (let attempt = 1; ; attempt++) {
      try {
        const process = await this.#startOnce()
        this.#started++
        return process
      } catch (error) {
        if (this.#started === 0 || attempt === STARTS) throw new CannotIsolate(errorMessage(error))
      }
    }
  }

  async #startOnce(): Promise<TrialProcess> {
    const { info, adapter, without, graceMs = GRACE_MS, connect = await connector() } = this.#options
    const process = new TrialProcess(connect, graceMs)
    this.#booting = process
    try {
      const found = await process.ask(
        0,
        { kind: 'start', protocol: PROTOCOL, adapter, without, info },
        START_MS,
      )
      if (isRecord(found) && isSame(info, found)) return process
      const other = isRecord(found) ? describeAdapter({ ...info, ...found }) : 'none'
      throw new Error(`it found another adapter (${other})`)
    } catch (error) {
      process.end({ kind: 'exit', what: errorMessage(error), fromOutside: false })
      throw error
    } finally {
      this.#booting = undefined
    }
  }
}

async function connector(): Promise<Connect> {
  if (nodeProcess) return connectProcess(trialEntry())
  const { WEB_SCRIPT } = await import('./web_script.ts')
  if (WEB_SCRIPT === undefined) throw new Error('helion-aot was not built, only bundled')
  return connectWorker(WEB_SCRIPT)
}

function isSame(info: AdapterInfo, found: Readonly<Record<string, unknown>>): boolean {
  return Object.entries(info).every(([key, value]) => found[key] === value)
}
