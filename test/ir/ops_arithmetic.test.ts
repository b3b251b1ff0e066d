import { describe, expect, it } from 'vitest'
import { ARITHMETIC, type ArithmeticOp } from '../../src/ir/ops_arithmetic.ts'
import { codeOf, expectCases, type OpCase, rounded } from './op_cases.ts'

const INF = Number.POSITIVE_INFINITY
const MIN = -(2 ** 31)
const MAX = 2 ** 31 - 1
const UMAX = 2 ** 32 - 1

const CASES: Readonly<Record<ArithmeticOp, readonly OpCase[]>> = {
  add: [
    ['f32', [1.5, 2.25], 3.75],
    ['f32', [2 ** 24, 1], 2 ** 24],
    ['f32', [3e38, 3e38], INF],
    ['f32', [INF, -INF], Number.NaN],
    ['f16', [2048, 1], 2048],
    ['f16', [60000, 60000], INF],
    ['i32', [MAX, 1], MIN],
    ['u32', [UMAX, 2], 1],
  ],
  sub: [
    ['f32', [1, 3], -2],
    ['f32', [INF, INF], Number.NaN],
    ['i32', [MIN, 1], MAX],
    ['u32', [0, 1], UMAX],
  ],
  mul: [
    ['f32', [-3, 2.5], -7.5],
    ['f32', [0, INF], Number.NaN],
    ['f32', [-0, 3], -0],
    ['i32', [65536, 65536], 0],
    ['i32', [123456789, 987654321], -67153019],
    ['u32', [UMAX, UMAX], 1],
  ],
  div: [
    ['f32', [1, 4], 0.25],
    ['f32', [1, 0], INF],
    ['f32', [-1, 0], -INF],
    ['f32', [0, 0], Number.NaN],
    ['f32', [1, -INF], -0],
  ],
  floorDiv: [
    ['f32', [-7, 2], -4],
    ['f32', [7, -2], -4],
    ['f32', [1, 0], INF],
    ['i32', [-7, 2], -4],
    ['i32', [7, -2], -4],
    ['i32', [-8, 2], -4],
    ['i32', [-1, MAX], -1],
    ['i32', [MIN, -1], MIN],
    ['i32', [9, 0], 9],
    ['u32', [UMAX, 2], MAX],
    ['u32', [5, 0], 5],
  ],
  mod: [
    ['f32', [-7, 2], 1],
    ['f32', [7, -2], -1],
    ['f32', [5.5, 2], 1.5],
    ['f32', [1, 0], Number.NaN],
    ['i32', [-7, 3], 2],
    ['i32', [7, -3], -2],
    ['i32', [MIN, -1], 0],
    ['i32', [-9, 0], -9],
    ['u32', [7, 3], 1],
    ['u32', [7, 0], 0],
  ],
  rem: [
    ['f32', [-7, 2], -1],
    ['f32', [7, -2], 1],
    ['f32', [5.5, 2], 1.5],
    ['f32', [1, 0], Number.NaN],
    ['i32', [-7, 3], -1],
    ['i32', [7, -3], 1],
    ['i32', [MIN, -1], 0],
    ['i32', [7, 0], 0],
    ['u32', [7, 3], 1],
    ['u32', [7, 0], 0],
  ],
  fma: [
    ['f32', [2, 3, 4], 10],
    // One rounding: the product alone would round to 1.
    ['f32', [1 + 2 ** -12, 1 - 2 ** -12, -1], -(2 ** -24)],
    ['i32', [65537, 65537, MAX], MIN + 131072],
    ['u32', [UMAX, UMAX, UMAX], 0],
  ],
  neg: [
    ['f32', [3], -3],
    ['f32', [0], -0],
    ['i32', [MIN], MIN],
    ['i32', [0], 0],
    ['u32', [1], UMAX],
  ],
  abs: [
    ['f32', [-3], 3],
    ['f32', [-0], 0],
    ['f32', [-INF], INF],
    ['i32', [MIN], MIN],
    ['u32', [UMAX], UMAX],
  ],
  sign: [
    ['f32', [-0.001], -1],
    ['f32', [0], 0],
    ['f32', [INF], 1],
    ['i32', [-5], -1],
    ['u32', [UMAX], 1],
    ['u32', [0], 0],
  ],
  square: [
    ['f32', [-1.5], 2.25],
    ['f32', [1e20], INF],
    ['i32', [65536], 0],
    ['u32', [UMAX], 1],
  ],
  reciprocal: [
    ['f32', [8], 0.125],
    ['f32', [0], INF],
    ['f32', [-0], -INF],
    ['f32', [-INF], -0],
  ],
  minimum: [
    ['f32', [-1, 2], -1],
    ['f32', [1, -INF], -INF],
    ['f32', [Number.NaN, 1], Number.NaN],
    ['i32', [MIN, MAX], MIN],
    ['u32', [UMAX, 3], 3],
  ],
  maximum: [
    ['f32', [-1, 2], 2],
    ['f32', [1, -INF], 1],
    ['f32', [1, Number.NaN], Number.NaN],
    ['i32', [MIN, MAX], MAX],
    ['u32', [UMAX, 3], UMAX],
  ],
  floor: [
    ['f32', [-1.5], -2],
    ['f32', [1.5], 1],
    ['f32', [-INF], -INF],
    ['i32', [MIN], MIN],
    ['u32', [UMAX], UMAX],
  ],
  ceil: [
    ['f32', [-1.5], -1],
    ['f32', [1.5], 2],
    ['f32', [-0.5], -0],
    ['i32', [-7], -7],
    ['u32', [UMAX], UMAX],
  ],
  round: [
    ['f32', [0.5], 0],
    ['f32', [1.5], 2],
    ['f32', [2.5], 2],
    ['f32', [-1.5], -2],
    ['f32', [-2.5], -2],
    ['f32', [2.4999], 2],
    ['f32', [2.5001], 3],
    ['f32', [-0.5], -0],
    ['f32', [-0.25], -0],
    ['f32', [8388609], 8388609],
    ['f32', [INF], INF],
    ['f32', [Number.NaN], Number.NaN],
    ['i32', [MIN], MIN],
    ['i32', [MAX], MAX],
    ['u32', [UMAX], UMAX],
  ],
  trunc: [
    ['f32', [-1.9], -1],
    ['f32', [1.9], 1],
    ['f32', [-0.9], -0],
    ['i32', [-7], -7],
    ['u32', [UMAX], UMAX],
  ],
  fract: [
    ['f32', [1.75], 0.75],
    ['f32', [-0.25], 0.75],
    ['f32', [-2], 0],
  ],
  bitAnd: [
    ['i32', [-1, 12], 12],
    ['u32', [UMAX, 0x80000000], 0x80000000],
  ],
  bitOr: [
    ['i32', [MIN, 1], MIN + 1],
    ['u32', [0x80000000, 1], 0x80000001],
  ],
  bitXor: [
    ['i32', [-1, 5], -6],
    ['u32', [UMAX, 5], UMAX - 5],
  ],
  bitNot: [
    ['i32', [0], -1],
    ['i32', [MAX], MIN],
    ['u32', [0], UMAX],
  ],
  shl: [
    ['i32', [1, 31], MIN],
    ['i32', [3, 32], 3],
    ['u32', [3, 31], 0x80000000],
  ],
  shr: [
    ['i32', [-8, 1], -4],
    ['i32', [MIN, 31], -1],
    ['i32', [-8, 33], -4],
    ['u32', [0x80000000, 31], 1],
    ['u32', [UMAX, 4], 0x0fffffff],
  ],
}

describe('arithmetic', () => {
  it.each(Object.entries(CASES))('%s', (op, cases) => expectCases(op as ArithmeticOp, cases))

  it('has a case for every row', () => {
    expect(Object.keys(CASES).sort()).toEqual(Object.keys(ARITHMETIC).sort())
  })

  it('divides integers so that quotient and remainder give the dividend back', () => {
    const values = [MIN, -70001, -7, -1, 0, 1, 2, 3, 65536, MAX]
    for (const a of values) {
      for (const b of values) {
        if (b === 0) continue
        const back = rounded('add', 'i32', [
          rounded('mul', 'i32', [b, rounded('floorDiv', 'i32', [a, b])]),
          rounded('mod', 'i32', [a, b]),
        ])
        expect(back, `${a} over ${b}`).toBe(a)
        const r = rounded('mod', 'i32', [a, b])
        expect(r === 0 || Math.sign(r) === Math.sign(b), `${a} mod ${b} is ${r}`).toBe(true)
      }
    }
  })

  it('is other code for other dtypes where WGSL differs', () => {
    const texts = (['f32', 'i32', 'u32'] as const).map((dtype) => {
      const text = (op: ArithmeticOp): string => codeOf(op, dtype)
      return (['floorDiv', 'mod', 'fma', 'neg', 'sign', 'shl', 'square'] as const).map(text)
    })
    expect(texts).toMatchInlineSnapshot(`
      [
        [
          "floor((a / b))",
          "(a - (b * floor((a / b))))",
          "fma(a, b, c)",
          "-a",
          "sign(a)",
          "(a << (u32(b) & u32(31)))",
          "(a * a)",
        ],
        [
          "floor_div_i32(a, b)",
          "(a - (b * floor_div_i32(a, b)))",
          "((a * b) + c)",
          "-a",
          "sign(a)",
          "(a << (u32(b) & u32(31)))",
          "(a * a)",
        ],
        [
          "(a / b)",
          "(a % b)",
          "((a * b) + c)",
          "(u32(0) - a)",
          "min(a, u32(1))",
          "(a << (b & u32(31)))",
          "(a * a)",
        ],
      ]
    `)
  })

  it('leaves integers as they are when rounding', () => {
    const rows = (['floor', 'ceil', 'round', 'trunc'] as const).map((op) =>
      (['f32', 'f16', 'i32', 'u32'] as const).map((dtype) => codeOf(op, dtype)).join(' '),
    )
    expect(rows).toEqual([
      'floor(a) floor(a) a a',
      'ceil(a) ceil(a) a a',
      'round(a) round(a) a a',
      'trunc(a) trunc(a) a a',
    ])
  })
})
