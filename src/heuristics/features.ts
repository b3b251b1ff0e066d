/**
 * The features of a call: the only thing that a generated module may decide by. One extractor serves the
 * sweep (collect, measure) and the running program, so that both see the same numbers; dimensions declared
 * `batched` are left out in both. For their names see feature_names.ts.
 */
import { callSite } from '../support/call_site.ts'
import type { DTypeCategory } from '../support/dtypes.ts'
import { UsageError } from '../support/errors.ts'
import { product } from '../support/maths.ts'
import { stableStringify } from '../support/stable.ts'
import { isStorageType, STORAGE } from '../support/storage_types.ts'
import { argumentFeature, keyFeature, parseArgumentFeature } from './feature_names.ts'

export type FeatureValue = number | string

/** Feature name to value, in the order of the arguments. */
export type Features = Readonly<Record<string, FeatureValue>>

/**
 * Per argument: null, or for a tensor one entry per dimension, null for a dimension that counts and any
 * integer for one that does not.
 */
export type BatchedSpec = readonly (readonly (number | null)[] | null | undefined)[]

/** All that features need of a tensor. */
export interface TensorLike {
  readonly shape: readonly number[]
  readonly dtype: string
}

export interface FeatureOptions {
  readonly batched?: BatchedSpec | undefined
}

/** Numbers and texts beyond these have no place in records and modules: no decision is about them. */
export const FEATURE_LIMITS = { largest: 1e39, smallest: 1e-39, characters: 1000 } as const

export function isFeatureValue(value: unknown): value is FeatureValue {
  if (typeof value === 'string') return value.length <= FEATURE_LIMITS.characters
  const size = typeof value === 'number' ? Math.abs(value) : Number.NaN
  return size === 0 || (size >= FEATURE_LIMITS.smallest && size <= FEATURE_LIMITS.largest)
}

/** One flattened value of a `key` function; null holds the place of a value that was null or undefined. */
export type KeyValue = FeatureValue | null

/**
 * Features of the positional arguments of a call. Arguments that are no tensor, number or boolean have none,
 * nor have infinities and what else `isFeatureValue` refuses.
 */
export function extractFeatures(args: readonly unknown[], options: FeatureOptions = {}): Features {
  const features: Record<string, FeatureValue> = {}
  args.forEach((arg, index) => {
    if (isTensorLike(arg)) addTensor(features, index, arg, options.batched?.[index])
    else if (typeof arg === 'boolean' || (typeof arg === 'number' && isFeatureValue(arg)))
      features[argumentFeature(index, 'scalar')] = Number(arg)
  })
  return features
}

/**
 * Features of what a user's `key` function returned. A null keeps its position: `[null, 5]` has only `key_1`;
 * so does what `isFeatureValue` refuses.
 */
export function keyFeatures(value: unknown): Features {
  const features: Record<string, FeatureValue> = {}
  flattenKey(value).forEach((entry, index) => {
    if (isFeatureValue(entry)) features[keyFeature(index)] = entry
  })
  return features
}

/**
 * The values of a `key` function, flattened, as `key_<kernel>` and `autotune_<kernel>` take them by position:
 * arrays are opened, booleans become 0 or 1, plain objects become text. Throws UsageError for all else.
 */
export function flattenKey(value: unknown): readonly KeyValue[] {
  if (Array.isArray(value)) return value.flatMap(flattenKey)
  if (value === null || value === undefined) return [null]
  if (typeof value === 'number' || typeof value === 'string') return [value]
  if (typeof value === 'boolean' || typeof value === 'bigint') return [Number(value)]
  // Others, such as promises and maps, have no fields that tell them apart.
  const kind = Object.prototype.toString.call(value).slice('[object '.length, -1)
  if (kind === 'Object') return [stableStringify(value)]
  throw new UsageError(`\`key\` returned a ${kind}, not numbers, texts or lists of them`, {
    location: callSite(),
    remedy: 'Return what calls are told apart by, such as (x) => x.shape[0].',
  })
}

/**
 * The features of `features` that `batched` leaves in: for records written before the declaration changed.
 */
export function withoutBatched(features: Features, batched: BatchedSpec | undefined): Features {
  if (!batched) return features
  const kept = Object.entries(features).filter(([name]) => {
    const feature = parseArgumentFeature(name)
    const spec = feature && batched[feature.argument]
    if (!spec) return true
    if (feature.dim !== undefined) return isKept(spec, feature.dim)
    return feature.what !== 'numel' || !isBatched(spec)
  })
  return Object.fromEntries(kept)
}

/** True for anything with a shape and a dtype. */
function isTensorLike(value: unknown): value is TensorLike {
  if (typeof value !== 'object' || value === null) return false
  const { shape, dtype } = value as Partial<TensorLike>
  return Array.isArray(shape) && typeof dtype === 'string'
}

const CATEGORY_CODES: Readonly<Record<DTypeCategory, number>> = { bool: 0, int: 1, float: 2 }

/**
 * Bytes and category (bool 0, int 1, float 2, complex 3, other 4) of a dtype, ours or spelled as elsewhere.
 */
export function describeDType(dtype: string): { readonly bytes: number; readonly category: number } {
  if (isStorageType(dtype)) {
    const { bits, category } = STORAGE[dtype]
    return { bytes: bits / 8, category: CATEGORY_CODES[category] }
  }
  const [, kind = '', bits] = /^(?:.*\.)?([a-z]+?)(\d+)(?:_\w*)?$/.exec(dtype) ?? []
  const bytes = bits === undefined ? 0 : Number(bits) / 8
  if (/^(bf|f|bfloat|float)$/.test(kind)) return { bytes, category: 2 }
  if (/^(i|u|int|uint)$/.test(kind)) return { bytes, category: 1 }
  if (kind === 'complex') return { bytes, category: 3 }
  return /(^|\.)bool$/.test(dtype) ? { bytes: 1, category: 0 } : { bytes, category: 4 }
}

function addTensor(
  features: Record<string, FeatureValue>,
  argument: number,
  tensor: TensorLike,
  batched: readonly (number | null)[] | null | undefined,
): void {
  features[argumentFeature(argument, 'ndim')] = tensor.shape.length
  tensor.shape.forEach((size, dim) => {
    if (isKept(batched, dim)) features[argumentFeature(argument, 'dim', dim)] = size
  })
  if (!isBatched(batched)) features[argumentFeature(argument, 'numel')] = product(tensor.shape)
  const { bytes, category } = describeDType(tensor.dtype)
  features[argumentFeature(argument, 'dtype')] = tensor.dtype
  features[argumentFeature(argument, 'dtype_size')] = bytes
  features[argumentFeature(argument, 'dtype_cat')] = category
}

function isKept(batched: readonly (number | null)[] | null | undefined, dim: number): boolean {
  return (batched?.[dim] ?? null) === null
}

function isBatched(batched: readonly (number | null)[] | null | undefined): boolean {
  return batched?.some((entry) => entry !== null) ?? false
}
