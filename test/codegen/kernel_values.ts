/**
 * Values of random kernels as text: what can be done with them so that they stay whole numbers that every
 * dtype holds. Every value knows how large it can be.
 */
import type { DType } from '../../src/support/dtypes.ts'
import { isPacked, STORAGE, type StorageType } from '../../src/support/storage_types.ts'

export const DIMS = ['m', 'n', 'k'] as const
export type DimName = (typeof DIMS)[number]

export const DTYPES: readonly DType[] = ['f32', 'i32', 'f16', 'u32', 'bool']
/** What memory may hold instead: whole numbers from the inputs' range are exact in it. */
const SMALLER: Readonly<Partial<Record<DType, readonly StorageType[]>>> = {
  f32: ['bf16', 'f8e4m3', 'f8e5m2', 'f4e2m1'],
  i32: ['i8', 'i4', 'i16'],
  u32: ['u8', 'u4', 'u16'],
}

/** How values of the dtype are stored. */
export function storedAs(dtype: DType, choice: number): StorageType {
  const smaller = SMALLER[dtype]
  return smaller && choice % 3 === 2 ? pick(smaller, (choice - 2) / 3) : dtype
}

/** What values up to a bound are bounded by once they are stored. */
export function storedBound(bound: number, stored: StorageType): number {
  const { category, bits } = STORAGE[stored]
  if (!isPacked(stored)) return bound
  if (category === 'int') return Math.min(bound, 2 ** bits)
  return Math.min(STORAGE[stored].round(Number.POSITIVE_INFINITY), Math.ceil(bound * 1.5))
}

/** No dimension is longer. */
export const LONGEST = 20
/** Whole numbers up to here are exact in f16, and so are sums of two. */
export const LARGEST = 1024
/** The largest element of an input. */
export const INPUT = 4

/** Elements of an input, and how far from zero they are. */
export function elementsOf(
  dtype: DType,
  count: number,
  seed: number,
): { readonly data: readonly number[]; readonly bound: number } {
  const low = dtype === 'u32' || dtype === 'bool' ? 0 : -INPUT
  const bound = dtype === 'bool' ? 1 : INPUT
  const value = (i: number): number => low + ((i * i * 7 + i * seed + seed) % (bound - low + 1))
  return { data: Array.from({ length: count }, (_, i) => value(i)), bound }
}

export interface Axis {
  readonly dim: DimName
  /** In the kernel; `':'` for a whole dimension. */
  readonly name: string
  /** Tiles of a fixed length are `fixed`. */
  readonly kind: 'tile' | 'fixed' | 'position' | 'whole'
}

export interface Value {
  readonly text: string
  readonly dtype: DType
  /** Where it differs, in the order of the grid's axes. */
  readonly axes: readonly Axis[]
  /** No element is further from zero. */
  readonly bound: number
}

/** An output, or an input. */
export interface Stored {
  readonly name: string
  readonly dims: readonly DimName[]
  readonly dtype: DType
  readonly bound: number
}

/** The extent of a loop's tiles, where the kernel says it. */
export function fixed(form: string): string {
  return form === 'fixed' ? ', { blockSize: 4 }' : ''
}

/** Axes that tiles have: a single position is none. */
export function shapeOf(axes: readonly Axis[]): readonly Axis[] {
  return axes.filter(({ kind }) => kind !== 'position')
}

export function isTile({ kind }: Axis): boolean {
  return kind === 'tile' || kind === 'fixed'
}

export function dimsOf(axes: readonly Axis[]): readonly DimName[] {
  return axes.map(({ dim }) => dim)
}

export function at(tensor: string, axes: readonly Axis[]): string {
  return `${tensor}.at(${axes.map(({ name }) => name).join(', ')})`
}

/** Elements of a tensor that lies turned around, has an axis more, or is repeated along the first. */
export function seenThrough(
  axes: readonly Axis[],
  choice: number,
): { readonly of: readonly DimName[]; readonly text: (tensor: string) => string } {
  const dims = dimsOf(axes)
  const through = (of: readonly DimName[], view: string, before = '') => ({
    of,
    text: (tensor: string) => `${tensor}${view}.at(${before}${axes.map(({ name }) => name).join(', ')})`,
  })
  const deeper = through(dims, '.unsqueeze(0)', '0, ')
  const repeated = through(dims.slice(1), `.expand([${dims}])`)
  const turned = through([...dims].reverse(), '.T')
  return pick(
    [deeper, ...(dims.length > 1 ? [repeated] : []), ...(dims.length === 2 ? [turned] : [])],
    choice,
  )
}

/** An atomic operation; whoever comes last, all exchange one value. */
export function atomicOf(value: string, masked: string, choice: number): string {
  const counted = ['Add', 'Max', 'Min', 'Or', 'Xor', 'And'].map((op) => `atomic${op}(${value})`)
  return pick([...counted, `atomicExchange(5${masked})`, `atomicCompareExchange(0, 5${masked})`], choice)
}

/** The value with no element beyond `most`. */
export function within(value: Value, most: number): Value {
  if (value.bound <= most || value.dtype === 'bool') return value
  const low = value.dtype === 'u32' ? 0 : -most
  return { ...value, text: `${value.text}.clamp(${low}, ${most})`, bound: most }
}

export function converted(value: Value, dtype: DType): Value {
  if (value.dtype === dtype) return value
  if (dtype === 'bool') return { ...value, text: `${value.text}.ne(0)`, dtype, bound: 1 }
  const known = within(value, LARGEST)
  const isSigned = value.dtype !== 'u32' && value.dtype !== 'bool'
  const positive = dtype === 'u32' && isSigned ? `${known.text}.abs()` : known.text
  return { ...known, text: `${positive}.to('${dtype}')`, dtype }
}

/** The value's text, with axes of one for those of `axes` that it lacks. */
export function over(value: Value, axes: readonly Axis[]): string {
  const own = shapeOf(value.axes)
  if (own.length === 0) return value.text
  const missing = shapeOf(axes).flatMap((axis, i) => (own.includes(axis) ? [] : [`.unsqueeze(${i})`]))
  return value.text + missing.join('')
}

export function unaryOf(value: Value, choice: number): Value {
  const { dtype, text } = value
  if (dtype === 'bool') return { ...value, text: `${text}.not()` }
  const small = within(value, 32)
  const square = { ...small, text: `${small.text}.square()`, bound: 1024 }
  const known = within(value, LARGEST)
  const plain = (call: string, bound = known.bound): Value => ({ ...known, text: known.text + call, bound })
  if (dtype === 'u32') return pick([square, plain('.bitAnd(6)'), plain('.shr(1)')], choice)
  const signed = [plain('.neg()'), square, plain('.abs()'), plain('.sign()', 1), plain('.relu()')]
  const whole = [plain('.mod(5)', 5), plain('.floorDiv(3)'), plain('.bitNot()', LARGEST + 1)]
  return pick(dtype === 'i32' ? [...signed, ...whole] : signed, choice)
}

/** `axes` are those of either. */
export function binaryOf(first: Value, second: Value, axes: readonly Axis[], choice: number): Value {
  const { dtype } = first
  const other = converted(second, dtype)
  const combined = (name: string, most: number, bound: (a: number, b: number) => number): Value => {
    const [a, b] = [within(first, most), within(other, most)]
    return { text: `${over(a, axes)}.${name}(${over(b, axes)})`, dtype, axes, bound: bound(a.bound, b.bound) }
  }
  if (dtype === 'bool') return combined(pick(['and', 'or', 'xor'], choice), 1, () => 1)
  const sum = (name: string): Value => combined(name, 512, (a, b) => a + b)
  const most = (name: string): Value => combined(name, LARGEST, Math.max)
  const all = [sum('add'), combined('mul', 32, (a, b) => a * b), most('minimum'), most('maximum')]
  if (dtype !== 'u32') all.push(sum('sub'))
  if (dtype === 'i32' || dtype === 'u32')
    all.push(
      combined('bitXor', 512, () => 1023),
      most('bitAnd'),
    )
  return pick(all, choice)
}

export function comparisonOf(first: Value, second: Value, axes: readonly Axis[], choice: number): Value {
  const number = converted(first, first.dtype === 'bool' ? 'i32' : first.dtype)
  const other = converted(second, number.dtype)
  const name = pick(['lt', 'le', 'eq', 'ne', 'gt', 'ge'], choice)
  return { text: `${over(number, axes)}.${name}(${over(other, axes)})`, dtype: 'bool', axes, bound: 1 }
}

/** Over the value's whole dimension: every config has all of it. */
export function reductionOf(value: Value, choice: number, keepdim: boolean): Value {
  const { dtype } = value
  const axes = value.axes.filter(({ kind }) => kind !== 'whole')
  const axis = shapeOf(value.axes).findIndex(({ kind }) => kind === 'whole')
  const of = (from: Value, name: string, bound: number, result = dtype): Value => {
    const call = keepdim ? `${name}(${axis}, { keepdim: true }).squeeze(${axis})` : `${name}(${axis})`
    return { text: `${from.text}.${call}`, dtype: result, axes, bound }
  }
  if (dtype === 'bool') return of(value, pick(['any', 'all'], choice), 1)
  const all = [
    of(within(value, 48), 'sum', LARGEST),
    // Of nothing, as far as it goes.
    of(value, 'amax', Number.POSITIVE_INFINITY),
    of(value, 'amin', Number.POSITIVE_INFINITY),
    of(value, 'argmax', LONGEST, 'i32'),
    of(value, 'argmin', LONGEST, 'i32'),
    of(within(value, 1), 'prod', 1),
    of({ ...value, text: `${value.text}.gt(0)` }, 'any', 1, 'bool'),
    of({ ...value, text: `${value.text}.lt(3)` }, 'all', 1, 'bool'),
  ]
  return pick(all, choice)
}

/** The elements of tiles of four in other places, or all of them as one axis and back. */
export function rearrangedTiles(value: Value, choice: number): Value {
  const { text } = value
  const axis = shapeOf(value.axes).findIndex(({ kind }) => kind === 'fixed')
  const merged = { ...value, text: `((v) => v.reshape([-1]).reshape(v.shape))(${text})` }
  if (axis < 0) return merged
  const halves = `hl.cat([v.slice(${axis}, 2), v.slice(${axis}, 0, 2)], ${axis})`
  const rotated = { ...value, text: `((v) => ${halves}.reshape(v.shape))(${text})` }
  return pick([merged, { ...value, text: `${text}.flip(${axis})` }, rotated], choice)
}

/** The elements along a whole dimension in other places, or those of two values together. */
export function rearrangedOf(value: Value, second: Value, choice: number): Value {
  const { text, dtype } = value
  const axis = shapeOf(value.axes).findIndex(({ kind }) => kind === 'whole')
  const half = `hl.floorDiv(${value.axes.find(({ kind }) => kind === 'whole')?.dim}, 2)`
  const other = converted(second, dtype)
  const bound = Math.max(value.bound, other.bound)
  const both = `${text}, ${other.text}`
  const most = dtype === 'bool' ? 'any' : 'amax'
  const halves = [`${text}.slice(${axis}, ${half})`, `${text}.slice(${axis}, 0, ${half})`]
  return pick(
    [
      { ...value, text: `${text}.flip(${axis})` },
      { ...value, text: `hl.cat([${halves.join(', ')}], ${axis})` },
      { ...value, text: `hl.split(hl.join(${both}))[${choice % 2}]`, bound },
      { ...value, text: `hl.stack([${both}], ${axis}).${most}(${axis})`, bound },
    ],
    choice,
  )
}

/** Each element with all before it along a whole dimension, or after it. */
export function scanOf(value: Value, choice: number, reverse: boolean): Value {
  const number = value.dtype === 'bool' ? converted(value, 'i32') : value
  const axis = shapeOf(value.axes).findIndex(({ kind }) => kind === 'whole')
  const small = within(number, 48)
  const all: readonly Value[] = [
    { ...small, text: `${small.text}.cumsum(${axis}, { reverse: ${reverse} })`, bound: LARGEST },
    {
      ...within(number, 1),
      text: `${within(number, 1).text}.cumprod(${axis}, { reverse: ${reverse} })`,
      bound: 1,
    },
    { ...number, text: `hl.associativeScan(${LATEST}, ${number.text}, ${axis}, { reverse: ${reverse} })` },
    counted(
      number,
      choice,
      (pair) => `hl.associativeScan(${COUNTED}, ${pair}, ${axis}, { reverse: ${reverse} })`,
    ),
  ]
  return pick(all, choice)
}

/** Along a whole dimension in order; or where the elements stood. */
export function sortOf(value: Value, places: boolean, descending: boolean): Value {
  const axis = shapeOf(value.axes).findIndex(({ kind }) => kind === 'whole')
  const text = `${value.text}.sort(${axis}, { descending: ${descending} })`
  return places
    ? { ...value, text: `${text}.indices`, dtype: 'i32', bound: LONGEST }
    : { ...value, text: `${text}.values` }
}

/** The last element that is not 0: the order matters. */
export function lastOf(value: Value, choice: number): Value {
  const number = value.dtype === 'bool' ? converted(value, 'i32') : value
  const axis = shapeOf(value.axes).findIndex(({ kind }) => kind === 'whole')
  const axes = value.axes.filter(({ kind }) => kind !== 'whole')
  if (choice % 2 === 1)
    return {
      ...counted(
        number,
        choice >> 1,
        (pair) => `hl.reduce(${COUNTED}, ${pair}, ${axis}, { identity: [0, 0] })`,
      ),
      axes,
    }
  return { ...number, text: `hl.reduce(${LATEST}, ${number.text}, ${axis}, { identity: 0 })`, axes }
}

/** The last element that is not 0, or how many elements are above 0: both are found together. */
function counted(value: Value, choice: number, call: (pair: string) => string): Value {
  const part = choice % 2
  const found = call(`[v, v.gt(0).to('i32')]`)
  const text = `((v) => ${found}[${part}])(${value.text})`
  return part === 0 ? { ...value, text } : { ...value, text, dtype: 'i32', bound: LONGEST }
}

const LATEST = '(a, b) => hl.where(b.eq(0), a, b)'
const COUNTED = '([a, i], [b, j]) => [hl.where(b.eq(0), a, b), i.add(j)]'

export function sameAxes(a: readonly Axis[], b: readonly Axis[]): boolean {
  return a.length === b.length && a.every((axis, i) => axis === b[i])
}

export function pickMaybe<T>(items: readonly T[], choice: number): T | undefined {
  return items[choice % items.length]
}

export function pick<T>(items: readonly T[], choice: number): T {
  const item = pickMaybe(items, choice)
  if (item === undefined) throw new Error('nothing to choose from')
  return item
}

/** How tiles of a grid are cut. */
export type Cut = 'tile' | 'fixed' | 'odd' | 'open' | 'shared' | 'grid'

/** Options of a loop over so many dimensions. */
export const BLOCK_SIZES: Readonly<Record<Cut, (rank: number) => string>> = {
  tile: () => '',
  fixed: () => ', { blockSize: 4 }',
  odd: (rank) => `, { blockSize: [3${', null'.repeat(rank - 1)}] }`,
  open: (rank) => `, { blockSize: [4${', null'.repeat(rank - 1)}] }`,
  shared: () => ', { blockSize: shared }',
  grid: () => '',
}
export const SHARED = 'const shared = hl.registerBlockSize(2, 16)'

/** A mask of an access over these axes, where one of the values can be one. */
export function maskOver(
  values: readonly Value[],
  axes: readonly Axis[],
  choice: number,
): string | undefined {
  const truths = values.filter(
    (value) => value.dtype === 'bool' && value.axes.every((axis) => axes.includes(axis)),
  )
  const truth = choice % 3 === 0 ? pickMaybe(truths.reverse(), choice / 3) : undefined
  return truth && over(truth, axes)
}

/** Without the values that nothing uses. */
export function usedLines(lines: readonly string[]): readonly string[] {
  const used: string[] = []
  for (const line of [...lines].reverse()) {
    const name = /const (v\d+) =/.exec(line)?.[1]
    if (!name || used.some((later) => new RegExp(`\\b${name}\\b`).test(later))) used.unshift(line)
  }
  return used
}
