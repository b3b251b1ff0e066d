/**
 * One process that tries programs, seen from the one that started it: requests out, replies in, and how it
 * ended. It is ended as soon as it is of no further use; whoever waits for it then learns what part their
 * request had in that.
 */
import type * as NodeChildProcess from 'node:child_process'
import type { Readable, Writable } from 'node:stream'
import {
  AdapterError,
  ConfigError,
  errorMessage,
  GpuError,
  HelionError,
  TimeoutError,
  UsageError,
} from '../../support/errors.ts'
import { nodeProcess, requireNode } from '../../support/node.ts'
import type { Entry } from './entry.ts'
import { type Failure, type Job, readReply } from './protocol.ts'
import { encodeMessage, MessageReader } from './wire.ts'

export interface ProcessEnd {
  /** A signal, or a word: equal for ends of the same kind. */
  readonly kind: string
  readonly what: string
  /** Something outside may have ended it. */
  readonly fromOutside: boolean
}

/** The process ended before it answered: `culprit` is the request that ended it, as far as that is known. */
export class ProcessEndedError extends Error {
  readonly end: ProcessEnd
  readonly part: 'culprit' | 'suspect' | 'bystander'

  constructor(end: ProcessEnd, part: ProcessEndedError['part']) {
    super(end.what)
    this.end = end
    this.part = part
  }
}

interface Pending {
  readonly job: Job['kind']
  /** How long the job may take in one piece; then the process is stuck. */
  readonly limitMs: number
  readonly resolve: (value: unknown) => void
  readonly reject: (error: Error) => void
}

/** What a process prints last is kept, in case that it explains its end. */
const KEPT_TEXT = 2000
const SHOWN_TEXT = 200

/** Jobs have no more steps than this that may each take as long as their limit says. */
const STEPS = 4

export class TrialProcess {
  /** Calls whose memory it has, by number. */
  readonly opened: Map<number, Promise<unknown>> = new Map()
  /** Numbers of the answers that were sent to it. */
  readonly told: Set<number> = new Set()
  /** Resolves when the system has taken it away. */
  readonly gone: Promise<void>
  readonly #child: NodeChildProcess.ChildProcess
  readonly #requests: Writable
  readonly #graceMs: number
  readonly #reader = new MessageReader()
  readonly #pending = new Map<number, Pending>()
  #requestCount = 0
  #printed = ''
  #end: ProcessEnd | undefined
  #silence: ReturnType<typeof setTimeout> | undefined

  /** Starts it. `graceMs` is by how much signs of life may be late. Throws when nothing can be started. */
  constructor({ path, flags }: Entry, graceMs: number) {
    this.#graceMs = graceMs
    const { spawn } = requireNode('child_process', 'a process for trials')
    const child = spawn(nodeProcess?.execPath ?? 'node', [...flags, path], {
      stdio: ['pipe', 'ignore', 'pipe', 'pipe'],
      windowsHide: true,
    })
    const [requests, , printed, replies] = child.stdio
    if (!requests || !printed || !replies) throw new Error(`${path} could not be started`)
    this.#child = child
    this.#requests = requests
    // How it ended is what counts, not that it cannot be written to any more.
    requests.on('error', () => {})
    child.on('error', (error) => this.end({ kind: 'exit', what: errorMessage(error), fromOutside: false }))
    this.gone = new Promise((resolve) => {
      child.on('exit', () => resolve())
      child.on('error', () => resolve())
    })
    child.on('exit', (code, signal) => this.end(endOf(code, signal, lastLine(this.#printed))))
    ;(replies as Readable).on('data', (piece: Uint8Array) => this.#received(piece))
    ;(printed as Readable).on('data', (piece: Uint8Array) => {
      this.#printed = (this.#printed + piece).slice(-KEPT_TEXT)
    })
    // While nothing is asked it is no reason for the program to go on.
    for (const handle of [child, ...child.stdio]) (handle as { unref?: () => void } | null)?.unref?.()
  }

  get pid(): number | undefined {
    return this.#child.pid
  }

  get ended(): boolean {
    return this.#end !== undefined
  }

  /** Rejects with what was wrong with the job, or with ProcessEndedError. */
  async ask(subject: number, job: Job, limitMs: number): Promise<unknown> {
    if (this.#end) throw new ProcessEndedError(this.#end, 'bystander')
    const id = ++this.#requestCount
    const overdue = setTimeout(() => this.#overdue(id, STEPS * limitMs), STEPS * limitMs)
    // Shaders wait for one another; the process looks after their time.
    if (job.kind === 'compile') clearTimeout(overdue)
    try {
      return await new Promise((resolve, reject) => {
        this.#pending.set(id, { job: job.kind, limitMs, resolve, reject })
        this.#requests.write(encodeMessage({ id, subject, job }))
        this.#listen()
      })
    } finally {
      clearTimeout(overdue)
      this.#pending.delete(id)
      this.#listen()
    }
  }

  /** Ends the process; `culprit` is the id of the request that is to blame. */
  end(end: ProcessEnd, culprit?: number): void {
    if (this.#end) return
    this.#end = end
    clearTimeout(this.#silence)
    this.#child.kill('SIGKILL')
    const alone = this.#pending.size === 1
    for (const [id, { reject }] of this.#pending) {
      const part = culprit === id || alone ? 'culprit' : culprit === undefined ? 'suspect' : 'bystander'
      reject(new ProcessEndedError(end, part))
    }
  }

  #received(piece: Uint8Array): void {
    if (this.#end) return
    try {
      for (const message of this.#reader.push(piece)) this.#handle(message)
    } catch {
      this.#garbage()
    }
    this.#listen()
  }

  #handle(message: unknown): void {
    const reply = readReply(message)
    if (reply?.kind === 'sign') return
    const pending = reply && this.#pending.get(reply.id)
    if (!reply || !pending) this.#garbage()
    else if (reply.kind === 'answer') pending.resolve(reply.value)
    else if (reply.failure.spent) this.#spent(reply.id, pending, reply.failure)
    else pending.reject(errorOf(reply.failure))
  }

  #spent(id: number, { job }: Pending, { name, what }: Failure): void {
    // Any of those that are compiled together may be what none of them gets past.
    const others = [...this.#pending].some(([other, pending]) => other !== id && pending.job === 'compile')
    const culprit = job === 'compile' && others ? undefined : id
    const kind = name === 'TimeoutError' ? 'hang' : 'device lost'
    this.end({ kind, what, fromOutside: false }, culprit)
  }

  #overdue(id: number, ms: number): void {
    const what = `the process of trials did not answer within ${Math.round(ms) / 1000} s`
    this.end({ kind: 'hang', what, fromOutside: false }, id)
  }

  #garbage(): void {
    const what = 'the process of trials answered with something that is no answer'
    this.end({ kind: 'garbage', what, fromOutside: false })
  }

  /** Waits for the next sign of life, as long as anything is under way. */
  #listen(): void {
    clearTimeout(this.#silence)
    if (this.#end || this.#pending.size === 0) return
    const limitMs = Math.max(...[...this.#pending.values()].map((pending) => pending.limitMs)) + this.#graceMs
    const what = `the process of trials gave no sign of life for ${Math.round(limitMs) / 1000} s`
    this.#silence = setTimeout(() => this.end({ kind: 'hang', what, fromOutside: false }), limitMs)
  }
}

function endOf(code: number | null, signal: string | null, printed: string): ProcessEnd {
  const how = signal ?? `exit code ${code}`
  const said = printed === '' ? '' : `; it said: ${printed}`
  const what = `the process of trials ended (${how})${said}`
  return { kind: signal ?? 'exit', what, fromOutside: signal === 'SIGKILL' }
}

function lastLine(text: string): string {
  return (text.trim().split('\n').at(-1) ?? '').slice(0, SHOWN_TEXT)
}

const CLASSES = { AdapterError, ConfigError, GpuError, HelionError, TimeoutError, UsageError }

/** The error as it was in the process; what was no deliberate one is a bug here too. */
function errorOf({ name, what, stack }: Failure): Error {
  const Known = Object.hasOwn(CLASSES, name) ? CLASSES[name as keyof typeof CLASSES] : undefined
  if (Known) return new Known(what)
  const error = new Error(what)
  if (stack !== undefined) error.stack = stack
  return error
}
