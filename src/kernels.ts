/**
 * Public names for writing and calling kernels, and the one place where kernels meet the tuners, which load
 * when the first search begins.
 */
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
export { arange, empty, full, ones, rand, randn, tensor, zeros } from './runtime/tensor/tensor_factories.ts'
export { doBench, doBenchTogether } from './runtime/timing/do_bench.ts'
export type { Timing, TimingOptions } from './runtime/timing/timing.ts'
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
