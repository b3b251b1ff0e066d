/**
 * Progress where there is no terminal to draw a line in, as in the logs of CI: a line when work on something
 * begins, and one every few seconds while it lasts, so that nobody has to wonder whether anything happens.
 */

import { formatSeconds } from '../aot/run/phase_progress.ts'
import type { WorkStatus } from '../aot/run/status_file.ts'

const PAUSE_MS = 10_000

export class StatusReports {
  readonly #say: (text: string) => void
  readonly #now: () => number
  #work: string | undefined
  #beganAt = 0
  #saidAt = 0

  constructor(say: (text: string) => void, now: () => number = () => performance.now()) {
    this.#say = say
    this.#now = now
  }

  /** Called again and again with the latest: says it where it is due. */
  show(status: WorkStatus | undefined): void {
    const now = this.#now()
    const isNew = status?.work !== this.#work
    if (isNew) {
      this.#work = status?.work
      this.#beganAt = now
    }
    if (!status || (!isNew && now - this.#saidAt < PAUSE_MS)) return
    this.#saidAt = now
    const spent = isNew ? [] : [`${formatSeconds((now - this.#beganAt) / 1000)} so far`]
    this.#say(`helion-aot: ${[status.work, ...spent, status.state].filter(Boolean).join(' · ')}`)
  }
}
