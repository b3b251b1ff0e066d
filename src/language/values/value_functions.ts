/**
 * The other methods of values as functions of `hl`, each with the words
 * of its method, which editors show. Written from the methods by `npm run functions`: change those.
 */
import type { IndexTerm, Tensor } from '../tensors/tensor.ts'
import type { Operand, RefMethods, TileMethods, TileValue } from './value.ts'

type Call = (...of: never[]) => unknown
type OfTile<K extends keyof TileMethods> = Parameters<Extract<TileMethods[K], Call>>
type FromTile<K extends keyof TileMethods> = ReturnType<Extract<TileMethods[K], Call>>
type OfTensor<K extends keyof Tensor> = Parameters<Extract<Tensor[K], Call>>
type FromTensor<K extends keyof Tensor> = ReturnType<Extract<Tensor[K], Call>>
type OfRef<K extends keyof RefMethods> = Parameters<RefMethods[K]>
type Index = readonly IndexTerm[]

/** The other functions of values and of whole tensors. */
export interface ValueFunctions {
  /**
   * This value with another dtype; floats to integers truncate. With a type that only memory has (bf16, i8 …)
   * it keeps what such an element can hold, in the dtype that a load of one gives.
   */
  to(value: Operand, ...rest: OfTile<'to'>): FromTile<'to'>
  /**
   * This value with another dtype; floats to integers truncate. With a type that only memory has (bf16, i8 …)
   * it keeps what such an element can hold, in the dtype that a load of one gives.
   */
  to(tensor: Tensor, ...rest: OfTensor<'to'>): FromTensor<'to'>
  /** The same bits as another dtype of the same size. */
  bitcast(value: Operand, ...rest: OfTile<'bitcast'>): FromTile<'bitcast'>
  /** The same bits as another dtype of the same size. */
  bitcast(tensor: Tensor, ...rest: OfTensor<'bitcast'>): FromTensor<'bitcast'>
  /** The value limited to low..high; null, or left out, is no limit. */
  clamp(value: Operand, ...rest: OfTile<'clamp'>): FromTile<'clamp'>
  /** The value limited to low..high; null, or left out, is no limit. */
  clamp(tensor: Tensor, ...rest: OfTensor<'clamp'>): FromTensor<'clamp'>
  /** `value` where the mask is true, this value elsewhere: `hl.where(mask, value, this)`. */
  maskedFill(value: Operand, ...rest: OfTile<'maskedFill'>): FromTile<'maskedFill'>
  /** A new axis of one before axis `axis`. */
  unsqueeze(value: Operand, ...rest: OfTile<'unsqueeze'>): FromTile<'unsqueeze'>
  /** A new axis of one before axis `axis`. */
  unsqueeze(tensor: Tensor, ...rest: OfTensor<'unsqueeze'>): FromTensor<'unsqueeze'>
  /** Without the axis of one at `axis`. */
  squeeze(value: Operand, ...rest: OfTile<'squeeze'>): FromTile<'squeeze'>
  /** Without the axis of one at `axis`. */
  squeeze(tensor: Tensor, ...rest: OfTensor<'squeeze'>): FromTensor<'squeeze'>
  /** Axes in another order. */
  permute(value: Operand, ...rest: OfTile<'permute'>): FromTile<'permute'>
  /** Axes in another order. */
  permute(tensor: Tensor, ...rest: OfTensor<'permute'>): FromTensor<'permute'>
  /** Axes `a` and `b` swapped: the last two, unless said otherwise. */
  transpose(value: Operand, ...rest: OfTile<'transpose'>): FromTile<'transpose'>
  /** Axes `a` and `b` swapped: the last two, unless said otherwise. */
  transpose(tensor: Tensor, ...rest: OfTensor<'transpose'>): FromTensor<'transpose'>
  /**
   * The same elements, in the same order, under another shape: tiles that it names stay where they are, what
   * lies between them becomes other axes. One size may be -1.
   */
  reshape(value: Operand, ...rest: OfTile<'reshape'>): FromTile<'reshape'>
  /**
   * The same elements, in the same order, under another shape: tiles that it names stay where they are, what
   * lies between them becomes other axes. One size may be -1.
   */
  reshape(tensor: Tensor, ...rest: OfTensor<'reshape'>): FromTensor<'reshape'>
  /** Every `step`-th of positions `begin` to `end - 1` of a whole dimension. */
  slice(value: Operand, ...rest: OfTile<'slice'>): FromTile<'slice'>
  /** Every `step`-th of positions `begin` to `end - 1` of a whole dimension. */
  slice(tensor: Tensor, ...rest: OfTensor<'slice'>): FromTensor<'slice'>
  /** Axes of one repeated to these tiles and sizes; -1 keeps an axis, entries in front are new axes. */
  expand(value: Operand, ...rest: OfTile<'expand'>): FromTile<'expand'>
  /** Axes of one repeated to these tiles and sizes; -1 keeps an axis, entries in front are new axes. */
  expand(tensor: Tensor, ...rest: OfTensor<'expand'>): FromTensor<'expand'>
  /** A whole dimension walked from its end. */
  flip(value: Operand, ...rest: OfTile<'flip'>): FromTile<'flip'>
  /** The two values along a last axis of two. */
  split(value: Operand, ...rest: OfTile<'split'>): FromTile<'split'>
  /**
   * Sum along `axis`, or several, or of everything, in the dtype of this value; bool counts as i32, and f16
   * is added up in f32 and rounded once.
   */
  sum(value: Operand, ...rest: OfTile<'sum'>): FromTile<'sum'>
  /**
   * Sum along `axis`, or several, or of everything, in the dtype of this value; bool counts as i32, and f16
   * is added up in f32 and rounded once.
   */
  sum(tensor: Tensor, ...rest: OfTensor<'sum'>): FromTensor<'sum'>
  /** In floating point; f16 is computed in f32, as are softmax and logsumexp. */
  mean(value: Operand, ...rest: OfTile<'mean'>): FromTile<'mean'>
  /** In floating point; f16 is computed in f32, as are softmax and logsumexp. */
  mean(tensor: Tensor, ...rest: OfTensor<'mean'>): FromTensor<'mean'>
  /**
   * The mean of squared distances from the mean along `axis`, or of everything, in floating point. Divides by
   * the number of elements less `correction`, 1 unless another is given, as PyTorch does.
   */
  var(value: Operand, ...rest: OfTile<'var'>): FromTile<'var'>
  /**
   * The mean of squared distances from the mean along `axis`, or of everything, in floating point. Divides by
   * the number of elements less `correction`, 1 unless another is given, as PyTorch does.
   */
  var(tensor: Tensor, ...rest: OfTensor<'var'>): FromTensor<'var'>
  /** The square root of `var`. */
  std(value: Operand, ...rest: OfTile<'std'>): FromTile<'std'>
  /** The square root of `var`. */
  std(tensor: Tensor, ...rest: OfTensor<'std'>): FromTensor<'std'>
  /** The square root of the sum of squares along `axis`, or of everything, in floating point. */
  norm(value: Operand, ...rest: OfTile<'norm'>): FromTile<'norm'>
  /** The square root of the sum of squares along `axis`, or of everything, in floating point. */
  norm(tensor: Tensor, ...rest: OfTensor<'norm'>): FromTensor<'norm'>
  /** The product along `axis`, or of everything; likewise in the dtype of this value. */
  prod(value: Operand, ...rest: OfTile<'prod'>): FromTile<'prod'>
  /** The product along `axis`, or of everything; likewise in the dtype of this value. */
  prod(tensor: Tensor, ...rest: OfTensor<'prod'>): FromTensor<'prod'>
  /** The largest element along `axis`; `max` of PyTorch without the index. */
  amax(value: Operand, ...rest: OfTile<'amax'>): FromTile<'amax'>
  /** The largest element along `axis`; `max` of PyTorch without the index. */
  amax(tensor: Tensor, ...rest: OfTensor<'amax'>): FromTensor<'amax'>
  /** The smallest element along `axis`. */
  amin(value: Operand, ...rest: OfTile<'amin'>): FromTile<'amin'>
  /** The smallest element along `axis`. */
  amin(tensor: Tensor, ...rest: OfTensor<'amin'>): FromTensor<'amin'>
  /**
   * Position within the tile of the first largest element along `axis`, as i32; NaN counts as larger than
   * all.
   */
  argmax(value: Operand, ...rest: OfTile<'argmax'>): FromTile<'argmax'>
  /**
   * Position within the tile of the first largest element along `axis`, as i32; NaN counts as larger than
   * all.
   */
  argmax(tensor: Tensor, ...rest: OfTensor<'argmax'>): FromTensor<'argmax'>
  /** Position within the tile of the first smallest element along `axis`, as i32. */
  argmin(value: Operand, ...rest: OfTile<'argmin'>): FromTile<'argmin'>
  /** Position within the tile of the first smallest element along `axis`, as i32. */
  argmin(tensor: Tensor, ...rest: OfTensor<'argmin'>): FromTensor<'argmin'>
  /**
   * The sum of the elements up to each along `axis`, itself included; from the last to the first with
   * `reverse`. bool counts as i32, and f16 is added up in f32. Of a tile, not of what tiles before it had.
   */
  cumsum(value: Operand, ...rest: OfTile<'cumsum'>): FromTile<'cumsum'>
  /**
   * The sum of the elements up to each along `axis`, itself included; from the last to the first with
   * `reverse`. bool counts as i32, and f16 is added up in f32. Of a tile, not of what tiles before it had.
   */
  cumsum(tensor: Tensor, ...rest: OfTensor<'cumsum'>): FromTensor<'cumsum'>
  /** The product of the elements up to each along `axis`; likewise. */
  cumprod(value: Operand, ...rest: OfTile<'cumprod'>): FromTile<'cumprod'>
  /** The product of the elements up to each along `axis`; likewise. */
  cumprod(tensor: Tensor, ...rest: OfTensor<'cumprod'>): FromTensor<'cumprod'>
  /**
   * The elements along `axis`, the last unless given, in rising order, NaN last, or falling, NaN first, and
   * the positions that they had, i32, counted within the tile. Equal ones keep their order.
   */
  sort(value: Operand, ...rest: OfTile<'sort'>): FromTile<'sort'>
  /**
   * The elements along `axis`, the last unless given, in rising order, NaN last, or falling, NaN first, and
   * the positions that they had, i32, counted within the tile. Equal ones keep their order.
   */
  sort(tensor: Tensor, ...rest: OfTensor<'sort'>): FromTensor<'sort'>
  /**
   * The `count` largest elements along `axis`, the last unless given, the largest first, and their positions;
   * the smallest with
   * `largest: false`. The axis has that size then.
   */
  topk(value: Operand, ...rest: OfTile<'topk'>): FromTile<'topk'>
  /**
   * The `count` largest elements along `axis`, the last unless given, the largest first, and their positions;
   * the smallest with
   * `largest: false`. The axis has that size then.
   */
  topk(tensor: Tensor, ...rest: OfTensor<'topk'>): FromTensor<'topk'>
  /** True where any element along `axis` is true. */
  any(value: Operand, ...rest: OfTile<'any'>): FromTile<'any'>
  /** True where any element along `axis` is true. */
  any(tensor: Tensor, ...rest: OfTensor<'any'>): FromTensor<'any'>
  /** True where all elements along `axis` are true. */
  all(value: Operand, ...rest: OfTile<'all'>): FromTile<'all'>
  /** True where all elements along `axis` are true. */
  all(tensor: Tensor, ...rest: OfTensor<'all'>): FromTensor<'all'>
  /** `exp(x - max)`, divided by its sum along `axis`. */
  softmax(value: Operand, ...rest: OfTile<'softmax'>): FromTile<'softmax'>
  /** `exp(x - max)`, divided by its sum along `axis`. */
  softmax(tensor: Tensor, ...rest: OfTensor<'softmax'>): FromTensor<'softmax'>
  /** The logarithm of `softmax`, without overflow. */
  logSoftmax(value: Operand, ...rest: OfTile<'logSoftmax'>): FromTile<'logSoftmax'>
  /** The logarithm of `softmax`, without overflow. */
  logSoftmax(tensor: Tensor, ...rest: OfTensor<'logSoftmax'>): FromTensor<'logSoftmax'>
  /** `log(sum(exp(x)))` along `axis`, without overflow. */
  logsumexp(value: Operand, ...rest: OfTile<'logsumexp'>): FromTile<'logsumexp'>
  /** `log(sum(exp(x)))` along `axis`, without overflow. */
  logsumexp(tensor: Tensor, ...rest: OfTensor<'logsumexp'>): FromTensor<'logsumexp'>
  /**
   * Matrix product `[m, k] · [k, n]`; f16 and f32 accumulate in f32. Leading axes are a batch and broadcast:
   * `[…, m, k] · […, k, n]`. With `acc`, a value over `[…, m, n]`, the sum of both in the dtype of `acc`,
   * which stays as it is: `acc.addDot(a, b)` changes it in place.
   */
  dot(value: Operand, ...rest: OfTile<'dot'>): FromTile<'dot'>
  /**
   * Matrix product `[m, k] · [k, n]`; f16 and f32 accumulate in f32. Leading axes are a batch and broadcast:
   * `[…, m, k] · […, k, n]`. With `acc`, a value over `[…, m, n]`, the sum of both in the dtype of `acc`,
   * which stays as it is: `acc.addDot(a, b)` changes it in place.
   */
  dot(tensor: Tensor, ...rest: OfTensor<'dot'>): FromTensor<'dot'>
  /**
   * This value plus the matrix product `a[m, k] · b[k, n]`, in the dtype of this value; f16 is added up in
   * f32. It may lack axes, as a row of biases does.
   */
  addmm(value: Operand, ...rest: OfTile<'addmm'>): FromTile<'addmm'>
  /** Likewise for batches: plus `a[…, m, k] · b[…, k, n]`. */
  baddbmm(value: Operand, ...rest: OfTile<'baddbmm'>): FromTile<'baddbmm'>
  /** A copy that can be changed in place: see Accumulator. */
  clone(value: Operand, ...rest: OfTile<'clone'>): FromTile<'clone'>
  /** A copy that can be changed in place: see Accumulator. */
  clone(tensor: Tensor, ...rest: OfTensor<'clone'>): FromTensor<'clone'>
  /**
   * Adds to what is there, at once, whatever other tiles do: i32, u32 and f32. Gives what was there before,
   * 0 where it does nothing: at positions outside the tensor, and where a mask is false.
   */
  atomicAdd(tensor: Tensor, index: Index, ...rest: OfRef<'atomicAdd'>): TileValue
  /** Keeps the larger of what is there and the value, at once: i32, u32 and f32. */
  atomicMax(tensor: Tensor, index: Index, ...rest: OfRef<'atomicMax'>): TileValue
  /** Keeps the smaller of what is there and the value, at once: i32, u32 and f32. */
  atomicMin(tensor: Tensor, index: Index, ...rest: OfRef<'atomicMin'>): TileValue
  /** Keeps the bits that both have, at once: i32 and u32. */
  atomicAnd(tensor: Tensor, index: Index, ...rest: OfRef<'atomicAnd'>): TileValue
  /** Keeps the bits that either has, at once: i32 and u32. */
  atomicOr(tensor: Tensor, index: Index, ...rest: OfRef<'atomicOr'>): TileValue
  /** Keeps the bits that differ, at once: i32 and u32. */
  atomicXor(tensor: Tensor, index: Index, ...rest: OfRef<'atomicXor'>): TileValue
  /** Writes the value, at once: i32, u32 and f32. */
  atomicExchange(tensor: Tensor, index: Index, ...rest: OfRef<'atomicExchange'>): TileValue
  /** Writes the value where `expected` is what is there, at once: i32, u32 and f32. */
  atomicCompareExchange(tensor: Tensor, index: Index, ...rest: OfRef<'atomicCompareExchange'>): TileValue
}
