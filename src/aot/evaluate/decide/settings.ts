/** What a build may be told, with the defaults of the command line. */
import { UsageError } from '../../../support/errors.ts'
import { backendOf } from '../models/backends.ts'
import type { BackendName } from '../models/model.ts'
import { GOALS, type Goal, type GoalName } from '../select/goals.ts'
import { type OutsidePolicy, outsidePolicyOf } from './guard.ts'

export interface DecisionSettings {
  readonly backend: BackendName
  readonly goal: Goal
  /** Most configs that a module may hold, in all. */
  readonly maxConfigs: number
  /** Mean log slowdown that a config beyond those needed for the goal must save. */
  readonly configPrice: number
  readonly outside: OutsidePolicy
  /** False keeps every feature that varies and every term that the fit can use. */
  readonly featureSelection: boolean
  /** Whether shapes may be left to their default config. */
  readonly defaults: boolean
}

/** The same settings as people give them: names as text, all optional. */
export interface DecisionOptions {
  readonly backend?: string | undefined
  readonly goal?: string | undefined
  readonly threshold?: number | undefined
  readonly maxConfigs?: number | undefined
  readonly singleConfig?: boolean | undefined
  readonly configPrice?: number | undefined
  readonly outside?: string | undefined
  readonly featureSelection?: boolean | undefined
  readonly defaults?: boolean | undefined
}

/** 10 % slower than the best is Helion's goal; ten lines of configs can be read. */
const DEFAULT_THRESHOLD = 1.1
const DEFAULT_MAX_CONFIGS = 10
/** A config must pay: it has to save this share of what the goal allows. */
const PRICE_SHARE = 0.005

/** Checks and completes; throws UsageError naming the option, the value and what is allowed. */
export function toSettings(options: DecisionOptions = {}): DecisionSettings {
  const threshold = options.threshold ?? DEFAULT_THRESHOLD
  if (!(threshold > 1 && Number.isFinite(threshold)))
    throw new UsageError(`--threshold is ${threshold}`, {
      remedy: 'Give a slowdown above 1, such as 1.1 for 10 % slower than the best.',
    })
  const maxConfigs = options.singleConfig ? 1 : (options.maxConfigs ?? DEFAULT_MAX_CONFIGS)
  if (!(Number.isInteger(maxConfigs) && maxConfigs >= 1))
    throw new UsageError(`--max-configs is ${maxConfigs}`, { remedy: 'Give a whole number from 1 up.' })
  const configPrice = options.configPrice ?? PRICE_SHARE * Math.log(threshold)
  if (!(configPrice >= 0))
    throw new UsageError(`--config-price is ${configPrice}`, {
      remedy: 'Give a share of the time from 0 up, such as 0.005 for half a percent.',
    })
  return {
    backend: backendOf(options.backend ?? 'decision_tree').name,
    goal: { name: goalOf(options.goal ?? 'max_slowdown'), threshold },
    maxConfigs,
    configPrice,
    outside: outsidePolicyOf(options.outside ?? 'auto'),
    featureSelection: options.featureSelection ?? true,
    defaults: options.defaults ?? false,
  }
}

function goalOf(name: string): GoalName {
  if (Object.hasOwn(GOALS, name)) return name as GoalName
  throw new UsageError(`unknown goal ${JSON.stringify(name)}`, {
    remedy: `Use one of ${Object.keys(GOALS).join(', ')}.`,
  })
}
