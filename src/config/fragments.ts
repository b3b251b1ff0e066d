/**
 * Fragments: the range of one decision of a search space, and how searches move in it. Scalars stand here,
 * lists of decisions in composite_fragments.ts; a config's slot pairs a field with one fragment.
 */
import { ConfigError } from '../support/errors.ts'
import { clamp, isPowerOf2, log2Exact } from '../support/maths.ts'
import type { Random } from '../support/random.ts'
import { type ConfigValue, printValue, sameValue } from './value.ts'

/** The range of one decision of a search space. */
export interface Fragment {
  /** Completes the sentence "allowed: …". */
  readonly allowed: string
  /** Where a search starts. */
  readonly default: ConfigValue
  /** How many values a search may choose from. */
  readonly cardinality: number
  /** Numbers in the encoding of a value. */
  readonly encodedLength: number
  /** Everything that makes two fragments different, ranges included. */
  readonly fingerprint: ConfigValue
  /** Whether a config may have the value. */
  contains(value: ConfigValue): boolean
  /** The contained value closest to any value at all; the default where nothing is close. */
  nearest(value: ConfigValue): ConfigValue
  /** Every value that a search may choose, each once. */
  values(): Iterable<ConfigValue>
  /** A value that a search may choose. */
  random(random: Random): ConfigValue
  /** The values within `radius` (at least 1) steps of a contained value, without it. */
  neighbors(value: ConfigValue, radius: number): readonly ConfigValue[]
  /** Differential evolution: a step from `a` in the direction from `c` to `b`. */
  combine(a: ConfigValue, b: ConfigValue, c: ConfigValue, random: Random): ConfigValue
  /** A contained value as numbers in which steps are of similar size. */
  encode(value: ConfigValue): readonly number[]
}

/** A fragment with a single value: a decision that this kernel leaves open to nobody. */
export function fixed(value: ConfigValue): Fragment {
  return choice([value])
}

export function boolean(standard = false): Fragment {
  const fragment = choice([standard, !standard])
  return Object.freeze({
    ...fragment,
    encodedLength: 1,
    encode: (value: ConfigValue) => [checked(fragment, value) ? 1 : 0],
  })
}

/**
 * Unordered values; the first is the default. `searched` limits what searches choose from, other choices stay
 * legal in configs that people write.
 */
export function choice(
  choices: readonly ConfigValue[],
  searched: readonly ConfigValue[] = choices,
): Fragment {
  const [standard] = choices
  if (standard === undefined || searched.length === 0) throw new RangeError('a choice of nothing')
  const contains = (value: ConfigValue) => choices.some((entry) => sameValue(entry, value))
  const others = (value: ConfigValue) => searched.filter((entry) => !sameValue(entry, value))
  const fragment: Fragment = {
    allowed: choices.map(printValue).join(', '),
    default: standard,
    cardinality: searched.length,
    encodedLength: choices.length,
    fingerprint: ['choice', choices, searched],
    contains,
    nearest: (value) => (contains(value) ? value : standard),
    values: () => searched,
    random: (random) => random.choice(searched),
    neighbors(value, radius) {
      checkRadius(radius)
      return others(checked(fragment, value))
    },
    combine(a, b, c, random) {
      const active = searched.some((entry) => sameValue(entry, a))
      if (sameValue(b, c)) return active ? a : random.choice(searched)
      const directions = others(a).filter((entry) => sameValue(entry, b) || sameValue(entry, c))
      return random.choice(directions.length > 0 ? directions : searched)
    },
    encode(value) {
      const given = checked(fragment, value)
      return choices.map((entry) => (sameValue(entry, given) ? 1 : 0))
    },
  }
  return Object.freeze(fragment)
}

/**
 * Powers of two from `low` to `high`, both included; the default is clamped into the range. Searches take
 * values from `least` on; smaller ones stay legal in configs that people write.
 */
export function powerOf2(low: number, high: number, standard: number = low, least: number = low): Fragment {
  const first = log2Exact(low)
  return ladder({
    allowed: low === high ? String(low) : `a power of two from ${low} to ${high}`,
    fingerprint: ['power_of_2', low, high, standard, least],
    count: log2Exact(high) - first + 1,
    standard: log2Exact(clamp(standard, low, high)) - first,
    least: log2Exact(clamp(least, low, high)) - first,
    at: (step) => 2 ** (first + step),
    stepOf: (value) => Math.log2(value) - first,
    isStep: isPowerOf2,
    encode: Math.log2,
  })
}

/** Integers from `low` to `high`, both included; the default is clamped into the range. */
export function integer(low: number, high: number, standard: number = low): Fragment {
  return ladder({
    allowed: low === high ? String(low) : `an integer from ${low} to ${high}`,
    fingerprint: ['integer', low, high, standard],
    count: high - low + 1,
    standard: clamp(standard, low, high) - low,
    least: 0,
    at: (step) => low + step,
    stepOf: (value) => value - low,
    isStep: Number.isInteger,
    encode: (value) => value,
  })
}

/** Numbers in order of size, each one step from the next; the first of the list is the default. */
export function ordered(values: readonly number[]): Fragment {
  const [standard] = values
  if (standard === undefined) throw new RangeError('an order of nothing')
  const steps = [...values].sort((a, b) => a - b)
  const [low = standard] = steps
  const stepOf = (value: number) => {
    const above = steps.findIndex((step) => step >= value)
    const [low = value, high = value] = [steps[above - 1], steps[above]]
    if (above < 1) return above < 0 ? steps.length : 0
    return above - (high - value) / (high - low)
  }
  return ladder({
    allowed: steps.map(printValue).join(', '),
    fingerprint: ['ordered', steps, standard],
    count: steps.length,
    standard: steps.indexOf(standard),
    least: 0,
    at: (step) => steps[step] ?? standard,
    stepOf,
    isStep: (value) => steps.includes(value),
    encode: low > 0 ? Math.log2 : (value) => value,
  })
}

/**
 * A fragment of numbers or `absent`: 0 for "not set", null for "no limit", which numbers above the range
 * become. From `absent` every number is one step away, since none is nearer than another; one random value in
 * four is `absent`.
 */
export function optional(absent: 0 | null, inner: Fragment, standard: ConfigValue = absent): Fragment {
  const top = Math.max(...[...inner.values()].map(Number))
  const isAbsent = (value: ConfigValue) =>
    typeof value !== 'number' || value === absent || (absent === null && value > top)
  const fragment: Fragment = {
    allowed: `${printValue(absent)} or ${inner.allowed}`,
    default: standard === absent ? absent : inner.nearest(standard),
    cardinality: 1 + inner.cardinality,
    encodedLength: 1 + inner.encodedLength,
    fingerprint: ['optional', absent, standard, inner.fingerprint],
    contains: (value) => value === absent || inner.contains(value),
    nearest: (value) => (isAbsent(value) ? absent : inner.nearest(value)),
    values: () => [absent, ...inner.values()],
    random: (random) => (random.int(0, 3) === 0 ? absent : inner.random(random)),
    neighbors(value, radius) {
      if (checked(fragment, value) !== absent) return [absent, ...inner.neighbors(value, radius)]
      checkRadius(radius)
      return [...inner.values()]
    },
    combine(a, b, c, random) {
      return [a, b, c].includes(absent) ? fragment.random(random) : inner.combine(a, b, c, random)
    },
    encode(value) {
      if (checked(fragment, value) !== absent) return [0, ...inner.encode(value)]
      return [1, ...Array<number>(inner.encodedLength).fill(0)]
    },
  }
  return Object.freeze(fragment)
}

interface Ladder {
  readonly allowed: string
  readonly fingerprint: ConfigValue
  readonly count: number
  /** The step of the default, and the least step that searches take. */
  readonly standard: number
  readonly least: number
  readonly at: (step: number) => number
  /** The step of a value, fractional between steps. */
  readonly stepOf: (value: number) => number
  readonly isStep: (value: number) => boolean
  readonly encode: (value: number) => number
}

/** Numbers in order: what powers of two and integers share. */
function ladder(of: Ladder): Fragment {
  if (of.count < 1) throw new RangeError(`an empty range: ${of.allowed}`)
  const top = of.count - 1
  const standard = of.at(of.standard)
  const step = (value: ConfigValue) => of.stepOf(Number(checked(fragment, value)))
  const fragment: Fragment = {
    allowed: of.allowed,
    default: standard,
    cardinality: of.count - of.least,
    encodedLength: 1,
    fingerprint: of.fingerprint,
    contains: (value) =>
      typeof value === 'number' && of.isStep(value) && of.stepOf(value) >= 0 && of.stepOf(value) <= top,
    nearest(value) {
      if (typeof value !== 'number' || Number.isNaN(of.stepOf(value))) return standard
      return of.at(clamp(Math.round(of.stepOf(value)), 0, top))
    },
    values: () => Array.from({ length: of.count - of.least }, (_, index) => of.at(of.least + index)),
    random: (random) => of.at(random.int(of.least, top)),
    neighbors(value, radius) {
      checkRadius(radius)
      const from = step(value)
      const steps = Array.from({ length: 2 * radius + 1 }, (_, index) => from - radius + index)
      return steps.filter((other) => other !== from && other >= of.least && other <= top).map(of.at)
    },
    combine: (a, b, c) => of.at(clamp(step(a) + Math.sign(step(b) - step(c)), of.least, top)),
    encode: (value) => [of.encode(Number(checked(fragment, value)))],
  }
  return Object.freeze(fragment)
}

/** `value`, which must be in the fragment: an error here is a bug of the caller. */
export function checked(fragment: Fragment, value: ConfigValue): ConfigValue {
  if (!fragment.contains(value))
    throw new ConfigError(`${printValue(value)} is outside its range; allowed: ${fragment.allowed}`)
  return value
}

export function checkRadius(radius: number): void {
  if (!(radius >= 1)) throw new RangeError(`the radius must be at least 1, not ${radius}`)
}
