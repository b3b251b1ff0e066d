/** One row of a test of the operation table: operands, the dtype they have, and the value that is known. */
import { expect } from 'vitest'
import { roundTo } from '../../src/ir/interpret_values.ts'
import type { ElementCode } from '../../src/ir/op_rule.ts'
import { OPS, type OpName } from '../../src/ir/ops.ts'
import type { DType } from '../../src/support/dtypes.ts'

export type OpCase = readonly [dtype: DType, operands: readonly number[], expected: number]

/** The reference value of one element, rounded to the dtype of the result. */
export function rounded(op: OpName, dtype: DType, operands: readonly number[]): number {
  const [a = 0, b = 0, c = 0] = operands
  const rule = OPS[op]
  return roundTo(rule.result === 'bool' ? 'bool' : dtype, rule.cpu(a, b, c, dtype))
}

/** Holds every case to its known value; floats to 2 units in the last place of f32. */
export function expectCases(op: OpName, cases: readonly OpCase[]): void {
  expect(cases.length).toBeGreaterThan(0)
  for (const [dtype, operands, expected] of cases) {
    const where = `${op}(${operands.join(', ')}) of ${dtype}`
    expect(operands.length, where).toBe(OPS[op].arity)
    const value = rounded(op, dtype, operands)
    if (Number.isInteger(expected) || !Number.isFinite(expected)) expect(value, where).toBe(expected)
    else expect(Math.abs(value - expected), `${where} is ${value}`).toBeLessThan(Math.abs(expected) * 2.4e-7)
  }
}

/** Element-wise code as text, every operation in parentheses. */
function textCode(dtype: DType): ElementCode<string> {
  return {
    dtype,
    number: (value, other = dtype) => `${other}(${value})`,
    infix: (operator, a, b) => `(${a} ${operator} ${b})`,
    prefix: (operator, a) => `${operator}${a}`,
    call: (fn, ...args) => `${fn}(${args.join(', ')})`,
    helper: (name, ...args) => `${name}_${dtype}(${args.join(', ')})`,
    convert: (other, a) => (other === dtype ? a : `${other}(${a})`),
    bitcast: (other, a) => `bitcast<${other}>(${a})`,
  }
}

/** What a row of the table makes of operands named `a`, `b` and `c`. */
export function codeOf(op: OpName, dtype: DType): string {
  return OPS[op].code(textCode(dtype), 'a', 'b', 'c')
}
