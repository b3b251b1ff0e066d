/**
 * Axes come from where ranges stand in an expression, never from their size: what a kernel computes is the
 * same for static and dynamic shapes, and what plain arrays give.
 */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { hl, type Tensor, type TileValue } from '../../src/language/index.ts'
import { OnCpu } from '../codegen/on_cpu.ts'
import { expectRun, host, ramp, run, traced } from './harness.ts'

type Matrix = readonly (readonly number[])[]

/** A value of a random kernel, and what it is made of. */
type Expression =
  | { readonly kind: 'range' | 'vector'; readonly length: 'm' | 'n'; readonly column: boolean }
  | { readonly kind: 'matrix'; readonly by: 'whole' | 'ranges' }
  | { readonly kind: 'transpose' | 'columnSums'; readonly of: Expression }
  | { readonly kind: 'add' | 'mul' | 'dot'; readonly left: Expression; readonly right: Expression }
  /** One value twice: with itself, or with itself transposed. */
  | {
      readonly kind: 'twice'
      readonly by: 'add' | 'mul' | 'dot'
      readonly of: Expression
      readonly turned: boolean
    }

const { expression } = fc.letrec<{ expression: Expression }>((tie) => ({
  expression: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    fc.record({
      kind: fc.constantFrom('range' as const, 'vector' as const),
      length: fc.constantFrom('m' as const, 'n' as const),
      column: fc.boolean(),
    }),
    fc.record({
      kind: fc.constant('matrix' as const),
      by: fc.constantFrom('whole' as const, 'ranges' as const),
    }),
    fc.record({
      kind: fc.constantFrom('transpose' as const, 'columnSums' as const),
      of: tie('expression'),
    }),
    fc.record({
      kind: fc.constant('twice' as const),
      by: fc.constantFrom('add' as const, 'mul' as const, 'dot' as const),
      of: tie('expression'),
      turned: fc.boolean(),
    }),
    fc.record({
      kind: fc.constantFrom('add' as const, 'mul' as const, 'dot' as const),
      left: tie('expression'),
      right: tie('expression'),
    }),
  ),
}))

interface Inputs {
  readonly m: number[]
  readonly n: number[]
  readonly z: Matrix
}

/** The value as plain arrays; undefined where shapes do not fit. */
function reference(of: Expression, inputs: Inputs): Matrix | undefined {
  switch (of.kind) {
    case 'range':
    case 'vector': {
      const values = inputs[of.length].map((value, i) => (of.kind === 'range' ? i : value))
      return of.column ? values.map((value) => [value]) : [values]
    }
    case 'matrix':
      return inputs.z
    case 'transpose': {
      const value = reference(of.of, inputs)
      return value?.[0]?.map((_, j) => value.map((row) => row[j] ?? Number.NaN))
    }
    case 'columnSums': {
      const value = reference(of.of, inputs)
      return value && [(value[0] ?? []).map((_, j) => value.reduce((sum, row) => sum + (row[j] ?? 0), 0))]
    }
    case 'twice': {
      const right: Expression = of.turned ? { kind: 'transpose', of: of.of } : of.of
      return reference({ kind: of.by, left: of.of, right }, inputs)
    }
    default: {
      const [left, right] = [reference(of.left, inputs), reference(of.right, inputs)]
      return left && right && (of.kind === 'dot' ? product(left, right) : broadcast(of.kind, left, right))
    }
  }
}

function product(left: Matrix, right: Matrix): Matrix | undefined {
  if (left[0]?.length !== right.length) return undefined
  return left.map((row) =>
    (right[0] ?? []).map((_, j) => row.reduce((total, a, k) => total + a * (right[k]?.[j] ?? Number.NaN), 0)),
  )
}

function broadcast(kind: 'add' | 'mul', left: Matrix, right: Matrix): Matrix | undefined {
  const [a, b] = [left, right].map((value) => [value.length, value[0]?.length ?? 0] as const)
  const shape = [0, 1].map((axis) => {
    const [one = 0, other = 0] = [a?.[axis], b?.[axis]]
    return one === other || other === 1 ? one : one === 1 ? other : undefined
  })
  const [rows, columns] = shape
  if (rows === undefined || columns === undefined) return undefined
  const at = (value: Matrix, i: number, j: number): number => {
    const row = value[value.length === 1 ? 0 : i] ?? []
    return row[row.length === 1 ? 0 : j] ?? Number.NaN
  }
  return Array.from({ length: rows }, (_, i) =>
    Array.from({ length: columns }, (_, j) => {
      const [x, y] = [at(left, i, j), at(right, i, j)]
      return kind === 'add' ? x + y : x * y
    }),
  )
}

/** The same value in a kernel. */
function traceOf(of: Expression, x: Tensor, y: Tensor, z: Tensor): TileValue {
  const sizes = { m: x.shape[0], n: y.shape[0] }
  switch (of.kind) {
    case 'range': {
      const range = hl.arange(sizes[of.length]).to('f32')
      return range.unsqueeze(of.column ? 1 : 0)
    }
    case 'vector': {
      const vector = of.length === 'm' ? x : y
      return of.column ? vector.at(':', null) : vector.at(null, ':')
    }
    case 'matrix':
      if (of.by === 'whole') return z.at(':', ':')
      return z.at(hl.arange(sizes.m), hl.arange(sizes.n))
    case 'transpose':
      return traceOf(of.of, x, y, z).transpose()
    case 'columnSums':
      return traceOf(of.of, x, y, z).sum(0, { keepdim: true })
    case 'twice': {
      const value = traceOf(of.of, x, y, z)
      return value[of.by](of.turned ? value.transpose() : value)
    }
    default:
      return traceOf(of.left, x, y, z)[of.kind](traceOf(of.right, x, y, z))
  }
}

describe('what random kernels compute with whole dimensions and ranges', () => {
  it('is what plain arrays give, for static and dynamic shapes', () => {
    const size = fc.integer({ min: 1, max: 3 })
    fc.assert(
      fc.property(expression, size, size, (of, m, n) => {
        const vector = (length: number, first: number) => Array.from({ length }, (_, i) => first + i)
        const inputs = { m: vector(m, 2), n: vector(n, 1), z: vector(m, 1).map((i) => vector(n, i)) }
        const expected = reference(of, inputs)
          ?.flat()
          .reduce((a, b) => a + b, 0)
        // Whole numbers up to here are exact in f32.
        fc.pre(expected === undefined || expected < 2 ** 24)
        const kernel = (x: Tensor, y: Tensor, z: Tensor): Tensor => {
          const out = hl.empty([1])
          for (const _ of hl.tile(1)) out.at(0).set(traceOf(of, x, y, z).sum())
          return out
        }
        const args = [host([m], inputs.m), host([n], inputs.n), host([m, n], inputs.z.flat())]
        for (const dynamic of [false, true]) {
          const result = () => run(kernel, args, { dynamic }).returned
          if (expected === undefined) expect(result).toThrow()
          else expect(result(), `dynamic ${dynamic}`).toEqual([expected])
        }
      }),
      { numRuns: 300 },
    )
  })
})

describe('axes', () => {
  it.each([
    [4, 4],
    [4, 3],
  ])('of two ranges span all combinations of %i and %i', (m, n) => {
    const kernel = (ones: Tensor): readonly Tensor[] => {
      const [read, added] = [hl.empty([1]), hl.empty([1])]
      for (const _ of hl.tile(1)) {
        read.at(0).set(ones.at(hl.arange(ones.shape[0]), hl.arange(ones.shape[1])).sum())
        const zeros = hl.arange(ones.shape[0]).unsqueeze(1).add(hl.arange(ones.shape[1]).unsqueeze(0)).mul(0)
        added.at(0).set(zeros.add(1).sum().to('f32'))
      }
      return [read, added]
    }
    expectRun(kernel, [host([m, n], () => 1)], [[m * n], [m * n]])
  })

  it('of a square weight and the rows that it is added to', () => {
    const kernel = (x: Tensor, w: Tensor): Tensor => {
      const out = hl.empty(x.shape)
      for (const t of hl.tile(x.shape[0])) {
        out.at(t, ':').set(x.at(t, ':').dot(w.at(':', ':')).add(x.at(t, ':')))
      }
      return out
    }
    expectRun(kernel, [host([1, 2], [1, 2]), host([2, 2], [1, 2, 3, 4])], [8, 12])
  })

  it('of a matrix and its transpose, each read on its own', () => {
    const kernel = (x: Tensor): Tensor => {
      const out = hl.empty(x.shape)
      for (const _ of hl.tile(1)) out.at(':', ':').set(x.at(':', ':').add(x.at(':', ':').transpose()))
      return out
    }
    expectRun(kernel, [host([2, 2], [1, 2, 3, 4])], [2, 5, 5, 8])
  })

  it('of one dimension read twice are one for the config, unless a value has both', () => {
    const twoPasses = (x: Tensor): Tensor => {
      const out = hl.empty([x.shape[0]])
      for (const t of hl.tile(x.shape[0])) out.at(t).set(x.at(t, ':').amax(1).sub(x.at(t, ':').sum(1)))
      return out
    }
    const slices = (kernel: (x: Tensor) => Tensor) =>
      traced(kernel, [ramp([3, 5])]).blocks.filter(({ kind }) => kind === 'slice')
    expect(slices(twoPasses)).toHaveLength(1)
    const outer = (x: Tensor): Tensor => {
      const out = hl.empty([1])
      for (const _ of hl.tile(1))
        out.at(0).set(
          x
            .at(0, ':', null)
            .mul(x.at(0, null, ':'))
            .sum(),
        )
      return out
    }
    expect(slices(outer)).toHaveLength(2)
  })
})

describe('hl.arange from a begin', () => {
  it.each([0, 1, 5, 13])('to an end, over %i positions', (n) => {
    const kernel = (x: Tensor): readonly Tensor[] => {
      const size = x.shape[0]
      const [out, squares] = [hl.empty([size]), hl.empty([size, size], 'i32')]
      for (const _ of hl.tile(1)) {
        const i = hl.arange(2, hl.add(size, 2))
        out.at(':').set(x.at(i.sub(2)).add(i))
        squares.at(':', ':').set(i.unsqueeze(1).mul(i))
      }
      return [out, squares]
    }
    const all = Array.from({ length: n }, (_, i) => i)
    const squares = all.flatMap((i) => all.map((j) => (i + 2) * (j + 2)))
    expectRun(kernel, [host([n], (i) => i * 10)], [all.map((i) => i * 11 + 2), squares])
  })
})

describe('ranges that were combined', () => {
  it('span all combinations where they did before', () => {
    const kernel = (x: Tensor): Tensor => {
      const out = hl.empty([1])
      for (const _ of hl.tile(1)) {
        const [rows, columns] = [hl.arange(x.shape[0]), hl.arange(x.shape[1])]
        const whole = x.at(rows, columns)
        out.at(0).set(rows.add(columns).sum().add(whole.sum()))
      }
      return out
    }
    expectRun(kernel, [host([3, 3], () => 1)], [15])
  })

  it('may be read again', () => {
    const kernel = (x: Tensor): Tensor => {
      const out = hl.empty([2])
      for (const _ of hl.tile(1)) {
        const [a, b] = [hl.arange(3), hl.arange(3)]
        out.at(0).set(a.add(b).sum())
        out.at(1).set(x.at(a, hl.arange(3)).sum())
      }
      return out
    }
    expectRun(kernel, [host([3, 3], () => 1)], [6, 9])
  })
})

describe('one range on two axes, compiled', () => {
  it.each([0, 1, 5, 13])('of %i positions', (n) => {
    const kernel = (x: Tensor, a: Tensor): readonly Tensor[] => {
      const size = x.shape[0]
      const shape = [size, size]
      const [causal, sums, square] = [hl.empty(shape), hl.empty(shape), hl.empty(shape)]
      for (const _ of hl.tile(1)) {
        const [row, i, matrix] = [x.at(':'), hl.arange(size), a.at(':', ':')]
        causal.at(':', ':').set(hl.where(i.unsqueeze(1).ge(i), row.unsqueeze(1).sub(row), 0))
        sums.at(':', ':').set(matrix.add(matrix.transpose()))
        square.at(':', ':').set(matrix.dot(matrix))
      }
      return [causal, sums, square]
    }
    for (const dynamic of [false, true]) {
      const compiled = new OnCpu(kernel, [ramp([n]), ramp([n, n])], { dynamic })
      for (const config of [{}, { num_warps: 1, slice_k: 1 }]) compiled.expectRight(config)
    }
  })
})
