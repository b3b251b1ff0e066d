/**
 * A decision: everything that a module, a summary and a report say about one kernel on one device. Plain
 * data, made by `decide`, independent of how it is written down.
 */
import type { ConfigData } from '../../../config/value.ts'
import type { Calling, Column, DroppedFeature, Row } from '../features/columns.ts'
import type { Term } from '../features/terms.ts'
import type { Sweep } from '../input/sweep.ts'
import type { TimingMatrix } from '../matrix.ts'
import type { BackendName, Program } from '../models/model.ts'
import type { Guard, HullEdge } from './guard.ts'
import type { DecisionSettings } from './settings.ts'
import type { RegretStatistics } from './statistics.ts'

/** What speaks for one leaf (or one entry of a table). */
export interface LeafEvidence {
  /** Position in `configs`. */
  readonly choice: number
  /** Measured shapes that end here. */
  readonly shapes: number
  /** Regret of these shapes when they were held out; null when none ever was. */
  readonly heldOut: { readonly geomean: number; readonly worst: number } | null
  /** Ranges of the features of these shapes. */
  readonly hull: readonly HullEdge[]
}

export interface ModelComparison {
  readonly backend: BackendName
  /** Leaves or entries of the policy that validation prefers. */
  readonly size: number
  readonly training: RegretStatistics
  /** Null when there were too few shapes to hold any out. */
  readonly heldOut: RegretStatistics | null
}

export interface GoalOutcome {
  /** By what the module chooses, where slowness within the noise of the measurements is no one's fault. */
  readonly met: boolean
  /** By the best of the configs to choose from. */
  readonly reachable: boolean
  /** The goal's statistic with the best of the configs to choose from on every shape. */
  readonly statistic: number
  /** How many configs there were to choose from. */
  readonly configs: number
  /** The same statistic with what the module chooses. */
  readonly chosen: number
}

/** How the number of kept configs trades against loss, for a picture. */
export interface SubsetPoint {
  readonly configs: number
  readonly geomean: number
  readonly worst: number
}

export interface Decision {
  readonly kernel: string
  readonly sweep: Sweep
  readonly settings: DecisionSettings
  readonly matrix: TimingMatrix
  readonly calling: Calling
  readonly columns: readonly Column[]
  readonly rows: readonly Row[]
  readonly terms: readonly Term[]
  readonly dropped: readonly DroppedFeature[]
  /** The kept configs; choices are positions here. */
  readonly configs: readonly ConfigData[]
  /** The same, as positions in the matrix. */
  readonly kept: readonly number[]
  readonly backend: BackendName
  readonly program: Program
  readonly guard: Guard
  /** Kept configs, the best worst case first: what to try when a choice cannot run. */
  readonly fallbacks: readonly number[]
  /** How many of them come before the default config of a shape; undefined where that is not known. */
  readonly beforeDefault: number | undefined
  readonly leaves: readonly LeafEvidence[]
  readonly goal: GoalOutcome
  /** Of the shapes that count for the goal. */
  readonly training: RegretStatistics
  /** Of further shapes, which have no weight; null where there are none. */
  readonly further: RegretStatistics | null
  /** Null when there were too few shapes for it to tell anything. */
  readonly heldOut: RegretStatistics | null
  /** The worst that any kept config does on any measured shape: what is known where none is held out. */
  readonly worstOfKept: number
  /** Held-out regrets of all repetitions, by row of the matrix, for pictures. */
  readonly heldOutRegrets: readonly Float64Array[]
  readonly comparison: readonly ModelComparison[]
  readonly curve: readonly SubsetPoint[]
  /** Things somebody should know: goals missed, shapes uncovered, a better backend. */
  readonly warnings: readonly string[]
  /** True when the earlier module's choices were kept. */
  readonly keptPrevious: boolean
}
