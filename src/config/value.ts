/**
 * The values a config may hold: plain JSON scalars and lists, frozen. Everything in this layer that compares,
 * copies or prints such values does it through here.
 */
import { ConfigError } from '../support/errors.ts'

/** A scalar or a list of values; objects and non-finite numbers are not config values. */
export type ConfigValue = null | boolean | number | string | readonly ConfigValue[]

/** The stored form of a config: field or tunable name to value. */
export type ConfigData = Readonly<Record<string, ConfigValue>>

/** Fields are lists of lists at most. */
const MOST_DEPTH = 8

/** A frozen deep copy; `what` names the value in the error when it is not JSON of the allowed kinds. */
export function toConfigValue(value: unknown, what: string, depth = 0): ConfigValue {
  if (Array.isArray(value)) {
    if (depth === MOST_DEPTH)
      throw new ConfigError(`config field ${what} is nested deeper than ${MOST_DEPTH} lists`)
    const part = (entry: unknown, index: number) => toConfigValue(entry, `${what}[${index}]`, depth + 1)
    return Object.freeze(value.map((entry, index) => (isPlain(entry) ? entry : part(entry, index))))
  }
  if (isPlain(value)) return value
  if (typeof value === 'number' && Number.isFinite(value)) return value + 0
  throw new ConfigError(`config field ${what} holds ${describe(value)}`, {
    remedy: 'Use numbers, booleans, strings, null, or lists of these.',
  })
}

/** What stands in a config as it is; searches make many, so places are named for the others only. */
function isPlain(value: unknown): value is ConfigValue {
  if (typeof value === 'number') return Number.isFinite(value) && value !== 0
  return value === null || typeof value === 'boolean' || typeof value === 'string'
}

/** True for `{}`: the default config, whatever that is for the kernel, the device and the sizes at hand. */
export function isOpen(data: ConfigData): boolean {
  return Object.keys(data).length === 0
}

export function isList(value: ConfigValue): value is readonly ConfigValue[] {
  return Array.isArray(value)
}

/** Equality by contents. */
export function sameValue(a: ConfigValue, b: ConfigValue): boolean {
  if (!isList(a) || !isList(b)) return a === b
  return a.length === b.length && a.every((entry, index) => sameValue(entry, b[index] ?? null))
}

/** A value the way it is written in TypeScript. */
export function printValue(value: ConfigValue): string {
  if (isList(value)) return `[${value.map(printValue).join(', ')}]`
  return typeof value === 'string' ? `'${value.replace(UNPRINTABLE, escaped)}'` : String(value)
}

/** What cannot stand in a string literal as it is. */
const UNPRINTABLE = /[\\'\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu

function escaped(character: string): string {
  if (/[\\']/.test(character)) return `\\${character}`
  return `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`
}

function describe(value: unknown): string {
  if (typeof value === 'number') return String(value)
  return value === undefined ? 'undefined' : `a value of type ${typeof value}`
}
