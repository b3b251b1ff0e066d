/**
 * Literals as `literals.ts` writes them, read back as data: null, booleans, numbers, strings in single
 * quotes, lists, objects, comments behind. Nothing is evaluated; whatever else the text holds is refused.
 */
import { DataError } from '../../../support/errors.ts'

export interface ReadLiteral {
  readonly value: unknown
  /** Position behind the literal. */
  readonly end: number
}

/** Deeper than anything that is written, and far from the end of the stack. */
const DEEPEST = 64

const SPACE = /(?:\s|\/\/[^\n]*)*/y
const WORD = /null|true|false/y
const NUMBER = /-?\d+(?:\.\d+)?(?:e[+-]?\d+)?/y
const STRING = /'((?:[^'\\\n\r]|\\[^\n\r])*)'/y
const NAME = /[A-Za-z_$][A-Za-z0-9_$]*/y
const WORDS: ReadonlyMap<string, unknown> = new Map<string, unknown>([
  ['null', null],
  ['true', true],
  ['false', false],
])
const ESCAPES: ReadonlyMap<string, string> = new Map([
  ["'", "'"],
  ['\\', '\\'],
  ['n', '\n'],
  ['r', '\r'],
  ['t', '\t'],
  ['b', '\b'],
  ['f', '\f'],
])

/** The literal at a position. Throws DataError where the text is something else. */
export function readLiteral(text: string, start: number): ReadLiteral {
  const reader = new LiteralReader(text, start)
  const value = reader.value(0)
  return { value, end: reader.position }
}

class LiteralReader {
  readonly #text: string
  position: number

  constructor(text: string, start: number) {
    this.#text = text
    this.position = start
  }

  value(depth: number): unknown {
    if (depth > DEEPEST) throw this.#refused(`nested deeper than ${DEEPEST}`)
    this.#take(SPACE)
    if (this.#skip('[')) return this.#list(depth)
    if (this.#skip('{')) return this.#object(depth)
    const string = this.#string()
    if (string !== undefined) return string
    const word = this.#take(WORD)
    if (word !== undefined) return WORDS.get(word)
    const number = Number(this.#take(NUMBER) ?? Number.NaN)
    if (!Number.isFinite(number)) throw this.#refused('no literal')
    return number
  }

  #list(depth: number): readonly unknown[] {
    const values: unknown[] = []
    while (!this.#closed(']')) {
      values.push(this.value(depth + 1))
      this.#comma(']')
    }
    return values
  }

  /** `Object.fromEntries` makes `__proto__` a property like any other. */
  #object(depth: number): Readonly<Record<string, unknown>> {
    const entries = new Map<string, unknown>()
    while (!this.#closed('}')) {
      const name = this.#name()
      this.#expect(':')
      if (entries.has(name)) throw this.#refused(`${JSON.stringify(name)} twice`)
      entries.set(name, this.value(depth + 1))
      this.#comma('}')
    }
    return Object.fromEntries(entries)
  }

  #name(): string {
    const bracketed = this.#skip('[')
    const name = this.#string() ?? (bracketed ? undefined : this.#take(NAME))
    if (name === undefined) throw this.#refused('no name')
    if (bracketed) this.#expect(']')
    return name
  }

  #string(): string | undefined {
    const literal = this.#take(STRING)
    return literal
      ?.slice(1, -1)
      .replace(/\\(?:u([0-9a-f]{4})|(.))/gu, (_, code: string | undefined, character: string) => {
        if (code !== undefined) return String.fromCharCode(Number.parseInt(code, 16))
        const escaped = ESCAPES.get(character)
        if (escaped === undefined) throw this.#refused(`unknown escape \\${character}`)
        return escaped
      })
  }

  #closed(end: string): boolean {
    this.#take(SPACE)
    return this.#skip(end)
  }

  /** Between entries there is a comma; behind the last there may be. */
  #comma(end: string): void {
    this.#take(SPACE)
    if (!this.#skip(',') && this.#text[this.position] !== end) throw this.#refused(`no comma and no ${end}`)
  }

  #expect(character: string): void {
    this.#take(SPACE)
    if (!this.#skip(character)) throw this.#refused(`no ${character}`)
  }

  #skip(character: string): boolean {
    if (this.#text[this.position] !== character) return false
    this.position++
    return true
  }

  #take(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.position
    const found = pattern.exec(this.#text)?.[0]
    this.position += found?.length ?? 0
    return found
  }

  #refused(reason: string): DataError {
    const line = this.#text.slice(0, this.position).split('\n').length
    return new DataError(`line ${line} holds something else than data (${reason})`)
  }
}
