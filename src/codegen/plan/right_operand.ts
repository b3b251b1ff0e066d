/**
 * The right operand of a product without staging, taken apart: of `weights · scale`, a scale that is the same
 * for several positions that a thread holds multiplies their sum once. Small integers, and differences of
 * two, have the type of the sums at once, whatever float type the author gave them: both hold them exactly.
 */
import { dotAxes } from '../../ir/dot_axes.ts'
import { type DotNode, type MapNode, type Node, ONE, type Region } from '../../ir/node.ts'
import { isMoving } from '../../ir/node_rules.ts'
import type { TileProgram } from '../../ir/tile_program.ts'
import { walk } from '../../ir/traverse.ts'
import { type DType, isFloat } from '../../support/dtypes.ts'
import { isOfSmallIntegers } from '../analysis/small_integers.ts'
import type { CoordinateBit } from '../layout/layout.ts'
import type { ProductLayouts } from '../layout/product_layout.ts'
import type { Layouts } from './choose_layouts.ts'
import { varies } from './varying.ts'

export interface RightOperand {
  readonly weights: Node
  /** What products with the weights are multiplied by. */
  readonly scale: Node | undefined
  /** How many of the first bits of `summedBits` the scale does not differ in. */
  readonly sharedBits: number
}

/** What reads a value, where that is one node in the region where it is made. */
type OnlyReader = (node: Node) => Node | undefined

/** Of all products of a region that stage nothing. */
export class RightOperands {
  readonly #operands = new Map<DotNode, RightOperand>()
  readonly #skipped = new Set<Node>()
  readonly #exact = new Map<Node, DType>()
  readonly #minuends = new Set<Node>()
  readonly #program: TileProgram
  readonly #onlyReader: OnlyReader

  constructor(region: Region, program: TileProgram, layouts: Layouts, onlyReader: OnlyReader) {
    this.#program = program
    this.#onlyReader = onlyReader
    walk(region, (dot) => {
      const product = dot.kind === 'dot' && isFloat(dot.type.dtype) ? layouts.product(dot) : undefined
      if (dot.kind === 'dot' && product) this.#takeApart(dot, product)
    })
    walk(region, (node) => {
      const isKnown = this.#exact.has(node) || !isFloat(node.type.dtype)
      for (const own of isKnown ? [] : this.#differenceNodes(node)) this.#exact.set(own, own.type.dtype)
    })
  }

  of(dot: DotNode): RightOperand {
    return this.#operands.get(dot) ?? { weights: dot.b, scale: undefined, sharedBits: 0 }
  }

  /** True for nodes that have no value: the contraction does what they stand for. */
  isSkipped(node: Node): boolean {
    return this.#skipped.has(node)
  }

  /** The type that a node is computed in. */
  typeOf(node: Node): DType {
    return this.#exact.get(node) ?? node.type.dtype
  }

  /** True for a difference of small integers, computed in a type that holds them exactly. */
  isExactDifference(node: Node): node is MapNode {
    return node.kind === 'map' && node.op === 'sub' && this.#exact.has(node)
  }

  /** True for a conversion of which only such a difference takes something away. */
  isMinuend(node: Node): boolean {
    return this.#minuends.has(node)
  }

  #takeApart(dot: DotNode, product: ProductLayouts): void {
    const chain = this.#behindViews(dot.b, dot)
    const core = chain.at(-1)
    const scaled =
      core?.kind === 'map' && core.op === 'mul' ? this.#scaled(core.args, dot, product) : undefined
    for (const node of scaled ? chain : []) this.#skipped.add(node)
    const weights = scaled?.weights ?? dot.b
    for (const node of this.#exactNodes(weights, scaled && core ? core : dot))
      this.#exact.set(node, dot.type.dtype)
    if (scaled) this.#operands.set(dot, scaled)
  }

  /** The node, and what is behind it as long as it is seen from another side; all read by one node each. */
  #behindViews(node: Node, reader: Node): readonly Node[] {
    if (this.#onlyReader(node) !== reader) return []
    return isMoving(node) ? [node, ...this.#behindViews(node.arg, node)] : [node]
  }

  /** The factors of a product, where it pays to multiply by one of them later. */
  #scaled(args: readonly Node[], dot: DotNode, product: ProductLayouts): RightOperand | undefined {
    const { rows, depth } = dotAxes(dot)
    const rowBits = product.sums.registers.filter(({ block }) => block === rows && block !== ONE).length
    for (const [weights, scale] of [args, [...args].reverse()]) {
      if (!weights || !scale) continue
      const sharedBits = this.#sharedBits(scale, summedBits(product, depth))
      // Once for each sum, or once for each weight.
      if (sharedBits > rowBits) return { weights, scale, sharedBits }
    }
    return undefined
  }

  #sharedBits(scale: Node, bits: readonly CoordinateBit[]): number {
    const differs = bits.findIndex((bit) => varies(scale, bit, this.#program))
    return differs < 0 ? bits.length : differs
  }

  /** What converts small integers, and subtracts them from each other. */
  #exactNodes(node: Node, reader: Node): readonly Node[] {
    const core = this.#behindViews(node, reader).at(-1)
    if (core?.kind === 'cast') return isOfSmallIntegers(core, this.#program) ? [core] : []
    return core ? this.#differenceNodes(core) : []
  }

  #differenceNodes(core: Node): readonly Node[] {
    if (core.kind !== 'map' || core.op !== 'sub') return []
    const casts = core.args.flatMap((arg) => this.#behindViews(arg, core).at(-1) ?? [])
    const areExact = casts.every((cast) => cast.kind === 'cast' && isOfSmallIntegers(cast, this.#program))
    const [minuend] = casts
    if (!areExact || !minuend || casts.length !== 2) return []
    this.#minuends.add(minuend)
    return [core, ...casts]
  }
}

/** The bits along the contracted block in which positions of a thread differ that it adds to the same sum. */
export function summedBits({ b, sums }: ProductLayouts, depth: number): readonly CoordinateBit[] {
  return b.registers.filter(
    ({ block, bit }) => block === depth && !sums.registers.some((s) => s.block === depth && s.bit === bit),
  )
}
