/**
 * A kernel bound to one specialisation: its traced program, the search space on each device, and what
 * configs compile to. Serves every call with the same dtypes, ranks and classes of sizes.
 */

import { type CompileOptions, compileKernel } from '../codegen/compile.ts'
import { type KernelFacts, kernelFacts } from '../codegen/facts.ts'
import { evenBlocks } from '../codegen/plan/plan.ts'
import type { DeviceLimits, WgslProgram } from '../codegen/program.ts'
import { configSpecInput } from '../codegen/space/config_spec_of.ts'
import { Config } from '../config/config.ts'
import { ConfigSpec } from '../config/config_spec.ts'
import type { ConfigData } from '../config/value.ts'
import type { KernelIr } from '../ir/kernel_ir.ts'
import { printKernel } from '../ir/print.ts'
import {
  CaptureSignal,
  type KernelFunction,
  type TraceRequest,
  Tunables,
  traceKernel,
} from '../language/index.ts'
import { defaultStream } from '../runtime/default_device.ts'
import type { Device } from '../runtime/device.ts'
import { DeviceTensor } from '../runtime/tensor/tensor.ts'
import { callSite } from '../support/call_site.ts'
import { AuthorError, ConfigError, orRefusal, UsageError } from '../support/errors.ts'
import { say, warnOnce } from '../support/log.ts'
import { sha16 } from '../support/stable.ts'
import { argumentSpecs, type CallArguments, capturedSpecs, withCaptured } from './call_arguments.ts'
import type { KernelDefinition } from './definition.ts'
import { type KernelProgram, kernelProgram } from './kernel_program.ts'
import { sizeEvaluator } from './launch_plan.ts'
import { tellingOfMissing } from './missing_arguments.ts'
import type { ConfigLike } from './options.ts'
import { baseKey, extraKey, matches } from './specialization.ts'
import { Variants } from './variants.ts'

/** Compiles somewhere else; undefined where that is refused, for whatever reason. */
export type CompileElsewhere = (
  ir: KernelIr,
  config: Config,
  limits: DeviceLimits,
  options: Pick<CompileOptions, 'originLines' | 'even'>,
) => Promise<WgslProgram | undefined>

interface PerDevice {
  readonly spec: ConfigSpec
  readonly programs: Map<string, WgslProgram | ConfigError>
}

interface Work extends Pick<PerDevice, 'programs'> {
  readonly key: string
  readonly limits: DeviceLimits
  readonly options: Parameters<CompileElsewhere>[3]
}

/** Once per line; silent where `ignoreWarnings` names it. */
function warnOfUnused({ options }: KernelDefinition, text: string): void {
  const name = 'UnusedValueWarning'
  if (!options.settings.ignoreWarnings.includes(name)) warnOnce(`${name} ${text}`, `helion-aot: ${text}`)
}

/**
 * A kernel bound to one specialisation: serves every call with the same dtypes, ranks and classes of sizes.
 */
export class BoundKernel {
  /** The kernel that is bound. */
  readonly definition: KernelDefinition
  /** The traced program. */
  readonly ir: KernelIr
  /** The call that it was traced for. */
  readonly traced: CallArguments
  /** What a method was called on. */
  readonly self: unknown
  /** Identifies the specialisation among those of the kernel. */
  readonly key: string
  /** Counts changes of the config, so that callers notice. */
  version = 0
  #config: Config | undefined
  readonly #devices = new WeakMap<Device, PerDevice>()
  readonly #printed = new WeakSet<WgslProgram>()
  readonly #variants: Variants<BoundKernel>
  #irHash: string | undefined

  /** `values` are those of the kernel's tunables; their defaults when absent. */
  constructor(
    definition: KernelDefinition,
    call: CallArguments,
    base: string,
    self?: unknown,
    values?: ConfigData,
  ) {
    this.definition = definition
    this.self = self
    const tunables = new Tunables(values)
    const request = {
      tunables,
      printing: definition.options.settings.devicePrint,
      name: definition.name,
      fn: definition.fn as KernelFunction,
      args: argumentSpecs(call.values, definition.options.settings.staticShapes),
      self,
      location: definition.location,
      warn: (text: string) => warnOfUnused(definition, text),
    }
    const { ir, captured } = tellingOfMissing(definition, call.values, () =>
      traceWithCaptured(call.captured ?? [], request),
    )
    this.ir = ir
    this.traced = withCaptured(call, captured)
    this.key = `${base} ${extraKey(this.ir, call)}`
    this.#variants = new Variants<BoundKernel>({
      bound: this,
      ranges: tunables.ranges,
      values,
      trace: (other, of) => new BoundKernel(definition, of, this.key, self, other),
    })
  }

  /** True when this binding serves the call; its base key is known to be equal. */
  serves(call: CallArguments): boolean {
    return !this.isOutdated && matches(this.ir, this.traced, call)
  }

  /** A tensor from around the kernel is gone: what took its place is known when it is traced again. */
  get isOutdated(): boolean {
    return this.traced.captured?.some(({ memory, disposed }) => disposed || memory.disposed) ?? false
  }

  /** The call with what the kernel takes from around it. */
  complete(call: CallArguments): CallArguments {
    return withCaptured(call, this.traced.captured ?? [])
  }

  /** Changes with what the kernel does, not with how it is written. */
  get irHash(): string {
    // What it does with other values of tunables only its text tells.
    const rest = this.#variants.areOpen ? [this.definition.sourceHash] : []
    this.#irHash ??= sha16([printKernel(this.ir), ...rest].join())
    return this.#irHash
  }

  /** The config set with `setConfig`. */
  get config(): Config | undefined {
    return this.#config
  }

  /** Uses this config from now on. Throws ConfigError when it does not fit the kernel. */
  setConfig(config: ConfigLike | undefined): void {
    this.#config =
      config === undefined ? undefined : new Config(config instanceof Config ? config.data : config)
    this.version++
  }

  /** The search space on a device, with the sizes of the traced call at hand. */
  spec(device: Device): ConfigSpec {
    return this.#on(device).spec
  }

  /** The same with the sizes of another call that this binding serves: blocks may be as large as these. */
  specFor(call: CallArguments, device: Device): ConfigSpec {
    if (call === this.traced) return this.spec(device)
    return this.#specFor(call, device)
  }

  /**
   * The program of a complete config for a call, compiled once for all calls whose sizes the same blocks
   * divide. Throws ConfigError when it cannot be built.
   */
  compile(config: Config, device: Device, call: CallArguments = this.traced): WgslProgram {
    const program = this.#program(config, device, call)
    if (program instanceof ConfigError) throw program
    if (this.definition.options.settings.printOutputCode) this.#print(config, program)
    return program
  }

  /** Has the program of a complete config compiled elsewhere, so that `compile` has it at once. */
  async compileAhead(
    config: Config,
    device: Device,
    call: CallArguments,
    elsewhere: CompileElsewhere,
  ): Promise<void> {
    const variant = orRefusal(() => this.#variants.of(config, call))
    if (variant instanceof ConfigError) return
    if (variant !== this) {
      const fitted = orRefusal(() => variant.#fitted(config, device, call))
      if (!(fitted instanceof ConfigError)) await variant.compileAhead(fitted, device, call, elsewhere)
      return
    }
    const work = this.#work(config, device, call)
    if (work instanceof ConfigError || work.programs.has(work.key)) return
    const program = await elsewhere(this.ir, config, work.limits, work.options)
    if (program && !work.programs.has(work.key)) work.programs.set(work.key, program)
  }

  /** What a config comes to, for a call and other sizes. Throws ConfigError when it cannot be built. */
  facts(asked: Config, device: Device, call: CallArguments = this.traced): KernelFacts {
    const config = this.specFor(call, device).normalize(asked, 'strict')
    const variant = this.#variants.of(config, call)
    if (variant !== this) return variant.facts(variant.#fitted(config, device, call), device, call)
    const compiled = this.#program(config, device, call)
    if (compiled instanceof ConfigError) throw compiled
    const sizeOf = sizeEvaluator(call)
    return kernelFacts(this.ir, this.#limitsOf(device), { config, asked, compiled, sizeOf })
  }

  /** The config for the sizes of a call when nothing better is known. */
  defaultConfig(call: CallArguments = this.traced, device: Device = openDevice('defaultConfig')): Config {
    return this.specFor(call, device).defaultConfig()
  }

  /**
   * The WGSL of all dispatches, for the sizes of a call. The config in use, or else the default one, unless
   * another is given.
   */
  toWgsl(config?: ConfigLike, call?: CallArguments, device: Device = openDevice('toWgsl')): string {
    return this.#shown(config, call, device)
      .program.dispatches.map(({ wgsl }) => wgsl)
      .join('\n')
  }

  /** Everything that a launcher needs, as data that survives JSON; of the same config as in `toWgsl`. */
  toProgram(
    config?: ConfigLike,
    call?: CallArguments,
    device: Device = openDevice('toProgram'),
  ): KernelProgram {
    const { ir, program } = this.#shown(config, call, device)
    return kernelProgram(ir, program)
  }

  #shown(
    config: ConfigLike | undefined,
    call: CallArguments = this.traced,
    device: Device,
  ): { readonly ir: KernelIr; readonly program: WgslProgram } {
    const spec = this.specFor(call, device)
    const complete = spec.normalize(config ?? this.#config ?? spec.defaultConfig(), 'strict')
    try {
      return { ir: this.#variants.of(complete, call).ir, program: this.compile(complete, device, call) }
    } catch (error) {
      throw error instanceof ConfigError ? spec.explain(error, complete) : error
    }
  }

  #program(config: Config, device: Device, call: CallArguments): WgslProgram | ConfigError {
    const variant = orRefusal(() => this.#variants.of(config, call))
    if (variant instanceof ConfigError) return variant
    if (variant !== this) return variant.#program(variant.#fitted(config, device, call), device, call)
    const work = this.#work(config, device, call)
    if (work instanceof ConfigError) return work
    const { programs, key, limits, options } = work
    const known = programs.get(key)
    if (known) return known
    const program = orRefusal(() => compileKernel(this.ir, config, limits, options))
    programs.set(key, program)
    return program
  }

  /** What it takes to compile a config, and where the program is kept. */
  #work(config: Config, device: Device, call: CallArguments): Work | ConfigError {
    const { outputOriginLines: originLines } = this.definition.options.settings
    const limits = this.#limitsOf(device)
    const { programs } = this.#on(device)
    const even = orRefusal(() => evenBlocks(this.ir, config, limits, sizeEvaluator(call)))
    if (even instanceof ConfigError) return even
    return { limits, options: { originLines, even }, programs, key: `${config.hash} ${[...even].join()}` }
  }

  #limitsOf({ limits }: Device): DeviceLimits {
    const { persistentReservedSms } = this.definition.options.settings
    return { ...limits, computeUnits: Math.max(1, limits.computeUnits - persistentReservedSms) }
  }

  /** A config of the kernel with other values of its tunables: it may have other loops, loads and dots. */
  #fitted(config: Config, device: Device, call: CallArguments): Config {
    return this.specFor(call, device).normalize(config, 'repair')
  }

  /** Once for each program. */
  #print(config: Config, program: WgslProgram): void {
    if (this.#printed.has(program)) return
    this.#printed.add(program)
    for (const { label, wgsl } of program.dispatches) say(`// ${label}: ${config}\n${wgsl}`, 'info')
  }

  #specFor(call: CallArguments, device: Device): ConfigSpec {
    const input = configSpecInput(this.ir, device.limits, sizeEvaluator(call))
    const { ranges: tunables } = this.#variants
    return new ConfigSpec({ ...input, ...(this.#variants.areOpen && { tunables }) }, (config) => {
      const program = this.#program(config, device, call)
      return program instanceof ConfigError ? program : undefined
    })
  }

  #on(device: Device): PerDevice {
    let known = this.#devices.get(device)
    if (!known) {
      known = { spec: this.#specFor(this.traced, device), programs: new Map() }
      this.#devices.set(device, known)
    }
    return known
  }
}

/** A binding that is traced for this very call, apart from those that the kernel keeps. */
export function bindAlone(definition: KernelDefinition, call: CallArguments, self?: unknown): BoundKernel {
  const specs = argumentSpecs(call.values, definition.options.settings.staticShapes)
  return new BoundKernel(definition, call, baseKey(specs), self)
}

/**
 * A function that makes and keeps tensors when it first runs needs a trace more for each; one that makes them
 * anew in each trace would never end.
 */
const MOST_MADE = 32

/**
 * Traces again whenever the kernel turns out to use another tensor from around it. Throws AuthorError when
 * that does not end.
 */
function traceWithCaptured(
  known: readonly DeviceTensor[],
  request: TraceRequest,
): { readonly ir: KernelIr; readonly captured: readonly DeviceTensor[] } {
  const captured = [...known]
  const { latestId } = DeviceTensor
  for (;;) {
    try {
      return { ir: traceKernel({ ...request, captured: capturedSpecs(captured) }), captured }
    } catch (error) {
      if (!(error instanceof CaptureSignal) || !(error.tensor instanceof DeviceTensor)) throw error
      captured.push(error.tensor)
      if (captured.filter(({ id }) => id > latestId).length > MOST_MADE) throw madeInside(error)
    }
  }
}

function madeInside({ location }: CaptureSignal): AuthorError {
  return new AuthorError('a tensor is used in the kernel function that makes it', {
    location: location(),
    remedy: 'Make it with hl.empty, hl.zeros or hl.full, or make it once, outside of the function.',
  })
}

function openDevice(what: string): Device {
  const { device } = defaultStream()
  if (device) return device
  throw new UsageError(`${what} needs to know the device, which is not open yet`, {
    location: callSite(),
    remedy: 'Call `await getDevice()` first.',
  })
}
