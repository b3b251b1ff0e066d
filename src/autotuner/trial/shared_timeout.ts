/**
 * A limit on works that may have to wait for one another, such as shaders that a driver compiles one at a
 * time: with each one that ends, the time of the others starts anew, so that waiting in line costs nothing.
 */
import { TimeoutError } from '../../support/errors.ts'

export class SharedTimeout {
  readonly #restarts = new Set<() => void>()

  /** The result of `work`, or a TimeoutError; the work itself goes on. */
  async within<T>(work: Promise<T>, timeoutMs: number, what: string): Promise<T> {
    let timer: ReturnType<typeof setTimeout> | undefined
    let restart = (): void => {}
    const expired = new Promise<never>((_, reject) => {
      const expire = () => reject(new TimeoutError(`${what} took longer than ${timeoutMs} ms`))
      restart = () => {
        clearTimeout(timer)
        timer = setTimeout(expire, timeoutMs)
      }
      restart()
    })
    this.#restarts.add(restart)
    try {
      return await Promise.race([work, expired])
    } finally {
      clearTimeout(timer)
      this.#restarts.delete(restart)
      for (const other of this.#restarts) other()
    }
  }
}
