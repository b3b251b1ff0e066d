/**
 * `Config`: one way to build a kernel, as frozen plain data. What can be judged without a kernel is judged
 * here (names of fields, kinds of values); whether it fits a certain kernel and device is for ConfigSpec to
 * say. Keys that are no field are user-defined tunables; a spec refuses those that the kernel did not
 * register.
 */
import { ConfigError, DataError, errorMessage } from '../support/errors.ts'
import { writeFileAtomic } from '../support/files.ts'
import { requireNode } from '../support/node.ts'
import { sha16, stableStringify } from '../support/stable.ts'
import {
  ALIASES,
  FIELDS,
  type FieldName,
  type FieldRow,
  type Indexing,
  isFieldName,
  type PidType,
} from './fields.ts'
import { type ConfigData, type ConfigValue, isList, printValue, sameValue, toConfigValue } from './value.ts'

/** What people write: fields with their types, singular aliases, and any registered tunable. */
export interface ConfigInput {
  /** Positions per tile, for each tile dimension. */
  readonly block_sizes?: readonly number[]
  /** Threads along each tile dimension. */
  readonly num_threads?: number | readonly number[]
  /** The order in which the dimensions of each loop are walked. */
  readonly loop_orders?: readonly (readonly number[])[]
  /** Whether the dimensions of a loop are walked as one. */
  readonly flatten_loops?: boolean | readonly boolean[]
  /** Tiles of the first dimension that are walked together, for the cache. */
  readonly l2_groupings?: number | readonly number[]
  /** Chunk in which a whole dimension is walked; null keeps it in registers. */
  readonly reduction_loops?: number | null | readonly (number | null)[]
  /** Rounds of each inner loop that are written out. */
  readonly range_unroll_factors?: number | readonly number[]
  /** Whether an inner loop of known length is written out whole. */
  readonly static_ranges?: boolean | readonly boolean[]
  /** Threads of a workgroup, divided by 32. */
  readonly num_warps?: number
  /** Rounds of a loop whose loads are under way at once. */
  readonly num_stages?: number
  /** How each load and store reads: pointer, block_ptr or tensor_descriptor. */
  readonly indexing?: Indexing | readonly Indexing[]
  /** Rows of a matrix product that each thread computes. */
  readonly dot_rows?: number | readonly number[]
  /** Groups of threads that share out the depth of a matrix product. */
  readonly slice_k?: number | readonly number[]
  /** How tiles are launched: flat, xyz or persistent. */
  readonly pid_type?: PidType
  /** Workgroups per compute unit of a persistent launch. */
  readonly num_sm_multiplier?: number
  readonly [aliasOrTunable: string]: ConfigValue | undefined
}

/** What `minimize` needs of a ConfigSpec. */
export interface ConfigDefaults {
  defaultConfig(): Config
}

export class Config {
  /** Field or tunable name to value, without nulls; frozen throughout. */
  readonly data: ConfigData
  #hash: string | undefined

  /** Fields that are null or undefined are left out. Throws ConfigError on an ill-typed field. */
  constructor(input: ConfigInput | ConfigData = {}) {
    this.data = Object.freeze(toData(input))
  }

  /** Positions per tile, for each tile dimension. */
  get blockSizes(): readonly number[] {
    return this.#list('block_sizes') as readonly number[]
  }
  /** Threads along each tile dimension. */
  get numThreads(): readonly number[] {
    return this.#list('num_threads') as readonly number[]
  }
  /** The order in which the dimensions of each loop are walked. */
  get loopOrders(): readonly (readonly number[])[] {
    return this.#list('loop_orders') as readonly (readonly number[])[]
  }
  /** Whether the dimensions of a loop are walked as one. */
  get flattenLoops(): readonly boolean[] {
    return this.#list('flatten_loops') as readonly boolean[]
  }
  /** Tiles of the first dimension that are walked together, for the cache. */
  get l2Groupings(): readonly number[] {
    return this.#list('l2_groupings') as readonly number[]
  }
  /** Chunk in which a whole dimension is walked; null keeps it in registers. */
  get reductionLoops(): readonly (number | null)[] {
    return this.#list('reduction_loops') as readonly (number | null)[]
  }
  /** Rounds of each inner loop that are written out. */
  get rangeUnrollFactors(): readonly number[] {
    return this.#list('range_unroll_factors') as readonly number[]
  }
  /** Whether an inner loop of known length is written out whole. */
  get staticRanges(): readonly boolean[] {
    return this.#list('static_ranges') as readonly boolean[]
  }
  /** Threads of a workgroup, divided by 32. */
  get numWarps(): number {
    return this.#value('num_warps') as number
  }
  /** Rounds of a loop whose loads are under way at once. */
  get numStages(): number {
    return this.#value('num_stages') as number
  }
  /** How each load and store reads: pointer, block_ptr or tensor_descriptor. */
  get indexing(): readonly Indexing[] {
    return this.#list('indexing') as readonly Indexing[]
  }
  /** Rows of a matrix product that each thread computes. */
  get dotRows(): readonly number[] {
    return this.#list('dot_rows') as readonly number[]
  }
  /** Groups of threads that share out the depth of a matrix product. */
  get sliceK(): readonly number[] {
    return this.#list('slice_k') as readonly number[]
  }
  /** How tiles are launched: flat, xyz or persistent. */
  get pidType(): PidType {
    return this.#value('pid_type') as PidType
  }
  /** Workgroups per compute unit of a persistent launch. */
  get numSmMultiplier(): number {
    return this.#value('num_sm_multiplier') as number
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
    return new Config(asObject(typeof source === 'string' ? parseJson(source) : source))
  }

  /** Writes indented JSON; creates folders; readers see the old or the new file. Node only. */
  save(path: string): void {
    writeFileAtomic(path, `${JSON.stringify(this.data, null, 2)}\n`)
  }

  /**
   * Reads what `save` wrote. Throws DataError naming the file when it is missing or not a config. Node only.
   */
  static load(path: string): Config {
    const fs = requireNode('fs', 'Config.load')
    try {
      return Config.fromJSON(fs.readFileSync(path, 'utf8'))
    } catch (error) {
      throw new DataError(`cannot load a config from ${path}: ${errorMessage(error)}`, { cause: error })
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
  toString(): string {
    const entries = Object.entries(this.data).map(
      ([name, value]) => `${propertyName(name)}: ${printValue(value)}`,
    )
    return entries.length > 0 ? `new Config({ ${entries.join(', ')} })` : 'new Config()'
  }

  #value(field: FieldName): ConfigValue {
    return this.data[field] ?? FIELDS[field].default
  }

  #list(field: FieldName): readonly ConfigValue[] {
    const value = this.data[field]
    if (value === undefined) return []
    return isList(value) ? value : [value]
  }
}

/** Reads one parsed JSON value as the data of a config; throws DataError on anything but an object. */
function asObject(value: unknown): ConfigData {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as ConfigData
  throw new DataError(`a config is a JSON object, not ${JSON.stringify(value)}`)
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (error) {
    throw new DataError(`a config must be JSON: ${errorMessage(error)}`, { cause: error })
  }
}

function toData(input: ConfigInput | ConfigData): ConfigData {
  const data: Record<string, ConfigValue> = {}
  for (const [name, raw] of Object.entries(input)) {
    if (raw === undefined || raw === null) continue
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
