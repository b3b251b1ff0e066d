/**
 * Addresses of a load or store: for every register (or vector of registers) the index into the buffer and the
 * condition under which the element exists. The part that all registers share is computed once.
 */
import { type BlockId, type Node, ONE } from '../ir/node.ts'
import { type Size, sameSize, sizeOp, sizeProduct } from '../ir/size.ts'
import { operand } from '../ir/wgsl_text.ts'
import { type DimIndex, dimIndex, type MemoryNode } from './access.ts'
import { basePosition, insideCondition, position, sumText } from './coordinates.ts'
import type { Layout } from './layout.ts'
import type { Lowering } from './lowering.ts'
import { element, named, type Registers } from './registers.ts'
import { valueIn } from './values.ts'
import type { Width } from './wgsl_types.ts'

export class Address {
  readonly #lowering: Lowering
  readonly #node: MemoryNode
  readonly #layout: Layout
  readonly #width: Width
  readonly #dims: readonly DimIndex[]
  /** Distance in vectors between neighbours of each dimension; the last one counts elements. */
  readonly #strides: readonly Size[]
  readonly #computed = new Map<Node, Registers>()
  readonly #base: string

  constructor(lowering: Lowering, node: MemoryNode, layout: Layout, width: Width) {
    this.#lowering = lowering
    this.#node = node
    this.#layout = layout
    this.#width = width
    this.#dims = node.index.map(dimIndex)
    const { shape } = lowering.bound.view(node.tensor)
    this.#strides = shape.map((_, dim) => {
      const stride = sizeProduct(shape.slice(dim + 1))
      return dim === shape.length - 1 ? 1 : sizeOp('floordiv', stride, width)
    })
    for (const dim of this.#dims) {
      if (dim.kind === 'tile') this.#computed.set(dim.node, this.#computedIndex(dim.node))
    }
    this.#base = this.#sharedPart()
  }

  /** The buffer index of the element (or vector) that starts at `register`. */
  index(register: number): string {
    const terms = [this.#base]
    let constant = 0
    this.#dims.forEach((dim, d) => {
      const stride = this.#strides[d] ?? 1
      if (dim.kind === 'tile') terms.push(this.#times(this.#element(dim.node, register), stride))
      if (dim.kind !== 'block') return
      const offset = this.#layout.registerOffset(register, dim.block) / (this.#isLast(d) ? this.#width : 1)
      if (offset === 0) return
      if (typeof stride === 'number') constant += offset * stride
      else terms.push(`${offset}u * ${operand(this.#lowering.launch.size(stride))}`)
    })
    return sumText(terms, constant)
  }

  /** Conditions for the element at `register` to be inside the tensor and inside the ranges of its blocks. */
  conditions(register: number): readonly string[] {
    const { shape } = this.#lowering.bound.view(this.#node.tensor)
    const found = this.#maskedBlocks().map((block) =>
      insideCondition(this.#lowering, this.#layout, block, register),
    )
    this.#dims.forEach((dim, d) => {
      found.push(this.#boundsCheck(dim, shape[d] ?? 0, register))
    })
    return [...new Set(found.filter((text) => text !== undefined))]
  }

  /**
   * Blocks whose positions outside the range must not be touched: those that index, or hold what is stored.
   */
  #maskedBlocks(): readonly BlockId[] {
    const indexing = this.#dims.flatMap((dim) => (dim.kind === 'block' ? [dim.block] : []))
    if (this.#node.kind === 'load') return indexing
    return [...new Set([...indexing, ...this.#node.value.type.axes.filter((axis) => axis !== ONE)])]
  }

  #boundsCheck(dim: DimIndex, size: Size, register: number): string | undefined {
    const { bound, launch, out } = this.#lowering
    const below = (text: string) => out.shared('in_bounds', `${operand(text)} < ${launch.size(size)}`)
    switch (dim.kind) {
      case 'block': {
        if (!dim.offset && bound.block(dim.block).end !== undefined) return undefined
        const at = position(this.#lowering, this.#layout, dim.block, register)
        const offset = dim.offset ? [this.#scalar(dim.offset)] : []
        return below(sumText([at, ...offset]))
      }
      case 'scalar':
        return this.#isWithin(dim.node, size) ? undefined : below(this.#scalar(dim.node))
      case 'tile':
        return below(this.#element(dim.node, register))
    }
  }

  /** True for scalars that are certainly a position of a dimension of this size. */
  #isWithin(node: Node, size: Size): boolean {
    if (node.kind === 'constant') return typeof size === 'number' && node.value >= 0 && node.value < size
    if (node.kind !== 'range' || node.what !== 'begin') return false
    const { end } = this.#lowering.bound.block(node.block)
    return end !== undefined && sameSize(end, size)
  }

  /** Everything of the address that does not depend on the register. */
  #sharedPart(): string {
    const terms = this.#dims.map((dim, d) => {
      if (dim.kind === 'tile') return '0u'
      const at =
        dim.kind === 'scalar'
          ? this.#scalar(dim.node)
          : sumText([
              basePosition(this.#lowering, this.#layout, dim.block),
              ...(dim.offset ? [this.#scalar(dim.offset)] : []),
            ])
      if (this.#isLast(d)) return at === '0u' || this.#width === 1 ? at : `${operand(at)} / ${this.#width}u`
      return this.#times(at, this.#strides[d] ?? 1)
    })
    return this.#lowering.out.shared('address', sumText(terms))
  }

  #times(factor: string, stride: Size): string {
    if (stride === 1 || factor === '0u') return factor
    return `${operand(factor)} * ${operand(this.#lowering.launch.size(stride))}`
  }

  #scalar(node: Node): string {
    const value = valueIn(this.#lowering, node, this.#lowering.scalarLayout)
    return `u32(${value.chunks[0]?.text ?? '0'})`
  }

  #element(node: Node, register: number): string {
    const value = this.#computed.get(node)
    if (!value) throw new Error('a computed index was not lowered')
    const at = value.layout.registerAt((block) => this.#layout.registerOffset(register, block))
    return `u32(${element(value, at)})`
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
