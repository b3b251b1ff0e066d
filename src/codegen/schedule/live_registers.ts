/**
 * How many 32-bit registers an invocation needs at the worst point of its program: each name from where it
 * gets a value to where that is read last, around loops, and what is in the making within a statement.
 * Statements are taken in their order, which a device may change for a better one.
 */
import { sum } from '../../support/maths.ts'
import { STORAGE } from '../../support/storage_types.ts'
import { type Expr, type LocalExpr, namesIn, partsOf } from '../thread/expr.ts'
import { extentOf, type Fragment } from '../thread/fragments.ts'
import type { ThreadProgram } from '../thread/program.ts'
import { expressionsOf, type For, type Statement } from '../thread/statements.ts'
import { REGISTER_BITS, registersOf } from '../thread/types.ts'

/** The most that is live at once. */
export function liveRegisters({ body, subgroupSize }: ThreadProgram): number {
  const walk = new Walk(Math.max(1, subgroupSize))
  walk.before(body, new Live(walk))
  return walk.peak
}

/** What holds a value. */
type Name = LocalExpr | Fragment

/** From the end of a program to its begin. */
class Walk {
  peak = 0
  readonly #lanes: number
  readonly #needs = new Map<Expr, number>()

  constructor(lanes: number) {
    this.#lanes = lanes
  }

  /** Makes of what is live behind the statements what is live before them. */
  before(body: readonly Statement[], live: Live): void {
    for (const statement of body.toReversed()) this.#step(statement, live)
  }

  #step(statement: Statement, live: Live): void {
    switch (statement.kind) {
      case 'if': {
        const inside = live.copy()
        this.before(statement.body, inside)
        live.addAll(inside)
        break
      }
      case 'for':
        this.#round(statement, live)
        break
      case 'block':
        this.before(statement.body, live)
        break
      case 'return':
        live.clear()
        break
      default: {
        const { made, read } = namesOf(statement)
        // Also what nobody reads has a place while it is made.
        for (const name of made) live.add(name)
        this.#note(live.words)
        for (const name of made) live.delete(name)
        for (const name of read) live.add(name)
      }
    }
    this.#evaluate(expressionsOf(statement), live)
  }

  /** A value that the next round reads is live through this one. */
  #round({ counter, condition, step, body, init }: For, live: Live): void {
    live.readAll([condition, step])
    live.add(counter)
    for (let known = -1; known < live.count; ) {
      known = live.count
      const inside = live.copy()
      this.before(body, inside)
      live.addAll(inside)
    }
    this.#note(live.words)
    if (init) live.delete(counter)
  }

  /** The values, then what they are made of: a value may take the place of what it reads last. */
  #evaluate(expressions: readonly Expr[], live: Live): void {
    const made = expressions.filter((expr) => !isHeld(expr))
    this.#note(live.words + sum(made.map((expr) => this.words(expr))))
    live.readAll(expressions)
    for (const expr of made) this.#note(live.words + this.#needed(partsOf(expr)))
  }

  #note(words: number): void {
    this.peak = Math.max(this.peak, words)
  }

  /** What the making of these takes beside the names in them, the one that takes the most first. */
  #needed(expressions: readonly Expr[]): number {
    const parts = expressions.map((expr) => ({
      need: this.#need(expr),
      words: isHeld(expr) ? 0 : this.words(expr),
    }))
    parts.sort((a, b) => b.need - b.words - (a.need - a.words))
    let [held, most] = [0, 0]
    for (const { need, words } of parts) {
      most = Math.max(most, held + need)
      held += words
    }
    return most
  }

  #need(expr: Expr): number {
    if (isHeld(expr)) return 0
    const known = this.#needs.get(expr)
    if (known !== undefined) return known
    const need = Math.max(this.words(expr), this.#needed(partsOf(expr)))
    this.#needs.set(expr, need)
    return need
  }

  words(name: Name | Expr): number {
    return 'part' in name ? wordsOfFragment(name, this.#lanes) : registersOf(name.type)
  }
}

/** The names that hold a value which is read later, and the registers of them. */
class Live {
  words = 0
  readonly #walk: Walk
  readonly #names: Set<Name>

  constructor(walk: Walk, names: ReadonlySet<Name> = new Set()) {
    this.#walk = walk
    this.#names = new Set(names)
    this.words = sum([...names].map((name) => walk.words(name)))
  }

  get count(): number {
    return this.#names.size
  }

  copy(): Live {
    return new Live(this.#walk, this.#names)
  }

  add(name: Name): void {
    if (this.#names.has(name)) return
    this.#names.add(name)
    this.words += this.#walk.words(name)
  }

  delete(name: Name): void {
    if (this.#names.delete(name)) this.words -= this.#walk.words(name)
  }

  addAll(other: Live): void {
    for (const name of other.#names) this.add(name)
  }

  readAll(expressions: readonly Expr[]): void {
    for (const name of namesIn(expressions)) this.add(name)
  }

  clear(): void {
    this.#names.clear()
    this.words = 0
  }
}

/** The names that a statement gives a value, and fragments that it reads. */
function namesOf(statement: Statement): { readonly made: readonly Name[]; readonly read: readonly Name[] } {
  switch (statement.kind) {
    case 'fragment_zero':
    case 'fragment_load':
      return { made: [statement.fragment], read: [] }
    case 'fragment_multiply':
      return { made: [], read: [statement.left, statement.right, statement.sum] }
    case 'fragment_store':
      return { made: [], read: [statement.fragment] }
    case 'atomic':
      return { made: statement.before ? [statement.before] : [], read: [] }
    default:
      return { made: 'local' in statement ? [statement.local] : [], read: [] }
  }
}

/** Names and what needs no register of its own: numbers, what a launch gives, parts of names. */
function isHeld(expr: Expr): boolean {
  const { kind } = expr
  if (kind === 'component' || kind === 'bitcast') return isHeld(expr.arg)
  return kind === 'local' || kind === 'literal' || kind === 'builtin' || kind === 'field'
}

/** The lanes of a subgroup hold a fragment together. */
function wordsOfFragment(fragment: Fragment, lanes: number): number {
  const { rows, columns } = extentOf(fragment)
  return Math.ceil((rows * columns * STORAGE[fragment.dtype].bits) / REGISTER_BITS / lanes)
}
