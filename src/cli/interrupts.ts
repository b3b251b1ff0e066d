/**
 * Ctrl-C and its relatives: the first one is passed on to the child that is running, which ends at once
 * because everything it has done is recorded; a child that does not end is asked again in another way, then
 * killed; the second one kills it at once.
 */

/** What follows a signal that a child does not heed, each after so many milliseconds. */
const GRACE_MS = 1500
const STRONGER: readonly NodeJS.Signals[] = ['SIGTERM', 'SIGKILL']

/** Exit codes of processes that signals end. */
const CODES = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 } as const
type EndSignal = keyof typeof CODES

export class Interrupts {
  #received: EndSignal | undefined
  #stop: ((signal: NodeJS.Signals) => void) | undefined
  #timer: ReturnType<typeof setTimeout> | undefined
  readonly #listeners = Object.keys(CODES).map(
    (signal) => [signal, () => this.#receive(signal as EndSignal)] as const,
  )

  constructor() {
    for (const [signal, listener] of this.#listeners) process.on(signal, listener)
  }

  /** The exit code that a signal asks for, once one came. */
  get exitCode(): number | undefined {
    return this.#received && CODES[this.#received]
  }

  /** Passes signals on to `stop` until the returned function is called. */
  attach(stop: (signal: NodeJS.Signals) => void): () => void {
    this.#stop = stop
    if (this.#received) this.#pass(this.#received)
    return () => {
      this.#stop = undefined
      clearTimeout(this.#timer)
    }
  }

  /** Signals end this process again as usual. */
  release(): void {
    clearTimeout(this.#timer)
    for (const [signal, listener] of this.#listeners) process.off(signal, listener)
  }

  #receive(signal: EndSignal): void {
    if (this.#received) this.#stop?.('SIGKILL')
    else {
      this.#received = signal
      this.#pass(signal)
    }
  }

  #pass(signal: NodeJS.Signals): void {
    this.#stop?.(signal)
    const next = STRONGER[STRONGER.indexOf(signal) + 1]
    if (next) this.#timer = setTimeout(() => this.#pass(next), GRACE_MS)
  }
}
