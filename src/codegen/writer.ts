/**
 * Collects the statements of a WGSL function: fresh names, and scopes in which an expression that was named
 * once is found again. A prelude holds what depends on nothing but the launch.
 */
import { isLiteral, isName } from '../ir/wgsl_text.ts'
import type { Access, AddressSpace, Flow, Statement } from './statements.ts'

export class Writer {
  readonly #prelude: Statement[] = []
  #statements: Statement[] = []
  #lineCount = 0
  /** Blocks that only some invocations enter. */
  #someDepth = 0
  readonly #used = new Set<string>()
  /** How many names each hint has led to. */
  readonly #counts = new Map<string, number>()
  readonly #early = new Map<string, string>()
  readonly #known: Map<string, string>[] = [new Map()]
  #origin = ''
  #saidOrigin = ''

  /** Lines so far, without the prelude and the barriers that will be placed. */
  get lineCount(): number {
    return this.#lineCount
  }

  /** `barrier`: the line is one for this address space. */
  line(text: string, barrier?: AddressSpace): void {
    this.#sayOrigin()
    this.#statements.push({ kind: 'line', text, barrier })
    this.#lineCount++
  }

  /**
   * The statements that follow, up to the next note, access memory that invocations share. To be called for
   * all accesses that are made together, where a barrier may stand before them.
   */
  note(accesses: readonly Access[]): void {
    if (this.#someDepth > 0)
      throw new Error(`access to ${accesses[0]?.place} noted where not all invocations pass`)
    this.#sayOrigin()
    this.#statements.push({ kind: 'note', accesses })
  }

  /** Where in the author's program the following lines come from, for a comment above them. */
  comesFrom(origin: string): void {
    this.#origin = origin
  }

  /** `head { … }`; what is named inside is forgotten afterwards. */
  block(flow: Flow, head: string, body: () => void): void {
    this.#sayOrigin()
    const outside = this.#statements
    const inside: Statement[] = []
    outside.push({ kind: 'block', flow, head, body: inside })
    this.#lineCount += 2
    this.#statements = inside
    this.#known.push(new Map())
    if (flow === 'some') this.#someDepth++
    body()
    if (flow === 'some') this.#someDepth--
    this.#known.pop()
    this.#statements = outside
  }

  /**
   * A name that was not used before. Single words get a number, because they might mean something in WGSL.
   */
  fresh(hint: string): string {
    for (let count = this.#counts.get(hint) ?? 0; ; count++) {
      const name = count === 0 && hint.includes('_') ? hint : `${hint}_${count}`
      if (this.#used.has(name)) continue
      this.#used.add(name)
      this.#counts.set(hint, count + 1)
      return name
    }
  }

  /** Names an expression. */
  let(hint: string, expression: string, barrier?: AddressSpace): string {
    const name = this.fresh(hint)
    this.line(`let ${name} = ${expression};`, barrier)
    return name
  }

  /** The name of an equal expression that is still visible, or a new one. */
  shared(hint: string, expression: string): string {
    if (isName(expression) || isLiteral(expression)) return expression
    for (const scope of [this.#early, ...this.#known]) {
      const known = scope.get(expression)
      if (known) return known
    }
    const name = this.let(hint, expression)
    this.#known.at(-1)?.set(expression, name)
    return name
  }

  /** Like `shared`, but at the top of the function: for what only depends on the launch and the thread. */
  early(hint: string, expression: string): string {
    if (isName(expression) || isLiteral(expression)) return expression
    const known = this.#early.get(expression)
    if (known) return known
    const name = this.fresh(hint)
    this.#prelude.push({ kind: 'line', text: `let ${name} = ${expression};` })
    this.#early.set(expression, name)
    return name
  }

  /** All of them: the prelude, then the rest. */
  get statements(): readonly Statement[] {
    return [...this.#prelude, ...this.#statements]
  }

  #sayOrigin(): void {
    if (this.#origin === this.#saidOrigin) return
    this.#saidOrigin = this.#origin
    this.line(`// ${this.#origin}`)
  }
}
