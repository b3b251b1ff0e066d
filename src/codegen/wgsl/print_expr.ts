/** Expressions of the thread program as WGSL: fully typed, with the parentheses that a reader wants. */
import { DTYPES, type DType } from '../../support/dtypes.ts'
import type { BinaryExpr, BinaryOp, Expr, LiteralExpr, ReadExpr } from '../thread/expr.ts'
import { constantFunction, helperFunction } from './helpers.ts'
import { inlineFunction } from './inline_functions.ts'
import { ofAtomic, SUFFIX, typeName } from './type_names.ts'

export function printExpr(expr: Expr): string {
  switch (expr.kind) {
    case 'literal':
      return printLiteral(expr)
    case 'local':
      return expr.name
    case 'builtin':
      return expr.value
    case 'field':
      return `launch.${expr.name}`
    case 'unary':
      return `${expr.op}${operand(expr.arg)}`
    case 'binary':
      return printBinary(expr)
    case 'call':
      return `${expr.fn}(${printAll(expr.args)})`
    case 'helper':
      return `${helperFunction(expr)}(${printAll(expr.args)})`
    case 'inline':
      return `${inlineFunction(expr).name}(${printAll(expr.args)})`
    case 'vector':
      return `${typeName(expr.type)}(${printAll(expr.parts)})`
    case 'component':
      return `${operand(expr.arg)}.${'xyzw'[expr.index]}`
    case 'convert':
      return `${typeName(expr.type)}(${printExpr(expr.arg)})`
    case 'bitcast':
      return `bitcast<${typeName(expr.type)}>(${printExpr(expr.arg)})`
    case 'read': {
      const place = printPlace(expr)
      return expr.array.atomic ? ofAtomic(expr.type, `atomicLoad(&${place})`) : place
    }
  }
}

/** The element of an array. */
export function printPlace({ array, outer, index }: Pick<ReadExpr, 'array' | 'outer' | 'index'>): string {
  return `${array.name}${outer ? `[${printExpr(outer)}]` : ''}[${printExpr(index)}]`
}

function printAll(exprs: readonly Expr[]): string {
  return exprs.map(argument).join(', ')
}

/** How tightly arithmetic binds, as every reader knows; all else has parentheses. */
const PRECEDENCE: Partial<Record<BinaryOp, number>> = { '+': 1, '-': 1, '*': 2, '/': 2, '%': 2 }
const COMPARISONS: ReadonlySet<BinaryOp> = new Set(['==', '!=', '<', '<=', '>', '>='])

function printBinary({ op, args: [a, b] }: BinaryExpr): string {
  const own = PRECEDENCE[op] ?? (COMPARISONS.has(op) ? 0 : Number.POSITIVE_INFINITY)
  const chains = op === '&&' && a.kind === 'binary' && a.op === op
  const left = chains || precedenceOf(a) >= own ? printExpr(a) : operand(a)
  const right = precedenceOf(b) > own ? printExpr(b) : operand(b)
  return `${left} ${op} ${right}`
}

function precedenceOf(expr: Expr): number {
  return expr.kind === 'binary' ? (PRECEDENCE[expr.op] ?? -1) : -1
}

/** In parentheses unless it is a name, a number or a call. */
function operand(expr: Expr): string {
  const text = printExpr(expr)
  const isOpen = expr.kind === 'unary' || expr.kind === 'binary'
  return isOpen || (expr.kind === 'literal' && text.startsWith('-')) ? `(${text})` : text
}

/** An argument: of comparisons, two in a list could be read as a template. */
function argument(expr: Expr): string {
  return expr.kind === 'binary' && COMPARISONS.has(expr.op) ? operand(expr) : printExpr(expr)
}

/** Infinities and NaN have no literal. */
function printLiteral({ value, type: { dtype } }: LiteralExpr): string {
  switch (DTYPES[dtype].category) {
    case 'bool':
      return value === 0 ? 'false' : 'true'
    case 'int':
      return value === -2147483648 ? 'i32(-2147483647 - 1)' : `${value}${SUFFIX[dtype]}`
    case 'float':
      return Number.isFinite(value) ? finite(value, dtype) : notFinite(value, dtype)
  }
}

/** From here on JavaScript writes whole numbers with an exponent, which WGSL takes for a float. */
const LEAST_WITH_EXPONENT = 1e21

function finite(value: number, dtype: DType): string {
  const text = Object.is(value, -0) ? '-0' : String(value)
  const isPlain = Number.isInteger(value) && Math.abs(value) < LEAST_WITH_EXPONENT
  return `${text}${isPlain ? '.0' : ''}${SUFFIX[dtype]}`
}

function notFinite(value: number, dtype: DType): string {
  return `${value < 0 ? '-' : ''}${constantFunction(value, dtype)}()`
}
