/**
 * Getting at values: as registers in the layout that the reader wants. What was lowered before is converted
 * when its layout differs; scalars are spread; index arithmetic is made afresh in any layout.
 */
import { type MapNode, type Node, ONE, type PureNode, type RangeNode } from '../../ir/node.ts'
import { isPure } from '../../ir/node_rules.ts'
import { isMultipleOf } from '../../ir/size.ts'
import { blockOf } from '../../ir/tile_program.ts'
import { operandsOf } from '../../ir/traverse.ts'
import { isFloat } from '../../support/dtypes.ts'
import { unreachable } from '../../support/errors.ts'
import type { Layout } from '../layout/layout.ts'
import { isTile } from '../plan/tile_classes.ts'
import type { Lowering } from '../state/lowering.ts'
import { chunkRegisters, named, type Registers, scalarOf, spread } from '../state/registers.ts'
import type { Expr } from '../thread/expr.ts'
import type { Width } from '../thread/types.ts'
import { convertLayout } from './convert_layout.ts'
import { basePosition, insideCondition, threadPart } from './coordinates.ts'
import { castRegisters, inlineRegisters, mapRegisters } from './element_wise.ts'
import { exactDifference } from './packed_values.ts'

/** The value of `node` in `layout`. */
export function valueIn(lowering: Lowering, node: Node, layout: Layout): Registers {
  if (!isTile(node)) return scalarOf(layout, scalarValue(lowering, node))
  const known = lowering.values.get(node)
  if (!known) return makeAfresh(lowering, node, layout)
  return known.layout.key === layout.key ? known : convertLayout(lowering, known, layout)
}

/** A scalar as an expression. */
export function scalarValue(lowering: Lowering, node: Node): Expr {
  const known = lowering.values.get(node)?.chunks[0]
  if (known) return known
  const { launch, e } = lowering
  if (!isPure(node)) throw new Error(`the scalar ${node.kind} ${node.id} was not lowered`)
  switch (node.kind) {
    case 'constant':
      return e.literal(node.value, node.type.dtype)
    case 'size':
      return e.convert('i32', launch.size(node.size))
    case 'argument':
      return launch.scalar(node.argument, node.type.dtype)
    case 'range':
      return e.convert('i32', rangeValue(lowering, node))
    case 'index':
    case 'inside':
    case 'map':
    case 'inline':
    case 'cast':
    case 'view':
    case 'broadcast':
      throw new Error(`the scalar ${node.kind} ${node.id} was not lowered`)
    default:
      return unreachable(node)
  }
}

/** True for nodes that are written where they are read instead of where they stand. */
export function isMadeAfresh(node: Node, lowering: Lowering): boolean {
  if (isTile(node)) return lowering.layouts.of(node) === undefined && node.kind !== 'loop'
  return isPure(node) && operandsOf(node).length === 0
}

/** A fact about a block's tile, as u32. */
function rangeValue(lowering: Lowering, { block, what }: RangeNode): Expr {
  const { e, program } = lowering
  const { begin, end, id } = lowering.place(block)
  const { extent, ragged } = blockOf(program, block)
  switch (what) {
    case 'begin':
      return begin
    case 'end': {
      const last = e.sum([begin], extent)
      return ragged ? e.call('min', last, end) : last
    }
    case 'id':
      return id
    case 'block_size':
      return e.u32(extent)
    default:
      return unreachable(what)
  }
}

/** What an expression reads more than once is made once: everything of it is named in the same scope. */
function makeAfresh(lowering: Lowering, node: Node, layout: Layout): Registers {
  const { afresh } = lowering
  const made = afresh.current ?? new Map<string, Registers>()
  const key = `${node.id} ${layout.key}`
  const known = made.get(key)
  if (known) return known
  const outermost = afresh.current === undefined
  afresh.current = made
  const value = namedAfresh(lowering, node, layout)
  made.set(key, value)
  if (outermost) afresh.current = undefined
  return value
}

function namedAfresh(lowering: Lowering, node: Node, layout: Layout): Registers {
  const { out } = lowering
  const hint = node.kind === 'inside' ? 'inside' : isFloat(node.type.dtype) ? 'v' : 'index'
  if (!isPure(node)) throw new Error(`the value ${node.kind} ${node.id} was not lowered`)
  const value = pureValue(lowering, node, layout)
  return { ...value, chunks: value.chunks.map((chunk) => out.shared(hint, chunk)) }
}

/** The value of a node that needs nothing but its operands. */
export function pureValue(lowering: Lowering, node: PureNode, layout: Layout): Registers {
  switch (node.kind) {
    case 'constant':
    case 'size':
    case 'argument':
    case 'range':
      throw new Error(`the value ${node.kind} ${node.id} is not a tile`)
    case 'index':
      return indexRegisters(lowering, node.block, layout)
    case 'inside':
      return insideRegisters(lowering, node.block, layout)
    case 'map': {
      const args = node.args.map((arg) => valueIn(lowering, arg, layout))
      return mapRegisters(lowering, node, layout, args)
    }
    case 'inline': {
      const args = node.args.map((arg) => valueIn(lowering, arg, layout))
      return inlineRegisters(lowering, node, layout, args)
    }
    case 'cast':
      return castRegisters(lowering, node, valueIn(lowering, node.arg, layout))
    case 'view':
      return valueIn(lowering, node.arg, layout)
    case 'broadcast':
      return spreadTo(lowering, node.arg, layout)
    default:
      return unreachable(node)
  }
}

/** The difference of two values that are integers, and held exactly. */
export function differenceRegisters(lowering: Lowering, { args }: MapNode, layout: Layout): Registers {
  const { out } = lowering
  const [minuend, subtrahend] = args.map((arg) => valueIn(lowering, arg, layout))
  if (!minuend || !subtrahend) throw new Error('a difference has two operands')
  const away = named(out, subtrahend, 'v')
  const chunks = minuend.chunks.map((chunk, i) =>
    out.let('v', exactDifference(out, chunk, away.chunks[i] ?? chunk)),
  )
  return { ...minuend, chunks }
}

/** `node`, which has some of the layout's blocks, repeated along the others. */
export function spreadTo(lowering: Lowering, node: Node, layout: Layout): Registers {
  if (!isTile(node)) return valueIn(lowering, node, layout)
  const blocks = new Set(node.type.axes.filter((axis) => axis !== ONE))
  const part = layout.restrict((block) => blocks.has(block))
  return spread(lowering.e, named(lowering.out, valueIn(lowering, node, part), 'row'), layout)
}

function indexRegisters(lowering: Lowering, block: number, layout: Layout): Registers {
  const { e, out } = lowering
  const base = out.shared('index', e.convert('i32', basePosition(lowering, layout, block)))
  return { layout, dtype: 'i32', chunks: offsetChunks(lowering, layout, block, base) }
}

/** Positions along the block counted from the begin of the tile, i32. */
export function positionsInTile(lowering: Lowering, layout: Layout, block: number): Registers {
  const { e, out } = lowering
  const lane = threadPart(lowering, layout, block)
  const base = lane ? out.early('lane', e.convert('i32', lane)) : e.i32(0)
  return named(out, { layout, dtype: 'i32', chunks: offsetChunks(lowering, layout, block, base) }, 'at')
}

/** `base` plus each register's own offset along the block. */
function offsetChunks({ e }: Lowering, layout: Layout, block: number, base: Expr): readonly Expr[] {
  const { dtype } = base.type
  return chunkRegisters(layout).map((registers) => {
    const offsets = registers.map((register) => e.literal(layout.registerOffset(register, block), dtype))
    const [first] = offsets
    if (first && offsets.every((offset) => offset === first)) return e.add(base, first)
    return e.add(base, e.vector(offsets, offsets.length as Width))
  })
}

function insideRegisters(lowering: Lowering, block: number, layout: Layout): Registers {
  const { program, e } = lowering
  const { end } = blockOf(program, block)
  const positions = offsetChunks(lowering, layout, block, basePosition(lowering, layout, block))
  const chunks = chunkRegisters(layout).map((registers, i): Expr => {
    const position = positions[i]
    const run = registers.length
    const together = layout.contiguity(block) >= Math.log2(run) && end !== undefined && isMultipleOf(end, run)
    if (!position || position.type.width === 1 || together)
      return insideCondition(lowering, layout, block, registers[0] ?? 0) ?? e.literal(1, 'bool')
    return e.binary('<', position, e.splat(lowering.place(block).end, run as Width))
  })
  return { layout, dtype: 'bool', chunks }
}
