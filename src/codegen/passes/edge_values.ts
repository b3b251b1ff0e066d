/**
 * What values are beyond the range of a block in padded tiles, what is wanted of them there, and which factor
 * of a product is the better one to mask.
 */
import { stripViews } from '../../ir/dim_index.ts'
import { castBy, roundTo, scalar } from '../../ir/interpret_values.ts'
import { type BlockId, type LoadNode, type MapNode, type Node, type NodeSpec, ONE } from '../../ir/node.ts'
import { crossedAxes, isCrossing, isMoving, outsideOf } from '../../ir/node_rules.ts'
import { OPS, type OpName } from '../../ir/ops.ts'
import { blockOf } from '../../ir/tile_program.ts'
import { operandsOf } from '../../ir/traverse.ts'
import { isFloat } from '../../support/dtypes.ts'
import { isOfSmallIntegers } from '../analysis/small_integers.ts'
import { isFilledOutside } from '../plan/access.ts'
import type { Plan } from '../plan/plan.ts'

/** Operations of which threads have exactly what the CPU has, of numbers that are no NaN. */
const EXACT: ReadonlySet<OpName> = new Set([
  ...(['add', 'sub', 'mul', 'square', 'fma', 'neg', 'abs', 'minimum', 'maximum', 'relu'] as const),
  ...(['eq', 'ne', 'lt', 'le', 'gt', 'ge', 'and', 'or', 'xor', 'not'] as const),
])

/** Of a value, the most operands that are looked at: longer chains are not followed. */
export const MOST_OPERANDS = 64

/** An operand that is to be `neutral` past the end of a block. */
export interface EdgeNeed {
  readonly value: Node
  readonly block: BlockId
  readonly neutral: number
}

/** What a node wants of its operands past the end of a range that may be inside of a tile. */
export function edgeNeeds(node: Node, { program }: Plan): readonly EdgeNeed[] {
  if (!isCrossing(node)) return []
  const [block = ONE] = crossedAxes(node)
  if (block === ONE || !blockOf(program, block).ragged) return []
  const need = (value: Node, neutral: number): EdgeNeed => ({ value, block, neutral })
  const outside = outsideOf(node)
  if (outside === 'anything') return []
  if ('a' in node) return [need(node.a, 0), need(node.b, 0)]
  if (typeof outside === 'number') return operandsOf(node).map((value) => need(value, outside))
  if (!('combine' in node)) return []
  const { args, identity } = node
  return identity ? args.map((arg, i) => need(arg, identity[i] ?? 0)) : []
}

/** True when elements outside the range of the block are certainly the neutral value. */
export function isMet({ value, block, neutral }: EdgeNeed, plan: Plan, fillOf: FillOf = ownFill): boolean {
  if (!value.type.axes.includes(block)) return false
  const found = new EdgeValues(block, plan, fillOf).of(value)
  return found === neutral || (Number.isNaN(found) && Number.isNaN(neutral))
}

/** What a load has outside, as far as it is filled there. */
export type FillOf = (load: LoadNode) => number

const ownFill: FillOf = ({ fill = 0 }) => fill

/** What values are outside the range of a block, where one number is certain. */
class EdgeValues {
  readonly #known = new Map<Node, number | undefined>()
  readonly #block: BlockId
  readonly #plan: Plan
  readonly #fillOf: FillOf

  constructor(block: BlockId, plan: Plan, fillOf: FillOf) {
    this.#block = block
    this.#plan = plan
    this.#fillOf = fillOf
  }

  of(node: Node): number | undefined {
    if (this.#known.has(node)) return this.#known.get(node)
    if (this.#known.size >= MOST_OPERANDS) return undefined
    this.#known.set(node, undefined)
    const value = this.#find(node)
    this.#known.set(node, value)
    return value
  }

  #find(node: Node): number | undefined {
    if (node.kind === 'constant') return node.value
    if (node.kind === 'inside') return node.block === this.#block ? 0 : undefined
    if (node.kind === 'load')
      return isFilledOutside(node, this.#block, this.#plan) ? this.#fillOf(node) : undefined
    if (isMoving(node)) return this.of(node.arg)
    if (node.kind === 'map') return this.#ofMap(node)
    if (node.kind !== 'cast' || node.bits) return undefined
    const arg = this.of(node.arg)
    return arg === undefined ? undefined : castBy(node, scalar(node.arg.type.dtype, arg)).data[0]
  }

  #ofMap({ op, args, type }: MapNode): number | undefined {
    const known = args.map((arg) => this.of(arg))
    const [a, b, c] = known
    if (op === 'where') return a === undefined ? (b === c ? b : undefined) : a ? b : c
    if (!EXACT.has(op) || known.some((value) => value === undefined || Number.isNaN(value))) return undefined
    const dtype = args.at(-1)?.type.dtype ?? type.dtype
    return roundTo(type.dtype, OPS[op].cpu(a ?? 0, b ?? 0, c ?? 0, dtype))
  }
}

/** True when elements outside the range of `block` add nothing to a product with `other`. */
export function addsNothingOutside(node: Node, other: Node, block: BlockId, plan: Plan): boolean {
  return isAlwaysFinite(node, plan) && isMet({ value: other, block, neutral: 0 }, plan)
}

/**
 * The factor of a product that is zeroed instead of all of it: the other one is finite. Weights of few bits
 * stay plain integers that way, and a scale that many of them share is masked once.
 */
export function maskedFactor(node: NodeSpec, block: BlockId, plan: Plan): Node | undefined {
  if (node.kind !== 'map' || node.op !== 'mul') return undefined
  const [a, b] = node.args
  if (!a || !b) return undefined
  const [factor, other] = isAlwaysFinite(a, plan) ? [b, a] : [a, b]
  return isAlwaysFinite(other, plan) && factor.type.axes.includes(block) ? factor : undefined
}

/** True for values that are certainly neither infinite nor NaN, in range and outside. */
function isAlwaysFinite(node: Node, { program }: Plan): boolean {
  if (!isFloat(node.type.dtype)) return true
  const isSmall = (value: Node): boolean => {
    const plain = stripViews(value)
    return plain.kind === 'cast' && isOfSmallIntegers(plain, program)
  }
  const plain = stripViews(node)
  return isSmall(plain) || (plain.kind === 'map' && plain.op === 'sub' && plain.args.every(isSmall))
}
