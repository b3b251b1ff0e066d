/**
 * Values as TypeScript source, the way a person would write them, and text made harmless: nothing that comes
 * from outside (names, strings, headers) can end a literal or a comment.
 */

import { type ConfigData, isOpen } from '../../../config/value.ts'

/** Lines of modules, as those of this repository. */
export const WIDTH = 110
const IDENTIFIER = /^[A-Za-z_$][A-Za-z0-9_$]*$/

/** A string literal in single quotes. */
export function stringLiteral(text: string): string {
  const escaped = JSON.stringify(text)
    .slice(1, -1)
    .replaceAll('\\"', '"')
    .replaceAll("'", "\\'")
    .replace(/\p{Cc}|\p{Cs}|\p{Cf}|\p{Zl}|\p{Zp}/gu, unicodeEscape)
  return `'${escaped}'`
}

/** A finite number; -0 is written as 0. */
export function numberLiteral(value: number): string {
  if (!Number.isFinite(value)) throw new Error(`${value} cannot be written as a literal`)
  return String(value + 0)
}

/** A number to be read by people: digits of large whole numbers in groups of three. */
export function thresholdLiteral(value: number): string {
  const text = numberLiteral(value)
  return /^\d{6,}$/.test(text) ? text.replace(/\B(?=(\d{3})+$)/g, '_') : text
}

/** Text for the inside of a block comment: one line, and no end of comment. */
export function commentText(text: string): string {
  return text
    .replace(/[\s\p{Cc}\p{Cf}\p{Zl}\p{Zp}]+/gu, ' ')
    .replaceAll('*/', '* /')
    .trim()
}

/** Source text that is nothing but comments: as it is when it is that already, else as a comment. */
export function commentsOnly(text: string): string {
  const rest = text.replace(/\/\/[^\n\r\u2028\u2029]*|\/\*[\s\S]*?\*\//g, '').trim()
  if (rest === '') return text === '' || text.endsWith('\n') ? text : `${text}\n`
  const lines = text.trimEnd().split(/\r\n|[\n\r\u2028\u2029]/)
  return lines
    .map((line) => `// ${line}`.trimEnd())
    .map((line) => `${line}\n`)
    .join('')
}

/**
 * JSON-like data, on one line where it fits behind `before` characters, else one entry a line, indented
 * further than `indent`.
 */
export function dataLiteral(value: unknown, indent: number, before: number = indent): string {
  const line = inline(value)
  if (before + line.length < WIDTH || typeof value !== 'object' || value === null) return line
  const pad = ' '.repeat(indent + 2)
  const entries = Array.isArray(value)
    ? value.map((entry) => `${pad}${dataLiteral(entry, indent + 2)},`)
    : Object.entries(value)
        .filter(([, entry]) => entry !== undefined)
        .map(([name, entry]) => {
          const head = `${pad}${propertyName(name)}: `
          return `${head}${dataLiteral(entry, indent + 2, head.length)},`
        })
  const [open, close] = Array.isArray(value) ? ['[', ']'] : ['{', '}']
  return `${open}\n${entries.join('\n')}\n${' '.repeat(indent)}${close}`
}

/** Configs as entries of a list, one a line however long: a change of one is a change of one line. */
export function configLines(configs: readonly ConfigData[]): string {
  return configs.map((config) => `  ${inline(config)},${isOpen(config) ? OPEN : ''}`).join('\n')
}

const OPEN = ' // the default config of each shape, worked out from its sizes'

/** `{ a: 1 }` or `{ 'not a name': 1 }`; `__proto__` is quoted in brackets, or it would set the prototype. */
function propertyName(name: string): string {
  if (name === '__proto__') return "['__proto__']"
  return IDENTIFIER.test(name) ? name : stringLiteral(name)
}

function inline(value: unknown): string {
  if (typeof value === 'string') return stringLiteral(value)
  if (typeof value === 'number') return numberLiteral(value)
  if (value === null || typeof value === 'boolean') return String(value)
  if (Array.isArray(value)) return `[${value.map(inline).join(', ')}]`
  if (typeof value === 'object') {
    const entries = Object.entries(value).filter(([, entry]) => entry !== undefined)
    if (entries.length === 0) return '{}'
    return `{ ${entries.map(([name, entry]) => `${propertyName(name)}: ${inline(entry)}`).join(', ')} }`
  }
  throw new Error(`a value of type ${typeof value} cannot be written as a literal`)
}

function unicodeEscape(character: string): string {
  const units = Array.from({ length: character.length }, (_, index) => character.charCodeAt(index))
  return units.map((unit) => `\\u${unit.toString(16).padStart(4, '0')}`).join('')
}
