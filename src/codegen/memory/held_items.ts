/**
 * Loads in a loop that go a few elements along memory in each round, such as the scales of groups of weights.
 * Threads that have a row each read as many lines of memory for an element as for sixteen bytes: a thread
 * reads those, and holds them for the rounds that they serve.
 */
import type { BlockId, LoadNode } from '../../ir/node.ts'
import { isMultipleOf } from '../../ir/size.ts'
import { tensorOf } from '../../ir/tile_program.ts'
import { DTYPES, type DType } from '../../support/dtypes.ts'
import { perWord } from '../../support/storage_types.ts'
import type { Layout } from '../layout/layout.ts'
import { stepAlong } from '../plan/varying.ts'
import type { Lowering } from '../state/lowering.ts'
import type { Read } from '../state/read.ts'
import { chunkRegisters, chunkWidth } from '../state/registers.ts'
import type { Expr } from '../thread/expr.ts'
import type { Expressions } from '../thread/expressions.ts'
import { plainWord } from '../thread/names.ts'
import { markOf } from './access_mark.ts'
import { Address } from './address.ts'
import { readOf } from './lower_load.ts'
import { ifThere, repeated } from './lower_memory.ts'
import { packedType, readPacked } from './lower_packed.ts'

/** Vectors of as many elements of a word. */
const WORDS = 4

/**
 * What `node` reads in rounds over `block`, each of which it is lowered for. Items are held where a round has
 * one element: int4 with groups of 32 on an H200 takes 506 us instead of 597 at 4096³, in blocks of 32; with
 * two elements a round 64 x 9216 x 2304 took 73 instead of 62, in blocks of 64.
 */
export function readInRounds(lowering: Lowering, node: LoadNode, block: BlockId): Read {
  const { program, bindings } = lowering
  const { dtype, shape } = tensorOf(program, node.tensor)
  const packed = packedType(lowering, node)
  const elements = perWord(dtype) * (packed ? 1 : WORDS)
  const isWhole = isMultipleOf(shape.at(-1) ?? 1, elements)
  const mayHold = isWhole && node.fill === undefined && !bindings.isWritten(node.tensor)
  if (!mayHold || stepAlong(node, block, program) !== 1) return readOf(lowering, node)
  if (packed) return readPacked(lowering, node, packed, true)
  return dtype === 'bool' ? readOf(lowering, node) : readItems(lowering, node, block, elements)
}

/** `elements` are those of an item, one for each round. */
function readItems(lowering: Lowering, node: LoadNode, block: BlockId, elements: number): Read {
  const { out, e, bindings, program } = lowering
  const layout = lowering.readLayout(node)
  const { dtype } = node.type
  const buffer = bindings.buffer(node.tensor, DTYPES[dtype].bytes === 4 ? WORDS : 8)
  const mark = markOf(out, node, layout, program)
  const address = new Address(lowering, node, layout, 1)
  const registers = Array.from({ length: layout.size }, (_, register) => register)
  const at = registers.map((register) => out.shared('element', address.index(register)))
  // A round lies within an item, and so does what a thread has of it.
  const first = registers.map((register) => firstOf(layout, register, block))
  const firsts = [...new Set(first)]
  const within = (register: number): Expr => e.binary('%', at[register] ?? e.u32(0), e.u32(elements))
  const hint = plainWord(tensorOf(program, node.tensor).name)
  return {
    parts: registers.map(within),
    items: {
      rounds: elements,
      read: () =>
        firsts.map((register) => {
          const item = e.read(buffer, e.div(at[register] ?? e.u32(0), e.u32(elements)), mark)
          return out.let('words', ifThere(lowering, address, register, item))
        }),
    },
    value(held) {
      const chunks = chunkRegisters(layout).map((chunk) => {
        const values = chunk.map((register) => {
          const item = held[firsts.indexOf(first[register] ?? 0)]
          return elementAt(e, item ?? e.u32(0), held[firsts.length + register] ?? e.u32(0), dtype)
        })
        return out.let(hint, e.vector(values, chunkWidth(layout)))
      })
      return repeated(lowering, node, { layout, dtype, chunks })
    },
  }
}

/** The register at the same place along all blocks but one, where it is the first. */
function firstOf(layout: Layout, register: number, block: BlockId): number {
  return layout.registerAt((other) => (other === block ? 0 : layout.registerOffset(register, other)))
}

/** The element at a place in four words that is known at run time only. */
function elementAt(e: Expressions, item: Expr, place: Expr, dtype: DType): Expr {
  const inWord = 4 / DTYPES[dtype].bytes
  const word = e.div(place, e.u32(inWord))
  const isOdd = e.binary('==', e.binary('%', word, e.u32(2)), e.u32(1))
  const pair = (index: number): Expr =>
    e.select(e.component(item, index), e.component(item, index + 1), isOdd)
  const chosen = e.select(pair(0), pair(2), e.binary('>=', word, e.u32(2)))
  if (inWord === 1) return chosen.type.dtype === dtype ? chosen : e.bitcast(dtype, chosen)
  const bits = e.mul(e.binary('%', place, e.u32(inWord)), e.u32(32 / inWord))
  return e.component(e.bitcast(dtype, e.binary('>>', chosen, bits)), 0)
}
