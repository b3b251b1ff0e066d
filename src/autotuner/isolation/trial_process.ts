/**
 * One process, or Web Worker, that tries programs, seen from the one that started it: requests out, replies
 * in, and how it ended. It is ended as soon as it is of no further use; whoever waits for it then learns what
 * part their request had in that.
 */
import {
  AdapterError,
  ConfigError,
  GpuError,
  HelionError,
  TimeoutError,
  UsageError,
} from '../../support/errors.ts'
import { sum } from '../../support/maths.ts'
import { type Connect, type Connection, type ProcessEnd, TRIER } from './connection.ts'
import { patiently } from './patience.ts'
import { type Failure, type Job, readReply } from './protocol.ts'

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

/** Jobs have no more steps than this that may each take as long as their limit says. */
const STEPS = 4

export class TrialProcess {
  /** Calls whose memory it has, by number. */
  readonly opened: Map<number, Promise<unknown>> = new Map()
  /** Numbers of the answers that were sent to it. */
  readonly told: Set<number> = new Set()
  readonly #connection: Connection
  readonly #graceMs: number
  readonly #pending = new Map<number, Pending>()
  #requestCount = 0
  #end: ProcessEnd | undefined
  #endSilence = (): void => {}

  /** Starts it. `graceMs` is by how much signs of life may be late. Throws when nothing can be started. */
  constructor(connect: Connect, graceMs: number) {
    this.#graceMs = graceMs
    this.#connection = connect({
      heard: () => this.#listen(),
      received: (message) => this.#received(message),
      ended: (end) => this.end(end),
    })
  }

  get pid(): number | undefined {
    return this.#connection.pid
  }

  /** Resolves when the system has taken it away. */
  get gone(): Promise<void> {
    return this.#connection.gone
  }

  get ended(): boolean {
    return this.#end !== undefined
  }

  /** Rejects with what was wrong with the job, or with ProcessEndedError. */
  async ask(subject: number, job: Job, limitMs: number): Promise<unknown> {
    if (this.#end) throw new ProcessEndedError(this.#end, 'bystander')
    const id = ++this.#requestCount
    // Those before it take their time first; each of them is watched for itself.
    const before = [...this.#pending.values()].filter((pending) => pending.job !== 'compile')
    const patienceMs = STEPS * (limitMs + sum(before.map((pending) => pending.limitMs)))
    const inTime = patiently(patienceMs, () => this.#overdue(id, patienceMs))
    // Shaders wait for one another; the process looks after their time.
    if (job.kind === 'compile') inTime()
    try {
      return await new Promise((resolve, reject) => {
        this.#pending.set(id, { job: job.kind, limitMs, resolve, reject })
        this.#connection.send({ id, subject, job })
        this.#listen()
      })
    } finally {
      inTime()
      this.#pending.delete(id)
      this.#listen()
    }
  }

  /** Ends the process; `culprit` is the id of the request that is to blame. */
  end(end: ProcessEnd, culprit?: number): void {
    if (this.#end) return
    this.#end = end
    this.#endSilence()
    this.#connection.kill()
    const alone = this.#pending.size === 1
    for (const [id, { reject }] of this.#pending) {
      const part = culprit === id || alone ? 'culprit' : culprit === undefined ? 'suspect' : 'bystander'
      reject(new ProcessEndedError(end, part))
    }
  }

  #received(message: unknown): void {
    if (this.#end) return
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
    const what = `${TRIER} did not answer within ${Math.round(ms) / 1000} s`
    this.end({ kind: 'hang', what, fromOutside: false }, id)
  }

  #garbage(): void {
    const what = `${TRIER} answered with something that is no answer`
    this.end({ kind: 'garbage', what, fromOutside: false })
  }

  /** Waits for the next sign of life, as long as anything is under way. */
  #listen(): void {
    this.#endSilence()
    if (this.#end || this.#pending.size === 0) return
    const limitMs = Math.max(...[...this.#pending.values()].map((pending) => pending.limitMs)) + this.#graceMs
    const what = `${TRIER} gave no sign of life for ${Math.round(limitMs) / 1000} s`
    this.#endSilence = patiently(limitMs, () => this.end({ kind: 'hang', what, fromOutside: false }))
  }
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
