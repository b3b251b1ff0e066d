/** What ports of Helion's examples have: a kernel, arguments, and the same by sums over positions. */

import type { StorageType } from '../../../src/support/storage_types.ts'
import { type Argument, type HostArgument, host } from '../../language/harness.ts'

/** The elements of an argument by their positions. */
export type Elements = (...index: number[]) => number

export interface Port {
  readonly kernel: (...args: never[]) => unknown
  readonly args: readonly Argument[]
  /** The elements of all results, one behind the other. */
  readonly reference: (...args: never[]) => readonly number[]
  readonly tolerance?: number
}

/** Some numbers from -2 to 2, the same ones in every run. */
export function numbers(shape: readonly number[], dtype: StorageType = 'f32'): HostArgument {
  return host(shape, (i) => Math.round(Math.sin(i * 12.9898 + shape.length) * 8) / 4, dtype)
}

/** Whole numbers below `end`. */
export function whole(shape: readonly number[], end: number, dtype: StorageType = 'i32'): HostArgument {
  return host(shape, (i) => (i * 7 + 3) % end, dtype)
}

export function integers(list: readonly number[]): HostArgument {
  return host([list.length], list, 'i32')
}

export function elementsOf({ shape, data }: HostArgument): Elements {
  return (...index) => data[index.reduce((at, i, dim) => at * (shape[dim] ?? 1) + i, 0)] ?? 0
}

/** Elements in row-major order. */
export function each(shape: readonly number[], element: Elements): readonly number[] {
  const [count, ...inner] = shape
  if (count === undefined) return [element()]
  return Array.from({ length: count }, (_, i) => each(inner, (...rest) => element(i, ...rest))).flat()
}

export function sum(count: number, term: (i: number) => number): number {
  return sumFrom(0, count, term)
}

export function sumFrom(begin: number, end: number, term: (i: number) => number): number {
  let total = 0
  for (let i = begin; i < end; i++) total += term(i)
  return total
}

export function largest(count: number, term: (i: number) => number): number {
  return Math.max(...Array.from({ length: count }, (_, i) => term(i)))
}

/** The logarithm of the sum of exponentials. */
export function logSumExp(count: number, term: (i: number) => number): number {
  const top = largest(count, term)
  return top + Math.log(sum(count, (i) => Math.exp(term(i) - top)))
}

export const sigmoid = (x: number): number => 1 / (1 + Math.exp(-x))
export const silu = (x: number): number => x * sigmoid(x)
