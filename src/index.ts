/**
 * The public names of the package, and the one place where kernels meet the ahead-of-time tuner. Everything
 * reachable from here loads in browsers too.
 */
/// <reference lib="esnext.disposable" preserve="true" />
import './runtime/web_names.ts'
import { aotServices } from './aot/aot_services.ts'
import { plainServices } from './aot/plain_services.ts'
import { JIT_SERVICES } from './autotuner/jit_services.ts'
import { type KernelFactory, kernelFactory } from './kernel/factory.ts'
import { entryPoint } from './support/call_site.ts'
import { nextPowerOf2 as powerOf2 } from './support/maths.ts'
import { takes } from './support/signature.ts'

/** Makes a kernel that is tuned at its first call, for each kind of arguments. */
export const kernel: KernelFactory = kernelFactory(plainServices(JIT_SERVICES))

/**
 * Makes a kernel that is tuned ahead of time: its generated module chooses, and nothing is tuned in
 * production.
 */
export const aotKernel: KernelFactory = kernelFactory(aotServices(JIT_SERVICES), { staticShapes: false })

/** Smallest power of two that is at least `n`. */
export const nextPowerOf2: (n: number) => number = entryPoint(takes('nextPowerOf2', 'n: number', powerOf2))

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
export { DESurrogateHybrid, type DESurrogateOptions } from './autotuner/search/de_surrogate_hybrid.ts'
export {
  type DifferentialEvolutionOptions,
  DifferentialEvolutionSearch,
} from './autotuner/search/differential_evolution.ts'
export type { EvolutionOptions } from './autotuner/search/evolution.ts'
export { FiniteSearch, type FiniteSearchOptions } from './autotuner/search/finite_search.ts'
export { computeLeafSimilarity, type LeafModel } from './autotuner/search/forest.ts'
export type { LFBOSearchOptions } from './autotuner/search/lfbo_options.ts'
export { LFBOPatternSearch } from './autotuner/search/lfbo_pattern_search.ts'
export { LFBOTreeSearch } from './autotuner/search/lfbo_tree_search.ts'
export { PatternSearch, type PatternSearchOptions } from './autotuner/search/pattern_search.ts'
export { RandomSearch, type RandomSearchOptions } from './autotuner/search/random_search.ts'
export { type CommonOptions, type OptionTable, Search, type Tunable } from './autotuner/search/search.ts'
export type { TrainingResult } from './autotuner/search/training.ts'
export type { Compiled, ExpectedValues, WgslLaunch } from './autotuner/tunables/tunable_parts.ts'
export { type AutotuneOptions, autotuneTunables as autotune } from './autotuner/tunables/tune_tunables.ts'
export { Config, type ConfigInput } from './config/config.ts'
export { type TunableRanges, tunable } from './config/tunable.ts'
export type { TunableConfig, TunableRange, TunableValues } from './config/tunable_space.ts'
export type { ConfigData, ConfigValue } from './config/value.ts'
export type { BatchedSpec } from './heuristics/features.ts'
export type { KernelDecorator, KernelFactory } from './kernel/factory.ts'
export type { Binding, Kernel } from './kernel/kernel.ts'
export type {
  KernelProgram,
  ProgramDispatch,
  ProgramTensor,
  ProgramWord,
  SizeData,
} from './kernel/kernel_program.ts'
export { markStatic } from './kernel/mark_static.ts'
export type {
  ConfigLike,
  HeuristicModule,
  KernelOptions,
  MultiTuneOptions,
  TuneOptions,
  TuningSubject,
} from './kernel/options.ts'
export {
  type Accumulator,
  type Dim,
  type Hl,
  hl,
  type Operand,
  type Ref,
  type Shape,
  type Tensor,
  type Tile,
  type TileOptions,
  type TileValue,
} from './language/index.ts'
export { getDevice, sync } from './runtime/default_device.ts'
export { type Device, hardwareId } from './runtime/device.ts'
export { doBench, doBenchTogether } from './runtime/do_bench.ts'
export { arange, empty, full, ones, rand, randn, tensor, zeros } from './runtime/tensor_factories.ts'
export type { Timing, TimingOptions } from './runtime/timing.ts'
export type { DType } from './support/dtypes.ts'
export {
  AdapterError,
  AuthorError,
  ConfigError,
  DataError,
  GpuError,
  HelionError,
  type SourceLocation,
  TimeoutError,
  UsageError,
} from './support/errors.ts'
export type { RemoteCache } from './support/remote_cache.ts'
export { InitialPopulationStrategy, type Settings } from './support/settings.ts'
export type { StorageType } from './support/storage_types.ts'
