/**
 * The one `Tensor` type that authors and callers hold. Two things implement it: the symbolic tensor that a
 * kernel function sees while it is traced, and the tensor in GPU memory that callers pass and get back.
 * Each refuses the other's half of the methods with an error that says where they belong.
 */
import type { HostArray } from '../../support/dtypes.ts'
import type { StorageType } from '../../support/storage_types.ts'
import type { Tile } from '../loops/tile.ts'
import type { AlongAxisMethods } from '../values/along_axis_methods.ts'
import type { ElementwiseMethods } from '../values/elementwise_methods.ts'
import type { DotOptions, Operand, Ref, SortOptions, TileValue, TopkOptions } from '../values/value.ts'
import type { Range } from './range.ts'

/**
 * A size. Outside kernels and in kernels with static shapes it is a plain number; in kernels with dynamic
 * shapes it is symbolic, and JavaScript's arithmetic on it throws. What works on both is `hl.add`, `hl.sub`,
 * `hl.mul`, `hl.floorDiv`, `hl.cdiv`, `hl.mod`, `hl.minimum`, `hl.maximum` and `hl.nextPowerOf2`.
 */
export type Dim = number

/**
 * One position of `tensor.at(...)`: a tile, a range, a whole dimension (an axis of one where its size is 1),
 * a new axis of one, a number, computed indices.
 */
export type IndexTerm = Tile | Range | ':' | null | number | TileValue

/**
 * The sizes of a tensor. Its first ones count as present: `const [m, n] = x.shape` compiles without checks.
 */
export interface Shape extends ReadonlyArray<Dim> {
  readonly 0: Dim
  readonly 1: Dim
  readonly 2: Dim
  readonly 3: Dim
  readonly 4: Dim
  readonly 5: Dim
}

/** The methods that make views. */
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
  /**
   * The same bits as elements of another dtype. Smaller or larger ones change the size of the dimension whose
   * elements lie together in memory, the last one of a tensor.
   */
  bitcast(dtype: StorageType): Tensor
}

/** What operations outside of loops take. */
export type WholeOperand = Operand | Tensor

/** Elements in order, and the positions that they had: tensors that are computed where they are asked for. */
export interface SortedTensors {
  readonly values: Tensor
  readonly indices: Tensor
}

/**
 * Operations on all elements, in a kernel outside of its loops. Each makes a new tensor, in a loop of its own
 * or as part of what uses it.
 */
export interface WholeMethods extends ElementwiseMethods<WholeOperand, Tensor>, AlongAxisMethods<Tensor> {
  /** A tensor of another dtype with these elements; floats to integers truncate. */
  to(dtype: StorageType): Tensor
  /** The elements limited to low..high; null, or left out, is no limit. */
  clamp(low?: WholeOperand | null, high?: WholeOperand | null): Tensor
  /** A tensor of its own with these elements. */
  clone(): Tensor
  /** Matrix product `[…, m, k] · […, k, n]`; leading dimensions are a batch and broadcast. */
  dot(other: Tensor, options?: DotOptions): Tensor
  /** The elements along `axis` in rising order, NaN last, or falling, NaN first, and where they stood. */
  sort(axis?: number, options?: SortOptions): SortedTensors
  /** The `count` largest elements along `axis`, the largest first, and their positions; or the smallest. */
  topk(count: number, axis?: number, options?: TopkOptions): SortedTensors
}

/** Elements in GPU memory. Views share the memory: writing to one writes to the tensor. */
export interface Tensor extends ViewMethods, WholeMethods {
  /** The type of its elements. */
  readonly dtype: StorageType
  /** Its sizes, outermost first. */
  readonly shape: Shape
  /** Number of dimensions. */
  readonly ndim: number
  /** Number of elements. */
  numel(): Dim
  /** In a kernel: the elements at these positions, to load, `.set(...)` or update atomically. */
  at(...index: IndexTerm[]): Ref
  /**
   * Outside kernels: waits for pending work and copies the elements to the host (f16 as float, bool as 0/1).
   */
  data(): Promise<HostArray>
  /** Outside kernels: itself, or a copy of a view whose elements do not lie in order in memory. */
  contiguous(): Tensor
  /** Outside kernels: gives the memory back at once. Using the tensor afterwards throws. */
  dispose(): void
  /** `dispose()` at the end of a `using` declaration. */
  [Symbol.dispose](): void
}
