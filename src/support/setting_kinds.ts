/**
 * Kinds of settings: one reader each, for values that code passes and for the text of an environment
 * variable, so that what one may say the other may, too. A reader returns `undefined` for what means nothing.
 */

import { readText } from './files.ts'
import { parseJson } from './json.ts'
import { LOG_LEVELS } from './log.ts'

export interface SettingKind<T> {
  /** Completes the sentence "allowed: …". */
  readonly allowed: string
  /** The setting behind a value or its text. */
  readonly read: (value: unknown) => T | undefined
  /** True where messages must not show a value, not even a wrong one. */
  readonly hidden?: boolean
}

/** A JSON object. */
export type JsonObject = Readonly<Record<string, unknown>>

const TRUE = ['1', 'true', 'yes', 'on']
const FALSE = ['0', 'false', 'no', 'off']

export const BOOLEAN: SettingKind<boolean> = {
  allowed: `${TRUE.join(', ')} or ${FALSE.join(', ')}`,
  read(value) {
    if (typeof value === 'boolean') return value
    const word = wordOf(value)
    return TRUE.includes(word) ? true : FALSE.includes(word) ? false : undefined
  },
}

export const TEXT: SettingKind<string> = {
  allowed: 'any text',
  read: (value) => (typeof value === 'string' ? value : undefined),
}

/** Names separated by commas, or a list of them. */
export const NAMES: SettingKind<readonly string[]> = {
  allowed: 'names separated by commas',
  read(value) {
    const names = typeof value === 'string' ? value.split(',') : value
    if (!Array.isArray(names) || !names.every((name) => typeof name === 'string')) return undefined
    return Object.freeze(names.flatMap((name) => name.trim() || []))
  },
}

/** A logging level by name, or its number; 0 is silence. */
export const LOG_LEVEL: SettingKind<number> = {
  allowed: `${Object.keys(LOG_LEVELS).join(', ')}, or a number from 0 (silent) to 100`,
  read(value) {
    const name = wordOf(value)
    const level = (LOG_LEVELS as Readonly<Record<string, number>>)[name] ?? number(0, 100).read(value)
    return level === 0 ? LOG_LEVELS.silent : level
  },
}

/** A JSON object: itself, its text, or the path of a file that holds one. */
export const JSON_OBJECT: SettingKind<JsonObject> = {
  allowed: 'a JSON object, or the path of a file that holds one',
  read: (value) => fromJson('{', value, isObject),
}

/** A list of JSON objects, likewise. */
export const JSON_OBJECTS: SettingKind<readonly JsonObject[]> = {
  allowed: 'a list of configs',
  read: (value) => fromJson('[', value, (list) => Array.isArray(list) && list.every(isObject)),
}

function fromJson<T>(opening: string, value: unknown, accepts: (value: unknown) => boolean): T | undefined {
  if (typeof value !== 'string') return accepts(value) ? (value as T) : undefined
  try {
    const json = value.trim().startsWith(opening) ? value : readText(value)
    const parsed = parseJson(json)
    return accepts(parsed) ? (parsed as T) : undefined
  } catch {
    return undefined
  }
}

/** A number from `low` to `high`, both included. */
export function number(low: number, high: number = Number.POSITIVE_INFINITY): SettingKind<number> {
  const fits = (value: number) => value >= low && value <= high
  return { allowed: `a number ${range(low, high)}`, read: numberReader(fits) }
}

/** An integer from `low` to `high`, both included. */
export function integer(low: number, high: number = Number.POSITIVE_INFINITY): SettingKind<number> {
  const fits = (value: number) => Number.isInteger(value) && value >= low && value <= high
  return { allowed: `an integer ${range(low, high)}`, read: numberReader(fits) }
}

export function oneOf<const T extends string>(choices: readonly T[]): SettingKind<T> {
  return {
    allowed: choices.join(', '),
    read: (value) => choices.find((choice) => choice.toLowerCase() === wordOf(value)),
  }
}

/** A setting that may be left undecided: `null`, as a value or as text. */
export function orNull<T>(kind: SettingKind<T>): SettingKind<T | null> {
  return { ...kind, read: (value) => (value === null || value === 'null' ? null : kind.read(value)) }
}

function wordOf(value: unknown): string {
  return typeof value === 'string' || typeof value === 'number' ? String(value).trim().toLowerCase() : ''
}

function numberReader(fits: (value: number) => boolean) {
  return (value: unknown): number | undefined => {
    const isText = typeof value === 'string' && value.trim() !== ''
    const read = isText ? Number(value) : value
    return typeof read === 'number' && fits(read) ? read + 0 : undefined
  }
}

function range(low: number, high: number): string {
  if (high !== Number.POSITIVE_INFINITY) return `from ${low} to ${high}`
  return low === Number.NEGATIVE_INFINITY ? 'of any size' : `of at least ${low}`
}

function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
