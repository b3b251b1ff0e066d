/**
 * Shows the progress of a tuning run on one line of a terminal, which it overwrites; nothing where stderr is
 * not a terminal.
 */
import type { Log } from '../support/log.ts'
import { nodeProcess } from '../support/node.ts'
import { formatProgress, type Progress } from './progress.ts'

/** The part of a terminal that a line needs. */
export interface Terminal {
  readonly isTTY?: boolean
  readonly columns?: number
  write(text: string): unknown
}

const LEAST_PAUSE_MS = 100
const ERASE_LINE = '\r\u001b[K'

export class ProgressLine {
  readonly #terminal: Terminal | undefined
  readonly #now: () => number
  #shownAt = Number.NEGATIVE_INFINITY

  constructor(
    terminal: Terminal | undefined = nodeProcess?.stderr,
    now: () => number = () => performance.now(),
  ) {
    this.#terminal = terminal?.isTTY ? terminal : undefined
    this.#now = now
  }

  /** Shows `progress`, at most ten times a second, and always at the end of a batch. */
  readonly show = (progress: Progress): void => {
    const now = this.#now()
    if (!this.#terminal || (now - this.#shownAt < LEAST_PAUSE_MS && progress.done < progress.total)) return
    this.#shownAt = now
    const room = (this.#terminal.columns ?? 80) - 1
    this.#terminal.write(`${ERASE_LINE}${formatProgress(progress).slice(0, room)}`)
  }

  /** `log`, with the line removed before each message. */
  around(log: Log): Log {
    const wrap = (level: keyof Log) => (text: string) => {
      this.clear()
      log[level](text)
    }
    return { debug: wrap('debug'), info: wrap('info'), warning: wrap('warning'), error: wrap('error') }
  }

  /** Removes the line, so that other output starts on a clean one. */
  readonly clear = (): void => {
    if (this.#shownAt > Number.NEGATIVE_INFINITY) this.#terminal?.write(ERASE_LINE)
  }
}
