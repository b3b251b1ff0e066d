/**
 * Loads and stores of elements that are packed into words. An access takes whole words where the layout holds
 * the elements of one together and memory allows; of other elements it takes the word apart, or changes only
 * their bits of it.
 */
import { type CastNode, type LoadNode, type MemoryNode, ONE, type StoreNode } from '../../ir/node.ts'
import { isMoving } from '../../ir/node_rules.ts'
import { tensorOf } from '../../ir/tile_program.ts'
import { DTYPES, type DType, isFloat } from '../../support/dtypes.ts'
import { isPacked, type PackedType, perWord, STORAGE } from '../../support/storage_types.ts'
import type { Layout } from '../layout/layout.ts'
import { contiguousBlock } from '../plan/access.ts'
import { layoutOfWords } from '../plan/packed_dots.ts'
import type { Lowering } from '../state/lowering.ts'
import type { Read } from '../state/read.ts'
import { chunkRegisters, chunkWidth, eachChunk, element, named, type Registers } from '../state/registers.ts'
import type { Expr } from '../thread/expr.ts'
import type { Expressions } from '../thread/expressions.ts'
import type { MemoryArray } from '../thread/memory.ts'
import { plainWord } from '../thread/names.ts'
import type { Width } from '../thread/types.ts'
import type { Writer } from '../thread/writer.ts'
import {
  decodeAsFloat,
  decodeAsHalf,
  decodePacked,
  encodePacked,
  MOST_HALF_BITS,
  type PackedPlace,
  packWords,
  together,
} from '../values/packed_values.ts'
import { valueIn } from '../values/values.ts'
import { markOf } from './access_mark.ts'
import { Address } from './address.ts'
import { forEachGuarded, ifThere, repeated } from './lower_memory.ts'

const WORD_BITS = 32
const HALF_BITS = 16

/** The type of the elements that an access touches, if they are packed. */
export function packedType({ program }: Lowering, node: MemoryNode): PackedType | undefined {
  const { dtype } = tensorOf(program, node.tensor)
  return isPacked(dtype) ? dtype : undefined
}

/** Where the elements of an access lie: runs of registers that share words. */
interface Runs {
  readonly buffer: MemoryArray
  readonly address: Address
  /** Elements in a run. */
  readonly length: number
  /** The item of the buffer that a run is in, and how far its first bit is from the item's. */
  readonly placeOf: (register: number) => { readonly index: Expr; readonly shift: Expr }
}

function runsOf(lowering: Lowering, node: MemoryNode, layout: Layout, dtype: PackedType): Runs {
  const { e, out, bindings } = lowering
  const together = lowering.accessWidth(node)
  const buffer = bindings.buffer(node.tensor, Math.max(1, together / perWord(dtype)) as Width)
  if (together >= perWord(dtype)) {
    const length = buffer.element.width * perWord(dtype)
    const address = new Address(lowering, node, layout, length)
    return { buffer, address, length, placeOf: (at) => ({ index: address.index(at), shift: e.u32(0) }) }
  }
  const address = new Address(lowering, node, layout, 1, together)
  const inWord = e.u32(perWord(dtype))
  return {
    buffer,
    address,
    length: together,
    placeOf(register) {
      const at = out.shared('element', address.index(register))
      const part = e.binary('%', at, inWord)
      return {
        index: out.shared('word', e.div(at, inWord)),
        shift: out.shared('shift', e.mul(part, e.u32(STORAGE[dtype].bits))),
      }
    },
  }
}

/**
 * What `node` reads: items of memory, where in them the elements are, and which of those are masked. In a
 * loop that goes on by an element in a round, a word serves several rounds.
 */
export function readPacked(lowering: Lowering, node: LoadNode, dtype: PackedType, inRounds = false): Read {
  const { out, e, program } = lowering
  const layout = lowering.readLayout(node)
  const { buffer, address, length, placeOf } = runsOf(lowering, node, layout, dtype)
  const mark = markOf(out, node, layout, program)
  const places = Array.from({ length: layout.size / length }, (_, run) => placeOf(run * length))
  const read = (): readonly Expr[] =>
    places.map(({ index }, run) =>
      out.let('words', ifThere(lowering, address, run * length, e.read(buffer, index, mark))),
    )
  const isShifted = length < perWord(dtype)
  const shifts = isShifted ? places.map(({ shift }) => shift) : []
  const masks = chunkRegisters(layout).map((registers) => address.lanes(registers))
  const beside = [...shifts, ...masks.flatMap((mask) => mask ?? [])]
  const rounds = isShifted && inRounds ? perWord(dtype) : 1
  return {
    ...(rounds > 1 ? { parts: beside, items: { rounds, read } } : { parts: [...read(), ...beside] }),
    value(held) {
      if (lowering.packedDots.isOfWords(node)) return wordsOf(lowering, node, held)
      const fieldOf = (register: number): Field => {
        const [run, offset] = [Math.floor(register / length), (register % length) * STORAGE[dtype].bits]
        const word = e.component(held[run] ?? missing(node), Math.floor(offset / WORD_BITS))
        const shift = isShifted ? (held[places.length + run] ?? missing(node)) : e.u32(0)
        return { word, offset: offset % WORD_BITS, shift }
      }
      let mask = places.length + shifts.length
      const lanes = masks.map((own) => own && held[mask++])
      return decoded(lowering, node, dtype, fieldOf, lanes)
    },
  }
}

/** The words as they were read, in the layout that they have. */
function wordsOf(lowering: Lowering, node: LoadNode, items: readonly Expr[]): Registers {
  const { e } = lowering
  const layout = layoutOfWords(lowering.readLayout(node), contiguousBlock(node) ?? ONE)
  const words = items.flatMap((item) =>
    Array.from({ length: item.type.width }, (_, i) => e.component(item, i)),
  )
  const chunks = chunkRegisters(layout).map((registers) =>
    e.vector(
      registers.flatMap((register) => words[register] ?? []),
      chunkWidth(layout),
    ),
  )
  return { layout, dtype: 'u32', chunks }
}

function decoded(
  lowering: Lowering,
  node: LoadNode,
  dtype: PackedType,
  fieldOf: (register: number) => Field,
  masks: readonly (Expr | undefined)[],
): Registers {
  const { out, e, program } = lowering
  const layout = lowering.readLayout(node)
  const hint = plainWord(tensorOf(program, node.tensor).name)
  const cast = floatCast(lowering, node, dtype)
  const wanted = cast && lowering.rightOperands.typeOf(cast)
  const chunks = chunkRegisters(layout).map((registers, i): Expr => {
    const fields = registers.map(fieldOf)
    const lanes = masks[i]
    // What is taken away from it becomes a part of the expression.
    const isMinuend = cast !== undefined && !lanes && lowering.rightOperands.isMinuend(cast)
    const value = wanted
      ? decodedAs(lowering, wanted, dtype, fields, isMinuend)
      : decodePacked(out, dtype, highest(e, fields, STORAGE[dtype].bits))
    if (isMinuend) return value
    return out.let(hint, lanes ? e.select(e.constant(0, value.type), value, lanes) : value)
  })
  return repeated(lowering, node, { layout, dtype: wanted ?? node.type.dtype, chunks })
}

function decodedAs(
  { out, e }: Lowering,
  wanted: DType,
  dtype: PackedType,
  fields: readonly Field[],
  isMinuend: boolean,
): Expr {
  const places = fields.map((field) => unshifted(out, field))
  return DTYPES[wanted].bytes * 8 === HALF_BITS && STORAGE[dtype].bits <= MOST_HALF_BITS
    ? decodeAsHalf(out, dtype, places, isMinuend)
    : e.convert(wanted, decodeAsFloat(out, dtype, places))
}

function missing({ id }: LoadNode): never {
  throw new Error(`the load ${id} lacks a part`)
}

/** The conversion of integers to floats that is made at once, where nobody reads them as integers. */
function floatCast(lowering: Lowering, node: LoadNode, dtype: PackedType): CastNode | undefined {
  if (STORAGE[dtype].packed?.kind !== 'int') return undefined
  let reader = lowering.onlyReader(node)
  while (reader && isMoving(reader)) reader = lowering.onlyReader(reader)
  if (reader?.kind !== 'cast' || reader.bits || reader.through) return undefined
  return isFloat(lowering.rightOperands.typeOf(reader)) ? reader : undefined
}

/** An element in what was read: `shift` is known at run time only. */
interface Field extends PackedPlace {
  readonly shift: Expr
}

function unshifted(out: Writer, { word, offset, shift }: Field): PackedPlace {
  return { word: out.shared('bits', out.expressions.binary('>>', word, shift)), offset }
}

/** Elements in the highest bits of words. */
function highest(e: Expressions, fields: readonly Field[], bits: number): Expr {
  const width = fields.length as Width
  const words = fields.map(({ word }) => word)
  const above = fields.map(({ offset, shift }) => e.sub(e.u32(32 - bits - offset), shift))
  return e.binary('<<', together(e, words, width), together(e, above, width))
}

export function storePacked(lowering: Lowering, node: StoreNode, dtype: PackedType): void {
  const { out, e, program } = lowering
  const layout = lowering.accessLayout(node)
  const value = named(out, valueIn(lowering, node.value, layout), 'v')
  const codes = named(
    out,
    eachChunk(value, 'u32', (chunk) => encodePacked(out, dtype, chunk)),
    'codes',
  )
  const { bits } = STORAGE[dtype]
  const runs = runsOf(lowering, node, layout, dtype)
  const { buffer, address, length } = runs
  const mark = markOf(out, node, layout, program)
  forEachGuarded(lowering, layout, length, address, (registers) => {
    const words = packWords(
      e,
      dtype,
      registers.map((register) => element(e, codes, register)),
    )
    const { index, shift } = runs.placeOf(registers[0] ?? 0)
    if (length >= perWord(dtype)) {
      out.store(buffer, index, words, mark)
      return
    }
    const mask = e.binary('<<', e.u32(2 ** (length * bits) - 1), shift)
    out.insert({ array: buffer, index, mask, value: e.binary('<<', words, shift), mark })
  })
}
