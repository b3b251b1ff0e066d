/**
 * The part of a reduction that crosses threads: lanes of a subgroup by shuffles, the rest by workgroup
 * memory.
 */

import type { Reduction, State } from '../analysis/reduce_rules.ts'
import { Layout } from '../layout/layout.ts'
import type { Lowering } from '../state/lowering.ts'
import { chunkWidth, type Registers, wholeChunk } from '../state/registers.ts'
import type { Expr } from '../thread/expr.ts'
import { typeOf } from '../thread/types.ts'
import { gatheredBits } from '../values/coordinates.ts'

/** More partial results than this are combined in a loop rather than written out. */
const UNROLLED_PARTIALS = 16

/**
 * `state` of one chunk of registers, combined over all threads that share the chunk's elements of other
 * blocks.
 */
export function reduceAcrossThreads(
  lowering: Lowering,
  reduction: Reduction,
  layout: Layout,
  chunk: number,
  state: State,
): State {
  const along = layout.threads.flatMap((bit, i) => (bit?.block === reduction.block ? [i] : []))
  const laneBits = laneBitsOf(lowering)
  const lanes = along.filter((bit) => bit < laneBits)
  const others = along.filter((bit) => bit >= laneBits)
  const inSubgroup = lanes.length > 0 ? reduceLanes(lowering, reduction, lanes, laneBits, state) : state
  if (others.length === 0) return inSubgroup
  return reduceThroughMemory(lowering, reduction, layout, { lanes, others, chunk }, inSubgroup)
}

/** The part over lanes alone: every chunk combined, without the block's bits below the subgroup size. */
export function reduceInSubgroups(lowering: Lowering, reduction: Reduction, value: Registers): Registers {
  const { layout } = value
  const laneBits = laneBitsOf(lowering)
  const isLane = (i: number): boolean => i < laneBits && layout.threads[i]?.block === reduction.block
  const lanes = layout.threads.flatMap((_, i) => (isLane(i) ? [i] : []))
  if (lanes.length === 0) return value
  const threads = layout.threads.map((bit, i) => (isLane(i) ? undefined : bit))
  const chunks = value.chunks.flatMap((_, i) =>
    reduceLanes(lowering, reduction, lanes, laneBits, [wholeChunk(lowering.e, value, i)]),
  )
  return { ...value, layout: new Layout(layout.registers, threads), chunks }
}

/** log2 of the lanes of a subgroup, where that is fixed. */
function laneBitsOf({ bound }: Lowering): number {
  return Math.log2(Math.max(1, bound.limits.subgroupSize))
}

function reduceLanes(
  { out, e }: Lowering,
  { combine, subgroup }: Reduction,
  lanes: readonly number[],
  laneBits: number,
  state: State,
): State {
  if (subgroup && lanes.length === laneBits)
    return state.map((value) => out.let('total', e.call(subgroup, value)))
  return lanes.reduce<State>((current, bit) => {
    const other = current.map((value) =>
      out.let('other', e.call('subgroupShuffleXor', value, e.u32(2 ** bit))),
    )
    return combine(current, other)
  }, state)
}

interface Partials {
  /** Thread bits along the block within a subgroup; already combined. */
  readonly lanes: readonly number[]
  /** Thread bits along the block beyond it. */
  readonly others: readonly number[]
  readonly chunk: number
}

/**
 * One thread of each group writes its partial result, then every thread combines those of its own elements.
 */
function reduceThroughMemory(
  lowering: Lowering,
  reduction: Reduction,
  layout: Layout,
  { lanes, others, chunk }: Partials,
  state: State,
): State {
  const { out, e, memory } = lowering
  const width = chunkWidth(layout)
  const count = 2 ** others.length
  const apart = layout.threads.flatMap((bit, i) => (bit && bit.block !== reduction.block ? [i] : []))
  const slots = 2 ** apart.length
  const arrays = reduction.dtypes.map((dtype) =>
    memory.allocate('partial', typeOf(dtype, width), slots * count),
  )
  const first = out.early('slot', e.mul(gatheredBits(lowering, apart), e.u32(count)))
  const silent = lanes.reduce((mask, bit) => mask | (1 << bit), layout.replicaMask)
  const index = e.add(first, gatheredBits(lowering, others))
  const phase = out.phase()
  out.if('some', lowering.isFirstCopy(silent), () => {
    arrays.forEach((array, i) => {
      const value = state[i]
      if (value) out.store(array, index, e.splat(value, width), phase)
    })
  })
  const read = (i: Expr): State => arrays.map((array) => e.read(array, e.add(first, i)))
  const total = combinePartials(lowering, reduction, layout, count, read)
  for (const array of arrays) memory.release(array)
  return total.map((value) => out.shared(`total_${chunk}`, value))
}

/**
 * Where the lanes of a subgroup share their elements of other blocks, each lane takes some of the partial
 * results and shuffles do the rest; otherwise every thread goes through all of them.
 */
function combinePartials(
  lowering: Lowering,
  reduction: Reduction,
  layout: Layout,
  count: number,
  read: (index: Expr) => State,
): State {
  const { out, e, thread } = lowering
  const laneBits = laneBitsOf(lowering)
  const bits = Math.min(Math.log2(count), laneBits)
  const shared = layout.threads.slice(0, bits).every((bit) => !bit || bit.block === reduction.block)
  if (bits < 2 || !shared) return combineRange(lowering, reduction, count, read)
  const width = 2 ** bits
  const lane = out.early('lane_of', e.binary('%', thread, e.u32(width)))
  const own = combineRange(lowering, reduction, count / width, (i) =>
    read(e.add(lane, e.mul(i, e.u32(width)))),
  )
  const named = own.map((value) => out.let('share', value))
  const lanes = Array.from({ length: bits }, (_, bit) => bit)
  return reduceLanes(lowering, reduction, lanes, laneBits, named)
}

/** Combines what `read` gives for 0 to `count - 1`. */
function combineRange(
  lowering: Lowering,
  reduction: Reduction,
  count: number,
  read: (index: Expr) => State,
): State {
  if (count > UNROLLED_PARTIALS) return combineInLoop(lowering, reduction, count, read)
  const states = Array.from({ length: count }, (_, i) => read(lowering.e.u32(i)))
  return states.slice(1).reduce((a, b) => reduction.combine(a, b), states[0] ?? [])
}

function combineInLoop(
  { out, e }: Lowering,
  { combine }: Reduction,
  count: number,
  read: (index: Expr) => State,
): State {
  const totals = read(e.u32(0)).map((value) => out.variable('running', value))
  const counter = out.counter('i', typeOf('u32', 1))
  const below = e.binary('<', counter, e.u32(count))
  out.loop({ counter, init: e.u32(1), condition: below, step: e.u32(1) }, () => {
    const next = combine(totals, read(counter))
    totals.forEach((total, component) => {
      out.assign(total, next[component] ?? total)
    })
  })
  return totals
}
