/**
 * What a stored search result holds, and how one is read: nothing in the text is taken on trust. It may be
 * torn, of another version, or somebody else's.
 */
import { Config } from '../../config/config.ts'
import type { ConfigData } from '../../config/value.ts'
import { DataError } from '../../support/errors.ts'
import { parseJson } from '../../support/json.ts'
import { EFFORTS, type Effort } from '../../support/settings.ts'
import { EFFORT_RANK } from '../search/session/effort_profiles.ts'
import {
  type CacheKey,
  differingFields,
  isKeyKind,
  KEY_FIELDS,
  type KeyField,
  type KeyKind,
} from './cache_key.ts'

/** A config with its time, as it was stored. */
export interface StoredConfig {
  /** Its fields. */
  readonly config: ConfigData
  /** Median time of a launch in milliseconds; NaN when it is not known. */
  readonly ms: number
  /** How far its samples lie apart, relative to the median. */
  readonly spread: number
}

/** A stored search result, with the key that it is stored under. */
export interface CacheEntry extends StoredConfig {
  /** Which fields of the key the entry is stored under; the others only tell where it comes from. */
  readonly kind: KeyKind
  /** The task that it was found for. */
  readonly key: CacheKey
  /** How thorough the search was. */
  readonly effort: Effort
  /** Name of the search; empty when a config was stored by hand. */
  readonly search: string
  /** Configs that were measured. */
  readonly tested: number
  /** How long that took. */
  readonly seconds: number
  /** ISO time. */
  readonly createdAt: string
  /** The next best configs, fastest first. */
  readonly runnersUp: readonly StoredConfig[]
  /** Configs that never ended and cost the device: they are not tried again. */
  readonly hung: readonly ConfigData[]
}

/** Larger texts are no entries. */
export const MAX_ENTRY_BYTES: number = 2 ** 20

/** What a text is refused with that is longer than an entry may be. */
export function tooLong(): DataError {
  return new DataError(`it has more than the ${MAX_ENTRY_BYTES} bytes that are allowed`)
}

/** The text of an entry, as it is stored. */
export function entryText(entry: CacheEntry): string {
  return `${JSON.stringify(entry, null, 2)}\n`
}

/** An entry from a stored text. Throws DataError or ConfigError with what is wrong with it. */
export function parseEntry(text: string): CacheEntry {
  const entry = objectIn(json(text), 'it')
  const effort = EFFORTS.find((known) => known === entry.effort)
  if (!effort) throw new DataError(`it has no effort that is known, but ${show(entry.effort)}`)
  // The first versions had one kind of key, which did not know their own.
  const { runnersUp = [], hung = [], kind = 'strict' } = entry
  if (!isKeyKind(kind)) throw new DataError(`it has no kind that is known, but ${show(kind)}`)
  if (!Array.isArray(runnersUp)) throw new DataError(`its runnersUp are ${show(runnersUp)}, not a list`)
  if (!Array.isArray(hung)) throw new DataError(`its hung are ${show(hung)}, not a list`)
  return {
    ...storedConfig(entry, 'its'),
    kind,
    key: parseKey({ tool: '', ...objectIn(entry.key, 'its key') }),
    effort,
    search: typeof entry.search === 'string' ? entry.search : '',
    tested: numberOr(entry.tested, 0),
    seconds: numberOr(entry.seconds, 0),
    createdAt: typeof entry.createdAt === 'string' ? entry.createdAt : '',
    runnersUp: runnersUp.map((one: unknown) => storedConfig(objectIn(one, 'a runner-up'), "a runner-up's")),
    hung: hung.map((one: unknown) => Config.fromJSON(objectIn(one, 'one of its hung')).data),
  }
}

/** Whether a search of the entry's effort was at least as thorough as one of `effort`. */
export function isEnough(entry: CacheEntry, effort: Effort): boolean {
  return EFFORT_RANK[entry.effort] >= EFFORT_RANK[effort]
}

/** In words, what keeps the entry from being the answer to `key`; empty when nothing does. */
export function differences(
  entry: CacheEntry,
  key: CacheKey,
  kind: KeyKind,
  effort: Effort,
): readonly string[] {
  const fields = differingFields(entry.key, key, kind).map(
    (field) =>
      `${field} (${KEY_FIELDS[field]}): stored ${told(entry.key[field])}, asked for ${told(key[field])}`,
  )
  if (isEnough(entry, effort)) return fields
  return [...fields, `effort: stored ${entry.effort}, asked for ${effort}`]
}

function told(text: string): string {
  return text === '' ? 'nothing' : text
}

function json(text: string): unknown {
  try {
    return parseJson(text)
  } catch {
    throw new DataError('it is no JSON')
  }
}

function parseKey(key: Readonly<Record<string, unknown>>): CacheKey {
  const fields = (Object.keys(KEY_FIELDS) as KeyField[]).map((field) => {
    const value = key[field]
    if (typeof value !== 'string') throw new DataError(`its key has the ${field} ${show(value)}, not a text`)
    return [field, value] as const
  })
  return Object.fromEntries(fields) as Record<KeyField, string>
}

/** Times that are not known are NaN, which JSON writes as null. */
function storedConfig(stored: Readonly<Record<string, unknown>>, whose: string): StoredConfig {
  const config = Config.fromJSON(objectIn(stored.config, `${whose} config`)).data
  const time = (name: 'ms' | 'spread'): number => {
    const value = stored[name] ?? Number.NaN
    if (typeof value === 'number' && !(value < 0) && value !== Number.POSITIVE_INFINITY) return value
    throw new DataError(`${whose} ${name} is ${show(value)}, not a number of 0 or more`)
  }
  return { config, ms: time('ms'), spread: time('spread') }
}

function objectIn(value: unknown, what: string): Readonly<Record<string, unknown>> {
  if (typeof value === 'object' && value !== null && !Array.isArray(value))
    return value as Readonly<Record<string, unknown>>
  throw new DataError(`${what} is ${show(value)}, not an object`)
}

function numberOr(value: unknown, otherwise: number): number {
  return typeof value === 'number' && Number.isFinite(value) ? value : otherwise
}

function show(value: unknown): string {
  const text = JSON.stringify(value) ?? 'missing'
  return text.length > 60 ? `${text.slice(0, 60)}…` : text
}
