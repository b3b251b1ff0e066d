/** The last line of a terminal, drawn anew as work goes on, and out of the way of everything else. */
import type { WorkStatus } from '../aot/run/status_file.ts'

/** The part of a terminal that a line needs. */
export interface Terminal {
  readonly isTTY?: boolean
  readonly columns?: number
  write(text: string): unknown
}

const ERASE = '\r\u001b[K'

export class StatusLine {
  readonly #terminal: Terminal | undefined
  #text = ''
  #drawn = false

  /** Nothing is drawn where `terminal` is none. */
  constructor(terminal: Terminal) {
    this.#terminal = terminal.isTTY ? terminal : undefined
  }

  /** Shows this from now on; undefined is no line. */
  show(status: WorkStatus | undefined): void {
    const text = [status?.work, status?.state].filter(Boolean).join(' · ')
    if (text === this.#text) return
    this.erase()
    this.#text = text
    this.#draw()
  }

  /** Makes room for other output. */
  erase(): void {
    if (this.#drawn) this.#terminal?.write(ERASE)
    this.#drawn = false
  }

  /** Comes back below other output, which has ended a line or not. */
  restore(output: string | Uint8Array): void {
    const last = output.at(-1)
    if (last === '\n' || last === 10) this.#draw()
  }

  #draw(): void {
    if (!this.#terminal || this.#text === '') return
    this.#terminal.write(this.#text.slice(0, (this.#terminal.columns ?? 80) - 1))
    this.#drawn = true
  }
}
