/**
 * The order that states of a sort have: a value, and where it stood if equal ones have to keep their order.
 */
import type { SortNode } from '../../ir/node.ts'
import { isFloat } from '../../support/dtypes.ts'
import type { State } from '../analysis/reduce_rules.ts'
import type { BitPlace } from '../layout/layout.ts'
import type { Lowering } from '../state/lowering.ts'
import type { Expr } from '../thread/expr.ts'
import { typeOf } from '../thread/types.ts'
import { exchanged, type Partner } from './exchange.ts'

export class SortedOrder {
  readonly #lowering: Lowering
  readonly #node: SortNode

  constructor(lowering: Lowering, node: SortNode) {
    this.#lowering = lowering
    this.#node = node
  }

  /**
   * Each two states whose registers differ in one bit, in order; falling where the register's bit `turn` is
   * 1, or where `falls` holds.
   */
  pairs(states: readonly State[], bit: number, turn: BitPlace | undefined, falls?: Expr): readonly State[] {
    const next = [...states]
    states.forEach((low, register) => {
      const partner = register | (1 << bit)
      const high = states[partner] ?? low
      if (partner === register) return
      const swap = this.#turned(this.#isAfter(low, high), register, turn, falls)
      next[register] = this.#select(swap, high, low)
      next[partner] = this.#select(swap, low, high)
    })
    return next
  }

  /** Each state and that of a thread whose number differs in one bit, in order; `isLowOf`: of the two. */
  threads(
    states: readonly State[],
    partner: Partner,
    isLowOf: () => Expr,
    turn: BitPlace | undefined,
    falls?: Expr,
  ): readonly State[] {
    const { out, e } = this.#lowering
    const others = exchanged(this.#lowering, states.flat(), partner)
    const parts = states[0]?.length ?? 1
    const isLow = isLowOf()
    return states.map((own, register) => {
      const other = others.slice(parts * register, parts * (register + 1))
      const takes = e.binary('==', this.#isAfter(own, other), this.#turned(isLow, register, turn, falls))
      return this.#select(out.let('takes', takes), other, own)
    })
  }

  /** The condition, or its opposite where runs fall. */
  #turned(condition: Expr, register: number, turn: BitPlace | undefined, falls: Expr | undefined): Expr {
    const { out, e, thread } = this.#lowering
    if (falls) return e.binary('!=', condition, falls)
    if (!turn) return condition
    if (turn.of === 'register') return (register >> turn.at) & 1 ? e.unary('!', condition) : condition
    const rises = out.early('rises', e.binary('==', e.binary('&', thread, e.u32(2 ** turn.at)), e.u32(0)))
    return e.binary('==', condition, rises)
  }

  /** True where `a` belongs behind `b`. */
  #isAfter([x, i]: State, [y, j]: State): Expr {
    const { out, e } = this.#lowering
    if (!x || !y) throw new Error('nothing to compare')
    const [a, b] = [this.#rank(x), this.#rank(y)]
    const beyond = this.#node.descending ? e.binary('<', a, b) : e.binary('<', b, a)
    if (!i || !j) return out.let('after', beyond)
    const tie = e.binary('&', e.binary('==', a, b), e.binary('<', j, i))
    return out.let('after', e.binary('|', beyond, tie))
  }

  /** An integer in the order of the values. */
  #rank(value: Expr): Expr {
    const { out, e } = this.#lowering
    const { dtype } = value.type
    if (dtype === 'bool') return out.shared('rank', e.convert('u32', value))
    if (!isFloat(dtype)) return value
    return out.shared('rank', e.helper('rank_nan_high', typeOf('i32', 1), value))
  }

  #select(condition: Expr, yes: State, no: State): State {
    const { out, e } = this.#lowering
    const swap = condition.size > 0 ? out.shared('swap', condition) : condition
    return yes.map((value, i) => out.let('next', e.select(no[i] ?? value, value, swap)))
  }
}
