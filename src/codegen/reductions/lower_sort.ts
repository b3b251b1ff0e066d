/**
 * Sorting along a block by a bitonic network (Batcher, 1968): every compare-exchange is between positions
 * that differ in one bit, which is a register bit, a lane or another thread. Elements travel with where they
 * stood, so that the order is total and equal ones keep theirs; integers alone where nobody asks for that.
 */
import { ONE, type SortNode } from '../../ir/node.ts'
import { isFloat } from '../../support/dtypes.ts'
import { ConfigError } from '../../support/errors.ts'
import type { State } from '../analysis/reduce_rules.ts'
import type { BitPlace, Layout } from '../layout/layout.ts'
import type { Lowering } from '../state/lowering.ts'
import { named, type Registers } from '../state/registers.ts'
import type { Expr } from '../thread/expr.ts'
import { positionsInTile, valueIn } from '../values/values.ts'
import { partnerOf } from './exchange.ts'
import { LoopedNetwork, loopedExchanges } from './looped_network.ts'
import { SortedOrder } from './sorted_order.ts'
import { registersOf, statesOf } from './states.ts'

/** Compare-exchanges that a thread may have written out: more take compilers seconds. */
const MAX_EXCHANGES = 2048

/** The values in order, and where they stood if that is wanted. */
export function lowerSort(
  lowering: Lowering,
  node: SortNode,
  layout: Layout,
  withPlaces: boolean,
): readonly Registers[] {
  const { out, e } = lowering
  const block = node.arg.type.axes[node.axis] ?? ONE
  const value = named(out, valueIn(lowering, node.arg, layout), 'v')
  // Equal integers are the same: it takes no places to keep them in order.
  const moved =
    withPlaces || isFloat(value.dtype) ? [value, positionsInTile(lowering, layout, block)] : [value]
  const states = sortedStates(lowering, node, layout.placesAlong(block), statesOf(e, moved))
  const dtypes = moved.map(({ dtype }) => dtype)
  return registersOf(e, layout, dtypes, (register) => states[register] ?? [])
}

/** Every exchange written out, or those between threads as loops where that is too much code. */
function sortedStates(
  lowering: Lowering,
  node: SortNode,
  places: readonly BitPlace[],
  states: readonly State[],
): readonly State[] {
  const order = new SortedOrder(lowering, node)
  const bits = places.length
  if ((states.length * bits * (bits + 1)) / 2 <= MAX_EXCHANGES)
    return writtenOut(lowering, order, places, states)
  const exchanges = loopedExchanges(lowering, places, states.length)
  if (exchanges > MAX_EXCHANGES) {
    throw new ConfigError(
      `sorting ${2 ** bits} elements takes ${exchanges} comparisons per thread, at most ${MAX_EXCHANGES}`,
      { remedy: 'More threads (num_warps) or smaller blocks of other dimensions make it fewer.' },
    )
  }
  return new LoopedNetwork(lowering, order, places, states).sorted()
}

function writtenOut(
  lowering: Lowering,
  order: SortedOrder,
  places: readonly BitPlace[],
  states: readonly State[],
): readonly State[] {
  const { out, e, thread } = lowering
  let current = states
  places.forEach((_place, size) => {
    // Runs of twice the length: rising where the next bit is 0, falling where it is 1.
    const turn = places[size + 1]
    for (const { of, at } of places.slice(0, size + 1).reverse()) {
      if (of === 'register') current = order.pairs(current, at, turn)
      else {
        const isLow = (): Expr =>
          out.early('low', e.binary('==', e.binary('&', thread, e.u32(2 ** at)), e.u32(0)))
        current = order.threads(current, partnerOf(lowering, at), isLow, turn)
      }
    }
  })
  return current
}
