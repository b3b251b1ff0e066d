import { describe, expect, it } from 'vitest'
import {
  bitcast,
  cast,
  dot,
  forEachOffset,
  gatherAxes,
  map,
  reduce,
  roundTo,
  rowMajorStrides,
  scalar,
  type Value,
} from '../../src/ir/interpret_values.ts'
import { ONE, type ReduceOp } from '../../src/ir/node.ts'
import type { DType } from '../../src/support/dtypes.ts'

const INF = Number.POSITIVE_INFINITY
const NAN = Number.NaN
const MIN = -(2 ** 31)
const MAX = 2 ** 31 - 1
const UMAX = 2 ** 32 - 1

function row(dtype: DType, data: readonly number[]): Value {
  return { dtype, axes: [0], shape: [data.length], data: Float64Array.from(data) }
}

function matrix(dtype: DType, rows: readonly (readonly number[])[]): Value {
  return {
    dtype,
    axes: [0, 1],
    shape: [rows.length, rows[0]?.length ?? 0],
    data: Float64Array.from(rows.flat()),
  }
}

const list = (value: Value): number[] => [...value.data]

describe('rounding to a dtype', () => {
  it.each<readonly [DType, number, number]>([
    ['f32', 0.1, 0.10000000149011612],
    ['f32', 1e39, INF],
    ['f16', 0.1, 0.0999755859375],
    ['f16', 65519, 65504],
    ['f16', 65520, INF],
    ['f16', 2049, 2048],
    ['f16', 2051, 2052],
    ['f16', 3e-8, 2 ** -24],
    ['f16', 2 ** -25, 0],
    ['i32', MAX + 1, MIN],
    ['i32', -1.5, -1],
    ['u32', -1, UMAX],
    ['u32', 2 ** 32 + 5, 5],
    ['bool', 7, 1],
    ['bool', 0, 0],
  ])('%s of %d is %d', (dtype, value, expected) => {
    expect(roundTo(dtype, value)).toBe(expected)
    expect(list(scalar(dtype, value))).toEqual([expected])
  })
})

describe('casts', () => {
  it.each<readonly [DType, DType, readonly number[], readonly number[]]>([
    ['f32', 'i32', [1.9, -1.9, 3e9, -3e9, NAN, INF, -INF], [1, -1, MAX, MIN, 0, MAX, MIN]],
    ['f32', 'u32', [1.9, -1.9, 5e9, NAN, -0], [1, 0, UMAX, 0, 0]],
    ['f32', 'bool', [0, -0, 0.1, NAN], [0, 0, 1, 1]],
    ['f32', 'f16', [0.1, 1e6, -1e6], [0.0999755859375, INF, -INF]],
    ['f16', 'f32', [0.0999755859375], [0.0999755859375]],
    ['i32', 'f32', [16777217, -3], [16777216, -3]],
    ['i32', 'u32', [-1, MIN], [UMAX, 2 ** 31]],
    ['u32', 'i32', [UMAX, 2 ** 31], [-1, MIN]],
    ['i32', 'f16', [70000, 2049], [INF, 2048]],
    ['bool', 'i32', [0, 1], [0, 1]],
    ['bool', 'f32', [0, 1], [0, 1]],
    ['i32', 'bool', [-5, 0], [1, 0]],
  ])('%s to %s: %j to %j', (from, to, values, expected) => {
    const result = cast(row(from, values), to)
    expect(list(result)).toEqual(expected)
    expect(result).toMatchObject({ dtype: to, axes: [0], shape: [values.length] })
  })

  it('of the bits', () => {
    expect(list(bitcast(row('f32', [1, -0, INF]), 'u32'))).toEqual([0x3f800000, 0x80000000, 0x7f800000])
    expect(list(bitcast(row('i32', [0x3f800000, -1]), 'f32'))).toEqual([1, NAN])
    expect(list(bitcast(row('i32', [-1]), 'u32'))).toEqual([UMAX])
    expect(() => bitcast(row('f16', [1]), 'i32')).toThrow('bitcast of f16 to i32')
  })
})

describe('maps', () => {
  it('repeat scalars beside tiles and round every element', () => {
    const x = row('f16', [1, 2048, 60000])
    const sum = map('add', 'f16', [0], [x, scalar('f16', 1)])
    expect(list(sum)).toEqual([2, 2048, 60000])
    expect(list(map('mul', 'f16', [0], [scalar('f16', 2), x]))).toEqual([2, 4096, INF])
  })

  it('work in the dtype of their operands when they give truth values', () => {
    const greater = map('gt', 'bool', [0], [row('u32', [UMAX, 0]), scalar('u32', 1)])
    expect(greater).toMatchObject({ dtype: 'bool', shape: [2] })
    expect(list(greater)).toEqual([1, 0])
  })

  it('keep scalars scalars', () => {
    expect(map('exp', 'f32', [], [scalar('f32', 0)])).toMatchObject({ shape: [], axes: [] })
  })
})

describe('reductions', () => {
  const values: readonly (readonly number[])[] = [
    [3, -1, 2],
    [-5, 7, 7],
  ]
  it.each<readonly [ReduceOp, readonly number[], readonly number[]]>([
    ['sum', [4, 9], [-2, 6, 9]],
    ['prod', [-6, -245], [-15, -7, 14]],
    ['max', [3, 7], [3, 7, 7]],
    ['min', [-1, -5], [-5, -1, 2]],
    ['argmax', [0, 1], [0, 1, 1]],
    ['argmin', [1, 0], [1, 0, 0]],
  ])('%s along either axis', (op, rows, columns) => {
    const dtype = op.startsWith('arg') ? 'i32' : 'f32'
    const along = reduce(op, dtype, matrix('f32', values), 1)
    expect(along).toMatchObject({ dtype, axes: [0], shape: [2] })
    expect(list(along)).toEqual(rows)
    const across = reduce(op, dtype, matrix('f32', values), 0)
    expect(across).toMatchObject({ dtype, axes: [1], shape: [3] })
    expect(list(across)).toEqual(columns)
  })

  it('any and all', () => {
    const truth = matrix('bool', [
      [0, 1],
      [0, 0],
      [1, 1],
    ])
    expect(list(reduce('any', 'bool', truth, 1))).toEqual([1, 0, 1])
    expect(list(reduce('all', 'bool', truth, 1))).toEqual([0, 0, 1])
  })

  it('of the middle axis of three', () => {
    const data = Float64Array.from({ length: 12 }, (_, i) => i)
    const value: Value = { dtype: 'f32', axes: [0, 1, 2], shape: [2, 3, 2], data }
    const sums = reduce('sum', 'f32', value, 1)
    expect(sums).toMatchObject({ axes: [0, 2], shape: [2, 2] })
    expect(list(sums)).toEqual([6, 9, 24, 27])
  })

  it('of nothing are the value that changes nothing', () => {
    const none = { dtype: 'f32', axes: [0, 1], shape: [1, 0], data: new Float64Array(0) } as const
    const of = (op: ReduceOp, dtype: DType): number[] => list(reduce(op, dtype, { ...none, dtype }, 1))
    expect(of('sum', 'f32')).toEqual([0])
    expect(of('prod', 'i32')).toEqual([1])
    expect(of('max', 'f32')).toEqual([-INF])
    expect(of('max', 'i32')).toEqual([MIN])
    expect(of('max', 'u32')).toEqual([0])
    expect(of('min', 'u32')).toEqual([UMAX])
    expect(of('min', 'f16')).toEqual([INF])
    expect(of('any', 'bool')).toEqual([0])
    expect(of('all', 'bool')).toEqual([1])
    expect(of('argmax', 'i32')).toEqual([0])
  })

  it('sum floats in double precision and round once', () => {
    expect(list(reduce('sum', 'f32', row('f32', [2 ** 24, 1, 1]), 0))).toEqual([2 ** 24 + 2])
    expect(list(reduce('sum', 'f16', row('f16', [60000, 60000, -60000]), 0))).toEqual([60000])
  })

  it('wrap integers', () => {
    expect(list(reduce('sum', 'i32', row('i32', [MAX, 1, 1]), 0))).toEqual([MIN + 1])
    expect(list(reduce('sum', 'u32', row('u32', [UMAX, 2]), 0))).toEqual([1])
    expect(list(reduce('prod', 'i32', row('i32', [65537, 65537, 65537]), 0))).toEqual([196609])
    expect(list(reduce('prod', 'u32', row('u32', [UMAX, UMAX]), 0))).toEqual([1])
  })

  it('take the first of equals, and NaN before everything', () => {
    const of = (op: ReduceOp, data: readonly number[]): number[] =>
      list(reduce(op, op.startsWith('arg') ? 'i32' : 'f32', row('f32', data), 0))
    expect(of('argmax', [1, 3, 3, 2])).toEqual([1])
    expect(of('argmin', [1, 0, -0, 0])).toEqual([1])
    expect(of('argmax', [1, NAN, 3, NAN])).toEqual([1])
    expect(of('argmin', [NAN, 1, NAN])).toEqual([0])
    expect(of('argmax', [-INF, -INF])).toEqual([0])
    expect(of('max', [1, NAN, 3])).toEqual([NAN])
    expect(of('min', [1, NAN, 3])).toEqual([NAN])
  })
})

describe('products', () => {
  const a = matrix('f32', [
    [1, 2, 3],
    [4, 5, 6],
  ])
  const b: Value = { dtype: 'f32', axes: [1, 2], shape: [3, 2], data: Float64Array.of(1, 0, 0, 1, 2, -1) }

  it('of matrices', () => {
    const product = dot('f32', [0, 2], a, b, undefined)
    expect(product).toMatchObject({ dtype: 'f32', axes: [0, 2], shape: [2, 2] })
    expect(list(product)).toEqual([7, -1, 16, -1])
  })

  it('add to an accumulator before rounding', () => {
    const acc: Value = { dtype: 'f16', axes: [0, 2], shape: [2, 2], data: Float64Array.of(1, 1, 2048, 65504) }
    expect(list(dot('f16', [0, 2], a, b, acc))).toEqual([8, 0, 2064, 65504])
  })

  it('of integers wrap exactly', () => {
    const big: Value = { dtype: 'i32', axes: [0, 1], shape: [1, 2], data: Float64Array.of(MAX, MAX) }
    const other: Value = { dtype: 'i32', axes: [1, 2], shape: [2, 1], data: Float64Array.of(MAX, 3) }
    // MAX² + 3·MAX = 1 + (MAX - 2) modulo 2³².
    expect(list(dot('i32', [0, 2], big, other, undefined))).toEqual([MAX - 1])
  })

  it('over nothing are zero', () => {
    const [left, right] = [
      { ...a, shape: [2, 0], data: new Float64Array(0) },
      { ...b, shape: [0, 2], data: new Float64Array(0) },
    ]
    expect(list(dot('f32', [0, 2], left, right, undefined))).toEqual([0, 0, 0, 0])
  })
})

describe('renaming axes', () => {
  const a = matrix('f32', [
    [1, 2, 3],
    [4, 5, 6],
  ])

  it('swaps them', () => {
    const swapped = gatherAxes(a, [1, 0], [3, 2], [1, 0])
    expect(swapped).toMatchObject({ axes: [1, 0], shape: [3, 2] })
    expect(list(swapped)).toEqual([1, 4, 2, 5, 3, 6])
  })

  it('adds axes of one and repeats them', () => {
    expect(list(gatherAxes(row('f32', [1, 2]), [0, ONE], [2, 1], [0, -1]))).toEqual([1, 2])
    const column: Value = { ...row('f32', [1, 2]), axes: [0, ONE], shape: [2, 1] }
    expect(list(gatherAxes(column, [0, 1], [2, 3], [0, 1]))).toEqual([1, 1, 1, 2, 2, 2])
    expect(list(gatherAxes(scalar('f32', 7), [0], [3], [ONE]))).toEqual([7, 7, 7])
  })
})

describe('walking over elements', () => {
  it('visits them in row-major order with every offset', () => {
    const seen: string[] = []
    forEachOffset([2, 3], [[3, 1], [0, 2], []], (i, offsets) => seen.push(`${i}: ${offsets.join(' ')}`))
    expect(seen).toEqual(['0: 0 0 0', '1: 1 2 0', '2: 2 4 0', '3: 3 0 0', '4: 4 2 0', '5: 5 4 0'])
  })

  it('visits one scalar and nothing of the empty', () => {
    const count = (shape: readonly number[]): number => {
      let visits = 0
      forEachOffset(shape, [], () => visits++)
      return visits
    }
    expect([count([]), count([0]), count([3, 0]), count([1, 1])]).toEqual([1, 0, 0, 1])
    expect(rowMajorStrides([2, 3, 4])).toEqual([12, 4, 1])
  })
})
