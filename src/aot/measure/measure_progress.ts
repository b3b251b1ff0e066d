/** Progress of the first round of a shape, as that of a search is told. */
import { type Measurement, STATUSES, type Status } from '../../autotuner/trial/benchmarker.ts'
import { liveProgress } from '../run/live_progress.ts'
import type { Session } from '../run/session.ts'

/** Tells of each of `total` results. */
export function measureProgress(
  session: Session,
  kernel: string,
  shape: string,
  total: number,
): (result: Measurement) => void {
  const tell = liveProgress(`${kernel} ${shape}`, session.progress)
  const began = performance.now()
  const counts = Object.fromEntries(STATUSES.map((status) => [status, 0])) as Record<Status, number>
  let done = 0
  let best = Number.POSITIVE_INFINITY
  return ({ status, ms }) => {
    done++
    counts[status]++
    best = Math.min(best, ms)
    const elapsedMs = performance.now() - began
    tell?.({
      kernel,
      shape,
      phase: 'measure',
      generation: 0,
      maxGenerations: 0,
      done,
      total,
      trials: done,
      counts,
      elapsedMs,
      trialsPerSecond: (1000 * done) / elapsedMs,
      bestMs: Number.isFinite(best) ? best : undefined,
      leftMs: ((total - done) * elapsedMs) / done,
    })
  }
}
