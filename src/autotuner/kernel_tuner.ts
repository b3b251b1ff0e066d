/**
 * Tuning of a real kernel: makes the task of a tuning run from a binding, a call and the kernel's options,
 * and lets Ctrl-C end the search with the best config so far.
 */
import type { WgslProgram } from '../codegen/program.ts'
import type { Config } from '../config/config.ts'
import type { ConfigSpec } from '../config/config_spec.ts'
import type { BoundKernel } from '../kernel/bound_kernel.ts'
import { type CallArguments, describeCall } from '../kernel/call_arguments.ts'
import { planLaunch } from '../kernel/launch_plan.ts'
import type { TuneOptions } from '../kernel/options.ts'
import { givenConfigs } from '../kernel/options.ts'
import type { Device } from '../runtime/device.ts'
import type { Stream } from '../runtime/stream.ts'
import { unlessRefused } from '../support/errors.ts'
import { createLog, type Log } from '../support/log.ts'
import { clamp, product, sum } from '../support/maths.ts'
import type { Settings } from '../support/settings.ts'
import { autotune } from './autotune.ts'
import type { CacheKey } from './cache/cache_key.ts'
import { kernelKey } from './cache/kernel_key.ts'
import { chooseSearch } from './choose_search.ts'
import { interruptible } from './interruptible.ts'
import { searchSpace } from './kernel_space.ts'
import { kernelWorkload } from './llm/kernel_workload.ts'
import type { Progress } from './progress.ts'
import type { TrainingSource } from './search/model/training.ts'
import { ORIGINS, type Proposal, proposals } from './search/session/proposal.ts'
import { checkNames } from './tensor_names.ts'
import type { Benchmarker } from './trial/benchmarker.ts'
import type { DisposableBenchmarker } from './trial/joint_benchmarker.ts'
import { KernelBenchmarker } from './trial/kernel_benchmarker.ts'
import { DEFAULT_LIMITS, type ReferenceLimits } from './trial/reference.ts'
import type { TuningResult } from './tuning_task.ts'

/** Share of the time that the interpreter may take for what a call should leave, and the least it gets. */
const REFERENCE_SHARE = 0.05
const LEAST_REFERENCE_MS = 100
/** What a quick search without a budget takes, roughly. */
const QUICK_SECONDS = 2

export interface TuneRequest {
  readonly bound: BoundKernel
  readonly call: CallArguments
  /** Has the device for itself. */
  readonly stream: Stream
  readonly options: TuneOptions
  /** Configs to begin with, such as those that serve other shapes well. */
  readonly seeds?: readonly Proposal[]
  /** Results from elsewhere for searches that learn. */
  readonly training?: readonly TrainingSource[] | undefined
  readonly onProgress?: ((progress: Progress) => void) | undefined
  readonly resumption?: Resumption | undefined
}

/** What makes a search one that is cut off and goes on later. */
export interface Resumption {
  /** Serves when the settings name none; always the same, so that the search goes the same way. */
  readonly seed: number
  /** Time that was spent on it before. */
  readonly seconds: number
  /** Whether another process goes on when the device is lost: then it is no end, but an AdapterError. */
  readonly goesOn: boolean
  /** Makes of the benchmarker one that remembers. */
  readonly remembering: (benchmarker: Benchmarker) => Benchmarker
}

/** Share of its time that a search gets, however long it took before. */
const LEAST_SHARE = 0.2

/** What candidates are tried on, and where the result belongs: one call, or several together. */
export interface Bench {
  /** In words. */
  readonly shape: string
  readonly benchmarker: DisposableBenchmarker
  readonly cacheKey: CacheKey
  readonly lengthOf: (config: Config) => number | undefined
  /** There is nothing to time. */
  readonly isEmpty: boolean
}

/** What a bench is made of. */
export interface BenchParts {
  readonly device: Device
  readonly stream: Stream
  readonly settings: Settings
  readonly spec: ConfigSpec
  readonly log: Log
  readonly limits: ReferenceLimits
  readonly choices: readonly Config[] | undefined
}

/** The best config for a call: stored, or searched for. Rejects as `autotune` does. */
export async function tuneKernel(request: TuneRequest): Promise<Config> {
  return (await tuneInDetail(request)).config
}

/** The same with all that was measured. */
export function tuneInDetail(request: TuneRequest): Promise<TuningResult> {
  return tuneOn(request, (parts) => benchOfCall(request, parts))
}

/** Searches the space of a call for the config that is best on a bench. */
export async function tuneOn(
  { bound, call, stream, options, seeds = [], training, onProgress, resumption }: TuneRequest,
  benchOf: (parts: BenchParts) => Bench,
): Promise<TuningResult> {
  const { force = true, signal, search: byHand, ...searchOptions } = options
  const { definition } = bound
  const device = await stream.opened()
  await stream.follow(call.tensors.map((tensor) => tensor.stream))
  const settings = resumed(settingsOf(bound, force), resumption)
  const spec = searchSpace(bound, call, device, settings)
  const given = givenConfigs(definition.options)
  const request = { bound, args: call.values, settings, search: byHand, options: searchOptions }
  const { search, choices } = chooseSearch(request)
  const log = createLog(settings.autotuneLogLevel)
  const limits = referenceLimits(settings)
  const bench = benchOf({ device, stream, settings, spec, log, limits, choices })
  const interrupt = interruptible(signal)
  try {
    const result = await autotune({
      kernel: definition.name,
      shape: bench.shape,
      spec,
      workload: () => kernelWorkload(bound, call, device, spec),
      benchmarker: resumption?.remembering(bench.benchmarker) ?? bench.benchmarker,
      lengthOf: bench.lengthOf,
      settings: bench.isEmpty ? { ...settings, autotuneEffort: 'none' } : settings,
      cacheKey: bench.cacheKey,
      remoteCache: definition.options.own.remoteCacheBackend,
      choices,
      seeds: choices ? seeds : [...proposals(given, ORIGINS.seed), ...seeds],
      training,
      search,
      goesOn: resumption?.goesOn,
      signal: interrupt.signal,
      onProgress,
    })
    return { ...result, config: filtered(bound, spec, result.config) }
  } finally {
    interrupt.release()
    bench.benchmarker.dispose()
  }
}

/** A call alone. Throws as `checkNames`. */
export function benchOfCall({ bound, call }: Pick<TuneRequest, 'bound' | 'call'>, parts: BenchParts): Bench {
  const { device, spec } = parts
  const program = bound.compile(spec.defaultConfig(), device, call)
  checkNames(bound, call, program)
  return {
    shape: describeCall(call),
    benchmarker: new KernelBenchmarker({ bound, call, ...parts }),
    lengthOf: (config) => programLength(bound, call, device, config),
    isEmpty: isEmpty(program, call, device),
    cacheKey: kernelKey({ bound, ...parts }),
  }
}

/** Characters of the shaders of a config. */
function programLength(
  bound: BoundKernel,
  call: CallArguments,
  device: Device,
  config: Config,
): number | undefined {
  const program = unlessRefused(() => bound.compile(config, device, call))
  return program && sum(program.dispatches.map(({ wgsl }) => wgsl.length))
}

/** A short search does not spend its time on the answers. */
function referenceLimits({ autotuneBudgetSeconds, autotuneEffort }: Settings): ReferenceLimits {
  const seconds = autotuneBudgetSeconds ?? (autotuneEffort === 'quick' ? QUICK_SECONDS : null)
  if (seconds === null) return DEFAULT_LIMITS
  const share = (most: number) => clamp(REFERENCE_SHARE * seconds * 1000, LEAST_REFERENCE_MS, most)
  return {
    ...DEFAULT_LIMITS,
    callMs: share(DEFAULT_LIMITS.callMs),
    extentsMs: share(DEFAULT_LIMITS.extentsMs),
  }
}

function settingsOf({ definition }: BoundKernel, force: boolean): Settings {
  const { settings } = definition.options
  return force ? { ...settings, forceAutotune: true } : settings
}

function resumed(settings: Settings, resumption: Resumption | undefined): Settings {
  if (!resumption) return settings
  const { autotuneBudgetSeconds: budget, autotuneRandomSeed } = settings
  return {
    ...settings,
    autotuneRandomSeed: autotuneRandomSeed ?? resumption.seed,
    autotuneBudgetSeconds: budget && Math.max(budget * LEAST_SHARE, budget - resumption.seconds),
  }
}

/** True when the call has nothing to do, so that there is nothing to time. */
function isEmpty(program: WgslProgram, call: CallArguments, device: Device): boolean {
  const { dispatches } = planLaunch(program, call, device)
  return dispatches.every(({ grid }) => product(grid) === 0)
}

function filtered({ definition }: BoundKernel, spec: ConfigSpec, config: Config): Config {
  const kept = definition.options.own.configFilter?.(config)
  return kept ? spec.normalize(kept, 'strict') : config
}
