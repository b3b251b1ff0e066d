/**
 * A lowered tile value: the elements a thread holds, as expressions over chunks of up to four registers. A
 * chunk whose elements are all equal may be one scalar.
 */
import type { BlockId } from '../../ir/node.ts'
import type { DType } from '../../support/dtypes.ts'
import type { Layout } from '../layout/layout.ts'
import { type Expr, isAtom, partOfWords } from '../thread/expr.ts'
import type { Expressions } from '../thread/expressions.ts'
import type { Width } from '../thread/types.ts'
import type { Writer } from '../thread/writer.ts'

export interface Registers {
  readonly layout: Layout
  readonly dtype: DType
  /** Each of the chunk's width, or a scalar that all its elements share. */
  readonly chunks: readonly Expr[]
}

/** Registers per chunk in this layout. */
export function chunkWidth(layout: Layout): Width {
  return Math.min(4, layout.size) as Width
}

/** The numbers of the registers in each chunk. */
export function chunkRegisters(layout: Layout): readonly (readonly number[])[] {
  const width = chunkWidth(layout)
  return Array.from({ length: layout.size / width }, (_, chunk) =>
    Array.from({ length: width }, (_, i) => chunk * width + i),
  )
}

/** The chunk as a value of its full type. */
export function wholeChunk(e: Expressions, value: Registers, chunk: number): Expr {
  return e.splat(value.chunks[chunk] ?? missing(chunk), chunkWidth(value.layout))
}

/** One element. The value's chunks should have names (see `named`). */
export function element(e: Expressions, value: Registers, register: number): Expr {
  const width = chunkWidth(value.layout)
  return e.component(value.chunks[Math.floor(register / width)] ?? missing(register), register % width)
}

/** The same value with every chunk's expression behind a name; equal ones share it. */
export function named(out: Writer, value: Registers, hint: string): Registers {
  if (value.chunks.every(isAtom)) return value
  const names = new Map<Expr, Expr>()
  const chunks = value.chunks.map((chunk) => {
    const name = isAtom(chunk) ? chunk : (names.get(chunk) ?? out.let(hint, chunk))
    names.set(chunk, name)
    return name
  })
  return { ...value, chunks }
}

/** The value in variables of its own; of words that it is a part of, these are held. */
export function variables(out: Writer, value: Registers, hint: string): Registers {
  const { expressions: e } = out
  const held = new Map<Expr, Expr>()
  const chunks = value.chunks.map((_chunk, i) => {
    const chunk = wholeChunk(e, value, i)
    const part = partOfWords(chunk)
    if (!part) return out.variable(hint, chunk)
    const variable = held.get(part.words) ?? out.variable(hint, part.words)
    held.set(part.words, variable)
    const parts = part.indices.map((index) => e.component(variable, index))
    return e.bitcast(value.dtype, e.vector(parts, parts.length as Width))
  })
  return { ...value, chunks }
}

/** Changes variables to another value. */
export function assignVariables(out: Writer, target: Registers, value: Registers): void {
  const { expressions: e } = out
  const words = new Map<Expr, Expr[]>()
  const changed = new Set<Expr>()
  target.chunks.forEach((variable, i) => {
    // Registers that certainly hold the same share a variable.
    if (changed.has(variable)) return
    changed.add(variable)
    const chunk = wholeChunk(e, value, i)
    const part = partOfWords(variable)
    if (!part) {
      out.assign(variable, chunk)
      return
    }
    const held = part.words
    const parts = words.get(held) ?? Array.from({ length: held.type.width }, (_, at) => e.component(held, at))
    const bits = e.bitcast(held.type.dtype, chunk)
    part.indices.forEach((index, at) => {
      parts[index] = e.component(bits, at)
    })
    words.set(held, parts)
  })
  for (const [held, parts] of words) out.assign(held, e.vector(parts, held.type.width))
}

/** Elements `registers` of `value` together: a vector, or a scalar where all of them are equal. */
export function compose(e: Expressions, value: Registers, registers: readonly number[]): Expr {
  const width = chunkWidth(value.layout)
  const first = registers[0] ?? 0
  if (registers.every((register) => register === first)) return element(e, value, first)
  const whole = registers.length === width && first % width === 0
  if (whole && registers.every((register, i) => register === first + i))
    return value.chunks[first / width] ?? missing(first)
  const elements = registers.map((register) => element(e, value, register))
  const [one] = elements
  if (one && elements.every((other) => other === one)) return one
  return e.vector(elements, registers.length as Width)
}

/** The elements of `layout`, all of which the same thread holds in `value`; a part of it is spread. */
export function spread(e: Expressions, value: Registers, layout: Layout): Registers {
  const holder = (register: number): number =>
    value.layout.registerAt((block: BlockId) => layout.registerOffset(register, block))
  const chunks = chunkRegisters(layout).map((registers) => compose(e, value, registers.map(holder)))
  return { layout, dtype: value.dtype, chunks }
}

/** The same scalar in every register. */
export function scalarOf(layout: Layout, value: Expr): Registers {
  return { layout, dtype: value.type.dtype, chunks: chunkRegisters(layout).map(() => value) }
}

/** A value of another dtype, computed chunk by chunk; what is one scalar stays one. */
export function eachChunk(value: Registers, dtype: DType, compute: (chunk: Expr) => Expr): Registers {
  return { layout: value.layout, dtype, chunks: value.chunks.map(compute) }
}

function missing(index: number): never {
  throw new Error(`no register ${index}`)
}
