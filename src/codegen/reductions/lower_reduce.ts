/**
 * Reductions: first over the registers of each thread, then over the lanes of a subgroup, then over subgroups
 * through workgroup memory. All threads end with the result. argmax and argmin carry the position beside the
 * value.
 */
import { type BlockId, ONE, type ReduceNode } from '../../ir/node.ts'
import { type DType, isFloat } from '../../support/dtypes.ts'
import { REDUCE_RULES, type Reduction, type SimpleReduceOp, type State } from '../analysis/reduce_rules.ts'
import { Layout } from '../layout/layout.ts'
import type { Lowering } from '../state/lowering.ts'
import {
  chunkRegisters,
  chunkWidth,
  compose,
  eachChunk,
  named,
  type Registers,
  wholeChunk,
} from '../state/registers.ts'
import type { Expr } from '../thread/expr.ts'
import { typeOf } from '../thread/types.ts'
import { fromMemory } from '../values/memory_values.ts'
import { positionsInTile, valueIn } from '../values/values.ts'
import { reduceAcrossThreads } from './reduce_threads.ts'

/** `node`, whose operand is taken in `layout`; the result has the part of it without the reduced block. */
export function lowerReduce(lowering: Lowering, node: ReduceNode, layout: Layout): Registers {
  const { e, out } = lowering
  const block = node.arg.type.axes[node.axis] ?? ONE
  const reduction = describe(lowering, node, block)
  const inThread = reduceRegisters(lowering, reduction, initialParts(lowering, node, layout, block))
  const remaining = inThread[0]?.layout ?? layout
  const { dtype } = node.type
  const chunks = chunkRegisters(remaining).map((_registers, chunk) => {
    const state = inThread.map((part) => wholeChunk(e, part, chunk))
    const total = reduceAcrossThreads(lowering, reduction, remaining, chunk, state).at(-1)
    return fromMemory(e, total ?? wholeChunk(e, inThread[0] ?? missing(node), chunk), dtype)
  })
  return named(out, { layout: layout.restrict((other) => other !== block), dtype, chunks }, node.op)
}

function missing(node: ReduceNode): never {
  throw new Error(`${node.op} ${node.id} has no state`)
}

function describe(lowering: Lowering, node: ReduceNode, block: BlockId): Reduction {
  const { dtype } = node.arg.type
  const value = dtype === 'bool' ? 'u32' : dtype
  if (node.op !== 'argmax' && node.op !== 'argmin') return simpleReduction(lowering, node.op, block, value)
  const better = node.op === 'argmax' ? '>' : '<'
  return {
    block,
    dtypes: [isFloat(dtype) ? 'i32' : value, 'i32'],
    subgroup: undefined,
    combine: (a, b) => betterOf(lowering, better, a, b),
  }
}

/** The better value with its position; of equals the one that comes first. */
function betterOf({ out, e }: Lowering, better: '>' | '<', [x, i]: State, [y, j]: State): State {
  if (!x || !y || !i || !j) throw new Error('a value without its position')
  const tie = e.binary('&', e.binary('==', y, x), e.binary('<', j, i))
  const wins = out.let('wins', e.binary('|', e.binary(better, y, x), tie))
  return [out.let('best', e.select(x, y, wins)), out.let('at', e.select(i, j, wins))]
}

/** A reduction of values alone. */
export function simpleReduction(
  { out, e }: Lowering,
  op: SimpleReduceOp,
  block: BlockId,
  dtype: DType,
): Reduction {
  const rule = REDUCE_RULES[op]
  return {
    block,
    dtypes: [dtype],
    subgroup: rule.subgroup,
    combine: ([a], [b]) => (a && b ? [out.let(op, rule.combine(e, a, b))] : []),
  }
}

/** The operand with names; for argmax and argmin also the positions, counted from the tile's begin. */
function initialParts(
  lowering: Lowering,
  node: ReduceNode,
  layout: Layout,
  block: BlockId,
): readonly Registers[] {
  const { out } = lowering
  const arg = named(out, valueIn(lowering, node.arg, layout), 'v')
  const value = arg.dtype === 'bool' ? asBits(lowering, arg) : arg
  if (node.op !== 'argmax' && node.op !== 'argmin') return [value]
  const ranked = isFloat(arg.dtype) ? asRanks(lowering, arg, node.op) : value
  return [ranked, positionsInTile(lowering, layout, block)]
}

function asBits({ out, e }: Lowering, value: Registers): Registers {
  return eachChunk(value, 'u32', (chunk) => out.let('bits', e.convert('u32', chunk)))
}

/** Integers in the order of the floats, where NaN wins: comparing floats says nothing of it. */
function asRanks({ out, e }: Lowering, value: Registers, op: 'argmax' | 'argmin'): Registers {
  const helper = op === 'argmax' ? 'rank_nan_high' : 'rank_nan_low'
  const rank = (chunk: Expr): Expr => e.helper(helper, typeOf('i32', chunk.type.width), chunk)
  return eachChunk(value, 'i32', (chunk) => out.let('rank', rank(chunk)))
}

/** Combines what a thread holds along the block: whole vectors first, then within them. */
export function reduceRegisters(
  lowering: Lowering,
  reduction: Reduction,
  parts: readonly Registers[],
): readonly Registers[] {
  const lanes = Math.log2(chunkWidth(parts[0]?.layout ?? lowering.scalarLayout))
  const across = removeBits(lowering, reduction, parts, (position) => position >= lanes)
  return removeBits(lowering, reduction, across, () => true)
}

/** Combines registers that differ in the block's bits at the chosen places of the register number. */
function removeBits(
  { e }: Lowering,
  { block, combine, dtypes }: Reduction,
  parts: readonly Registers[],
  chosen: (position: number) => boolean,
): readonly Registers[] {
  const layout = parts[0]?.layout
  const removed = layout?.registers.flatMap((bit, i) => (bit.block === block && chosen(i) ? [i] : [])) ?? []
  if (!layout || removed.length === 0) return parts
  const kept = layout.registers.map((_, i) => i).filter((i) => !removed.includes(i))
  const result = new Layout(
    kept.map((i) => layout.registers[i] ?? { block, bit: 0 }),
    layout.threads,
  )
  const width = chunkWidth(result)
  const states = chunkRegisters(result).map((registers) => {
    const alternatives = Array.from({ length: 2 ** removed.length }, (_, choice) => {
      const source = registers.map((register) => deposit(register, kept) + deposit(choice, removed))
      return parts.map((part) => e.splat(compose(e, part, source), width))
    })
    return tree(alternatives, combine)
  })
  return dtypes.map((dtype, component) => ({
    layout: result,
    dtype,
    chunks: states.flatMap((state) => state[component] ?? []),
  }))
}

/** The number whose bits at `positions` are the bits of `value`. */
function deposit(value: number, positions: readonly number[]): number {
  return positions.reduce((total, position, i) => total + (((value >> i) & 1) << position), 0)
}

function tree(states: readonly State[], combine: Reduction['combine']): State {
  let level = states
  while (level.length > 1) {
    level = Array.from({ length: Math.ceil(level.length / 2) }, (_, i) => {
      const [a, b] = [level[2 * i] ?? [], level[2 * i + 1]]
      return b ? combine(a, b) : a
    })
  }
  return level[0] ?? []
}
