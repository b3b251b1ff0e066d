/** What a statement does to memory that the invocations of a workgroup share, read off the program. */
import { type Expr, walkExpr } from './expr.ts'
import { type Access, accessTo } from './memory.ts'
import { bodyOf, expressionsOf, type Statement } from './statements.ts'

/** The accesses of a statement itself: of the statements inside it, none. */
export function ownAccesses(statement: Statement): readonly Access[] {
  const reads = expressionsOf(statement).flatMap(readsOf)
  switch (statement.kind) {
    case 'store':
      return [...reads, accessTo(statement.array, 'write', statement.mark)]
    case 'atomic':
      return [...reads, accessTo(statement.array, `atomic ${statement.op}`, statement.mark)]
    case 'insert':
      return [...reads, accessTo(statement.array, 'atomic insert', statement.mark)]
    case 'expect':
      return statement.accesses
    case 'fragment_load':
      return [...reads, accessTo(statement.place.array, 'read', {})]
    case 'fragment_store':
      return [...reads, accessTo(statement.place.array, 'write', statement.mark)]
    default:
      return reads
  }
}

/** The accesses of a statement and of everything inside it. */
export function allAccesses(statement: Statement): readonly Access[] {
  return [...ownAccesses(statement), ...bodyOf(statement).flatMap(allAccesses)]
}

function readsOf(expr: Expr): readonly Access[] {
  const found: Access[] = []
  walkExpr(expr, (part) => {
    if (part.kind === 'read') found.push(accessTo(part.array, 'read', part.mark))
  })
  return found
}
