/**
 * What a search knows of the space it searches: decisions with their ranges, and what makes a config of
 * them. `ConfigSpec` is the space of a kernel, `TunableSpace` one of anything else.
 */
import type { ConfigError } from '../support/errors.ts'
import type { Config, ConfigDefaults, ConfigInput } from './config.ts'
import type { Slot } from './slots.ts'
import type { ConfigData } from './value.ts'

/** `strict`: what does not fit raises ConfigError; `repair`: it becomes the nearest thing that fits. */
export type NormalizeMode = 'strict' | 'repair'

export interface SearchSpace extends ConfigDefaults {
  /** The decisions of this space, in search order. */
  readonly slots: readonly Slot[]
  /** How many configs the slots can form before rules between them merge or exclude some. */
  readonly cardinality: number
  /** Changes whenever the space does. */
  readonly fingerprint: string
  /** All configs there are, where the space is a list of them. */
  readonly combinations?: readonly ConfigData[] | undefined
  /** A complete config with every value in its range. */
  normalize(config: Config | ConfigInput | ConfigData, mode: NormalizeMode): Config
  /** Whether the values of a complete config may stand together. */
  allows(config: Config): boolean
  /** Why nothing can be built of a complete config, where the space knows; undefined when it can. */
  refusal?(config: Config): ConfigError | undefined
  /** `config` with tiles of at most that many elements per thread, where the space knows of tiles. */
  shrink(config: Config, maxElementsPerThread: number): Config
  /** Configs that are worth a trial beside the default, best first; they may have to be repaired. */
  guesses(): readonly ConfigData[]
}
