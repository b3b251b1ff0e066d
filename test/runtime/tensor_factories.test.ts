/** Tensors made on the GPU: constants, ranges, and random numbers against the same formula on the host. */
import { beforeAll, describe, expect, it } from 'vitest'
import { openDevice } from '../../src/runtime/device.ts'
import { Stream } from '../../src/runtime/stream.ts'
import { generatorLaunch } from '../../src/runtime/tensor/generators.ts'
import {
  arange,
  empty,
  full,
  ones,
  rand,
  randn,
  tensor,
  zeros,
} from '../../src/runtime/tensor/tensor_factories.ts'
import { UsageError } from '../../src/support/errors.ts'

let stream: Stream

beforeAll(async () => {
  stream = new Stream(await openDevice())
})

describe('constants', () => {
  it('fill every element', async () => {
    const dirty = tensor(new Float32Array(1000).fill(9), { stream })
    await dirty.data()
    dirty.dispose()
    expect(await zeros([10, 100], { stream }).data()).toEqual(new Float32Array(1000))
    expect(await ones([3], { dtype: 'i32', stream }).data()).toEqual(Int32Array.of(1, 1, 1))
    expect(await full([2], 7.9, { dtype: 'u32', stream }).data()).toEqual(Uint32Array.of(7, 7))
    expect(await full([2], -3, { dtype: 'bool', stream }).data()).toEqual(Uint32Array.of(1, 1))
    expect(await full([2], Number.NaN, { stream }).data()).toEqual(Float32Array.of(Number.NaN, Number.NaN))
    expect(await full([5], 0.1, { stream }).data()).toEqual(new Float32Array(5).fill(0.1))
  })

  it('have a shape and any number of elements', async () => {
    expect(zeros([2, 3], { stream }).shape).toEqual([2, 3])
    expect(await ones([0, 4], { stream }).data()).toEqual(new Float32Array(0))
    expect(await ones([], { stream }).data()).toEqual(Float32Array.of(1))
    expect(empty([4], { dtype: 'i32', stream }).dtype).toBe('i32')
  })

  it('reach the end of tensors that need more workgroups than one dimension has', async () => {
    const device = await stream.opened()
    const limits = { ...device.limits, maxWorkgroupsPerDimension: 3 }
    const short: typeof device = Object.create(device, { limits: { value: limits } })
    const x = empty([10 * 1024 + 5], { stream })
    const launch = await generatorLaunch(short, x.storage, { kind: 'range', start: 1, step: 2 })
    expect(launch.grid).toEqual([3, 4, 1])
    stream.launch(launch)
    expect(await x.data()).toEqual(Float32Array.from({ length: 10 * 1024 + 5 }, (_, i) => 1 + 2 * i))
  })
})

describe('arange', () => {
  it('counts', async () => {
    expect(await arange(5, undefined, 1, { stream }).data()).toEqual(Float32Array.of(0, 1, 2, 3, 4))
    expect(await arange(2, 3, 0.25, { stream }).data()).toEqual(Float32Array.of(2, 2.25, 2.5, 2.75))
    expect(await arange(3, -3, -2, { dtype: 'i32', stream }).data()).toEqual(Int32Array.of(3, 1, -1))
    expect(await arange(7, 10, 1, { dtype: 'u32', stream }).data()).toEqual(Uint32Array.of(7, 8, 9))
    expect(await arange(3, 3, 1, { stream }).data()).toEqual(new Float32Array(0))
    const long = await arange(70000, undefined, 1, { stream }).data()
    expect([long.length, long[65537], long[69999]]).toEqual([70000, 65537, 69999])
  })

  it('refuses what has no values', () => {
    expect(() => arange(0, 3, 0)).toThrow(UsageError)
    expect(() => arange(Number.POSITIVE_INFINITY)).toThrow('arange(0, Infinity, 1, dtype f32) has no values')
    expect(() => arange(0, 3, 1, { dtype: 'bool' })).toThrow(UsageError)
  })
})

describe('random numbers', () => {
  const SIZE = 200_000

  it('are those of the seed, however many', async () => {
    const [a, b, other, short] = await Promise.all([
      randn([SIZE], { seed: 5, stream }).data(),
      randn([SIZE], { seed: 5, stream }).data(),
      randn([SIZE], { seed: 6, stream }).data(),
      randn([1001], { seed: 5, stream }).data(),
    ])
    expect(a).toEqual(b)
    expect(a).not.toEqual(other)
    expect(a.slice(0, 1001)).toEqual(short)
    const far = await randn([4], { seed: 5 + 2 ** 40, stream }).data()
    expect(a.slice(0, 4)).not.toEqual(far)
  })

  it('follow the formula', async () => {
    const seed = 2 ** 33 + 12345
    const normal = await randn([4000], { seed, stream }).data()
    const uniform = await rand([4000], { seed, stream }).data()
    for (let chunk = 0; chunk < 1000; chunk++) {
      const bits = hash(chunk, seed)
      for (const [lane, word] of bits.entries()) {
        expect(uniform[4 * chunk + lane]).toBe((word >>> 8) / 2 ** 24)
        const expected = normalOf(word)
        expect(Math.abs((normal[4 * chunk + lane] ?? 0) - expected)).toBeLessThan(
          2e-5 * (1 + Math.abs(expected)),
        )
      }
    }
  })

  it('of randn are normal', async () => {
    const x = Array.from(await randn([SIZE], { seed: 1, stream }).data())
    const moment = (power: number) => x.reduce((sum, v) => sum + v ** power, 0) / SIZE
    // Five standard errors of each moment.
    const close = (value: number, mean: number, variance: number) =>
      expect(Math.abs(value - mean)).toBeLessThan(5 * Math.sqrt(variance / SIZE))
    close(moment(1), 0, 1)
    close(moment(2), 1, 2)
    close(moment(3), 0, 15)
    close(moment(4), 3, 96)
    close(x.filter((v) => v < -1).length / SIZE, 0.158655, 0.1335)
    close(x.filter((v) => v > 2).length / SIZE, 0.02275, 0.0222)
    close(x.slice(1).reduce((sum, v, i) => sum + v * (x[i] ?? 0), 0) / SIZE, 0, 1)
    expect(Math.max(...x.slice(0, 100_000))).toBeLessThan(6)
  })

  it('of rand are uniform in [0, 1)', async () => {
    const x = Array.from(await rand([SIZE], { seed: 1, stream }).data())
    expect(x.every((v) => v >= 0 && v < 1)).toBe(true)
    const bins = new Array<number>(50).fill(0)
    for (const v of x) bins[Math.floor(v * 50)] = (bins[Math.floor(v * 50)] ?? 0) + 1
    const expected = SIZE / 50
    const chiSquared = bins.reduce((sum, count) => sum + (count - expected) ** 2 / expected, 0)
    // 49 degrees of freedom; 99.99 % lie below 94.
    expect(chiSquared).toBeLessThan(94)
  })

  it('without seed differ from call to call', async () => {
    const [a, b] = [randn([8], { stream }), randn([8], { stream })]
    expect(await a.data()).not.toEqual(await b.data())
  })

  it('need a float dtype and a seed that can be one', () => {
    expect(() => randn([1], { dtype: 'i32', stream })).toThrow('dtype i32 are not defined')
    expect(() => rand([1], { seed: -1, stream })).toThrow('Seed -1 is not a non-negative integer')
    expect(() => rand([1], { seed: 0.5, stream })).toThrow(UsageError)
  })
})

/** The four-lane PCG hash, in 32-bit arithmetic. */
function hash(chunk: number, seed: number): number[] {
  const inputs = [chunk, seed >>> 0, Math.floor(seed / 2 ** 32), 0x68656c69]
  let [x = 0, y = 0, z = 0, w = 0] = inputs.map((v) => (Math.imul(v, 1664525) + 1013904223) | 0)
  for (let round = 0; round < 2; round++) {
    x = (x + Math.imul(y, w)) | 0
    y = (y + Math.imul(z, x)) | 0
    z = (z + Math.imul(x, y)) | 0
    w = (w + Math.imul(y, z)) | 0
    ;[x, y, z, w] = [x ^ (x >>> 16), y ^ (y >>> 16), z ^ (z >>> 16), w ^ (w >>> 16)]
  }
  return [x, y, z, w].map((v) => v >>> 0)
}

/** The quantile of a uniform number, found by bisection on the distribution function itself. */
function normalOf(word: number): number {
  const probability = ((word >>> 9) + 0.5) / 2 ** 23
  let [low, high] = [-7, 7]
  for (let i = 0; i < 60; i++) {
    const middle = (low + high) / 2
    if (distribution(middle) < probability) low = middle
    else high = middle
  }
  return (low + high) / 2
}

/** The standard normal distribution function by its power series, good to 1e-13 in the range needed. */
function distribution(x: number): number {
  let term = x
  let sum = x
  for (let k = 1; k < 300 && Math.abs(term) > 1e-18; k++) {
    term *= (x * x) / (2 * k + 1)
    sum += term
  }
  return 0.5 + (sum * Math.exp((-x * x) / 2)) / Math.sqrt(2 * Math.PI)
}
