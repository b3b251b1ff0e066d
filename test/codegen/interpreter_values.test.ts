/** What the workgroup interpreter computes: every kind of expression and of statement. */
import { describe, expect, it } from 'vitest'
import {
  binaryRule,
  bitcastRule,
  convertRule,
  functionRule,
  helperRule,
  unaryRule,
} from '../../src/codegen/interpreter/scalar_rules.ts'
import type { BinaryOp, Expr } from '../../src/codegen/thread/expr.ts'
import { typeOf } from '../../src/codegen/thread/types.ts'
import type { DType } from '../../src/support/dtypes.ts'
import { type Body, type BodyOptions, runBody } from './thread_programs.ts'

const [LEAST, MOST] = [-2147483648, 2147483647]

it.each<[DType, number, BinaryOp, number, number]>([
  ['i32', MOST, '+', 1, LEAST],
  ['i32', 65536, '*', 65536, 0],
  ['i32', 123456789, '*', 987654321, -67153019],
  ['i32', -7, '/', 2, -3],
  ['i32', 7, '/', 0, 7],
  ['i32', LEAST, '/', -1, LEAST],
  ['i32', -7, '%', 2, -1],
  ['i32', 7, '%', 0, 0],
  ['i32', -8, '>>', 1, -4],
  ['i32', 1, '<<', 31, LEAST],
  ['u32', 0, '-', 1, 4294967295],
  ['u32', 4294967295, '*', 4294967295, 1],
  ['u32', 4294967295, '/', 2, 2147483647],
  ['u32', 4294967295, '>>', 31, 1],
  ['u32', 4042322160, '^', 4294967295, 252645135],
  ['f32', 0.1, '+', 0.2, Math.fround(0.1 + 0.2)],
  ['f32', 1, '/', 0, Number.POSITIVE_INFINITY],
  ['f32', 0, '/', 0, Number.NaN],
  ['f32', -7, '%', 2, -1],
  ['f16', 2048, '+', 1, 2048],
  ['f16', 256, '*', 256, Number.POSITIVE_INFINITY],
  ['bool', 1, '&', 0, 0],
  ['bool', 1, '|', 0, 1],
])('%s: %d %s %d is %d', (dtype, a, op, b, wanted) => {
  expect(binaryRule(op, dtype, dtype)(a, b, 0)).toBe(wanted)
})

it('compares, NaN with nothing', () => {
  const holds = (op: BinaryOp, a: number, b: number): number => binaryRule(op, 'f32', 'bool')(a, b, 0)
  expect(['==', '<', '<=', '>', '>='].map((op) => holds(op as BinaryOp, Number.NaN, 1))).toEqual([
    0, 0, 0, 0, 0,
  ])
  expect(holds('!=', Number.NaN, Number.NaN)).toBe(1)
  expect([holds('<', 1, 2), holds('>=', 2, 2), holds('==', 0, -0)]).toEqual([1, 1, 1])
})

it('converts: floats saturate, integers wrap', () => {
  const convert = (from: DType, to: DType, value: number): number => convertRule(from, to)(value, 0, 0)
  expect(convert('f32', 'i32', 3e9)).toBe(MOST)
  expect(convert('f32', 'i32', Number.NaN)).toBe(0)
  expect(convert('f32', 'u32', -1.5)).toBe(0)
  expect(convert('f32', 'i32', -1.5)).toBe(-1)
  expect(convert('i32', 'u32', -1)).toBe(4294967295)
  expect(convert('u32', 'i32', 4294967295)).toBe(-1)
  expect(convert('u32', 'f32', 16777217)).toBe(16777216)
  expect(convert('f32', 'f16', 65520)).toBe(Number.POSITIVE_INFINITY)
  expect(convert('f32', 'bool', -0.5)).toBe(1)
  expect(convert('bool', 'f16', 1)).toBe(1)
  expect(bitcastRule('f32', 'u32')(1, 0, 0)).toBe(0x3f800000)
  expect(bitcastRule('u32', 'i32')(4294967295, 0, 0)).toBe(-1)
})

it('calls functions and helpers, and rounds once', () => {
  const almost = 1 + 2 ** -12
  expect(functionRule('fma', 'f32')(almost, almost, -1)).toBe(2 ** -11 + 2 ** -24)
  expect(functionRule('abs', 'i32')(LEAST, 0, 0)).toBe(LEAST)
  expect(functionRule('countLeadingZeros', 'u32')(1, 0, 0)).toBe(31)
  expect(functionRule('exp', 'f16')(1, 0, 0)).toBe(2.71875)
  expect(() => functionRule('subgroupAdd', 'f32')).toThrow('no function of one lane')
  expect(unaryRule('-', 'i32')(LEAST, 0, 0)).toBe(LEAST)
  expect([unaryRule('!', 'bool')(0, 0, 0), unaryRule('~', 'u32')(0, 0, 0)]).toEqual([1, 4294967295])
  expect(helperRule('floor_div', 'i32')(-7, 2, 0)).toBe(-4)
  expect(helperRule('floor_div', 'i32')(LEAST, -1, 0)).toBe(LEAST)
  expect(helperRule('pow', 'f32')(-2, 3, 0)).toBe(-8)
  expect(helperRule('expm1', 'f32')(1e-10, 0, 0)).toBe(Math.fround(1e-10))
  expect(helperRule('log1p', 'f32')(1e-10, 0, 0)).toBe(Math.fround(1e-10))
  expect(helperRule('erf', 'f32')(1, 0, 0)).toBeCloseTo(0.8427007, 6)
})

it('ranks floats as integers, with NaN at either end', () => {
  const values = [Number.NaN, Number.NEGATIVE_INFINITY, -1, -0, 0, 1e-40, 2, Number.POSITIVE_INFINITY]
  const [high, low] = [helperRule('rank_nan_high', 'f32'), helperRule('rank_nan_low', 'f32')]
  const ranks = values.map((value) => high(value, 0, 0))
  expect(ranks.slice(1)).toEqual([...ranks.slice(1)].sort((a, b) => a - b))
  expect([ranks[0], low(Number.NaN, 0, 0)]).toEqual([0x7fffffff, -0x7fffffff])
  expect(ranks[3]).toBe(ranks[4])
})

/** What each of four invocations gets for the expression. */
function valuesOf(expr: (body: Body) => Expr, options: BodyOptions = {}): number[] | undefined {
  const threads = options.threads ?? 4
  const width = { count: 1 }
  const { tensors, reports } = runBody(
    (body) => {
      const value = expr(body)
      width.count = value.type.width
      const out = body.tensor('out', value.type.dtype, value.type.width)
      body.out.store(out, body.thread, value.type.dtype === 'bool' ? body.e.convert('u32', value) : value, {})
    },
    { ...options, tensors: { ...options.tensors, out: new Array(threads * 4).fill(0) } },
  )
  expect(reports).toEqual([])
  return tensors.out?.slice(0, threads * width.count)
}

describe('expressions', () => {
  it('of vectors', () => {
    const pair = ({ e, thread }: Body): Expr => e.vector([thread, e.u32(9)], 2)
    expect(valuesOf(pair)).toEqual([0, 9, 1, 9, 2, 9, 3, 9])
    expect(valuesOf(({ e, thread }) => e.splat(thread, 2), { threads: 2 })).toEqual([0, 0, 1, 1])
    expect(valuesOf((body) => body.e.vector([pair(body), pair(body)], 4), { threads: 1 })).toEqual([
      0, 9, 0, 9,
    ])
    expect(valuesOf((body) => body.e.mul(pair(body), body.thread), { threads: 3 })).toEqual([
      0, 0, 1, 9, 4, 18,
    ])
    expect(valuesOf((body) => body.e.component(body.out.let('v', pair(body)), 1))).toEqual([9, 9, 9, 9])
  })

  it('of words and places of the launch', () => {
    const sum = ({ e }: Body): Expr =>
      e.sum([e.field('n', 'u32'), e.builtin('workgroups.x'), e.builtin('workgroup.y')])
    expect(valuesOf(sum, { words: { m: 1, n: 70 }, workgroups: [1, 1, 1] })).toEqual([71, 71, 71, 71])
  })

  it('of one condition for all elements', () => {
    const chosen = ({ e, thread }: Body): Expr =>
      e.select(e.constant(1, typeOf('u32', 2)), e.splat(thread, 2), e.binary('>', thread, e.u32(1)))
    expect(valuesOf(chosen)).toEqual([1, 1, 1, 1, 2, 2, 3, 3])
  })

  it('of subgroups', () => {
    const options = { threads: 8, subgroupSize: 4 }
    const call = (fn: 'subgroupAdd' | 'subgroupMul' | 'subgroupMin' | 'subgroupMax') => (body: Body) =>
      body.e.call(fn, body.thread)
    expect(valuesOf(call('subgroupAdd'), options)).toEqual([6, 6, 6, 6, 22, 22, 22, 22])
    expect(valuesOf(call('subgroupMul'), options)?.[4]).toBe(840)
    expect(valuesOf(call('subgroupMin'), options)?.[7]).toBe(4)
    expect(valuesOf(call('subgroupMax'), options)?.[0]).toBe(3)
    expect(valuesOf(({ e, thread }) => e.call('subgroupShuffleXor', thread, e.u32(2)), options)).toEqual([
      2, 3, 0, 1, 6, 7, 4, 5,
    ])
  })

  it('that are thrown away read nothing', () => {
    const guarded = (body: Body): Expr => {
      const { e, thread } = body
      const x = body.tensor('x')
      const exists = e.binary('<', thread, e.u32(2))
      const read = e.read(x, e.mul(thread, e.u32(3)))
      return e.add(e.select(e.u32(7), read, exists), e.select(read, e.u32(1), e.unary('!', exists)))
    }
    expect(valuesOf(guarded, { tensors: { x: [5, 0, 0, 6] } })).toEqual([10, 12, 8, 8])
    const both = (body: Body): Expr => {
      const { e, thread } = body
      const isOne = e.binary('==', e.read(body.tensor('x'), e.mul(thread, e.u32(9))), e.u32(1))
      return e.binary('&&', e.binary('==', thread, e.u32(0)), isOne)
    }
    expect(valuesOf(both, { tensors: { x: [1] } })).toEqual([1, 0, 0, 0])
  })

  it('that subgroups need are not thrown away', () => {
    const sum = (body: Body): Expr => {
      const { e, thread } = body
      const total = e.call('subgroupAdd', e.read(body.tensor('x'), thread))
      return e.select(e.u32(0), total, e.binary('==', thread, e.u32(0)))
    }
    expect(valuesOf(sum, { subgroupSize: 4, tensors: { x: [1, 2, 3, 4] } })).toEqual([10, 0, 0, 0])
  })
})

describe('statements', () => {
  it('count, choose and assign', () => {
    const sums = ({ out, e, thread }: Body): Expr => {
      const total = out.variable('total', e.u32(100))
      const counter = out.counter('i', typeOf('u32', 1))
      const condition = e.binary('<=', counter, e.mul(thread, e.u32(2)))
      out.loop({ counter, init: e.u32(0), condition, step: e.u32(2) }, () => {
        out.if('some', e.binary('!=', counter, e.u32(2)), () => out.assign(total, e.add(total, counter)))
        out.block(() => out.assign(total, e.add(total, e.u32(10))))
      })
      return total
    }
    expect(valuesOf(sums)).toEqual([110, 120, 134, 150])
  })

  it('return', () => {
    const { tensors, reports } = runBody(
      (body) => {
        const { out, e, thread } = body
        out.if('branch', e.binary('>', thread, e.u32(1)), () => out.return())
        body.store(body.tensor('out'), thread, 1)
      },
      { tensors: { out: [0, 0, 0, 0] } },
    )
    expect([tensors.out, reports]).toEqual([[1, 1, 0, 0], []])
  })

  it.each([
    ['add', [5 + 0 + 2, 1 + 1 + 3]],
    ['max', [5, 3]],
    ['min', [0, 1]],
    ['and', [0, 1]],
    ['or', [7, 3]],
    ['xor', [7, 3]],
  ] as const)('atomic %s', (op, wanted) => {
    const { tensors, reports } = runBody(
      (body) => {
        const { e, thread } = body
        const target = body.tensor('out', 'u32', 1, true)
        body.atomic(op, target, e.binary('&', thread, e.u32(1)), thread)
      },
      { tensors: { out: [5, 1] } },
    )
    expect([tensors.out, reports]).toEqual([wanted, []])
  })

  it('exchange, and give what was there', () => {
    const exchanged = (body: Body): Expr => {
      const { out, e, thread } = body
      const before = out.variable('before', e.u32(99))
      const [array, mark] = [body.tensor('x', 'u32', 1, true), {}]
      const common = { array, before, mark, index: thread, value: e.u32(7) }
      out.atomic({ ...common, op: 'compareExchange', expected: e.u32(2) })
      out.atomic({ ...common, before: undefined, op: 'exchange', expected: undefined })
      return before
    }
    expect(valuesOf(exchanged, { tensors: { x: [1, 2, 3, 4] } })).toEqual([1, 2, 3, 4])
    const compared = (body: Body): void =>
      body.atomic(
        'compareExchange',
        body.tensor('x', 'u32', 1, true),
        body.thread,
        body.e.u32(7),
        body.e.u32(2),
      )
    expect(runBody(compared, { tensors: { x: [1, 2, 3, 2] } }).tensors.x).toEqual([1, 7, 3, 7])
  })

  it('load the same for all', () => {
    const loaded = (body: Body): Expr => {
      const { out, e, thread } = body
      const array = body.array('a', 2)
      out.if('some', e.binary('==', thread, e.u32(2)), () => body.store(array, 1, e.add(thread, e.u32(40))))
      return out.uniformLoad('bound', array, e.u32(1))
    }
    expect(valuesOf(loaded)).toEqual([42, 42, 42, 42])
  })
})
