/** How far a phase and its present shape are, told to the command line while it works. */
import { formatProgress, type Progress } from '../../autotuner/progress.ts'
import { environment } from '../../support/node.ts'
import type { PhaseProgress } from './phase_progress.ts'
import { STATUS_FILE, tellStatus } from './status_file.ts'

const LEAST_PAUSE_MS = 150

/** Tells the progress of one shape, a few times a second; undefined without a command line. */
export function liveProgress(phase: PhaseProgress): ((progress: Progress) => void) | undefined {
  if (!environment(STATUS_FILE)) return undefined
  let toldAt = Number.NEGATIVE_INFINITY
  return (progress) => {
    const now = performance.now()
    if (now - toldAt < LEAST_PAUSE_MS) return
    toldAt = now
    tellStatus(`shape ${phase.shapesDone + 1} of ${phase.shapesKnown} · ${formatProgress(progress)}`)
  }
}
