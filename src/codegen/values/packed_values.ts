/**
 * Elements that registers have no type for: from the bits of words to values, and back. The formats come from
 * the table of storage types.
 */
import { type FloatFormat, layoutOf } from '../../support/float_formats.ts'
import { computeType, type PackedType, STORAGE } from '../../support/storage_types.ts'
import type { Expr } from '../thread/expr.ts'
import type { Expressions } from '../thread/expressions.ts'
import { typeOf, type Width } from '../thread/types.ts'
import type { Writer } from '../thread/writer.ts'

const F32_BIAS = 127
const F32_EXPONENT_BITS = 8
const F32_MANTISSA_BITS = 23
const F32_INFINITY = 0x7f800000
const F32_NAN = 0x7fc00000
/** A number of f32 whose last digit is one, and its bits. */
const LARGE = 2 ** F32_MANTISSA_BITS
const LARGE_BITS = (F32_BIAS + F32_MANTISSA_BITS) * 2 ** F32_MANTISSA_BITS
/** The same of f16: there is room for ten bits below. */
const LARGE_HALF = 1024
const LARGE_HALF_BITS = 0x6400
const HALF_WORD = 16
const SIGN = 0x80000000
const MAGNITUDE = 0x7fffffff

/** The values whose bits are the highest ones of these words. */
export function decodePacked(out: Writer, dtype: PackedType, words: Expr): Expr {
  const { packed, bits } = STORAGE[dtype]
  const e = out.expressions
  if (packed?.kind === 'float') return decodeFloat(out, packed, out.shared('bits', words))
  const whole = packed?.signed ? e.bitcast('i32', words) : words
  return e.binary('>>', whole, e.constant(32 - bits, typeOf('u32', words.type.width)))
}

/** Where an element is: in which word, and how far its lowest bit is from the word's. */
export interface PackedPlace {
  readonly word: Expr
  readonly offset: number
}

/**
 * Integers as numbers of f32: their bits become the lower ones of a number so large that its last digits
 * count in units of the element, from which that number is taken away. Everything is exact, and no integer is
 * shifted or converted on its own.
 */
export function decodeAsFloat(out: Writer, dtype: PackedType, places: readonly PackedPlace[]): Expr {
  const e = out.expressions
  const { packed, bits } = STORAGE[dtype]
  const isSigned = packed?.kind === 'int' && packed.signed
  // Signed ones count from the least of them.
  const bias = isSigned ? 2 ** (bits - 1) : 0
  const signs = e.u32(ofEach(bits, bias))
  const elements = places.map(({ word, offset }) => {
    const counted = isSigned ? out.shared('counted', e.binary('^', word, signs)) : word
    // Above them there must be room for the exponent.
    const isHigh = offset >= HALF_WORD
    const half = isHigh ? out.shared('upper', e.binary('>>', counted, e.u32(HALF_WORD))) : counted
    return { half, unit: 2 ** (isHigh ? offset - HALF_WORD : offset) }
  })
  const width = places.length as Width
  const constants = (of: (unit: number) => Expr): Expr =>
    together(
      e,
      elements.map(({ unit }) => of(unit)),
      width,
    )
  const fields = e.binary(
    '&',
    together(
      e,
      elements.map(({ half }) => half),
      width,
    ),
    constants((unit) => e.u32((2 ** bits - 1) * unit)),
  )
  const large = e.bitcast('f32', e.binary('|', fields, e.constant(LARGE_BITS, fields.type)))
  const least = constants((unit) => e.literal(-(LARGE / unit + bias), 'f32'))
  if (elements.every(({ unit }) => unit === 1)) return e.add(large, least)
  return e.call(
    'fma',
    large,
    constants((unit) => e.literal(1 / unit, 'f32')),
    least,
  )
}

/**
 * An integer that `decodeAsFloat` or `decodeAsHalf` makes, less another one: what it takes away anyway
 * becomes larger by that much, so that integers with the same subtrahend cost nothing more.
 */
export function exactDifference(out: Writer, integer: Expr, subtrahend: Expr): Expr {
  const e = out.expressions
  const least = (constant: Expr): Expr => out.shared('least', e.sub(constant, subtrahend))
  if (integer.kind === 'call' && integer.fn === 'fma') {
    const [large, unit, constant] = integer.args
    if (large && unit && constant)
      return e.call('fma', large, unit, e.splat(least(constant), integer.type.width))
  }
  if (integer.kind === 'binary' && integer.op === '+') return e.add(integer.args[0], least(integer.args[1]))
  if (integer.kind === 'vector') {
    const parts = integer.parts.map((part, i) => exactDifference(out, part, e.component(subtrahend, i)))
    return e.vector(parts, integer.type.width)
  }
  if (integer.kind === 'component') {
    const pair = exactDifference(out, integer.arg, e.splat(subtrahend, integer.arg.type.width))
    return e.component(out.shared('pair', pair), integer.index)
  }
  return e.sub(integer, subtrahend)
}

/** The most bits of an integer that `decodeAsHalf` takes. */
export const MOST_HALF_BITS = 8

/**
 * Integers of up to 8 bits as numbers of f16, in the same way: one in the lower and one in the upper half of
 * a word are decoded together. Others that need the same pair find it made, unless something is to become a
 * part of its expression.
 */
export function decodeAsHalf(
  out: Writer,
  dtype: PackedType,
  places: readonly PackedPlace[],
  isMinuend: boolean,
): Expr {
  const e = out.expressions
  const { packed, bits } = STORAGE[dtype]
  const isSigned = packed?.kind === 'int' && packed.signed
  const bias = isSigned ? 2 ** (bits - 1) : 0
  const signs = e.u32(ofEach(bits, bias))
  const inBoth = (half: number): Expr => e.u32(half * (2 ** HALF_WORD + 1))
  const elements = places.map(({ word, offset }) => {
    const counted = isSigned ? out.shared('counted', e.binary('^', word, signs)) : word
    const inHalf = offset % HALF_WORD
    const isHigh = inHalf >= MOST_HALF_BITS
    const low = isHigh ? out.shared('upper', e.binary('>>', counted, e.u32(MOST_HALF_BITS))) : counted
    const unit = 2 ** (isHigh ? inHalf - MOST_HALF_BITS : inHalf)
    const fields = e.binary('&', low, inBoth((2 ** bits - 1) * unit))
    const large = e.bitcast('f16', e.binary('|', fields, inBoth(LARGE_HALF_BITS)))
    const least = e.constant(-(LARGE_HALF / unit + bias), large.type)
    const pair =
      unit === 1 ? e.add(large, least) : e.call('fma', large, e.constant(1 / unit, large.type), least)
    return e.component(isMinuend ? pair : out.shared('pair', pair), offset < HALF_WORD ? 0 : 1)
  })
  return e.vector(elements, places.length as Width)
}

/** Scalars as a vector, or the one that all of them are in every element. */
export function together(e: Expressions, scalars: readonly Expr[], width: Width): Expr {
  const [first] = scalars
  if (first && scalars.every((scalar) => scalar === first)) return e.splat(first, width)
  return e.vector(scalars, width)
}

/** A word with these bits in each of its elements. */
function ofEach(bits: number, code: number): number {
  return Array.from({ length: 32 / bits }, (_, i) => code * 2 ** (i * bits)).reduce((a, b) => a + b, 0)
}

/** The bits of values, in the lowest ones of words. */
export function encodePacked(out: Writer, dtype: PackedType, value: Expr): Expr {
  const { packed, bits } = STORAGE[dtype]
  const e = out.expressions
  if (packed?.kind === 'float') return encodeFloat(out, packed, value)
  const mask = e.constant(2 ** bits - 1, typeOf('u32', value.type.width))
  return e.binary('&', e.convert('u32', value), mask)
}

/** The bits of consecutive elements, as the words that they lie in. */
export function packWords(e: Expressions, dtype: PackedType, codes: readonly Expr[]): Expr {
  const { bits } = STORAGE[dtype]
  const words: Expr[] = []
  codes.forEach((code, i) => {
    const word = Math.floor((i * bits) / 32)
    const part = e.binary('<<', code, e.u32((i * bits) % 32))
    const rest = words[word]
    words[word] = rest ? e.binary('|', rest, part) : part
  })
  return e.vector(words, words.length as Width)
}

/** What an element of the type can hold of a value of any type, as what a load of it gives. */
export function roundPacked(out: Writer, dtype: PackedType, value: Expr): Expr {
  const { packed, bits, round } = STORAGE[dtype]
  const e = out.expressions
  const compute = computeType(dtype)
  const converted = out.shared('v', e.convert(compute, value))
  const { width } = value.type
  if (packed?.kind === 'float' || value.type.dtype === 'i32' || value.type.dtype === 'u32') {
    const code = out.shared('code', encodePacked(out, dtype, converted))
    return decodePacked(out, dtype, e.binary('<<', code, e.constant(32 - bits, typeOf('u32', width))))
  }
  const [least, most] = [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY].map((end) =>
    e.constant(round(end), typeOf(compute, width)),
  )
  return least && most ? e.call('clamp', converted, least, most) : converted
}

function decodeFloat(out: Writer, format: FloatFormat, words: Expr): Expr {
  const e = out.expressions
  const { exponentBits, mantissaBits } = format
  const { bits, bias, lastNumber } = layoutOf(format)
  const constant = (value: number): Expr => e.constant(value, words.type)
  const and = (a: Expr, mask: number): Expr => e.binary('&', a, constant(mask))
  const ofAll = (2 ** bits - 1) * 2 ** (32 - bits)
  if (exponentBits === F32_EXPONENT_BITS) return e.bitcast('f32', and(words, ofAll))
  // The magnitude where f32 has its own, but with the exponent of the format.
  const down = constant(F32_EXPONENT_BITS - exponentBits)
  const magnitude = out.shared('magnitude', e.binary('>>', and(words, ofAll - SIGN), down))
  const at = (code: number): Expr => constant(code * 2 ** (F32_MANTISSA_BITS - mantissaBits))
  const rebias = (F32_BIAS - bias) * 2 ** F32_MANTISSA_BITS
  const normal = e.add(magnitude, constant(rebias))
  // Of numbers below the least normal one, twice as large and less what that adds: devices may take subnormal
  // numbers of f32 for zero.
  const doubled = e.bitcast('f32', e.add(magnitude, constant(rebias + 2 ** F32_MANTISSA_BITS)))
  const small = e.sub(doubled, e.constant(2 ** (1 - bias), doubled.type))
  const isSmall = e.binary('<', magnitude, at(2 ** mantissaBits))
  const finite = e.select(normal, e.bitcast('u32', small), isSmall)
  const sized = (size: Expr): Expr => e.bitcast('f32', e.binary('|', size, and(words, SIGN)))
  if (format.special === 'none') return sized(finite)
  const hasInfinity = format.special === 'infinity'
  const isSpecial = e.binary('>', magnitude, at(hasInfinity ? lastNumber - 1 : lastNumber))
  const special = hasInfinity ? e.binary('|', magnitude, constant(F32_INFINITY)) : constant(F32_NAN)
  return sized(e.select(finite, special, isSpecial))
}

function encodeFloat(out: Writer, format: FloatFormat, value: Expr): Expr {
  const e = out.expressions
  const { exponentBits, mantissaBits } = format
  const { bits, bias, most, nan } = layoutOf(format)
  const word = out.shared('bits', e.bitcast('u32', value))
  const constant = (number: number): Expr => e.constant(number, word.type)
  const shift = F32_MANTISSA_BITS - mantissaBits
  const magnitude = out.shared('magnitude', e.binary('&', word, constant(MAGNITUDE)))
  const rebiased = e.sub(magnitude, constant((F32_BIAS - bias) * 2 ** F32_MANTISSA_BITS))
  // Half of what is cut off, and one bit less where the rest is even.
  const odd = e.binary('&', e.binary('>>', rebiased, constant(shift)), constant(1))
  const up = e.add(e.add(rebiased, constant(2 ** (shift - 1) - 1)), odd)
  let code = e.binary('>>', up, constant(shift))
  if (exponentBits !== F32_EXPONENT_BITS) {
    const size = e.bitcast('f32', magnitude)
    const steps = e.call('round', e.mul(size, e.constant(2 ** (bias - 1 + mantissaBits), size.type)))
    const isSmall = e.binary('<', magnitude, constant((F32_BIAS + 1 - bias) * 2 ** F32_MANTISSA_BITS))
    code = e.select(code, e.convert('u32', steps), isSmall)
  }
  const limited = e.call('min', code, constant(most))
  const isNoNumber = e.binary('>', magnitude, constant(F32_INFINITY))
  const sign = e.binary('&', e.binary('>>', word, constant(32 - bits)), constant(2 ** (bits - 1)))
  return e.binary('|', e.select(limited, constant(nan), isNoNumber), sign)
}
