/**
 * Floating-point formats of at most 16 bits: sign, exponent, mantissa, from the top bit down. All of them
 * are parts of f32, from which numbers are rounded to nearest even.
 */
import { roundHalfEven } from './maths.ts'

export interface FloatFormat {
  readonly exponentBits: number
  readonly mantissaBits: number
  /**
   * What numbers beyond the largest finite one become. Saturating formats keep to it, infinity included, as
   * the OCP specification of 8-bit floats says.
   */
  readonly overflow: 'infinity' | 'saturate'
  /**
   * What the highest exponent holds: infinity and NaN, numbers and a NaN of all ones, or numbers alone, of
   * which NaN becomes the largest.
   */
  readonly special: 'infinity' | 'nan' | 'none'
}

/** What the bits of a format mean, as numbers that codes and shifts are made of. */
export interface FloatLayout {
  /** Sign included. */
  readonly bits: number
  readonly bias: number
  /** The code of the largest magnitude that rounding gives: infinity, or the largest finite number. */
  readonly most: number
  /** The code that rounding gives for NaN. */
  readonly nan: number
  /** Magnitudes above this code are NaN. */
  readonly lastNumber: number
}

export interface FloatCodec {
  /** The bits of the nearest number of the format. */
  readonly encode: (value: number) => number
  readonly decode: (bits: number) => number
}

export function layoutOf({ exponentBits, mantissaBits, overflow, special }: FloatFormat): FloatLayout {
  const highest = (2 ** exponentBits - 1) * 2 ** mantissaBits
  const hasInfinity = special === 'infinity'
  const last = highest + 2 ** mantissaBits - 1
  const lastNumber = hasInfinity ? highest : special === 'nan' ? last - 1 : last
  return {
    bits: 1 + exponentBits + mantissaBits,
    bias: 2 ** (exponentBits - 1) - 1,
    most: overflow === 'saturate' && hasInfinity ? highest - 1 : lastNumber,
    nan: hasInfinity ? highest + 2 ** (mantissaBits - 1) : last,
    lastNumber,
  }
}

const F32_BIAS = 127
const F32_MANTISSA_BITS = 23
const F32_INFINITY = 0x7f800000
const WORD = new Uint32Array(1)
const FLOAT = new Float32Array(WORD.buffer)

export function floatCodec(format: FloatFormat): FloatCodec {
  const { exponentBits, mantissaBits, special } = format
  const { bits, bias, most, nan } = layoutOf(format)
  const shift = F32_MANTISSA_BITS - mantissaBits
  const leastNormal = (F32_BIAS + 1 - bias) << F32_MANTISSA_BITS
  const rebias = (F32_BIAS - bias) << F32_MANTISSA_BITS
  const [half, perSmallest] = [2 ** (shift - 1), 2 ** (bias - 1 + mantissaBits)]
  const [signBit, mantissas, highest] = [2 ** (bits - 1), 2 ** mantissaBits, 2 ** exponentBits - 1]
  return {
    encode(value) {
      FLOAT[0] = value
      const word = WORD[0] ?? 0
      const sign = word >>> 31 ? signBit : 0
      const magnitude = word & 0x7fffffff
      if (magnitude > F32_INFINITY) return sign | nan
      if (magnitude < leastNormal) return sign | roundHalfEven(Math.abs(FLOAT[0]) * perSmallest)
      const rebiased = magnitude - rebias
      return sign | Math.min(most, (rebiased + half - 1 + ((rebiased >>> shift) & 1)) >>> shift)
    },
    decode(code) {
      const sign = code & signBit ? -1 : 1
      const exponent = (code & (signBit - 1)) >>> mantissaBits
      const mantissa = code & (mantissas - 1)
      if (exponent === highest && special === 'infinity')
        return mantissa ? Number.NaN : sign * Number.POSITIVE_INFINITY
      if (exponent === highest && special === 'nan' && mantissa === mantissas - 1) return Number.NaN
      return exponent
        ? sign * 2 ** (exponent - bias) * (1 + mantissa / mantissas)
        : sign * 2 ** (1 - bias) * (mantissa / mantissas)
    },
  }
}
