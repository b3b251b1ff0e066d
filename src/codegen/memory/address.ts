/**
 * Addresses of a load or store: for every register (or vector of registers) the index into the buffer and the
 * condition under which the element exists. The part that all registers share is computed once.
 */
import { sizeOfScalar } from '../../ir/build.ts'
import { type DimIndex, dimIndex, indexingBlocks } from '../../ir/dim_index.ts'
import { type BlockId, type MemoryNode, type Node, ONE } from '../../ir/node.ts'
import { mayBeNegative, type Size, sameSize, sizeOp, sizeProduct } from '../../ir/size.ts'
import { blockOf, tensorOf } from '../../ir/tile_program.ts'
import type { Layout } from '../layout/layout.ts'
import { contiguousBlock, isWithin, variesAlong } from '../plan/access.ts'
import { isGroupWithin } from '../plan/varying.ts'
import type { Lowering } from '../state/lowering.ts'
import { compose, element, named, type Registers } from '../state/registers.ts'
import type { Expr } from '../thread/expr.ts'
import { basePosition, insideCondition, position } from '../values/coordinates.ts'
import { scalarValue, valueIn } from '../values/values.ts'

/** The end of positions that are moved by a scalar, where it is known not to move them below 0. */
function lastOf(end: Size, offset: Node | undefined): Size | undefined {
  const distance = offset ? sizeOfScalar(offset) : 0
  return distance === undefined || mayBeNegative(distance) ? undefined : sizeOp('add', end, distance)
}

export class Address {
  readonly #lowering: Lowering
  readonly #node: MemoryNode
  readonly #layout: Layout
  readonly #width: number
  readonly #together: number
  readonly #dims: readonly DimIndex[]
  /**
   * Distance in vectors of `width` elements between neighbours of each dimension; the last one counts
   * elements.
   */
  readonly #strides: readonly Size[]
  readonly #computed = new Map<Node, Registers>()
  readonly #mask: Registers | undefined
  readonly #base: Expr

  /** Indices count vectors of `width` elements; conditions are asked for once for those `together`. */
  constructor(lowering: Lowering, node: MemoryNode, layout: Layout, width: number, together: number = width) {
    this.#lowering = lowering
    this.#node = node
    this.#layout = layout
    this.#width = width
    this.#together = together
    this.#dims = node.index.map(dimIndex)
    const { shape } = tensorOf(lowering.program, node.tensor)
    this.#strides = shape.map((_, dim) => {
      const stride = sizeProduct(shape.slice(dim + 1))
      return dim === shape.length - 1 ? 1 : sizeOp('floordiv', stride, width)
    })
    for (const dim of this.#dims) {
      if (dim.kind === 'tile') this.#computed.set(dim.node, this.#computedIndex(dim.node))
    }
    this.#mask = node.mask && named(lowering.out, valueIn(lowering, node.mask, layout), 'mask')
    this.#base = this.#sharedPart()
  }

  /** The buffer index of the element (or vector) that starts at `register`. */
  index(register: number): Expr {
    const { e, launch } = this.#lowering
    const terms = [this.#base]
    let constant = 0
    this.#dims.forEach((dim, d) => {
      const stride = this.#strides[d] ?? 1
      if (dim.kind === 'tile') terms.push(this.#times(this.#element(dim.node, register), stride))
      if (dim.kind !== 'block') return
      const offset = this.#layout.registerOffset(register, dim.block) / (this.#isLast(d) ? this.#width : 1)
      if (typeof stride === 'number') constant += offset * stride
      else if (offset !== 0) terms.push(e.mul(e.u32(offset), launch.size(stride)))
    })
    return e.sum(terms, constant)
  }

  /**
   * Conditions for the element at `register` to be inside the tensor and inside the ranges of its blocks, and
   * not to be masked. They hold for all of a vector, except that `lanes` tells which of it are masked.
   */
  conditions(register: number): readonly Expr[] {
    const { ranges, bounds, masks } = this.#conditions(register)
    return [...new Set([...ranges, ...bounds, ...masks])]
  }

  /** The same, those apart that hold for all elements that the fill of a load is not for. */
  filledConditions(register: number): { readonly taken: readonly Expr[]; readonly inside: readonly Expr[] } {
    const { ranges, bounds, masks } = this.#conditions(register)
    const taken = [...new Set([...ranges, ...masks])]
    return { taken, inside: [...new Set(bounds)].filter((condition) => !taken.includes(condition)) }
  }

  #conditions(register: number): Readonly<Record<'ranges' | 'bounds' | 'masks', readonly Expr[]>> {
    const { e, program } = this.#lowering
    const { shape } = tensorOf(program, this.#node.tensor)
    const ranges = this.#maskedBlocks().map((block) =>
      insideCondition(this.#lowering, this.#layout, block, register),
    )
    const bounds = this.#dims.map((dim, d) => this.#boundsCheck(dim, shape[d] ?? 0, register))
    return {
      ranges: ranges.filter((condition) => condition !== undefined),
      bounds: bounds.filter((condition) => condition !== undefined),
      masks: this.#mask && !this.#masksLanes() ? [element(e, this.#mask, register)] : [],
    }
  }

  /** Which elements of a vector are not masked, where that is not the same for all of them. */
  lanes(registers: readonly number[]): Expr | undefined {
    return this.#mask && this.#masksLanes() ? compose(this.#lowering.e, this.#mask, registers) : undefined
  }

  #masksLanes(): boolean {
    const { mask } = this.#node
    const block = contiguousBlock(this.#node)
    return this.#together > 1 && mask !== undefined && block !== undefined && variesAlong(mask, block)
  }

  /**
   * Blocks whose positions outside the range must not be touched: those that index, or hold what is stored.
   * Where a dispatch writes, it reads for elements that exist alone: others could be those of other programs.
   */
  #maskedBlocks(): readonly BlockId[] {
    const node = this.#node
    const indexing = indexingBlocks(node)
    if (node.kind === 'load' && !this.#lowering.bindings.isWritten(node.tensor)) return indexing
    const { axes } = node.kind === 'load' ? node.type : node.value.type
    return [...new Set([...indexing, ...axes.filter((axis) => axis !== ONE)])]
  }

  #boundsCheck(dim: DimIndex, size: Size, register: number): Expr | undefined {
    const { program, bound, launch, out, e } = this.#lowering
    const below = (at: Expr): Expr => out.shared('in_bounds', e.binary('<', at, launch.size(size)))
    switch (dim.kind) {
      case 'block': {
        const { end } = blockOf(program, dim.block)
        const last = end === undefined ? undefined : lastOf(end, dim.offset)
        if (last !== undefined && isWithin(last, size, bound.kernel)) return undefined
        const at = position(this.#lowering, this.#layout, dim.block, register)
        return below(dim.offset ? e.add(at, this.#scalar(dim.offset)) : at)
      }
      case 'scalar':
        return this.#isWithin(dim.node, size) ? undefined : below(this.#scalar(dim.node))
      case 'tile':
        return typeof size === 'number' && isGroupWithin(dim.node, size, program)
          ? undefined
          : below(this.#element(dim.node, register))
    }
  }

  /** True for scalars that are certainly a position of a dimension of this size. */
  #isWithin(node: Node, size: Size): boolean {
    if (node.kind === 'constant') return typeof size === 'number' && node.value >= 0 && node.value < size
    if (node.kind !== 'range' || node.what !== 'begin') return false
    const { end } = blockOf(this.#lowering.program, node.block)
    return end !== undefined && sameSize(end, size)
  }

  /** Everything of the address that does not depend on the register. */
  #sharedPart(): Expr {
    const { e, out } = this.#lowering
    const terms = this.#dims.map((dim, d) => {
      const at = this.#sharedPosition(dim)
      return this.#isLast(d) ? e.div(at, e.u32(this.#width)) : this.#times(at, this.#strides[d] ?? 1)
    })
    return out.shared('address', e.sum(terms))
  }

  #sharedPosition(dim: DimIndex): Expr {
    const { e } = this.#lowering
    switch (dim.kind) {
      case 'tile':
        return e.u32(0)
      case 'scalar':
        return this.#scalar(dim.node)
      case 'block': {
        const base = basePosition(this.#lowering, this.#layout, dim.block)
        return dim.offset ? e.add(base, this.#scalar(dim.offset)) : base
      }
    }
  }

  #times(factor: Expr, stride: Size): Expr {
    return this.#lowering.e.mul(factor, this.#lowering.launch.size(stride))
  }

  #scalar(node: Node): Expr {
    return this.#lowering.e.convert('u32', scalarValue(this.#lowering, node))
  }

  #element(node: Node, register: number): Expr {
    const value = this.#computed.get(node)
    if (!value) throw new Error('a computed index was not lowered')
    const at = value.layout.registerAt((block) => this.#layout.registerOffset(register, block))
    return this.#lowering.e.convert('u32', element(this.#lowering.e, value, at))
  }

  #computedIndex(node: Node): Registers {
    const blocks = new Set(node.type.axes)
    const layout = this.#layout.restrict((block) => blocks.has(block))
    return named(this.#lowering.out, valueIn(this.#lowering, node, layout), 'index')
  }

  #isLast(dim: number): boolean {
    return dim === this.#dims.length - 1
  }
}
