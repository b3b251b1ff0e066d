/**
 * A kernel bound to one specialisation: its traced program, the search space on each device, and what
 * configs compile to. Serves every call with the same dtypes, ranks and classes of sizes.
 */
import { evenBlocks } from '../codegen/bound_config.ts'
import { compileKernel } from '../codegen/compile.ts'
import { configSpecInput } from '../codegen/config_spec_of.ts'
import type { WgslProgram } from '../codegen/program.ts'
import { Config } from '../config/config.ts'
import { ConfigSpec } from '../config/config_spec.ts'
import type { KernelIr } from '../ir/kernel_ir.ts'
import type { BlockId } from '../ir/node.ts'
import { printKernel } from '../ir/print.ts'
import { type KernelFunction, traceKernel } from '../language/index.ts'
import { defaultStream } from '../runtime/default_device.ts'
import type { Device } from '../runtime/device.ts'
import { callSite } from '../support/call_site.ts'
import { ConfigError, UsageError } from '../support/errors.ts'
import { warnOnce } from '../support/log.ts'
import { nodeProcess } from '../support/node.ts'
import { sha16 } from '../support/stable.ts'
import { argumentSpecs, type CallArguments } from './call_arguments.ts'
import type { KernelDefinition } from './definition.ts'
import { sizeEvaluator } from './launch_plan.ts'
import type { ConfigLike } from './options.ts'
import { baseKey, extraKey, matches } from './specialization.ts'

interface PerDevice {
  readonly spec: ConfigSpec
  readonly programs: Map<string, WgslProgram | ConfigError>
}

/** Once per line; silent where `ignoreWarnings` names it. */
function warnOfUnused({ options }: KernelDefinition, text: string): void {
  const name = 'UnusedValueWarning'
  if (!options.settings.ignoreWarnings.includes(name)) warnOnce(`${name} ${text}`, `helion-aot: ${text}`)
}

export class BoundKernel {
  readonly definition: KernelDefinition
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
  #irHash: string | undefined

  constructor(definition: KernelDefinition, call: CallArguments, base: string, self?: unknown) {
    this.definition = definition
    this.traced = call
    this.self = self
    this.ir = traceKernel({
      name: definition.name,
      fn: definition.fn as KernelFunction,
      args: argumentSpecs(call.values, definition.options.settings.staticShapes),
      self,
      location: definition.location,
      warn: (text) => warnOfUnused(definition, text),
    })
    this.key = `${base} ${extraKey(this.ir, call)}`
  }

  /** True when this binding serves the call; its base key is known to be equal. */
  serves(call: CallArguments): boolean {
    return matches(this.ir, this.traced, call)
  }

  /** Changes with what the kernel does, not with how it is written. */
  get irHash(): string {
    this.#irHash ??= sha16(printKernel(this.ir))
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
    return new ConfigSpec(configSpecInput(this.ir, device.limits, sizeEvaluator(call)))
  }

  /**
   * The program of a complete config for a call, compiled once for all calls whose sizes the same blocks
   * divide. Throws ConfigError when it cannot be built.
   */
  compile(config: Config, device: Device, call: CallArguments = this.traced): WgslProgram {
    const { programs } = this.#on(device)
    const even = evenBlocks(this.ir, config, device.limits, sizeEvaluator(call))
    const key = `${config.hash} ${[...even].join()}`
    let program = programs.get(key)
    if (!program) {
      program = this.#compile(config, device, even)
      programs.set(key, program)
    }
    if (program instanceof ConfigError) throw program
    return program
  }

  /** The config for the sizes of a call when nothing better is known. */
  defaultConfig(call: CallArguments = this.traced, device: Device = openDevice('defaultConfig')): Config {
    return this.specFor(call, device).defaultConfig()
  }

  /**
   * The WGSL of all dispatches, for the sizes of a call. The config in use, or else the default one, unless
   * another is given.
   */
  toWgsl(
    config?: ConfigLike,
    call: CallArguments = this.traced,
    device: Device = openDevice('toWgsl'),
  ): string {
    const spec = this.specFor(call, device)
    const given = config ?? this.#config ?? spec.defaultConfig()
    return this.compile(spec.normalize(given, 'strict'), device, call)
      .dispatches.map(({ wgsl }) => wgsl)
      .join('\n')
  }

  #compile(config: Config, device: Device, even: ReadonlySet<BlockId>): WgslProgram | ConfigError {
    const { persistentReservedSms, outputOriginLines, printOutputCode } = this.definition.options.settings
    const computeUnits = Math.max(1, device.limits.computeUnits - persistentReservedSms)
    try {
      const limits = { ...device.limits, computeUnits }
      const program = compileKernel(this.ir, config, limits, { originLines: outputOriginLines, even })
      if (printOutputCode) {
        for (const { label, wgsl } of program.dispatches)
          nodeProcess?.stderr.write(`// ${label}: ${config}\n${wgsl}\n`)
      }
      return program
    } catch (error) {
      if (error instanceof ConfigError) return error
      throw error
    }
  }

  #on(device: Device): PerDevice {
    let known = this.#devices.get(device)
    if (!known) {
      const sizeOf = sizeEvaluator(this.traced)
      known = { spec: new ConfigSpec(configSpecInput(this.ir, device.limits, sizeOf)), programs: new Map() }
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

function openDevice(what: string): Device {
  const { device } = defaultStream()
  if (device) return device
  throw new UsageError(`${what} needs to know the device, which is not open yet`, {
    location: callSite(),
    remedy: 'Call `await getDevice()` first.',
  })
}
