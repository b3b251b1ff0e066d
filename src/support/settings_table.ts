/**
 * Every setting, one row each. All can be passed in code; those with a variable are read from the environment
 * when a kernel is made, and what code says wins.
 */
import { LOG_LEVELS } from './log.ts'
import { nodeProcess } from './node.ts'
import {
  BOOLEAN,
  integer,
  JSON_OBJECT,
  JSON_OBJECTS,
  LOG_LEVEL,
  NAMES,
  number,
  oneOf,
  orNull,
  type SettingKind,
  TEXT,
} from './setting_kinds.ts'
import {
  AOT_MODES,
  AUTOTUNE_CACHES,
  EFFORTS,
  InitialPopulationStrategy,
  LLM_PROVIDERS,
  type SettingName,
  type Settings,
} from './settings.ts'

export interface SettingRow<T> {
  readonly kind: SettingKind<T>
  readonly default: T
  /** The environment variable; settings that are no text have none. */
  readonly env?: string
  /** One sentence for users. */
  readonly doc: string
}

const yesNo = (env: string, standard: boolean, doc: string): SettingRow<boolean> => ({
  kind: BOOLEAN,
  env,
  default: standard,
  doc,
})

const textOrNull = (env: string, doc: string): SettingRow<string | null> => ({
  kind: orNull(TEXT),
  env,
  default: null,
  doc,
})

/** Every setting by name. */
export const SETTINGS: { readonly [Name in SettingName]: SettingRow<Settings[Name]> } = {
  staticShapes: yesNo(
    'HELION_STATIC_SHAPES',
    true,
    'Compile sizes into the shader; false keeps one shader for many sizes.',
  ),
  refMode: yesNo('HELION_INTERPRET', false, 'Run kernels in the slow reference interpreter on the CPU.'),
  persistentReservedSms: {
    kind: integer(0),
    env: 'HELION_PERSISTENT_RESERVED_SMS',
    default: 0,
    doc: 'Compute units that persistent launches leave free.',
  },
  printOutputCode: yesNo(
    'HELION_PRINT_OUTPUT_CODE',
    false,
    'Print the generated WGSL on stderr, in browsers on the console.',
  ),
  devicePrint: yesNo(
    'HELION_DEVICE_PRINT',
    false,
    'Let hl.print in kernels print, on stderr after each launch; false leaves it out.',
  ),
  printRepro: yesNo(
    'HELION_PRINT_REPRO',
    false,
    'Print each kind of call once on stderr, as a script that makes it with its config.',
  ),
  outputOriginLines: yesNo(
    'HELION_OUTPUT_ORIGIN_LINES',
    true,
    "Name the author's lines in comments of the WGSL.",
  ),
  ignoreWarnings: {
    kind: NAMES,
    env: 'HELION_IGNORE_WARNINGS',
    default: [],
    doc: 'Warnings that are not printed, by name.',
  },
  autotuneEffort: {
    kind: oneOf(EFFORTS),
    env: 'HELION_AUTOTUNE_EFFORT',
    default: nodeProcess ? 'full' : 'quick',
    doc: 'How long to search: none uses the default config, quick tries few configs (default in browsers).',
  },
  forceAutotune: yesNo(
    'HELION_FORCE_AUTOTUNE',
    false,
    'Search even when a config is given or cached; the result is stored.',
  ),
  disallowAutotuning: yesNo('HELION_DISALLOW_AUTOTUNING', false, 'Make a search that would start an error.'),
  autotuner: { kind: TEXT, env: 'HELION_AUTOTUNER', default: 'LFBOTreeSearch', doc: 'The search, by name.' },
  autotuneFlushCache: yesNo(
    'HELION_AUTOTUNE_FLUSH_CACHE',
    true,
    'Empty the GPU’s caches before each sample. Off: judge configs by calls that find their data there.',
  ),
  autotuneRandomSeed: {
    kind: orNull(integer(0, 2 ** 32 - 1)),
    env: 'HELION_AUTOTUNE_RANDOM_SEED',
    default: null,
    doc: 'Seed of the candidates of a search; null takes the clock. Timings stay noisy.',
  },
  autotuneBudgetSeconds: {
    kind: orNull(number(0)),
    env: 'HELION_AUTOTUNE_BUDGET_SECONDS',
    default: null,
    doc: 'Time for a whole search, its final check included; the best config so far is returned.',
  },
  autotuneMaxGenerations: {
    kind: orNull(integer(0)),
    env: 'HELION_AUTOTUNE_MAX_GENERATIONS',
    default: null,
    doc: "Generations of a search; null takes the effort's number.",
  },
  autotuneFinishingRounds: {
    kind: orNull(integer(0)),
    env: 'HELION_AUTOTUNE_FINISHING_ROUNDS',
    default: null,
    doc: "Rounds that bring fields of the winner back to defaults; null takes the effort's number.",
  },
  autotuneBestOfK: {
    kind: integer(1),
    env: 'HELION_AUTOTUNE_BEST_OF_K',
    default: 1,
    doc: 'Independent searches whose winners are compared at the end.',
  },
  autotuneForcePersistent: yesNo(
    'HELION_AUTOTUNE_FORCE_PERSISTENT',
    false,
    'Search persistent launch orders only.',
  ),
  autotuneConfigOverrides: {
    kind: JSON_OBJECT,
    env: 'HELION_AUTOTUNE_CONFIG_OVERRIDES',
    default: {},
    doc: 'Config fields that a search must not change, with their values.',
  },
  autotuneSeedConfigs: {
    kind: JSON_OBJECTS,
    default: [],
    doc: 'Configs that a search tries first.',
  },
  autotuneInitialPopulation: {
    kind: orNull(oneOf(Object.values(InitialPopulationStrategy))),
    env: 'HELION_AUTOTUNER_INITIAL_POPULATION',
    default: null,
    doc: "Start of a search: random, or what earlier ones found; null takes the effort's choice.",
  },
  autotuneBestAvailableMaxConfigs: {
    kind: integer(0),
    env: 'HELION_BEST_AVAILABLE_MAX_CONFIGS',
    default: 20,
    doc: 'Most configs of earlier searches to start from.',
  },
  autotuneBestAvailableMaxCacheScan: {
    kind: integer(0),
    env: 'HELION_BEST_AVAILABLE_MAX_CACHE_SCAN',
    default: 500,
    doc: 'Most cache files looked at for them.',
  },
  autotuneNumNeighborsCap: {
    kind: integer(-1),
    env: 'HELION_CAP_AUTOTUNE_NUM_NEIGHBORS',
    default: -1,
    doc: 'Most neighbours of one config tried in a generation; -1 sets no limit.',
  },
  autotunePrecompileJobs: {
    kind: orNull(integer(1)),
    env: 'HELION_AUTOTUNE_PRECOMPILE_JOBS',
    default: null,
    doc: 'Shaders compiled at the same time; null takes the number of processors.',
  },
  autotuneCompileTimeout: {
    kind: number(0),
    env: 'HELION_AUTOTUNE_COMPILE_TIMEOUT',
    default: 60,
    doc: 'Seconds that the compilation of one config may take.',
  },
  autotuneBenchmarkTimeout: {
    kind: number(0),
    env: 'HELION_AUTOTUNE_BENCHMARK_TIMEOUT',
    default: 30,
    doc: 'Seconds that checking and timing one config may take.',
  },
  autotuneBenchmarkSubprocess: yesNo(
    'HELION_AUTOTUNE_BENCHMARK_SUBPROCESS',
    true,
    'Try configs in a process of their own, in browsers a Web Worker: one that crashes costs only itself.',
  ),
  autotuneAdaptiveTimeout: yesNo(
    'HELION_AUTOTUNE_ADAPTIVE_TIMEOUT',
    true,
    'Shorten the compile timeout to what the first configs needed.',
  ),
  autotuneAccuracyCheck: yesNo(
    'HELION_AUTOTUNE_ACCURACY_CHECK',
    true,
    'Compare the answer of every config with a reference.',
  ),
  autotuneBaselineAtol: {
    kind: orNull(number(0)),
    default: null,
    doc: 'Absolute difference from the reference that is accepted; null derives it from the dtype.',
  },
  autotuneBaselineRtol: {
    kind: orNull(number(0)),
    default: null,
    doc: 'Relative difference from the reference that is accepted; null derives it from the dtype.',
  },
  autotuneRebenchmarkThreshold: {
    kind: orNull(number(0)),
    env: 'HELION_REBENCHMARK_THRESHOLD',
    default: null,
    doc: "Configs within this multiple of the best time are timed again; null takes the effort's number.",
  },
  autotuneFinalTopK: {
    kind: integer(1),
    env: 'HELION_AUTOTUNE_FINAL_REBENCHMARK_TOP_K',
    default: 8,
    doc: 'Configs compared at the end of a search, one against another; 1 skips the comparison.',
  },
  autotuneFinalTargetMs: {
    kind: number(0),
    env: 'HELION_AUTOTUNE_FINAL_REBENCHMARK_TARGET_MS',
    default: 1000,
    doc: 'Time on the GPU for each of them, in milliseconds.',
  },
  autotuneFinalPinnedTolerance: {
    kind: number(0),
    env: 'HELION_AUTOTUNE_FINAL_REBENCHMARK_PINNED_TOLERANCE',
    default: 0,
    doc: 'Share by which a seed or the default config may be slower than the winner and still be kept.',
  },
  autotuneIgnoreErrors: yesNo(
    'HELION_AUTOTUNE_IGNORE_ERRORS',
    false,
    'Go on when a config meets a bug of this package, and do not log configs that fail.',
  ),
  autotuneLogLevel: {
    kind: LOG_LEVEL,
    env: 'HELION_AUTOTUNE_LOG_LEVEL',
    default: LOG_LEVELS.info,
    doc: 'Least important messages of a search that are printed.',
  },
  autotuneLog: textOrNull(
    'HELION_AUTOTUNE_LOG',
    'Log every trial of every search: `<path>.csv` and `<path>.log` grow.',
  ),
  autotuneLogDetails: yesNo(
    'HELION_AUTOTUNE_LOG_DETAILS',
    false,
    'Let `<path>.meta.jsonl` grow beside the log: what each search was asked for, and what it found.',
  ),
  autotuneProgressBar: yesNo(
    'HELION_AUTOTUNE_PROGRESS_BAR',
    true,
    'Show the progress of a search on one line.',
  ),
  llmProvider: {
    kind: orNull(oneOf(LLM_PROVIDERS)),
    env: 'HELION_LLM_PROVIDER',
    default: null,
    doc: 'API that the LLM searches speak; null tells it by the name of the model.',
  },
  llmModel: textOrNull('HELION_LLM_MODEL', 'Model that the LLM searches ask; null takes that of the search.'),
  llmApiBase: textOrNull('HELION_LLM_API_BASE', 'Base URL of its API; null takes that of the provider.'),
  llmCompileTimeout: {
    kind: orNull(number(0)),
    env: 'HELION_LLM_COMPILE_TIMEOUT_S',
    default: null,
    doc: 'Seconds that the compilation of one config may take in an LLM search; null takes its own number.',
  },
  llmCaBundle: textOrNull(
    'HELION_LLM_CA_BUNDLE',
    'PEM file of further certificate authorities to trust, for proxies that read TLS.',
  ),
  llmClientCert: textOrNull('HELION_LLM_CLIENT_CERT', 'PEM file of the certificate that a proxy asks for.'),
  llmClientKey: textOrNull('HELION_LLM_CLIENT_KEY', 'PEM file of its key; null: the same file.'),
  hybridSecondStageAlgorithm: textOrNull(
    'HELION_HYBRID_SECOND_STAGE_ALGORITHM',
    'Search that goes on where the language model leaves off; null takes that of the search.',
  ),
  hybridLlmMaxRounds: {
    kind: orNull(integer(0)),
    env: 'HELION_HYBRID_LLM_MAX_ROUNDS',
    default: null,
    doc: "Rounds with a language model before that; null takes the search's number, 0 does without.",
  },
  cacheDir: {
    kind: orNull(TEXT),
    env: 'HELION_CACHE_DIR',
    default: null,
    doc: "Folder of every cache; null takes the user's cache folder.",
  },
  autotuneCache: {
    kind: oneOf(AUTOTUNE_CACHES),
    env: 'HELION_AUTOTUNE_CACHE',
    default: 'LocalAutotuneCache',
    doc: 'Where results of searches are stored; a strict cache forgets them when a version changes.',
  },
  remoteCache: textOrNull(
    'HELION_REMOTE_CACHE',
    'What stands behind a remote cache: an https:// address, or a shared folder.',
  ),
  remoteCacheTimeout: {
    kind: number(0),
    env: 'HELION_REMOTE_CACHE_TIMEOUT',
    default: 5,
    doc: 'Seconds that the remote cache may take to answer.',
  },
  cacheMaxEntries: {
    kind: integer(1),
    env: 'HELION_CACHE_MAX_ENTRIES',
    default: 5000,
    doc: 'Most stored results; those that were not used for the longest time make room.',
  },
  cacheMaxMegabytes: {
    kind: number(0),
    env: 'HELION_CACHE_MAX_MEGABYTES',
    default: 64,
    doc: 'Most megabytes of stored results.',
  },
  skipCache: yesNo('HELION_SKIP_CACHE', false, 'Neither read nor write stored results of searches.'),
  assertCacheHit: yesNo(
    'HELION_ASSERT_CACHE_HIT',
    false,
    'Make a missing stored result an error that explains itself.',
  ),
  aotMode: {
    kind: oneOf(AOT_MODES),
    env: 'HELION_AOT_MODE',
    default: 'evaluate',
    doc: 'Phase of the AOT workflow.',
  },
  aotDataDir: {
    kind: TEXT,
    env: 'HELION_AOT_DATA_DIR',
    default: '.helion_aot',
    doc: 'Folder of the data of an AOT run.',
  },
  aotVerbose: yesNo('HELION_AOT_VERBOSE', false, 'Print which heuristic chose which config.'),
  aotTrace: textOrNull(
    'HELION_AOT_TRACE',
    'File to which every choice of a heuristic is appended, as a line of JSON.',
  ),
  aotKernels: {
    kind: NAMES,
    env: 'HELION_AOT_KERNELS',
    default: [],
    doc: 'Kernels that take part in the AOT phases; all when empty.',
  },
  aotCandidates: {
    kind: orNull(number(1)),
    env: 'HELION_AOT_CANDIDATES',
    default: null,
    doc: 'Most configs that are measured on each shape; null takes all winners, and others up to 40.',
  },
  aotDensify: {
    kind: orNull(number(0)),
    env: 'HELION_AOT_DENSIFY',
    default: null,
    doc:
      'Further shapes of each kernel that the measure phase makes between and around those it is given; ' +
      'null makes as many as were tuned, in a quarter of the time that tuning took.',
  },
  heuristicDir: textOrNull('HELION_HEURISTIC_DIR', 'Folder searched first for generated heuristics.'),
}
