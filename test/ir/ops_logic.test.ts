import { describe, expect, it } from 'vitest'
import { OP_NAMES, OPS } from '../../src/ir/ops.ts'
import { LOGIC, type LogicOp } from '../../src/ir/ops_logic.ts'
import { codeOf, expectCases, type OpCase } from './op_cases.ts'

const INF = Number.POSITIVE_INFINITY
const NAN = Number.NaN

const CASES: Readonly<Record<LogicOp, readonly OpCase[]>> = {
  eq: [
    ['f32', [1, 1], 1],
    ['f32', [0, -0], 1],
    ['f32', [NAN, NAN], 0],
    ['u32', [4294967295, 4294967295], 1],
  ],
  ne: [
    ['f32', [1, 1], 0],
    ['f32', [NAN, NAN], 1],
    ['i32', [-1, 1], 1],
  ],
  lt: [
    ['f32', [-1, 1], 1],
    ['f32', [1, 1], 0],
    ['f32', [NAN, 1], 0],
    ['u32', [1, 4294967295], 1],
  ],
  le: [
    ['f32', [1, 1], 1],
    ['f32', [2, 1], 0],
    ['f32', [1, NAN], 0],
  ],
  gt: [
    ['f32', [INF, 1], 1],
    ['f32', [1, 1], 0],
    ['f32', [NAN, 1], 0],
  ],
  ge: [
    ['f32', [1, 1], 1],
    ['f32', [-INF, 1], 0],
    ['f32', [1, NAN], 0],
  ],
  and: [
    ['bool', [1, 1], 1],
    ['bool', [1, 0], 0],
  ],
  or: [
    ['bool', [0, 1], 1],
    ['bool', [0, 0], 0],
  ],
  xor: [
    ['bool', [1, 1], 0],
    ['bool', [1, 0], 1],
  ],
  not: [
    ['bool', [0], 1],
    ['bool', [1], 0],
  ],
  isnan: [
    ['f32', [NAN], 1],
    ['f32', [INF], 0],
    ['f32', [0], 0],
  ],
  isinf: [
    ['f32', [-INF], 1],
    ['f32', [NAN], 0],
    ['f32', [3e38], 0],
  ],
  isfinite: [
    ['f32', [0], 1],
    ['f32', [INF], 0],
    ['f32', [NAN], 0],
  ],
  where: [
    ['f32', [1, 2.5, 3.5], 2.5],
    ['f32', [0, 2.5, 3.5], 3.5],
    ['i32', [0, 7, -7], -7],
  ],
}

describe('logic', () => {
  it.each(Object.entries(CASES))('%s', (op, cases) => expectCases(op as LogicOp, cases))

  it('has a case for every row', () => {
    expect(Object.keys(CASES).sort()).toEqual(Object.keys(LOGIC).sort())
  })

  it('looks at bits for NaN and infinity, in every float type', () => {
    expect(codeOf('isnan', 'f16')).toBe('((bitcast<u32>(f32(a)) & u32(2147483647)) > u32(2139095040))')
    expect(codeOf('isnan', 'f32')).toBe('((bitcast<u32>(a) & u32(2147483647)) > u32(2139095040))')
  })

  it('takes the first value where the condition holds', () => {
    expect(codeOf('where', 'f32')).toBe('select(c, b, a)')
  })
})

describe('the table', () => {
  it('gives every row code that reads each operand', () => {
    for (const op of OP_NAMES) {
      const { arity, operands } = OPS[op]
      const dtype = operands === 'int' ? 'i32' : operands === 'bool' ? 'bool' : 'f32'
      const text = codeOf(op, dtype)
      for (const name of ['a', 'b', 'c'].slice(0, arity))
        expect(text, op).toMatch(new RegExp(`\\b${name}\\b`))
      for (const name of ['a', 'b', 'c'].slice(arity))
        expect(text, op).not.toMatch(new RegExp(`\\b${name}\\b`))
    }
  })
})
