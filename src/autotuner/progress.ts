/**
 * What a tuning run tells while it works, as plain data: it can be sent to another process as JSON. And the
 * line that shows it to a person.
 */
import { STATUSES, type Status } from './trial/benchmarker.ts'

export const PHASES = ['start', 'search', 'verify', 'finish', 'measure'] as const
export type Phase = (typeof PHASES)[number]

/** One event; sent after each trial and at the start of each phase. */
export interface Progress {
  readonly kernel: string
  /** Arguments for people, such as `f32[256,64]`; empty when not told. */
  readonly shape: string
  readonly phase: Phase
  /** Generation of the search, from 1; 0 before. */
  readonly generation: number
  /** Most generations; 0 while not known. */
  readonly maxGenerations: number
  /** Trials of the present batch: ended, and all; `total` is 0 between batches. */
  readonly done: number
  readonly total: number
  /** Trials ended since the run began, and by status. */
  readonly trials: number
  readonly counts: Readonly<Record<Status, number>>
  readonly elapsedMs: number
  readonly trialsPerSecond: number
  /** Milliseconds of the fastest config so far. */
  readonly bestMs: number | undefined
  /**
   * Milliseconds that this phase takes if nothing ends it early; undefined where nothing can be said.
   */
  readonly leftMs: number | undefined
}

const PHASE_WORDS: Record<Phase, (progress: Progress) => string> = {
  start: () => 'first configs',
  search: ({ generation, maxGenerations }) => `generation ${generation} of ${maxGenerations}`,
  verify: () => 'comparing the best',
  finish: () => 'simplifying the winner',
  measure: () => 'measuring candidates',
}

/** One line without colours: kernel and shape, and how far the work on them is. */
export function formatProgress(progress: Progress): string {
  const { kernel, shape } = progress
  return `${[kernel, shape].filter(Boolean).join(' ')} · ${formatState(progress)}`
}

/** Phase, trials, speed, best time, failures, time left. */
export function formatState(progress: Progress): string {
  const { phase, done, total, trials, trialsPerSecond, bestMs, counts, leftMs } = progress
  const percent = `${String(Math.floor((100 * done) / total)).padStart(3)}% ${done}/${total}`
  const failed = STATUSES.filter(
    (status) => status !== 'ok' && status !== 'duplicate' && counts[status] > 0,
  ).map((status) => `${counts[status]} ${status}`)
  return [
    PHASE_WORDS[phase](progress),
    ...(total > 0 ? [percent] : []),
    `${trials} ${trials === 1 ? 'config' : 'configs'}, ${trialsPerSecond.toFixed(1)}/s`,
    bestMs === undefined ? 'nothing works yet' : `best ${formatMs(bestMs)}`,
    ...(failed.length > 0 ? [failed.join(', ')] : []),
    ...(leftMs === undefined ? [] : [`at most ${Math.ceil(leftMs / 1000)} s left`]),
  ].join(' · ')
}

/** A time with three significant digits and a fitting unit. */
export function formatMs(ms: number): string {
  if (ms >= 1000) return `${(ms / 1000).toPrecision(3)} s`
  return ms >= 1 ? `${ms.toPrecision(3)} ms` : `${(ms * 1000).toPrecision(3)} µs`
}
