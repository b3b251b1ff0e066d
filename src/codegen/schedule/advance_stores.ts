/**
 * Stores as soon as their values are known. The result of a product on matrix units comes out of its
 * fragments a band after the other; what is computed of a band and stored is done before the next one comes,
 * so that a thread never holds the whole result in registers.
 */
import { allAccesses } from '../thread/accesses.ts'
import { type LocalExpr, namesIn } from '../thread/expr.ts'
import { type Access, conflict } from '../thread/memory.ts'
import { bodyOf, expressionsOf, type Statement, walkStatements } from '../thread/statements.ts'

/** The same statements; where bands are stored, others may come earlier. */
export function advanceStores(statements: readonly Statement[]): readonly Statement[] {
  const inside = statements.map((statement) =>
    'body' in statement ? { ...statement, body: advanceStores(statement.body) } : statement,
  )
  const hasBands = inside.some(({ kind }) => kind === 'fragment_store')
  return hasBands && inside.some(writesTensor) ? advanced(inside) : inside
}

/** Each statement that can right behind the last one that it needs. */
function advanced(statements: readonly Statement[]): readonly Statement[] {
  const placed: Described[] = []
  for (const statement of statements) {
    const one = describe(statement)
    let at = placed.length
    if (one.canMove) while (at > 0 && !comesBefore(placed[at - 1], one)) at--
    // Behind those that came here before it.
    while (placed[at]?.canMove) at++
    placed.splice(at, 0, one)
  }
  return placed.map((one) => one.statement)
}

interface Described {
  readonly statement: Statement
  /** Computes and writes tensors, but touches no memory that the workgroup shares. */
  readonly canMove: boolean
  readonly names: ReadonlySet<LocalExpr>
  readonly reads: ReadonlySet<LocalExpr>
  readonly accesses: readonly Access[]
}

function describe(statement: Statement): Described {
  const names = new Set<LocalExpr>()
  const reads = new Set<LocalExpr>()
  walkStatements([statement], (one) => {
    if ('local' in one) names.add(one.local)
    for (const name of namesIn(expressionsOf(one))) reads.add(name)
  })
  const accesses = allAccesses(statement)
  const isPlain = (one: Statement): boolean =>
    one.kind === 'let' ||
    one.kind === 'store' ||
    (one.kind === 'if' && one.flow === 'some' && bodyOf(one).every(isPlain))
  const canMove = isPlain(statement) && accesses.every(({ space }) => space === 'storage')
  return { statement, canMove, names, reads, accesses }
}

/** True when `late` needs that `early` has run. */
function comesBefore(early: Described | undefined, late: Described): boolean {
  if (!early) return true
  const { kind } = early.statement
  const movesOn = early.canMove || kind === 'let' || kind === 'comment' || kind.startsWith('fragment_')
  if (!movesOn) return true
  if ([...early.names].some((name) => late.reads.has(name))) return true
  return early.accesses.some((a) => late.accesses.some((b) => conflict(a, b)))
}

function writesTensor(statement: Statement): boolean {
  return allAccesses(statement).some(({ space, how }) => space === 'storage' && how === 'write')
}
