/**
 * Elements of a tile value at computed positions: the tile is written to workgroup memory, where every thread
 * reads what its part of the result is made of.
 */
import { type BlockId, type GatherNode, ONE } from '../../ir/node.ts'
import { blockOf, extentOf } from '../../ir/tile_program.ts'
import type { DType } from '../../support/dtypes.ts'
import { sum } from '../../support/maths.ts'
import type { Layout } from '../layout/layout.ts'
import { isTile } from '../plan/tile_classes.ts'
import type { Lowering } from '../state/lowering.ts'
import { chunkRegisters, chunkWidth, element, named, type Registers } from '../state/registers.ts'
import type { Expr } from '../thread/expr.ts'
import type { MemoryArray } from '../thread/memory.ts'
import { typeOf } from '../thread/types.ts'
import { insideCondition, threadPart } from '../values/coordinates.ts'
import { fromMemory, toMemory } from '../values/memory_values.ts'
import { spreadTo, valueIn } from '../values/values.ts'

/** A tile in workgroup memory, row by row. */
interface StoredTile {
  readonly array: MemoryArray
  /** Elements from one position to the next along each block. */
  readonly strides: ReadonlyMap<BlockId, number>
}

/** A position along a block that is taken by index. */
interface Taken {
  readonly block: BlockId
  readonly positions: Registers
}

/** Which element of the result. */
interface Wanted {
  readonly layout: Layout
  readonly register: number
  readonly dtype: DType
}

/** `from` is the layout in which the operand is taken. */
export function lowerGather(lowering: Lowering, node: GatherNode, from: Layout): Registers {
  const { e, out } = lowering
  const { arg, along, index, type } = node
  const same = isTile(node) && underAnotherName(lowering, node)
  if (same) return same
  const tile = store(lowering, named(out, valueIn(lowering, arg, from), 'v'), limitsOf(lowering, node))
  const layout = isTile(node)
    ? (lowering.layouts.of(node) ?? lowering.layoutOfBlocks(type.axes))
    : lowering.scalarLayout
  const taken = index.map((position, i) => {
    const value = named(out, spreadTo(lowering, position, layout), 'index')
    return { block: arg.type.axes[along[i] ?? 0] ?? ONE, positions: value }
  })
  const chunks = chunkRegisters(layout).map((registers) => {
    const elements = registers.map((register) =>
      elementAt(lowering, tile, taken, { layout, register, dtype: type.dtype }),
    )
    return out.let('v', e.vector(elements, chunkWidth(layout)))
  })
  lowering.memory.release(tile.array)
  return { layout, dtype: type.dtype, chunks }
}

/**
 * A tile that becomes a whole dimension of its length, or comes of one: every thread has its elements
 * already. Undefined for other positions.
 */
function underAnotherName(lowering: Lowering, node: GatherNode): Registers | undefined {
  const { e, out, program } = lowering
  const [at = 0] = node.along
  const [from = ONE, to = ONE] = [node.arg.type.axes[at], node.type.axes[at]]
  if (!isOwnPosition(node, from, to) || extentOf(program, from) !== extentOf(program, to)) return undefined
  const layout = lowering.layouts.of(node) ?? lowering.layoutOfBlocks(node.type.axes)
  const source = layout.renamed(to, from)
  const value = named(out, valueIn(lowering, node.arg, source), 'v')
  if (!blockOf(program, from).ragged) return { ...value, layout }
  const chunks = chunkRegisters(layout).map((registers) => {
    const elements = registers.map((register) => {
      const inside = insideCondition(lowering, source, from, register)
      const own = element(e, value, register)
      return inside ? e.select(e.literal(0, node.type.dtype), own, inside) : own
    })
    return out.let('v', e.vector(elements, chunkWidth(layout)))
  })
  return { layout, dtype: node.type.dtype, chunks }
}

/** True where the position taken is that along the new block, counted from its first element. */
function isOwnPosition({ arg, along, index, type }: GatherNode, from: BlockId, to: BlockId): boolean {
  const [position] = index
  const isSameOtherwise =
    along.length === 1 &&
    type.axes.length === arg.type.axes.length &&
    type.axes.every((axis, i) => axis === (axis === to ? to : arg.type.axes[i]))
  if (from === ONE || to === ONE || !isSameOtherwise || position === undefined) return false
  if (position.kind === 'index') return position.block === to && from !== to
  const [counted, begin] = position.kind === 'map' && position.op === 'sub' ? position.args : []
  return (
    counted?.kind === 'index' &&
    counted.block === to &&
    begin?.kind === 'range' &&
    begin.block === to &&
    begin.what === 'begin'
  )
}

/**
 * Positions from 0 on that are read along blocks, where they are fewer than the tile has: those of a whole
 * range. All are powers of two.
 */
function limitsOf({ program }: Lowering, { arg, along, index }: GatherNode): ReadonlyMap<BlockId, number> {
  const limits = new Map<BlockId, number>()
  along.forEach((at, i) => {
    const [block = ONE, position] = [arg.type.axes[at], index[i]]
    if (block === ONE || position?.kind !== 'index') return
    const { kind, extent } = blockOf(program, position.block)
    if (kind === 'slice' && extent < extentOf(program, block)) limits.set(block, extent)
  })
  return limits
}

function store(lowering: Lowering, value: Registers, limits: ReadonlyMap<BlockId, number>): StoredTile {
  const { e, out, program, memory } = lowering
  const { layout, dtype } = value
  const strides = new Map<BlockId, number>()
  let length = 1
  for (const block of layout.blocks) {
    strides.set(block, length)
    length *= limits.get(block) ?? extentOf(program, block)
  }
  const array = memory.allocate('tile', typeOf(dtype, 1), length)
  const tile = { array, strides }
  const slot = out.early('slot', e.sum(threadTerms(lowering, tile, layout)))
  const phase = out.phase()
  const isRead = [...limits].map(([block, limit]) => {
    const lane = threadPart(lowering, layout, block)
    return lane && e.binary('<', lane, e.u32(limit))
  })
  out.if('some', e.all([lowering.isFirstCopy(layout.replicaMask), ...isRead].filter(isGiven)), () => {
    for (let register = 0; register < layout.size; register++) {
      if ([...limits].some(([block, limit]) => layout.registerOffset(register, block) >= limit)) continue
      const at = e.sum([slot], registerPart(tile, layout, register))
      out.store(array, at, toMemory(e, element(e, value, register), 1), phase)
    }
  })
  return tile
}

function elementAt(
  lowering: Lowering,
  tile: StoredTile,
  taken: readonly Taken[],
  { layout, register, dtype }: Wanted,
): Expr {
  const { e } = lowering
  const { array, strides } = tile
  const terms: Expr[] = []
  const conditions: Expr[] = []
  for (const { block, positions } of taken) {
    const at = e.convert('u32', element(e, positions, register))
    const inside = e.binary('<', at, insideOf(lowering, block))
    conditions.push(inside)
    terms.push(e.mul(e.select(e.u32(0), at, inside), e.u32(strides.get(block) ?? 0)))
  }
  const kept = { ...tile, strides: new Map([...strides].filter(([block]) => !isTaken(taken, block))) }
  const at = [...terms, ...threadTerms(lowering, kept, layout)]
  const value = fromMemory(e, e.read(array, e.sum(at, registerPart(kept, layout, register))), dtype)
  const isInside = e.all(conditions)
  return isInside ? e.select(e.literal(0, dtype), value, isInside) : value
}

function isGiven(condition: Expr | undefined): condition is Expr {
  return condition !== undefined
}

function isTaken(taken: readonly Taken[], block: BlockId): boolean {
  return taken.some((axis) => axis.block === block)
}

/** The thread's part of the place of an element. */
function threadTerms(lowering: Lowering, { strides }: StoredTile, layout: Layout): readonly Expr[] {
  const { e } = lowering
  return [...strides].flatMap(([block, stride]) => {
    const lane = threadPart(lowering, layout, block)
    return lane ? [e.mul(lane, e.u32(stride))] : []
  })
}

/** The register's part. */
function registerPart({ strides }: StoredTile, layout: Layout, register: number): number {
  return sum([...strides].map(([block, stride]) => layout.registerOffset(register, block) * stride))
}

/** Positions of the range within the tile. */
function insideOf(lowering: Lowering, block: BlockId): Expr {
  const { e, program } = lowering
  if (block === ONE) return e.u32(1)
  const { extent, ragged } = blockOf(program, block)
  const { begin, end } = lowering.place(block)
  return ragged ? e.call('min', e.sub(end, begin), e.u32(extent)) : e.u32(extent)
}
