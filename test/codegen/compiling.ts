/** Kernels compiled for a device that is made up: what each pass makes of them, without a GPU. */
import { type CompileOptions, compileKernel } from '../../src/codegen/compile.ts'
import { evenBlocks } from '../../src/codegen/plan/plan.ts'
import type { DeviceLimits, WgslProgram } from '../../src/codegen/program.ts'
import { configSpecInput } from '../../src/codegen/space/config_spec_of.ts'
import type { Config, ConfigInput } from '../../src/config/config.ts'
import { ConfigSpec } from '../../src/config/config_spec.ts'
import type { ConfigSpecInput } from '../../src/config/spec_input.ts'
import type { KernelIr } from '../../src/ir/kernel_ir.ts'
import type { BlockId } from '../../src/ir/node.ts'
import { printRegion } from '../../src/ir/print.ts'
import { evalSize, type Size } from '../../src/ir/size.ts'
import type { KernelFunction } from '../../src/language/trace/trace_kernel.ts'
import { ConfigError } from '../../src/support/errors.ts'
import { type Argument, tensorsIn, traced } from '../language/harness.ts'

export const LIMITS: DeviceLimits = {
  maxWorkgroupInvocations: 256,
  maxWorkgroupBytes: 32_768,
  maxWorkgroupsPerDimension: 65_535,
  maxStorageBindings: 8,
  maxBindingBytes: 2 ** 30,
  maxImmediateBytes: 64,
  subgroupSize: 32,
  subgroupMatrices: [],
  shaderF16: true,
  packedDots: true,
  software: false,
  computeUnits: 16,
  registerBudget: 256,
}

export class Compiled {
  readonly kernel: KernelIr
  readonly limits: DeviceLimits
  readonly input: ConfigSpecInput
  readonly spec: ConfigSpec
  readonly #sizeOf: (size: Size) => number

  /** Sizes are constants unless `dynamic`; those of the arguments are the ones at hand. */
  constructor(
    fn: KernelFunction,
    args: readonly Argument[],
    { dynamic = false, ...limits }: Partial<DeviceLimits> & { readonly dynamic?: boolean } = {},
  ) {
    this.kernel = traced(fn, args, { dynamic })
    this.limits = { ...LIMITS, ...limits }
    const hosts = args.flatMap(tensorsIn)
    this.#sizeOf = (size) => evalSize(size, ({ tensor, axis }) => hosts[tensor]?.shape[axis] ?? Number.NaN)
    this.input = configSpecInput(this.kernel, this.limits, this.#sizeOf)
    this.spec = new ConfigSpec(this.input, (config) => refusalOf(this.kernel, config, this.limits))
  }

  /** The default config with these fields changed. */
  config(changes: ConfigInput = {}): Config {
    return this.spec.normalize({ ...this.spec.defaultConfig().data, ...changes }, 'strict')
  }

  /** Throws ConfigError. */
  program(changes: ConfigInput = {}, options: CompileOptions = {}): WgslProgram {
    return compileKernel(this.kernel, this.config(changes), this.limits, options)
  }

  /** The blocks that need no masks at the sizes at hand, as a launch has it. */
  even(changes: ConfigInput = {}): ReadonlySet<BlockId> {
    return evenBlocks(this.kernel, this.config(changes), this.limits, this.#sizeOf)
  }

  wgsl(changes: ConfigInput = {}, options: CompileOptions = {}): string {
    return this.program(changes, options)
      .dispatches.map(({ wgsl }) => wgsl)
      .join('\n')
  }

  /** The printed IR of the (last) grid after the pass. */
  after(pass: string, changes: ConfigInput = {}): string {
    const texts = new Map<string, string>()
    this.program(changes, {
      onPass(name, { grids, blocks }) {
        texts.set(name, printRegion(grids.at(-1)?.body ?? [], blocks))
      },
    })
    const text = texts.get(pass)
    if (text === undefined) throw new Error(`no pass ${pass}; there are ${[...texts.keys()].join(', ')}`)
    return text
  }
}

/** Why the compiler refuses a config, if it does. */
export function refusalOf(kernel: KernelIr, config: Config, limits: DeviceLimits): ConfigError | undefined {
  try {
    compileKernel(kernel, config, limits)
    return undefined
  } catch (error) {
    if (error instanceof ConfigError) return error
    throw error
  }
}
