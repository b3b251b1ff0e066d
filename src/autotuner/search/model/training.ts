/** What searches that learn can be taught: results that they have not measured. */
import type { Config } from '../../../config/config.ts'
import type { ConfigData } from '../../../config/value.ts'

/** A config measured elsewhere: Infinity for one that failed. */
export interface TrainingResult {
  /** Its fields or tunables. */
  readonly config: Config | ConfigData
  /** Time of a launch, in a unit of its own. */
  readonly ms: number
}

/** Results from one place, in one unit of time. */
export interface TrainingSource {
  /** The place in words, which become the origin of candidates. */
  readonly origin: string
  readonly results: readonly TrainingResult[]
}
