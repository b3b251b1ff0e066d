/** Host data in and out of tensors, without a GPU. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { foldGrid } from '../../src/runtime/commands/launch.ts'
import {
  checkShape,
  codesOf,
  decodeBytes,
  encodeValues,
  type HostData,
  parseHostData,
} from '../../src/runtime/memory/host_data.ts'
import { UsageError } from '../../src/support/errors.ts'
import { packCodes, STORAGE } from '../../src/support/storage_types.ts'

describe('parseHostData', () => {
  it.each([
    [3, [], 'f32', [3]],
    [
      [
        [1, 2],
        [3, 4],
        [5, 6],
      ],
      [3, 2],
      'f32',
      [1, 2, 3, 4, 5, 6],
    ],
    [[true, false], [2], 'bool', [1, 0]],
    [[true, 2], [2], 'f32', [1, 2]],
    [[[], []], [2, 0], 'f32', []],
    [[[[1]]], [1, 1, 1], 'f32', [1]],
    [new Float64Array([1.5]), [1], 'f32', [1.5]],
    [new Int8Array([-1]), [1], 'i32', [-1]],
    [new Uint16Array([7]), [1], 'u32', [7]],
  ] as const)('of %j has shape %j and dtype %s', (data, shape, dtype, values) => {
    const parsed = parseHostData(data as HostData)
    expect([parsed.shape, parsed.dtype, [...Array.from(parsed.values)]]).toEqual([shape, dtype, values])
  })

  it('takes shape and dtype that are given', () => {
    const { shape, dtype } = parseHostData([1, 2, 3, 4], { shape: [2, 2], dtype: 'i32' })
    expect([shape, dtype]).toEqual([[2, 2], 'i32'])
  })

  it.each([
    [[[1, 2], [3]], 'data[1] is an array of 1, its neighbours are each an array of 2'],
    [[[1], 2], 'data[1] is a number, its neighbours are each an array of 1'],
    [[1, [2]], 'data[1] is an array of 1, its neighbours are each a number'],
    [[1, 'a'], 'data[1] is a string, not a number'],
    [[null], 'data[0] is null, not a number'],
    [[1, undefined], 'data[1] is undefined, not a number'],
    [[{}], 'data[0] is an object, not a number'],
    [new BigInt64Array(1), 'cannot be made from a BigInt64Array'],
    [{}, 'cannot be made from an object'],
  ])('refuses what is no regular array of numbers: %#', (data, message) => {
    expect(() => parseHostData(data as HostData)).toThrow(UsageError)
    expect(() => parseHostData(data as HostData)).toThrow(message)
  })

  it('takes subclasses of typed arrays for what they are, such as a Buffer of Node', () => {
    class Own extends Int16Array {
      override get length(): number {
        return 1e9
      }
    }
    expect(parseHostData(Own.from([1, 2]).subarray(1) as HostData)).toEqual({
      shape: [1],
      dtype: 'i32',
      values: new Int16Array([2]),
    })
    expect(parseHostData(Buffer.from([1, 2]))).toMatchObject({ shape: [2], dtype: 'u32' })
  })

  it('refuses a shape of another size', () => {
    expect(() => parseHostData([1, 2, 3], { shape: [2, 2] })).toThrow(
      'Shape [2, 2] holds 4 elements, the data has 3',
    )
  })
})

describe('checkShape', () => {
  it.each([
    [[2, -1], 'axis 1 is -1'],
    [[1.5], 'axis 0 is 1.5'],
    [[Number.NaN, 2], 'axis 0 is NaN'],
    [['4'], '["4"] is not a shape: axis 0 is "4", not a whole number'],
    [[undefined], '[undefined] is not a shape: axis 0 is undefined'],
  ])('refuses %j', (shape, message) => {
    expect(() => checkShape(shape as number[])).toThrow(UsageError)
    expect(() => checkShape(shape as number[])).toThrow(message)
  })

  it('refuses a bigint, which looks like a number', () => {
    expect(() => checkShape([4n] as never)).toThrow('[4n] is not a shape: axis 0 is 4n')
  })

  it('refuses more elements than can be counted, and takes zeros', () => {
    expect(() => checkShape([2 ** 40, 2 ** 40])).toThrow('more elements than can be counted')
    expect(checkShape([0, 3])).toEqual([0, 3])
  })
})

describe('encodeValues', () => {
  it('pads to four bytes', () => {
    expect([...encodeValues([1, 2, 3], 'f16')]).toEqual([0, 0x3c, 0, 0x40, 0, 0x42, 0, 0])
  })

  it('takes a Uint16Array for f16 as bits, and the view of an array alone', () => {
    expect([...encodeValues(new Uint16Array([0x3c00, 0xc000]), 'f16')]).toEqual([0, 0x3c, 0, 0xc0])
    const view = new Float32Array([9, 1, 9]).subarray(1, 2)
    expect([...encodeValues(view, 'f32')]).toEqual([0, 0, 0x80, 0x3f])
  })

  it('shares only memory that stays where it is', () => {
    const shared = new Uint16Array(new SharedArrayBuffer(4) as unknown as ArrayBuffer)
    shared.set([0x3c00, 0xc000])
    const bytes = encodeValues(shared, 'f16')
    expect([bytes.buffer instanceof ArrayBuffer, ...bytes]).toEqual([true, 0, 0x3c, 0, 0xc0])
    const own = Float32Array.of(1)
    expect(encodeValues(own, 'f32').buffer).toBe(own.buffer)
  })

  it('converts as WGSL does', () => {
    const words = (values: number[], dtype: 'i32' | 'u32' | 'bool') => [
      ...new Int32Array(encodeValues(values, dtype).buffer),
    ]
    expect(words([1.9, -1.9, 1e10, Number.NaN], 'i32')).toEqual([1, -1, 2147483647, 0])
    expect(words([-5, 3.5, 1e10], 'u32')).toEqual([0, 3, -1])
    expect(words([0, 2, -0.5], 'bool')).toEqual([0, 1, 1])
  })

  it('comes back through decodeBytes', () => {
    fc.assert(
      fc.property(fc.array(fc.float({ noNaN: true })), (values) => {
        const bytes = encodeValues(values, 'f32')
        expect([...decodeBytes(bytes.slice().buffer, 'f32')]).toEqual(values)
      }),
    )
    expect([...decodeBytes(Uint32Array.of(0, 7, 1).buffer, 'bool')]).toEqual([0, 1, 1])
    expect([...decodeBytes(Uint16Array.of(0x3c00, 0x7c00, 0x0001).buffer, 'f16')]).toEqual([
      1,
      Number.POSITIVE_INFINITY,
      2 ** -24,
    ])
  })
})

describe('floats of at most 16 bits', () => {
  it.each(['f16', 'bf16', 'f8e4m3', 'f8e5m2'] as const)(
    '%s: long arrays are decoded as short ones',
    (dtype) => {
      const codes = 2 ** STORAGE[dtype].bits
      const bits = packCodes(dtype, codes, (i) => i)
      const long = decodeBytes(packCodes(dtype, 65536, (i) => i % codes).buffer, dtype)
      expect(decodeBytes(bits.buffer, dtype)).toEqual(long.subarray(0, codes))
      expect(encodeValues(bits, dtype).buffer).toBe(bits.buffer)
    },
  )

  it.each(['f16', 'bf16', 'f8e4m3', 'f8e5m2'] as const)('%s codes stand for what decoding gives', (dtype) => {
    const { buffer } = packCodes(dtype, 70_000, (i) => (i * 7) % 2 ** STORAGE[dtype].bits)
    const codes = codesOf(buffer, dtype)
    const values = Float32Array.from(codes?.data ?? [], (code) => codes?.table[code] ?? -1)
    expect(values).toEqual(decodeBytes(buffer, dtype))
  })

  it('has no codes of types that are their own numbers, and of what is small', () => {
    for (const dtype of ['f32', 'i32', 'u32', 'bool', 'i8', 'f4e2m1'] as const)
      expect(codesOf(new ArrayBuffer(400_000), dtype)).toBeUndefined()
  })
})

describe('foldGrid', () => {
  it('covers every workgroup with less than a row to spare', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 2 ** 31 }), (count) => {
        const [x, y, z] = foldGrid(count, 65535)
        expect(Math.max(x, y)).toBeLessThanOrEqual(65535)
        expect(z).toBe(1)
        expect(x * y).toBeGreaterThanOrEqual(count)
        expect(x * y - count).toBeLessThan(y)
      }),
    )
    expect([foldGrid(0, 65535), foldGrid(65535, 65535), foldGrid(65536, 65535)]).toEqual([
      [0, 1, 1],
      [65535, 1, 1],
      [32768, 2, 1],
    ])
  })
})
