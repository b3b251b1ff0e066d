/**
 * The namespace `hl`: loops, creation, specialisation, and every tile method as a function. The names that
 * make sense for sizes (`add`, `mul`, `cdiv`, …) also take plain numbers and symbolic sizes.
 */
import { type TunableRanges, tunableRanges } from '../config/tunable.ts'
import type { ConfigValue } from '../config/value.ts'
import { OP_NAMES, type OpName } from '../ir/ops.ts'
import { entryPoint } from '../support/call_site.ts'
import { checkArguments, signatureOf } from '../support/signature.ts'
import { type RegisterBlockSize, registerBlockSize } from './loops/block_sizes.ts'
import { continueIf, when } from './loops/branches.ts'
import {
  barrier,
  type GridLoop,
  grid,
  type JaggedLoop,
  jaggedTile,
  type StaticRange,
  staticRange,
  type TileLoop,
  tile,
} from './loops/loops.ts'
import { Tile } from './loops/tile.ts'
import { isEqual, requireEqual } from './require_equal.ts'
import { type Specialize, specialize } from './specialize.ts'
import { staticAssert } from './static_assert.ts'
import { type Cdiv, cdiv } from './tensors/cdiv.ts'
import {
  type Arange,
  arange,
  empty,
  emptyLike,
  type Full,
  type FullLike,
  full,
  fullLike,
  type RangeOf,
  range,
  type TileExtent,
  type Zeros,
  type ZerosLike,
  zeros,
  zerosLike,
} from './tensors/creation.ts'
import { dimOperation, isDim, isDimOperation, isSymbolic, nextPowerOf2Dim } from './tensors/dim.ts'
import { storeTo } from './tensors/indexing.ts'
import type { Dim, IndexTerm, Tensor } from './tensors/tensor.ts'
import { catAny, stackAny, type Together } from './tensors/whole_cat.ts'
import { elementwiseOf, isTensor, numbersFrom, wholeTensor } from './tensors/whole_operations.ts'
import { tracing } from './trace/trace.ts'
import type { RegisterTunable } from './trace/tunables.ts'
import { type AssociativeScan, associativeScan, type Reduce, reduceBy } from './values/combining.ts'
import { toNode } from './values/elementwise.ts'
import type { ElementwiseFunctions } from './values/elementwise_functions.ts'
import { type InlineOptions, inlineWgsl } from './values/inline_wgsl.ts'
import { loadFrom } from './values/masks.ts'
import { ATOMIC_METHODS, ATOMIC_SIGNATURES, TILE_METHODS } from './values/methods.ts'
import { print } from './values/print.ts'
import { type RandOptions, rand, randint } from './values/random.ts'
import { join } from './values/rearrange.ts'
import { operandsOf, TILE_SIGNATURES } from './values/tile_signatures.ts'
import { type LoadOptions, type MaskOptions, type Operand, type Ref, TileValue } from './values/value.ts'
import type { ValueFunctions } from './values/value_functions.ts'

const ELEMENTWISE = Object.fromEntries(
  OP_NAMES.map((op) => [op, (...operands: Operand[]) => onSizesOrTiles(op, operands)]),
) as unknown as ElementwiseFunctions

const { at: _terms, ...FUNCTIONS_OF_VALUES } = TILE_METHODS
const { at: _at, ...VALUE_SIGNATURES } = TILE_SIGNATURES

const OTHERS = Object.fromEntries(
  Object.entries(FUNCTIONS_OF_VALUES).map(([name, method]) => {
    const call = method as (self: TileValue, ...rest: unknown[]) => unknown
    return [
      name,
      (value: Operand, ...rest: unknown[]) => {
        const tensor = wholeTensor(`hl.${name}`, value) as unknown as Record<string, typeof call> | undefined
        return tensor ? tensor[name]?.(...(rest as [TileValue])) : call(asTile(`hl.${name}`, value), ...rest)
      },
    ]
  }),
) as unknown as Omit<ValueFunctions, `atomic${string}`>

type AtomicFunctions = Pick<ValueFunctions, Extract<keyof ValueFunctions, `atomic${string}`>>

/** `hl.atomicAdd(tensor, [i, j], value)` is `tensor.at(i, j).atomicAdd(value)`. */
const ATOMICS = Object.fromEntries(
  Object.entries(ATOMIC_METHODS).map(([name, method]) => {
    const call = method as (self: Ref, ...rest: unknown[]) => unknown
    return [
      name,
      (tensor: Tensor, index: readonly IndexTerm[], ...rest: unknown[]) => call(tensor.at(...index), ...rest),
    ]
  }),
) as unknown as AtomicFunctions

/** What authors write in kernels beside methods of tensors and tiles. */
export interface Hl extends ElementwiseFunctions, ValueFunctions {
  /** Loops over a range in tiles: `for (const t of hl.tile(n))`, `for (const [i, j] of hl.tile([m, n]))`. */
  readonly tile: TileLoop
  /**
   * Loops over rows with lengths of their own, as far as the longest goes: elements past the end of theirs
   * are masked in loads, stores and reductions. `tile.index` counts from 0, along one axis for all rows.
   */
  readonly jaggedTile: JaggedLoop
  /**
   * A size of tiles that the config chooses, up to the range and no smaller than `least`, for loops to share:
   * `hl.tile(m, { blockSize })`. Elsewhere it is a size as others: `hl.cdiv(m, blockSize)`.
   */
  readonly registerBlockSize: RegisterBlockSize
  /**
   * A plain number, or another value, that the config chooses; searched with the other fields. Everything in
   * the kernel may depend on it, but what it returns.
   */
  readonly registerTunable: RegisterTunable
  /** Powers of two from `low` to `high`, both included; a search starts from `standard`, else from `low`. */
  readonly powerOf2: TunableRanges['powerOf2']
  /** Integers from `low` to `high`, both included; a search starts from `standard`, else from `low`. */
  readonly integer: TunableRanges['integer']
  /** One of several values; a search starts from the first. Numbers are taken in order of size. */
  readonly oneOf: <const Values extends readonly [ConfigValue, ...ConfigValue[]]>(...values: Values) => Values
  /** Loops over positions one at a time, as i32 scalars: `for (const i of hl.grid(n))`. */
  readonly grid: GridLoop
  /** Plain numbers to loop over; the body is repeated in the program. */
  readonly staticRange: StaticRange
  /** Between top-level loops: the next one sees what those before it wrote, as it does without. */
  readonly barrier: () => void
  /**
   * Runs the body where a scalar condition holds, for the whole program at once; `otherwise` where it does
   * not. Accumulators may change inside.
   */
  readonly when: (condition: Operand, body: () => void, otherwise?: () => void) => void
  /** Leaves out the rest of the body of the innermost loop where a scalar condition holds. */
  readonly continueIf: (condition: Operand) => void
  /** A tensor with undefined contents, for the kernel to fill. Outside of loops. */
  readonly empty: (shape: readonly number[], dtype?: Tensor['dtype']) => Tensor
  /** A tensor with the shape of `like`, and its dtype unless another is given. Outside of loops. */
  readonly emptyLike: (like: Tensor, dtype?: Tensor['dtype']) => Tensor
  /** Outside of loops a tensor of zeros; inside, an accumulator over tiles and sizes. */
  readonly zeros: Zeros
  /**
   * Zeros with the shape of `like`, in its dtype unless another is given: a tensor like a tensor outside of
   * loops, an accumulator like a tile value inside.
   */
  readonly zerosLike: ZerosLike
  /** Outside of loops a tensor with one value everywhere; inside, an accumulator over tiles and sizes. */
  readonly full: Full
  /** One value everywhere, with the shape of `like`; see `zerosLike`. */
  readonly fullLike: FullLike
  /**
   * Positions along a tile; or the numbers of a range, from 0 or a begin, along an axis of its own: i32.
   * Outside of loops a tensor of them.
   */
  readonly arange: Arange
  /** Two values along a new last axis of two; they broadcast. */
  readonly join: (a: TileValue, b: TileValue) => TileValue
  /**
   * Values along a new axis, the first unless `axis` is given; they broadcast. Outside of loops: of tensors.
   */
  readonly stack: Together
  /**
   * Values behind one another along a whole dimension, the first axis unless `axis` is given. Outside of
   * loops: of tensors.
   */
  readonly cat: Together
  /**
   * Uniform f32 in [0, 1) over tiles and sizes, the same for every config: it depends on the seed and the
   * position in the whole ranges alone (Philox). `offsets` are integers that stand for the position.
   */
  readonly rand: (seed: Operand, shape: readonly TileExtent[], options?: RandOptions) => TileValue
  /** Uniform i32 from `low` up to but not including `high`; see `rand`. */
  readonly randint: (
    seed: Operand,
    shape: readonly TileExtent[],
    low: Operand,
    high: Operand,
    options?: RandOptions,
  ) => TileValue
  /** `tensor.at(...index)` where the mask is true, and `other` elsewhere: 0 unless given. */
  readonly load: (tensor: Tensor, index: readonly IndexTerm[], options?: LoadOptions) => TileValue
  /** `tensor.at(...index).set(value)` where the mask is true. */
  readonly store: (tensor: Tensor, index: readonly IndexTerm[], value: Operand, options?: MaskOptions) => void
  /**
   * The elements along `axis` combined by a function of two states that gives one: of two values, or of two
   * lists of the values that are combined together. It must be associative; it sees states in the order of
   * the elements. `identity` is the state that changes nothing: with it, code is shorter at ragged ends.
   */
  readonly reduce: Reduce
  /** Each element combined with all before it along `axis`, itself included; see `reduce`. */
  readonly associativeScan: AssociativeScan
  /**
   * Prints a text for every element of the values, which take the places of `{}`, where the setting
   * `devicePrint` says so; else it is left out.
   */
  readonly print: (format: string, ...values: readonly Operand[]) => void
  /**
   * A WGSL expression of one element of each value, by their names: for what the language lacks. The
   * interpreters, and with them the checks of a search, need its `reference` in JavaScript.
   */
  readonly inlineWgsl: (
    text: string,
    values: Readonly<Record<string, Operand>>,
    options?: InlineOptions,
  ) => TileValue
  /** Positions `begin..end-1` of a dimension, for `x.at(t, hl.range(0, n))`: an axis of its own. */
  readonly range: RangeOf
  /** Makes a size, or a number among the arguments, a constant of every specialisation. */
  readonly specialize: Specialize
  /** The same by its name in Helion. */
  readonly constexpr: Specialize
  /** An error with the author's line where the condition, known while the kernel is traced, does not hold. */
  readonly staticAssert: (condition: boolean, message?: string) => void
  /**
   * Whether two sizes, or a size and a number, are equal: a constant of every specialisation. Write
   * `hl.is(size, 4)` instead of `size === 4`, which is false for every symbolic size.
   */
  readonly is: (a: number, b: number) => boolean
  /** Whether an argument is a tensor: numbers among the arguments are objects while the kernel is traced. */
  readonly isTensor: (value: unknown) => value is Tensor
  /** States that two sizes are equal; checked while tracing, or else at every launch. */
  readonly requireEqual: (a: number, b: number) => void
  /** ceil(a / b) of sizes, or of integers that the device computes. */
  readonly cdiv: Cdiv
  /** Smallest power of two that is at least `n`. */
  readonly nextPowerOf2: (n: number) => Dim
}

const RANGES = tunableRanges('hl')

const FUNCTIONS: Hl = {
  ...ELEMENTWISE,
  ...OTHERS,
  ...ATOMICS,
  tile,
  jaggedTile,
  registerBlockSize,
  registerTunable: (name, values) => tracing('hl.registerTunable').tunables.register(name, values) as never,
  powerOf2: RANGES.powerOf2,
  integer: RANGES.integer,
  oneOf: (...values) => values,
  grid,
  staticRange,
  barrier,
  when,
  continueIf,
  empty,
  emptyLike,
  zeros,
  zerosLike,
  full,
  fullLike,
  arange: ((first: TileExtent, end?: number) =>
    tracing('hl.arange').insideLoop || first instanceof Tile || first instanceof TileValue
      ? arange(first, end)
      : numbersFrom(end === undefined ? 0 : first, end ?? first)) as Arange,
  join,
  stack: stackAny,
  cat: catAny,
  rand,
  randint,
  range,
  load: (tensor, index, options) => loadFrom(tensor.at(...index), options),
  store: (tensor, index, value, options) => storeTo(tensor.at(...index), value, options),
  reduce: reduceBy,
  associativeScan,
  specialize,
  constexpr: specialize,
  staticAssert,
  inlineWgsl,
  print,
  is: isEqual,
  isTensor: isTensor as Hl['isTensor'],
  requireEqual,
  cdiv,
  nextPowerOf2: nextPowerOf2Dim,
}

/** What each takes. */
const SIGNATURES: Readonly<Record<keyof Hl, string>> = {
  ...(Object.fromEntries(OP_NAMES.map((op) => [op, operandsOf(op).join(', ')])) as Record<OpName, string>),
  ...(Object.fromEntries(
    Object.entries(VALUE_SIGNATURES).map(([name, rest]) => [name, rest === '' ? 'value' : `value, ${rest}`]),
  ) as Record<keyof typeof VALUE_SIGNATURES, string>),
  ...(Object.fromEntries(
    Object.entries(ATOMIC_SIGNATURES).map(([name, rest]) => [name, `tensor: tensor, index: list, ${rest}`]),
  ) as Record<keyof typeof ATOMIC_SIGNATURES, string>),
  tile: 'begin?, end, blockSize or { blockSize }?',
  jaggedTile: 'lengths, { blockSize }?',
  registerBlockSize: 'least?, range',
  registerTunable: 'name, values',
  powerOf2: 'low: number, high: number, standard?: number',
  integer: 'low: number, high: number, standard?: number',
  oneOf: 'value, ...values',
  grid: 'begin?, end, step?',
  staticRange: 'begin?, end, step?',
  barrier: '',
  when: 'condition, body: function, otherwise?: function',
  continueIf: 'condition',
  empty: 'shape: shape, dtype?',
  emptyLike: 'like: tensor, dtype?',
  zeros: 'shape: shape, dtype?',
  zerosLike: 'like: tile value or tensor, dtype?',
  full: 'shape: shape, value, dtype?',
  fullLike: 'like: tile value or tensor, value, dtype?',
  arange: 'begin or tile, end?',
  join: 'a, b',
  stack: 'values: list, axis?: number',
  cat: 'values: list, axis?: number',
  rand: 'seed, shape: shape, { offsets }?',
  randint: 'seed, shape: shape, low, high, { offsets }?',
  load: 'tensor: tensor, index: list, { mask, other }?',
  store: 'tensor: tensor, index: list, value, { mask }?',
  reduce: 'combine: function, value, axis: number, { identity, keepdim: flag }?',
  associativeScan: 'combine: function, value, axis: number, { reverse: flag }?',
  range: 'begin?, end',
  specialize: 'value',
  constexpr: 'value',
  staticAssert: 'condition, message?',
  print: 'format, ...values',
  inlineWgsl: 'text, values: object, { dtype: dtype, reference: function }?',
  is: 'a, b',
  isTensor: 'value',
  requireEqual: 'a, b',
  cdiv: 'a, b',
  nextPowerOf2: 'n',
}

/** What authors write in kernels beside methods of tensors and tiles. */
export const hl: Hl = Object.freeze(
  Object.fromEntries(
    Object.entries(FUNCTIONS).map(([name, call]) => [name, checked(name as keyof Hl, call)]),
  ) as unknown as Hl,
)

function checked(name: keyof Hl, call: unknown): unknown {
  const signature = signatureOf(SIGNATURES[name])
  return entryPoint(
    (...args: unknown[]) =>
      (call as (...args: unknown[]) => unknown)(...checkArguments(`hl.${name}`, signature, args)),
    'noted',
  )
}

/** A size keeps its integer value: it does not pass through f32. */
function asTile(what: string, value: Operand): TileValue {
  if (value instanceof TileValue) return value
  const trace = tracing(what)
  return new TileValue(trace, isSymbolic(value) ? trace.size(value.size) : toNode(trace, what, value))
}

function onSizesOrTiles(op: OpName, operands: readonly Operand[]): TileValue | Tensor | Dim {
  const [a, b] = operands
  if (isDimOperation(op) && isDim(a) && isDim(b)) return dimOperation(op, a, b)
  tracing(`hl.${op}`)
  return elementwiseOf(op, operands)
}
