/** The shape of one row of the operation table: type rule, CPU reference value, WGSL text. */
import type { DType } from '../support/dtypes.ts'
import { withoutParentheses } from './wgsl_text.ts'

/** What the operands must be: mixed dtypes are promoted first; `float` also turns integers into f32. */
export type OperandClass = 'number' | 'float' | 'int' | 'bool' | 'select'

/** WGSL functions that operations call and WGSL itself does not have; codegen declares them. */
export type HelperName = 'floor_div' | 'expm1' | 'log1p' | 'pow' | 'erf'

/** WGSL type names for the width (1, 2 or 4 elements) that a piece of code works on. */
export interface WgslTypes {
  /** The type of the operands, e.g. `vec4<f32>`. */
  readonly T: string
  readonly dtype: DType
  /** The same width with another element type. */
  of(dtype: DType): string
  /** The helper for the operands' type, called. */
  call(helper: HelperName, ...args: readonly string[]): string
}

export interface OpRule {
  readonly arity: 1 | 2 | 3
  readonly operands: OperandClass
  /** `same`: the promoted operand type; `bool`: a truth value. */
  readonly result: 'same' | 'bool'
  /** Reference value of one element in double precision; the caller rounds to the dtype (integers wrap). */
  readonly cpu: (a: number, b: number, c: number, dtype: DType) => number
  /** An expression over operand texts, which are atomic or parenthesised. */
  readonly wgsl: (types: WgslTypes, a: string, b: string, c: string) => string
}

export function unary(operands: OperandClass, cpu: OpRule['cpu'], wgsl: OpRule['wgsl']): OpRule {
  return { arity: 1, operands, result: 'same', cpu, wgsl }
}

export function binary(operands: OperandClass, cpu: OpRule['cpu'], wgsl: OpRule['wgsl']): OpRule {
  return { arity: 2, operands, result: 'same', cpu, wgsl }
}

/** The WGSL builtin of this name, applied to all operands. */
export function builtin(name: string): OpRule['wgsl'] {
  return (_types, ...args) => {
    const given = args.filter((text) => text !== '')
    return `${name}(${given.map(withoutParentheses).join(', ')})`
  }
}

/** `a operator b`. */
export function infix(operator: string): OpRule['wgsl'] {
  return (_types, a, b) => `${a} ${operator} ${b}`
}
