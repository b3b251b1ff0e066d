import { describe, expect, it } from 'vitest'
import { listOf, permutation, tupleOf } from '../../src/config/composite_fragments.ts'
import {
  boolean,
  choice,
  type Fragment,
  fixed,
  integer,
  optional,
  ordered,
  powerOf2,
} from '../../src/config/fragments.ts'
import { printValue, sameValue } from '../../src/config/value.ts'
import { Random } from '../../src/support/random.ts'
import { stableStringify } from '../../src/support/stable.ts'

const CASES: Record<string, Fragment> = {
  powerOf2: powerOf2(4, 64, 16),
  'powerOf2, partly searched': powerOf2(1, 64, 16, 8),
  integer: integer(0, 4, 2),
  ordered: ordered([3, 1, 8, -2.5]),
  boolean: boolean(),
  choice: choice(['a', 'b', 'c']),
  'choice, partly searched': choice([null, 2, 4], [2, 4]),
  fixed: fixed([0, 1]),
  'optional 0': optional(0, powerOf2(1, 32)),
  'optional null': optional(null, powerOf2(8, 512), 64),
  permutation: permutation(3),
  listOf: listOf(boolean(true), 3),
  tupleOf: tupleOf([powerOf2(1, 8), integer(0, 2), choice(['x', 'y'])]),
}

describe.each(Object.entries(CASES))('%s', (_name, fragment) => {
  const values = [...fragment.values()]
  const random = new Random(7)

  it('lists each searched value once', () => {
    expect(new Set(values.map(printValue)).size).toBe(values.length)
    expect(values).toHaveLength(fragment.cardinality)
    expect(values.every((value) => fragment.contains(value))).toBe(true)
  })

  it('contains its default', () => {
    expect(fragment.contains(fragment.default)).toBe(true)
  })

  it('draws every value, and only values', () => {
    const drawn = new Set(Array.from({ length: 2000 }, () => printValue(fragment.random(random))))
    expect(drawn).toEqual(new Set(values.map(printValue)))
  })

  it('steps to other values of its own', () => {
    for (const value of values) {
      const neighbors = fragment.neighbors(value, 1)
      expect(neighbors.every((other) => fragment.contains(other) && !sameValue(other, value))).toBe(true)
      expect(new Set(neighbors.map(printValue)).size).toBe(neighbors.length)
      const wider = fragment.neighbors(value, 2).map(printValue)
      expect(neighbors.every((other) => wider.includes(printValue(other)))).toBe(true)
    }
  })

  it('reaches every value by steps', () => {
    const reached = new Set<string>()
    const open = [fragment.nearest(values[0] ?? null)]
    for (const value of open) {
      if (reached.has(printValue(value))) continue
      reached.add(printValue(value))
      open.push(...fragment.neighbors(value, 1))
    }
    expect(reached.size).toBe(values.length)
  })

  it('combines values into values', () => {
    for (let trial = 0; trial < 200; trial++) {
      const [a, b, c] = [0, 1, 2].map(() => random.choice(values)) as [never, never, never]
      expect(fragment.contains(fragment.combine(a, b, c, random))).toBe(true)
    }
  })

  it('encodes different values differently, at a fixed length', () => {
    const codes = values.map((value) => fragment.encode(value))
    expect(codes.every((code) => code.length === fragment.encodedLength)).toBe(true)
    expect(new Set(codes.map(String)).size).toBe(values.length)
  })

  it('pulls anything into its range and leaves what is inside', () => {
    for (const value of values) expect(fragment.nearest(value)).toEqual(value)
    for (const odd of [null, true, 'zzz', -1, 0, 3, 1e9, [], [1, 2, 3, 4, 5]])
      expect(fragment.contains(fragment.nearest(odd))).toBe(true)
  })

  it('refuses a radius below 1 and values outside', () => {
    expect(() => fragment.neighbors(fragment.default, 0)).toThrow('the radius must be at least 1, not 0')
    expect(() => fragment.neighbors('nowhere', 1)).toThrow(
      `'nowhere' is outside its range; allowed: ${fragment.allowed}`,
    )
    expect(() => fragment.encode('nowhere')).toThrow('is outside its range')
  })

  it('has a fingerprint of its own', () => {
    const prints = Object.values(CASES).map((other) => stableStringify(other.fingerprint))
    expect(prints.filter((print) => print === stableStringify(fragment.fingerprint))).toHaveLength(1)
  })
})

describe('single rules', () => {
  const random = new Random(1)

  it('powers of two step by exponents within the radius', () => {
    expect(powerOf2(4, 64).neighbors(16, 1)).toEqual([8, 32])
    expect(powerOf2(4, 64).neighbors(8, 2)).toEqual([4, 16, 32])
    expect(powerOf2(4, 64).neighbors(64, 1)).toEqual([32])
  })

  it('powers of two combine by halving or doubling, within the range', () => {
    const fragment = powerOf2(4, 64)
    expect(fragment.combine(16, 4, 8, random)).toBe(8)
    expect(fragment.combine(16, 8, 4, random)).toBe(32)
    expect(fragment.combine(16, 8, 8, random)).toBe(16)
    expect(fragment.combine(64, 8, 4, random)).toBe(64)
  })

  it('clamps the default into the range', () => {
    expect(powerOf2(4, 8, 32).default).toBe(8)
    expect(integer(1, 8, 0).default).toBe(1)
  })

  it('clamps numbers, and rounds powers of two by exponent', () => {
    expect([3, 12, 1000].map(powerOf2(4, 64).nearest)).toEqual([4, 16, 64])
    expect([0, 7.6, 99].map(integer(1, 8).nearest)).toEqual([1, 8, 8])
  })

  it('a number above an optional range means no limit for null, the top for 0', () => {
    expect(optional(null, powerOf2(8, 512)).nearest(1024)).toBe(null)
    expect(optional(0, powerOf2(1, 32)).nearest(1024)).toBe(32)
  })

  it('powers of two below the least that is searched are legal, and searches leave them', () => {
    const fragment = powerOf2(1, 64, 16, 8)
    expect([fragment.contains(2), fragment.nearest(2), fragment.cardinality]).toEqual([true, 2, 4])
    expect(fragment.neighbors(8, 1)).toEqual([16])
    expect(fragment.neighbors(4, 1)).toEqual([8])
    expect(fragment.combine(8, 8, 16, random)).toBe(8)
  })

  it('an unset number is one step from every number', () => {
    expect(optional(0, powerOf2(1, 8)).neighbors(0, 1)).toEqual([1, 2, 4, 8])
    expect(optional(0, powerOf2(1, 8)).neighbors(4, 1)).toEqual([0, 2, 8])
  })

  it('a choice that is legal but not searched is never drawn or combined to', () => {
    const fragment = choice([null, 2, 4], [2, 4])
    expect(fragment.contains(null)).toBe(true)
    expect(fragment.combine(null, 2, 2, random)).not.toBe(null)
    expect(fragment.neighbors(2, 1)).toEqual([4])
  })

  it('a choice moves towards the values of the others', () => {
    const fragment = choice(['a', 'b', 'c', 'd'])
    const moved = Array.from({ length: 50 }, () => fragment.combine('a', 'b', 'c', random))
    expect(new Set(moved)).toEqual(new Set(['b', 'c']))
    expect(fragment.combine('a', 'b', 'b', random)).toBe('a')
  })

  it('a permutation swaps two entries', () => {
    expect(permutation(3).neighbors([0, 1, 2], 1)).toEqual([
      [1, 0, 2],
      [2, 1, 0],
      [0, 2, 1],
    ])
  })

  it('a list changes one place at a time', () => {
    expect(listOf(boolean(), 2).neighbors([false, true], 1)).toEqual([
      [true, true],
      [false, false],
    ])
  })

  it('a list passes the radius on', () => {
    expect(tupleOf([powerOf2(1, 8)]).neighbors([1], 2)).toEqual([[2], [4]])
  })

  it('a choice steps out of values that are not searched', () => {
    expect(choice([null, 2], [2]).combine(null, 2, 2, random)).toBe(2)
  })

  it('a list names its length and what each place allows', () => {
    expect(listOf(powerOf2(1, 8), 2).allowed).toBe('a list of 2, each a power of two from 1 to 8')
    expect(tupleOf([powerOf2(1, 8), boolean()]).allowed).toBe(
      'a list of (a power of two from 1 to 8), (false, true)',
    )
  })

  it('fingerprints include ranges', () => {
    expect(powerOf2(1, 8).fingerprint).not.toEqual(powerOf2(1, 16).fingerprint)
    expect(integer(0, 4).fingerprint).not.toEqual(integer(0, 5).fingerprint)
  })
})
