/** Fragments made of several decisions: lists with one fragment for each place, and orders. */
import { product, sum } from '../support/maths.ts'
import { checked, checkRadius, type Fragment } from './fragments.ts'
import { type ConfigValue, isList, sameValue } from './value.ts'
import { isPermutation } from './value_rule.ts'

/** A list with its own fragment at each place. Searches move one place at a time. */
export interface TupleFragment extends Fragment {
  readonly items: readonly Fragment[]
}

export function isTuple(fragment: Fragment): fragment is TupleFragment {
  return 'items' in fragment
}

/** `count` independent decisions of the same kind. */
export function listOf(item: Fragment, count: number): TupleFragment {
  return tupleOf(Array.from({ length: count }, () => item))
}

export function tupleOf(items: readonly Fragment[]): TupleFragment {
  const entries = (value: ConfigValue) => (isList(value) ? value : [])
  const each = (change: (item: Fragment, index: number) => ConfigValue) => Object.freeze(items.map(change))
  const parts = (value: ConfigValue) => {
    const list = entries(checked(fragment, value))
    return items.map((item, index) => ({ item, index, part: list[index] ?? null }))
  }
  const fragment: TupleFragment = {
    items: Object.freeze([...items]),
    allowed: describeItems(items),
    default: each((item) => item.default),
    cardinality: product(items.map((item) => item.cardinality)),
    encodedLength: sum(items.map((item) => item.encodedLength)),
    fingerprint: ['tuple', ...items.map((item) => item.fingerprint)],
    contains: (value) =>
      isList(value) &&
      value.length === items.length &&
      items.every((item, index) => item.contains(value[index] ?? null)),
    nearest: (value) =>
      each((item, index) => {
        const part = entries(value)[index]
        return part === undefined ? item.default : item.nearest(part)
      }),
    values: () => cartesian(items.map((item) => [...item.values()])),
    random: (random) => each((item) => item.random(random)),
    neighbors(value, radius) {
      checkRadius(radius)
      return parts(value).flatMap(({ item, index, part }) =>
        item.neighbors(part, radius).map((other) => Object.freeze(entries(value).with(index, other))),
      )
    },
    combine: (a, b, c, random) =>
      each((item, index) =>
        item.combine(...([a, b, c].map((v) => entries(v)[index] ?? item.default) as Triple), random),
      ),
    encode: (value) => parts(value).flatMap(({ item, part }) => item.encode(part)),
  }
  return Object.freeze(fragment)
}

/** All orders of 0..count-1; the default has `first` before the others, a step swaps two entries. */
export function permutation(count: number, first = 0): Fragment {
  const others = Array.from({ length: count }, (_, index) => index).filter((index) => index !== first)
  const usual: readonly number[] = Object.freeze([first, ...others])
  const list = (value: ConfigValue) => checked(fragment, value) as readonly number[]
  const fragment: Fragment = {
    allowed: `a permutation of 0..${count - 1}`,
    default: usual,
    cardinality: product(usual.map((_, index) => index + 1)),
    encodedLength: count,
    fingerprint: ['permutation', count],
    contains: (value) => isList(value) && value.length === count && isPermutation(value),
    nearest: (value) => (fragment.contains(value) ? value : usual),
    values: () => orders(usual),
    random: (random) => Object.freeze(random.shuffle(usual)),
    neighbors(value, radius) {
      checkRadius(radius)
      return swaps(list(value))
    },
    combine: (a, b, c, random) => (sameValue(b, c) ? a : fragment.random(random)),
    encode: (value) => list(value),
  }
  return Object.freeze(fragment)
}

type Triple = [ConfigValue, ConfigValue, ConfigValue]

function describeItems(items: readonly Fragment[]): string {
  const kinds = new Set(items.map((item) => item.allowed))
  if (kinds.size <= 1) return `a list of ${items.length}, each ${items[0]?.allowed ?? 'anything'}`
  return `a list of ${items.map((item) => `(${item.allowed})`).join(', ')}`
}

function* cartesian(choices: readonly (readonly ConfigValue[])[]): Generator<readonly ConfigValue[]> {
  const [first, ...rest] = choices
  if (!first) yield Object.freeze([])
  else for (const head of first) for (const tail of cartesian(rest)) yield Object.freeze([head, ...tail])
}

function* orders(entries: readonly number[]): Generator<readonly number[]> {
  if (entries.length === 0) yield []
  for (const [index, head] of entries.entries())
    for (const tail of orders(entries.toSpliced(index, 1))) yield Object.freeze([head, ...tail])
}

function swaps(order: readonly number[]): readonly (readonly number[])[] {
  const result: (readonly number[])[] = []
  for (let i = 0; i < order.length; i++)
    for (let j = i + 1; j < order.length; j++)
      result.push(Object.freeze(order.with(i, order[j] ?? 0).with(j, order[i] ?? 0)))
  return result
}
