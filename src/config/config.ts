/**
 * `Config`: one way to build a kernel, as frozen plain data. What can be judged without a kernel is judged
 * here (names of fields, kinds of values); whether it fits a certain kernel and device is for ConfigSpec to
 * say. Keys that are no field are user-defined tunables; a spec refuses those that the kernel did not
 * register.
 */
import { ConfigError, DataError, errorMessage, HelionError } from '../support/errors.ts'
import { fileError } from '../support/file_errors.ts'
import { readText, writeFileAtomic } from '../support/files.ts'
import { parseJson } from '../support/json.ts'
import { shown } from '../support/signature.ts'
import { sha16, stableStringify } from '../support/stable.ts'
import { ConfigFields } from './field_getters.ts'
import type { FieldRow } from './field_row.ts'
import type { FieldInputs } from './field_types.ts'
import { ALIASES, FIELDS, type FieldName, isFieldName } from './fields.ts'
import { type ConfigData, type ConfigValue, isList, printValue, sameValue, toConfigValue } from './value.ts'

/** What people write: fields with their types, singular aliases, and any registered tunable. */
export interface ConfigInput extends FieldInputs {
  readonly [aliasOrTunable: string]: ConfigValue | undefined
}

/** What `minimize` needs of a ConfigSpec. */
export interface ConfigDefaults {
  defaultConfig(): Config
}

/** One way to build a kernel: fields by name, frozen. What it leaves out is the default of the kernel. */
export class Config extends ConfigFields {
  /** Field or tunable name to value, without nulls; frozen throughout. */
  declare readonly data: ConfigData
  #hash: string | undefined

  /** Fields that are null or undefined are left out. Throws ConfigError on an ill-typed field. */
  constructor(input: ConfigInput | ConfigData = {}) {
    super(Object.freeze(toData(input)))
  }

  /** 16 hex digits that depend on the contents only. */
  get hash(): string {
    this.#hash ??= sha16(this.data)
    return this.#hash
  }

  /** Whether both have the same fields. */
  equals(other: Config): boolean {
    return this === other || stableStringify(this.data) === stableStringify(other.data)
  }

  /** The plain data, so that `JSON.stringify(config)` works. */
  toJSON(): ConfigData {
    return this.data
  }

  /** From JSON text or parsed JSON; throws DataError when the text is not JSON. */
  static fromJSON(source: string | object): Config {
    return new Config(asObject(typeof source === 'string' ? fromText(source) : source))
  }

  /**
   * Writes indented JSON; creates folders; readers see the old or the new file. Throws DataError where that
   * cannot be. Node only.
   */
  save(path: string): void {
    try {
      writeFileAtomic(path, `${JSON.stringify(this.data, null, 2)}\n`)
    } catch (error) {
      throw fileError(error) ?? error
    }
  }

  /**
   * Reads what `save` wrote. Throws DataError naming the file when it is missing or not a config. Node only.
   */
  static load(path: string): Config {
    try {
      return Config.fromJSON(readText(path))
    } catch (error) {
      const { what, remedy } = error instanceof HelionError ? error : (fileError(error, path) ?? {})
      throw new DataError(`cannot load a config from ${path}: ${what ?? errorMessage(error)}`, {
        remedy: remedy ?? 'Write one there with config.save(path).',
        cause: error,
      })
    }
  }

  /** Without the entries that `spec` would fill in by itself; `block_sizes` always stay. */
  minimize(spec: ConfigDefaults): Config {
    const defaults = spec.defaultConfig().data
    const entries = Object.entries(this.data).filter(
      ([name, value]) => name === 'block_sizes' || !sameValue(value, defaults[name] ?? null),
    )
    return new Config(Object.fromEntries(entries))
  }

  /** TypeScript to paste into a kernel's options. */
  override toString(): string {
    const entries = Object.entries(this.data).map(
      ([name, value]) => `${propertyName(name)}: ${printValue(value)}`,
    )
    return entries.length > 0 ? `new Config({ ${entries.join(', ')} })` : 'new Config()'
  }
}

/** Reads one parsed JSON value as the data of a config; throws DataError on anything but an object. */
function asObject(value: unknown): ConfigData {
  if (isFields(value)) return value
  throw new DataError(`a config is a JSON object, not ${JSON.stringify(value)}`)
}

function isFields(value: unknown): value is ConfigData {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function fromText(text: string): unknown {
  try {
    return parseJson(text)
  } catch (error) {
    throw new DataError(`a config must be JSON: ${errorMessage(error)}`, { cause: error })
  }
}

/** Data that a space has made: there is nothing to check. */
const MADE = new WeakSet<object>()

/**
 * The data of a config whose names and values come from a space, for `new Config`: frozen throughout, without
 * nulls. Searches make many configs, and checking is most of the work.
 */
export function madeData(values: Record<string, ConfigValue>): ConfigData {
  const data: Record<string, ConfigValue> = {}
  for (const name in values) {
    const value = values[name]
    if (value !== undefined && value !== null) data[name] = frozen(value)
  }
  MADE.add(Object.freeze(data))
  return data
}

function frozen(value: ConfigValue): ConfigValue {
  if (!isList(value) || Object.isFrozen(value)) return value
  for (const entry of value) frozen(entry)
  return Object.freeze(value)
}

function toData(input: ConfigInput | ConfigData): ConfigData {
  if (!isFields(input))
    throw new ConfigError(`a config is an object of fields, not ${shown(input)}`, {
      remedy: 'Write new Config({ num_warps: 4 }), with the fields by their names.',
    })
  if (MADE.has(input)) return input as ConfigData
  const data: Record<string, ConfigValue> = {}
  for (const [name, raw] of Object.entries(input)) {
    if (raw === undefined || raw === null) continue
    if (name === '__proto__') throw new ConfigError('config has a field named __proto__, which is no name')
    const field = ALIASES.get(name) ?? name
    if (field !== name && (input as ConfigData)[field] !== undefined)
      throw new ConfigError(`config has both ${name} and ${field}`, { remedy: `Keep ${field}.` })
    const value = toConfigValue(field === name ? raw : [raw], name)
    if (isFieldName(field)) checkField(field, value)
    data[field] = value
  }
  return data
}

function checkField(field: FieldName, value: ConfigValue): void {
  const row: FieldRow = FIELDS[field]
  if (row.per !== 'kernel' && isList(value)) {
    for (const [index, entry] of value.entries())
      if (!row.entry.accepts(entry)) throw fieldError(`${field}[${index}]`, entry, row)
  } else if (!row.entry.accepts(value)) throw fieldError(field, value, row)
}

function fieldError(place: string, value: ConfigValue, row: FieldRow): ConfigError {
  const list = row.per === 'kernel' ? '' : `, one for each ${row.per}`
  return new ConfigError(
    `config field ${place} is ${printValue(value)}; allowed: ${row.entry.allowed}${list}`,
  )
}

function propertyName(name: string): string {
  return /^[A-Za-z_$][\w$]*$/.test(name) ? name : printValue(name)
}
