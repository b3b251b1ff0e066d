/**
 * Expressions of the thread program: what one invocation computes. Frozen data, made by `Expressions`, where
 * equal ones are one object; reads of memory stand for themselves, because what they give changes.
 */
import type { InlineCode } from '../../ir/node.ts'
import type { HelperName } from '../../ir/op_rule.ts'
import type { BuiltinFunction } from './builtins.ts'
import type { AccessMark, MemoryArray } from './memory.ts'
import type { ThreadType } from './types.ts'

export type UnaryOp = '-' | '!' | '~'
export type BinaryOp =
  | '+'
  | '-'
  | '*'
  | '/'
  | '%'
  | '<<'
  | '>>'
  | '&'
  | '|'
  | '^'
  | '&&'
  | '=='
  | '!='
  | '<'
  | '<='
  | '>'
  | '>='

/**
 * What WGSL gives an invocation: its number in the workgroup, that of its subgroup, and where its workgroup
 * is in the launch.
 */
export type BuiltinValue =
  | 'thread'
  | 'subgroup'
  | `workgroup.${'x' | 'y' | 'z'}`
  | `workgroups.${'x' | 'y' | 'z'}`

/** Functions that the program brings along, because WGSL has none. */
export type Helper = HelperName | 'rank_nan_high' | 'rank_nan_low'

interface ExprBase {
  /** Counts expressions of one program in the order in which they were made. */
  readonly id: number
  readonly type: ThreadType
  /** Operations in it, names and numbers not counted. */
  readonly size: number
}

/** A scalar that the dtype can hold, infinities and NaN included. */
export interface LiteralExpr extends ExprBase {
  readonly kind: 'literal'
  readonly value: number
}

/** A name that a statement gave. */
export interface LocalExpr extends ExprBase {
  readonly kind: 'local'
  readonly name: string
}

export interface BuiltinExpr extends ExprBase {
  readonly kind: 'builtin'
  readonly value: BuiltinValue
}

/** A word of the launch block. */
export interface FieldExpr extends ExprBase {
  readonly kind: 'field'
  readonly name: string
}

export interface UnaryExpr extends ExprBase {
  readonly kind: 'unary'
  readonly op: UnaryOp
  readonly arg: Expr
}

/** Element by element; arithmetic takes a vector and a scalar too. */
export interface BinaryExpr extends ExprBase {
  readonly kind: 'binary'
  readonly op: BinaryOp
  readonly args: readonly [Expr, Expr]
}

export interface CallExpr extends ExprBase {
  readonly kind: 'call'
  readonly fn: BuiltinFunction
  readonly args: readonly Expr[]
}

export interface HelperExpr extends ExprBase {
  readonly kind: 'helper'
  readonly helper: Helper
  readonly args: readonly Expr[]
}

/** A scalar, by WGSL of the author's. */
export interface InlineExpr extends ExprBase {
  readonly kind: 'inline'
  readonly code: InlineCode
  readonly args: readonly Expr[]
}

/** A vector of its parts one after the other, or of one scalar everywhere. */
export interface VectorExpr extends ExprBase {
  readonly kind: 'vector'
  readonly parts: readonly Expr[]
}

export interface ComponentExpr extends ExprBase {
  readonly kind: 'component'
  readonly arg: Expr
  readonly index: number
}

/** Conversion by value. */
export interface ConvertExpr extends ExprBase {
  readonly kind: 'convert'
  readonly arg: Expr
}

export interface BitcastExpr extends ExprBase {
  readonly kind: 'bitcast'
  readonly arg: Expr
}

/** An element of an array in memory. */
export interface ReadExpr extends ExprBase {
  readonly kind: 'read'
  readonly array: MemoryArray
  /** Which of the arrays in it, where it is an array of arrays. */
  readonly outer?: Expr
  readonly index: Expr
  readonly mark: AccessMark
}

export type Expr =
  | LiteralExpr
  | LocalExpr
  | BuiltinExpr
  | FieldExpr
  | UnaryExpr
  | BinaryExpr
  | CallExpr
  | HelperExpr
  | InlineExpr
  | VectorExpr
  | ComponentExpr
  | ConvertExpr
  | BitcastExpr
  | ReadExpr

/** The expressions that an expression is made of. */
export function partsOf(expr: Expr): readonly Expr[] {
  switch (expr.kind) {
    case 'literal':
    case 'local':
    case 'builtin':
    case 'field':
      return []
    case 'unary':
    case 'component':
    case 'convert':
    case 'bitcast':
      return [expr.arg]
    case 'binary':
    case 'call':
    case 'helper':
    case 'inline':
      return expr.args
    case 'vector':
      return expr.parts
    case 'read':
      return [...(expr.outer ? [expr.outer] : []), expr.index]
  }
}

/** Calls `visit` for an expression and everything in it. */
export function walkExpr(expr: Expr, visit: (expr: Expr) => void): void {
  visit(expr)
  for (const part of partsOf(expr)) walkExpr(part, visit)
}

/** The names that expressions read. */
export function namesIn(expressions: readonly Expr[]): ReadonlySet<LocalExpr> {
  const names = new Set<LocalExpr>()
  for (const expr of expressions)
    walkExpr(expr, (part) => {
      if (part.kind === 'local') names.add(part)
    })
  return names
}

/** True for what is written as briefly as a name: names, numbers, and elements of named vectors. */
export function isAtom(expr: Expr): boolean {
  switch (expr.kind) {
    case 'literal':
    case 'local':
    case 'builtin':
    case 'field':
      return true
    case 'component':
      return isAtom(expr.arg)
    case 'bitcast':
      // Parts of a name as elements of another size: nothing that a device would do twice.
      return partOfWords(expr) !== undefined
    default:
      return false
  }
}

/** A value that is a part of words, as elements of another size: which of them, in order. */
export interface PartOfWords {
  readonly words: LocalExpr
  readonly indices: readonly number[]
}

/** Undefined for values that are no part of named words. */
export function partOfWords(expr: Expr): PartOfWords | undefined {
  if (expr.kind !== 'bitcast' || expr.arg.kind !== 'vector') return undefined
  const [first] = expr.arg.parts
  const words = first?.kind === 'component' ? first.arg : undefined
  if (words?.kind !== 'local') return undefined
  const indices = expr.arg.parts.flatMap((part) =>
    part.kind === 'component' && part.arg === words ? [part.index] : [],
  )
  return indices.length === expr.arg.parts.length ? { words, indices } : undefined
}
