import { describe, expect, it } from 'vitest'
import { type Expected, findMismatch } from '../../src/autotuner/trial/accuracy.ts'
import { packCodes, STORAGE, type StorageType } from '../../src/support/storage_types.ts'

const DERIVED = { atol: null, rtol: null }

function expected(values: readonly number[], changes: Partial<Expected> = {}): Expected {
  const shape = [values.length]
  return {
    tensor: 0,
    name: 'out',
    dtype: 'f32',
    shape,
    values,
    positions: undefined,
    precision: 'f32',
    ...changes,
  }
}

function bytes(values: readonly number[], dtype: StorageType = 'f32'): ArrayBuffer {
  return packCodes(dtype, values.length, (i) => STORAGE[dtype].encode(values[i] ?? 0)).buffer
}

describe('findMismatch', () => {
  it('accepts equal answers of every dtype', () => {
    for (const dtype of Object.keys(STORAGE) as StorageType[])
      expect(findMismatch(expected([0, 1, 1], { dtype }), bytes([0, 1, 1], dtype), DERIVED)).toBeUndefined()
  })

  it('names the worst element, its place and how many differ', () => {
    const wanted = expected([1, 2, 3, 4, 5, 6], { name: 'y', shape: [2, 3] })
    expect(findMismatch(wanted, bytes([1, 2, 9, 4, 5.5, 6]), DERIVED)).toBe(
      'y[0, 2] is 9, expected 3; 2 of 6 elements compared differ',
    )
  })

  it('lets floats differ by rounding, as much as their precision allows', () => {
    const off = (share: number) => bytes([100 * (1 + share), 100, 100])
    expect(findMismatch(expected([100, 100, 100]), off(0.003), DERIVED)).toBeUndefined()
    expect(findMismatch(expected([100, 100, 100]), off(0.005), DERIVED)).toContain('out[0] is')
    const half = expected([100, 100, 100], { precision: 'f16' })
    expect(findMismatch(half, off(0.015), DERIVED)).toBeUndefined()
    expect(findMismatch(half, off(0.03), DERIVED)).toContain('out[0] is')
  })

  it('lets neighbours among small floats pass, and nothing further away', () => {
    for (const dtype of ['bf16', 'f8e4m3', 'f8e5m2'] as const) {
      const { encode, decode } = STORAGE[dtype]
      const wanted = expected([100, 100, 100], { dtype, precision: dtype })
      const off = (steps: number) => bytes([decode(encode(100) + steps), 100, 100], dtype)
      expect(findMismatch(wanted, off(1), DERIVED)).toBeUndefined()
      expect(findMismatch(wanted, off(6), DERIVED)).toContain('out[0] is')
    }
  })

  it('judges small elements by the scale of all', () => {
    expect(findMismatch(expected([0, 1000, -1000]), bytes([1, 1000, -1000]), DERIVED)).toBeUndefined()
    expect(findMismatch(expected([0, 1, -1]), bytes([1, 1, -1]), DERIVED)).toContain(
      'out[0] is 1, expected 0',
    )
  })

  it('takes tolerances of the user as they are', () => {
    const wanted = expected([0, 1000])
    const close = bytes([0.5, 1000])
    expect(findMismatch(wanted, close, { atol: 0, rtol: null })).toContain('out[0]')
    expect(findMismatch(wanted, close, { atol: 0.6, rtol: 0 })).toBeUndefined()
    expect(findMismatch(wanted, bytes([0, 1001]), { atol: 0, rtol: 0.0005 })).toContain('out[1]')
    expect(findMismatch(wanted, bytes([0, 1001]), { atol: 0, rtol: 0.002 })).toBeUndefined()
  })

  it('wants integers and booleans exactly', () => {
    const wanted = expected([1000, 7], { dtype: 'i32' })
    expect(findMismatch(wanted, bytes([1000, 8], 'i32'), { atol: 5, rtol: 5 })).toBe(
      'out[1] is 8, expected 7; 1 of 2 elements compared differ',
    )
    expect(findMismatch(expected([1], { dtype: 'bool' }), bytes([0], 'bool'), DERIVED)).toContain(
      'out[0] is 0',
    )
  })

  it('takes NaN and infinities as values', () => {
    const odd = [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]
    expect(findMismatch(expected(odd), bytes(odd), DERIVED)).toBeUndefined()
    expect(findMismatch(expected([1, 2]), bytes([1, Number.NaN]), DERIVED)).toBe(
      'out[1] is NaN, expected 2; 1 of 2 elements compared differ',
    )
    expect(findMismatch(expected([Number.NaN]), bytes([0]), DERIVED)).toContain('out[0] is 0, expected NaN')
    const mixed = expected([Number.POSITIVE_INFINITY, 1])
    expect(findMismatch(mixed, bytes([Number.POSITIVE_INFINITY, 2]), DERIVED)).toContain('out[1] is 2')
    const infinite = expected([Number.POSITIVE_INFINITY])
    expect(findMismatch(infinite, bytes([3e38]), DERIVED)).toContain('expected Infinity')
  })

  it('compares known positions only', () => {
    const wanted = expected([1, 2], { positions: Uint32Array.of(1, 3), shape: [4] })
    expect(findMismatch(wanted, bytes([1, 2]), DERIVED)).toBeUndefined()
    expect(findMismatch(wanted, bytes([1, 3]), DERIVED)).toBe(
      'out[3] is 3, expected 2; 1 of 2 elements compared differ',
    )
  })
})
