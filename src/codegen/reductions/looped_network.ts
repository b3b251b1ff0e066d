/**
 * A bitonic network whose exchanges between threads are loops, for rows that would take too much code
 * written out. Elements are variables; position bits that are neighbours in the thread's number are one run,
 * walked by a counter.
 */

import type { State } from '../analysis/reduce_rules.ts'
import type { BitPlace } from '../layout/layout.ts'
import type { Lowering } from '../state/lowering.ts'
import type { Expr } from '../thread/expr.ts'
import { typeOf } from '../thread/types.ts'
import type { SortedOrder } from './sorted_order.ts'

/** Position bits in registers, or in neighbouring bits of the thread's number that one exchange can reach. */
interface Run {
  readonly of: BitPlace['of']
  readonly isNear: boolean
  readonly places: readonly BitPlace[]
}

/** Where runs of sorted elements fall: by a place of the position, or a condition. */
interface Turn {
  readonly place: BitPlace | undefined
  readonly falls?: Expr
}

/** Compare-exchanges that the network writes out. */
export function loopedExchanges(lowering: Lowering, places: readonly BitPlace[], registers: number): number {
  const runs = runsOf(lowering, places)
  const merged = (index: number): number =>
    runs.slice(0, index).reduce((n, { of, places }) => n + (of === 'thread' ? 1 : places.length / 2), 0)
  const own = ({ of, places }: Run, index: number): number =>
    of === 'thread'
      ? 2 * (1 + merged(index))
      : places.length * merged(index) + (places.length * (places.length + 1)) / 4
  return registers * runs.reduce((n, run, index) => n + own(run, index), 0)
}

export class LoopedNetwork {
  readonly #lowering: Lowering
  readonly #order: SortedOrder
  readonly #places: readonly BitPlace[]
  readonly #runs: readonly Run[]
  readonly #variables: readonly State[]

  constructor(lowering: Lowering, order: SortedOrder, places: readonly BitPlace[], states: readonly State[]) {
    this.#lowering = lowering
    this.#order = order
    this.#places = places
    this.#runs = runsOf(lowering, places)
    this.#variables = states.map((state) => state.map((value) => lowering.out.variable('sorted', value)))
  }

  sorted(): readonly State[] {
    let size = 0
    this.#runs.forEach((run, index) => {
      const { length } = run.places
      const last = this.#places[size + length]
      if (run.of === 'register') {
        run.places.forEach((_place, i) => {
          this.#merge(index, i, { place: this.#places[size + i + 1] })
        })
      } else {
        this.#mergeThreads(index, last)
      }
      size += length
    })
    return this.#snapshot()
  }

  /** All merges of a run of thread bits. */
  #mergeThreads(index: number, next: BitPlace | undefined): void {
    const { out, e, thread } = this.#lowering
    const run = this.#run(index)
    const [first, { length }] = [run.places[0]?.at ?? 0, run.places]
    if (length > 1)
      this.#count('merge', length - 1, (merge) => {
        const bit = out.let('turn', e.binary('<<', e.u32(2 ** (first + 1)), merge))
        const falls = out.let('falls', e.binary('!=', e.binary('&', thread, bit), e.u32(0)))
        this.#stages(run, merge, { place: undefined, falls })
        this.#below(index, { place: undefined, falls })
      })
    this.#stages(run, e.u32(length - 1), { place: next })
    this.#below(index, { place: next })
  }

  /** Merges along the register bit `i` of a run, and everything below it. */
  #merge(index: number, i: number, turn: Turn): void {
    for (const place of this.#run(index)
      .places.slice(0, i + 1)
      .reverse())
      this.#pairs(place, turn)
    this.#below(index, turn)
  }

  #below(index: number, turn: Turn): void {
    for (const run of this.#runs.slice(0, index).reverse()) {
      if (run.of === 'thread') this.#stages(run, this.#lowering.e.u32(run.places.length - 1), turn)
      else for (const place of [...run.places].reverse()) this.#pairs(place, turn)
    }
  }

  /** Exchanges along a run's thread bits from number `top` down to 0. */
  #stages({ places, isNear }: Run, top: Expr, turn: Turn): void {
    const { out, e, thread } = this.#lowering
    const first = places[0]?.at ?? 0
    this.#count('stage', e.add(top, e.u32(1)), (stage) => {
      const mask = out.let('bit', e.binary('<<', e.u32(2 ** first), e.sub(top, stage)))
      const isLow = out.let('low', e.binary('==', e.binary('&', thread, mask), e.u32(0)))
      const states = this.#snapshot()
      this.#assign(this.#order.threads(states, { mask, isNear }, () => isLow, turn.place, turn.falls))
    })
  }

  #pairs({ at }: BitPlace, { place, falls }: Turn): void {
    this.#assign(this.#order.pairs(this.#snapshot(), at, place, falls))
  }

  #count(hint: string, rounds: number | Expr, body: (round: Expr) => void): void {
    const { out, e } = this.#lowering
    const counter = out.counter(hint, typeOf('u32', 1))
    const end = typeof rounds === 'number' ? e.u32(rounds) : rounds
    out.loop({ counter, init: e.u32(0), condition: e.binary('<', counter, end), step: e.u32(1) }, () =>
      body(counter),
    )
  }

  /** What the variables hold now, by names. */
  #snapshot(): readonly State[] {
    return this.#variables.map((state) => state.map((value) => this.#lowering.out.let('v', value)))
  }

  #assign(states: readonly State[]): void {
    this.#variables.forEach((state, register) => {
      state.forEach((variable, part) => {
        const value = states[register]?.[part]
        if (value) this.#lowering.out.assign(variable, value)
      })
    })
  }

  #run(index: number): Run {
    const run = this.#runs[index]
    if (!run) throw new Error(`no run ${index}`)
    return run
  }
}

function runsOf({ bound }: Lowering, places: readonly BitPlace[]): readonly Run[] {
  const runs: { of: BitPlace['of']; isNear: boolean; places: BitPlace[] }[] = []
  for (const place of places) {
    const isNear = place.of === 'thread' && 2 ** (place.at + 1) <= bound.limits.subgroupSize
    const run = runs.at(-1)
    const continues =
      run?.of === place.of &&
      run.isNear === isNear &&
      (place.of === 'register' || run.places.at(-1)?.at === place.at - 1)
    if (continues) run.places.push(place)
    else runs.push({ of: place.of, isNear, places: [place] })
  }
  return runs
}
