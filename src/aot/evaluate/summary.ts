/** What `heuristic_summary_<hardware_id>.json` says of a kernel, and the lines a terminal shows. */
import type { Decision, ModelComparison } from './decide/decision.ts'
import { usedColumns } from './decide/evidence.ts'
import { countsFor, type RegretStatistics } from './decide/statistics.ts'
import type { Evaluation } from './evaluate_module.ts'
import type { DroppedFeature } from './features/columns.ts'
import { regretOf } from './matrix.ts'
import { entryAt, range } from './numeric.ts'

export interface KernelSummary {
  readonly num_configs: number
  readonly backend: string
  /**
   * Share of the measured shapes that count for the goal on which the choice is the fastest kept config; not
   * a measure of quality.
   */
  readonly model_accuracy: number
  readonly performance_stats: {
    readonly max_slowdown: number
    readonly geomean_slowdown: number
    readonly avg_slowdown: number
    readonly satisfied_ratio: number
    readonly num_configs: number
  }
  readonly goal: {
    readonly name: string
    readonly threshold: number
    readonly met: boolean
    readonly statistic: number
    /** The same statistic with what the module chooses. */
    readonly chosen: number
  }
  readonly leaves: number
  readonly coverage: number
  readonly training: RegretStatistics
  /** Of further shapes, which count for no goal; null where there are none. */
  readonly further: RegretStatistics | null
  readonly held_out: RegretStatistics | null
  /** The worst of any kept config on any measured shape; null where one does not run. */
  readonly worst_of_kept: number | null
  readonly models: readonly ModelComparison[]
  readonly features: { readonly used: readonly string[]; readonly dropped: readonly DroppedFeature[] }
  readonly kept_previous: boolean
  readonly warnings: readonly string[]
}

export function summarise(decision: Decision, evaluation: Evaluation): KernelSummary {
  const counts = countsFor(decision.matrix.shapes)
  const counted = range(evaluation.shapes.length).filter(counts)
  const slowdowns = counted.map((row) => evaluation.shapes[row]?.slowdown ?? Number.POSITIVE_INFINITY)
  const finite = slowdowns.filter(Number.isFinite)
  const { goal } = decision.settings
  const fastest = counted.map((row) =>
    Math.min(...decision.kept.map((column) => regretOf(decision.matrix, row, column))),
  )
  const used = usedColumns(decision.program, decision.terms)
  return {
    num_configs: decision.configs.length,
    backend: decision.backend,
    model_accuracy:
      slowdowns.filter((value, index) => value <= entryAt(fastest, index)).length / slowdowns.length,
    performance_stats: {
      max_slowdown: evaluation.statistics.worst,
      geomean_slowdown: evaluation.statistics.geomean,
      avg_slowdown: finite.reduce((sum, value) => sum + value, 0) / Math.max(1, finite.length),
      satisfied_ratio: slowdowns.filter((value) => value <= goal.threshold).length / slowdowns.length,
      num_configs: decision.configs.length,
    },
    goal: {
      name: goal.name,
      threshold: goal.threshold,
      met: decision.goal.met,
      statistic: decision.goal.statistic,
      chosen: decision.goal.chosen,
    },
    leaves: decision.leaves.length,
    coverage: evaluation.coverage,
    training: decision.training,
    further: decision.further,
    held_out: decision.heldOut,
    worst_of_kept: Number.isFinite(decision.worstOfKept) ? decision.worstOfKept : null,
    models: decision.comparison,
    features: {
      used: used.map((column) => entryAt(decision.columns, column).name),
      dropped: decision.dropped,
    },
    kept_previous: decision.keptPrevious,
    warnings: decision.warnings,
  }
}
