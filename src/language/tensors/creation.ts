/**
 * `hl.empty`, `hl.zeros`, `hl.full` and their kin. Outside of loops they allocate a tensor; inside a loop
 * over tiles
 * `zeros` and `full` make an accumulator whose axes run along tiles or whole dimensions.
 */

import type { Axis, Block } from '../../ir/node.ts'
import { printSize, type Size } from '../../ir/size.ts'
import { callSite, lazyCallSite } from '../../support/call_site.ts'
import { AuthorError } from '../../support/errors.ts'
import { computeType, type StorageType } from '../../support/storage_types.ts'
import { shapeEntry } from '../loops/axis_sizes.ts'
import { distance } from '../loops/distance.ts'
import { type Bound, boundNode } from '../loops/loop_ranges.ts'
import { positions } from '../loops/loops.ts'
import { Tile } from '../loops/tile.ts'
import { describe } from '../trace/describe.ts'
import { type Trace, tracing } from '../trace/trace.ts'
import { TracedTensor } from '../trace/traced_tensor.ts'
import { broadcastTo, castTo, fitTo, requireDType } from '../trace/typing.ts'
import { toNode } from '../values/elementwise.ts'
import { shapeOf } from '../values/rearrange.ts'
import { Accumulator, type Operand, TileValue } from '../values/value.ts'
import { dimOperation, isDim, toDim, toSize } from './dim.ts'
import { wholeDimension } from './indexing.ts'
import { Range } from './range.ts'
import type { Tensor, WholeMethods } from './tensor.ts'

/**
 * One axis of an accumulator: a tile, or a number or size for a whole dimension (1 for an axis of one), also
 * as it is computed of block sizes.
 */
export type TileExtent = Tile | number | TileValue

/** A tensor with undefined contents, for the kernel to fill. */
export function empty(shape: readonly number[], dtype: StorageType = 'f32'): Tensor {
  return allocate('hl.empty', shape, dtype, undefined)
}

/** A tensor with the shape of `like`, and its dtype unless another is given. */
export function emptyLike(like: Tensor, dtype: StorageType = like.dtype): Tensor {
  return allocate('hl.emptyLike', like.shape, dtype, undefined)
}

/** Axes that both move, so that what comes of it stands for both, too. */
interface OtherAxes {
  unsqueeze(axis: number): Tensor & TileValue
  squeeze(axis: number): Tensor & TileValue
  permute(...axes: number[]): Tensor & TileValue
  transpose(a?: number, b?: number): Tensor & TileValue
  reshape(shape: readonly number[]): Tensor & TileValue
}

/** What stands for both: methods of views give both, the others are those of accumulators first. */
type TensorOrAccumulator = OtherAxes & Omit<Tensor, keyof WholeMethods> & Accumulator & WholeMethods

/** `full` on host sizes gives a tensor, on tiles an accumulator. */
export interface Full {
  (shape: readonly number[], value: number, dtype?: StorageType): TensorOrAccumulator
  (shape: readonly TileExtent[], value: Operand, dtype?: StorageType): Accumulator
}

export interface Zeros {
  (shape: readonly number[], dtype?: StorageType): TensorOrAccumulator
  (shape: readonly TileExtent[], dtype?: StorageType): Accumulator
}

export const full: Full = (shape: readonly TileExtent[], value: Operand, dtype: StorageType = 'f32') =>
  filled('hl.full', shape, value, dtype)

export const zeros: Zeros = (shape: readonly TileExtent[], dtype: StorageType = 'f32') =>
  filled('hl.zeros', shape, 0, dtype)

/** Like a tensor outside of loops, or like a tile value inside. */
export interface ZerosLike {
  (like: Tensor, dtype?: StorageType): Tensor
  (like: TileValue, dtype?: StorageType): Accumulator
}

export interface FullLike {
  (like: Tensor, value: number, dtype?: StorageType): Tensor
  (like: TileValue, value: Operand, dtype?: StorageType): Accumulator
}

export const zerosLike = ((like: Tensor | TileValue, dtype?: StorageType) =>
  filledLike('hl.zerosLike', like, 0, dtype)) as ZerosLike

export const fullLike = ((like: Tensor | TileValue, value: Operand, dtype?: StorageType) =>
  filledLike('hl.fullLike', like, value, dtype)) as FullLike

function filledLike(
  what: string,
  like: Tensor | TileValue,
  value: Operand,
  dtype: StorageType = like.dtype,
): Tensor | Accumulator {
  if (like instanceof TileValue) return filled(what, shapeOf(like), value, dtype)
  return allocate(what, like.shape, dtype, plainNumber(what, value))
}

/**
 * `hl.arange`: positions along a tile, or the numbers of a range along an axis of its own; i32. Outside of
 * loops the numbers are a tensor.
 */
export interface Arange {
  (tile: Tile): TileValue
  (end: number): TileValue & Tensor
  (end: TileValue): TileValue
  (begin: number, end: number): TileValue & Tensor
  (begin: Bound, end: Bound): TileValue
}

export function arange(from: TileExtent, to?: number | TileValue): TileValue {
  const trace = tracing('hl.arange')
  const [first, end] = [shapeEntry(trace, from), shapeEntry(trace, to)]
  if (end === undefined) return alongExtent(first)
  if (first instanceof Tile) {
    throw new AuthorError('hl.arange from a tile to an end', {
      location: callSite(),
      remedy: 'hl.arange(tile) are the positions of the tile; hl.arange(begin, end) takes numbers and sizes.',
    })
  }
  if (!isDim(first) || !isDim(end)) return between(trace, 'hl.arange', first as Bound, end as Bound)
  trace.guard('le', toSize(first, 'hl.arange'), toSize(end, 'hl.arange'), beginOf('hl.arange', first))
  const counted = alongExtent(dimOperation('sub', end, first))
  return first === 0 ? counted : counted.add(first)
}

/** `hl.range`: the positions of a part of a dimension, to read or to write them. */
export interface RangeOf {
  (end: number): Range
  (begin: Bound, end: Bound): Range
}

export const range: RangeOf = (first: Bound, second?: Bound): Range => {
  const trace = tracing('hl.range')
  const [begin, end] = [second === undefined ? 0 : first, second ?? first].map((bound) =>
    shapeEntry(trace, bound),
  ) as [Bound, Bound]
  if (!isDim(begin) || !isDim(end)) return new Range(between(trace, 'hl.range', begin, end), undefined)
  const [from, to] = [toSize(begin, 'hl.range'), toSize(end, 'hl.range')]
  trace.guard('le', 0, from, 'hl.range begins at position 0 or later')
  trace.guard('le', from, to, beginOf('hl.range', begin))
  return new Range(arange(begin, end), to)
}

/** The positions from one that the device computes to another, which are as many as the kernel says. */
function between(trace: Trace, what: string, begin: Bound, end: Bound): TileValue {
  const [first, last] = [
    boundNode(trace, begin, `a bound of ${what}`),
    boundNode(trace, end, `a bound of ${what}`),
  ]
  const length = distance(trace, first, last)
  if (length !== undefined) {
    trace.guard('le', 0, length, `${what} ends behind its begin`)
    return alongExtent(toDim(length)).add(new TileValue(trace, first))
  }
  throw new AuthorError(`${what} between positions of which nobody knows how far apart they are`, {
    location: callSite(),
    remedy:
      `Compute the end from the begin: ${what}(begin, begin.add(16)). Up to an end that the device ` +
      'computes there are loops, hl.tile(begin, end), and the positions of a tile are tile.index.',
  })
}

/** What is checked of a range: that it ends behind its begin. */
export function beginOf(what: string, begin: number): string {
  return `${what} begins at ${printSize(toSize(begin, what))}`
}

function alongExtent(extent: TileExtent): TileValue {
  const trace = tracing('hl.arange')
  if (extent === 1)
    return new TileValue(trace, broadcastTo(trace, trace.size(0), [trace.blocks.one()], 'hl.arange'))
  const block = extent instanceof Tile ? extent.block : blockOfSize(trace, extent as number)
  return positions(trace, block)
}

/** An accumulator inside a loop, a tensor outside. */
function filled(
  what: string,
  shape: readonly TileExtent[],
  value: Operand,
  dtype: StorageType,
): TensorOrAccumulator {
  const trace = tracing(what)
  requireDType(dtype, what)
  if (trace.insideLoop) {
    const axes = shape.map((extent) => axisOf(trace, extent))
    const type = computeType(dtype)
    const node = castTo(trace, toNode(trace, what, value, type), type)
    return new Accumulator(trace, fitTo(trace, node, axes, what, 'an accumulator')) as TensorOrAccumulator
  }
  const fill = plainNumber(what, value)
  const sizes = shape.map((extent) => (extent instanceof Tile ? refuseTile() : (extent as number)))
  return allocate(what, sizes, dtype, fill) as unknown as TensorOrAccumulator
}

function plainNumber(what: string, value: Operand): number {
  if (typeof value === 'number') return value
  throw new AuthorError(`${what} outside of loops needs a plain number, not ${describe(value)}`, {
    location: callSite(),
    remedy: 'A tensor is filled before the kernel runs; fill it with computed values in a loop over tiles.',
  })
}

function axisOf(trace: Trace, entry: TileExtent): Axis {
  const extent = shapeEntry(trace, entry)
  if (extent instanceof Tile) return extent.block.id
  if (extent === 1) return trace.blocks.one()
  if (isDim(extent)) return blockOfSize(trace, extent).id
  throw new AuthorError(`a shape holds ${describe(extent)}`, {
    location: callSite(),
    remedy: 'Each entry is a tile, a number or a size.',
  })
}

function blockOfSize(trace: Trace, extent: number): Block {
  return wholeDimension(trace, toSize(extent, 'a shape'))
}

function allocate(
  what: string,
  shape: readonly number[],
  dtype: StorageType,
  fill: number | undefined,
): TracedTensor {
  const trace = tracing(what)
  if (trace.insideLoop) {
    throw new AuthorError(`${what} inside a loop over tiles`, {
      location: callSite(),
      remedy: 'Allocate tensors before the loop; inside it, hl.zeros and hl.full make accumulators.',
    })
  }
  requireDType(dtype, what)
  return allocateIn(
    trace,
    shape.map((size) => tensorSize(size, what)),
    dtype,
    fill,
  )
}

/** A tensor of the kernel's own. */
export function allocateIn(
  trace: Trace,
  sizes: readonly Size[],
  dtype: StorageType,
  fill: number | undefined,
): TracedTensor {
  const id = trace.tensors.length
  const info = Object.freeze({ id, name: `local${id}`, dtype, shape: sizes, role: 'local', fill } as const)
  trace.tensors.push(info)
  trace.allocations.set(id, lazyCallSite())
  return new TracedTensor(info)
}

function tensorSize(value: number, what: string): Size {
  const size = toSize(value, what)
  if (typeof size !== 'number' || size >= 0) return size
  throw new AuthorError(`${what} with a dimension of ${size}`, {
    location: callSite(),
    remedy: 'Sizes are 0 or more.',
  })
}

function refuseTile(): never {
  throw new AuthorError('a tile in the shape of a tensor', {
    location: callSite(),
    remedy: 'Tensors have sizes; accumulators over tiles are made inside the loop.',
  })
}
