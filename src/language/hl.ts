/**
 * The namespace `hl`: loops, creation, specialisation, and every tile method as a function. The names that make
 * sense for sizes (`add`, `mul`, `cdiv`, …) also take plain numbers and symbolic sizes.
 */
import { OP_NAMES } from '../ir/ops.ts'
import {
  arange,
  empty,
  emptyLike,
  type Full,
  full,
  type TileExtent,
  type Zeros,
  zeros,
  zerosLike,
} from './creation.ts'
import { cdivDim, type DimOperation, dimOperation, isDim, isDimOperation, nextPowerOf2Dim } from './dim.ts'
import { elementwise } from './elementwise.ts'
import type { ElementwiseMethods } from './elementwise_methods.ts'
import { type GridLoop, grid, staticRange, type TileLoop, tile } from './loops.ts'
import { type Specialize, specialize } from './specialize.ts'
import type { Dim, Tensor } from './tensor.ts'
import { tracing } from './trace.ts'
import type { Operand, ReduceOptions, TileValue } from './value.ts'
import './methods.ts'

type ElementwiseFunctions = {
  readonly [K in keyof ElementwiseMethods]: (
    first: Operand,
    ...rest: Parameters<ElementwiseMethods[K]>
  ) => TileValue
}

type SizeFunctions = {
  readonly [K in Exclude<DimOperation, 'cdiv'>]: {
    (a: number, b: number): Dim
    (a: Operand, b: Operand): TileValue
  }
}

type Elementwise = Omit<ElementwiseFunctions, keyof SizeFunctions> & SizeFunctions

const ELEMENTWISE = Object.fromEntries(
  OP_NAMES.map((op) => [op, (...operands: Operand[]) => onSizesOrTiles(op, operands)]),
) as unknown as Elementwise

/** What authors write in kernels beside methods of tensors and tiles. */
export interface Hl extends Elementwise {
  readonly tile: TileLoop
  readonly grid: GridLoop
  readonly staticRange: (end: number) => Iterable<number>
  readonly empty: (shape: readonly number[], dtype?: Tensor['dtype']) => Tensor
  readonly emptyLike: (like: Tensor, dtype?: Tensor['dtype']) => Tensor
  readonly zeros: Zeros
  readonly zerosLike: (like: Tensor, dtype?: Tensor['dtype']) => Tensor
  readonly full: Full
  readonly arange: (extent: TileExtent) => TileValue
  /** Makes a size, or a number or boolean among the arguments, a constant of every specialisation. */
  readonly specialize: Specialize
  /** ceil(a / b) of sizes. */
  readonly cdiv: (a: number, b: number) => Dim
  /** Smallest power of two that is at least `n`. */
  readonly nextPowerOf2: (n: number) => Dim
  readonly dot: (a: TileValue, b: TileValue) => TileValue
  readonly softmax: (value: TileValue, axis: number) => TileValue
  readonly logsumexp: (value: TileValue, axis: number, options?: ReduceOptions) => TileValue
  readonly clamp: (value: TileValue, low: Operand, high: Operand) => TileValue
}

export const hl: Hl = Object.freeze({
  ...ELEMENTWISE,
  tile,
  grid,
  staticRange,
  empty,
  emptyLike,
  zeros,
  zerosLike,
  full,
  arange,
  specialize,
  cdiv: cdivDim,
  nextPowerOf2: nextPowerOf2Dim,
  dot: (a: TileValue, b: TileValue) => a.dot(b),
  softmax: (value: TileValue, axis: number) => value.softmax(axis),
  logsumexp: (value: TileValue, axis: number, options?: ReduceOptions) => value.logsumexp(axis, options),
  clamp: (value: TileValue, low: Operand, high: Operand) => value.clamp(low, high),
})

function onSizesOrTiles(op: (typeof OP_NAMES)[number], operands: readonly Operand[]): TileValue | Dim {
  const [a, b] = operands
  if (isDimOperation(op) && isDim(a) && isDim(b)) return dimOperation(op, a, b)
  tracing(`hl.${op}`)
  return elementwise(op, operands)
}
