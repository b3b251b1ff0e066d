/**
 * `ConfigSpec`: the search space of one kernel on one device, and the judge of configs for it. People's
 * configs are normalised strictly (what does not fit is an error), a search's candidates are repaired
 * instead.
 */
import { ConfigError, orRefusal, withRemedy } from '../support/errors.ts'
import { warnOnce } from '../support/log.ts'
import { product } from '../support/maths.ts'
import { sha16 } from '../support/stable.ts'
import { isTuple, type TupleFragment } from './composite_fragments.ts'
import { Config, type ConfigInput, madeData } from './config.ts'
import { COUPLING_RULES } from './coupling_rules.ts'
import { type ActingField, FIELDS, isActing, isFieldName } from './fields.ts'
import { INERT_FIELDS, type InertField } from './inert_fields.ts'
import type { NormalizeMode, SearchSpace } from './search_space.ts'
import { seedConfigs } from './seed_configs.ts'
import { type Build, shrinkToBuild } from './shrink_to_build.ts'
import { type Slot, slotsOf } from './slots.ts'
import type { ConfigSpecInput } from './spec_input.ts'
import { shrinkBlockSizes } from './tile_sizes.ts'
import { type ConfigData, type ConfigValue, isList, printValue, sameValue } from './value.ts'

export class ConfigSpec implements SearchSpace {
  readonly input: ConfigSpecInput
  readonly #build: Build
  /** The decisions with estimated defaults: all that complete configs are checked by. */
  readonly #ranges: readonly Slot[]
  readonly #rangeOf: ReadonlyMap<string, Slot>
  #slots: readonly Slot[] | undefined
  #default: Config | undefined
  #fingerprint: string | undefined

  /** `build` has the last word on the default config. */
  constructor(input: ConfigSpecInput, build: Build = () => undefined) {
    this.input = Object.freeze({ ...input })
    this.#build = build
    for (const name of Object.keys(input.tunables ?? {}))
      if (isFieldName(name)) throw new ConfigError(`the tunable ${name} has the name of a config field`)
    this.#ranges = slotsOf(input)
    this.#rangeOf = new Map(this.#ranges.map((slot) => [slot.field, slot]))
  }

  /** The same kernel with some of its space taken away. */
  narrowed(changes: Partial<ConfigSpecInput>): ConfigSpec {
    return new ConfigSpec({ ...this.input, ...changes }, this.#build)
  }

  /** The decisions of this space, in search order. */
  get slots(): readonly Slot[] {
    if (!this.#slots) {
      const { data } = this.defaultConfig()
      this.#slots = Object.freeze(this.#ranges.map((slot) => startingAt(slot, data[slot.field])))
    }
    return this.#slots
  }

  /** How many configs the slots can form before coupling rules merge some of them. */
  get cardinality(): number {
    return product(this.#ranges.map(({ fragment }) => fragment.cardinality))
  }

  /** Changes whenever the space does: slots, ranges, defaults and size hints. */
  get fingerprint(): string {
    this.#fingerprint ??= sha16([
      this.slots.map(({ field, fragment }) => [field, fragment.default, fragment.fingerprint]),
      this.input.tiles,
    ])
    return this.#fingerprint
  }

  /**
   * The config used when nothing better is known: an estimate, made smaller until the compiler takes it.
   * Throws ConfigError where that takes nothing at all.
   */
  defaultConfig(): Config {
    if (!this.#default) {
      const estimate = this.shrink(new Config(), Number.POSITIVE_INFINITY)
      this.#default = this.#shrunk(this.#normalized(estimate, 'repair', estimatedDefault))
    }
    return this.#default
  }

  /** Rules between fields repair; they exclude nothing. */
  allows(): boolean {
    return true
  }

  guesses(): readonly ConfigData[] {
    return seedConfigs(this.input)
  }

  /** Why the compiler does not take a complete config; undefined when it does. */
  refusal(config: Config): ConfigError | undefined {
    return this.#build(config)
  }

  /** The refusal of a complete config, with a way out that the compiler takes. */
  explain(refusal: ConfigError, config: Config): ConfigError {
    if (!refusal.excess) return refusal
    const built = orRefusal(() => this.#shrunk(config))
    if (built instanceof ConfigError) return built
    const fields = Object.entries(built.data)
      .filter(([name, value]) => !sameValue(value, config.data[name] ?? null))
      .map(([name, value]) => `${name}: ${printValue(value)}`)
    return fields.length === 0
      ? refusal
      : withRemedy(refusal, `With ${fields.join(' and ')} it can be built.`)
  }

  #shrunk(config: Config): Config {
    return shrinkToBuild(config, this.input, this.#build)
  }

  /** A complete config of this space: aliases resolved, gaps filled, scalars repeated, ranges respected. */
  normalize(config: Config | ConfigInput | ConfigData, mode: NormalizeMode): Config {
    const given = config instanceof Config ? config : new Config(config)
    return this.#normalized(
      given,
      mode,
      ({ field, fragment }) => this.defaultConfig().data[field] ?? fragment.default,
    )
  }

  #normalized(given: Config, mode: NormalizeMode, gap: (slot: Slot) => ConfigValue): Config {
    const data: Record<string, ConfigValue> = {}
    for (const slot of this.#ranges)
      data[slot.field] = this.#fit(slot, given.data[slot.field] ?? gap(slot), mode)
    for (const rule of COUPLING_RULES) rule(data, mode, this.input)
    return new Config(madeData({ ...data, ...this.#leftovers(given.data, mode) }))
  }

  /** `config` with block sizes halved until no tile holds more than that many elements per thread. */
  shrink(config: Config, maxElementsPerThread: number): Config {
    const full = this.#filled(config)
    if (this.input.blocks.length === 0) return full
    const sizes = shrinkBlockSizes(
      this.input,
      full.blockSizes,
      full.reductionLoops,
      maxElementsPerThread * full.numWarps * 32,
    )
    if (sameValue(sizes, full.blockSizes)) return full
    return new Config(madeData({ ...full.data, block_sizes: sizes }))
  }

  #filled(config: Config): Config {
    if (this.#ranges.every(({ field }) => Object.hasOwn(config.data, field))) return config
    const data = Object.fromEntries(
      this.#ranges.map((slot) => [
        slot.field,
        this.#fit(slot, config.data[slot.field] ?? estimatedDefault(slot), 'repair'),
      ]),
    )
    return new Config({ ...config.data, ...data })
  }

  #fit({ field, fragment }: Slot, given: ConfigValue, mode: NormalizeMode): ConfigValue {
    const value = isTuple(fragment) ? broadcast(field, fragment, given, mode) : given
    if (mode === 'repair' || (isFieldName(field) && FIELDS[field].fitted)) return fragment.nearest(value)
    if (fragment.contains(value)) return value
    throw new ConfigError(`config field ${field} is ${printValue(given)}; allowed: ${fragment.allowed}`)
  }

  /** Keys without a slot: fields that mean nothing here, and what does not belong into this config at all. */
  #leftovers(given: ConfigData, mode: NormalizeMode): ConfigData {
    const inert: Partial<Record<InertField, ConfigValue>> = {}
    for (const [name, value] of Object.entries(given)) {
      if (this.#rangeOf.has(name)) continue
      if (isFieldName(name) && !isActing(name)) inert[name] = value
      else if (mode === 'strict') this.#refuseUnlessIdle(name, value)
    }
    warnAboutInert(Object.keys(inert) as InertField[])
    // A search would take equal programs for different ones.
    return mode === 'strict' ? inert : {}
  }

  #refuseUnlessIdle(name: string, value: ConfigValue): void {
    if (!isFieldName(name))
      throw new ConfigError(`config has the unknown field ${name}`, {
        remedy: `Known here: ${this.#ranges.map(({ field }) => field).join(', ')}.`,
      })
    const { per, default: idle } = FIELDS[name as ActingField]
    const entries = isList(value) ? value : [value]
    if (per === 'kernel' || entries.every((entry) => sameValue(entry, idle))) return
    throw new ConfigError(`config field ${name} is ${printValue(value)}, but this kernel has no ${per}`, {
      remedy: `Remove ${name}.`,
    })
  }
}

function estimatedDefault({ fragment }: Slot): ConfigValue {
  return fragment.default
}

/** The slot with another default. */
function startingAt(slot: Slot, value: ConfigValue | undefined): Slot {
  if (value === undefined || sameValue(value, slot.fragment.default)) return slot
  return Object.freeze({ ...slot, fragment: Object.freeze({ ...slot.fragment, default: value }) })
}

/**
 * A scalar stands for every place; a list must have the right length, or is cut and filled when repairing.
 */
function broadcast(
  field: string,
  fragment: TupleFragment,
  value: ConfigValue,
  mode: NormalizeMode,
): ConfigValue {
  const count = fragment.items.length
  if (!isList(value)) return Array.from({ length: count }, () => value)
  if (value.length === count || mode === 'repair') return value
  const per = isFieldName(field) ? FIELDS[field].per : 'place'
  const what = `config field ${field} has ${value.length} entries (${printValue(value)})`
  throw new ConfigError(`${what}; this kernel takes ${count}, one for each ${per}`)
}

function warnAboutInert(names: readonly InertField[]): void {
  if (names.length === 0) return
  const reasons = names.map((name) => `${name} (${INERT_FIELDS[name].reason})`)
  warnOnce(`config fields ${names.join()}`, `helion-aot: the config ignores ${reasons.join(', ')}`)
}
