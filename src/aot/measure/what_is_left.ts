/**
 * What a shape still lacks, by its records: candidates without a result, and those near the best whose time
 * is of the first round alone.
 */
import type { MeasurementRecord } from '../records.ts'
import type { CandidateConfig } from './candidates.ts'

/** Configs within this multiple of the best time are timed in turns. */
const CONTENDER = 2

/** By config hash, in the order in which they were measured. */
export type Measured = ReadonlyMap<string, MeasurementRecord>

/** Candidates without a result, as what they are there. */
export function openCandidates(
  measured: Measured,
  candidates: readonly CandidateConfig[],
): readonly CandidateConfig[] {
  return candidates.filter(({ hash, isDefault }) => {
    const known = measured.get(hash)
    return !known || (isDefault && !known.is_default)
  })
}

/**
 * Results of the first round near the best, and the one that was timed first: a GPU that was idle before may
 * have been slow to wake up.
 */
export function openContenders(
  measured: Measured,
  candidates: readonly CandidateConfig[],
): readonly MeasurementRecord[] {
  const cells = candidates.flatMap(({ hash }) => measured.get(hash) ?? [])
  const best = Math.min(...cells.map(({ timing_ms }) => timing_ms ?? Number.POSITIVE_INFINITY))
  const first = [...measured.values()].find(({ timing_ms }) => timing_ms !== null)
  return cells.filter(
    (cell) =>
      cell.round === 'first' &&
      cell.timing_ms !== null &&
      (cell.config_hash === first?.config_hash || cell.timing_ms <= best * CONTENDER),
  )
}

/** How many configs are to be worked on. */
export function unitsLeft(measured: Measured, candidates: readonly CandidateConfig[]): number {
  const open = openCandidates(measured, candidates).length
  return open > 0 ? open : openContenders(measured, candidates).length
}
