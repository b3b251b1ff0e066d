/**
 * Collects the lines of a WGSL function: indentation, fresh names, and scopes in which an expression that was
 * named once is found again. A prelude holds what depends on nothing but the launch.
 */
import { isLiteral, isName } from '../ir/wgsl_text.ts'

export class Writer {
  readonly #prelude: string[] = []
  #lines: string[] = []
  #depth = 1
  readonly #used = new Set<string>()
  /** How many names each hint has led to. */
  readonly #counts = new Map<string, number>()
  readonly #early = new Map<string, string>()
  readonly #known: Map<string, string>[] = [new Map()]
  #origin = ''
  #saidOrigin = ''

  /** Lines so far, without the prelude. */
  get lineCount(): number {
    return this.#lines.length
  }

  line(text: string): void {
    if (this.#origin !== this.#saidOrigin) {
      this.#lines.push(`${'  '.repeat(this.#depth)}// ${this.#origin}`)
      this.#saidOrigin = this.#origin
    }
    this.#lines.push(`${'  '.repeat(this.#depth)}${text}`)
  }

  /** Where in the author's program the following lines come from, for a comment above them. */
  comesFrom(origin: string): void {
    this.#origin = origin
  }

  /** `head { … }`; what is named inside is forgotten afterwards. */
  block(head: string, body: () => void): void {
    this.line(`${head} {`)
    this.#depth++
    this.#known.push(new Map())
    body()
    this.#known.pop()
    this.#depth--
    this.#lines.push(`${'  '.repeat(this.#depth)}}`)
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
  let(hint: string, expression: string): string {
    const name = this.fresh(hint)
    this.line(`let ${name} = ${expression};`)
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
    this.#prelude.push(`  let ${name} = ${expression};`)
    this.#early.set(expression, name)
    return name
  }

  /** All lines: the prelude, then the rest. */
  get text(): string {
    return [...this.#prelude, ...this.#lines].join('\n')
  }
}
