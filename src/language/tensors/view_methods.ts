/** What the methods of tensors that make views take, in kernels and outside. */
import type { ViewMethods } from './tensor.ts'

/** What each takes. */
export const VIEW_SIGNATURES: Readonly<Record<Exclude<keyof ViewMethods, 'T'>, string>> = {
  transpose: 'a?: number, b?: number',
  permute: '...axes: number',
  unsqueeze: 'axis: number',
  squeeze: 'axis: number',
  expand: 'shape: shape',
  slice: 'axis: number, begin, end?, step?: number',
  reshape: 'shape: shape',
  bitcast: 'dtype: dtype',
}

export const VIEW_METHODS: readonly Exclude<keyof ViewMethods, 'T'>[] = Object.keys(
  VIEW_SIGNATURES,
) as Exclude<keyof ViewMethods, 'T'>[]
