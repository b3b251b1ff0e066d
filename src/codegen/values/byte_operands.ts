/** Operands of products of 8-bit integers, as words of four neighbours along what is contracted. */
import type { BlockId } from '../../ir/node.ts'
import { extentBits } from '../../ir/tile_program.ts'
import type { PackedType } from '../../support/storage_types.ts'
import { WORD_BITS } from '../analysis/byte_loads.ts'
import { blockedLayout } from '../layout/layout_rules.ts'
import { heldBits, vectorsAlong } from '../layout/vectors.ts'
import { layoutOfWords, type PackedOperand } from '../plan/packed_dots.ts'
import type { Lowering } from '../state/lowering.ts'
import { chunkRegisters, eachChunk, element, named, type Registers } from '../state/registers.ts'
import type { Expr } from '../thread/expr.ts'
import type { Width } from '../thread/types.ts'
import type { Writer } from '../thread/writer.ts'
import { convertLayout } from './convert_layout.ts'
import { encodePacked, packWords } from './packed_values.ts'

/** Every second byte of a word. */
const EVEN_BYTES = 0x00ff00ff
const LOW_HALF = 0xffff

/** From the words of memory. */
export function wordsAlongDepth(
  lowering: Lowering,
  { load, layout, along }: PackedOperand,
  depth: BlockId,
): Registers {
  const { out, e } = lowering
  const read = lowering.values.get(load)
  if (!read) throw new Error(`the load ${load.id} was not lowered`)
  if (along === depth) return read
  const words = named(out, read, 'words')
  const result = layoutOfWords(layout, depth)
  const turned = new Map<number, readonly Expr[]>()
  const wordAt = (position: (block: BlockId) => number): Expr => {
    const inWords = (block: BlockId): number => (block === along ? position(block) >> 2 : position(block))
    return element(e, words, words.layout.registerAt(inWords))
  }
  const chunks = chunkRegisters(result).map((registers) => {
    const parts = registers.map((register) => {
      const position = (block: BlockId): number =>
        result.registerOffset(register, block) * (block === depth ? 4 : 1)
      const which = position(along) % 4
      const first = result.registerAt((block) =>
        block === along ? position(along) - which : result.registerOffset(register, block),
      )
      const four =
        turned.get(first) ??
        transposed(
          out,
          [0, 1, 2, 3].map((row) => wordAt((block) => position(block) + (block === depth ? row : 0))),
        )
      turned.set(first, four)
      return four[which] ?? e.u32(0)
    })
    return e.vector(parts, parts.length as Width)
  })
  return named(out, { layout: result, dtype: 'u32', chunks }, 'v')
}

/** From elements in registers, of which threads hold four neighbours each, or come to. */
export function packedAlongDepth(
  lowering: Lowering,
  value: Registers,
  dtype: PackedType,
  depth: BlockId,
): Registers {
  const { out, e, program } = lowering
  const others = [...value.layout.blocks].filter((block) => block !== depth)
  const extents = [depth, ...others].map((block) => ({ block, bits: extentBits(program, block) }))
  const { threadBits } = lowering.bound
  const isHeld = heldBits(value.layout, depth, WORD_BITS) === WORD_BITS
  const held = isHeld
    ? value
    : convertLayout(lowering, value, blockedLayout({ extents, vectorBits: WORD_BITS, threadBits }))
  const codes = named(
    out,
    eachChunk(held, 'u32', (chunk) => encodePacked(out, dtype, chunk)),
    'codes',
  )
  const layout = layoutOfWords(held.layout, depth)
  const words = vectorsAlong(held.layout, depth, 2 ** WORD_BITS).map((registers) =>
    out.let(
      'v',
      packWords(
        e,
        dtype,
        registers.map((register) => element(e, codes, register)),
      ),
    ),
  )
  const chunks = chunkRegisters(layout).map((registers) =>
    e.vector(
      registers.flatMap((register) => words[register] ?? []),
      registers.length as Width,
    ),
  )
  return named(out, { layout, dtype: 'u32', chunks }, 'v')
}

/** Four words of four bytes as a matrix of bytes, turned: 28 operations for 16 elements. */
function transposed(out: Writer, [w0, w1, w2, w3]: readonly Expr[]): readonly Expr[] {
  const e = out.expressions
  if (!w0 || !w1 || !w2 || !w3) throw new Error('a word is missing')
  const [low, high] = [pairs(out, w0, w1), pairs(out, w2, w3)]
  const lower = (a: Expr, b: Expr): Expr =>
    e.binary('|', e.binary('&', a, e.u32(LOW_HALF)), e.binary('<<', b, e.u32(16)))
  const upper = (a: Expr, b: Expr): Expr =>
    e.binary('|', e.binary('>>', a, e.u32(16)), e.binary('&', b, e.u32(~LOW_HALF >>> 0)))
  return [
    lower(low.even, high.even),
    lower(low.odd, high.odd),
    upper(low.even, high.even),
    upper(low.odd, high.odd),
  ].map((word) => out.let('turned', word))
}

/** The even and the odd bytes of two words, side by side. */
function pairs(out: Writer, a: Expr, b: Expr): { readonly even: Expr; readonly odd: Expr } {
  const e = out.expressions
  const even = (word: Expr): Expr => e.binary('&', word, e.u32(EVEN_BYTES))
  const eight = e.u32(8)
  return {
    even: out.let('even', e.binary('|', even(a), e.binary('<<', even(b), eight))),
    odd: out.let(
      'odd',
      e.binary('|', even(e.binary('>>', a, eight)), e.binary('&', b, e.u32(~EVEN_BYTES >>> 0))),
    ),
  }
}
