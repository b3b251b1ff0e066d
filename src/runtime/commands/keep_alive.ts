/**
 * Keeps the Node process running while work is pending that no open handle stands for. Nothing in browsers.
 */
import { nodeProcess } from '../../support/node.ts'

const LONGEST_TIMER = 2 ** 31 - 1

export class KeepAlive {
  #holders = 0
  #timer: ReturnType<typeof setInterval> | undefined

  /** Call once for each piece of work, and `release` when it is done. */
  hold(): void {
    this.#holders++
    if (nodeProcess) this.#timer ??= setInterval(() => {}, LONGEST_TIMER)
  }

  release(): void {
    this.#holders--
    if (this.#holders > 0) return
    clearInterval(this.#timer)
    this.#timer = undefined
  }
}
