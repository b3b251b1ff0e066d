/**
 * Sums that are rescaled whenever a maximum grows, as those of a softmax in one pass: every round multiplies
 * them by `exp(top - next)` and adds what has the factor `exp(-next)` in it, where `next` is the maximum so
 * far. So those of two parts of the loop are added up once each is multiplied by `exp(own maximum - common)`.
 */
import { isZero, stripViews } from '../../ir/dim_index.ts'
import type { LoopNode, MapNode, Node, PhiNode } from '../../ir/node.ts'
import { isMoving } from '../../ir/node_rules.ts'
import { operandsOf, readInside, readsOf, walk } from '../../ir/traverse.ts'
import { isFloat } from '../../support/dtypes.ts'

/** A maximum that a loop carries. */
interface Maximum {
  /** Its place among what the loop carries. */
  readonly index: number
  readonly phi: PhiNode
  /** Of what the round has seen and what came before. */
  readonly next: MapNode
  readonly seen: Node
}

export interface RescaledSums {
  readonly top: Maximum
  /** Of the sums. */
  readonly sums: ReadonlySet<number>
  readonly exp: 'exp' | 'exp2'
  /** Everything in the loop with the factor `exp(-next)` in it. */
  readonly factors: ReadonlySet<Node>
}

/** Those of a loop of which nothing else depends on the maximum. */
export function rescaledSums(loop: LoopNode): RescaledSums | undefined {
  const tops = loop.phis.flatMap((_, index) => maximumAt(loop, index) ?? [])
  for (const top of tops) {
    for (const exp of ['exp', 'exp2'] as const) {
      const look = new Look(loop, top, exp)
      const others = [...loop.phis.keys()].filter((index) => index !== top.index)
      const sums = new Set(others.filter((index) => look.isRescaled(index)))
      const rest = others.filter((index) => !sums.has(index))
      if (sums.size > 0 && look.readsTopForNothingElse() && rest.every((index) => look.isIndependent(index)))
        return { top, sums, exp, factors: look.factors }
    }
  }
  return undefined
}

function maximumAt({ phis, yields }: LoopNode, index: number): Maximum | undefined {
  const [phi, next] = [phis[index], yields[index]]
  if (next?.kind !== 'map' || next.op !== 'maximum' || !phi || !isFloat(phi.type.dtype)) return undefined
  const seen = next.args.find((arg) => arg !== phi)
  return seen && next.args.includes(phi) ? { index, phi, next, seen } : undefined
}

/** How a value depends on the maximum: not at all, by a factor `exp(-next)`, or in any other way. */
type Dependence = 'none' | 'factor' | 'other'

class Look {
  readonly #loop: LoopNode
  readonly #top: Maximum
  readonly #exp: 'exp' | 'exp2'
  readonly #known = new Map<Node, Dependence>()
  /** What reads the maximum as it should: factors, and what they are made of. */
  readonly #right = new Set<Node>()
  /** The maximum, and what stands for it: 0 where it is still infinite. */
  readonly #tops = new Set<Node>()

  constructor(loop: LoopNode, top: Maximum, exp: 'exp' | 'exp2') {
    this.#loop = loop
    this.#top = top
    this.#exp = exp
    this.#tops.add(top.next)
    for (const phi of loop.phis) this.#known.set(phi, 'other')
    for (const node of loop.body) {
      const isInfinite = finiteOf(node, top.next)
      if (!isInfinite) continue
      this.#tops.add(node)
      for (const part of [node, isInfinite]) this.#right.add(part)
    }
    for (const node of loop.body) this.#known.set(node, this.#dependence(node))
  }

  get factors(): ReadonlySet<Node> {
    return new Set([...this.#known].flatMap(([node, depends]) => (depends === 'factor' ? [node] : [])))
  }

  /** True for a sum that is nothing, then rescaled and added to in every round, and read for nothing else. */
  isRescaled(index: number): boolean {
    const { phis, yields, inits } = this.#loop
    const [phi, next, init] = [phis[index], yields[index], inits[index]]
    if (!phi || !next || !init || !isZero(init) || !isFloat(phi.type.dtype)) return false
    const before = next.kind === 'dot' ? next.acc : this.#other(next, 'factor')
    const isAdded = next.kind === 'dot' ? this.#isProduct([next.a, next.b]) : before !== undefined
    const isShrunk =
      before?.kind === 'map' &&
      before.op === 'mul' &&
      before.args.includes(phi) &&
      before.args.some((arg) => this.#isShrinking(arg))
    return isAdded && isShrunk && this.#readers(phi) === 1 && this.#readers(next) === 1
  }

  /** True when nothing that a value changes by depends on what the loop carries. */
  isIndependent(index: number): boolean {
    const { phis, yields } = this.#loop
    const next = yields[index]
    return (
      !!next && operandsOf(next).every((operand) => operand === phis[index] || this.#of(operand) === 'none')
    )
  }

  /** True when nothing looks at the maximum but for the sake of rescaling. */
  readsTopForNothingElse(): boolean {
    const { phi, next } = this.#top
    const isOther = next.args.every((arg) => arg === phi || this.#of(arg) === 'none')
    return (
      isOther && this.#readersOf(phi, ...this.#tops).every((node) => node === next || this.#right.has(node))
    )
  }

  /** Of a sum of two, that which does not depend so. */
  #other(sum: Node, dependence: Dependence): Node | undefined {
    if (sum.kind !== 'map' || sum.op !== 'add') return undefined
    const others = sum.args.filter((arg) => this.#of(arg) !== dependence)
    return others.length === 1 ? others[0] : undefined
  }

  /** `exp(top - next)`. */
  #isShrinking(node: Node): boolean {
    const args = this.#differenceIn(stripViews(node))
    return args !== undefined && stripViews(args[0]) === this.#top.phi
  }

  #of(node: Node): Dependence {
    return this.#known.get(node) ?? 'none'
  }

  #dependence(node: Node): Dependence {
    const parts = node.kind === 'loop' ? [...operandsOf(node), ...readInside(node)] : operandsOf(node)
    if (parts.every((part) => this.#of(part) === 'none' && !this.#tops.has(part))) return 'none'
    return this.#isFactor(node) ? 'factor' : 'other'
  }

  #isFactor(node: Node): boolean {
    const factors = (args: readonly Node[]): boolean => args.every((arg) => this.#of(arg) === 'factor')
    if (node.kind === 'map') return this.#isFactorOf(node)
    if (node.kind === 'cast') return !node.bits && isFloat(node.type.dtype) && factors([node.arg])
    if (isMoving(node)) return factors([node.arg])
    if (node.kind === 'reduce') return node.op === 'sum' && factors([node.arg])
    return node.kind === 'dot' && node.acc === undefined && this.#isProduct([node.a, node.b])
  }

  #isFactorOf(node: MapNode): boolean {
    const { op, args } = node
    const [first, ...rest] = args
    const factors = (values: readonly Node[]): boolean => values.every((arg) => this.#of(arg) === 'factor')
    if (op === this.#exp) return this.#isFactorOfScores(node)
    if (op === 'add' || op === 'sub' || op === 'neg') return factors(args)
    if (op === 'mul') return this.#isProduct(args)
    if (op === 'div') return first !== undefined && factors([first]) && rest.every((arg) => this.#isFree(arg))
    return op === 'where' && this.#isFree(first) && rest.every((arg) => isZero(arg) || factors([arg]))
  }

  /** `exp(scores - next)`, with scores that do not depend on the maximum. */
  #isFactorOfScores(node: Node): boolean {
    const args = this.#differenceIn(node)
    return args !== undefined && this.#of(args[0]) === 'none'
  }

  /** The operands of the difference in `exp(… - next)`. */
  #differenceIn(node: Node): readonly [Node, Node] | undefined {
    if (node.kind !== 'map' || node.op !== this.#exp) return undefined
    const [difference] = node.args
    if (difference?.kind !== 'map' || difference.op !== 'sub') return undefined
    const [left, right] = difference.args
    if (!left || !right || !this.#tops.has(stripViews(right))) return undefined
    this.#right.add(difference)
    return [left, right]
  }

  #isProduct(args: readonly Node[]): boolean {
    return (
      args.filter((arg) => this.#of(arg) === 'factor').length === 1 &&
      args.filter((arg) => this.#isFree(arg)).length === args.length - 1
    )
  }

  #isFree(node: Node | undefined): boolean {
    return node !== undefined && !this.#tops.has(node) && this.#of(node) === 'none'
  }

  #readers(value: Node): number {
    return this.#readersOf(value).length + this.#loop.yields.filter((node) => node === value).length
  }

  /** What reads some of the values in the loop, by whatever name. */
  #readersOf(...values: readonly Node[]): readonly Node[] {
    const names = new Set(values)
    const readers: Node[] = []
    walk(this.#loop.body, (node) => {
      if (!readsOf(node).some((operand) => names.has(operand))) return
      if (isMoving(node)) names.add(node)
      else readers.push(node)
    })
    return readers
  }
}

/** Of `next == -infinity ? 0 : next` the comparison; undefined for any other node. */
function finiteOf(node: Node, next: Node): Node | undefined {
  if (node.kind !== 'map' || node.op !== 'where' || node.args[2] !== next) return undefined
  const [isInfinite, zero] = node.args
  if (isInfinite?.kind !== 'map' || isInfinite.op !== 'eq' || !zero || !isZero(zero)) return undefined
  const [value, least] = isInfinite.args
  const isLeast = least?.kind === 'constant' && least.value === Number.NEGATIVE_INFINITY
  return value === next && isLeast ? isInfinite : undefined
}
