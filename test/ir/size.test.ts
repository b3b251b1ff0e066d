import { describe, expect, it } from 'vitest'
import {
  divisorOf,
  evalSize,
  isMultipleOf,
  maxOf,
  printSize,
  type Size,
  type SizeSymbol,
  sameSize,
  sizeOp,
  sizeProduct,
  symbolsOf,
} from '../../src/ir/size.ts'

function symbol(key: string, axis: number, multipleOf = 1, max?: number): SizeSymbol {
  return { op: 'symbol', key, tensor: 0, axis, multipleOf, max }
}

const m = symbol('m', 0, 16, 1024)
const n = symbol('n', 1, 4)
const value =
  (mValue: number, nValue: number) =>
  (of: SizeSymbol): number =>
    of === m ? mValue : nValue

describe('sizes', () => {
  it('fold where both are numbers', () => {
    const all = (
      ['add', 'sub', 'mul', 'floordiv', 'cdiv', 'mod', 'min', 'max', 'next_power_of_2'] as const
    ).map((op) => sizeOp(op, 7, 2))
    expect(all).toEqual([9, 5, 14, 3, 4, 1, 2, 7, 8])
  })

  it('fold what changes nothing', () => {
    expect(sizeOp('add', m, 0)).toBe(m)
    expect(sizeOp('add', 0, m)).toBe(m)
    expect(sizeOp('sub', m, 0)).toBe(m)
    expect(sizeOp('mul', m, 1)).toBe(m)
    expect(sizeOp('mul', 1, m)).toBe(m)
    expect(sizeOp('mul', m, 0)).toBe(0)
    expect(sizeOp('floordiv', m, 1)).toBe(m)
    expect(sizeOp('cdiv', m, 1)).toBe(m)
    expect(printSize(sizeOp('sub', 0, m))).toBe('(0 - m)')
    expect(printSize(sizeOp('floordiv', 1, m))).toBe('(1 / m)')
  })

  it('print and evaluate', () => {
    const sizes: readonly [Size, string, number][] = [
      [sizeOp('cdiv', sizeOp('add', m, n), 3), 'cdiv((m + n), 3)', 7],
      [sizeOp('floordiv', sizeOp('sub', m, n), 5), '((m - n) / 5)', 2],
      [sizeOp('mod', sizeOp('mul', m, n), 7), '((m * n) % 7)', 1],
      [sizeOp('min', m, sizeOp('max', n, 9)), 'min(m, max(n, 9))', 9],
      [sizeOp('next_power_of_2', sizeOp('add', m, 1), 0), 'nextPowerOf2((m + 1))', 32],
    ]
    for (const [size, text, expected] of sizes) {
      expect(printSize(size)).toBe(text)
      expect(evalSize(size, value(16, 4))).toBe(expected)
    }
  })

  it('are the same when they print the same', () => {
    expect(sameSize(sizeOp('add', m, 1), sizeOp('add', m, 1))).toBe(true)
    expect(sameSize(m, n)).toBe(false)
    expect(sameSize(3, 3)).toBe(true)
  })

  it('multiply to the number of elements', () => {
    expect(printSize(sizeProduct([m, 3, n]))).toBe('((m * 3) * n)')
    expect(sizeProduct([])).toBe(1)
    expect(sizeProduct([2, 3])).toBe(6)
  })

  it('name their symbols once, in order', () => {
    const size = sizeOp('add', sizeOp('mul', n, m), n)
    expect([...symbolsOf(size).keys()]).toEqual(['n', 'm'])
    expect(symbolsOf(5).size).toBe(0)
  })
})

describe('facts about sizes hold for every value of the symbols', () => {
  const sizes: readonly Size[] = [
    m,
    n,
    sizeOp('add', m, n),
    sizeOp('sub', m, 6),
    sizeOp('sub', m, -6),
    sizeOp('mul', m, n),
    sizeOp('mul', m, 3),
    sizeOp('floordiv', m, 3),
    sizeOp('cdiv', n, 3),
    sizeOp('mod', n, 6),
    sizeOp('min', m, n),
    sizeOp('max', m, 20),
    sizeOp('next_power_of_2', m, 0),
  ]

  it.each(sizes.map((size) => [printSize(size), size] as const))('%s', (_text, size) => {
    const [divisor, max] = [divisorOf(size), maxOf(size)]
    for (let mValue = 16; mValue <= 1024; mValue += 16) {
      for (let nValue = 4; nValue <= 64; nValue += 4) {
        const found = evalSize(size, value(mValue, nValue))
        expect(found % divisor, `${found} of m=${mValue}, n=${nValue}`).toBe(0)
        expect(found).toBeLessThanOrEqual(max)
      }
    }
  })

  it('and are as strong as they should be', () => {
    expect(sizes.map(divisorOf)).toEqual([16, 4, 4, 2, 2, 64, 48, 1, 1, 2, 4, 4, 1])
    const INF = Number.POSITIVE_INFINITY
    expect(sizes.map(maxOf)).toEqual([1024, INF, INF, 1024, 1030, INF, 3072, 341, INF, 5, 1024, 1024, 1024])
  })

  it('answer divisibility, zero by everything', () => {
    expect(isMultipleOf(m, 8)).toBe(true)
    expect(isMultipleOf(m, 32)).toBe(false)
    expect(isMultipleOf(0, 16)).toBe(true)
    expect(isMultipleOf(-8, 4)).toBe(true)
  })
})
