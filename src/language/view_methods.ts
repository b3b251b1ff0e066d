/** The methods of tensors that make views, in kernels and outside. */
import type { Tensor } from './tensor.ts'

export interface ViewMethods {
  /** A matrix with rows and columns exchanged. */
  readonly T: Tensor
  /** Dimensions `a` and `b` exchanged: the last two, unless said otherwise. */
  transpose(a?: number, b?: number): Tensor
  /** The dimensions in this order. */
  permute(...axes: number[]): Tensor
  /** A new axis of one before dimension `axis`. */
  unsqueeze(axis: number): Tensor
  /** Without dimension `axis`, which has one position. */
  squeeze(axis: number): Tensor
  /** Axes of one repeated to these sizes; -1 keeps a size, sizes in front are new. For reading only. */
  expand(shape: readonly number[]): Tensor
  /** Every `step`-th of positions `begin` to `end - 1` of a dimension. */
  slice(axis: number, begin: number, end?: number, step?: number): Tensor
  /**
   * The same elements under other sizes, one of which may be -1: as large as needed. Throws where that would
   * need a copy.
   */
  reshape(shape: readonly number[]): Tensor
}

/** What each takes. */
export const VIEW_SIGNATURES: Readonly<Record<Exclude<keyof ViewMethods, 'T'>, string>> = {
  transpose: 'a?: number, b?: number',
  permute: '...axes: number',
  unsqueeze: 'axis: number',
  squeeze: 'axis: number',
  expand: 'shape: shape',
  slice: 'axis: number, begin, end?, step?: number',
  reshape: 'shape: shape',
}

export const VIEW_METHODS: readonly Exclude<keyof ViewMethods, 'T'>[] = Object.keys(
  VIEW_SIGNATURES,
) as Exclude<keyof ViewMethods, 'T'>[]
