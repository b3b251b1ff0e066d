/**
 * What the compiler says of configs of this package's own kernels on an NVIDIA H200, without one: the facts
 * that records of a sweep would hold.
 */
import { toldFacts } from '../src/aot/facts/facts_of_call.ts'
import type { ToldFacts } from '../src/aot/facts/told_facts.ts'
import { compileKernel } from '../src/codegen/compile.ts'
import { kernelFacts } from '../src/codegen/facts.ts'
import type { DeviceLimits } from '../src/codegen/program.ts'
import { Config } from '../src/config/config.ts'
import type { ConfigData } from '../src/config/value.ts'
import type { Features } from '../src/heuristics/features.ts'
import { evalSize, type Size } from '../src/ir/size.ts'
import type { KernelFunction } from '../src/language/trace/trace_kernel.ts'
import { ConfigError } from '../src/support/errors.ts'
import { Compiled } from '../test/codegen/compiling.ts'
import { DEVICES } from '../test/codegen/devices.ts'
import type { Argument, HostArgument } from '../test/language/harness.ts'
import { exampleOf } from './hand_configs.ts'

const KERNELS = {
  own_matmul: await exampleOf('matmul', 'matmul'),
  own_decode_attention: await exampleOf('decode_attention', 'decodeAttention'),
  own_int4_linear: await exampleOf('int4_linear', 'int4Linear'),
}

/** Its matrix units, and all that it may hold: configs were measured that a later budget refuses. */
const H200: Partial<DeviceLimits> = {
  ...DEVICES.H200,
  registerBudget: 255,
  maxStorageBindings: 16,
  maxBindingBytes: 2 ** 32,
  subgroupMatrices: (['f32', 'f16'] as const).map((result) => {
    return { m: 16, n: 16, k: 16, operand: 'f16', result }
  }),
}

/** By config; undefined where it cannot be built. `call` holds the arguments as modules take them. */
export function ownFacts(
  name: string,
  call: readonly unknown[],
  features: Features,
  configs: readonly ConfigData[],
): readonly (ToldFacts | undefined)[] {
  const args = call.map((arg) => {
    return typeof arg === 'object' ? { ...arg, dynamic: undefined, data: [] } : arg
  }) as Argument[]
  const tensors = args.flatMap((arg, position) => {
    return typeof arg === 'object' ? [{ ...(arg as HostArgument), position }] : []
  })
  const fn = KERNELS[name as keyof typeof KERNELS].definition.fn as KernelFunction
  const compiled = new Compiled(fn, args, {
    dynamic: true,
    ...H200,
  })
  const { kernel, limits, spec } = compiled
  const sizeOf = (size: Size) =>
    evalSize(size, ({ tensor, axis }) => tensors[tensor]?.shape[axis] ?? Number.NaN)
  const positions = tensors.map(({ position }) => position)
  return configs.map((data) => {
    try {
      const config = spec.normalize(data, 'strict')
      const program = compileKernel(kernel, config, limits, { even: compiled.even(data) })
      const request = { config, asked: new Config(data), compiled: program, sizeOf }
      return toldFacts(kernelFacts(kernel, limits, request), positions, features)
    } catch (error) {
      if (error instanceof ConfigError) return undefined
      throw error
    }
  })
}
