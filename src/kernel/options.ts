/**
 * What `kernel` and `aotKernel` take beside the function: configs, how to tell calls apart, and any setting.
 */
import { Config, type ConfigInput } from '../config/config.ts'
import type { BatchedSpec } from '../heuristics/features.ts'
import { callSite } from '../support/call_site.ts'
import { UsageError } from '../support/errors.ts'
import type { RemoteCache } from '../support/remote_cache.ts'
import { resolveSettings } from '../support/resolve_settings.ts'
import type { GivenSettings, Settings } from '../support/settings.ts'
import { SETTINGS } from '../support/settings_table.ts'
import { checkOptionKind } from '../support/signature.ts'
import { didYouMean } from '../support/similar.ts'
import type { StopSignal } from '../support/stop_signal.ts'

/** Any function that can be a kernel. */
export type AnyFunction = (...args: never[]) => unknown

/** A config as people write it: an instance, or plain fields. */
export type ConfigLike = Config | ConfigInput

/** What `autotune` can be told: these, and any option of the search by its name. */
export interface TuneOptions {
  /** Search although configs are given or stored; the result is stored. Default true. */
  readonly force?: boolean
  /**
   * Ends the search early once `aborted` is true, as an AbortSignal has it; the best config so far is
   * returned.
   */
  readonly signal?: StopSignal
  /** A search made by hand, such as `new PatternSearch(...)`, which asks for this itself. */
  readonly search?: object
  /** Options of the search that the settings name, by name; others are refused. */
  readonly [option: string]: unknown
}

/** What `autotuneMulti` can be told. */
export interface MultiTuneOptions extends TuneOptions {
  /** How the times of the calls become one: their geometric mean (the default), or the longest. */
  readonly aggregation?: 'geomean' | 'max'
  /**
   * What the time of each call is divided by first: nothing (the default), the time of the call's default
   * config, or that of `baselineFn`.
   */
  readonly relativeTo?: 'default' | 'baseline' | null
  /** Joins the key under which the result is stored. */
  readonly cacheTag?: string
}

/** What a search is made for. */
export interface TuningSubject {
  /** The traced program: equal keys are the same specialisation. */
  readonly bound: { readonly key: string }
  /** For the search itself. */
  autotune(args: readonly unknown[], options: TuneOptions): Promise<Config>
}

/** A generated module: what `_helion_aot_<kernel>_<device>.ts` exports. */
export type HeuristicModule = Readonly<Record<string, unknown>>

/** Arguments of one call; an array will do, because a literal in a callback is seldom seen as a tuple. */
type ArgumentList<F extends AnyFunction> = Readonly<Parameters<F>> | readonly Parameters<F>[number][]

/** Options of one kernel, which no environment variable sets. */
export interface KernelSpecificOptions<F extends AnyFunction = AnyFunction> {
  /** Name of the kernel in messages and generated files; the function's own name by default. */
  readonly name?: string
  /** `import.meta.url` of the file that defines the kernel, where its generated modules stand. */
  readonly source?: string
  /** The config for every call: no search, no lookup. */
  readonly config?: ConfigLike
  /** Configs to choose from: the first call of each specialisation times them all. */
  readonly configs?: readonly ConfigLike[]
  /** Joins the specialisation key; in AOT kernels, what the generated module decides by instead of shapes. */
  readonly key?: (...args: Parameters<F>) => unknown
  /** Per argument, null or a list with an integer for every dimension that must not influence the config. */
  readonly batched?: BatchedSpec
  /** Arguments to tune for in the collect phase, instead of those of the calls. */
  readonly collectFn?: () => Iterable<ArgumentList<F>>
  /** Arguments to measure in the measure phase, instead of those of the calls. */
  readonly measureFn?: () => Iterable<ArgumentList<F>>
  /** Generated modules, for bundles that cannot look for files. */
  readonly heuristics?: readonly HeuristicModule[]
  /** The reference that configs are checked against, instead of the interpreter. May be another kernel. */
  readonly baselineFn?: (...args: Parameters<F>) => ReturnType<F> | Promise<ReturnType<F>>
  /** What stands behind a remote cache of search results, instead of what the setting `remoteCache` names. */
  readonly remoteCacheBackend?: RemoteCache
  /**
   * Makes the search that tunes the kernel, such as `new PatternSearch(binding, args, options)`, instead of
   * the one that the settings name; `options` are those of `autotune(args, options)`.
   */
  readonly autotunerFn?: (binding: TuningSubject, args: Parameters<F>, options: TuneOptions) => object
  /** Replaces or (with null) refuses candidates of a search. */
  readonly configFilter?: (config: Config) => Config | null
}

/** What `kernel` and `aotKernel` take beside the function: options of the kernel itself, and any setting. */
export type KernelOptions<F extends AnyFunction = AnyFunction> = KernelSpecificOptions<F> & GivenSettings

export interface ResolvedOptions {
  readonly own: KernelSpecificOptions
  readonly settings: Settings
}

/** Each with the kind of its values. */
const OWN: Readonly<Record<keyof KernelSpecificOptions, string>> = {
  name: 'text',
  source: 'text',
  config: 'object',
  configs: 'objects',
  key: 'function',
  batched: 'batched',
  collectFn: 'function',
  measureFn: 'function',
  heuristics: 'objects',
  baselineFn: 'function',
  remoteCacheBackend: 'object',
  autotunerFn: 'function',
  configFilter: 'function',
}

/**
 * Splits options from settings; settings that are not given come from `defaults`, the environment, the table.
 * An option that is null is not given.
 */
export function resolveOptions(options: KernelOptions, defaults: GivenSettings): ResolvedOptions {
  const own: Record<string, unknown> = {}
  const given: Record<string, unknown> = {}
  for (const [name, value] of Object.entries(options)) {
    if (isOwn(name)) {
      if (value === undefined || value === null) continue
      checkOptionKind('a kernel', name, OWN[name], value)
      own[name] = value
    } else if (!Object.hasOwn(SETTINGS, name)) throw unknownOption(name)
    else if (value !== undefined) given[name] = value
  }
  if (own.config !== undefined && own.configs !== undefined) {
    throw new UsageError('a kernel has both config and configs', { remedy: 'Give one of the two.' })
  }
  if (Array.isArray(own.configs) && own.configs.length === 0) {
    throw new UsageError('configs is an empty list', { remedy: 'Give at least one config, or leave it out.' })
  }
  if (own.config !== undefined) own.config = toConfig(own.config)
  if (Array.isArray(own.configs)) own.configs = own.configs.map(toConfig)
  return Object.freeze({ own: Object.freeze(own), settings: resolveSettings({ ...defaults, ...given }) })
}

/** Refuses what cannot be a config of any kernel where the author wrote it. */
function toConfig(config: unknown): Config {
  return config instanceof Config ? config : new Config(config as ConfigInput)
}

/** The configs that the options name. */
export function givenConfigs({ own }: ResolvedOptions): readonly Config[] {
  const configs = own.configs ?? (own.config ? [own.config] : [])
  return configs.map(toConfig)
}

function isOwn(name: string): name is keyof KernelSpecificOptions {
  return Object.hasOwn(OWN, name)
}

function unknownOption(name: string): UsageError {
  const known = [...Object.keys(OWN), ...Object.keys(SETTINGS)]
  const own = `Own options: ${Object.keys(OWN).join(', ')}.`
  return new UsageError(`a kernel has no option ${name}`, {
    location: callSite(),
    remedy: didYouMean(name, known).trim() || own,
  })
}
