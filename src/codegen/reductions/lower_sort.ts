/**
 * Sorting along a block by a bitonic network (Batcher, 1968): every compare-exchange is between positions
 * that differ in one bit, which is a register bit, a lane or another thread. Elements travel with where they
 * stood, so that the order is total and equal ones keep theirs.
 */
import { ONE, type SortNode } from '../../ir/node.ts'
import { isFloat } from '../../support/dtypes.ts'
import { ConfigError } from '../../support/errors.ts'
import type { BitPlace, Layout } from '../layout/layout.ts'
import type { Lowering } from '../lower/lowering.ts'
import type { Expr } from '../thread/expr.ts'
import { typeOf } from '../thread/types.ts'
import { named, type Registers } from '../values/registers.ts'
import { positionsInTile, valueIn } from '../values/values.ts'
import { exchanged } from './exchange.ts'
import type { State } from './reduce_rules.ts'
import { registersOf, statesOf } from './states.ts'

/** Compare-exchanges that a thread may have written out: more take compilers seconds. */
const MAX_EXCHANGES = 2048

/** The values in order, and where they stood. */
export function lowerSort(lowering: Lowering, node: SortNode, layout: Layout): readonly Registers[] {
  const { out, e } = lowering
  const block = node.arg.type.axes[node.axis] ?? ONE
  const value = named(out, valueIn(lowering, node.arg, layout), 'v')
  const stood = positionsInTile(lowering, layout, block)
  const network = new Network(lowering, node, layout.placesAlong(block))
  const states = network.sorted(statesOf(e, [value, stood]))
  return registersOf(e, layout, [value.dtype, 'i32'], (register) => states[register] ?? [])
}

class Network {
  readonly #lowering: Lowering
  readonly #node: SortNode
  readonly #places: readonly BitPlace[]

  constructor(lowering: Lowering, node: SortNode, places: readonly BitPlace[]) {
    this.#lowering = lowering
    this.#node = node
    this.#places = places
  }

  sorted(states: readonly State[]): readonly State[] {
    const bits = this.#places.length
    const exchanges = (states.length * bits * (bits + 1)) / 2
    if (exchanges > MAX_EXCHANGES) {
      throw new ConfigError(
        `sorting ${2 ** bits} elements takes ${exchanges} comparisons per thread, at most ${MAX_EXCHANGES}`,
        { remedy: 'More threads (num_warps) or smaller blocks of other dimensions make it fewer.' },
      )
    }
    let current = states
    this.#places.forEach((_place, size) => {
      // Runs of twice the length: rising where the next bit is 0, falling where it is 1.
      const turn = this.#places[size + 1]
      for (const place of this.#places.slice(0, size + 1).reverse())
        current =
          place.of === 'thread'
            ? this.#threads(current, place.at, turn)
            : this.#pairs(current, place.at, turn)
    })
    return current
  }

  #pairs(states: readonly State[], bit: number, turn: BitPlace | undefined): readonly State[] {
    const next = [...states]
    states.forEach((low, register) => {
      const partner = register | (1 << bit)
      const high = states[partner] ?? low
      if (partner === register) return
      const swap = this.#turned(this.#isAfter(low, high), register, turn)
      next[register] = this.#select(swap, high, low)
      next[partner] = this.#select(swap, low, high)
    })
    return next
  }

  #threads(states: readonly State[], bit: number, turn: BitPlace | undefined): readonly State[] {
    const { out, e, thread } = this.#lowering
    const others = exchanged(this.#lowering, states.flat(), bit)
    const isLow = out.early('low', e.binary('==', e.binary('&', thread, e.u32(2 ** bit)), e.u32(0)))
    return states.map((own, register) => {
      const other = others.slice(2 * register, 2 * register + 2)
      const takes = e.binary('==', this.#isAfter(own, other), this.#turned(isLow, register, turn))
      return this.#select(out.let('takes', takes), other, own)
    })
  }

  /** The condition, or its opposite where runs fall. */
  #turned(condition: Expr, register: number, turn: BitPlace | undefined): Expr {
    const { out, e, thread } = this.#lowering
    if (!turn) return condition
    if (turn.of === 'register') return (register >> turn.at) & 1 ? e.unary('!', condition) : condition
    const rises = out.early('rises', e.binary('==', e.binary('&', thread, e.u32(2 ** turn.at)), e.u32(0)))
    return e.binary('==', condition, rises)
  }

  /** True where `a` belongs behind `b`. */
  #isAfter([x, i]: State, [y, j]: State): Expr {
    const { out, e } = this.#lowering
    if (!x || !y || !i || !j) throw new Error('a value without its place')
    const [a, b] = [this.#rank(x), this.#rank(y)]
    const tie = e.binary('&', e.binary('==', a, b), e.binary('<', j, i))
    const beyond = this.#node.descending ? e.binary('<', a, b) : e.binary('<', b, a)
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
