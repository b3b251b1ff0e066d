/**
 * A lowered tile value: the elements a thread holds, as WGSL expressions over chunks of up to four registers.
 * A chunk whose elements are all equal is kept as one scalar.
 */
import type { BlockId } from '../ir/node.ts'
import { isLiteral, isName, operand } from '../ir/wgsl_text.ts'
import type { DType } from '../support/dtypes.ts'
import type { Layout } from './layout.ts'
import { type Width, wgslType } from './wgsl_types.ts'
import type { Writer } from './writer.ts'

export interface Chunk {
  readonly text: string
  /** The text is one scalar that all elements share. */
  readonly splat: boolean
}

export interface Registers {
  readonly layout: Layout
  readonly dtype: DType
  readonly chunks: readonly Chunk[]
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
export function chunkText(value: Registers, chunk: number): string {
  const { text, splat } = value.chunks[chunk] ?? missing(chunk)
  const width = chunkWidth(value.layout)
  return splat && width > 1 ? `${wgslType(value.dtype, width)}(${text})` : text
}

/** One element. The value's chunks must have names (see `named`). */
export function element(value: Registers, register: number): string {
  const width = chunkWidth(value.layout)
  const { text, splat } = value.chunks[Math.floor(register / width)] ?? missing(register)
  return splat || width === 1 ? text : `${operand(text)}.${'xyzw'[register % width]}`
}

/** The same value with every chunk's expression behind a name. */
export function named(out: Writer, value: Registers, hint: string): Registers {
  if (value.chunks.every(({ text }) => isName(text) || isLiteral(text))) return value
  return {
    ...value,
    chunks: value.chunks.map((chunk) =>
      isName(chunk.text) || isLiteral(chunk.text) ? chunk : { ...chunk, text: out.let(hint, chunk.text) },
    ),
  }
}

/** Elements `registers` of `value` together; `width` of them. */
export function compose(value: Registers, registers: readonly number[]): Chunk {
  const width = chunkWidth(value.layout)
  const first = registers[0] ?? 0
  if (registers.every((register) => register === first)) return { text: element(value, first), splat: true }
  const whole = registers.length === width && first % width === 0
  if (whole && registers.every((register, i) => register === first + i)) {
    return value.chunks[first / width] ?? missing(first)
  }
  const elements = registers.map((register) => element(value, register))
  if (elements.every((text) => text === elements[0])) return { text: elements[0] ?? '', splat: true }
  return { text: `${wgslType(value.dtype, registers.length as Width)}(${elements.join(', ')})`, splat: false }
}

/** `value` spread over `layout`, of which its own layout is the part without some blocks. */
export function spread(value: Registers, layout: Layout): Registers {
  const chunks = chunkRegisters(layout).map((registers) =>
    compose(
      value,
      registers.map((register) =>
        value.layout.registerAt((block: BlockId) => layout.registerOffset(register, block)),
      ),
    ),
  )
  return { layout, dtype: value.dtype, chunks }
}

export function scalarOf(layout: Layout, dtype: DType, text: string): Registers {
  return { layout, dtype, chunks: chunkRegisters(layout).map(() => ({ text, splat: true })) }
}

function missing(index: number): never {
  throw new Error(`no register ${index}`)
}
