/**
 * Settings: how kernels are compiled and tuned. Each has a row in settings_table.ts, which says its default,
 * its variable and its values. Settings that are functions are typed where they are used (kernel options),
 * not here.
 */
import type { LogLevel } from './log.ts'
import type { JsonObject } from './setting_kinds.ts'

export const EFFORTS = ['none', 'quick', 'full'] as const
export type Effort = (typeof EFFORTS)[number]

/** Where searches start. */
export const InitialPopulationStrategy = {
  /** The default config, the seeds, and random configs. */
  FROM_RANDOM: 'from_random',
  /** The same with the best of earlier searches before the random ones. */
  FROM_BEST_AVAILABLE: 'from_best_available',
} as const
/** One of the ways for a search to start. */
export type InitialPopulationStrategy =
  (typeof InitialPopulationStrategy)[keyof typeof InitialPopulationStrategy]

export const AUTOTUNE_CACHES = [
  'LocalAutotuneCache',
  'StrictLocalAutotuneCache',
  'RemoteAutotuneCache',
  'StrictRemoteAutotuneCache',
] as const
export type AutotuneCacheName = (typeof AUTOTUNE_CACHES)[number]

export const LLM_PROVIDERS = ['openai', 'openai_responses', 'anthropic', 'bedrock', 'vertex'] as const
/** `openai` and `openai_responses` are the same. */
export type LlmProvider = (typeof LLM_PROVIDERS)[number]

export const AOT_MODES = ['collect', 'measure', 'evaluate', 'compile', 'disabled'] as const
export type AotMode = (typeof AOT_MODES)[number]

/** How kernels are compiled and tuned, complete: each setting has a value. */
export interface Settings {
  /** Compile sizes into the shader; false keeps one shader for many sizes. */
  readonly staticShapes: boolean
  /** Run kernels in the slow reference interpreter on the CPU. */
  readonly refMode: boolean
  /** Compute units that persistent launches leave free. */
  readonly persistentReservedSms: number
  /** Print the generated WGSL on stderr, in browsers on the console. */
  readonly printOutputCode: boolean
  /** Let hl.print in kernels print, on stderr after each launch; false leaves it out. */
  readonly devicePrint: boolean
  /** Print each kind of call once on stderr, as a script that makes it with its config. */
  readonly printRepro: boolean
  /** Name the author's lines in comments of the WGSL. */
  readonly outputOriginLines: boolean
  /** Warnings that are not printed, by name. */
  readonly ignoreWarnings: readonly string[]
  /** How long to search: none uses the default config, quick tries few configs (default in browsers). */
  readonly autotuneEffort: Effort
  /** Search even when a config is given or cached; the result is stored. */
  readonly forceAutotune: boolean
  /** Make a search that would start an error. */
  readonly disallowAutotuning: boolean
  /** The search, by name. */
  readonly autotuner: string
  /** Empty the GPU’s caches before each sample. Off: judge configs by calls that find their data there. */
  readonly autotuneFlushCache: boolean
  /** Seed of the candidates of a search; null takes the clock. Timings stay noisy. */
  readonly autotuneRandomSeed: number | null
  /** Time for a whole search, its final check included; the best config so far is returned. */
  readonly autotuneBudgetSeconds: number | null
  /** Generations of a search; null takes the effort's number. */
  readonly autotuneMaxGenerations: number | null
  /** Rounds that bring fields of the winner back to defaults; null takes the effort's number. */
  readonly autotuneFinishingRounds: number | null
  /** Independent searches whose winners are compared at the end. */
  readonly autotuneBestOfK: number
  /** Search persistent launch orders only. */
  readonly autotuneForcePersistent: boolean
  /** Config fields that a search must not change, with their values. */
  readonly autotuneConfigOverrides: JsonObject
  /** Configs that a search tries first. */
  readonly autotuneSeedConfigs: readonly JsonObject[]
  /** Start of a search: random, or what earlier ones found; null takes the effort's choice. */
  readonly autotuneInitialPopulation: InitialPopulationStrategy | null
  /** Most configs of earlier searches to start from. */
  readonly autotuneBestAvailableMaxConfigs: number
  /** Most cache files looked at for them. */
  readonly autotuneBestAvailableMaxCacheScan: number
  /** Most neighbours of one config tried in a generation; -1 sets no limit. */
  readonly autotuneNumNeighborsCap: number
  /** Shaders compiled at the same time; null takes the number of processors. */
  readonly autotunePrecompileJobs: number | null
  /** Seconds that the compilation of one config may take. */
  readonly autotuneCompileTimeout: number
  /** Seconds that checking and timing one config may take. */
  readonly autotuneBenchmarkTimeout: number
  /** Try configs in a process of their own, so that one that crashes or hangs costs nothing else. */
  readonly autotuneBenchmarkSubprocess: boolean
  /** Shorten the compile timeout to what the first configs needed. */
  readonly autotuneAdaptiveTimeout: boolean
  /** Compare the answer of every config with a reference. */
  readonly autotuneAccuracyCheck: boolean
  /** Absolute difference from the reference that is accepted; null derives it from the dtype. */
  readonly autotuneBaselineAtol: number | null
  /** Relative difference from the reference that is accepted; null derives it from the dtype. */
  readonly autotuneBaselineRtol: number | null
  /** Configs within this multiple of the best time are timed again; null takes the effort's number. */
  readonly autotuneRebenchmarkThreshold: number | null
  /** Configs compared at the end of a search, one against another; 1 skips the comparison. */
  readonly autotuneFinalTopK: number
  /** Time on the GPU for each of them, in milliseconds. */
  readonly autotuneFinalTargetMs: number
  /** Share by which a seed or the default config may be slower than the winner and still be kept. */
  readonly autotuneFinalPinnedTolerance: number
  /** Go on when a config meets a bug of this package, and do not log configs that fail. */
  readonly autotuneIgnoreErrors: boolean
  /** Least important messages of a search that are printed. */
  readonly autotuneLogLevel: number
  /** Log every trial of every search: `<path>.csv` and `<path>.log` grow. */
  readonly autotuneLog: string | null
  /** Let `<path>.meta.jsonl` grow beside the log: what each search was asked for, and what it found. */
  readonly autotuneLogDetails: boolean
  /** Show the progress of a search on one line. */
  readonly autotuneProgressBar: boolean
  /** API that the LLM searches speak; null tells it by the name of the model. */
  readonly llmProvider: LlmProvider | null
  /** Model that the LLM searches ask; null takes that of the search. */
  readonly llmModel: string | null
  /** Base URL of its API; null takes that of the provider. */
  readonly llmApiBase: string | null
  /** Seconds that the compilation of one config may take in an LLM search; null takes its own number. */
  readonly llmCompileTimeout: number | null
  /** PEM file of further certificate authorities to trust, for proxies that read TLS. */
  readonly llmCaBundle: string | null
  /** PEM file of the certificate that a proxy asks for. */
  readonly llmClientCert: string | null
  /** PEM file of its key; null: the same file. */
  readonly llmClientKey: string | null
  /** Search that goes on where the language model leaves off; null takes that of the search. */
  readonly hybridSecondStageAlgorithm: string | null
  /** Rounds with a language model before that; null takes the search's number, 0 does without. */
  readonly hybridLlmMaxRounds: number | null
  /** Folder of every cache; null takes the user's cache folder. */
  readonly cacheDir: string | null
  /** Where results of searches are stored, by name. */
  readonly autotuneCache: AutotuneCacheName
  /** Address or folder of the remote cache. */
  readonly remoteCache: string | null
  /** Seconds after which a remote cache is given up. */
  readonly remoteCacheTimeout: number
  /** Most results in the cache folder. */
  readonly cacheMaxEntries: number
  /** Most megabytes in the cache folder. */
  readonly cacheMaxMegabytes: number
  /** Neither read nor write stored results of searches. */
  readonly skipCache: boolean
  /** Make a missing stored result an error that explains itself. */
  readonly assertCacheHit: boolean
  /** Phase of the AOT workflow. */
  readonly aotMode: AotMode
  /** Folder of the data of an AOT run. */
  readonly aotDataDir: string
  /** Print which heuristic chose which config. */
  readonly aotVerbose: boolean
  /** File to which every choice of a heuristic is appended, as a line of JSON. */
  readonly aotTrace: string | null
  /** Kernels that take part in the AOT phases; all when empty. */
  readonly aotKernels: readonly string[]
  /** Most configs that are measured on each shape; null takes all winners, and others up to 40. */
  readonly aotCandidates: number | null
  /**
   * Further shapes of each kernel that the measure phase makes between and around those it is given; null
   * makes as many as were tuned, in a quarter of the time that tuning took.
   */
  readonly aotDensify: number | null
  /** Folder searched first for generated heuristics. */
  readonly heuristicDir: string | null
}

export type SettingName = keyof Settings

/** Settings as code gives them: every one may be left out, and a level of the log may be named. */
export type GivenSettings = Partial<Omit<Settings, 'autotuneLogLevel'>> & {
  /** Least important messages of a search that are printed, by name or number. */
  readonly autotuneLogLevel?: LogLevel | number
}
