/**
 * What a stored search result holds, and how one is read: nothing in the file is taken on trust. A file may
 * be torn, of another version, or somebody else's.
 */
import { Config } from '../../config/config.ts'
import type { ConfigData } from '../../config/value.ts'
import { DataError } from '../../support/errors.ts'
import { EFFORTS, type Effort } from '../../support/settings.ts'

/** Everything that decides which config is best. All texts; equal keys mean equal tasks. */
export interface CacheKey {
  readonly kernel: string
  /** Hash of the kernel's IR: its code, helpers and sizes included, formatting and comments not. */
  readonly ir: string
  /** Dtypes, ranks and size classes of the arguments. */
  readonly specialization: string
  /** `ConfigSpec.fingerprint`. */
  readonly space: string
  readonly device: string
  readonly driver: string
  /** Dawn's version, or the browser's. */
  readonly runtime: string
  /** Settings that change code, accuracy or the set of configs. */
  readonly settings: string
}

export interface StoredConfig {
  readonly config: ConfigData
  readonly ms: number
  readonly spread: number
}

export interface CacheEntry extends StoredConfig {
  readonly key: CacheKey
  readonly effort: Effort
  readonly search: string
  /** Configs measured, and seconds that took. */
  readonly tested: number
  readonly seconds: number
  /** ISO time. */
  readonly createdAt: string
  /** The next best configs, fastest first. */
  readonly runnersUp: readonly StoredConfig[]
}

const KEY_FIELDS = [
  'kernel',
  'ir',
  'specialization',
  'space',
  'device',
  'driver',
  'runtime',
  'settings',
] as const satisfies readonly (keyof CacheKey)[]

/** An entry from a file's text. Throws DataError or ConfigError with what is wrong with it. */
export function parseEntry(text: string): CacheEntry {
  const entry = objectIn(json(text), 'it')
  const effort = EFFORTS.find((known) => known === entry.effort)
  if (!effort) throw new DataError(`it has no effort that is known, but ${show(entry.effort)}`)
  const { runnersUp = [] } = entry
  if (!Array.isArray(runnersUp)) throw new DataError(`its runnersUp are ${show(runnersUp)}, not a list`)
  return {
    ...storedConfig(entry, 'its'),
    key: parseKey(objectIn(entry.key, 'its key')),
    effort,
    search: typeof entry.search === 'string' ? entry.search : '',
    tested: numberOr(entry.tested, 0),
    seconds: numberOr(entry.seconds, 0),
    createdAt: typeof entry.createdAt === 'string' ? entry.createdAt : '',
    runnersUp: runnersUp.map((one: unknown) => storedConfig(objectIn(one, 'a runner-up'), "a runner-up's")),
  }
}

function json(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    throw new DataError('it is no JSON')
  }
}

function parseKey(key: Readonly<Record<string, unknown>>): CacheKey {
  const fields = KEY_FIELDS.map((field) => {
    const value = key[field]
    if (typeof value !== 'string') throw new DataError(`its key has the ${field} ${show(value)}, not a text`)
    return [field, value] as const
  })
  return Object.fromEntries(fields) as Record<keyof CacheKey, string>
}

/** Times that are not known are NaN, which JSON writes as null. */
function storedConfig(stored: Readonly<Record<string, unknown>>, whose: string): StoredConfig {
  const config = Config.fromJSON(objectIn(stored.config, `${whose} config`)).data
  const time = (name: 'ms' | 'spread'): number => {
    const value = stored[name] ?? Number.NaN
    if (typeof value === 'number' && !(value < 0)) return value
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
  return typeof value === 'number' ? value : otherwise
}

function show(value: unknown): string {
  const text = JSON.stringify(value) ?? 'missing'
  return text.length > 60 ? `${text.slice(0, 60)}…` : text
}
