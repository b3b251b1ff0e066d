/**
 * The body of a thread program as a tree of statements, the same for all invocations of a workgroup. Lowering
 * writes what is computed, read and written; barriers come later (`placeBarriers`).
 */
import type { AtomicOp } from '../../ir/node.ts'
import type { Expr, LocalExpr } from './expr.ts'
import type { FragmentStatement } from './fragments.ts'
import type { Access, AccessMark, AddressSpace, MemoryArray } from './memory.ts'

/** Names a value for good. */
export interface Let {
  readonly kind: 'let'
  readonly local: LocalExpr
  readonly value: Expr
}

/** Names a value that assignments change. */
export interface Var {
  readonly kind: 'var'
  readonly local: LocalExpr
  readonly value: Expr
}

export interface Assign {
  readonly kind: 'assign'
  readonly local: LocalExpr
  readonly value: Expr
}

/** Writes an element of memory. */
export interface Store {
  readonly kind: 'store'
  readonly array: MemoryArray
  /** Which of the arrays in it, where it is an array of arrays. */
  readonly outer?: Expr
  readonly index: Expr
  readonly value: Expr
  readonly mark: AccessMark
}

/** Changes an element of memory at once, for all invocations that look. */
export interface Atomic {
  readonly kind: 'atomic'
  readonly op: AtomicOp
  /** The variable that takes what was there before, if anybody reads it. */
  readonly before: LocalExpr | undefined
  readonly array: MemoryArray
  readonly index: Expr
  readonly value: Expr
  /** Of `compareExchange`. */
  readonly expected: Expr | undefined
  readonly mark: AccessMark
}

/**
 * Writes the bits of an element that `mask` names, and leaves the others as they are, whoever writes them
 * meanwhile.
 */
export interface Insert {
  readonly kind: 'insert'
  readonly array: MemoryArray
  readonly index: Expr
  readonly mask: Expr
  /** Without other bits. */
  readonly value: Expr
  readonly mark: AccessMark
}

/** The same element of workgroup memory for all invocations; a barrier before and after it. */
export interface UniformLoad {
  readonly kind: 'uniform_load'
  readonly local: LocalExpr
  readonly array: MemoryArray
  readonly index: Expr
}

/**
 * `branch`: taken by all invocations of a workgroup or by none; `some`: by some of them, so that no barrier
 * may stand inside.
 */
export interface If {
  readonly kind: 'if'
  readonly flow: 'branch' | 'some'
  readonly condition: Expr
  readonly body: readonly Statement[]
}

/**
 * A counted loop, the same number of rounds for all invocations of a workgroup. `init` declares the counter;
 * without it a variable goes on. `programs`: every round is a program, unordered with the others as to
 * tensors.
 */
export interface For {
  readonly kind: 'for'
  readonly flow: 'rounds' | 'programs'
  readonly counter: LocalExpr
  readonly init: Expr | undefined
  readonly condition: Expr
  readonly step: Expr
  readonly body: readonly Statement[]
}

/** Statements with names of their own. */
export interface Block {
  readonly kind: 'block'
  readonly body: readonly Statement[]
}

/** The invocation is done. */
export interface Return {
  readonly kind: 'return'
}

export interface Barrier {
  readonly kind: 'barrier'
  readonly space: AddressSpace
}

export interface Comment {
  readonly kind: 'comment'
  readonly text: string
}

/** Accesses that follow: a barrier that they need stands here rather than later. */
export interface Expect {
  readonly kind: 'expect'
  readonly accesses: readonly Access[]
}

export type Statement =
  | Let
  | Var
  | Assign
  | Store
  | Atomic
  | Insert
  | UniformLoad
  | If
  | For
  | Block
  | Return
  | Barrier
  | Comment
  | Expect
  | FragmentStatement

/** The expressions of a statement itself, not of those inside it. */
export function expressionsOf(statement: Statement): readonly Expr[] {
  switch (statement.kind) {
    case 'let':
    case 'var':
    case 'assign':
      return [statement.value]
    case 'store':
      return [...(statement.outer ? [statement.outer] : []), statement.index, statement.value]
    case 'atomic':
      return [statement.index, statement.value, ...(statement.expected ? [statement.expected] : [])]
    case 'insert':
      return [statement.index, statement.mask, statement.value]
    case 'uniform_load':
      return [statement.index]
    case 'if':
      return [statement.condition]
    case 'for':
      return [...(statement.init ? [statement.init] : []), statement.condition, statement.step]
    case 'block':
    case 'return':
    case 'barrier':
    case 'comment':
    case 'expect':
    case 'fragment_zero':
    case 'fragment_multiply':
      return []
    case 'fragment_load':
    case 'fragment_store':
      return [statement.place.outer]
  }
}

/** The statements inside a statement. */
export function bodyOf(statement: Statement): readonly Statement[] {
  return 'body' in statement ? statement.body : []
}

/** Calls `visit` for every statement, those inside after the one around them. */
export function walkStatements(body: readonly Statement[], visit: (statement: Statement) => void): void {
  for (const statement of body) {
    visit(statement)
    walkStatements(bodyOf(statement), visit)
  }
}
