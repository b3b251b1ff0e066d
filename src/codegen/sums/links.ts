/**
 * Values that programs of one dispatch hand on to each other, and the operations on them. A value travels in
 * words that are zero until then, so that nothing needs to be ordered: a float in one, an integer in two,
 * half of its bits and a flag in each. Several programs may publish the same value; of floats they may even
 * disagree in the last bit, if a driver compiles two copies of a sum in two ways.
 */
import { constantTile, type RegionBuilder, sizeNode, tileType } from '../../ir/build.ts'
import { neutralOf } from '../../ir/neutral.ts'
import { type BlockId, NO_VALUE, type Node, type RangeNode } from '../../ir/node.ts'
import type { OpName } from '../../ir/ops.ts'
import { DTYPES, type DType, isFloat } from '../../support/dtypes.ts'
import { REDUCE_RULES } from '../analysis/reduce_rules.ts'
import type { PartialSum } from '../analysis/splittable_sums.ts'
import { type Places, placesOf, spread, withAxes } from './total_of_parts.ts'

/** One of the sums, and where programs publish what it comes to. */
export interface Link extends Omit<Places, 'shape'> {
  readonly sum: PartialSum
  readonly memory: number
}

const location = undefined
const [HALF, FLAG, LOW] = [16, 0x10000, 0xffff]
/** Bits of a NaN that no float has: they stand for zero, and another NaN for them. */
const [SPARE, OTHER] = [0x7fc0_1dea, 0x8000_0000]

/** Words that a value takes. */
export function wordsOf(dtype: DType): number {
  return isFloat(dtype) ? 1 : 2
}

/** Writes a value for all programs to see, at one place of the memory. */
export function publish(
  at: RegionBuilder,
  { tiles, axes, memory: tensor }: Link,
  place: Node,
  value: Node,
): void {
  const bits = asBits(at, withAxes(at, value, axes))
  encoded(at, bits, wordsOf(value.type.dtype)).forEach((word, i) => {
    const index = [sizeNode(at, i), place, ...placesOf(at, tiles, axes)]
    const type = { ...NO_VALUE, dtype: 'u32' } as const
    const access = { tensor, index, value: word, mask: undefined, expected: undefined }
    at.add({ kind: 'atomic', op: 'exchange', type, location, ...access })
  })
}

/** What is found in place of values, and where they are not there. */
export interface Awaited {
  readonly value: Node
  readonly isMissing: Node
}

/** The values at places along a block, where the mask holds. */
export function awaited(
  at: RegionBuilder,
  { sum, tiles, axes: own, memory: tensor }: Link,
  along: BlockId,
  place: Node,
  isWanted: Node,
): Awaited {
  const axes = [along, ...own]
  const type = tileType('u32', axes)
  const mask = spread(at, isWanted, axes)
  const { dtype } = sum.type
  const words = Array.from({ length: wordsOf(dtype) }, (_, i): Node => {
    const index = [sizeNode(at, i), place, ...placesOf(at, tiles, own)]
    const value = constantTile(at, { type, location }, 0)
    const access = { tensor, index, value, mask, expected: undefined }
    return at.add({ kind: 'atomic', op: 'await', type, location, ...access })
  })
  const all = words.reduce((a, b) => mapped(at, 'bitAnd', a, b))
  const isMissing = mapped(at, 'and', mask, withNumber(at, 'eq', all, 0))
  return { value: fromBits(at, dtype, decoded(at, words)), isMissing }
}

/** Words that are not zero, and if there are two keep a bit in common. */
function encoded(at: RegionBuilder, bits: Node, words: number): readonly Node[] {
  if (words === 1) {
    const word = withNumber(at, 'bitXor', bits, SPARE)
    return [mapped(at, 'where', withNumber(at, 'eq', word, 0), constantTile(at, word, OTHER), word)]
  }
  const halves = [withNumber(at, 'shr', bits, HALF), withNumber(at, 'bitAnd', bits, LOW)]
  return halves.map((half) => withNumber(at, 'bitOr', half, FLAG))
}

function decoded(at: RegionBuilder, [first, second]: readonly Node[]): Node {
  if (!first) throw new Error('a value without words')
  if (!second) return withNumber(at, 'bitXor', first, SPARE)
  return mapped(at, 'bitOr', withNumber(at, 'shl', first, HALF), withNumber(at, 'bitAnd', second, LOW))
}

/** Of what is smaller than a word, the bits of the same number in 32. */
const WIDE = 'f32'

function asBits(at: RegionBuilder, value: Node): Node {
  const { axes, dtype } = value.type
  const wide = isSmall(dtype) ? cast(at, value, tileType(WIDE, axes), false) : value
  return wide.type.dtype === 'u32' ? wide : cast(at, wide, tileType('u32', axes), true)
}

function fromBits(at: RegionBuilder, dtype: DType, bits: Node): Node {
  const { axes } = bits.type
  if (dtype === 'u32') return bits
  if (!isSmall(dtype)) return cast(at, bits, tileType(dtype, axes), true)
  return cast(at, cast(at, bits, tileType(WIDE, axes), true), tileType(dtype, axes), false)
}

function isSmall(dtype: DType): boolean {
  return DTYPES[dtype].bytes < DTYPES[WIDE].bytes
}

function cast(at: RegionBuilder, arg: Node, type: Node['type'], bits: boolean): Node {
  return at.add({ kind: 'cast', type, location, arg, bits })
}

function withNumber(at: RegionBuilder, op: OpName, value: Node, number: number): Node {
  return mapped(at, op, value, constantTile(at, value, number))
}

const COMPARISONS: readonly OpName[] = ['eq', 'lt']

/** An operation on values of equal axes, or scalars. */
export function mapped(at: RegionBuilder, op: OpName, ...args: readonly Node[]): Node {
  const last = args.at(-1)
  const axes = args.find(({ type }) => type.axes.length > 0)?.type.axes ?? []
  const dtype = COMPARISONS.includes(op) ? 'bool' : (last?.type.dtype ?? 'i32')
  return at.add({ kind: 'map', type: tileType(dtype, axes), location, op, args })
}

/** Both combined as the sum does. */
export function joined(at: RegionBuilder, { sum }: Link, a: Node, b: Node): Node {
  return mapped(at, REDUCE_RULES[sum.op].map, a, b)
}

/** The value of a tile along some block that changes nothing. */
export function neutralTile(at: RegionBuilder, { sum, axes }: Link, along: BlockId): Node {
  const { dtype } = sum.type
  const type = tileType(dtype, [along, ...axes])
  return constantTile(at, { type, location }, neutralOf(sum.op, dtype))
}

/** The tile where a mask along its first axis holds, and what changes nothing elsewhere. */
export function only(at: RegionBuilder, { sum }: Link, tile: Node, mask: Node): Node {
  const { dtype, axes } = tile.type
  const neutral = constantTile(at, { type: tileType(dtype), location }, neutralOf(sum.op, dtype))
  return mapped(at, 'where', spread(at, mask, axes), tile, neutral)
}

/** The tile without its first axis, with the axes of the sum. */
export function reduced(at: RegionBuilder, { sum }: Link, arg: Node): Node {
  const type = tileType(arg.type.dtype, arg.type.axes.slice(1))
  return withAxes(at, at.add({ kind: 'reduce', type, location, op: sum.op, arg, axis: 0 }), sum.type.axes)
}

/** The first position along a block at which the tile holds anywhere; `end` if there is none. */
export function firstWhere(at: RegionBuilder, tile: Node, position: Node, end: Node): Node {
  let value = mapped(at, 'where', tile, spread(at, position, tile.type.axes), end)
  while (value.type.axes.length > 0) {
    const type = tileType('i32', value.type.axes.slice(1))
    value = at.add({ kind: 'reduce', type, location, op: 'min', arg: value, axis: 0 })
  }
  return value
}

/** Where the tile of a block begins. */
export function beginOf(at: RegionBuilder, block: BlockId): RangeNode {
  return at.add({ kind: 'range', type: tileType('i32'), location, block, what: 'begin' })
}
