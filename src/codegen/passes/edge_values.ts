/**
 * What values are beyond the range of a block, where loads read zero: which of them need no mask there, and
 * which factor of a product is the better one to mask.
 */
import { stripViews } from '../../ir/dim_index.ts'
import type { BlockId, Node, NodeSpec } from '../../ir/node.ts'
import { isMoving } from '../../ir/node_rules.ts'
import { isFloat } from '../../support/dtypes.ts'
import { isOfSmallIntegers } from '../analysis/small_integers.ts'
import { readsZeroOutside } from '../plan/access.ts'
import type { Plan } from '../plan/plan.ts'

/** True when elements outside the range of `block` are certainly zero. */
export function isZeroOutside(node: Node, block: BlockId, plan: Plan): boolean {
  if (!node.type.axes.includes(block)) return false
  if (node.kind === 'load') return readsZeroOutside(node, block, plan)
  const keepsZero = isMoving(node) || (node.kind === 'cast' && !node.bits)
  return keepsZero && isZeroOutside(node.arg, block, plan)
}

/** True when elements outside the range of `block` add nothing to a product with `other`. */
export function addsNothingOutside(node: Node, other: Node, block: BlockId, plan: Plan): boolean {
  return isAlwaysFinite(node, plan) && isZeroOutside(other, block, plan)
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
