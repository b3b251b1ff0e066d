/** What a search session is made of. */
import type { Config } from '../../../config/config.ts'
import type { Log } from '../../../support/log.ts'
import type { Budget } from '../../budget.ts'
import type { Workload } from '../../llm/workload.ts'
import type { Progress } from '../../progress.ts'
import type { Benchmarker } from '../../trial/benchmarker.ts'
import type { TrialSink } from '../../trial_log.ts'
import type { History } from '../history.ts'
import type { TrainingSource } from '../model/training.ts'
import type { ConfigGeneration } from './config_generation.ts'
import type { StartingPoint } from './initial_population.ts'
import type { StopRule } from './stop_rule.ts'
import type { TrialCosts } from './trial_costs.ts'

export interface SessionParts {
  /** Of which kernel and arguments progress is reported. */
  readonly subject: Pick<Progress, 'kernel' | 'shape'>
  readonly generation: ConfigGeneration
  readonly start: StartingPoint
  readonly benchmarker: Benchmarker
  readonly history: History
  /** Results from elsewhere, for searches that learn. */
  readonly training: readonly TrainingSource[]
  /** Time for the search itself, without the final comparison. */
  readonly budget: Budget
  readonly log: Log
  /** Configs to choose from instead of the whole space. */
  readonly choices: readonly Config[] | undefined
  readonly compileTimeoutMs: number
  /** How far compile times of the first configs shorten the timeout; undefined: not at all. */
  readonly adaptiveTimeout: AdaptiveTimeout | undefined
  /** Configs within this multiple of the best time are timed again. */
  readonly rebenchmarkThreshold: number
  readonly stopRule: StopRule
  readonly costs: TrialCosts
  /** Do not log configs that fail. */
  readonly ignoreErrors: boolean
  readonly onProgress: ((progress: Progress) => void) | undefined
  /** Hears of every trial. */
  readonly trials?: TrialSink | undefined
  /** What is tuned, for searches that tell somebody; made when it is asked for. */
  readonly workload?: (() => Workload) | undefined
}

export interface AdaptiveTimeout {
  /** Never below this. */
  readonly leastMs: number
  /** Share of the configs so far that it must be enough for. */
  readonly quantile: number
}
