/**
 * Values as late as they are wanted. Lowering computes whole tiles, one after the other: of weights of 4 bits
 * that are decoded for a product, a thread would hold all the numbers at once. What takes more registers than
 * what it is made of is computed right before it is read first; reads of memory stay where they are, so that
 * they are under way together.
 */
import { sum } from '../../support/maths.ts'
import { isSubgroupFunction } from '../thread/builtins.ts'
import { type Expr, type LocalExpr, namesIn, walkExpr } from '../thread/expr.ts'
import { expressionsOf, type Let, type Statement, walkStatements } from '../thread/statements.ts'
import { registersOf } from '../thread/types.ts'

/** The same statements, some later among those around them. */
export function delayValues(statements: readonly Statement[]): readonly Statement[] {
  const inside = statements.map((statement) =>
    'body' in statement ? { ...statement, body: delayValues(statement.body) } : statement,
  )
  return new Delays(inside).statements()
}

class Delays {
  readonly #body: readonly Statement[]
  /** Where each name is read, in order, and where variables change. */
  readonly #readers = new Map<Expr, number[]>()
  readonly #changes = new Map<Expr, number[]>()
  /** What has been moved stands before the statement at its new place. */
  readonly #before = new Map<number, Let[]>()

  constructor(body: readonly Statement[]) {
    this.#body = body
    body.forEach((statement, i) => {
      for (const name of namesReadIn(statement)) listed(this.#readers, name).push(i)
      for (const name of namesChangedIn(statement)) listed(this.#changes, name).push(i)
    })
  }

  statements(): readonly Statement[] {
    for (const [i, statement] of [...this.#body.entries()].reverse()) {
      const place = statement.kind === 'let' ? this.#placeFor(statement, i) : i
      if (statement.kind === 'let' && place > i) this.#move(statement, i, place)
    }
    const moved = new Set<Statement>([...this.#before.values()].flat())
    return this.#body.flatMap((statement, i) => [
      ...(this.#before.get(i) ?? []).toReversed(),
      ...(moved.has(statement) ? [] : [statement]),
    ])
  }

  /** The first reader's, if waiting for it takes fewer registers. */
  #placeFor(statement: Let, i: number): number {
    const place = Math.min(...(this.#readers.get(statement.local) ?? []))
    if (place <= i + 1 || place === Number.POSITIVE_INFINITY || !isPlain(statement.value)) return i
    const names = [...namesIn([statement.value])]
    const isChanged = names.some((name) => this.#changes.get(name)?.some((at) => at > i && at < place))
    const kept = sum(names.map((name) => this.#shareOf(name, place)))
    return !isChanged && kept < registersOf(statement.local.type) ? place : i
  }

  /** What it takes to keep a name until then, of which each of its readers bears a part. */
  #shareOf(name: LocalExpr, until: number): number {
    const readers = this.#readers.get(name) ?? []
    return Math.max(...readers) >= until ? 0 : registersOf(name.type) / readers.length
  }

  #move(statement: Let, from: number, to: number): void {
    listed(this.#before, to).push(statement)
    for (const name of namesIn([statement.value])) {
      const places = listed(this.#readers, name)
      places.splice(places.indexOf(from), 1, to)
    }
  }
}

function listed<K, T>(lists: Map<K, T[]>, key: K): T[] {
  const list = lists.get(key) ?? []
  lists.set(key, list)
  return list
}

/** True for what gives the same wherever it stands. */
function isPlain(value: Expr): boolean {
  let plain = true
  walkExpr(value, (part) => {
    if (part.kind === 'read' || (part.kind === 'call' && isSubgroupFunction(part.fn))) plain = false
  })
  return plain
}

function namesReadIn(statement: Statement): ReadonlySet<LocalExpr> {
  const names = new Set<LocalExpr>()
  walkStatements([statement], (one) => {
    for (const name of namesIn(expressionsOf(one))) names.add(name)
    if (one.kind === 'assign') names.add(one.local)
  })
  return names
}

function namesChangedIn(statement: Statement): ReadonlySet<LocalExpr> {
  const names = new Set<LocalExpr>()
  walkStatements([statement], (one) => {
    if (one.kind === 'assign' || one.kind === 'uniform_load') names.add(one.local)
    if (one.kind === 'for') names.add(one.counter)
    if (one.kind === 'atomic' && one.before) names.add(one.before)
  })
  return names
}
