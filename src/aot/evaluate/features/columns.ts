/**
 * Columns: the features of a sweep as numbers, one row per shape. Says of each feature how it behaves (a
 * size, a plain number, a category) and which ones carry nothing that another does not, with the reason.
 */
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
  return names.some((name) => ARGUMENT.test(name)) ? 'arguments' : 'positional'
}

const ARGUMENT = /^arg\d+_(?:dim\d+|numel|ndim|dtype|dtype_size|dtype_cat|scalar)$/

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
  const small = /_(?:ndim|dtype_size|dtype_cat)$/.test(name)
  const isSize = !small && numbers.every((value) => value >= 0) && numbers.some((value) => value > 1)
  return { name, kind: isSize ? 'size' : 'number', values: [] }
}

function whyDropped(name: string, values: Float64Array, shapes: readonly Features[]): string | undefined {
  if (values.every((value) => value === values[0])) return 'the same in every shape'
  if (callingOf(shapes) === 'arguments' && !ARGUMENT.test(name))
    return 'not a feature of an argument: a running program could not compute it'
  if (callingOf(shapes) === 'positional' && hasKeyValues(shapes) && !KEY_VALUE.test(name))
    return 'not a value of the key function: a running program could not compute it'
  const numel = /^(arg\d+)_numel$/.exec(name)
  if (numel && shapes.every((features) => isProductOfDims(features, numel[1] ?? '')))
    return `the product of the sizes of ${numel[1]}, which are features themselves`
  const dtype = /^(arg\d+)_dtype_(?:size|cat)$/.exec(name)
  if (dtype && shapes.every((features) => followsFromDType(features, dtype[1] ?? '')))
    return `follows from ${dtype[1]}_dtype`
  return undefined
}

const KEY_VALUE = /^key_\d+$/

function hasKeyValues(shapes: readonly Features[]): boolean {
  return shapes.some((features) => Object.keys(features).some((name) => KEY_VALUE.test(name)))
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

function isProductOfDims(features: Features, arg: string): boolean {
  let product = 1
  let rank = 0
  for (; features[`${arg}_dim${rank}`] !== undefined; rank++) product *= Number(features[`${arg}_dim${rank}`])
  return rank > 0 && product === features[`${arg}_numel`]
}

function followsFromDType(features: Features, arg: string): boolean {
  const dtype = features[`${arg}_dtype`]
  if (typeof dtype !== 'string') return features[`${arg}_dtype_size`] === undefined
  const { bytes, category } = describeDType(dtype)
  return features[`${arg}_dtype_size`] === bytes && features[`${arg}_dtype_cat`] === category
}

/** arg2 before arg10, dims before the rest. */
function byName(a: string, b: string): number {
  return a.localeCompare(b, 'en', { numeric: true }) || (a < b ? -1 : 1)
}
