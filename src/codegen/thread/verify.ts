/** What WGSL demands of names: each is read only where it was declared before, in this block or around it. */
import { type LocalExpr, namesIn } from './expr.ts'
import type { Fragment } from './fragments.ts'
import type { ThreadProgram } from './program.ts'
import { bodyOf, expressionsOf, type Statement } from './statements.ts'

type Name = LocalExpr | Fragment

/** Throws where a name is read that is not visible: a compiler of WGSL would refuse the program. */
export function verifyNames({ body }: ThreadProgram): void {
  verifyBlock(body, new Set())
}

function verifyBlock(body: readonly Statement[], outside: ReadonlySet<Name>): void {
  const visible = new Set(outside)
  for (const statement of body) {
    const inside =
      statement.kind === 'for' && statement.init ? new Set([...visible, statement.counter]) : visible
    for (const name of readBy(statement)) {
      if (!inside.has(name))
        throw new Error(`${name.name} is read by a ${statement.kind} where it is not visible`)
    }
    const inner = bodyOf(statement)
    if (inner.length > 0) verifyBlock(inner, inside)
    for (const name of declaredBy(statement)) visible.add(name)
  }
}

function readBy(statement: Statement): readonly Name[] {
  const own = statement.kind === 'assign' ? [statement.local] : fragmentsReadBy(statement)
  return [...own, ...namesIn(expressionsOf(statement))]
}

function fragmentsReadBy(statement: Statement): readonly Name[] {
  switch (statement.kind) {
    case 'fragment_load':
      return statement.declares ? [] : [statement.fragment]
    case 'fragment_multiply':
      return [statement.left, statement.right, statement.sum]
    case 'fragment_store':
      return [statement.fragment]
    default:
      return []
  }
}

function declaredBy(statement: Statement): readonly Name[] {
  switch (statement.kind) {
    case 'let':
    case 'var':
    case 'uniform_load':
      return [statement.local]
    case 'atomic':
      return statement.before ? [statement.before] : []
    case 'fragment_zero':
      return [statement.fragment]
    case 'fragment_load':
      return statement.declares ? [statement.fragment] : []
    default:
      return []
  }
}
