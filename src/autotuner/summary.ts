/** What people read at the end of a search: the gain, what failed and why, and a config to paste. */
import { failureGroups } from '../support/failure_groups.ts'
import { sum } from '../support/maths.ts'
import { formatMs } from './progress.ts'
import type { Candidate } from './search/history.ts'
import { STATUSES } from './trial/benchmarker.ts'
import type { TuningResult, TuningTask } from './tuning_task.ts'

/** Why a search ended early, in words. */
const ENDS: Readonly<Record<Exclude<TuningResult['ended'], 'done'>, string>> = {
  budget: 'the time was used up',
  interrupted: 'it was interrupted',
  'device lost': 'the GPU device was lost',
}
/** Reasons that are told; the others are counted. */
const MOST_REASONS = 3
const LONGEST_REASON = 200

/** The end of a search in a few lines; the last one is a property for the options of the kernel. */
export function summary({ kernel, spec }: TuningTask, result: TuningResult): string {
  const { config, ms, defaultMs, candidates, seconds, ended } = result
  const gain = defaultMs ? `, ${(defaultMs / ms).toFixed(2)} times the speed of the default` : ''
  const end = ended === 'done' ? '' : `; ended early: ${ENDS[ended]}`
  const counts = `${candidates.length} configs (${statusCounts(candidates)})`
  return [
    `tuned ${kernel}: ${formatMs(ms)}${gain}; ${counts} in ${seconds.toFixed(1)} s${end}`,
    ...failureLines(candidates),
    `  config: ${config.minimize(spec)}`,
  ].join('\n')
}

/** "58 ok, 2 invalid". */
export function statusCounts(candidates: readonly Candidate[]): string {
  return STATUSES.map((status) => ({ status, count: candidates.filter((c) => c.status === status).length }))
    .filter(({ count }) => count > 0)
    .map(({ status, count }) => `${count} ${status}`)
    .join(', ')
}

function failureLines(candidates: readonly Candidate[]): readonly string[] {
  const groups = failureGroups(candidates)
  const told = groups.slice(0, MOST_REASONS)
  const others = sum(groups.slice(MOST_REASONS).map(({ count }) => count))
  const lines = told.map(({ status, reason, count }) => `  ${count} ${status}: ${oneLine(reason)}`)
  return others > 0 ? [...lines, `  ${others} more for other reasons`] : lines
}

function oneLine(reason: string): string {
  const line = reason.split('\n', 1)[0] ?? ''
  return line.length > LONGEST_REASON ? `${line.slice(0, LONGEST_REASON)}…` : line
}
