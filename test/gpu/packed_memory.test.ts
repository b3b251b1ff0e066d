/**
 * Elements that are packed into words, on the GPU: all codes of all types as the table says, rounding of
 * stores, words that several invocations write, and tensors of such elements outside of kernels.
 */
import { describe, expect, it } from 'vitest'
import { arange, full, kernel, ones, rand, randn, tensor, zeros } from '../../src/index.ts'
import { hl, type Tensor } from '../../src/language/index.ts'
import { Random } from '../../src/support/random.ts'
import {
  computeType,
  isPacked,
  packCodes,
  STORAGE,
  type StorageType,
} from '../../src/support/storage_types.ts'
import { values, whole } from './inputs.ts'
import { expectRight } from './subject.ts'

const PACKED = (Object.keys(STORAGE) as StorageType[]).filter(isPacked)

describe.each(PACKED)('%s', (dtype) => {
  const { bits, decode, round, compute, codes: takesCodes } = STORAGE[dtype]

  function copy(x: Tensor, result: StorageType): Tensor {
    const out = hl.empty(x.shape, result)
    for (const t of hl.tile(x.shape)) out.at(...t).set(x.at(...t))
    return out
  }

  it('every code is read as the table says', async () => {
    const read = kernel({ autotuneEffort: 'none' }, (x: Tensor) => copy(x, computeType(dtype)))
    const count = 2 ** bits
    const values = Array.from({ length: count }, (_, code) => decode(code))
    using codes = tensor(takesCodes ? packCodes(dtype, count, (code) => code) : values, { dtype })
    using got = read(codes)
    const found = await got.data()
    const wrong = [...found].findIndex(
      (value, code) => !Object.is(value, decode(code)) && value !== decode(code),
    )
    if (wrong >= 0) expect.fail(`code ${wrong} is ${found[wrong]}, not ${decode(wrong)}`)
    expect(found.length).toBe(count)
  })

  it('values are stored as the table says, whatever shares the word', async () => {
    const random = new Random(7)
    const number = (): number =>
      STORAGE[compute].round(
        compute === 'f32'
          ? (random.next() - 0.5) * 2 ** random.int(-20, 20)
          : random.int(-(2 ** bits), 2 ** bits),
      )
    const store = kernel({ autotuneEffort: 'none' }, (x: Tensor) => copy(x, dtype))
    for (const shape of [[1], [33], [3, 21], [4, 32], [0, 3]]) {
      const count = shape.reduce((a, b) => a * b, 1)
      const numbers = Array.from({ length: count }, number)
      using x = tensor(numbers, { shape, dtype: compute })
      using got = store(x)
      expect([got.dtype, ...(await got.data())]).toEqual([dtype, ...numbers.map(STORAGE[dtype].stored)])
    }
  })

  it('tensors are made, read, copied and viewed outside of kernels', async () => {
    const some = Array.from({ length: 15 }, (_, i) => round(i % 8))
    using x = tensor(some, { shape: [3, 5], dtype })
    expect([...(await x.data())]).toEqual(some)
    expect([...(await x.clone().data())]).toEqual(some)
    const turned = Array.from({ length: 15 }, (_, i) => some[(i % 3) * 5 + Math.floor(i / 3)])
    expect([...(await x.T.data())]).toEqual(turned)
    expect([...(await x.T.contiguous().data())]).toEqual(turned)
    expect([...(await x.slice(1, 1, 4, 2).contiguous().data())]).toEqual([1, 3, 6, 0, 3, 5].map(round))
    expect([...(await zeros([3], { dtype }).data())]).toEqual([0, 0, 0])
    expect([...(await ones([9], { dtype }).data())]).toEqual(Array(9).fill(1))
    expect([...(await full([5], 3, { dtype }).data())]).toEqual(Array(5).fill(3))
    expect([...(await arange(7, undefined, 1, { dtype }).data())]).toEqual([0, 1, 2, 3, 4, 5, 6].map(round))
    if (STORAGE[dtype].category !== 'float') return
    const uniform = await rand([4097], { dtype, seed: 3 }).data()
    expect(uniform.every((value) => value >= 0 && value < 1 && value === round(value))).toBe(true)
    const normal = await randn([4097], { dtype, seed: 3 }).data()
    const wanted = await randn([4097], { seed: 3 }).data()
    expect(normal).toEqual(wanted.map(round))
  })
})

it('sums over rows of odd length, and products of integers', async () => {
  await expectRight(
    function rowSums(x: Tensor) {
      const out = hl.empty([x.shape[0]], 'f32')
      for (const t of hl.tile(x.shape[0])) out.at(t).set(x.at(t, ':').sum(1))
      return out
    },
    [whole([5, 77], 'i8')],
    [{}, { reduction_loops: [16] }],
  )
  await expectRight(
    function product(a: Tensor, b: Tensor) {
      const out = hl.empty([a.shape[0], b.shape[1]], 'i32')
      for (const [m, n] of hl.tile([a.shape[0], b.shape[1]])) {
        const acc = hl.zeros([m, n], 'i32')
        for (const k of hl.tile(a.shape[1])) acc.addDot(a.at(m, k), b.at(k, n))
        out.at(m, n).set(acc)
      }
      return out
    },
    [values([20, 36], 'i8', (i) => (i * 37) % 255), whole([36, 24], 'i8')],
    [{}, { block_sizes: [16, 16, 8] }],
  )
})

describe('the same bits as another dtype', () => {
  const words = [0x04030201, 0x08070605, 0x0c0b0a09, 0x100f0e0d]

  it('outside of kernels', async () => {
    using x = tensor(words, { shape: [2, 2], dtype: 'u32' })
    const bytes = x.bitcast('u8')
    expect([bytes.dtype, ...bytes.shape]).toEqual(['u8', 2, 8])
    expect([...(await bytes.data())]).toEqual(Array.from({ length: 16 }, (_, i) => i + 1))
    expect([...(await bytes.T.contiguous().data())].slice(0, 4)).toEqual([1, 9, 2, 10])
    expect([...(await bytes.slice(0, 1, 2).bitcast('i16').contiguous().data())]).toEqual([
      0x0a09, 0x0c0b, 0x0e0d, 0x100f,
    ])
    expect([...(await bytes.bitcast('u32').data())]).toEqual(words)
    expect([...(await tensor([1, -2], { dtype: 'f32' }).bitcast('u32').data())]).toEqual([
      0x3f800000, 0xc0000000,
    ])
    bytes.write(Array.from({ length: 2 }, () => [1, 0, 0, 0, 2, 0, 0, 0]))
    expect([...(await x.data())]).toEqual([1, 2, 1, 2])
    expect(() => tensor([1, 2, 3], { dtype: 'u8' }).bitcast('u16')).toThrow('3 positions are no multiple')
  })

  it('in kernels and as their arguments', async () => {
    function unpack(x: Tensor) {
      const nibbles = x.bitcast('i4')
      const out = hl.empty(nibbles.shape, 'i8')
      for (const t of hl.tile(nibbles.shape)) out.at(...t).set(nibbles.at(...t).mul(2))
      return out
    }
    await expectRight(unpack as (x: never) => unknown, [whole([3, 10], 'u8')])
    const double = kernel({ autotuneEffort: 'none' }, (x: Tensor) => {
      for (const t of hl.tile(x.shape)) x.at(...t).set(x.at(...t).mul(2))
    })
    using x = tensor(words, { dtype: 'u32' })
    double(x.bitcast('u8'))
    expect([...(await x.bitcast('u8').data())]).toEqual(Array.from({ length: 16 }, (_, i) => 2 * i + 2))
  })
})
