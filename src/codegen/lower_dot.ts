/**
 * Matrix products on FMA units. Both operands are written to workgroup memory with the contracted dimension
 * outermost, so that a thread reads its rows of one and its columns of the other as vectors, and adds their
 * outer product to its micro-tile, one position of the contracted dimension after the other.
 */
import { type BlockId, type DotNode, ONE } from '../ir/node.ts'
import { operand } from '../ir/wgsl_text.ts'
import { DTYPES, type DType, isFloat } from '../support/dtypes.ts'
import { sumText, threadPart } from './coordinates.ts'
import type { Layout } from './layout.ts'
import { convertText } from './lower_map.ts'
import type { Lowering } from './lowering.ts'
import {
  type Chunk,
  chunkRegisters,
  chunkText,
  chunkWidth,
  compose,
  named,
  type Registers,
  spread,
} from './registers.ts'
import { valueIn } from './values.ts'
import { storageType, type Width, wgslType } from './wgsl_types.ts'
import type { WorkgroupArray } from './workgroup_memory.ts'

/** An operand in workgroup memory: `depth` rows of vectors along its free block. */
interface Staged {
  readonly array: WorkgroupArray
  readonly dtype: DType
  readonly free: BlockId
  readonly width: Width
  /** Array elements from one position of the contracted block to the next. */
  readonly pitch: number
}

export interface DotOperands {
  readonly a: Registers
  readonly b: Registers
}

/** The operands in registers, each in the layout of its class. */
export function dotOperands(lowering: Lowering, node: DotNode): DotOperands {
  const operandIn = (value: DotNode['a']): Registers => {
    const layout = lowering.layouts.of(value) ?? lowering.layoutOfBlocks(value.type.axes)
    return named(lowering.out, valueIn(lowering, value, layout), 'v')
  }
  return { a: operandIn(node.a), b: operandIn(node.b) }
}

/**
 * `a · b + acc` in `layout`. `afterStaging` may emit code between the last write to workgroup memory and the
 * products: loads of the next round, which then overlap with them.
 */
export function lowerDot(
  lowering: Lowering,
  node: DotNode,
  layout: Layout,
  operands: DotOperands,
  afterStaging: () => void = () => {},
): Registers {
  const { out, memory } = lowering
  const [rows = ONE, depth = ONE] = node.a.type.axes
  const columns = node.b.type.axes[1] ?? ONE
  const a = plan(lowering, operands.a, rows, depth, layout)
  const b = plan(lowering, operands.b, columns, depth, layout)
  memory.beforeWrite(a.array, b.array)
  stage(lowering, a, operands.a, depth)
  stage(lowering, b, operands.b, depth)
  const acc = accumulator(lowering, node, layout)
  // The barrier comes before what may be emitted in between; the operands are read only after that.
  memory.beforeRead(a.array, b.array)
  afterStaging()
  memory.beforeRead(a.array, b.array)
  // In a layout with positions along the contracted block, each group of threads takes its part of it.
  const slices = layout.threads.filter((bit) => bit?.block === depth).length
  const count = (depth === ONE ? 1 : lowering.bound.extent(depth)) >> slices
  const k = out.fresh('k')
  out.block('rounds', `for (var ${k} = 0u; ${k} < ${count}u; ${k}++)`, () => {
    const at = { k, begin: slices === 0 ? undefined : threadPart(lowering, layout, depth) }
    const left = spread(fragment(lowering, a, layout, at, acc.dtype), layout)
    const right = spread(fragment(lowering, b, layout, at, acc.dtype), layout)
    acc.chunks.forEach(({ text }, i) => {
      const [x, y] = [chunkText(left, i), chunkText(right, i)]
      const product = isFloat(acc.dtype)
        ? `fma(${x}, ${y}, ${text})`
        : `${text} + ${operand(x)} * ${operand(y)}`
      out.line(`${text} = ${product};`)
    })
  })
  memory.release(a.array)
  memory.release(b.array)
  return acc
}

/** The variables that the product is added to: those of a loop's carried value when nobody else reads it. */
function accumulator(lowering: Lowering, node: DotNode, layout: Layout): Registers {
  const { out, values } = lowering
  const dtype = node.type.dtype
  const known = node.acc && values.get(node.acc)
  if (node.acc?.kind === 'phi' && known?.layout.key === layout.key && lowering.isUsedOnce(node.acc))
    return known
  const init = node.acc && valueIn(lowering, node.acc, layout)
  const width = chunkWidth(layout)
  const chunks = chunkRegisters(layout).map((_registers, i): Chunk => {
    const name = out.fresh('product')
    out.line(`var ${name} = ${init ? chunkText(init, i) : `${wgslType(dtype, width)}()`};`)
    return { text: name, splat: false }
  })
  return { layout, dtype, chunks }
}

/** Room for an operand, in vectors along its free block as wide as both sides hold together. */
function plan(lowering: Lowering, value: Registers, free: BlockId, depth: BlockId, result: Layout): Staged {
  const { memory, bound } = lowering
  const width = (2 ** Math.min(heldBits(value.layout, free), heldBits(result, free))) as Width
  const extent = free === ONE ? 1 : bound.extent(free)
  // Rows of an odd number of vectors put neighbouring positions of the contracted block into different banks.
  const contiguous = value.layout.contiguity(free) > 0
  const pitch = extent / width + (contiguous ? 0 : 1)
  const length = pitch * (depth === ONE ? 1 : bound.extent(depth))
  const type = storageType(value.dtype, width)
  const array = memory.allocate('operand', type, DTYPES[value.dtype].bytes * width, length)
  return { array, dtype: value.dtype, free, width, pitch }
}

/** Writes an operand to its place in workgroup memory. */
function stage(lowering: Lowering, staged: Staged, value: Registers, depth: BlockId): void {
  const { out, thread } = lowering
  const { array, width, free } = staged
  const type = storageType(value.dtype, width)
  const write = (): void => {
    for (const registers of vectorsAlong(value.layout, free, width)) {
      const index = stagedIndex(lowering, staged, value.layout, depth, registers[0] ?? 0)
      const { text, splat } = compose(value, registers)
      out.line(`${array.name}[${index}] = ${splat && width > 1 ? `${type}(${text})` : text};`)
    }
  }
  const replicas = value.layout.replicaMask
  if (replicas === 0) write()
  else out.block('some', `if ((${thread} & ${replicas}u) == 0u)`, write)
}

/** How many of the lowest position bits of a block a thread holds in registers, two at most. */
function heldBits(layout: Layout, block: BlockId): number {
  const held = (bit: number): boolean =>
    layout.registers.some((known) => known.block === block && known.bit === bit)
  return held(0) ? (held(1) ? 2 : 1) : 0
}

/** Registers grouped into vectors of `width` neighbours along `block`. */
function vectorsAlong(layout: Layout, block: BlockId, width: Width): readonly (readonly number[])[] {
  const low = Array.from({ length: Math.log2(width) }, (_, bit) =>
    layout.registers.findIndex((known) => known.block === block && known.bit === bit),
  )
  const mask = low.reduce((total, position) => total | (1 << position), 0)
  const starts = Array.from({ length: layout.size }, (_, register) => register).filter(
    (r) => (r & mask) === 0,
  )
  return starts.map((start) =>
    Array.from({ length: width }, (_, i) =>
      low.reduce((r, position, bit) => r | (((i >> bit) & 1) << position), start),
    ),
  )
}

function stagedIndex(
  lowering: Lowering,
  staged: Staged,
  layout: Layout,
  depth: BlockId,
  register: number,
): string {
  const { pitch, width, free } = staged
  const terms = [
    scaled(threadPart(lowering, layout, depth), pitch),
    divided(threadPart(lowering, layout, free), width),
  ].filter((text) => text !== undefined)
  const constant =
    layout.registerOffset(register, depth) * pitch + layout.registerOffset(register, free) / width
  return sumText([lowering.out.early('slot', sumText(terms))], constant)
}

/** A position along the contracted block: `k` from where the thread's part begins. */
interface Depth {
  readonly k: string
  readonly begin: string | undefined
}

/** What a thread needs of an operand at a position of the contracted block, in its part of the layout. */
function fragment(
  lowering: Lowering,
  staged: Staged,
  result: Layout,
  { k, begin }: Depth,
  dtype: DType,
): Registers {
  const { out } = lowering
  const layout = result.restrict((block) => block === staged.free)
  const lane = divided(threadPart(lowering, layout, staged.free), staged.width)
  const parts = [scaled(begin, staged.pitch), lane].filter((text) => text !== undefined)
  const own = parts.length > 1 ? [out.early('from', sumText(parts))] : parts
  const chunks = chunkRegisters(layout).map((registers): Chunk => {
    const pieces = Array.from({ length: registers.length / staged.width }, (_, i) => {
      const offset = layout.registerOffset(registers[i * staged.width] ?? 0, staged.free) / staged.width
      const index = sumText([scaled(k, staged.pitch) ?? k, ...own], offset)
      return `${staged.array.name}[${index}]`
    })
    const width = chunkWidth(layout)
    const whole =
      pieces.length === 1 ? (pieces[0] ?? '') : `${wgslType(staged.dtype, width)}(${pieces.join(', ')})`
    return {
      text: out.let('part', staged.dtype === dtype ? whole : convertText(whole, dtype, width)),
      splat: false,
    }
  })
  return { layout, dtype, chunks }
}

function scaled(text: string | undefined, factor: number): string | undefined {
  return text === undefined || factor === 1 ? text : `${operand(text)} * ${factor}u`
}

function divided(text: string | undefined, divisor: number): string | undefined {
  return text === undefined || divisor === 1 ? text : `${operand(text)} / ${divisor}u`
}
