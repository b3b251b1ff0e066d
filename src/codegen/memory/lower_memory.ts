/**
 * Loads, stores and atomics: vectors where layout and memory allow, masks only where a tile may reach
 * outside.
 */
import type { AtomicNode, LoadNode, StoreNode } from '../../ir/node.ts'
import { tensorOf } from '../../ir/tile_program.ts'
import { DTYPES, type DType } from '../../support/dtypes.ts'
import type { Layout } from '../layout/layout.ts'
import type { Lowering } from '../state/lowering.ts'
import type { Read } from '../state/read.ts'
import { chunkRegisters, chunkWidth, element, named, type Registers, spread } from '../state/registers.ts'
import { type Expr, partOfWords } from '../thread/expr.ts'
import type { Expressions } from '../thread/expressions.ts'
import type { AccessMark, MemoryArray } from '../thread/memory.ts'
import { plainWord } from '../thread/names.ts'
import { memoryType, type ThreadType, typeOf, type Width } from '../thread/types.ts'
import { ofFirstCopies } from '../values/convert_layout.ts'
import { fromMemory, itemOf } from '../values/memory_values.ts'
import { valueIn } from '../values/values.ts'
import { markOf } from './access_mark.ts'
import { Address } from './address.ts'

/** What `node` reads, of equal elements one; what is a part of words waits as them. */
export function readPlain(lowering: Lowering, node: LoadNode): Read {
  const read = elementsOf(lowering, node)
  const parts = [...new Set(read.chunks.map((chunk) => partOfWords(chunk)?.words ?? chunk))]
  const holder = (chunk: Expr): number => parts.indexOf(partOfWords(chunk)?.words ?? chunk)
  return {
    parts,
    value(held) {
      const { e } = lowering
      const chunks = read.chunks.map((chunk) => {
        const words = held[holder(chunk)] ?? chunk
        const part = partOfWords(chunk)
        if (!part) return words
        const own = part.indices.map((index) => e.component(words, index))
        return e.bitcast(read.dtype, e.vector(own, own.length as Width))
      })
      return repeated(lowering, node, { ...read, chunks })
    },
  }
}

function elementsOf(lowering: Lowering, node: LoadNode): Registers {
  const { out, e, bindings, program } = lowering
  const layout = lowering.readLayout(node)
  const buffer = bindings.buffer(node.tensor, lowering.accessWidth(node) as Width | 8)
  const { dtype } = node.type
  const mark = markOf(out, node, layout, program)
  const width = elementsIn(buffer, dtype)
  const address = new Address(lowering, node, layout, width)
  const hint = plainWord(tensorOf(program, node.tensor).name)
  if (width > chunkWidth(layout)) {
    const chunks = allRuns(layout, width).flatMap((run) => {
      const words = out.let('words', loaded(lowering, node, buffer, address, run, mark))
      return chunksOf(e, words, dtype, width / chunkWidth(layout))
    })
    return { layout, dtype, chunks }
  }
  const chunks = chunkRegisters(layout).map((registers): Expr => {
    const runs = runsOf(registers, width)
    const pieces = runs.map((run) => {
      const value = fromMemory(e, loaded(lowering, node, buffer, address, run, mark), dtype)
      return runs.length === 1 ? value : out.let(hint, value)
    })
    return out.let(hint, e.vector(pieces, chunkWidth(layout)))
  })
  return { layout, dtype, chunks }
}

function elementsIn({ element: { dtype, width } }: MemoryArray, of: DType): number {
  return (width * DTYPES[dtype].bytes) / DTYPES[of].bytes
}

/** What was read once, in every register that has it. */
export function repeated(lowering: Lowering, node: LoadNode, value: Registers): Registers {
  const layout = lowering.accessLayout(node)
  return layout.key === value.layout.key ? value : spread(lowering.e, value, layout)
}

/** Four words as so many chunks of smaller elements. */
function chunksOf(e: Lowering['e'], words: Expr, dtype: DType, count: number): readonly Expr[] {
  const each = words.type.width / count
  return Array.from({ length: count }, (_, chunk) => {
    const parts = Array.from({ length: each }, (_, i) => e.component(words, chunk * each + i))
    return e.bitcast(dtype, e.vector(parts, each as Width))
  })
}

export function lowerStore(lowering: Lowering, node: StoreNode): void {
  const { out, e, bindings, program } = lowering
  const layout = lowering.accessLayout(node)
  const buffer = bindings.buffer(node.tensor, lowering.accessWidth(node) as Width | 8)
  const width = elementsIn(buffer, node.value.type.dtype)
  const value = named(out, valueIn(lowering, node.value, layout), 'v')
  const mark = markOf(out, node, layout, program)
  const address = new Address(lowering, node, layout, width)
  forEachGuarded(lowering, layout, width, address, (run) => {
    out.store(buffer, address.index(run[0] ?? 0), itemOf(e, value, run, buffer.element), mark)
  })
}

/** What was there before, where somebody reads it. */
export function lowerAtomic(lowering: Lowering, node: AtomicNode): Registers | undefined {
  const { out, e, bindings, program } = lowering
  const layout = lowering.accessLayout(node)
  const array = bindings.buffer(node.tensor, 1)
  const value = named(out, valueIn(lowering, node.value, layout), 'v')
  const wanted = node.expected && named(out, valueIn(lowering, node.expected, layout), 'expected')
  const zero = e.constant(0, array.element)
  const before = lowering.isRead(node)
    ? Array.from({ length: layout.size }, () => out.variable('before', zero))
    : []
  const mark = markOf(out, node, layout, program)
  const address = new Address(lowering, node, layout, 1)
  forEachGuarded(lowering, layout, 1, address, ([register = 0]) => {
    out.atomic({
      op: node.op,
      before: before[register],
      array,
      index: address.index(register),
      value: element(e, value, register),
      expected: wanted && element(e, wanted, register),
      mark,
    })
  })
  if (before.length === 0) return undefined
  const chunks = chunkRegisters(layout).map((registers) =>
    e.vector(
      registers.flatMap((register) => before[register] ?? []),
      chunkWidth(layout),
    ),
  )
  return ofFirstCopies(lowering, { layout, dtype: node.type.dtype, chunks })
}

/** The vector that `registers` hold, zero where it does not exist, and the fill where it is masked. */
function loaded(
  lowering: Lowering,
  node: LoadNode,
  buffer: MemoryArray,
  address: Address,
  registers: readonly number[],
  mark: AccessMark,
): Expr {
  const { e } = lowering
  const [register = 0] = registers
  const raw = e.read(buffer, address.index(register), mark)
  const lanes = address.lanes(registers)
  const [zero, fill] = [e.constant(0, raw.type), fillOf(e, node, buffer.element)]
  if (fill === zero) return ifThere(lowering, address, register, lanes ? e.select(zero, raw, lanes) : raw)
  const { inside, taken } = address.filledConditions(register)
  const choose = (value: Expr, condition: Expr | undefined, otherwise: Expr): Expr =>
    condition ? e.select(otherwise, value, condition) : value
  const found = choose(raw, e.all(inside), zero)
  return choose(choose(found, lanes, fill), e.all(taken), fill)
}

/** The fill of a load in an item of memory. */
function fillOf(e: Expressions, { fill = 0, type }: LoadNode, item: ThreadType): Expr {
  const { dtype } = memoryType(typeOf(type.dtype, 1))
  if (fill === 0 || dtype === item.dtype) return e.constant(fill, item)
  const inWord = DTYPES[item.dtype].bytes / DTYPES[dtype].bytes
  return e.splat(e.bitcast(item.dtype, e.constant(fill, typeOf(dtype, inWord as Width))), item.width)
}

/** What was read for `register`, or zero where that does not exist. */
export function ifThere({ e }: Lowering, address: Address, register: number, read: Expr): Expr {
  const exists = e.all(address.conditions(register))
  return exists ? e.select(e.constant(0, read.type), read, exists) : read
}

/** Calls `write` for runs of registers, under one `if` per run of equal conditions. Copies write once. */
export function forEachGuarded(
  lowering: Lowering,
  layout: Layout,
  width: number,
  address: Address,
  write: (registers: readonly number[]) => void,
): void {
  const { out, e } = lowering
  const once = lowering.isFirstCopy(layout.replicaMask)
  const groups: { condition: Expr | undefined; runs: (readonly number[])[] }[] = []
  for (const run of allRuns(layout, width)) {
    const condition = e.all([...(once ? [once] : []), ...address.conditions(run[0] ?? 0)])
    const last = groups.at(-1)
    if (last && last.condition === condition) last.runs.push(run)
    else groups.push({ condition, runs: [run] })
  }
  for (const { condition, runs } of groups) out.if('some', condition, () => runs.forEach(write))
}

function allRuns({ size }: Layout, width: number): readonly (readonly number[])[] {
  return runsOf(
    Array.from({ length: size }, (_, register) => register),
    width,
  )
}

function runsOf(registers: readonly number[], width: number): readonly (readonly number[])[] {
  const runs: (readonly number[])[] = []
  for (let i = 0; i < registers.length; i += width) runs.push(registers.slice(i, i + width))
  return runs
}
