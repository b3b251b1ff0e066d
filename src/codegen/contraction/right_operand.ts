/**
 * The right operand of a product without staging, taken apart: of `weights · scale`, a scale that is the same
 * for several positions that a thread holds multiplies their sum once. Integers of few bits go to the type of
 * the sums at once, whatever float type they pass through: it holds them exactly.
 */
import { dotAxes } from '../../ir/dot_axes.ts'
import { type CastNode, type DotNode, type Node, ONE, type Region } from '../../ir/node.ts'
import { isMoving } from '../../ir/node_rules.ts'
import { type TileProgram, tensorOf } from '../../ir/tile_program.ts'
import { walk } from '../../ir/traverse.ts'
import { type DType, isFloat } from '../../support/dtypes.ts'
import { STORAGE } from '../../support/storage_types.ts'
import type { Layouts } from '../layout/choose_layouts.ts'
import type { CoordinateBit } from '../layout/layout.ts'
import type { ProductLayouts } from '../layout/product_layout.ts'
import { varies } from '../memory/varying.ts'

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
  readonly #parts = new Map<Node, DType>()
  readonly #program: TileProgram
  readonly #onlyReader: OnlyReader

  constructor(region: Region, program: TileProgram, layouts: Layouts, onlyReader: OnlyReader) {
    this.#program = program
    this.#onlyReader = onlyReader
    walk(region, (dot) => {
      const product = dot.kind === 'dot' && isFloat(dot.type.dtype) ? layouts.product(dot) : undefined
      if (dot.kind === 'dot' && product) this.#takeApart(dot, product)
    })
  }

  of(dot: DotNode): RightOperand {
    return this.#operands.get(dot) ?? { weights: dot.b, scale: undefined, sharedBits: 0 }
  }

  /** The type of the sums that a node is a part of, which has no value of its own then. */
  sumsOf(node: Node): DType | undefined {
    return this.#parts.get(node)
  }

  #takeApart(dot: DotNode, product: ProductLayouts): void {
    const { dtype } = dot.type
    const chain = this.#behindViews(dot.b, dot)
    const core = chain.at(-1)
    const scaled =
      core?.kind === 'map' && core.op === 'mul' ? this.#scaled(core.args, dot, product) : undefined
    const parts = scaled ? [...chain] : []
    const source = scaled && core ? this.#exactSource(scaled.weights, core) : this.#exactSource(dot.b, dot)
    parts.push(...source.parts)
    for (const part of parts) this.#parts.set(part, dtype)
    const { scale, sharedBits = 0 } = scaled ?? {}
    this.#operands.set(dot, { weights: source.node, scale, sharedBits })
  }

  /** The node, and what is behind it as long as it is seen from another side only; all read by one node each. */
  #behindViews(node: Node, reader: Node): readonly Node[] {
    if (this.#onlyReader(node) !== reader) return []
    return node.kind === 'view' ? [node, ...this.#behindViews(node.arg, node)] : [node]
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

  /** Past a conversion of small integers, which is exact. */
  #exactSource(node: Node, reader: Node): { readonly node: Node; readonly parts: readonly Node[] } {
    const chain = this.#behindViews(node, reader)
    const cast = chain.at(-1)
    if (cast?.kind !== 'cast' || !this.#isExact(cast)) return { node, parts: [] }
    return { node: cast.arg, parts: chain }
  }

  #isExact({ arg, bits, through, type }: CastNode): boolean {
    if (bits || through || !isFloat(type.dtype) || isMoving(arg) || arg.kind !== 'load') return false
    const stored = STORAGE[tensorOf(this.#program, arg.tensor).dtype]
    return stored.packed?.kind === 'int' && stored.bits <= MOST_EXACT_BITS
  }
}

/** All floats hold integers of so many bits. */
const MOST_EXACT_BITS = 8

/** The bits along the contracted block in which positions of a thread differ that it adds to the same sum. */
export function summedBits({ b, sums }: ProductLayouts, depth: number): readonly CoordinateBit[] {
  return b.registers.filter(
    ({ block, bit }) => block === depth && !sums.registers.some((s) => s.block === depth && s.bit === bit),
  )
}
