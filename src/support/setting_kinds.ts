/**
 * Kinds of settings: how each reads the text of an environment variable, which values code may pass, and the
 * words for both. A reader returns `undefined` for text that means nothing.
 */
import { LOG_LEVELS } from './log.ts'
import { requireNode } from './node.ts'

export interface SettingKind<T> {
  /** Completes the sentence "allowed: …". */
  readonly allowed: string
  readonly read: (text: string) => T | undefined
  readonly accepts: (value: unknown) => boolean
}

/** A JSON object. */
export type JsonObject = Readonly<Record<string, unknown>>

const TRUE = ['1', 'true', 'yes', 'on']
const FALSE = ['0', 'false', 'no', 'off']

export const BOOLEAN: SettingKind<boolean> = {
  allowed: `${TRUE.join(', ')} or ${FALSE.join(', ')}`,
  read(text) {
    const word = text.trim().toLowerCase()
    return TRUE.includes(word) ? true : FALSE.includes(word) ? false : undefined
  },
  accepts: (value) => typeof value === 'boolean',
}

export const TEXT: SettingKind<string> = {
  allowed: 'any text',
  read: (text) => text,
  accepts: (value) => typeof value === 'string',
}

/** Names separated by commas. */
export const NAMES: SettingKind<readonly string[]> = {
  allowed: 'names separated by commas',
  read: (text) => Object.freeze(text.split(',').flatMap((name) => name.trim() || [])),
  accepts: (value) => Array.isArray(value) && value.every((name) => typeof name === 'string'),
}

/** A logging level by name, or its number; 0 is silence. */
export const LOG_LEVEL: SettingKind<number> = {
  allowed: `${Object.keys(LOG_LEVELS).join(', ')}, or a number from 0 (silent) to 100`,
  read(text) {
    const name = text.trim().toLowerCase()
    const level = (LOG_LEVELS as Readonly<Record<string, number>>)[name] ?? number(0, 100).read(text)
    return level === 0 ? LOG_LEVELS.silent : level
  },
  accepts: (value) => number(0, 100).accepts(value),
}

/** The text of a JSON object, or the path of a file that holds one. */
export const JSON_OBJECT: SettingKind<JsonObject> = {
  allowed: 'a JSON object, or the path of a file that holds one',
  read(text) {
    try {
      const json = text.trim().startsWith('{')
        ? text
        : requireNode('fs', 'a setting in a file').readFileSync(text, 'utf8')
      const value: unknown = JSON.parse(json)
      return isObject(value) ? value : undefined
    } catch {
      return undefined
    }
  },
  accepts: isObject,
}

/** A number from `low` to `high`, both included. */
export function number(low: number, high: number = Number.POSITIVE_INFINITY): SettingKind<number> {
  const accepts = (value: unknown) => typeof value === 'number' && value >= low && value <= high
  return { allowed: `a number ${range(low, high)}`, accepts, read: reader(accepts) }
}

/** An integer from `low` to `high`, both included. */
export function integer(low: number, high: number = Number.POSITIVE_INFINITY): SettingKind<number> {
  const accepts = (value: unknown) => Number.isInteger(value) && Number(value) >= low && Number(value) <= high
  return { allowed: `an integer ${range(low, high)}`, accepts, read: reader(accepts) }
}

export function oneOf<const T extends string>(choices: readonly T[]): SettingKind<T> {
  return {
    allowed: choices.join(', '),
    read: (text) => choices.find((choice) => choice.toLowerCase() === text.trim().toLowerCase()),
    accepts: (value) => choices.some((choice) => choice === value),
  }
}

/** A setting that may be left undecided. */
export function orNull<T>(kind: SettingKind<T>): SettingKind<T | null> {
  return { ...kind, accepts: (value) => value === null || kind.accepts(value) }
}

function reader(accepts: (value: unknown) => boolean) {
  return (text: string): number | undefined => {
    const value = text.trim() === '' ? Number.NaN : Number(text)
    return accepts(value) ? value : undefined
  }
}

function range(low: number, high: number): string {
  if (high !== Number.POSITIVE_INFINITY) return `from ${low} to ${high}`
  return low === Number.NEGATIVE_INFINITY ? 'of any size' : `of at least ${low}`
}

function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
