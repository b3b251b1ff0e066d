/** The table of storage types, code by code: bits to values and back, and rounding to the nearest. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { layoutOf } from '../../src/support/float_formats.ts'
import {
  bytesOf,
  codeReader,
  isPacked,
  packCodes,
  STORAGE,
  type StorageType,
  wordOf,
} from '../../src/support/storage_types.ts'

const ALL = Object.keys(STORAGE) as StorageType[]
const SMALL = ALL.filter((dtype) => STORAGE[dtype].bits < 32)
const FLOATS = SMALL.filter((dtype) => STORAGE[dtype].category === 'float')
const INTEGERS = SMALL.filter((dtype) => STORAGE[dtype].category === 'int')

/** All values of a type, by code. */
function valuesOf(dtype: StorageType): number[] {
  return Array.from({ length: 2 ** STORAGE[dtype].bits }, (_, code) => STORAGE[dtype].decode(code))
}

describe('storage types', () => {
  it.each(SMALL)('%s: every code comes back', (dtype) => {
    const { encode, round, stored } = STORAGE[dtype]
    valuesOf(dtype).forEach((value, code) => {
      if (Number.isNaN(value)) expect(STORAGE[dtype].decode(encode(value))).toBeNaN()
      // The saturating formats keep infinities that are there already, and make no new ones.
      else if (Number.isFinite(value) || dtype === 'f16' || dtype === 'bf16') {
        if (encode(value) !== code || !Object.is(round(value), value) || !Object.is(stored(value), value))
          expect.fail(`${dtype} ${code} is ${value}, which is ${encode(value)}, ${round(value)}`)
      }
    })
  })

  it.each(FLOATS)('%s: rounds to the nearest, ties to even', (dtype) => {
    const { encode, decode } = STORAGE[dtype]
    const values = valuesOf(dtype)
    const positive = values.filter((value) => value >= 0 && Number.isFinite(value)).sort((a, b) => a - b)
    const largest = positive.at(-1) ?? 0
    const step = largest - (positive.at(-2) ?? 0)
    fc.assert(
      fc.property(
        fc.oneof(
          fc.float({ min: Math.fround(-largest), max: Math.fround(largest), noNaN: true }),
          fc
            .nat(positive.length - 2)
            .map((i) => Math.fround(((positive[i] ?? 0) + (positive[i + 1] ?? 0)) / 2)),
        ),
        (value) => {
          const code = encode(value)
          const error = Math.abs(decode(code) - value)
          for (const other of [code - 1, code + 1]) {
            const neighbour = values[other] ?? Number.NaN
            if (!Number.isFinite(neighbour)) continue
            const distance = Math.abs(neighbour - value)
            expect(error).toBeLessThanOrEqual(distance)
            if (distance === error && distance > 0) expect(code % 2).toBe(0)
          }
        },
      ),
    )
    expect(Object.is(decode(encode(-0)), -0)).toBe(true)
    const beyond = STORAGE[dtype].packed && dtype !== 'bf16' ? largest : Number.POSITIVE_INFINITY
    expect([largest + step / 2, Number.POSITIVE_INFINITY, -1e38 * 4].map(STORAGE[dtype].round)).toEqual([
      beyond,
      beyond,
      -beyond,
    ])
    expect(STORAGE[dtype].round(Number.NaN)).toEqual(dtype === 'f4e2m1' ? largest : Number.NaN)
  })

  it('has the values that the formats are known for', () => {
    const { bf16, f8e4m3, f8e5m2, f4e2m1, f16 } = STORAGE
    const quarters = Array.from({ length: 9 }, (_, code) => f4e2m1.decode(code))
    expect(quarters).toEqual([0, 0.5, 1, 1.5, 2, 3, 4, 6, -0])
    expect([0.25, 0.75, 1.25, 2.5, 5, 100, -Infinity].map(f4e2m1.round)).toEqual([0, 1, 1, 2, 4, 6, -6])
    expect([0x3f80, 0xc000, 0x7f80, 0x0001].map(bf16.decode)).toEqual([1, -2, Infinity, 2 ** -133])
    expect([0x38, 0x7e, 0xfe, 0x01, 0x08, 0x80].map(f8e4m3.decode)).toEqual([
      1,
      448,
      -448,
      2 ** -9,
      2 ** -6,
      -0,
    ])
    expect([0x7f, 0xff].map(f8e4m3.decode)).toEqual([NaN, NaN])
    expect([0x3c, 0x7b, 0x7c, 0xfc, 0x01, 0x7d].map(f8e5m2.decode)).toEqual([
      1,
      57344,
      Infinity,
      -Infinity,
      2 ** -16,
      NaN,
    ])
    expect([
      f8e4m3.encode(1e9),
      f8e4m3.encode(-Infinity),
      f8e5m2.encode(1e9),
      f8e5m2.encode(Infinity),
    ]).toEqual([0x7e, 0xfe, 0x7b, 0x7b])
    expect([65519, 65520, 1 + 2 ** -11, 1 + 3 * 2 ** -11].map(f16.round)).toEqual([
      65504,
      Infinity,
      1,
      1 + 2 ** -9,
    ])
    expect(layoutOf({ exponentBits: 4, mantissaBits: 3, overflow: 'saturate', special: 'nan' })).toEqual({
      bits: 8,
      bias: 7,
      most: 0x7e,
      nan: 0x7f,
      lastNumber: 0x7e,
    })
  })

  it.each(INTEGERS)('%s: numbers are clamped, stored integers wrap', (dtype) => {
    const { bits, round, stored, encode } = STORAGE[dtype]
    const [low, high] = dtype.startsWith('i') ? [-(2 ** (bits - 1)), 2 ** (bits - 1) - 1] : [0, 2 ** bits - 1]
    expect([low - 1, high + 1, -1e20, 1e20, NaN, 2.9, -0.9].map(round)).toEqual([
      low,
      high,
      low,
      high,
      0,
      2,
      0,
    ])
    expect([high + 1, low - 1, high + 2 ** bits].map(stored)).toEqual([low, high, high])
    expect([low, high].map(encode).every((code) => code >= 0 && code < 2 ** bits)).toBe(true)
  })

  it.each(ALL)('%s: any number of elements is packed and read, and words are filled', (dtype) => {
    const { bits, encode, decode, compute } = STORAGE[dtype]
    for (const count of [0, 1, 2, 3, 7, 8, 9, 33]) {
      const codes = Array.from({ length: count }, (_, i) => encode(i % 2))
      const packed = packCodes(dtype, count, (i) => codes[i] ?? 0)
      expect(packed.byteLength).toBe(bytesOf(dtype, count))
      const read = codeReader(dtype, packed.buffer)
      expect(codes.map((_, i) => read(i))).toEqual(codes)
    }
    const word = codeReader(dtype, Uint32Array.of(wordOf(dtype, 1)).buffer)
    for (let i = 0; i < 32 / bits; i++) expect(decode(word(i))).toBe(1)
    expect(isPacked(dtype)).toBe(compute !== (dtype as string))
  })
})
