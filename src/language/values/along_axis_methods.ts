/**
 * The methods of values that work along axes, as tensors have them outside of loops, each with the words
 * of its method, which editors show. Written from the methods by `npm run functions`: change those.
 */
import type { TileMethods } from './value.ts'

/** What works along axes. */
export interface AlongAxisMethods<Result> {
  /**
   * Sum along `axis`, or several, or of everything, in the dtype of this value; bool counts as i32, and f16
   * is added up in f32 and rounded once.
   */
  sum(...of: Parameters<TileMethods['sum']>): Result
  /** In floating point; f16 is computed in f32, as are softmax and logsumexp. */
  mean(...of: Parameters<TileMethods['mean']>): Result
  /**
   * The mean of squared distances from the mean along `axis`, or of everything, in floating point. Divides by
   * the number of elements less `correction`, 1 unless another is given, as PyTorch does.
   */
  var(...of: Parameters<TileMethods['var']>): Result
  /** The square root of `var`. */
  std(...of: Parameters<TileMethods['std']>): Result
  /** The square root of the sum of squares along `axis`, or of everything, in floating point. */
  norm(...of: Parameters<TileMethods['norm']>): Result
  /** The product along `axis`, or of everything; likewise in the dtype of this value. */
  prod(...of: Parameters<TileMethods['prod']>): Result
  /** The largest element along `axis`; `max` of PyTorch without the index. */
  amax(...of: Parameters<TileMethods['amax']>): Result
  /** The smallest element along `axis`. */
  amin(...of: Parameters<TileMethods['amin']>): Result
  /**
   * Position within the tile of the first largest element along `axis`, as i32; NaN counts as larger than
   * all.
   */
  argmax(...of: Parameters<TileMethods['argmax']>): Result
  /** Position within the tile of the first smallest element along `axis`, as i32. */
  argmin(...of: Parameters<TileMethods['argmin']>): Result
  /**
   * The sum of the elements up to each along `axis`, itself included; from the last to the first with
   * `reverse`. bool counts as i32, and f16 is added up in f32. Of a tile, not of what tiles before it had.
   */
  cumsum(...of: Parameters<TileMethods['cumsum']>): Result
  /** The product of the elements up to each along `axis`; likewise. */
  cumprod(...of: Parameters<TileMethods['cumprod']>): Result
  /** True where any element along `axis` is true. */
  any(...of: Parameters<TileMethods['any']>): Result
  /** True where all elements along `axis` are true. */
  all(...of: Parameters<TileMethods['all']>): Result
  /** `exp(x - max)`, divided by its sum along `axis`. */
  softmax(...of: Parameters<TileMethods['softmax']>): Result
  /** The logarithm of `softmax`, without overflow. */
  logSoftmax(...of: Parameters<TileMethods['logSoftmax']>): Result
  /** `log(sum(exp(x)))` along `axis`, without overflow. */
  logsumexp(...of: Parameters<TileMethods['logsumexp']>): Result
}
