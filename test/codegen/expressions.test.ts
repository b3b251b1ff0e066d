/** Expressions of the thread program: typed, folded, equal ones once; and how they print. */
import { describe, expect, it } from 'vitest'
import type { Expr } from '../../src/codegen/thread/expr.ts'
import { Expressions } from '../../src/codegen/thread/expressions.ts'
import { typeOf } from '../../src/codegen/thread/types.ts'
import { printExpr } from '../../src/codegen/wgsl/print_expr.ts'

const e = new Expressions()
const n = e.local('n', typeOf('u32', 1))
const m = e.local('m', typeOf('u32', 1))
const x = e.local('x', typeOf('f32', 1))
const v = e.local('v', typeOf('f32', 4))
const f = (value: number): Expr => e.literal(value, 'f32')

describe('equal expressions', () => {
  it('are one object, whatever they are made of', () => {
    expect(e.add(n, m)).toBe(e.add(n, m))
    expect(e.call('max', e.add(n, m), e.u32(3))).toBe(e.call('max', e.add(n, m), e.u32(3)))
    expect(e.vector([x, x, f(1), x], 4)).toBe(e.vector([x, x, f(1), x], 4))
  })

  it('differ in type, sign and order', () => {
    expect(e.u32(1)).not.toBe(e.i32(1))
    expect(f(0)).not.toBe(f(-0))
    expect(e.add(n, m)).not.toBe(e.add(m, n))
    expect(e.local('n', typeOf('u32', 1))).not.toBe(n)
  })

  it('are never those that look at memory or at other lanes', () => {
    const array = {
      space: 'workgroup',
      name: 'a',
      element: v.type,
      atomic: false,
      tensor: undefined,
    } as const
    expect(e.read(array, n)).not.toBe(e.read(array, n))
    expect(e.call('subgroupAdd', x)).not.toBe(e.call('subgroupAdd', x))
  })
})

describe('index arithmetic folds', () => {
  const cases: readonly (readonly [string, Expr, Expr])[] = [
    ['n + 0', e.add(n, e.u32(0)), n],
    ['0 + n', e.add(e.u32(0), n), n],
    ['n * 1', e.mul(n, e.u32(1)), n],
    ['n * 0', e.mul(n, e.u32(0)), e.u32(0)],
    ['n / 1', e.div(n, e.u32(1)), n],
    ['n % 1', e.binary('%', n, e.u32(1)), e.u32(0)],
    ['n >> 0', e.binary('>>', n, e.u32(0)), n],
    ['(n + 4) + 8', e.sum([e.add(n, e.u32(4))], 8), e.add(n, e.u32(12))],
    ['3 * 5 - 1', e.sub(e.mul(e.u32(3), e.u32(5)), e.u32(1)), e.u32(14)],
    ['3 - 5 wraps', e.sub(e.u32(3), e.u32(5)), e.u32(4294967294)],
    ['65536 * 65537 wraps', e.mul(e.u32(65536), e.u32(65537)), e.u32(65536)],
    ['-7 / 2 of i32', e.div(e.i32(-7), e.i32(2)), e.i32(-3)],
    ['n / 0, as at run time', e.div(n, e.u32(0)), n],
    ['n % 0, as at run time', e.binary('%', n, e.u32(0)), e.u32(0)],
    ['i32(0u)', e.convert('i32', e.u32(0)), e.i32(0)],
  ]
  it.each(cases)('%s', (_text, folded, expected) => expect(folded).toBe(expected))

  it('and floats do not', () => {
    expect(printExpr(e.add(x, f(0)))).toBe('x + 0.0f')
    expect(printExpr(e.mul(f(2), f(3)))).toBe('2.0f * 3.0f')
  })

  it('nor numbers that the other type lacks', () => {
    expect(printExpr(e.convert('u32', e.i32(-1)))).toBe('u32(-1i)')
    expect(printExpr(e.convert('i32', e.u32(4000000000)))).toBe('i32(4000000000u)')
  })
})

it('calls have the type of their first argument, or that of their own', () => {
  expect(e.call('max', v, v).type).toBe(v.type)
  const words = e.local('w', typeOf('u32', 4))
  expect(e.call('dot4I8Packed', words, words).type).toBe(typeOf('i32', 4))
  expect(e.call('dot4U8Packed', e.convert('i32', n), m).type).toBe(typeOf('u32', 1))
})

describe('vectors', () => {
  it('give back what they were made of', () => {
    expect(e.component(e.vector([x, f(1), x, f(2)], 4), 3)).toBe(f(2))
    expect(e.component(e.splat(x, 4), 2)).toBe(x)
    const pair = e.local('p', typeOf('f32', 2))
    expect(printExpr(e.component(e.vector([pair, pair], 4), 3))).toBe('p.y')
    expect(e.component(x, 0)).toBe(x)
  })

  it('take a scalar beside them, and are as wide as the widest', () => {
    expect(e.mul(v, x).type).toBe(typeOf('f32', 4))
    expect(e.binary('<', v, e.splat(x, 4)).type).toBe(typeOf('bool', 4))
  })
})

describe('printing', () => {
  const cases: readonly (readonly [Expr, string])[] = [
    [e.sub(e.add(n, m), e.mul(n, m)), 'n + m - n * m'],
    [e.sub(n, e.sub(m, n)), 'n - (m - n)'],
    [e.mul(e.add(n, m), n), '(n + m) * n'],
    [e.div(n, e.mul(m, n)), 'n / (m * n)'],
    [e.binary('<', e.add(n, e.u32(3)), m), 'n + 3u < m'],
    [e.binary('<<', e.add(n, m), e.u32(2)), '(n + m) << 2u'],
    [e.unary('-', e.unary('-', x)), '-(-x)'],
    [e.mul(x, f(-2)), 'x * (-2.0f)'],
    [e.select(x, f(1), e.binary('<', n, m)), 'select(x, 1.0f, (n < m))'],
    [e.component(e.add(v, v), 1), '(v + v).y'],
    [e.literal(Number.NEGATIVE_INFINITY, 'f32'), '-infinity()'],
    [e.literal(Number.NaN, 'f16'), 'not_a_number_f16()'],
    [e.literal(0.1, 'f16'), '0.0999755859375h'],
    [e.i32(-2147483648), 'i32(-2147483647 - 1)'],
    [e.splat(f(0), 4), 'vec4f(0.0f)'],
    [e.convert('i32', e.local('u', typeOf('u32', 2))), 'vec2i(u)'],
    [e.bitcast('u32', v), 'bitcast<vec4u>(v)'],
    [e.splat(e.literal(1, 'bool'), 2), 'vec2<bool>(true)'],
  ]
  it.each(cases)('%#', (expr, text) => expect(printExpr(expr)).toBe(text))

  it('joins conditions', () => {
    const [a, b, c] = [e.binary('<', n, m), e.binary('==', n, m), e.binary('>', n, m)]
    const all = e.all([a, b, c])
    expect(all && printExpr(all)).toBe('(n < m) && (n == m) && (n > m)')
    expect(e.all([])).toBeUndefined()
  })
})
