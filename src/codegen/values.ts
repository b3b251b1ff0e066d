/**
 * Getting at values: as registers in the layout that the reader wants. What was lowered before is converted
 * when its layout differs; scalars are spread; index arithmetic is made afresh in any layout.
 */
import { type Node, ONE } from '../ir/node.ts'
import { isMultipleOf } from '../ir/size.ts'
import { operand } from '../ir/wgsl_text.ts'
import { isFloat } from '../support/dtypes.ts'
import { unreachable } from '../support/errors.ts'
import { basePosition, insideCondition, sumText } from './coordinates.ts'
import type { Layout } from './layout.ts'
import { convertLayout } from './lower_convert.ts'
import { castRegisters, mapRegisters } from './lower_map.ts'
import type { Lowering } from './lowering.ts'
import { type Chunk, chunkRegisters, named, type Registers, scalarOf, spread } from './registers.ts'
import { isTile } from './tile_classes.ts'
import { type Width, wgslType } from './wgsl_types.ts'

/** The value of `node` in `layout`. */
export function valueIn(lowering: Lowering, node: Node, layout: Layout): Registers {
  if (!isTile(node)) return scalarOf(layout, node.type.dtype, scalarText(lowering, node))
  const known = lowering.values.get(node)
  if (!known) return makeAfresh(lowering, node, layout)
  return known.layout.key === layout.key ? known : convertLayout(lowering, known, layout)
}

/** A scalar as an expression. */
export function scalarText(lowering: Lowering, node: Node): string {
  const known = lowering.values.get(node)
  if (known) return known.chunks[0]?.text ?? ''
  const { launch } = lowering
  switch (node.kind) {
    case 'constant':
      return lowering.helpers.literal(node.value, node.type.dtype)
    case 'size':
      return `i32(${launch.size(node.size)})`
    case 'argument':
      return launch.scalar(node.argument, node.type.dtype)
    case 'range':
      return rangeText(lowering, node.block, node.what)
    default:
      throw new Error(`the scalar ${node.kind} ${node.id} was not lowered`)
  }
}

/** True for nodes that are written where they are read instead of where they stand. */
export function isMadeAfresh(node: Node, lowering: Lowering): boolean {
  if (isTile(node)) return lowering.layouts.of(node) === undefined && node.kind !== 'loop'
  return node.kind === 'constant' || node.kind === 'size' || node.kind === 'argument' || node.kind === 'range'
}

function rangeText(lowering: Lowering, block: number, what: 'begin' | 'end' | 'id' | 'block_size'): string {
  const { begin, end, id } = lowering.place(block)
  const extent = lowering.bound.extent(block)
  switch (what) {
    case 'begin':
      return `i32(${begin})`
    case 'end':
      return lowering.bound.isRagged(block)
        ? `i32(min(${sumText([begin], extent)}, ${end}))`
        : `i32(${sumText([begin], extent)})`
    case 'id':
      return `i32(${id})`
    case 'block_size':
      return `${extent}i`
    default:
      return unreachable(what)
  }
}

function makeAfresh(lowering: Lowering, node: Node, layout: Layout): Registers {
  const { out } = lowering
  const hint = node.kind === 'inside' ? 'inside' : isFloat(node.type.dtype) ? 'v' : 'index'
  const value = freshValue(lowering, node, layout)
  const chunks = value.chunks.map((chunk) => ({ ...chunk, text: out.shared(hint, chunk.text) }))
  return { ...value, chunks }
}

function freshValue(lowering: Lowering, node: Node, layout: Layout): Registers {
  switch (node.kind) {
    case 'index':
      return indexRegisters(lowering, node.block, layout)
    case 'inside':
      return insideRegisters(lowering, node.block, layout)
    case 'map':
      return mapRegisters(
        lowering,
        node,
        layout,
        node.args.map((arg) => valueIn(lowering, arg, layout)),
      )
    case 'cast':
      return castRegisters(node, layout, valueIn(lowering, node.arg, layout))
    case 'view':
      return valueIn(lowering, node.arg, layout)
    case 'broadcast':
      return spreadTo(lowering, node.arg, layout)
    default:
      throw new Error(`the value ${node.kind} ${node.id} was not lowered`)
  }
}

/** `node`, which has some of the layout's blocks, repeated along the others. */
export function spreadTo(lowering: Lowering, node: Node, layout: Layout): Registers {
  if (!isTile(node)) return valueIn(lowering, node, layout)
  const blocks = new Set(node.type.axes.filter((axis) => axis !== ONE))
  const part = layout.restrict((block) => blocks.has(block))
  return spread(named(lowering.out, valueIn(lowering, node, part), 'row'), layout)
}

function indexRegisters(lowering: Lowering, block: number, layout: Layout): Registers {
  const base = lowering.out.shared('index', `i32(${basePosition(lowering, layout, block)})`)
  return { layout, dtype: 'i32', chunks: offsetChunks(layout, block, base, 'i32') }
}

/** `base` plus each register's own offset. */
function offsetChunks(layout: Layout, block: number, base: string, dtype: 'i32' | 'u32'): readonly Chunk[] {
  const suffix = dtype === 'i32' ? 'i' : 'u'
  return chunkRegisters(layout).map((registers) => {
    const offsets = registers.map((register) => layout.registerOffset(register, block))
    const first = offsets[0] ?? 0
    if (offsets.every((offset) => offset === first)) {
      return { text: first === 0 ? base : `${operand(base)} + ${first}${suffix}`, splat: true }
    }
    const vector = `${wgslType(dtype, offsets.length as Width)}(${offsets.join(', ')})`
    return { text: `${operand(base)} + ${vector}`, splat: false }
  })
}

function insideRegisters(lowering: Lowering, block: number, layout: Layout): Registers {
  const { bound } = lowering
  const { end } = bound.block(block)
  const positions = offsetChunks(layout, block, basePosition(lowering, layout, block), 'u32')
  const chunks = chunkRegisters(layout).map((registers, i): Chunk => {
    const position = positions[i]
    const run = registers.length
    const together = layout.contiguity(block) >= Math.log2(run) && end !== undefined && isMultipleOf(end, run)
    if (!position || position.splat || together) {
      const condition = insideCondition(lowering, layout, block, registers[0] ?? 0)
      return { text: condition ?? 'true', splat: true }
    }
    const limit = `${wgslType('u32', run as Width)}(${lowering.place(block).end})`
    return { text: `${operand(position.text)} < ${limit}`, splat: false }
  })
  return { layout, dtype: 'bool', chunks }
}
