/** The shape of one row of the operation table: type rule, CPU reference value, the code of a thread. */
import type { DType } from '../support/dtypes.ts'

/** What the operands must be: mixed dtypes are promoted first; `float` also turns integers into f32. */
export type OperandClass = 'number' | 'float' | 'int' | 'bool' | 'select'

/** Functions that operations call and WGSL itself does not have; codegen brings them along. */
export type HelperName = 'floor_div' | 'expm1' | 'log1p' | 'pow' | 'tanh_exp' | 'erf'

/** Functions of WGSL that operations call. */
export type FunctionName =
  | 'abs'
  | 'sign'
  | 'min'
  | 'max'
  | 'clamp'
  | 'floor'
  | 'ceil'
  | 'round'
  | 'trunc'
  | 'fract'
  | 'fma'
  | 'select'
  | 'exp'
  | 'exp2'
  | 'log'
  | 'log2'
  | 'sqrt'
  | 'inverseSqrt'
  | 'sin'
  | 'cos'
  | 'tan'
  | 'asin'
  | 'acos'
  | 'atan'
  | 'atan2'
  | 'sinh'
  | 'cosh'
  | 'tanh'
  | 'asinh'
  | 'acosh'
  | 'atanh'

export type InfixOperator = '+' | '-' | '*' | '/' | '%' | '<<' | '>>' | '&' | '|' | '^' | Comparison
export type Comparison = '==' | '!=' | '<' | '<=' | '>' | '>='

/**
 * The vocabulary of element-wise code, over expressions `E` of one width that codegen gives a meaning: a row
 * of the table does not know what an expression is.
 */
export interface ElementCode<E> {
  /** Of the operands; of the last one where they differ. */
  readonly dtype: DType
  /** The same number in every element, of the operands' dtype or another. */
  number(value: number, dtype?: DType): E
  infix(operator: InfixOperator, a: E, b: E): E
  prefix(operator: '-' | '!' | '~', a: E): E
  call(fn: FunctionName, ...args: readonly E[]): E
  /** A function that codegen brings along, for the operands' dtype. */
  helper(name: HelperName, ...args: readonly E[]): E
  /** Conversion by value. */
  convert(dtype: DType, a: E): E
  /** Conversion of the bits. */
  bitcast(dtype: DType, a: E): E
}

/** Writes an operation in that vocabulary. */
export type ElementRule = <E>(code: ElementCode<E>, a: E, b: E, c: E) => E

export interface OpRule {
  readonly arity: 1 | 2 | 3
  readonly operands: OperandClass
  /** `same`: the promoted operand type; `bool`: a truth value. */
  readonly result: 'same' | 'bool'
  /** Reference value of one element in double precision; the caller rounds to the dtype (integers wrap). */
  readonly cpu: (a: number, b: number, c: number, dtype: DType) => number
  readonly code: ElementRule
}

export function unary(operands: OperandClass, cpu: OpRule['cpu'], code: ElementRule): OpRule {
  return { arity: 1, operands, result: 'same', cpu, code }
}

export function binary(operands: OperandClass, cpu: OpRule['cpu'], code: ElementRule): OpRule {
  return { arity: 2, operands, result: 'same', cpu, code }
}

/** The function of one operand. */
export function call1(fn: FunctionName): ElementRule {
  return (code, a) => code.call(fn, a)
}

/** The function of two operands. */
export function call2(fn: FunctionName): ElementRule {
  return (code, a, b) => code.call(fn, a, b)
}

/** `a operator b`. */
export function infix(operator: InfixOperator): ElementRule {
  return (code, a, b) => code.infix(operator, a, b)
}
