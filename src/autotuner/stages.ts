/** One line for each stage of a search, said when it ends: what was tried and found, and how long it took. */
import type { Log } from '../support/log.ts'
import { formatMs, type Phase } from './progress.ts'

/** Where a search stands. */
export interface Standing {
  readonly generation: number
  /** Configs tried, and times taken again in turns. */
  readonly trials: number
  readonly retimed: number
  readonly bestMs: number | undefined
  readonly elapsedMs: number
}

const NAMES: Readonly<Record<Phase, string>> = {
  start: 'first configs',
  search: 'search',
  verify: 'comparing the best',
  finish: 'simplifying the winner',
  measure: 'measuring candidates',
}

export class StageLog {
  readonly #kernel: string
  readonly #log: Log
  #phase: Phase = 'start'
  #before: Standing

  constructor(kernel: string, log: Log, now: Standing) {
    this.#kernel = kernel
    this.#log = log
    this.#before = now
  }

  /** The stage ends; another begins, or none when `phase` is undefined. */
  enter(phase: Phase | undefined, now: Standing): void {
    if (phase === this.#phase) return
    const { generation, trials, retimed, elapsedMs } = this.#before
    const parts = [
      counted(now.generation - generation, 'generation'),
      counted(now.trials - trials, 'config'),
      counted(now.retimed - retimed, 'time', ' taken in turns'),
    ].filter((part) => part !== '')
    if (parts.length > 0) {
      const best = now.bestMs === undefined ? 'nothing works yet' : `best ${formatMs(now.bestMs)}`
      const seconds = ((now.elapsedMs - elapsedMs) / 1000).toFixed(1)
      const what = `${NAMES[this.#phase]}: ${[...parts, best].join(', ')}`
      this.#log.info(`tuning ${this.#kernel}: ${what}, in ${seconds} s`)
    }
    this.#phase = phase ?? 'start'
    this.#before = now
  }
}

/** "3 configs", or nothing for none. */
function counted(count: number, noun: string, more = ''): string {
  return count === 0 ? '' : `${count} ${noun}${count === 1 ? '' : 's'}${more}`
}
