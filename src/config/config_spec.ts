/**
 * `ConfigSpec`: the search space of one kernel on one device, and the judge of configs for it. People's
 * configs are normalised strictly (what does not fit is an error), a search's candidates are repaired
 * instead.
 */
import { ConfigError } from '../support/errors.ts'
import { warnOnce } from '../support/log.ts'
import { product } from '../support/maths.ts'
import { sha16 } from '../support/stable.ts'
import { isTuple, type TupleFragment } from './composite_fragments.ts'
import { Config, type ConfigInput } from './config.ts'
import { COUPLING_RULES } from './coupling_rules.ts'
import { type ActingField, FIELDS, isFieldName } from './fields.ts'
import { type Slot, slotsOf } from './slots.ts'
import type { ConfigSpecInput } from './spec_input.ts'
import { shrinkBlockSizes } from './tile_sizes.ts'
import { type ConfigData, type ConfigValue, isList, printValue, sameValue } from './value.ts'

/** `strict`: what does not fit raises ConfigError; `repair`: it becomes the nearest thing that fits. */
export type NormalizeMode = 'strict' | 'repair'

export class ConfigSpec {
  readonly input: ConfigSpecInput
  /** The decisions of this space, in search order. */
  readonly slots: readonly Slot[]
  readonly #slotOf: ReadonlyMap<string, Slot>
  #default: Config | undefined
  #fingerprint: string | undefined

  constructor(input: ConfigSpecInput) {
    this.input = Object.freeze({ ...input })
    for (const name of Object.keys(input.tunables ?? {}))
      if (isFieldName(name)) throw new ConfigError(`the tunable ${name} has the name of a config field`)
    this.slots = slotsOf(input)
    this.#slotOf = new Map(this.slots.map((slot) => [slot.field, slot]))
  }

  /** How many configs the slots can form before coupling rules merge some of them. */
  get cardinality(): number {
    return product(this.slots.map(({ fragment }) => fragment.cardinality))
  }

  /** Changes whenever the space does: slots, ranges, defaults and size hints. */
  get fingerprint(): string {
    this.#fingerprint ??= sha16([
      this.slots.map(({ field, fragment }) => [field, fragment.default, fragment.fingerprint]),
      this.input.tiles,
    ])
    return this.#fingerprint
  }

  /** The config used when nothing better is known. */
  defaultConfig(): Config {
    this.#default ??= this.normalize(this.shrink(new Config(), Number.POSITIVE_INFINITY), 'repair')
    return this.#default
  }

  /** A complete config of this space: aliases resolved, gaps filled, scalars repeated, ranges respected. */
  normalize(config: Config | ConfigInput | ConfigData, mode: NormalizeMode): Config {
    const given = config instanceof Config ? config : new Config(config)
    const data: Record<string, ConfigValue> = {}
    for (const slot of this.slots) data[slot.field] = this.#fit(slot, given.data[slot.field], mode)
    for (const rule of COUPLING_RULES) rule(data, mode, this.input)
    return new Config({ ...data, ...this.#leftovers(given.data, mode) })
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
    return new Config({ ...full.data, block_sizes: sizes })
  }

  #filled(config: Config): Config {
    const data = Object.fromEntries(
      this.slots.map((slot) => [slot.field, this.#fit(slot, config.data[slot.field], 'repair')]),
    )
    return new Config({ ...config.data, ...data })
  }

  #fit({ field, fragment }: Slot, given: ConfigValue | undefined, mode: NormalizeMode): ConfigValue {
    if (given === undefined) return fragment.default
    const value = isTuple(fragment) ? broadcast(field, fragment, given, mode) : given
    if (mode === 'repair' || (isFieldName(field) && FIELDS[field].fitted)) return fragment.nearest(value)
    if (fragment.contains(value)) return value
    throw new ConfigError(`config field ${field} is ${printValue(given)}; allowed: ${fragment.allowed}`)
  }

  /** Keys without a slot: fields that mean nothing here, and what does not belong into this config at all. */
  #leftovers(given: ConfigData, mode: NormalizeMode): ConfigData {
    const kept: Record<string, ConfigValue> = {}
    for (const [name, value] of Object.entries(given)) {
      if (this.#slotOf.has(name)) continue
      if (isFieldName(name) && !FIELDS[name].acts) kept[name] = value
      else if (mode === 'strict') this.#refuseUnlessIdle(name, value)
    }
    warnAboutInert(Object.keys(kept))
    return kept
  }

  #refuseUnlessIdle(name: string, value: ConfigValue): void {
    if (!isFieldName(name))
      throw new ConfigError(`config has the unknown field ${name}`, {
        remedy: `Known here: ${this.slots.map(({ field }) => field).join(', ')}.`,
      })
    const { per, default: idle } = FIELDS[name as ActingField]
    const entries = isList(value) ? value : [value]
    if (per === 'kernel' || entries.every((entry) => sameValue(entry, idle))) return
    throw new ConfigError(`config field ${name} is ${printValue(value)}, but this kernel has no ${per}`, {
      remedy: `Remove ${name}.`,
    })
  }
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

function warnAboutInert(names: readonly string[]): void {
  if (names.length === 0) return
  const [noun, verb] = names.length > 1 ? ['fields', 'have'] : ['field', 'has']
  warnOnce(
    `config fields ${names.join()}`,
    `helion-aot: the config ${noun} ${names.join(', ')} ${verb} no meaning in WGSL: ignored`,
  )
}
