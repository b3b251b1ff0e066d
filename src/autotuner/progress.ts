/** What a tuning run tells while it works, and the line that shows it to a person. */
import { STATUSES, type Status } from './benchmarker.ts'
import type { Candidate } from './history.ts'

export const PHASES = ['start', 'search', 'verify', 'finish'] as const
export type Phase = (typeof PHASES)[number]

export interface Progress {
  readonly phase: Phase
  /** Generation of the search, from 1; 0 before. */
  readonly generation: number
  readonly maxGenerations: number
  /** Configs of the present batch: measured, and all. */
  readonly done: number
  readonly total: number
  /** Configs measured since the run began, by status. */
  readonly counts: Readonly<Record<Status, number>>
  readonly elapsedMs: number
  readonly configsPerSecond: number
  readonly best: Candidate | undefined
}

const PHASE_WORDS: Record<Phase, (progress: Progress) => string> = {
  start: () => 'first configs',
  search: ({ generation, maxGenerations }) => `generation ${generation} of ${maxGenerations}`,
  verify: () => 'comparing the best',
  finish: () => 'simplifying the winner',
}

/** One line without colours: phase, percent of the batch, speed, best time, failures. */
export function formatProgress(progress: Progress): string {
  const { phase, done, total, configsPerSecond, best, counts } = progress
  const percent = `${String(Math.floor((100 * done) / total)).padStart(3)}% ${done}/${total}`
  const failed = STATUSES.filter(
    (status) => status !== 'ok' && status !== 'duplicate' && counts[status] > 0,
  ).map((status) => `${counts[status]} ${status}`)
  return [
    PHASE_WORDS[phase](progress),
    ...(total > 0 ? [percent] : []),
    `${configsPerSecond.toFixed(1)} configs/s`,
    best ? `best ${formatMs(best.ms)}` : 'nothing works yet',
    ...(failed.length > 0 ? [failed.join(', ')] : []),
  ].join(' · ')
}

/** A time with three significant digits and a fitting unit. */
export function formatMs(ms: number): string {
  if (ms >= 1000) return `${(ms / 1000).toPrecision(3)} s`
  return ms >= 1 ? `${ms.toPrecision(3)} ms` : `${(ms * 1000).toPrecision(3)} µs`
}
