/** What a tuning run is asked for, and what it answers. */
import type { Config } from '../config/config.ts'
import type { SearchSpace } from '../config/search_space.ts'
import type { ConfigData } from '../config/value.ts'
import type { Log } from '../support/log.ts'
import type { RemoteCache } from '../support/remote_cache.ts'
import type { Effort, Settings } from '../support/settings.ts'
import type { StopSignal } from '../support/stop_signal.ts'
import type { CacheKey } from './cache/cache_key.ts'
import type { Workload } from './llm/workload.ts'
import type { Progress } from './progress.ts'
import type { Candidate } from './search/history.ts'
import type { TrainingSource } from './search/model/training.ts'
import type { OptionValues, Search } from './search/search.ts'
import type { Proposal } from './search/session/proposal.ts'
import type { Benchmarker } from './trial/benchmarker.ts'

export interface TuningTask {
  /** Name of the kernel, for messages. */
  readonly kernel: string
  /** The arguments in words, for progress reports. */
  readonly shape?: string | undefined
  readonly spec: SearchSpace
  /** What a search that asks others may tell them; made only when one does. */
  readonly workload?: (() => Workload) | undefined
  readonly benchmarker: Benchmarker
  /** Characters of a config's program; undefined when it has none. Tells which trials are dear. */
  readonly lengthOf?: ((config: Config) => number | undefined) | undefined
  readonly settings: Settings
  /** Identifies the result in the cache; without it nothing is read or stored. */
  readonly cacheKey?: CacheKey | undefined
  /** Stands behind the cache instead of what the settings name. */
  readonly remoteCache?: RemoteCache | undefined
  /** Configs to choose from instead of searching the space. */
  readonly choices?: readonly (Config | ConfigData)[] | undefined
  /** Configs that the compiler thinks well of; `settings.autotuneSeedConfigs` come before them. */
  readonly seeds?: readonly Proposal[] | undefined
  /** Results from elsewhere for searches that learn, nearest first. */
  readonly training?: readonly TrainingSource[] | undefined
  /** Serves instead of the search that the settings name. */
  readonly search?: Search | undefined
  /** Options of the search that the settings name, by option. */
  readonly searchOptions?: OptionValues | undefined
  /** Another process goes on with the search: a lost device ends this one with the AdapterError. */
  readonly goesOn?: boolean | undefined
  /** Ends the search early; the best config so far is returned. */
  readonly signal?: StopSignal | undefined
  readonly onProgress?: ((progress: Progress) => void) | undefined
  /** Replaces the log on stderr at the level of the settings. */
  readonly log?: Log | undefined
  /** Milliseconds since any fixed moment; for tests. */
  readonly now?: (() => number) | undefined
}

export interface TuningResult {
  /** Complete: every field of the spec is there. */
  readonly config: Config
  /** Median time of a launch in milliseconds; NaN when it was not measured. */
  readonly ms: number
  readonly spread: number
  readonly source: 'cache' | 'search' | 'default'
  /** Name of the search that found it; empty for `default`. */
  readonly search: string
  readonly effort: Effort
  readonly seed: number
  /** Time of the default config, if it was measured and works. */
  readonly defaultMs: number | undefined
  /** Everything measured in this run. */
  readonly candidates: readonly Candidate[]
  readonly generations: number
  readonly seconds: number
  readonly ended: 'done' | 'budget' | 'interrupted' | 'device lost'
}
