/**
 * Random numbers that depend on the seed and the position alone, so that they are the same for every config
 * and device: Philox4x32-10 (Salmon, Moraes, Dror and Shaw, "Parallel random numbers: as easy as 1, 2, 3",
 * 2011), counted by the position in the whole shape, with the seed as key.
 */
import { shapeEntry } from '../loops/axis_sizes.ts'
import { Tile } from '../loops/tile.ts'
import { arange, type TileExtent } from '../tensors/creation.ts'
import { toSize } from '../tensors/dim.ts'
import { type Trace, tracing } from '../trace/trace.ts'
import { toNode } from './elementwise.ts'
import { type Operand, TileValue } from './value.ts'

const MULTIPLIERS = [0xd2511f53, 0xcd9e8d57] as const
const KEY_STEPS = [0x9e3779b9, 0xbb67ae85] as const
const ROUNDS = 10
const MANTISSA_BITS = 24
const HALF_BITS = 16
const HALF = 0xffff

export interface RandOptions {
  /** Which numbers of the seed's sequence, as integers, instead of the positions in the shape: write []. */
  readonly offsets?: Operand
}

/** Uniform f32 from 0 up to but not including 1, over tiles and sizes. */
export function rand(seed: Operand, shape: readonly TileExtent[], options: RandOptions = {}): TileValue {
  const word = philox('hl.rand', seed, shape, options)
  return word
    .shr(32 - MANTISSA_BITS)
    .to('f32')
    .mul(2 ** -MANTISSA_BITS)
}

/** Uniform i32 from `low` up to but not including `high`, over tiles and sizes. */
export function randint(
  seed: Operand,
  shape: readonly TileExtent[],
  low: Operand,
  high: Operand,
  options: RandOptions = {},
): TileValue {
  const trace = tracing('hl.randint')
  const [from, to] = [asInteger(trace, low), asInteger(trace, high)]
  const count = to.sub(from).bitcast('u32')
  return from.add(philox('hl.randint', seed, shape, options).mod(count).bitcast('i32'))
}

function philox(
  what: string,
  seed: Operand,
  shape: readonly TileExtent[],
  { offsets }: RandOptions,
): TileValue {
  const trace = tracing(what)
  const u32 = (value: number): TileValue => new TileValue(trace, trace.constant(value, 'u32'))
  const zero = u32(0)
  const first = offsets === undefined ? positionIn(trace, shape) : asInteger(trace, offsets).bitcast('u32')
  let counter: readonly TileValue[] = [first, zero, zero, zero]
  let keys: readonly TileValue[] = [asInteger(trace, seed).bitcast('u32'), zero]
  for (let round = 0; round < ROUNDS; round++) {
    const [a = zero, b = zero, c = zero, d = zero] = counter
    const [x = zero, y = zero] = keys
    const [one, two] = [u32(MULTIPLIERS[0]), u32(MULTIPLIERS[1])]
    counter = [
      highHalf(c, two).bitXor(b).bitXor(x),
      c.mul(two),
      highHalf(a, one).bitXor(d).bitXor(y),
      a.mul(one),
    ]
    keys = [x.add(u32(KEY_STEPS[0])), y.add(u32(KEY_STEPS[1]))]
  }
  return counter[0] ?? zero
}

/** The upper 32 bits of the product of two u32, by halves. */
function highHalf(a: TileValue, b: TileValue): TileValue {
  const [a0, a1] = [a.bitAnd(HALF), a.shr(HALF_BITS)]
  const [b0, b1] = [b.bitAnd(HALF), b.shr(HALF_BITS)]
  const middle = a1.mul(b0).add(a0.mul(b0).shr(HALF_BITS))
  const low = middle.bitAnd(HALF).add(a0.mul(b1))
  return a1.mul(b1).add(middle.shr(HALF_BITS)).add(low.shr(HALF_BITS))
}

/** The number of each element, row by row over the whole ranges; u32, and wraps. */
function positionIn(trace: Trace, shape: readonly TileExtent[]): TileValue {
  let position = new TileValue(trace, trace.constant(0, 'u32'))
  for (const extent of shape) {
    const index = arange(extent).to('u32')
    const rows = position.ndim === 0 ? undefined : position.unsqueeze(-1)
    position = rows ? rows.mul(lengthOf(trace, extent)).add(index) : index
  }
  return position
}

function lengthOf(trace: Trace, extent: TileExtent): TileValue {
  const size =
    extent instanceof Tile
      ? (extent.last ?? extent.block.size)
      : toSize(shapeEntry(trace, extent) as number, 'hl.rand')
  return new TileValue(trace, trace.size(size)).to('u32')
}

function asInteger(trace: Trace, value: Operand): TileValue {
  const node = value instanceof TileValue ? value.nodeIn(trace) : toNode(trace, 'hl.rand', value, 'i32')
  return new TileValue(trace, node).to('i32')
}
