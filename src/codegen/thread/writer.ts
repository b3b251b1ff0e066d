/**
 * Collects the statements of a thread program: fresh names, and scopes in which an expression that was named
 * once is found again. A prelude holds what depends on nothing but the launch.
 */
import { type Expr, isAtom, type LocalExpr } from './expr.ts'
import { Expressions } from './expressions.ts'
import type { Fragment, FragmentPlace } from './fragments.ts'
import type { Access, AccessMark, MemoryArray } from './memory.ts'
import type { Atomic, If, Insert, Statement } from './statements.ts'
import type { ThreadType } from './types.ts'

/** How a loop counts. */
export interface Counting {
  readonly counter: LocalExpr
  /** Where a counter of its own begins; without it a variable goes on. */
  readonly init?: Expr
  readonly condition: Expr
  readonly step: Expr
  readonly flow?: 'rounds' | 'programs'
}

export class Writer {
  readonly expressions: Expressions = new Expressions()
  readonly #prelude: Statement[] = []
  #statements: Statement[] = []
  #count = 0
  #phases = 0
  readonly #used = new Set<string>()
  /** How many names each hint has led to. */
  readonly #counts = new Map<string, number>()
  readonly #early = new Map<Expr, LocalExpr>()
  readonly #known: Map<Expr, LocalExpr>[] = [new Map()]
  #origin = ''
  #saidOrigin = ''

  /** Lines so far, without the prelude and the barriers that will be placed. */
  get lineCount(): number {
    return this.#count
  }

  /** All of them: the prelude, then the rest. */
  get statements(): readonly Statement[] {
    return [...this.#prelude, ...this.#statements]
  }

  /** Where in the author's program the following statements come from, for a comment above them. */
  comesFrom(origin: string): void {
    this.#origin = origin
  }

  /** A name that was not used before. Single words get a number: they might mean something in WGSL. */
  fresh(hint: string): string {
    for (let count = this.#counts.get(hint) ?? 0; ; count++) {
      const name = count === 0 && hint.includes('_') ? hint : `${hint}_${count}`
      if (this.#used.has(name)) continue
      this.#used.add(name)
      this.#counts.set(hint, count + 1)
      return name
    }
  }

  /** A number for accesses that are made together, of different elements: see `AccessMark`. */
  phase(): AccessMark {
    return { phase: this.#phases++ }
  }

  /** Names a value. */
  let(hint: string, value: Expr): LocalExpr {
    const local = this.#local(hint, value.type)
    this.#add({ kind: 'let', local, value })
    return local
  }

  /** The name of an equal expression that is still visible, or a new one. Must not read memory. */
  shared(hint: string, value: Expr): Expr {
    if (isAtom(value)) return value
    for (const scope of [this.#early, ...this.#known]) {
      const known = scope.get(value)
      if (known) return known
    }
    const local = this.let(hint, value)
    this.#known.at(-1)?.set(value, local)
    return local
  }

  /** Like `shared`, but at the top: for what only depends on the launch and the thread. */
  early(hint: string, value: Expr): Expr {
    if (isAtom(value)) return value
    const known = this.#early.get(value)
    if (known) return known
    const local = this.#local(hint, value.type)
    this.#prelude.push({ kind: 'let', local, value })
    this.#early.set(value, local)
    return local
  }

  /** A variable, for `assign`. */
  variable(hint: string, value: Expr): LocalExpr {
    const local = this.#local(hint, value.type)
    this.#add({ kind: 'var', local, value })
    return local
  }

  assign(local: Expr, value: Expr): void {
    this.#add({ kind: 'assign', local: variableOf(local), value })
  }

  /** `outer`: which of the arrays in an array of arrays. */
  store(array: MemoryArray, index: Expr, value: Expr, mark: AccessMark, outer?: Expr): void {
    this.#add({ kind: 'store', array, index, value, mark, ...(outer && { outer }) })
  }

  atomic(atomic: Omit<Atomic, 'kind'>): void {
    this.#add({ kind: 'atomic', ...atomic })
  }

  insert(insert: Omit<Insert, 'kind'>): void {
    this.#add({ kind: 'insert', ...insert })
  }

  /** A fragment of zeros. */
  fragmentZero(hint: string, part: Omit<Fragment, 'name'>): Fragment {
    const fragment = { name: this.fresh(hint), ...part }
    this.#add({ kind: 'fragment_zero', fragment })
    return fragment
  }

  fragmentLoad(hint: string, part: Omit<Fragment, 'name'>, place: FragmentPlace): Fragment {
    const fragment = { name: this.fresh(hint), ...part }
    this.#add({ kind: 'fragment_load', declares: true, fragment, place })
    return fragment
  }

  /** Another content for a fragment of sums. */
  fragmentReload(fragment: Fragment, place: FragmentPlace): void {
    this.#add({ kind: 'fragment_load', declares: false, fragment, place })
  }

  fragmentMultiply(left: Fragment, right: Fragment, sum: Fragment): void {
    this.#add({ kind: 'fragment_multiply', left, right, sum })
  }

  fragmentStore(fragment: Fragment, place: FragmentPlace, mark: AccessMark): void {
    this.#add({ kind: 'fragment_store', fragment, place, mark })
  }

  uniformLoad(hint: string, array: MemoryArray, index: Expr): Expr {
    const local = this.#local(hint, array.element)
    this.#add({ kind: 'uniform_load', local, array, index })
    return local
  }

  /** A barrier that these accesses need later stands here, if one is needed. */
  expect(accesses: readonly Access[]): void {
    this.#add({ kind: 'expect', accesses })
  }

  return(): void {
    this.#add({ kind: 'return' })
  }

  /** What `body` adds runs where the condition holds; always, when there is none. */
  if(flow: If['flow'], condition: Expr | undefined, body: () => void): void {
    if (condition) this.#add({ kind: 'if', flow, condition, body: this.#inside(body) })
    else body()
  }

  /** A counter for `loop`. */
  counter(hint: string, type: ThreadType): LocalExpr {
    return this.#local(hint, type)
  }

  loop({ counter, init, condition, step, flow = 'rounds' }: Counting, body: () => void): void {
    this.#add({ kind: 'for', flow, counter, init, condition, step, body: this.#inside(body) })
  }

  /** Statements with names of their own. */
  block(body: () => void): void {
    this.#add({ kind: 'block', body: this.#inside(body) })
  }

  /** What is named inside is forgotten afterwards. */
  #inside(body: () => void): readonly Statement[] {
    this.#sayOrigin()
    const outside = this.#statements
    const inside: Statement[] = []
    this.#statements = inside
    this.#known.push(new Map())
    body()
    this.#known.pop()
    this.#statements = outside
    this.#count++
    return inside
  }

  #add(statement: Statement): void {
    this.#sayOrigin()
    this.#statements.push(statement)
    if (statement.kind !== 'expect') this.#count++
  }

  #sayOrigin(): void {
    if (this.#origin === this.#saidOrigin) return
    this.#saidOrigin = this.#origin
    this.#statements.push({ kind: 'comment', text: this.#origin })
    this.#count++
  }

  #local(hint: string, type: ThreadType): LocalExpr {
    return this.expressions.local(this.fresh(hint), type)
  }
}

function variableOf(local: Expr): LocalExpr {
  if (local.kind !== 'local') throw new Error(`a ${local.kind} cannot be assigned to`)
  return local
}
