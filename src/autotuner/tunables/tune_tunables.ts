/**
 * `autotune` for anything: tunables with their values, and a function that makes of each config either WGSL
 * or a function to call. Every search works on it as on a kernel.
 */
import type { Config } from '../../config/config.ts'
import { type TunableConfig, TunableSpace, type TunableValues } from '../../config/tunable_space.ts'
import type { ConfigData } from '../../config/value.ts'
import { describeCall, readArguments } from '../../kernel/call_arguments.ts'
import { defaultStream } from '../../runtime/default_device.ts'
import type { Stream } from '../../runtime/stream.ts'
import { entryPoint, userCode } from '../../support/call_site.ts'
import { UsageError } from '../../support/errors.ts'
import { createLog } from '../../support/log.ts'
import { resolveSettings } from '../../support/resolve_settings.ts'
import type { GivenSettings } from '../../support/settings.ts'
import { SETTINGS } from '../../support/settings_table.ts'
import { takes } from '../../support/signature.ts'
import type { StopSignal } from '../../support/stop_signal.ts'
import { autotune } from '../autotune.ts'
import { namedSearch } from '../choose_search.ts'
import { interruptible } from '../interruptible.ts'
import { ProgramBenchmarker } from '../trial/program_benchmarker.ts'
import type { AnyProgram, ProgramSource } from '../trial/program_source.ts'
import { FunctionTrials } from './function_trials.ts'
import type { Compiled, ExpectedValues, TunableParts } from './tunable_parts.ts'
import { wgslPrograms } from './wgsl_programs.ts'

/** Tunables by name. */
type Tunables = Readonly<Record<string, TunableValues>>

/** What `autotune` tunes: tunables, and how a config of them is compiled and called. */
export interface AutotuneOptions<T extends Tunables = Tunables> {
  /** Values that each tunable may have; of a list, the first is where the search starts. */
  readonly tunables: T
  /** Makes a config into something that runs. Throws ConfigError for one that cannot be built. */
  readonly compile: (config: TunableConfig<T>) => Compiled | Promise<Compiled>
  /** Tensors that WGSL is bound to, or arguments of the function. */
  readonly args?: readonly unknown[]
  /** Which values may stand together. */
  readonly constraint?: (config: TunableConfig<T>) => boolean
  /** Where the search starts, instead of the tunables' own first values. */
  readonly default?: Partial<TunableConfig<T>>
  /**
   * What must be left in `args`, or in what the function returns. Without it all configs must agree with the
   * first.
   */
  readonly expected?: ExpectedValues | (() => ExpectedValues | Promise<ExpectedValues>)
  /** For messages. */
  readonly name?: string
  /** Ends the search early; the best config so far is returned. */
  readonly signal?: StopSignal
  /** Settings (`autotuner`, `autotuneEffort`, …) and options of the search. */
  readonly [settingOrOption: string]: unknown
}

const OWN = ['tunables', 'compile', 'args', 'constraint', 'default', 'expected', 'name', 'signal']

/**
 * The best values of tunables. Rejects with UsageError for unknown options and where nothing can be run, with
 * ConfigError where no config works, and with what `compile` throws, ConfigError aside.
 */
export const autotuneTunables: <T extends Tunables>(options: AutotuneOptions<T>) => Promise<Config> =
  entryPoint(
    takes('autotune', 'options: object', async <T extends Tunables>(options: AutotuneOptions<T>) =>
      new TunableTask(options as unknown as AutotuneOptions).tune(),
    ),
  )

class TunableTask {
  readonly #options: AutotuneOptions
  readonly #parts: TunableParts
  readonly #settings: ReturnType<typeof resolveSettings>
  readonly #searchOptions: Record<string, unknown>

  constructor(options: AutotuneOptions) {
    const { tunables, compile, args = [], constraint, default: start, expected, name = 'compile' } = options
    if (typeof compile !== 'function' || typeof tunables !== 'object' || tunables === null)
      throw new UsageError('autotune needs tunables and a function compile', {
        remedy: 'Write autotune({ tunables: { block: [16, 32] }, compile: (config) => …, args }).',
      })
    const rest = Object.entries(options).filter(([key]) => !OWN.includes(key))
    const isSetting = ([key]: readonly [string, unknown]) => Object.hasOwn(SETTINGS, key)
    this.#options = options
    this.#settings = resolveSettings(Object.fromEntries(rest.filter(isSetting)) as GivenSettings)
    this.#searchOptions = Object.fromEntries(rest.filter((entry) => !isSetting(entry)))
    this.#parts = {
      name,
      call: readArguments(args),
      space: new TunableSpace(tunables, {
        constraint: constraint && ((values) => userCode(() => constraint(values))),
        default: start as ConfigData | undefined,
      }),
      compiled: once((config) => userCode(() => compile(config.data))),
      expected: async () => (typeof expected === 'function' ? await userCode(expected) : expected),
    }
  }

  async tune(): Promise<Config> {
    const { call, space, compiled } = this.#parts
    const stream = call.tensors[0]?.stream ?? defaultStream()
    const first = await compiled(space.defaultConfig())
    if (typeof first === 'function') return this.#search(new FunctionTrials(this.#parts, stream), stream)
    let best: Config | undefined
    stream.exclusive(async (inner) => {
      best = await this.#search(wgslPrograms(this.#parts, inner, this.#settings), inner)
    })
    await stream.sync()
    if (!best) throw new UsageError(`tuning ${this.#parts.name} gave no config`)
    return best
  }

  async #search<Program extends AnyProgram>(source: ProgramSource<Program>, stream: Stream): Promise<Config> {
    const settings = this.#settings
    const { name, call, space } = this.#parts
    const device = await stream.opened()
    const log = createLog(settings.autotuneLogLevel)
    const benchmarker = new ProgramBenchmarker<Program>({ source, device, settings, log })
    const interrupt = interruptible(this.#options.signal)
    try {
      const { config } = await autotune({
        kernel: name,
        shape: describeCall(call),
        spec: space,
        benchmarker,
        settings,
        search: namedSearch(settings, this.#searchOptions),
        signal: interrupt.signal,
      })
      return config
    } finally {
      interrupt.release()
      benchmarker.dispose()
    }
  }
}

/** Asks once for each config. */
function once<T>(make: (config: Config) => T | Promise<T>): (config: Config) => Promise<T> {
  const made = new Map<string, Promise<T>>()
  return (config) => {
    let known = made.get(config.hash)
    if (!known) {
      known = (async () => await make(config))()
      made.set(config.hash, known)
    }
    return known
  }
}
