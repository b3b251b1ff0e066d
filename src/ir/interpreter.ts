/**
 * Runs grids on the CPU, program by program and node by node: the inside of the reference interpreter. Slow
 * and plain on purpose.
 */
import { unreachable } from '../support/errors.ts'
import { cdiv, product } from '../support/maths.ts'
import { STORAGE, type StorageType } from '../support/storage_types.ts'
import { indexingBlocks } from './dim_index.ts'
import type { StepOf } from './interpret_combine.ts'
import { stepWith } from './interpret_states.ts'
import { combine, forEachOffset, rowMajorStrides, type Value } from './interpret_values.ts'
import {
  type AtomicNode,
  type Axis,
  type Block,
  type LoadNode,
  type LoopNode,
  type MemoryNode,
  type Node,
  ONE,
  type Region,
  type StoreNode,
} from './node.ts'
import type { Facts, Span } from './node_rule.ts'
import { computedValue, isCrossing, isPure } from './node_rules.ts'
import { evalSize, type Size } from './size.ts'
import type { TileGrid } from './tile_program.ts'

/** A tensor on the host. f16 elements are held as numbers, bool as 0 and 1. */
export interface HostTensor {
  readonly shape: readonly number[]
  /** What symbols of this tensor stand for, by axis; its shape unless given. */
  readonly sizes?: readonly number[] | undefined
  readonly data: { [index: number]: number; readonly length: number }
  /** What the numbers in `data` stand for, where they are codes: of tensors that nothing writes. */
  readonly table?: ArrayLike<number> | undefined
}

export interface InterpretOptions {
  /** Elements per tile of a block; the default takes the whole range as one tile. */
  readonly extentOf?: (block: Block) => number | undefined
  /** Which programs of a grid to run, from 0 in row-major order of tiles; the default is all. */
  readonly programs?: (grid: number, count: number) => Iterable<number>
  /**
   * Asked in every round of a loop, and now and then in a scan: throws to end a program that takes too long.
   */
  readonly onRound?: () => void
  /** Called for every element written. */
  readonly onWrite?: (tensor: number, position: number) => void
}

/** They take less than the question. */
const STEPS_UNASKED = 1024

/** What sizes come to, given the tensors. */
export function sizesOf(tensors: readonly HostTensor[]): (size: Size) => number {
  return (size) =>
    evalSize(size, ({ tensor, axis }) => {
      const { sizes, shape } = tensors[tensor] ?? fail(`no tensor ${tensor}`)
      return (sizes ?? shape)[axis] ?? 0
    })
}

/** What memory a tensor shows, and as what. */
interface Shown {
  readonly memory: number
  readonly dtype: StorageType
}

/** A block of a kernel or of a program. */
type AnyBlock = Omit<Block, 'grid'>

/** Runs the grids of one kernel or program. */
export class Interpreter<B extends AnyBlock> {
  readonly #padded: boolean
  readonly #tensors: readonly HostTensor[]
  readonly #shown: readonly Shown[]
  readonly #scalars: readonly number[]
  readonly #sizeOf: (size: Size) => number
  readonly #options: InterpretOptions
  readonly #extentOf: ((block: B) => number | undefined) | undefined
  readonly #blocks: ReadonlyMap<number, B>
  readonly #spans = new Map<number, Span>()
  readonly #values = new Map<Node, Value>()
  readonly #facts: Facts

  constructor(
    { blocks, padded = false }: { readonly blocks: readonly B[]; readonly padded?: boolean },
    tensors: readonly HostTensor[],
    shown: readonly Shown[],
    scalars: readonly number[],
    options: InterpretOptions = {},
    extentOf?: (block: B) => number | undefined,
  ) {
    this.#padded = padded
    this.#tensors = tensors
    this.#shown = shown
    this.#scalars = scalars
    this.#sizeOf = sizesOf(tensors)
    this.#options = options
    this.#extentOf = extentOf
    this.#blocks = new Map(blocks.map((block) => [block.id, block]))
    this.#facts = {
      input: (node) => this.#value(node),
      size: this.#sizeOf,
      argument: (argument) => this.#scalars[argument] ?? 0,
      span: (block) => this.#span(block),
      lengths: (axes) => this.#lengths(axes),
      state: this.#asking(stepWith((fact) => this.#node(fact).data[0] ?? 0)),
    }
  }

  /** The same steps, some of which ask whether they take too long. */
  #asking(step: StepOf): StepOf {
    let steps = 0
    return (combine, before, next) => {
      if (++steps % STEPS_UNASKED === 0) this.#options.onRound?.()
      return step(combine, before, next)
    }
  }

  grid(grid: TileGrid, number: number): void {
    for (const row of grid.rows) this.#spans.set(row, this.#wholeSpan(this.#block(row)))
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
      this.#options.onRound?.()
      this.#enterTile(id, begin, end, tile)
      this.#loop(node, depth + 1)
    }
  }

  #node(node: Exclude<Node, LoopNode>): Value {
    if (isPure(node) || isCrossing(node)) return computedValue(node, this.#facts)
    switch (node.kind) {
      case 'load':
        return this.#load(node)
      case 'store':
        return this.#store(node, this.#value(node.value), (_old, value) => value)
      case 'atomic':
        return this.#atomic(node)
      case 'phi':
        return this.#value(node)
      case 'result':
        return this.#value(node.loop.phis[node.index])
      default:
        return unreachable(node)
    }
  }

  #load(node: LoadNode): Value {
    const { type } = node
    const { data: source, table } = this.#tensor(node.tensor)
    const shape = this.#lengths(type.axes)
    const data = new Float64Array(product(shape)).fill(node.fill ?? 0)
    this.#forEachElement(
      node,
      type.axes,
      shape,
      (i, position) => {
        const stored = source[position] ?? 0
        data[i] = table ? (table[stored] ?? 0) : stored
      },
      (i) => {
        data[i] = 0
      },
    )
    return { dtype: type.dtype, axes: type.axes, shape, data }
  }

  /** Gives what was there before, 0 where nothing is. */
  #store(
    node: StoreNode | AtomicNode,
    value: Value,
    change: (before: number, value: number, i: number) => number,
  ): Value {
    const { tensor } = node
    const target = this.#tensor(tensor)
    const { memory, dtype } = this.#shown[tensor] ?? fail(`no tensor ${tensor}`)
    const { stored } = STORAGE[dtype]
    const before = new Float64Array(value.data.length)
    this.#forEachElement(node, value.axes, value.shape, (i, position) => {
      before[i] = target.data[position] ?? 0
      target.data[position] = stored(change(before[i] ?? 0, value.data[i] ?? 0, i))
      this.#options.onWrite?.(memory, position)
    })
    return { ...value, data: before }
  }

  #atomic(node: AtomicNode): Value {
    const { op, value, expected } = node
    const [next, wanted] = [this.#value(value), expected && this.#value(expected)]
    const { dtype } = next
    return this.#store(node, next, (before, element, i) => {
      if (op === 'compareExchange') return Object.is(before, wanted?.data[i]) ? element : before
      return combine(op, dtype, before, element)
    })
  }

  /**
   * Visits the elements that are not masked and lie inside the ranges of blocks: their position among `axes`
   * and in the tensor, or `miss` where they lie outside of that.
   */
  #forEachElement(
    node: MemoryNode,
    axes: readonly Axis[],
    shape: readonly number[],
    visit: (i: number, position: number) => void,
    miss: (i: number) => void = () => undefined,
  ): void {
    const sizes = this.#tensor(node.tensor).shape
    const values = node.index.map((index) => this.#value(index))
    const limits = this.#limits(node, axes)
    const steps = values.map((value) => {
      const strides = rowMajorStrides(value.shape)
      return axes.map((axis) => strides[value.axes.indexOf(axis)] ?? 0)
    })
    const alongs = limits.map(({ axis }) => axes.map((_, other) => (other === axis ? 1 : 0)))
    const mask = node.mask && this.#value(node.mask)
    const isMasked = (i: number): boolean => mask?.data[mask.axes.length === 0 ? 0 : i] === 0
    forEachOffset(shape, [...steps, ...alongs], (i, offsets) => {
      if (isMasked(i)) return
      for (let l = 0; l < limits.length; l++) {
        if ((offsets[sizes.length + l] ?? 0) >= (limits[l]?.inside ?? 0)) return
      }
      let position = 0
      for (let dim = 0; dim < sizes.length; dim++) {
        const at = values[dim]?.data[offsets[dim] ?? 0] ?? 0
        const size = sizes[dim] ?? 0
        if (at < 0 || at >= size) return miss(i)
        position = position * size + at
      }
      visit(i, position)
    })
  }

  /** Axes along which an access has elements that must not touch memory, and where these begin. */
  #limits(node: MemoryNode, axes: readonly Axis[]): readonly { axis: number; inside: number }[] {
    const masked = node.kind === 'load' ? indexingBlocks(node) : axes
    return axes.flatMap((block, axis) => {
      if (block === ONE || !masked.includes(block)) return []
      const { inside, length } = this.#span(block)
      return inside < length ? [{ axis, inside }] : []
    })
  }

  #enterTile(id: number, begin: number, end: number, tile: number): void {
    const extent = this.#extent(id, end - begin)
    const start = begin + tile * extent
    const inside = Math.min(extent, end - start)
    this.#spans.set(id, { begin: start, inside, length: this.#padded ? extent : inside, id: tile, extent })
  }

  /** All of a row at once, or one of the chunks that it is streamed in, of which none is being worked on. */
  #wholeSpan(block: B): Span {
    const inside = this.#sizeOf(block.size)
    const whole = { begin: 0, inside, length: inside, id: 0, extent: inside }
    if (!this.#padded) return whole
    const extent = this.#extent(block.id, inside)
    return { ...whole, length: block.kind === 'slice' ? cdiv(inside, extent) * extent : extent }
  }

  #extent(id: number, length: number): number {
    const block = this.#block(id)
    return block.extent ?? this.#extentOf?.(block) ?? Math.max(1, length)
  }

  #lengths(axes: readonly Axis[]): number[] {
    return axes.map((axis) => (axis === ONE ? 1 : this.#lengthOf(axis)))
  }

  /** Padded tiles are as long outside of the loop over their block. */
  #lengthOf(id: number): number {
    return this.#padded && !this.#spans.has(id) ? this.#extent(id, 1) : this.#span(id).length
  }

  #span(id: number): Span {
    return this.#spans.get(id) ?? fail(`block ${id} is not being iterated`)
  }

  #block(id: number): B {
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

function* range(count: number): Iterable<number> {
  for (let i = 0; i < count; i++) yield i
}

function fail(what: string): never {
  throw new Error(`interpreter: ${what}`)
}
