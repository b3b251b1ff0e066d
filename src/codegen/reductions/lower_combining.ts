/**
 * Folds and scans of states along a block. A layout maps every position bit to a register bit or a thread
 * bit; the algorithm goes through the position bits from the lowest, wherever they are. After each, the
 * elements that differ in the bits so far form a group, of which a thread knows the total, and what comes
 * before its own part. (A reduce-then-scan over bits: Sklansky's network, with totals exchanged instead of
 * broadcast.) Combinations keep the order of the elements, so they need not be commutative.
 */
import { operationOf } from '../../ir/combine.ts'
import { type BlockId, type FoldNode, ONE, type ScanNode } from '../../ir/node.ts'
import { isCommutative } from '../../ir/ops.ts'
import type { DType } from '../../support/dtypes.ts'
import type { State } from '../analysis/reduce_rules.ts'
import type { BitPlace, Layout } from '../layout/layout.ts'
import type { Lowering } from '../state/lowering.ts'
import { named, type Registers } from '../state/registers.ts'
import type { Expr } from '../thread/expr.ts'
import { valueIn } from '../values/values.ts'
import { combineStates } from './combine_states.ts'
import { exchanged, partnerOf } from './exchange.ts'
import { registersOf, statesOf } from './states.ts'

/** Registers of a thread that are neighbours along the block, first to last, and what is known of them. */
interface Run {
  readonly registers: readonly number[]
  /** Of all elements in the group. */
  readonly total: State
  /** Of the elements before the run; undefined where there is none, whatever the thread. */
  readonly before: State | undefined
  /** Some element precedes the run in threads with any of these bits; undefined: in all. */
  readonly where: number | undefined
}

/** All parts of the state that `node` is a part of, whose operands are taken in `layout`. */
export function lowerCombining(
  lowering: Lowering,
  node: FoldNode | ScanNode,
  layout: Layout,
): readonly Registers[] {
  const block = node.args[0]?.type.axes[node.axis] ?? ONE
  const args = node.args.map((arg) => named(lowering.out, valueIn(lowering, arg, layout), 'v'))
  return new Combining(lowering, node, layout, block).parts(statesOf(lowering.e, args))
}

class Combining {
  readonly #lowering: Lowering
  readonly #node: FoldNode | ScanNode
  readonly #layout: Layout
  readonly #reverse: boolean
  /** Position bits that are in registers below every one that is not. */
  readonly #inner: readonly BitPlace[]
  readonly #outer: readonly BitPlace[]
  readonly #block: BlockId

  constructor(lowering: Lowering, node: FoldNode | ScanNode, layout: Layout, block: BlockId) {
    this.#lowering = lowering
    this.#node = node
    this.#layout = layout
    this.#block = block
    this.#reverse = node.kind === 'scan' && node.reverse
    const places = layout.placesAlong(block)
    const first = places.findIndex(({ of }) => of === 'thread')
    this.#inner = first < 0 ? places : places.slice(0, first)
    this.#outer = first < 0 ? [] : places.slice(first)
  }

  get #dtypes(): readonly DType[] {
    return this.#node.args.map(({ type }) => type.dtype)
  }

  get #identity(): State | undefined {
    const { e } = this.#lowering
    const { identity, args } = this.#node
    return identity?.map((value, part) => e.literal(value, args[part]?.type.dtype ?? 'f32'))
  }

  /** True where the order of two states does not matter, so that nobody has to ask which comes first. */
  get #commutes(): boolean {
    const op = operationOf(this.#node.combine)
    return op !== undefined && isCommutative(op)
  }

  parts(states: readonly State[]): readonly Registers[] {
    return this.#node.kind === 'scan' ? this.#scan(states) : this.#fold(states)
  }

  #fold(states: readonly State[]): readonly Registers[] {
    const runs = this.#runs().map((registers) => this.#run(registers, this.#tree(pick(states, registers))))
    const totals = this.#acrossRuns(runs)
    const layout = this.#layout.restrict((other) => other !== this.#block)
    const kept = this.#layout.registers.flatMap(({ block }, i) => (block === this.#block ? [] : [i]))
    return registersOf(this.#lowering.e, layout, this.#dtypes, (register) => {
      const holder = kept.reduce((sum, bit, i) => sum + (((register >> i) & 1) << bit), 0)
      return totals.find(({ registers }) => registers.includes(holder))?.total ?? []
    })
  }

  #scan(states: readonly State[]): readonly Registers[] {
    const found = new Map<number, State>()
    const runs = this.#runs().map((registers) => {
      let total: State | undefined
      for (const register of registers) {
        const state = states[register] ?? []
        total = total ? this.#combine(total, state) : state
        found.set(register, total)
      }
      return this.#run(registers, total ?? [])
    })
    for (const run of this.#acrossRuns(runs)) {
      for (const register of run.registers) {
        const state = found.get(register) ?? []
        found.set(register, this.#behind(run, state))
      }
    }
    return registersOf(this.#lowering.e, this.#layout, this.#dtypes, (register) => found.get(register) ?? [])
  }

  #run(registers: readonly number[], total: State): Run {
    return { registers, total, before: undefined, where: undefined }
  }

  /** `state` of elements behind what is before the run. */
  #behind({ before, where }: Run, state: State): State {
    if (!before) return state
    const both = this.#combine(before, state)
    return where === undefined ? both : this.#select(this.#isLate(where), both, state)
  }

  /** Registers that are neighbours along the block by their low bits, in the order of the scan. */
  #runs(): readonly (readonly number[])[] {
    const bits = this.#inner.map(({ at }) => at)
    const mask = bits.reduce((sum, bit) => sum + 2 ** bit, 0)
    const first = Array.from({ length: this.#layout.size }, (_, i) => i).filter((i) => (i & mask) === 0)
    return first.map((base) => {
      const run = Array.from({ length: 2 ** bits.length }, (_, i) =>
        bits.reduce((register, bit, j) => register + (((i >> j) & 1) << bit), base),
      )
      return this.#reverse ? run.reverse() : run
    })
  }

  #acrossRuns(runs: readonly Run[]): readonly Run[] {
    return this.#outer.reduce(
      (known, { of, at }) => (of === 'thread' ? this.#acrossThreads(known, at) : this.#pairs(known, at)),
      runs,
    )
  }

  /** Groups of two threads each. */
  #acrossThreads(runs: readonly Run[], bit: number): readonly Run[] {
    const parts = this.#node.args.length
    const others = exchanged(
      this.#lowering,
      runs.flatMap(({ total }) => total),
      partnerOf(this.#lowering, bit),
    )
    const late = this.#isLate(2 ** bit)
    return runs.map((run, i) => {
      const other = others.slice(i * parts, (i + 1) * parts)
      const total = this.#commutes
        ? this.#combine(run.total, other)
        : this.#combine(this.#select(late, other, run.total), this.#select(late, run.total, other))
      if (this.#node.kind === 'fold') return { ...run, total }
      if (!run.before && this.#identity)
        return { ...run, total, before: this.#select(late, other, this.#identity) }
      if (!run.before) return { ...run, total, before: other, where: 2 ** bit }
      const before = this.#select(late, this.#behindOther(other, run), run.before)
      return { ...run, total, before, where: run.where && run.where + 2 ** bit }
    })
  }

  /** Groups of two runs each, of the same threads. */
  #pairs(runs: readonly Run[], bit: number): readonly Run[] {
    const isHigh = ({ registers }: Run): boolean => (((registers[0] ?? 0) >> bit) & 1) === 1
    const partner = ({ registers }: Run): Run | undefined =>
      runs.find((other) => other.registers.includes((registers[0] ?? 0) ^ (2 ** bit)))
    const totals = new Map<Run, State>()
    for (const low of runs.filter((run) => !isHigh(run))) {
      const high = partner(low) ?? low
      const [first, second] = this.#reverse ? [high, low] : [low, high]
      const total = this.#combine(first.total, second.total)
      totals.set(low, total).set(high, total)
    }
    return runs.map((run) => {
      const total = totals.get(run) ?? run.total
      const comesFirst = isHigh(run) === this.#reverse
      const other = partner(run)
      if (comesFirst || !other || this.#node.kind === 'fold') return { ...run, total }
      const before = run.before ? this.#behindOther(other.total, run) : other.total
      return { ...run, total, before, where: undefined }
    })
  }

  /** What is before the run behind another run: that alone in threads where nothing is. */
  #behindOther(other: State, { before = [], where }: Run): State {
    const both = this.#combine(other, before)
    return where === undefined ? both : this.#select(this.#isLate(where), both, other)
  }

  #combine(left: State, right: State): State {
    return combineStates(this.#lowering, this.#node.combine, left, right)
  }

  /** All of them in order, neighbours first: the way is short. */
  #tree(states: readonly State[]): State {
    const [only = []] = states
    if (states.length <= 1) return only
    const pairs = Array.from({ length: states.length / 2 }, (_, i) =>
      this.#combine(states[2 * i] ?? [], states[2 * i + 1] ?? []),
    )
    return this.#tree(pairs)
  }

  /** True for threads that have elements before them in threads that differ in these bits. */
  #isLate(mask: number): Expr {
    const { out, e, thread } = this.#lowering
    const bits = e.binary('&', thread, e.u32(mask))
    return out.early('late', e.unary('!', e.binary('==', bits, e.u32(this.#reverse ? mask : 0))))
  }

  #select(condition: Expr, yes: State, no: State): State {
    const { out, e } = this.#lowering
    return yes.map((value, i) => {
      const other = no[i] ?? value
      return other === value ? value : out.let('state', e.select(other, value, condition))
    })
  }
}

function pick(states: readonly State[], registers: readonly number[]): readonly State[] {
  return registers.map((register) => states[register] ?? [])
}
