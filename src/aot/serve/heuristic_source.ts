/**
 * Configs in production: what the kernel's generated module chooses for a call, else its default config with
 * one warning. The module is looked up once for each device; then a choice is a call of its functions and a
 * look into a map. Nothing here tunes, and nothing loads a tuner.
 */
import type { Config } from '../../config/config.ts'
import type { ConfigSpec } from '../../config/config_spec.ts'
import { isOpen } from '../../config/value.ts'
import { deviceFamilies } from '../../heuristics/device_family.ts'
import {
  heuristicInCode,
  heuristicInFiles,
  type LookupRequest,
  type LookupResult,
} from '../../heuristics/lookup.ts'
import type { HeuristicChoice, KernelHeuristic } from '../../heuristics/module.ts'
import type { BoundKernel } from '../../kernel/bound_kernel.ts'
import type { CallArguments } from '../../kernel/call_arguments.ts'
import type { Choice, ChoiceRequest, ConfigSource } from '../../kernel/config_source.ts'
import type { KernelDefinition } from '../../kernel/definition.ts'
import { givenConfigs } from '../../kernel/options.ts'
import type { Device } from '../../runtime/device.ts'
import { type ConfigError, DataError, HelionError, orRefusal } from '../../support/errors.ts'
import { sha16 } from '../../support/stable.ts'
import { fitConfig } from '../fit_config.ts'
import { moduleArguments, shapeOf } from '../shape.ts'
import { warn } from '../warnings.ts'
import { logChoice } from './choice_log.ts'
import { noHeuristic } from './no_heuristic.ts'

/** Choices that one binding remembers; more only cost memory. */
const MAX_CHOICES = 4096

export interface HeuristicOptions {
  /** Says nothing when there is no module: one is about to be made. */
  readonly quiet?: boolean
}

/** The source of configs in evaluate mode. A kernel with a single given config always runs with that one. */
export function heuristicSource(definition: KernelDefinition, options: HeuristicOptions = {}): ConfigSource {
  return isFixed(definition) ? fixedSource(definition) : new HeuristicSource(definition, options)
}

/** Whether the author left nothing to decide. */
export function isFixed({ options }: KernelDefinition): boolean {
  return givenConfigs(options).length === 1
}

function fixedSource({ options }: KernelDefinition): ConfigSource {
  const [config] = givenConfigs(options)
  return {
    ready: ({ bound, call, device }) =>
      config && { config: bound.specFor(call, device).normalize(config, 'strict'), holdsFor: 'signature' },
  }
}

class HeuristicSource implements ConfigSource {
  readonly #definition: KernelDefinition
  readonly #quiet: boolean
  /** What the lookup found, `undefined` for nothing; devices that are not in here were not asked for yet. */
  readonly #found = new WeakMap<Device, KernelHeuristic | undefined>()
  readonly #lookups = new WeakMap<Device, Promise<void>>()
  readonly #choices = new WeakMap<BoundKernel, Map<string, Choice>>()

  constructor(definition: KernelDefinition, { quiet = false }: HeuristicOptions) {
    this.#definition = definition
    this.#quiet = quiet
  }

  ready(request: ChoiceRequest): Choice | undefined {
    const { device } = request
    if (!this.#found.has(device)) {
      const inCode = heuristicInCode(lookupRequest(this.#definition, device))
      if (!inCode.heuristic) return undefined
      this.#decide(device, inCode)
    }
    const heuristic = this.#found.get(device)
    return heuristic ? this.#choose(heuristic, request) : this.#standard(request)
  }

  async prepare({ device }: ChoiceRequest): Promise<void> {
    const lookup = this.#lookups.get(device) ?? this.#lookUp(device)
    this.#lookups.set(device, lookup)
    await lookup
  }

  async #lookUp(device: Device): Promise<void> {
    const result = await lookUp(this.#definition, device)
    if (!this.#found.has(device)) this.#decide(device, result)
  }

  #decide(device: Device, { heuristic, problems }: LookupResult): void {
    this.#found.set(device, heuristic)
    if (this.#quiet) return
    for (const problem of problems) warn(this.#definition, 'BrokenAOTHeuristicWarning', problem)
    if (heuristic) this.#warnIfStale(heuristic)
    else this.#warnOfNone(device)
  }

  #choose(heuristic: KernelHeuristic, request: ChoiceRequest): Choice {
    const { bound, call } = request
    let decided: HeuristicChoice
    try {
      decided = heuristic.choose(moduleArguments(this.#definition, call))
    } catch (error) {
      if (!(error instanceof DataError)) throw error
      warn(this.#definition, 'BrokenAOTHeuristicWarning', error.message)
      return this.#standard(request)
    }
    const choices = this.#choices.get(bound) ?? new Map<string, Choice>()
    this.#choices.set(bound, choices)
    const key = `${decided.index} ${call.signature}`
    const known = choices.get(key)
    if (known) return known
    const choice = this.#fit(heuristic, decided, request)
    if (isOpen(decided.config)) this.#warnIfOtherDefault(heuristic, choice.config, call)
    logChoice(this.#definition, heuristic, decided, call)
    if (choices.size >= MAX_CHOICES) choices.clear()
    choices.set(key, choice)
    return choice
  }

  /** The chosen config for the sizes of this call, with everything else that could serve behind it. */
  #fit(heuristic: KernelHeuristic, { config, index }: HeuristicChoice, request: ChoiceRequest): Choice {
    const { bound, call, device } = request
    const spec = bound.specFor(call, device)
    const tell = (used: Config, refusal: HelionError): void => {
      warn(
        this.#definition,
        'AOTFallbackWarning',
        `config ${index} of ${heuristic.origin} cannot run ${this.#definition.name} here: ${refusal.what}; ` +
          `${used} serves instead`,
      )
    }
    const fitting: Config[] = []
    let refusal: ConfigError | undefined
    for (const data of [config, ...heuristic.fallbacks]) {
      const fitted = orRefusal(() => fitConfig(spec, data))
      if (fitted instanceof HelionError) refusal = fitting.length === 0 ? (refusal ?? fitted) : refusal
      else if (!fitting.some((other) => other.equals(fitted))) fitting.push(fitted)
    }
    const [first = spec.defaultConfig(), ...others] = fitting
    if (refusal) tell(first, refusal)
    const fallbacks = { [Symbol.iterator]: () => withDefault(others, spec) }
    return { config: first, fallbacks, onFallback: tell, holdsFor: this.#holdsFor(heuristic, request) }
  }

  /** Without a `key`, which is part of what calls are told apart by, a module may look at numbers. */
  #holdsFor({ arity }: KernelHeuristic, { call }: ChoiceRequest): Choice['holdsFor'] {
    if (this.#definition.options.own.key) return 'signature'
    const looksAtNumber = call.values.some(
      (value, position) => position < arity && (typeof value === 'number' || typeof value === 'boolean'),
    )
    return looksAtNumber ? 'call' : 'signature'
  }

  /** What runs without a module: the first of the author's configs, else the default. */
  #standard({ bound, call, device }: ChoiceRequest): Choice {
    const spec = bound.specFor(call, device)
    const [first] = givenConfigs(this.#definition.options)
    return { config: first ? spec.normalize(first, 'strict') : spec.defaultConfig(), holdsFor: 'signature' }
  }

  #warnOfNone(device: Device): void {
    warn(this.#definition, 'NoAOTHeuristicWarning', noHeuristic(lookupRequest(this.#definition, device)))
  }

  /** Bundlers and minifiers change the text of functions, so modules given in code are trusted. */
  #warnIfStale({ origin, kernel, sourceHash }: KernelHeuristic): void {
    const { name, sourceHashAs, options } = this.#definition
    if (sourceHash === undefined || sourceHash === sourceHashAs(kernel) || options.own.heuristics) return
    warn(
      this.#definition,
      'StaleAOTHeuristicWarning',
      `${origin} was made for another version of the kernel ${name}; it is used as far as it fits.\n` +
        '  Renew it with `npx helion-aot -- <the command that runs it>`.',
    )
  }

  /** What the module leaves to defaults it leaves to those that were measured: others may be worse. */
  #warnIfOtherDefault(heuristic: KernelHeuristic, { data }: Config, call: CallArguments): void {
    const { origin, defaults } = heuristic
    const measured = defaults.get(shapeOf(this.#definition, call).hash)
    if (measured === undefined || measured === sha16(data)) return
    warn(
      this.#definition,
      'StaleAOTHeuristicWarning',
      `${origin} leaves shapes of ${this.#definition.name} to their default configs, and was made when ` +
        'these were others: those of today are used, which nobody has measured.\n' +
        '  Renew it with `npx helion-aot -- <the command that runs it>`.',
    )
  }
}

async function lookUp(definition: KernelDefinition, device: Device): Promise<LookupResult> {
  const request = lookupRequest(definition, device)
  const inCode = heuristicInCode(request)
  const { heuristic, problems } = inCode.heuristic ? inCode : await heuristicInFiles(request)
  return { heuristic, problems: [...new Set([...inCode.problems, ...problems])] }
}

/** What there is to know about a kernel and a device when a module is looked for. */
export function lookupRequest(
  { name, sourceHashAs, sourceFile, location, options }: KernelDefinition,
  device: Device,
): LookupRequest {
  return {
    kernel: name,
    sourceHashAs,
    sourceFile,
    location,
    families: deviceFamilies(device.info, device.limits),
    modules: options.own.heuristics ?? [],
    directory: options.settings.heuristicDir,
  }
}

/** The default last, and found only when it is its turn. */
function* withDefault(configs: readonly Config[], spec: ConfigSpec): Generator<Config> {
  yield* configs
  yield spec.defaultConfig()
}
