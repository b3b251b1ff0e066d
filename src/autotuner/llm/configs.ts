/**
 * Configs out of a model's answer. What it says is data and nothing else: names that are no fields of the
 * space are passed over, values are checked one by one, and what remains is a config of the space like any
 * other. No text of the answer goes further.
 */
import { isTuple } from '../../config/composite_fragments.ts'
import { Config } from '../../config/config.ts'
import { ALIASES } from '../../config/fields.ts'
import type { Fragment } from '../../config/fragments.ts'
import type { Slot } from '../../config/slots.ts'
import { type ConfigValue, isList, toConfigValue } from '../../config/value.ts'
import { ConfigError } from '../../support/errors.ts'
import type { ConfigGeneration } from '../search/session/config_generation.ts'
import { jsonIn } from './json_in_text.ts'
import { LlmError } from './llm_error.ts'
import { isObject } from './providers.ts'

export interface ReadAnswer {
  /** Complete and different, in the order of the answer. */
  readonly configs: readonly Config[]
  /** Why others were left out, each reason once, in our words. */
  readonly refusals: readonly string[]
}

/** Entries of an answer that are looked at, for each config that was asked for. */
const MOST_ENTRIES = 4

/** The first `count` configs of an answer. Throws LlmError when it holds no list of any. */
export function readAnswer(answer: string, generation: ConfigGeneration, count: number): ReadAnswer {
  const entries = entriesIn(answer).slice(0, MOST_ENTRIES * count)
  const configs = new Map<string, Config>()
  const refusals = new Set<string>()
  for (const entry of entries) {
    if (configs.size >= count) break
    const config = readConfig(entry, generation, refusals)
    if (config) configs.set(config.hash, config)
  }
  return { configs: [...configs.values()], refusals: [...refusals] }
}

/** `{"configs": [...]}` or a bare list; else whatever single objects there are, as of an answer cut off. */
function entriesIn(answer: string): readonly unknown[] {
  const loose: unknown[] = []
  for (const value of jsonIn(answer)) {
    if (Array.isArray(value) && value.some(isObject)) return value
    if (!isObject(value)) continue
    const listed = ownValue(value, 'configs')
    if (Array.isArray(listed)) return listed
    loose.push(value)
  }
  if (loose.length > 0) return loose
  throw new LlmError('the answer holds no configs', {
    remedy: 'Another model may do better.',
  })
}

function readConfig(entry: unknown, generation: ConfigGeneration, refusals: Set<string>): Config | undefined {
  if (!isObject(entry)) {
    refusals.add('a config is an object')
    return undefined
  }
  try {
    const sparse = readFields(entry, generation.spec.slots)
    return generation.canonical(new Config(sparse))
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    refusals.add(error.what)
    return undefined
  }
}

/** The fields of an entry that the space has; throws ConfigError for one that cannot have such a value. */
function readFields(entry: Readonly<Record<string, unknown>>, slots: readonly Slot[]) {
  const fields = slots.flatMap(({ field, fragment }) => {
    const names = [field, ...[...ALIASES].flatMap(([alias, name]) => (name === field ? [alias] : []))]
    const given = names.map((name) => ownValue(entry, name)).find((value) => value !== undefined)
    return given === undefined ? [] : [[field, readField(field, fragment, given)] as const]
  })
  if (fields.length === 0) throw new ConfigError('a config names at least one field of the space')
  return Object.fromEntries(fields)
}

function readField(field: string, fragment: Fragment, given: unknown): ConfigValue {
  const refuse = (): never => {
    throw new ConfigError(`${field}: allowed is ${fragment.allowed}`)
  }
  const value = isPlain(given) ? toConfigValue(given, field) : refuse()
  if (!isTuple(fragment)) return fits(fragment, value) ? value : refuse()
  const { items } = fragment
  const list = isList(value) ? value : items.map(() => value)
  const isRight = list.length === items.length && items.every((item, at) => fits(item, list[at] ?? null))
  return isRight ? list : refuse()
}

/** A value of the range, or a number of a range of numbers, which is brought into it later. */
function fits(fragment: Fragment, value: ConfigValue): boolean {
  if (fragment.contains(value)) return true
  return typeof value === 'number' && typeof fragment.nearest(value) === 'number'
}

/** Scalars, and lists of them; lists in lists are needed for orders of loops. */
function isPlain(value: unknown, depth = 0): boolean {
  if (Array.isArray(value)) return depth < 2 && value.every((entry) => isPlain(entry, depth + 1))
  return value === null || ['boolean', 'number', 'string'].includes(typeof value)
}

function ownValue(object: Readonly<Record<string, unknown>>, name: string): unknown {
  return Object.hasOwn(object, name) ? object[name] : undefined
}
