/** What a search for the configs to keep is given. */
import type { Goal } from './goals.ts'

/** Losses by row, then by config, with the weight of each row. */
export interface LossTable {
  readonly losses: readonly Float64Array[]
  readonly weights: Float64Array
}

export interface SubsetTask {
  /** Measured log slowdowns, Infinity where forbidden: what the goal is about. */
  readonly measured: LossTable
  /** The log slowdown by row of `measured` above which its default config serves it better. */
  readonly atDefault: Float64Array
  /** Finite losses that tell sets apart beyond the goal; may hold other rows than `measured`. */
  readonly expected: LossTable
  readonly goal: Goal
  readonly maxConfigs: number
  /** Mean loss that a config beyond the goal must save to be kept. */
  readonly price: number
  /** Configs that are kept rather than others where the difference is less than `price`. */
  readonly preferred?: ReadonlySet<number> | undefined
}
