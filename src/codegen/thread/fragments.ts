/**
 * Matrices that the lanes of a subgroup hold together (WGSL's subgroup matrices). They are no values of an
 * invocation, so they are not expressions: statements of their own load, multiply and store them. All lanes
 * of a subgroup come to these statements, and to the same place in memory.
 */
import type { StorageType } from '../../support/storage_types.ts'
import type { Expr } from './expr.ts'
import type { AccessMark, MemoryArray } from './memory.ts'

/** Rows, columns and depth of what one instruction multiplies. */
export interface MatrixShape {
  readonly m: number
  readonly n: number
  readonly k: number
}

/** `left` has m rows and k columns, `right` k and n, `result` m and n. */
export interface Fragment {
  readonly name: string
  readonly part: 'left' | 'right' | 'result'
  readonly dtype: StorageType
  readonly shape: MatrixShape
}

/** Rows and columns of a fragment. */
export function extentOf({ part, shape: { m, n, k } }: Fragment): {
  readonly rows: number
  readonly columns: number
} {
  return { rows: part === 'right' ? k : m, columns: part === 'left' ? k : n }
}

/**
 * Where the elements of a fragment are in memory: rows of neighbours (columns, if `columnMajor`), `pitch`
 * array elements from one to the next. Offset and pitch are numbers, and each subgroup's rows an array of
 * their own, because what is not constant has to be checked on the device.
 */
export interface FragmentPlace {
  readonly array: MemoryArray
  /** Which of the arrays in the array. */
  readonly outer: Expr
  readonly offset: number
  readonly pitch: number
  readonly columnMajor: boolean
}

/** Declares a fragment of zeros that products are added to. */
export interface FragmentZero {
  readonly kind: 'fragment_zero'
  readonly fragment: Fragment
}

/** Declares a fragment with what is in memory, or gives it to one that is declared. */
export interface FragmentLoad {
  readonly kind: 'fragment_load'
  readonly declares: boolean
  readonly fragment: Fragment
  readonly place: FragmentPlace
}

/** `sum += left · right`. */
export interface FragmentMultiply {
  readonly kind: 'fragment_multiply'
  readonly left: Fragment
  readonly right: Fragment
  readonly sum: Fragment
}

export interface FragmentStore {
  readonly kind: 'fragment_store'
  readonly fragment: Fragment
  readonly place: FragmentPlace
  readonly mark: AccessMark
}

export type FragmentStatement = FragmentZero | FragmentLoad | FragmentMultiply | FragmentStore
