/**
 * The part of a reduction that crosses threads: lanes of a subgroup by shuffles, the rest by workgroup
 * memory.
 */

import { operand, withoutParentheses } from '../ir/wgsl_text.ts'
import { DTYPES } from '../support/dtypes.ts'
import { sumText } from './coordinates.ts'
import type { Layout } from './layout.ts'
import type { Lowering } from './lowering.ts'
import type { Reduction, State } from './reduce_rules.ts'
import { chunkWidth } from './registers.ts'
import { storageType } from './wgsl_types.ts'

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
  const laneBits = Math.log2(Math.max(1, lowering.bound.limits.subgroupSize))
  const lanes = along.filter((bit) => bit < laneBits)
  const others = along.filter((bit) => bit >= laneBits)
  const inSubgroup = lanes.length > 0 ? reduceLanes(lowering, reduction, lanes, laneBits, state) : state
  if (others.length === 0) return inSubgroup
  return reduceThroughMemory(lowering, reduction, layout, { lanes, others, chunk }, inSubgroup)
}

function reduceLanes(
  lowering: Lowering,
  { combine, subgroup }: Reduction,
  lanes: readonly number[],
  laneBits: number,
  state: State,
): State {
  const { out } = lowering
  lowering.usesSubgroups = true
  if (subgroup && lanes.length === laneBits)
    return state.map((text) => out.let('total', `${subgroup}(${text})`))
  return lanes.reduce<State>((current, bit) => {
    const other = current.map((text) => out.let('other', `subgroupShuffleXor(${text}, ${2 ** bit}u)`))
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
  const { out, memory, thread } = lowering
  const width = chunkWidth(layout)
  const count = 2 ** others.length
  const apart = layout.threads.flatMap((bit, i) => (bit && bit.block !== reduction.block ? [i] : []))
  const slots = 2 ** apart.length
  const arrays = reduction.dtypes.map((dtype) =>
    memory.allocate('partial', storageType(dtype, width), DTYPES[dtype].bytes * width, slots * count),
  )
  const slot = bitsText(thread, apart)
  const first = slot === '0u' ? '0u' : out.early('slot', `${operand(slot)} * ${count}u`)
  const own = bitsText(thread, others)
  const silent = lanes.reduce((mask, bit) => mask | (1 << bit), layout.replicaMask)
  memory.beforeWrite(...arrays)
  const write = (): void => {
    const index = sumText([first, own])
    arrays.forEach((array, i) => {
      out.line(`${array.name}[${index}] = ${state[i]};`)
    })
  }
  if (silent === 0) write()
  else out.block('some', `if ((${thread} & ${silent}u) == 0u)`, write)
  memory.beforeRead(...arrays)
  const read = (i: string): State => arrays.map((array) => `${array.name}[${sumText([first, i])}]`)
  const total = combinePartials(lowering, reduction, layout, count, read)
  for (const array of arrays) memory.release(array)
  return total.map((text) => out.shared(`total_${chunk}`, text))
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
  read: (index: string) => State,
): State {
  const { out, thread, bound } = lowering
  const laneBits = Math.log2(Math.max(1, bound.limits.subgroupSize))
  const bits = Math.min(Math.log2(count), laneBits)
  const shared = layout.threads.slice(0, bits).every((bit) => !bit || bit.block === reduction.block)
  if (bits < 2 || !shared) return combineRange(lowering, reduction, count, (i) => read(i))
  const width = 2 ** bits
  const lane = out.early('lane_of', `${thread} & ${width - 1}u`)
  const own = combineRange(lowering, reduction, count / width, (i) =>
    read(sumText([lane, timesText(i, width)])),
  )
  const named = own.map((text) => out.let('share', text))
  const lanes = Array.from({ length: bits }, (_, bit) => bit)
  return reduceLanes(lowering, reduction, lanes, laneBits, named)
}

/** Combines what `read` gives for 0 to `count - 1`. */
function combineRange(
  lowering: Lowering,
  reduction: Reduction,
  count: number,
  read: (index: string) => State,
): State {
  if (count > UNROLLED_PARTIALS) return combineInLoop(lowering, reduction, count, read)
  return combineAll(
    reduction,
    Array.from({ length: count }, (_, i) => read(`${i}u`)),
  )
}

function combineAll({ combine }: Reduction, states: readonly State[]): State {
  return states.slice(1).reduce((a, b) => combine(a, b), states[0] ?? [])
}

function combineInLoop(
  { out }: Lowering,
  { combine }: Reduction,
  count: number,
  read: (index: string) => State,
): State {
  const totals = read('0u').map((text) => {
    const name = out.fresh('running')
    out.line(`var ${name} = ${text};`)
    return name
  })
  const i = out.fresh('i')
  out.block('rounds', `for (var ${i} = 1u; ${i} < ${count}u; ${i}++)`, () => {
    const next = combine(totals, read(i))
    totals.forEach((name, component) => {
      out.line(`${name} = ${next[component]};`)
    })
  })
  return totals
}

function timesText(index: string, factor: number): string {
  const literal = /^(\d+)u$/.exec(index)?.[1]
  return literal === undefined ? `${index} * ${factor}u` : `${Number(literal) * factor}u`
}

/** The number formed by these bits of `thread`, lowest first. */
function bitsText(thread: string, bits: readonly number[]): string {
  const runs: { from: number; to: number; length: number }[] = []
  bits.forEach((bit, i) => {
    const last = runs.at(-1)
    if (last && last.from + last.length === bit) last.length++
    else runs.push({ from: bit, to: i, length: 1 })
  })
  const parts = runs.map(({ from, to, length }) => {
    const shifted = from === 0 ? thread : `(${thread} >> ${from}u)`
    const low = `(${shifted} & ${2 ** length - 1}u)`
    return to === 0 ? low : `(${low} << ${to}u)`
  })
  return parts.length === 0 ? '0u' : withoutParentheses(parts.join(' | '))
}
