/** Public names of the tuner: searches, stored results, tuning of anything. */
export {
  type AutotuneCache,
  type CacheOptions,
  explainCacheMiss,
  LocalAutotuneCache,
  RemoteAutotuneCache,
  StrictLocalAutotuneCache,
  StrictRemoteAutotuneCache,
} from './autotuner/cache/autotune_caches.ts'
export type { CacheEntry } from './autotuner/cache/cache_entry.ts'
export type { CacheKey } from './autotuner/cache/cache_key.ts'
export { FileShareCache } from './autotuner/cache/file_share_cache.ts'
export { HttpCache } from './autotuner/cache/http_cache.ts'
export { getHelionCacheDir, iterCacheEntries, SavedBestConfig } from './autotuner/cache/saved_best_config.ts'
export type { CacheSubject } from './autotuner/cache/subject.ts'
export {
  guidedSearchKwargsFromConfig,
  guidedSearchKwargsFromProfile,
  LLMGuidedSearch,
} from './autotuner/llm/llm_guided_search.ts'
export {
  type HybridStageBreakdown,
  LLMSeededLFBOTreeSearch,
  LLMSeededSearch,
  type LLMSeededSearchOptions,
} from './autotuner/llm/llm_seeded_search.ts'
export type { LLMGuidedSearchOptions } from './autotuner/llm/model_rounds.ts'
export {
  type RecordedSpace,
  type RecordedTrial,
  type ReplayOptions,
  replaySpace,
} from './autotuner/replay_space.ts'
export {
  DESurrogateHybrid,
  type DESurrogateOptions,
} from './autotuner/search/evolution/de_surrogate_hybrid.ts'
export {
  type DifferentialEvolutionOptions,
  DifferentialEvolutionSearch,
} from './autotuner/search/evolution/differential_evolution.ts'
export type { EvolutionOptions } from './autotuner/search/evolution/evolution.ts'
export { FiniteSearch, type FiniteSearchOptions } from './autotuner/search/finite_search.ts'
export type { LFBOSearchOptions } from './autotuner/search/lfbo/lfbo_options.ts'
export { LFBOPatternSearch } from './autotuner/search/lfbo/lfbo_pattern_search.ts'
export { LFBOTreeSearch } from './autotuner/search/lfbo/lfbo_tree_search.ts'
export { computeLeafSimilarity, type LeafModel } from './autotuner/search/model/forest.ts'
export type { TrainingResult } from './autotuner/search/model/training.ts'
export { PatternSearch, type PatternSearchOptions } from './autotuner/search/pattern_search.ts'
export { RandomSearch, type RandomSearchOptions } from './autotuner/search/random_search.ts'
export { type CommonOptions, type OptionTable, Search, type Tunable } from './autotuner/search/search.ts'
export type { Compiled, ExpectedValues, WgslLaunch } from './autotuner/tunables/tunable_parts.ts'
export { type AutotuneOptions, autotuneTunables as autotune } from './autotuner/tunables/tune_tunables.ts'
