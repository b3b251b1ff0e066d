/**
 * Formulas of sizes as they stand in records and CSV files: `cdiv(arg0_dim0, 64) * cdiv(arg1_dim1, 32)`. Read
 * by a parser of their own and computed with, never run as code; a text that is no such formula is a
 * LineError.
 */
import { show } from '../../support/json.ts'
import { cdiv, nextPowerOf2 } from '../../support/maths.ts'
import { LineError } from '../line_checks.ts'

export interface Formula {
  /** The features that it names, each once. */
  readonly names: readonly string[]
  readonly valueAt: (sizeNamed: (name: string) => number) => number
}

/** Far beyond what compilers have to say. */
const LONGEST = 20_000
const DEEPEST = 100
const TOKEN = /\s*(?:(\d+)|([a-z]\w*)|([-+*/%(),]))/iy

const OPERATIONS: Readonly<Record<string, (a: number, b: number) => number>> = {
  '+': (a, b) => a + b,
  '-': (a, b) => a - b,
  '*': (a, b) => a * b,
  '/': (a, b) => Math.floor(a / b),
  '%': (a, b) => a - b * Math.floor(a / b),
}

const FUNCTIONS: Readonly<Record<string, { readonly arity: number; readonly apply: typeof Math.min }>> = {
  cdiv: { arity: 2, apply: (a = 0, b = 1) => cdiv(a, b) },
  min: { arity: 2, apply: Math.min },
  max: { arity: 2, apply: Math.max },
  nextPowerOf2: { arity: 1, apply: (a = 1) => nextPowerOf2(a) },
}

/** `isName` says which names mean something. Throws LineError. */
export function parseFormula(text: string, isName: (name: string) => boolean): Formula {
  if (text.length > LONGEST) throw new LineError('bad value', `a formula of ${text.length} characters`)
  return new Parser(text, isName).whole()
}

/** A formula that is one number. */
export function constantFormula(value: number): Formula {
  return { names: [], valueAt: () => value }
}

type Value = Formula['valueAt']

class Parser {
  readonly #text: string
  readonly #isName: (name: string) => boolean
  readonly #tokens: readonly string[]
  readonly #names = new Set<string>()
  #at = 0
  #depth = 0

  constructor(text: string, isName: (name: string) => boolean) {
    this.#text = text
    this.#isName = isName
    this.#tokens = [...this.#scan()]
  }

  whole(): Formula {
    const valueAt = this.#sum()
    if (this.#at < this.#tokens.length) throw this.#wrong(`after "${this.#tokens[this.#at]}"`)
    return { names: [...this.#names], valueAt }
  }

  *#scan(): Generator<string> {
    TOKEN.lastIndex = 0
    while (TOKEN.lastIndex < this.#text.trimEnd().length) {
      const from = TOKEN.lastIndex
      const token = TOKEN.exec(this.#text)?.[0].trim()
      if (token === undefined) throw this.#wrong(`at ${show(this.#text.slice(from, from + 20))}`)
      yield token
    }
  }

  #sum(): Value {
    return this.#chain(['+', '-'], () => this.#chain(['*', '/', '%'], () => this.#operand()))
  }

  #chain(operators: readonly string[], operand: () => Value): Value {
    let value = operand()
    for (;;) {
      const operator = operators.find((each) => each === this.#tokens[this.#at])
      const apply = operator === undefined ? undefined : OPERATIONS[operator]
      if (!apply) return value
      this.#at++
      const [left, right] = [value, operand()]
      value = (sizeNamed) => apply(left(sizeNamed), right(sizeNamed))
    }
  }

  #operand(): Value {
    const token = this.#tokens[this.#at++]
    if (token === undefined) throw this.#wrong('at its end')
    if (token === '(') return this.#enclosed(1)[0] ?? (() => 0)
    const number = Number(token)
    if (Number.isSafeInteger(number)) return () => number
    const rule = Object.hasOwn(FUNCTIONS, token) ? FUNCTIONS[token] : undefined
    if (rule && this.#tokens[this.#at] === '(') {
      this.#at++
      const args = this.#enclosed(rule.arity)
      return (sizeNamed) => rule.apply(...args.map((each) => each(sizeNamed)))
    }
    if (!this.#isName(token)) throw this.#wrong(`at ${show(token)}`)
    this.#names.add(token)
    return (sizeNamed) => sizeNamed(token)
  }

  /** So many operands up to the closing bracket. */
  #enclosed(count: number): readonly Value[] {
    if (++this.#depth > DEEPEST) throw new LineError('bad value', `a formula nested deeper than ${DEEPEST}`)
    const values: Value[] = []
    for (let i = 0; i < count; i++) {
      values.push(this.#sum())
      const next = this.#tokens[this.#at++]
      if (next !== (i < count - 1 ? ',' : ')')) throw this.#wrong(`at ${show(next ?? 'its end')}`)
    }
    this.#depth--
    return values
  }

  #wrong(where: string): LineError {
    return new LineError('bad value', `${show(this.#text)} is no formula of sizes ${where}`)
  }
}
