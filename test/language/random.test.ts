/** Random numbers: those of the published generator, by seed and position, whatever the tiles. */
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { hl, type Tensor } from '../../src/language/index.ts'
import { host, ramp, run } from './harness.ts'

const WORD = 2n ** 32n

/** The first word of Philox4x32-10, in exact arithmetic. */
function philox(position: number, seed: number): number {
  let [a, b, c, d] = [BigInt(position), 0n, 0n, 0n]
  let [x, y] = [BigInt(seed >>> 0), 0n]
  for (let round = 0; round < 10; round++) {
    const [first, second] = [0xd2511f53n * a, 0xcd9e8d57n * c]
    ;[a, b, c, d] = [(second / WORD) ^ b ^ x, second % WORD, (first / WORD) ^ d ^ y, first % WORD]
    ;[x, y] = [(x + 0x9e3779b9n) % WORD, (y + 0xbb67ae85n) % WORD]
  }
  return Number(a)
}

function numbers(x: Tensor, seed: number): Tensor {
  const [m, n] = x.shape
  const out = hl.empty([m, n])
  for (const [i, j] of hl.tile([m, n])) out.at(i, j).set(hl.rand(seed, [i, j]))
  return out
}

/** Elements of what the kernel returns. */
function drawn(...given: Parameters<typeof run>): unknown {
  return run(...given).returned
}

it('knows the vector that comes with the generator', () => {
  expect(philox(0, 0)).toBe(0x6627e8d5)
  expect(drawn(numbers, [ramp([1, 1]), 0])).toEqual([(0x6627e8d5 >>> 8) * 2 ** -24])
})

it('gives the numbers of the seed and the position, for sizes known and unknown', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: -(2 ** 23), max: 2 ** 23 }),
      fc.nat(5),
      fc.nat(5),
      fc.boolean(),
      (seed, m, n, dynamic) => {
        const expected = Array.from({ length: m * n }, (_, i) => (philox(i, seed) >>> 8) * 2 ** -24)
        expect(drawn(numbers, [ramp([m, n]), seed], { dynamic })).toEqual(expected)
      },
    ),
    { numRuns: 40 },
  )
})

it('gives whole numbers from a range, negative ones too', () => {
  const kernel = (x: Tensor): Tensor => {
    const out = hl.empty([x.shape[0]], 'i32')
    for (const t of hl.tile(x.shape[0])) out.at(t).set(hl.randint(5, [t], -3, 4))
    return out
  }
  const found = drawn(kernel, [ramp([200])]) as readonly number[]
  expect(found).toEqual(Array.from({ length: 200 }, (_, i) => -3 + (philox(i, 5) % 7)))
  expect(new Set(found).size).toBe(7)
})

it('counts over sizes as over tiles', () => {
  const kernel = (x: Tensor): Tensor => {
    const out = hl.empty([3, 4])
    for (const t of hl.tile(x.shape[0])) out.at(t, ':').set(hl.rand(1, [t, 4]))
    return out
  }
  const expected = Array.from({ length: 12 }, (_, i) => (philox(i, 1) >>> 8) * 2 ** -24)
  expect(drawn(kernel, [host([3], [0, 0, 0])])).toEqual(expected)
})
