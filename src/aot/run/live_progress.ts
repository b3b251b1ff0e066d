/** How far a phase and its present shape are, told to the command line while it works. */
import { formatState, type Progress } from '../../autotuner/progress.ts'
import { environment } from '../../support/node.ts'
import type { PhaseProgress } from './phase_progress.ts'
import { STATUS_FILE, tellStatus } from './status_file.ts'

const LEAST_PAUSE_MS = 150

/**
 * Tells that a shape is begun, and then its progress, a few times a second. Undefined without a command line.
 */
export function liveProgress(name: string, phase: PhaseProgress): ((progress: Progress) => void) | undefined {
  if (!environment(STATUS_FILE)) return undefined
  tellStatus(name, phase.place)
  let toldAt = Number.NEGATIVE_INFINITY
  return (progress) => {
    const now = performance.now()
    if (now - toldAt < LEAST_PAUSE_MS) return
    toldAt = now
    tellStatus(name, `${phase.place} · ${formatState(progress)}`)
  }
}
