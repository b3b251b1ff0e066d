/** The language: what kernels are written in, and tracing, which turns them into the tile IR. */

export { type Hl, hl } from './hl.ts'
export type { TileOptions } from './loops/loops.ts'
export type { Tile } from './loops/tile.ts'
export { StaticAssertError } from './static_assert.ts'
export type { Dim, Shape, Tensor } from './tensors/tensor.ts'
export { type ArgumentSpec, divisibilityOf, type TensorArgument } from './trace/arguments.ts'
export { CaptureSignal } from './trace/captured.ts'
export { parameterNames, signatureOfFunction } from './trace/parameters.ts'
export { isTracing } from './trace/trace.ts'
export { type KernelFunction, type TraceRequest, traceKernel } from './trace/trace_kernel.ts'
export { Tunables } from './trace/tunables.ts'
export type { Accumulator, Operand, Ref, TileValue } from './values/value.ts'
