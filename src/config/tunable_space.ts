/**
 * The space of anything that is no kernel of this package: named tunables, each with the values it may
 * have, and a constraint between them. Recorded spaces are such, too.
 */
import { ConfigError } from '../support/errors.ts'
import { product } from '../support/maths.ts'
import { sha16 } from '../support/stable.ts'
import { Config, type ConfigInput } from './config.ts'
import { ALIASES, isFieldName } from './fields.ts'
import { choice, type Fragment, ordered } from './fragments.ts'
import type { NormalizeMode, SearchSpace } from './search_space.ts'
import type { Slot } from './slots.ts'
import { type ConfigData, type ConfigValue, printValue, sameValue, toConfigValue } from './value.ts'

/** Values that a tunable may have: a range, or a list of which the first is the default. */
export type TunableValues = Fragment | readonly (ConfigValue | undefined)[]

/** A range whose values are of one type. */
export interface TunableRange<Value> extends Fragment {
  /** Never there: it only says the type. */
  readonly value?: Value
}

/** The values that a search chooses for tunables. */
export type TunableConfig<Tunables extends Readonly<Record<string, TunableValues>>> = {
  readonly [Name in keyof Tunables]: Tunables[Name] extends readonly (infer Value)[]
    ? Value
    : Tunables[Name] extends TunableRange<infer Value>
      ? Value
      : ConfigValue
}

export interface TunableSpaceOptions {
  /** Which values may stand together; asked about complete configs. All may when absent. */
  readonly constraint?: ((values: ConfigData) => boolean) | undefined
  /** The only combinations there are, each complete; takes the place of a constraint. */
  readonly combinations?: readonly ConfigData[] | undefined
  /** Values to start from, instead of the tunables' own defaults. */
  readonly default?: ConfigData | undefined
}

/** Configs looked at for one that may serve as default. */
const MAX_TRIED = 100_000

export class TunableSpace implements SearchSpace {
  readonly slots: readonly Slot[]
  readonly combinations: readonly ConfigData[] | undefined
  readonly #constraint: (values: ConfigData) => boolean
  readonly #default: Config
  #fingerprint: string | undefined

  /** Throws ConfigError for a name or a value that no config can hold, or where nothing is allowed. */
  constructor(tunables: Readonly<Record<string, TunableValues>>, options: TunableSpaceOptions = {}) {
    this.combinations = options.combinations
    this.#constraint = options.constraint ?? membership(Object.keys(tunables), options.combinations)
    this.slots = Object.entries(tunables).map(([name, values]) => slotOf(name, values))
    this.#default = this.#allowedNear(this.#complete(options.default ?? {}, 'strict'))
    this.slots = Object.freeze(this.slots.map((slot) => startingAt(slot, this.#default)))
  }

  get cardinality(): number {
    return product(this.slots.map(({ fragment }) => fragment.cardinality))
  }

  /** Knows nothing of the constraint. */
  get fingerprint(): string {
    this.#fingerprint ??= sha16(
      this.slots.map(({ field, fragment }) => [field, fragment.default, fragment.fingerprint]),
    )
    return this.#fingerprint
  }

  defaultConfig(): Config {
    return this.#default
  }

  /** Repaired configs may still break the constraint, which `allows` tells. */
  normalize(config: Config | ConfigInput | ConfigData, mode: NormalizeMode): Config {
    const complete = this.#complete(config instanceof Config ? config.data : new Config(config).data, mode)
    if (mode === 'strict' && !this.allows(complete))
      throw new ConfigError(`the constraint forbids ${complete}`)
    return complete
  }

  allows({ data }: Config): boolean {
    return this.#constraint(data)
  }

  shrink(config: Config): Config {
    return config
  }

  guesses(): readonly ConfigData[] {
    return []
  }

  #complete(data: ConfigData, mode: NormalizeMode): Config {
    const values = this.slots.map(({ field, fragment }) => {
      const value = data[field] ?? fragment.default
      if (mode === 'strict' && !fragment.contains(value))
        throw new ConfigError(`the tunable ${field} is ${printValue(value)}; allowed: ${fragment.allowed}`)
      return [field, fragment.contains(value) ? value : fragment.nearest(value)] as const
    })
    const complete = Object.fromEntries(values)
    const extra = Object.keys(data).find((name) => !Object.hasOwn(complete, name))
    if (mode === 'strict' && extra !== undefined)
      throw new ConfigError(`there is no tunable ${extra}`, {
        remedy: `Known here: ${this.slots.map(({ field }) => field).join(', ')}.`,
      })
    return new Config(complete)
  }

  /** The allowed config that is fewest steps from `start`. */
  #allowedNear(start: Config): Config {
    const seen = new Set([start.hash])
    let rim = [start]
    while (rim.length > 0 && seen.size < MAX_TRIED) {
      const found = rim.find((config) => this.allows(config))
      if (found) return found
      rim = rim
        .flatMap((config) => this.#around(config))
        .filter(({ hash }) => !seen.has(hash) && seen.add(hash))
    }
    throw new ConfigError(`the constraint forbids all ${seen.size} configs looked at`, {
      remedy: 'Give a default that it allows, or correct it.',
    })
  }

  #around({ data }: Config): readonly Config[] {
    return this.slots.flatMap(({ field, fragment }) =>
      fragment.neighbors(data[field] ?? null, 1).map((value) => new Config({ ...data, [field]: value })),
    )
  }
}

/** Whether a config is one of `combinations`; of all configs true where there is no such list. */
function membership(
  names: readonly string[],
  combinations: readonly ConfigData[] | undefined,
): (values: ConfigData) => boolean {
  if (!combinations) return () => true
  const keyOf = (values: ConfigData) => JSON.stringify(names.map((name) => values[name]))
  const known = new Set(combinations.map(keyOf))
  return (values) => known.has(keyOf(values))
}

/** The decision about one tunable. Throws ConfigError for a name or a value that no config can hold. */
export function slotOf(name: string, values: TunableValues): Slot {
  if (isFieldName(name) || ALIASES.has(name))
    throw new ConfigError(`the tunable ${name} has the name of a config field`, {
      remedy: 'Give it another name.',
    })
  return Object.freeze({ field: name, fragment: isFragment(values) ? values : listed(name, values) })
}

/** Numbers are in order of size, one step from the next; of other values each is a step from any other. */
function listed(name: string, values: readonly (ConfigValue | undefined)[]): Fragment {
  const choices = values.map((value, index) => toConfigValue(value, `${name}[${index}]`))
  if (choices.length === 0)
    throw new ConfigError(`the tunable ${name} has no values`, { remedy: 'Give it at least one.' })
  if (choices.includes(null))
    throw new ConfigError(`the tunable ${name} holds null`, {
      remedy: 'Configs leave null out: use another value, such as 0 or false.',
    })
  const isDistinct = choices.every((value, index) => choices.findIndex((v) => sameValue(v, value)) === index)
  if (!isDistinct) throw new ConfigError(`the tunable ${name} holds a value twice: ${printValue(choices)}`)
  const numbers = choices.filter((value) => typeof value === 'number')
  return numbers.length === choices.length ? ordered(numbers) : choice(choices)
}

function isFragment(values: TunableValues): values is Fragment {
  return !Array.isArray(values)
}

function startingAt(slot: Slot, { data }: Config): Slot {
  const value = data[slot.field] ?? slot.fragment.default
  if (sameValue(value, slot.fragment.default)) return slot
  return Object.freeze({ ...slot, fragment: Object.freeze({ ...slot.fragment, default: value }) })
}
