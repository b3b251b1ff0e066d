/**
 * A tile value: what authors compute with. It stands for one node of the kernel being traced and is only
 * valid while the loop that it was made in is open. Its methods are installed by `methods.ts`.
 */
import { tileType } from '../../ir/build.ts'
import type { Axis, LoadNode, Node } from '../../ir/node.ts'
import { areEntryPoints, callSite } from '../../support/call_site.ts'
import type { DType } from '../../support/dtypes.ts'
import { AuthorError } from '../../support/errors.ts'
import type { StorageType } from '../../support/storage_types.ts'
import type { Cell, Scope } from '../trace/scope.ts'
import type { Trace } from '../trace/trace.ts'
import type { ElementwiseMethods } from './elementwise_methods.ts'
import type { LoadOptionsOf, MaskOptionsOf, RefMethodsOf } from './ref_methods.ts'

/** What operations take beside tiles: plain numbers, booleans and sizes. */
export type Operand = TileValue | number | boolean

export type MaskOptions = MaskOptionsOf<Operand>
export type LoadOptions = LoadOptionsOf<Operand>
export type RefMethods = RefMethodsOf<Operand, TileValue>

export interface ReduceOptions {
  /** Leave an axis of one in place of the reduced one. */
  readonly keepdim?: boolean
}

/** An axis, or a list of several that are taken together. */
export type Axes = number | readonly number[]

/** One term of `value.at(…)`. */
export type ValueTerm = ':' | null | number

/** What the variance takes beside an axis. */
export interface VarianceOptions extends ReduceOptions {
  /** What the number of elements is lessened by; 0 for the variance of a whole population. */
  readonly correction?: number
}

/** A tile of a loop in a shape. */
export interface TileOfShape {
  readonly index: TileValue
  readonly begin: TileValue
}

/** An axis in a shape: a tile, a size, or what is computed of block sizes: `tile.blockSize.mul(2)`. */
export type ShapeEntry = number | TileOfShape | TileValue

/** What products take beside their operands. */
export interface DotOptions {
  /** What the result is converted to, once, at the end: `acc`'s dtype or f32, unless given. */
  readonly dtype?: DType
}

export interface SortOptions {
  /** The largest first. */
  readonly descending?: boolean
}

export interface TopkOptions {
  /** False for the smallest ones. */
  readonly largest?: boolean
}

/** Values in order, and the positions that they had. */
export interface Sorted {
  readonly values: TileValue
  readonly indices: TileValue
}

export interface ScanOptions {
  /** From the last element to the first. */
  readonly reverse?: boolean
}

/** The methods that are not element-wise. Axes count from 0; negative ones from the end. */
export interface TileMethods extends ElementwiseMethods<Operand, TileValue> {
  /**
   * This value with another dtype; floats to integers truncate. With a type that only memory has (bf16, i8 …)
   * it keeps what such an element can hold, in the dtype that a load of one gives.
   */
  to(dtype: StorageType): TileValue
  /** The same bits as another dtype of the same size. */
  bitcast(dtype: DType): TileValue
  /** The value limited to low..high; null, or left out, is no limit. */
  clamp(low?: Operand | null, high?: Operand | null): TileValue
  /** `value` where the mask is true, this value elsewhere: `hl.where(mask, value, this)`. */
  maskedFill(mask: Operand, value: Operand): TileValue
  /**
   * The same value with its axes as these terms say: ':' keeps one, null is a new axis of one, and a number
   * takes one position of a whole dimension: `row.at(null, ':')`.
   */
  at(...terms: ValueTerm[]): TileValue
  /** A new axis of one before axis `axis`. */
  unsqueeze(axis: number): TileValue
  /** Without the axis of one at `axis`. */
  squeeze(axis: number): TileValue
  /** Axes in another order. */
  permute(...axes: number[]): TileValue
  /** Axes `a` and `b` swapped: the last two, unless said otherwise. */
  transpose(a?: number, b?: number): TileValue
  /** A matrix with rows and columns swapped. */
  readonly T: TileValue
  /**
   * Its axes as tiles and sizes, as `hl.zeros` and `reshape` take them; the entry of a tile is the tile
   * itself, which is no number.
   */
  readonly shape: readonly number[]
  /**
   * The same elements, in the same order, under another shape: tiles that it names stay where they are, what
   * lies between them becomes other axes. One size may be -1.
   */
  reshape(shape: readonly ShapeEntry[]): TileValue
  /** Every `step`-th of positions `begin` to `end - 1` of a whole dimension. */
  slice(axis: number, begin: number, end?: number, step?: number): TileValue
  /** Axes of one repeated to these tiles and sizes; -1 keeps an axis, entries in front are new axes. */
  expand(shape: readonly ShapeEntry[]): TileValue
  /** A whole dimension walked from its end. */
  flip(axis: number): TileValue
  /** The two values along a last axis of two. */
  split(): readonly [TileValue, TileValue]
  /**
   * Sum along `axis`, or several, or of everything, in the dtype of this value; bool counts as i32, and f16
   * is added up in f32 and rounded once. Likewise below.
   */
  sum(axis?: Axes, options?: ReduceOptions): TileValue
  /** In floating point; f16 is computed in f32, as are softmax and logsumexp. */
  mean(axis?: Axes, options?: ReduceOptions): TileValue
  /**
   * The mean of squared distances from the mean along `axis`, or of everything, in floating point. Divides by
   * the number of elements less `correction`, 1 unless another is given, as PyTorch does.
   */
  var(axis?: Axes, options?: VarianceOptions): TileValue
  /** The square root of `var`. */
  std(axis?: Axes, options?: VarianceOptions): TileValue
  /** The square root of the sum of squares along `axis`, or of everything, in floating point. */
  norm(axis?: Axes, options?: ReduceOptions): TileValue
  /** The product along `axis`, or of everything; likewise in the dtype of this value. */
  prod(axis?: Axes, options?: ReduceOptions): TileValue
  /** The largest element along `axis`; `max` of PyTorch without the index. */
  amax(axis?: Axes, options?: ReduceOptions): TileValue
  /** The smallest element along `axis`. */
  amin(axis?: Axes, options?: ReduceOptions): TileValue
  /**
   * Position within the tile of the first largest element along `axis`, as i32; NaN counts as larger than
   * all.
   */
  argmax(axis: number, options?: ReduceOptions): TileValue
  /** Position within the tile of the first smallest element along `axis`, as i32. */
  argmin(axis: number, options?: ReduceOptions): TileValue
  /**
   * The sum of the elements up to each along `axis`, itself included; from the last to the first with
   * `reverse`. bool counts as i32, and f16 is added up in f32. Of a tile, not of what tiles before it had.
   */
  cumsum(axis: number, options?: ScanOptions): TileValue
  /** The product of the elements up to each along `axis`; likewise. */
  cumprod(axis: number, options?: ScanOptions): TileValue
  /**
   * The elements along `axis`, the last unless given, in rising order, NaN last, or falling, NaN first, and
   * the positions that they had, i32, counted within the tile. Equal ones keep their order.
   */
  sort(axis?: number, options?: SortOptions): Sorted
  /**
   * The `count` largest elements along `axis`, the last unless given, the largest first, and their positions;
   * the smallest with
   * `largest: false`. The axis has that size then.
   */
  topk(count: number, axis?: number, options?: TopkOptions): Sorted
  /** True where any element along `axis` is true. */
  any(axis?: Axes, options?: ReduceOptions): TileValue
  /** True where all elements along `axis` are true. */
  all(axis?: Axes, options?: ReduceOptions): TileValue
  /** `exp(x - max)`, divided by its sum along `axis`. */
  softmax(axis: number): TileValue
  /** The logarithm of `softmax`, without overflow. */
  logSoftmax(axis: number): TileValue
  /** `log(sum(exp(x)))` along `axis`, without overflow. */
  logsumexp(axis: number, options?: ReduceOptions): TileValue
  /**
   * Matrix product `[m, k] · [k, n]`; f16 and f32 accumulate in f32. Leading axes are a batch and broadcast:
   * `[…, m, k] · […, k, n]`. With `acc`, a value over `[…, m, n]`, the sum of both in the dtype of `acc`,
   * which stays as it is: `acc.addDot(a, b)` changes it in place.
   */
  dot(other: TileValue, ...rest: [options: DotOptions] | [acc?: TileValue, options?: DotOptions]): TileValue
  /**
   * This value plus the matrix product `a[m, k] · b[k, n]`, in the dtype of this value; f16 is added up in
   * f32. It may lack axes, as a row of biases does.
   */
  addmm(a: TileValue, b: TileValue, options?: DotOptions): TileValue
  /** Likewise for batches: plus `a[…, m, k] · b[…, k, n]`. */
  baddbmm(a: TileValue, b: TileValue, options?: DotOptions): TileValue
  /** A copy that can be changed in place: see Accumulator. */
  clone(): Accumulator
}

/** Changing a value in place, so that it survives the loops it is changed in. */
export interface AccumulatorMethods {
  /** Gives it another value. */
  assign(value: Operand): void
  /** Adds to it in place. */
  addAssign(value: Operand): void
  /** Subtracts from it in place. */
  subAssign(value: Operand): void
  /** Multiplies it in place. */
  mulAssign(value: Operand): void
  /** Divides it in place. */
  divAssign(value: Operand): void
  /** Keeps the smaller of it and the value. */
  minimumAssign(value: Operand): void
  /** Keeps the larger of it and the value. */
  maximumAssign(value: Operand): void
  /** Adds the matrix product `a[…, m, k] · b[…, k, n]`. */
  addDot(a: TileValue, b: TileValue): void
}

// Methods are installed on the prototype; these bases only give them their types.
const TileBase: new () => TileMethods = class {} as new () => TileMethods

/** A tile value: what a kernel computes with, valid while the loop that it was made in is open. */
export class TileValue extends TileBase {
  readonly #trace: Trace
  readonly #scope: Scope | 'kernel'
  readonly #node: Node

  /** A value belongs to the innermost open loop; one made outside of loops is good in the whole kernel. */
  constructor(trace: Trace, node: Node, scope: Scope | 'kernel' = trace.home) {
    super()
    this.#trace = trace
    this.#scope = scope
    this.#node = node
  }

  /** The IR value; an error when its loop has ended or it belongs to another kernel. */
  nodeIn(trace: Trace): Node {
    if (this.#trace === trace && this.#scope === 'kernel') return trace.within(this.#node)
    const visible = this.#scope !== 'kernel' && trace.sees(this.#scope)
    if (this.#trace === trace && visible) return this.#node
    const isOfBranch = this.#scope !== 'kernel' && this.#scope.kind === 'when'
    throw new AuthorError(
      isOfBranch
        ? 'a value made inside of hl.when is used after it'
        : 'a value made inside a loop over tiles is used after that loop',
      {
        location: callSite(),
        remedy: isOfBranch
          ? 'Carry it out in an accumulator, made before by hl.zeros([…]) or value.clone() and changed ' +
            'inside by acc.assign(…); or choose by elements: hl.where(condition, a, b).'
          : 'Carry it out of an inner loop in an accumulator, made before that loop by hl.zeros([…]) or ' +
            'value.clone() and changed inside it by acc.addAssign(…) or acc.assign(…); ' +
            'out of a top-level loop in a tensor: out.at(…).set(…).',
      },
    )
  }

  /** The type of its elements. */
  get dtype(): DType {
    return this.#node.type.dtype
  }

  /** What runs along each axis; see `Axis`. */
  get axes(): readonly Axis[] {
    return this.#node.type.axes
  }

  /** Number of axes. */
  get ndim(): number {
    return this.axes.length
  }

  [Symbol.toPrimitive](): never {
    throw new AuthorError('a tile value cannot be used as a plain number, string or condition', {
      location: callSite(),
      remedy: 'Use its methods: .add, .mul, .lt, …, and hl.where(condition, a, b) instead of if and ?:.',
    })
  }
}

areEntryPoints(TileValue.prototype, [Symbol.toPrimitive])

const AccumulatorBase = TileValue as unknown as new (
  trace: Trace,
  node: Node,
) => TileValue & AccumulatorMethods

/**
 * A value with a place of its own: made by `hl.zeros`, `hl.full` or `.clone()` inside a loop, changed in
 * place.
 */
export class Accumulator extends AccumulatorBase {
  readonly #trace: Trace
  readonly #cell: Cell

  constructor(trace: Trace, init: Node) {
    super(trace, init)
    this.#trace = trace
    this.#cell = { type: init.type }
    trace.scope('an accumulator').write(this.#cell, init)
  }

  override nodeIn(trace: Trace): Node {
    super.nodeIn(trace)
    return trace.scope('this accumulator').read(this.#cell)
  }

  /** Replaces the value from here on. */
  write(value: Node): void {
    this.nodeIn(this.#trace)
    this.#trace.scope('assign').write(this.#cell, value)
  }
}

const RefBase = TileValue as unknown as new (trace: Trace, node: Node) => TileValue & RefMethods

/** Of positions along tiles whose range may go on behind the end of the tensor. */
export interface PastTheEnd {
  /** Requires that it does not, when tracing or at launches. */
  readonly require: () => void
  /** Positions that are compared with the size instead. */
  readonly anywhere: () => Ref
}

/** `tensor.at(…)`: reads as the elements there, and writes to them. */
export class Ref extends RefBase {
  /** The node that reads these positions; it names the tensor and the indices. */
  readonly load: LoadNode
  /** The value's axes as `at(…)` wrote them, new axes of one included. */
  readonly target: readonly Axis[]
  /** The view several of whose positions are one element, which cannot be written to. */
  readonly repeats: string | undefined
  /** The type of the elements in memory. */
  readonly stored: StorageType

  readonly #past: PastTheEnd | undefined

  constructor(
    trace: Trace,
    load: LoadNode,
    value: Node,
    options: {
      readonly dtype: StorageType
      readonly repeats: string | undefined
      readonly past: PastTheEnd | undefined
    },
  ) {
    super(trace, value)
    this.load = load
    this.target = value.type.axes
    this.repeats = options.repeats
    this.stored = options.dtype
    this.#past = options.past
  }

  override nodeIn(trace: Trace): Node {
    const node = super.nodeIn(trace)
    this.#past?.require()
    return node
  }

  /** The same positions for accesses under a mask, which need not lie in the tensor. */
  get anywhere(): Ref {
    return this.#past?.anywhere() ?? this
  }
}

/** A number among the kernel's arguments: an f32 scalar, exact when converted to an integer. */
export class ScalarArgument extends TileValue {
  readonly id: number

  constructor(trace: Trace, id: number) {
    super(trace, trace.add('an argument', { kind: 'argument', type: tileType('f32'), argument: id }))
    this.id = id
  }

  override [Symbol.toPrimitive](): never {
    throw new AuthorError(
      'a number among the arguments is given at launch and unknown while the kernel is traced',
      {
        location: callSite(),
        remedy:
          'Use it with methods and hl functions, ' +
          'or make it a constant of the specialisation: hl.specialize(value).',
      },
    )
  }
}

areEntryPoints(ScalarArgument.prototype, [Symbol.toPrimitive])
