/**
 * Where candidates come from: draws, mutates and enumerates the configs of a space. A *flat config* is
 * the list of slot values in slot order; most moves are made on it. Fields that the user has fixed are
 * frozen: every config has the user's value there, and no move touches the slot.
 */
import { isTuple } from '../../../config/composite_fragments.ts'
import { Config, madeData } from '../../../config/config.ts'
import type { Fragment } from '../../../config/fragments.ts'
import type { SearchSpace } from '../../../config/search_space.ts'
import type { Slot } from '../../../config/slots.ts'
import { type ConfigData, type ConfigValue, isList, sameValue } from '../../../config/value.ts'
import { ConfigError } from '../../../support/errors.ts'
import { product } from '../../../support/maths.ts'
import type { Random } from '../../../support/random.ts'
import { drawBiased } from './priors.ts'

export type FlatConfig = readonly ConfigValue[]

type Move = (base: FlatConfig) => FlatConfig

/**
 * Slots that neighbours also move in pairs: work per thread is the quotient of block and workgroup sizes, and
 * a multiplier means something under a persistent launch only.
 */
const JOINT_FIELDS: readonly (readonly string[])[] = [
  ['block_sizes', 'num_warps'],
  ['pid_type', 'num_sm_multiplier'],
]

/** Largest tile of a random config is drawn from 1 to 2^this elements per thread. */
const MAX_RANDOM_EXPONENT = 11
const MAX_MUTANT_ELEMENTS = 8192
const MAX_FAILURES = 64
/** Flat configs per config that an enumeration is prepared to look at. */
const MAX_FORMS = 16

/** Where the numbers of a slot stand in an encoded config, and the numbers of values met before. */
interface SlotCode {
  readonly begin: number
  readonly fragment: Fragment
  readonly known: Map<ConfigValue, readonly number[]>
}

export class ConfigGeneration {
  readonly spec: SearchSpace
  readonly random: Random
  readonly #overrides: ConfigData
  /** Positions of slots that moves may change. */
  readonly #free: readonly number[]
  readonly #codes: { readonly length: number; readonly slots: readonly SlotCode[] }
  /** All configs of a listed space that keep the fixed fields. */
  readonly #listed: readonly ConfigData[] | undefined

  /** `overrides` are checked strictly; throws ConfigError where they do not fit the spec. */
  constructor(spec: SearchSpace, random: Random, overrides: ConfigData = {}) {
    this.spec = spec
    this.random = random
    const given = new Config(overrides).data
    const full = spec.normalize(given, 'strict').data
    this.#overrides = Object.fromEntries(Object.keys(given).map((name) => [name, full[name] ?? null]))
    this.#free = spec.slots.flatMap(({ field, fragment }, index) =>
      Object.hasOwn(given, field) || fragment.cardinality === 1 ? [] : [index],
    )
    let length = 0
    const slots = spec.slots.map(({ fragment }) => {
      const begin = length
      length += fragment.encodedLength
      return { begin, fragment, known: new Map<ConfigValue, readonly number[]>() }
    })
    this.#codes = { length, slots }
    this.#listed = spec.combinations?.filter((data) =>
      Object.entries(this.#overrides).every(([name, value]) => sameValue(data[name] ?? null, value)),
    )
  }

  /** The default config with the overrides. */
  defaultConfig(): Config {
    const config = this.unflatten(this.flatten(this.spec.defaultConfig()))
    if (!config)
      throw new ConfigError(`the fixed fields ${JSON.stringify(this.#overrides)} exclude each other`, {
        remedy: 'Fix fewer fields, or fix those that belong together.',
      })
    return config
  }

  /** Slot values of a config; gaps are filled with defaults. */
  flatten(config: Config): FlatConfig {
    return this.#flatOf(this.spec.normalize(config, 'repair').data)
  }

  #flatOf(data: ConfigData): FlatConfig {
    return this.spec.slots.map(({ field, fragment }) => data[field] ?? fragment.default)
  }

  /**
   * The repaired config of slot values, or `undefined` when the fixed fields cannot be kept or the space does
   * not allow it.
   */
  unflatten(flat: FlatConfig): Config | undefined {
    const data: Record<string, ConfigValue> = {}
    for (const [index, { field }] of this.spec.slots.entries()) data[field] = flat[index] ?? null
    const config = this.spec.normalize(new Config(madeData({ ...data, ...this.#overrides })), 'repair')
    const kept = Object.entries(this.#overrides).every(([name, value]) =>
      sameValue(config.data[name] ?? null, value),
    )
    return kept && this.spec.allows(config) ? config : undefined
  }

  /** A config in the form that candidates have: complete, repaired, fixed fields kept. */
  canonical(config: Config): Config | undefined {
    return this.unflatten(this.flatten(config))
  }

  /** Uniform over every slot, with tiles cut to a random size; uniform over the configs of a listed space. */
  randomFlat(): FlatConfig {
    if (this.#listed) return this.#flatOf(this.random.choice(this.#listed))
    return this.#cutToRandomSize(({ fragment }) => fragment.random(this.random))
  }

  /** Like randomFlat, with slots drawn from what tends to be good on GPUs. */
  biasedRandomFlat(): FlatConfig {
    if (this.#listed) return this.randomFlat()
    return this.#cutToRandomSize(({ field, fragment }) => drawBiased(field, fragment, this.random))
  }

  /** One random config. Throws ConfigError when none of 64 attempts keeps the fixed fields. */
  randomConfig(): Config {
    for (let failures = 0; failures < MAX_FAILURES; failures++) {
      const config = this.unflatten(this.randomFlat())
      if (config) return config
    }
    throw new ConfigError(`none of ${MAX_FAILURES} random configs keeps ${JSON.stringify(this.#overrides)}`)
  }

  /**
   * `count` different random configs, every second one biased, none of them in `without`; fewer where 64
   * draws in a row bring nothing new.
   */
  randomPopulation(count: number, without: readonly Config[] = []): readonly Config[] {
    const seen = new Set(without.map((config) => config.hash))
    const found: Config[] = []
    for (let failures = 0; found.length < count && failures < MAX_FAILURES; ) {
      const biased = found.length % 2 === 0
      const config = this.unflatten(biased ? this.biasedRandomFlat() : this.randomFlat())
      failures = config && !seen.has(config.hash) ? 0 : failures + 1
      if (!config || failures > 0) continue
      seen.add(config.hash)
      found.push(config)
    }
    return found
  }

  /**
   * The configs one step away: every free slot's neighbours, then pairs of slots that belong
   * together. The config itself and doubles are left out.
   */
  neighbors(config: Config, radius = 1): readonly Config[] {
    const flat = this.flatten(config)
    const single = this.#free.flatMap((index) =>
      this.#slot(index)
        .fragment.neighbors(flat[index] ?? null, radius)
        .map((value) => flat.with(index, value)),
    )
    return this.#distinct([...single, ...this.#jointMoves(flat, radius)], config)
  }

  /** The config with one slot at its default, for each free slot that differs. */
  resets(config: Config): readonly Config[] {
    const flat = this.flatten(config)
    const standard = this.flatten(this.defaultConfig())
    const changed = this.differences(config, this.defaultConfig())
    return this.#distinct(
      changed.map((index) => flat.with(index, standard[index] ?? null)),
      config,
    )
  }

  /** Positions of the slots in which two configs differ. */
  differences(a: Config, b: Config): readonly number[] {
    const [flatA, flatB] = [this.flatten(a), this.flatten(b)]
    return this.#free.filter((index) => !sameValue(flatA[index] ?? null, flatB[index] ?? null))
  }

  /** `base` with each slot of `changed` that differs from it: all changes of several configs at once. */
  merge(base: Config, changed: readonly Config[]): Config | undefined {
    const merged = [...this.flatten(base)]
    for (const config of changed) {
      const flat = this.flatten(config)
      for (const index of this.differences(base, config)) merged[index] = flat[index] ?? null
    }
    return this.unflatten(merged)
  }

  /**
   * Differential evolution's trial: slots of `x` moved, with probability `rate` each, by what separates b and
   * c.
   */
  differentialMutation(
    x: Config,
    [a, b, c]: readonly [Config, Config, Config],
    rate: number,
  ): Config | undefined {
    if (this.#free.length === 0) return this.canonical(x)
    const [flatA, flatB, flatC] = [a, b, c].map((config) => this.flatten(config)) as [
      FlatConfig,
      FlatConfig,
      FlatConfig,
    ]
    const chosen = this.#free.filter(() => this.random.next() < rate)
    const trial = [...this.flatten(x)]
    for (const index of chosen.length > 0 ? chosen : [this.random.choice(this.#free)])
      trial[index] = this.#slot(index).fragment.combine(
        flatA[index] ?? null,
        flatB[index] ?? null,
        flatC[index] ?? null,
        this.random,
      )
    return this.unflatten(this.#cut(trial, MAX_MUTANT_ELEMENTS))
  }

  /** A config as numbers, for models and distances. */
  encode(config: Config): readonly number[] {
    return [...this.encodeFlat(this.flatten(config))]
  }

  /** Slot values as numbers; which of them are whose, `encodeSlot` tells. */
  encodeFlat(flat: FlatConfig): Float64Array {
    const point = new Float64Array(this.#codes.length)
    for (const slot of this.spec.slots.keys()) this.encodeSlot(point, slot, flat[slot] ?? null)
    return point
  }

  /** Writes the numbers of one slot's value to their place. */
  encodeSlot(point: Float64Array, slot: number, value: ConfigValue): void {
    const { begin, known, fragment } = this.#codes.slots[slot] as SlotCode
    const key = typeof value === 'object' ? JSON.stringify(value) : value
    const code = known.get(key) ?? fragment.encode(value)
    known.set(key, code)
    for (const [place, number] of code.entries()) point[begin + place] = number
  }

  /** The slot that a number of the encoding belongs to. */
  slotOf(coordinate: number): number {
    return this.#codes.slots.findIndex(
      ({ begin, fragment }) => coordinate >= begin && coordinate < begin + fragment.encodedLength,
    )
  }

  /** Slots that moves may change, by position. */
  get freeSlots(): readonly number[] {
    return this.#free
  }

  /** The values of a slot within `radius` steps of the one that a flat config has there. */
  nearValues(flat: FlatConfig, index: number, radius: number): readonly ConfigValue[] {
    return this.#slot(index).fragment.neighbors(flat[index] ?? null, radius)
  }

  /** A random config as slot values in the form of candidates; undefined where a draw breaks a rule. */
  drawFlat(): FlatConfig | undefined {
    if (this.#listed && this.#listed.length > 0) return this.randomFlat()
    const { config, cut } = this.#cutDraw(({ fragment }) => fragment.random(this.random))
    // What was not cut is in the form of candidates already.
    return cut && (cut === config ? this.#flatOf(cut.data) : this.repaired(this.#flatOf(cut.data)))
  }

  /** Slot values in the form of candidates; undefined where no config has them. */
  repaired(flat: FlatConfig): FlatConfig | undefined {
    const config = this.unflatten(flat)
    return config && this.#flatOf(config.data)
  }

  /**
   * Every different config of the space in a fixed order, or `undefined` where there are more than `limit`.
   */
  enumerate(limit: number): readonly Config[] | undefined {
    const configs = this.#distinct(this.#allFlats(limit * MAX_FORMS) ?? [])
    return configs.length === 0 || configs.length > limit ? undefined : configs
  }

  #allFlats(limit: number): readonly FlatConfig[] | undefined {
    const size = product(this.#free.map((index) => this.#slot(index).fragment.cardinality))
    if ((this.#listed?.length ?? size) > limit) return undefined
    if (this.#listed) return this.#listed.map((data) => this.#flatOf(data))
    let flats: FlatConfig[] = [this.flatten(this.defaultConfig())]
    for (const index of this.#free) {
      const values = [...this.#slot(index).fragment.values()]
      flats = flats.flatMap((flat) => values.map((value) => flat.with(index, value)))
    }
    return flats
  }

  #slot(index: number): Slot {
    return this.spec.slots[index] as Slot
  }

  #distinct(flats: readonly FlatConfig[], without?: Config): readonly Config[] {
    const found = new Map<string, Config>()
    for (const flat of flats) {
      const config = this.unflatten(flat)
      if (config && config.hash !== without?.hash) found.set(config.hash, config)
    }
    return [...found.values()]
  }

  #cutToRandomSize(draw: (slot: Slot) => ConfigValue): FlatConfig {
    const { flat, cut } = this.#cutDraw(draw)
    return cut ? this.#flatOf(cut.data) : flat
  }

  /** Slot values, the config that they are, and the same with its tiles cut to a random size. */
  #cutDraw(draw: (slot: Slot) => ConfigValue): {
    readonly flat: FlatConfig
    readonly config: Config | undefined
    readonly cut: Config | undefined
  } {
    const flat = this.spec.slots.map((slot, index) =>
      this.#free.includes(index) ? draw(slot) : slot.fragment.default,
    )
    const most = 2 ** this.random.int(0, MAX_RANDOM_EXPONENT)
    const config = this.unflatten(flat)
    return { flat, config, cut: config && this.spec.shrink(config, most) }
  }

  #cut(flat: FlatConfig, maxElementsPerThread: number): FlatConfig {
    const config = this.unflatten(flat)
    return config ? this.#flatOf(this.spec.shrink(config, maxElementsPerThread).data) : flat
  }

  /** Pairs of moves in different places of one group of slots. */
  #jointMoves(flat: FlatConfig, radius: number): readonly FlatConfig[] {
    return JOINT_FIELDS.flatMap((fields) => {
      const places = this.#free
        .filter((index) => fields.includes(this.#slot(index).field))
        .flatMap((index) => this.#movesByPlace(index, flat, radius))
      return places.flatMap((moves, i) =>
        places.slice(i + 1).flatMap((others) => moves.flatMap((a) => others.map((b) => b(a(flat))))),
      )
    })
  }

  /** For each place of a slot, the moves to its neighbours, as functions that change a flat config there. */
  #movesByPlace(index: number, flat: FlatConfig, radius: number): readonly (readonly Move[])[] {
    const { fragment } = this.#slot(index)
    const value = flat[index] ?? null
    if (!isTuple(fragment) || !isList(value))
      return [fragment.neighbors(value, radius).map((other) => (base: FlatConfig) => base.with(index, other))]
    return fragment.items.map((item, place) =>
      item.neighbors(value[place] ?? null, radius).map((other) => (base: FlatConfig) => {
        const list = base[index] ?? null
        return isList(list) ? base.with(index, list.with(place, other)) : base
      }),
    )
  }
}
