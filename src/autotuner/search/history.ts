/**
 * Everything measured in one tuning run, by config. A candidate's time is what careful measurements say once
 * there is one, and the median of several of them: a single lucky sample never decides.
 */
import type { Config } from '../../config/config.ts'
import { errorOfMedian, median } from '../../support/maths.ts'
import { type Measurement, STATUSES, type Status } from '../trial/benchmarker.ts'

/** A config and what is known of it now; replaced, not changed, when more is known. */
export interface Candidate extends Measurement {
  /** Where the config came from. */
  readonly origin: string
  /** Times of the measurements in turns, in order. */
  readonly retimed: readonly number[]
}

export class History {
  readonly #candidates = new Map<string, Candidate>()

  /** Everything that several histories know; of a config in several of them, what the first one says. */
  static merged(histories: readonly History[]): History {
    const result = new History()
    for (const candidate of histories.flatMap((history) => history.all))
      if (!result.has(candidate.config)) result.#candidates.set(candidate.config.hash, candidate)
    return result
  }

  get(config: Config): Candidate | undefined {
    return this.#candidates.get(config.hash)
  }

  has(config: Config): boolean {
    return this.#candidates.has(config.hash)
  }

  get all(): readonly Candidate[] {
    return [...this.#candidates.values()]
  }

  /** Candidates with a time, fastest first; equal times in the order they were measured. */
  get ranked(): readonly Candidate[] {
    return rankedOf(this.all)
  }

  /** The same without those that are the program of a faster one: there is nothing to compare them for. */
  get distinct(): readonly Candidate[] {
    const programs = new Set<string>()
    return this.ranked.filter(({ programHash }) => {
      if (programHash === undefined) return true
      return programs.size < programs.add(programHash).size
    })
  }

  get best(): Candidate | undefined {
    let best: Candidate | undefined
    for (const candidate of this.#candidates.values())
      if (Number.isFinite(candidate.ms) && candidate.ms < (best?.ms ?? Number.POSITIVE_INFINITY))
        best = candidate
    return best
  }

  /** How many candidates ended with each status. */
  get counts(): Readonly<Record<Status, number>> {
    const counts = Object.fromEntries(STATUSES.map((status) => [status, 0])) as Record<Status, number>
    for (const { status } of this.#candidates.values()) counts[status]++
    return counts
  }

  /** Adds a first measurement; one of a config that is known already changes nothing. */
  add(measurement: Measurement, origin: string): Candidate {
    const known = this.get(measurement.config)
    if (known) return known
    const candidate = Object.freeze({ ...measurement, origin, retimed: [] })
    this.#candidates.set(measurement.config.hash, candidate)
    return candidate
  }

  /** Takes back the times of a program that turned out not to work, for all configs that make it. */
  refute({ config, status, reason }: Measurement): void {
    const known = this.get(config)
    if (!known) return
    const lost = { status, reason, ms: Number.POSITIVE_INFINITY, samplesMs: [], retimed: [] }
    for (const candidate of this.#candidates.values())
      if (candidate === known || isSameProgram(candidate, known))
        this.#candidates.set(candidate.config.hash, Object.freeze({ ...candidate, ...lost }))
  }

  /**
   * Adds a measurement in turns, to all that are the same program; a failure there keeps the time that was
   * known.
   */
  retime(measurement: Measurement): Candidate | undefined {
    const { config, ms, spread, samplesMs } = measurement
    const known = this.get(config)
    if (!known || !Number.isFinite(ms)) return known
    const retimed = [...known.retimed, ms]
    const time = { retimed, ms: median(retimed), spread, samplesMs }
    for (const candidate of this.#candidates.values())
      if (candidate === known || (isTimed(candidate) && isSameProgram(candidate, known)))
        this.#candidates.set(candidate.config.hash, Object.freeze({ ...candidate, ...time }))
    return this.get(config)
  }
}

/** In an order that tells nothing of how the trials came about: a search that goes on does the same. */
export function unordered(candidates: readonly Candidate[]): readonly Candidate[] {
  return candidates.toSorted((a, b) => (a.config.hash < b.config.hash ? -1 : 1))
}

/** Those of candidates that have a time, fastest first. */
export function rankedOf(candidates: readonly Candidate[]): readonly Candidate[] {
  return candidates.filter(isTimed).sort((a, b) => a.ms - b.ms)
}

function isTimed({ ms }: Measurement): boolean {
  return Number.isFinite(ms)
}

function isSameProgram({ programHash }: Measurement, other: Measurement): boolean {
  return programHash !== undefined && programHash === other.programHash
}

/** Relative standard error of a candidate's time. */
export function relativeError({ spread, samplesMs }: Measurement): number {
  const count = samplesMs.length
  if (count === 0) return 0
  return errorOfMedian(count < FEW_SAMPLES ? Math.max(spread, LIKELY_SPREAD) : spread, count)
}

/** So few samples say nothing of how they scatter; then it is taken to be at least this. */
const FEW_SAMPLES = 5
const LIKELY_SPREAD = 0.02

/** Ties are never wider than this, however noisy the clock. */
const MAX_TIE = 0.01

/** True when `a` is not slower than `b` by more than the measurements can tell. */
export function notSlower(a: Measurement, b: Measurement): boolean {
  if (!Number.isFinite(a.ms)) return false
  const tie = Math.min(MAX_TIE, 2 * Math.hypot(relativeError(a), relativeError(b)))
  return a.ms <= b.ms * (1 + tie)
}
