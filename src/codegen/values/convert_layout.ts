/**
 * Moving a value from one layout to another: by renaming registers when every thread already holds what it
 * needs, otherwise through workgroup memory, in vectors where both sides hold neighbours together, rows
 * padded against bank conflicts.
 */
import type { BlockId, Node } from '../../ir/node.ts'
import { extentOf } from '../../ir/tile_program.ts'
import { DTYPES } from '../../support/dtypes.ts'
import { product } from '../../support/maths.ts'
import { Layout } from '../layout/layout.ts'
import { isTile } from '../plan/tile_classes.ts'
import type { Lowering } from '../state/lowering.ts'
import {
  chunkRegisters,
  chunkWidth,
  compose,
  named,
  type Registers,
  spread,
  wholeChunk,
} from '../state/registers.ts'
import type { Expr } from '../thread/expr.ts'
import { literalOf } from '../thread/expressions.ts'
import type { MemoryArray } from '../thread/memory.ts'
import { typeOf, type Width } from '../thread/types.ts'
import { gatheredBits, threadPart } from './coordinates.ts'
import { fromMemory, toMemory } from './memory_values.ts'

/** Share of workgroup memory that parts of sums take at once. */
const MOST_FOR_SUMS = 0.75

/** `value` in `layout`, which spreads the same blocks. */
export function convertLayout(lowering: Lowering, value: Registers, layout: Layout): Registers {
  if (sameThreads(value.layout, layout)) return spread(lowering.e, named(lowering.out, value, 'v'), layout)
  return throughMemory(lowering, value, layout)
}

/** The value of `node` in the layout of its class. */
export function inHomeLayout(lowering: Lowering, node: Node, value: Registers): Registers {
  if (lowering.packedDots.isOfWords(node)) return value
  const home = isTile(node) ? lowering.layouts.of(node) : lowering.scalarLayout
  return !home || home.key === value.layout.key ? value : convertLayout(lowering, value, home)
}

/** A value that only the first of several copies holds, given to all of them. */
export function ofFirstCopies(lowering: Lowering, value: Registers): Registers {
  return value.layout.replicaMask === 0 ? value : throughMemory(lowering, value, value.layout)
}

function throughMemory(lowering: Lowering, value: Registers, layout: Layout): Registers {
  const transfer = planTransfer(lowering, value, layout)
  writeTile(lowering, value, transfer)
  const result = readTile(lowering, value, layout, transfer)
  lowering.memory.release(transfer.array)
  return result
}

/** `value`, of which threads along `block` hold parts, added up over them, in `layout`. */
export function sumThroughMemory(
  lowering: Lowering,
  value: Registers,
  block: BlockId,
  layout: Layout,
): Registers {
  const along = threadsAlong(value.layout, block)
  const count = 2 ** along.length
  const tile = { ...value, layout: value.layout.restrict((other) => other !== block) }
  const extents = [...tile.layout.blocks].map((other) => extentOf(lowering.program, other))
  const bytes = count * product(extents) * DTYPES[value.dtype].bytes
  if (count > 2 && bytes > lowering.bound.limits.maxWorkgroupBytes * MOST_FOR_SUMS)
    return sumThroughMemory(lowering, handedOver(lowering, value, block), block, layout)
  const transfer = planTransfer(lowering, tile, layout, count)
  const writers = lowering.isFirstCopy(value.layout.replicaMask)
  writeTile(lowering, tile, transfer, { number: gatheredBits(lowering, along), writers })
  const parts = Array.from({ length: count }, (_, i) =>
    readTile(lowering, tile, layout, transfer, lowering.e.u32(i)),
  )
  lowering.memory.release(transfer.array)
  return parts.reduce((total, part) => added(lowering, total, part))
}

/** The parts of half as many threads: the others hand theirs over, and have copies from then on. */
function handedOver(lowering: Lowering, value: Registers, block: BlockId): Registers {
  const { e, thread } = lowering
  const { layout } = value
  const along = threadsAlong(layout, block)
  const last = along.at(-1) ?? 0
  const tile = { ...value, layout: layout.restrict((other) => other !== block) }
  const number = gatheredBits(lowering, along.slice(0, -1))
  const transfer = planTransfer(lowering, tile, tile.layout, 2 ** (along.length - 1))
  const mask = e.u32(layout.replicaMask | (1 << last))
  const writers = e.binary('==', e.binary('&', thread, mask), e.u32(1 << last))
  writeTile(lowering, tile, transfer, { number, writers })
  const other = readTile(lowering, tile, tile.layout, transfer, number)
  lowering.memory.release(transfer.array)
  const threads = layout.threads.map((bit, i) => (i === last ? undefined : bit))
  return { ...added(lowering, tile, other), layout: new Layout(layout.registers, threads) }
}

function added({ out, e }: Lowering, a: Registers, b: Registers): Registers {
  const { layout, dtype } = a
  const chunks = a.chunks.map((_, i) => out.let('total', e.add(wholeChunk(e, a, i), wholeChunk(e, b, i))))
  return { layout, dtype, chunks }
}

/** Bits of a thread's number that are position bits along the block. */
function threadsAlong({ threads }: Layout, block: BlockId): readonly number[] {
  return threads.flatMap((bit, i) => (bit?.block === block ? [i] : []))
}

interface Transfer {
  /** Its elements are vectors along the first of the strides' blocks. */
  readonly array: MemoryArray
  /** Array elements of a whole tile; there may be several tiles, one behind the other. */
  readonly length: number
  /** Distance in array elements between neighbours along each block (between vectors along the first). */
  readonly strides: ReadonlyMap<BlockId, number>
  /** Undefined for tiles of one element, which belong to no block. */
  readonly fast: BlockId | undefined
}

function sameThreads(a: Layout, b: Layout): boolean {
  return a.threads.every((bit, i) => bit?.block === b.threads[i]?.block && bit?.bit === b.threads[i]?.bit)
}

/** Which of several tiles a thread writes, and which threads do; undefined for all. */
interface Part {
  readonly number: Expr
  readonly writers: Expr | undefined
}

function planTransfer(lowering: Lowering, value: Registers, layout: Layout, count = 1): Transfer {
  const blocks = [...value.layout.blocks]
  const together = (block: BlockId): number =>
    Math.min(value.layout.contiguity(block), layout.contiguity(block), 2)
  const fast = blocks.toSorted((a, b) => together(b) - together(a))[0]
  const width = (fast === undefined ? 1 : 2 ** together(fast)) as Width
  const strides = new Map<BlockId, number>()
  let length = 1
  for (const block of fast === undefined ? [] : [fast, ...blocks.filter((other) => other !== fast)]) {
    // One element of padding per row puts neighbouring rows into different banks.
    const stride = strides.size === 1 ? length + 1 : length
    strides.set(block, stride)
    length = (stride * extentOf(lowering.program, block)) / (block === fast ? width : 1)
  }
  const array = lowering.memory.allocate('exchange', typeOf(value.dtype, width), length * count)
  return { array, length, strides, fast }
}

function writeTile(lowering: Lowering, value: Registers, transfer: Transfer, part?: Part): void {
  const { out, e } = lowering
  const { array } = transfer
  const { width } = array.element
  const source = named(out, value, 'v')
  const phase = out.phase()
  const writers = part ? part.writers : lowering.isFirstCopy(value.layout.replicaMask)
  out.if('some', writers, () => {
    for (const registers of vectorRegisters(value.layout, width)) {
      const index = elementIndex(lowering, value.layout, transfer, registers[0] ?? 0, part?.number)
      out.store(array, index, toMemory(e, compose(e, source, registers), width), phase)
    }
  })
}

function readTile(
  lowering: Lowering,
  value: Registers,
  layout: Layout,
  transfer: Transfer,
  part?: Expr,
): Registers {
  const { out, e } = lowering
  const { array } = transfer
  const vectors = vectorRegisters(layout, array.element.width).map((registers) => {
    const read = e.read(array, elementIndex(lowering, layout, transfer, registers[0] ?? 0, part))
    return out.let('v', fromMemory(e, read, value.dtype))
  })
  const width = chunkWidth(layout)
  const perChunk = width / array.element.width
  const chunks = chunkRegisters(layout).map((_registers, chunk) =>
    e.vector(vectors.slice(chunk * perChunk, (chunk + 1) * perChunk), width),
  )
  return named(out, { layout, dtype: value.dtype, chunks }, 'v')
}

/** Register numbers in runs of `width`; the low register bits run along the fast block. */
function vectorRegisters(layout: Layout, width: Width): readonly (readonly number[])[] {
  return Array.from({ length: layout.size / width }, (_, i) =>
    Array.from({ length: width }, (_, j) => i * width + j),
  )
}

function elementIndex(
  lowering: Lowering,
  layout: Layout,
  transfer: Transfer,
  register: number,
  part: Expr = lowering.e.u32(0),
): Expr {
  const { e, out } = lowering
  const terms: Expr[] = []
  let constant = 0
  for (const [block, stride] of transfer.strides) {
    const unit = block === transfer.fast ? transfer.array.element.width : 1
    constant += (layout.registerOffset(register, block) / unit) * stride
    const lane = threadPart(lowering, layout, block)
    if (lane) terms.push(e.mul(e.div(lane, e.u32(unit)), e.u32(stride)))
  }
  const number = literalOf(part)
  if (number === undefined) terms.push(e.mul(part, e.u32(transfer.length)))
  else constant += number * transfer.length
  return e.sum([out.early('slot', e.sum(terms))], constant)
}
