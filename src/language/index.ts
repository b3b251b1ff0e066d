/** The language: what kernels are written in, and tracing, which turns them into the tile IR. */
export { type ArgumentSpec, divisibilityOf, type TensorArgument } from './arguments.ts'
export { type Hl, hl } from './hl.ts'
export type { TileOptions } from './loops.ts'
export type { Dim, Shape, Tensor } from './tensor.ts'
export type { Tile } from './tile.ts'
export { isTracing } from './trace.ts'
export { type KernelFunction, parameterNames, traceKernel } from './trace_kernel.ts'
export type { Accumulator, Operand, Ref, TileValue } from './value.ts'
