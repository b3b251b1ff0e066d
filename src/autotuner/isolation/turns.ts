/**
 * Works that may run beside each other, and works that have to be alone: those wait for all others to end.
 */
export class Turns {
  readonly #running = new Set<Promise<unknown>>()
  #alone: Promise<unknown> = Promise.resolve()

  /** Runs beside others, once those that are to be alone have ended. */
  async beside<T>(work: () => Promise<T>): Promise<T> {
    for (let seen: Promise<unknown> | undefined; seen !== this.#alone; ) {
      seen = this.#alone
      await seen
    }
    const running = work()
    const settled = running.catch(() => {})
    this.#running.add(settled)
    return await running.finally(() => this.#running.delete(settled))
  }

  alone<T>(work: () => Promise<T>): Promise<T> {
    const before = this.#alone
    const result = before.then(() => Promise.all(this.#running)).then(work)
    this.#alone = result.catch(() => {})
    return result
  }
}
