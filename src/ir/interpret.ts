/**
 * The reference interpreter: runs a traced kernel on the CPU, program by program. Slow and plain on purpose;
 * it is the truth that compiled kernels are checked against, in tests and before a config may win a search.
 */
import { DTYPES } from '../support/dtypes.ts'
import { unreachable } from '../support/errors.ts'
import { cdiv, product } from '../support/maths.ts'
import {
  bitcast,
  cast,
  dot,
  forEachOffset,
  gatherAxes,
  map,
  reduce,
  roundTo,
  rowMajorStrides,
  scalar,
  type Value,
} from './interpret_values.ts'
import type { Grid, KernelIr } from './kernel_ir.ts'
import {
  type AtomicNode,
  type AtomicOp,
  type Axis,
  type Block,
  type LoopNode,
  type Node,
  ONE,
  type Region,
} from './node.ts'
import { evalSize, type Size, type SizeSymbol } from './size.ts'

/** A tensor on the host. f16 elements are held as numbers, bool as 0 and 1. */
export interface HostTensor {
  readonly shape: readonly number[]
  /** What symbols of this tensor stand for, by axis; its shape unless given. */
  readonly sizes?: readonly number[] | undefined
  readonly data: { [index: number]: number; readonly length: number }
}

export interface InterpretOptions {
  /** Elements per tile of a block; the default takes the whole range as one tile. */
  readonly extentOf?: (block: Block) => number | undefined
  /** Which programs of a grid to run, from 0 in row-major order of tiles; the default is all. */
  readonly programs?: (grid: number, count: number) => Iterable<number>
  /** Called for every element written. */
  readonly onWrite?: (tensor: number, position: number) => void
}

/**
 * Runs `kernel` on `tensors` (by id; local ones included, they are filled here) and `scalars`, in place.
 * Positions outside a tensor read as zero and are not written.
 */
export function interpretKernel(
  kernel: KernelIr,
  tensors: readonly HostTensor[],
  scalars: readonly number[],
  options: InterpretOptions = {},
): void {
  const symbolValue = (symbol: SizeSymbol): number => {
    const tensor = tensors[symbol.tensor]
    return (tensor?.sizes ?? tensor?.shape)?.[symbol.axis] ?? 0
  }
  for (const { id, dtype, fill } of kernel.tensors) {
    const tensor = tensors[id]
    if (fill === undefined || !tensor) continue
    for (let i = 0; i < tensor.data.length; i++) tensor.data[i] = DTYPES[dtype].round(fill)
  }
  kernel.grids.forEach((grid, number) => {
    new Interpreter(kernel, tensors, scalars, symbolValue, options).grid(grid, number)
  })
}

interface Span {
  readonly begin: number
  readonly length: number
  readonly id: number
  readonly extent: number
}

class Interpreter {
  readonly #kernel: KernelIr
  readonly #tensors: readonly HostTensor[]
  readonly #scalars: readonly number[]
  readonly #sizeOf: (size: Size) => number
  readonly #options: InterpretOptions
  readonly #blocks: ReadonlyMap<number, Block>
  readonly #spans = new Map<number, Span>()
  readonly #values = new Map<Node, Value>()

  constructor(
    kernel: KernelIr,
    tensors: readonly HostTensor[],
    scalars: readonly number[],
    symbolValue: (symbol: SizeSymbol) => number,
    options: InterpretOptions,
  ) {
    this.#kernel = kernel
    this.#scalars = scalars
    this.#sizeOf = (size) => evalSize(size, symbolValue)
    const views = kernel.views.map(({ tensor, shape }) => ({
      shape: shape.map(this.#sizeOf),
      data: (tensors[tensor] ?? fail(`no tensor ${tensor}`)).data,
    }))
    this.#tensors = [...tensors.slice(0, kernel.tensors.length), ...views]
    this.#options = options
    this.#blocks = new Map(kernel.blocks.map((block) => [block.id, block]))
  }

  grid(grid: Grid, number: number): void {
    for (const block of this.#kernel.blocks) {
      if (block.kind === 'slice' && block.grid === number) this.#spans.set(block.id, this.#wholeSpan(block))
    }
    const ranges = grid.blocks.map((id) => {
      const block = this.#block(id)
      const end = this.#sizeOf(block.end ?? block.size)
      return { id, begin: end - this.#sizeOf(block.size), end }
    })
    const counts = ranges.map(({ id, begin, end }) =>
      cdiv(Math.max(0, end - begin), this.#extent(id, end - begin)),
    )
    const count = product(counts)
    const programs = this.#options.programs?.(number, count) ?? range(count)
    for (const program of programs) {
      let rest = program
      for (let i = ranges.length - 1; i >= 0; i--) {
        const { id, begin, end } = ranges[i] ?? { id: 0, begin: 0, end: 0 }
        this.#enterTile(id, begin, end, rest % (counts[i] ?? 1))
        rest = Math.floor(rest / (counts[i] ?? 1))
      }
      this.#region(grid.body)
    }
  }

  #region(region: Region): void {
    for (const node of region) {
      if (node.kind === 'loop') this.#loop(node, 0)
      else this.#values.set(node, this.#node(node))
    }
  }

  #loop(node: LoopNode, depth: number): void {
    if (depth === 0) {
      node.phis.forEach((phi, i) => {
        this.#values.set(phi, this.#value(node.inits[i]))
      })
    }
    const id = node.blocks[depth]
    if (id === undefined) {
      this.#region(node.body)
      const next = node.yields.map((value) => this.#value(value))
      node.phis.forEach((phi, i) => {
        this.#values.set(phi, next[i] as Value)
      })
      return
    }
    const begin = Math.max(0, this.#number(node.begins[depth]))
    const end = this.#number(node.ends[depth])
    const tiles = cdiv(Math.max(0, end - begin), this.#extent(id, end - begin))
    for (let tile = 0; tile < tiles; tile++) {
      this.#enterTile(id, begin, end, tile)
      this.#loop(node, depth + 1)
    }
  }

  #node(node: Exclude<Node, LoopNode>): Value {
    const { dtype, axes } = node.type
    switch (node.kind) {
      case 'constant':
        return scalar(dtype, node.value)
      case 'size':
        return scalar(dtype, this.#sizeOf(node.size))
      case 'argument':
        return cast({ ...scalar('f32', 0), data: Float64Array.of(this.#scalars[node.argument] ?? 0) }, dtype)
      case 'index': {
        const { begin, length } = this.#span(node.block)
        return { dtype, axes, shape: [length], data: Float64Array.from({ length }, (_, i) => begin + i) }
      }
      case 'inside': {
        const { length } = this.#span(node.block)
        return { dtype, axes, shape: [length], data: new Float64Array(length).fill(1) }
      }
      case 'range': {
        const { begin, length, id, extent } = this.#span(node.block)
        return scalar(dtype, { begin, end: begin + length, id, block_size: extent }[node.what])
      }
      case 'map':
        return map(
          node.op,
          dtype,
          axes,
          node.args.map((arg) => this.#value(arg)),
        )
      case 'cast':
        return node.bits ? bitcast(this.#value(node.arg), dtype) : cast(this.#value(node.arg), dtype)
      case 'view':
        return gatherAxes(this.#value(node.arg), axes, this.#lengths(axes), node.axes)
      case 'broadcast': {
        const arg = this.#value(node.arg)
        const source = axes.map((_, i) => (arg.axes.length === 0 ? ONE : i))
        return gatherAxes(arg, axes, this.#lengths(axes), source)
      }
      case 'load':
        return this.#load(node.tensor, node.index, node.type)
      case 'store':
        return this.#store(node.tensor, node.index, this.#value(node.value), (_old, value) => value)
      case 'atomic':
        return this.#atomic(node)
      case 'reduce':
        return reduce(node.op, dtype, this.#value(node.arg), node.axis)
      case 'dot':
        return dot(dtype, axes, this.#value(node.a), this.#value(node.b), node.acc && this.#value(node.acc))
      case 'phi':
        return this.#value(node)
      case 'result':
        return this.#value(node.loop.phis[node.index])
      default:
        return unreachable(node)
    }
  }

  #load(tensor: number, index: readonly Node[], type: Value | Node['type']): Value {
    const source = this.#tensor(tensor)
    const shape = this.#lengths(type.axes)
    const data = new Float64Array(product(shape))
    this.#forEachElement(tensor, index, type.axes, shape, (i, position) => {
      data[i] = source.data[position] ?? 0
    })
    return { dtype: type.dtype, axes: type.axes, shape, data }
  }

  /** Gives what was there before, 0 outside the tensor. */
  #store(
    tensor: number,
    index: readonly Node[],
    value: Value,
    change: (before: number, value: number, i: number) => number,
  ): Value {
    const target = this.#tensor(tensor)
    const before = new Float64Array(value.data.length)
    this.#forEachElement(tensor, index, value.axes, value.shape, (i, position) => {
      before[i] = target.data[position] ?? 0
      target.data[position] = change(before[i] ?? 0, value.data[i] ?? 0, i)
      this.#options.onWrite?.(
        this.#kernel.views[tensor - this.#kernel.tensors.length]?.tensor ?? tensor,
        position,
      )
    })
    return { ...value, data: before }
  }

  #atomic({ op, tensor, index, value, expected }: AtomicNode): Value {
    const [next, wanted] = [this.#value(value), expected && this.#value(expected)]
    const { dtype } = next
    return this.#store(tensor, index, next, (before, element, i) => {
      if (op === 'compareExchange') return Object.is(before, wanted?.data[i]) ? element : before
      return combine(op, dtype, before, element)
    })
  }

  /** Visits the elements that lie inside the tensor: their position among `axes` and in the tensor. */
  #forEachElement(
    tensor: number,
    index: readonly Node[],
    axes: readonly Axis[],
    shape: readonly number[],
    visit: (i: number, position: number) => void,
  ): void {
    const sizes = this.#tensor(tensor).shape
    const values = index.map((node) => this.#value(node))
    const steps = values.map((value) => {
      const strides = rowMajorStrides(value.shape)
      return axes.map((axis) => strides[value.axes.indexOf(axis)] ?? 0)
    })
    forEachOffset(shape, steps, (i, offsets) => {
      let position = 0
      for (let dim = 0; dim < sizes.length; dim++) {
        const at = values[dim]?.data[offsets[dim] ?? 0] ?? 0
        const size = sizes[dim] ?? 0
        if (at < 0 || at >= size) return
        position = position * size + at
      }
      visit(i, position)
    })
  }

  #enterTile(id: number, begin: number, end: number, tile: number): void {
    const extent = this.#extent(id, end - begin)
    const start = begin + tile * extent
    this.#spans.set(id, { begin: start, length: Math.min(extent, end - start), id: tile, extent })
  }

  #wholeSpan(block: Block): Span {
    const length = this.#sizeOf(block.size)
    return { begin: 0, length, id: 0, extent: length }
  }

  #extent(id: number, length: number): number {
    const block = this.#block(id)
    return block.extent ?? this.#options.extentOf?.(block) ?? Math.max(1, length)
  }

  #lengths(axes: readonly Axis[]): number[] {
    return axes.map((axis) => (axis === ONE ? 1 : this.#span(axis).length))
  }

  #span(id: number): Span {
    return this.#spans.get(id) ?? fail(`block ${id} is not being iterated`)
  }

  #block(id: number): Block {
    return this.#blocks.get(id) ?? fail(`no block ${id}`)
  }

  #tensor(id: number): HostTensor {
    return this.#tensors[id] ?? fail(`no tensor ${id}`)
  }

  #value(node: Node | undefined): Value {
    return (node && this.#values.get(node)) ?? fail(`no value for node ${node?.id}`)
  }

  #number(node: Node | undefined): number {
    return this.#value(node).data[0] ?? 0
  }
}

function combine(
  op: Exclude<AtomicOp, 'compareExchange'>,
  dtype: Value['dtype'],
  a: number,
  b: number,
): number {
  switch (op) {
    case 'add':
      return roundTo(dtype, a + b)
    case 'max':
      return Math.max(a, b)
    case 'min':
      return Math.min(a, b)
    case 'and':
      return roundTo(dtype, a & b)
    case 'or':
      return roundTo(dtype, a | b)
    case 'xor':
      return roundTo(dtype, a ^ b)
    case 'exchange':
      return b
    default:
      return unreachable(op)
  }
}

function* range(count: number): Iterable<number> {
  for (let i = 0; i < count; i++) yield i
}

function fail(what: string): never {
  throw new Error(`interpreter: ${what}`)
}
