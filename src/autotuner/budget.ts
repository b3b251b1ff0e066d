/**
 * Time and the will to go on: one clock and one stop signal, shared by everything that belongs to a search.
 */
import type { StopSignal } from '../support/stop_signal.ts'

export interface BudgetOptions {
  /** null sets no limit. */
  readonly seconds: number | null
  readonly signal?: StopSignal | undefined
  /** Milliseconds since any fixed moment. */
  readonly now?: (() => number) | undefined
}

export class Budget {
  readonly signal: StopSignal | undefined
  readonly #now: () => number
  readonly #limitMs: number
  #last: number
  #elapsedMs = 0

  constructor({ seconds, signal, now = () => performance.now() }: BudgetOptions) {
    this.signal = signal
    this.#now = now
    this.#last = now()
    this.#limitMs = seconds === null ? Number.POSITIVE_INFINITY : seconds * 1000
  }

  /** A clock that is set back takes nothing of it away. */
  get elapsedMs(): number {
    const now = this.#now()
    this.#elapsedMs += Math.max(0, now - this.#last)
    this.#last = now
    return this.#elapsedMs
  }

  get remainingMs(): number {
    return Math.max(0, this.#limitMs - this.elapsedMs)
  }

  get interrupted(): boolean {
    return this.signal?.aborted ?? false
  }

  get exhausted(): boolean {
    return this.interrupted || this.remainingMs === 0
  }

  /** A budget on the same clock and signal that starts now and ends when `share` of what remains is used. */
  part(share: number): Budget {
    const seconds = Number.isFinite(this.#limitMs) ? (this.remainingMs * share) / 1000 : null
    return new Budget({ seconds, signal: this.signal, now: this.#now })
  }
}
