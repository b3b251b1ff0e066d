/**
 * Rests between two looks for an answer. Dawn in Node looks in every turn of the event loop, which keeps one
 * processor busy for as long as anything is waited for; a software adapter needs that processor to compile
 * and to compute. While something has been waited for longer than a moment, each turn sleeps a little.
 */
import { nodeProcess } from '../../support/node.ts'

/** Waits for what WebGPU answers. */
export type Answer = <T>(work: Promise<T>) => Promise<T>

/** How the event loop is asked for its next turn, how a turn sleeps, and the clock. */
export interface PollLoop {
  readonly next: (turn: () => void) => void
  readonly sleep: () => void
  readonly now: () => number
}

const SLEEP_MS = 0.5
/** Short waits are left alone: their answers come at once. */
const MOMENT_MS = 1

export class PollRest {
  readonly #loop: PollLoop | undefined
  #waiting = 0
  #since = 0
  #turning = false

  /** Without a loop nothing rests. */
  constructor(loop?: PollLoop) {
    this.#loop = loop
  }

  /** The same promise; the loop rests until it settles. */
  async during<T>(work: Promise<T>): Promise<T> {
    if (this.#waiting++ === 0) this.#since = this.#loop?.now() ?? 0
    if (!this.#turning) this.#next()
    try {
      return await work
    } finally {
      this.#waiting--
    }
  }

  #next(): void {
    this.#turning = this.#waiting > 0 && this.#loop !== undefined
    if (this.#turning) this.#loop?.next(this.#turn)
  }

  readonly #turn = (): void => {
    if (this.#waiting > 0 && this.#loop && this.#loop.now() - this.#since > MOMENT_MS) this.#loop.sleep()
    this.#next()
  }
}

/** The loop of this process; `undefined` in browsers, where nothing polls. */
export function nodePollLoop(): PollLoop | undefined {
  if (!nodeProcess) return undefined
  const cell = new Int32Array(new SharedArrayBuffer(4))
  return {
    // Not a reason for the process to go on: work that nobody can end may be waited for.
    next: (turn) => void setImmediate(turn).unref(),
    sleep: () => void Atomics.wait(cell, 0, 0, SLEEP_MS),
    now: () => performance.now(),
  }
}
