/**
 * Columns: the features of a sweep as numbers, one row per shape. Says of each feature how it behaves (a
 * size, a plain number, a category) and which ones carry nothing that another does not, with the reason.
 */
import {
  type ArgumentFact,
  argumentFeature,
  parseArgumentFeature,
  parseKeyFeature,
} from '../../../heuristics/feature_names.ts'
import { describeDType, type Features, type FeatureValue } from '../../../heuristics/features.ts'
import { at, entryAt } from '../numeric.ts'

export type ColumnKind = 'size' | 'number' | 'category'

export interface Column {
  readonly name: string
  readonly kind: ColumnKind
  /** Values of a category in ascending order; a row holds positions in this list, -1 for others. */
  readonly values: readonly string[]
}

/** One number per column: sizes and numbers as they are, 0 where absent; categories by position. */
export type Row = Float64Array

export interface DroppedFeature {
  readonly name: string
  readonly reason: string
}

export interface ColumnTable {
  readonly columns: readonly Column[]
  readonly rows: readonly Row[]
  readonly dropped: readonly DroppedFeature[]
}

/** What the emitted function can compute: arguments, or values passed by position. */
export type Calling = 'arguments' | 'positional'

/** `key_0`-style and free names are passed by position; any `arg<i>_` name means tensor arguments. */
export function callingOf(shapes: readonly Features[]): Calling {
  const names = shapes.flatMap((features) => Object.keys(features))
  return names.some(parseArgumentFeature) ? 'arguments' : 'positional'
}

/** What is counted, however large it is. */
const SMALL: ReadonlySet<ArgumentFact | undefined> = new Set(['ndim', 'dtype_size', 'dtype_cat'])

/** Columns of the features that vary; with `prune` also without those that follow from others. */
export function toColumns(shapes: readonly Features[], prune = true): ColumnTable {
  const dropped: DroppedFeature[] = []
  const names = [...new Set(shapes.flatMap((features) => Object.keys(features)))].sort(byName)
  const kept: { column: Column; values: Float64Array }[] = []
  for (const name of names) {
    const raw = shapes.map((features) => featureOf(features, name))
    const column = toColumn(name, raw)
    const values = Float64Array.from(raw, (value) => valueIn(column, value))
    const reason = whyDropped(name, values, shapes) ?? (prune ? whyFollows(column, values, kept) : undefined)
    if (reason) dropped.push({ name, reason })
    else kept.push({ column, values })
  }
  return {
    columns: kept.map(({ column }) => column),
    rows: shapes.map((_, row) => Float64Array.from(kept, ({ values }) => at(values, row))),
    dropped,
  }
}

/** A feature of a shape; names come from data, and `constructor` must not find what every object has. */
function featureOf(features: Features, name: string): FeatureValue | undefined {
  return Object.hasOwn(features, name) ? features[name] : undefined
}

/** The row of a shape by some columns. */
export function rowOf(columns: readonly Column[], features: Features): Row {
  return Float64Array.from(columns, (column) => valueIn(column, featureOf(features, column.name)))
}

function valueIn(column: Column, value: FeatureValue | undefined): number {
  if (column.kind === 'category') return column.values.indexOf(textOf(value))
  // No negative zero: what is divided by it lies on the other side of every threshold.
  return typeof value === 'number' ? value + 0 : 0
}

function textOf(value: FeatureValue | undefined): string {
  return value === undefined ? '' : String(value)
}

function toColumn(name: string, raw: readonly (FeatureValue | undefined)[]): Column {
  if (raw.some((value) => typeof value === 'string'))
    return { name, kind: 'category', values: [...new Set(raw.map(textOf))].sort() }
  const numbers = raw.map((value) => Number(value ?? 0))
  const small = SMALL.has(parseArgumentFeature(name)?.what)
  const isSize = !small && numbers.every((value) => value >= 0) && numbers.some((value) => value > 1)
  return { name, kind: isSize ? 'size' : 'number', values: [] }
}

function whyDropped(name: string, values: Float64Array, shapes: readonly Features[]): string | undefined {
  if (values.every((value) => value === values[0])) return 'the same in every shape'
  const { argument, what } = parseArgumentFeature(name) ?? {}
  if (callingOf(shapes) === 'arguments' && argument === undefined)
    return 'not a feature of an argument: a running program could not compute it'
  if (callingOf(shapes) === 'positional' && hasKeyValues(shapes) && parseKeyFeature(name) === undefined)
    return 'not a value of the key function: a running program could not compute it'
  if (argument === undefined) return undefined
  if (what === 'numel' && shapes.every((features) => isProductOfDims(features, argument)))
    return `the product of the sizes of arg${argument}, which are features themselves`
  const ofDType = what === 'dtype_size' || what === 'dtype_cat'
  if (ofDType && shapes.every((features) => followsFromDType(features, argument)))
    return `follows from ${argumentFeature(argument, 'dtype')}`
  return undefined
}

function hasKeyValues(shapes: readonly Features[]): boolean {
  return shapes.some((features) => Object.keys(features).some((name) => parseKeyFeature(name) !== undefined))
}

/** A column that is a one-to-one image of an earlier one, in ascending order for numbers, adds no split. */
function whyFollows(
  column: Column,
  values: Float64Array,
  kept: readonly { column: Column; values: Float64Array }[],
): string | undefined {
  const earlier = kept.find(
    (other) => sameOrder(column, values, other) && (column.kind === 'category') === isText(other.column),
  )
  return earlier && `moves in step with ${earlier.column.name}`
}

function isText(column: Column): boolean {
  return column.kind === 'category'
}

function sameOrder(column: Column, values: Float64Array, other: { values: Float64Array }): boolean {
  const pairs = Array.from(values, (value, row) => [at(other.values, row), value] as const)
  pairs.sort((a, b) => a[0] - b[0] || a[1] - b[1])
  return pairs.every(([x, y], index) => {
    if (index === 0) return true
    const [lastX, lastY] = entryAt(pairs, index - 1)
    return column.kind === 'category'
      ? (x === lastX) === (y === lastY)
      : x === lastX
        ? y === lastY
        : y > lastY
  })
}

function isProductOfDims(features: Features, arg: number): boolean {
  const sizeOf = (dim: number): FeatureValue | undefined => features[argumentFeature(arg, 'dim', dim)]
  let product = 1
  let rank = 0
  for (; sizeOf(rank) !== undefined; rank++) product *= Number(sizeOf(rank))
  return rank > 0 && product === features[argumentFeature(arg, 'numel')]
}

function followsFromDType(features: Features, arg: number): boolean {
  const dtype = features[argumentFeature(arg, 'dtype')]
  const size = features[argumentFeature(arg, 'dtype_size')]
  if (typeof dtype !== 'string') return size === undefined
  const { bytes, category } = describeDType(dtype)
  return size === bytes && features[argumentFeature(arg, 'dtype_cat')] === category
}

/** arg2 before arg10, dims before the rest. */
function byName(a: string, b: string): number {
  return a.localeCompare(b, 'en', { numeric: true }) || (a < b ? -1 : 1)
}
