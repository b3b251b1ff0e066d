/**
 * Reductions: first over the registers of each thread, then over the lanes of a subgroup, then over subgroups
 * through workgroup memory. All threads end with the result. argmax and argmin carry the position beside the
 * value.
 */
import { type BlockId, ONE, type ReduceNode } from '../ir/node.ts'
import { operand } from '../ir/wgsl_text.ts'
import { type DType, isFloat } from '../support/dtypes.ts'
import { threadPart } from './coordinates.ts'
import { Layout } from './layout.ts'
import type { Lowering } from './lowering.ts'
import { REDUCE_RULES, type Reduction, type SimpleReduceOp, type State } from './reduce_rules.ts'
import { reduceAcrossThreads } from './reduce_threads.ts'
import {
  type Chunk,
  chunkRegisters,
  chunkText,
  chunkWidth,
  compose,
  named,
  type Registers,
} from './registers.ts'
import { valueIn } from './values.ts'
import { type Width, wgslType } from './wgsl_types.ts'
import type { Writer } from './writer.ts'

/** `node`, whose operand is taken in `layout`; the result has the part of it without the reduced block. */
export function lowerReduce(lowering: Lowering, node: ReduceNode, layout: Layout): Registers {
  const block = node.arg.type.axes[node.axis] ?? ONE
  const reduction = describe(lowering, node, block)
  const inThread = reduceRegisters(lowering, reduction, initialParts(lowering, node, layout, block))
  const remaining = inThread[0]?.layout ?? layout
  const width = chunkWidth(remaining)
  const states = chunkRegisters(remaining).map((_registers, chunk) => {
    const state = inThread.map((part) => chunkText(part, chunk))
    return reduceAcrossThreads(lowering, reduction, remaining, chunk, state)
  })
  const { dtype } = node.type
  const chunks = states.map((state): Chunk => {
    const text = state.at(-1) ?? ''
    return {
      text: dtype === 'bool' ? `${operand(text)} != ${wgslType('u32', width)}(0u)` : text,
      splat: false,
    }
  })
  return named(lowering.out, { layout: layout.restrict((other) => other !== block), dtype, chunks }, node.op)
}

function describe({ out }: Lowering, node: ReduceNode, block: BlockId): Reduction {
  const { dtype } = node.arg.type
  const value = dtype === 'bool' ? 'u32' : dtype
  if (node.op === 'argmax' || node.op === 'argmin') {
    const better = node.op === 'argmax' ? '>' : '<'
    return {
      block,
      dtypes: [isFloat(dtype) ? 'i32' : value, 'i32'],
      subgroup: undefined,
      combine([a = '', i = ''], [b = '', j = '']) {
        const [x, y, p, q] = [a, b, i, j].map(operand)
        const wins = out.let('wins', `(${y} ${better} ${x}) | ((${y} == ${x}) & (${q} < ${p}))`)
        return [out.let('best', `select(${a}, ${b}, ${wins})`), out.let('at', `select(${i}, ${j}, ${wins})`)]
      },
    }
  }
  return simpleReduction(out, node.op, block, value)
}

/** A reduction of values alone. */
export function simpleReduction(out: Writer, op: SimpleReduceOp, block: BlockId, dtype: DType): Reduction {
  const rule = REDUCE_RULES[op]
  return {
    block,
    dtypes: [dtype],
    subgroup: rule.subgroup,
    combine: ([a = ''], [b = '']) => [out.let(op, rule.combine(operand(a), operand(b)))],
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
  const lane = threadPart(lowering, layout, block)
  const base = lane ? out.early('lane', `i32(${lane})`) : '0i'
  const chunks = chunkRegisters(layout).map((registers): Chunk => {
    const offsets = registers.map((register) => layout.registerOffset(register, block))
    const splat = offsets.every((offset) => offset === offsets[0])
    const text = splat
      ? `${offsets[0]}i`
      : `${wgslType('i32', offsets.length as Width)}(${offsets.join(', ')})`
    return { text: `${base} + ${text}`, splat }
  })
  return [ranked, named(out, { layout, dtype: 'i32', chunks }, 'at')]
}

function asBits(lowering: Lowering, value: Registers): Registers {
  return eachNamed(lowering, value, 'u32', 'bits', (text, width) => `${wgslType('u32', width)}(${text})`)
}

/** Integers in the order of the floats, where NaN wins: comparing floats says nothing of it. */
function asRanks(lowering: Lowering, value: Registers, op: 'argmax' | 'argmin'): Registers {
  const helper = op === 'argmax' ? 'rank_nan_high' : 'rank_nan_low'
  const rank = (text: string, width: Width): string => lowering.helpers.call(helper, value.dtype, width, text)
  return eachNamed(lowering, value, 'i32', 'rank', rank)
}

/** A value of another dtype, computed chunk by chunk. */
function eachNamed(
  { out }: Lowering,
  { layout, chunks }: Registers,
  dtype: DType,
  hint: string,
  compute: (text: string, width: Width) => string,
): Registers {
  const width = chunkWidth(layout)
  return {
    layout,
    dtype,
    chunks: chunks.map(({ text, splat }) => ({
      text: out.let(hint, compute(text, splat ? 1 : width)),
      splat,
    })),
  }
}

/** Combines what a thread holds along the block: whole vectors first, then within them. */
function reduceRegisters(
  lowering: Lowering,
  reduction: Reduction,
  parts: readonly Registers[],
): readonly Registers[] {
  const lanes = Math.log2(chunkWidth(parts[0]?.layout ?? lowering.scalarLayout))
  const across = removeBits(reduction, parts, (position) => position >= lanes)
  return removeBits(reduction, across, () => true)
}

/** Combines registers that differ in the block's bits at the chosen places of the register number. */
function removeBits(
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
      return parts.map((part) => {
        const { text, splat } = compose(part, source)
        return splat && width > 1 ? `${wgslType(part.dtype, width)}(${text})` : text
      })
    })
    return tree(alternatives, combine)
  })
  return dtypes.map((dtype, component) => ({
    layout: result,
    dtype,
    chunks: states.map((state) => ({ text: state[component] ?? '', splat: false })),
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
