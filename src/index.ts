/**
 * The public names of the package, and the one place where kernels meet the ahead-of-time tuner.
 * Everything reachable from here loads in browsers too.
 */
/// <reference lib="esnext.disposable" preserve="true" />
import './runtime/webgpu_names.ts'

export { Config, type ConfigInput } from './config/config.ts'
export type { ConfigData, ConfigValue } from './config/value.ts'
export {
  type Accumulator,
  type Dim,
  type Hl,
  hl,
  type Operand,
  type Ref,
  type Tensor,
  type Tile,
  type TileOptions,
  type TileValue,
} from './language/index.ts'
export { getDevice, sync } from './runtime/default_device.ts'
export { type Device, hardwareId } from './runtime/device.ts'
export { arange, empty, full, ones, rand, randn, tensor, zeros } from './runtime/tensor_factories.ts'
export type { DType } from './support/dtypes.ts'
export {
  AdapterError,
  AuthorError,
  ConfigError,
  DataError,
  GpuError,
  HelionError,
  type SourceLocation,
  UsageError,
} from './support/errors.ts'
export type { Settings } from './support/settings.ts'
