/**
 * Values of the reference interpreter: dense row-major arrays in double precision, rounded to their dtype
 * after every operation. Tiles are as long as they really are, so there are no masks here to get wrong.
 */
import { DTYPES, type DType, isFloat } from '../support/dtypes.ts'
import { UsageError, unreachable } from '../support/errors.ts'
import { product } from '../support/maths.ts'
import { STORAGE, type StorageType } from '../support/storage_types.ts'
import type { AtomicOp, Axis, CastNode, InlineCode, ReduceOp } from './node.ts'
import { OPS, type OpName } from './ops.ts'

export interface Value {
  readonly dtype: DType
  readonly axes: readonly Axis[]
  /** Length along each axis. */
  readonly shape: readonly number[]
  readonly data: Float64Array
}

export function scalar(dtype: DType, value: number): Value {
  return { dtype, axes: [], shape: [], data: Float64Array.of(roundTo(dtype, value)) }
}

/** The nearest value of the dtype; integer results of arithmetic wrap. */
export function roundTo(dtype: DType, value: number): number {
  if (dtype === 'i32') return value | 0
  if (dtype === 'u32') return value >>> 0
  return DTYPES[dtype].round(value)
}

/** Element-wise operation; operands have the result's axes or none. */
export function map(op: OpName, dtype: DType, axes: readonly Axis[], args: readonly Value[]): Value {
  const rule = OPS[op]
  const like = args.find((arg) => arg.axes.length > 0) ?? args[0]
  if (!like) throw new Error(`${op} without operands`)
  const data = new Float64Array(like.data.length)
  const operandType = args.at(-1)?.dtype ?? dtype
  const at = (arg: Value | undefined, i: number): number => {
    if (!arg) return 0
    return arg.data[arg.axes.length === 0 ? 0 : i] ?? 0
  }
  for (let i = 0; i < data.length; i++) {
    data[i] = roundTo(dtype, rule.cpu(at(args[0], i), at(args[1], i), at(args[2], i), operandType))
  }
  return { dtype, axes, shape: like.shape, data }
}

/** What the author's WGSL comes to; operands as those of `map`. */
export function inline(code: InlineCode, dtype: DType, axes: readonly Axis[], args: readonly Value[]): Value {
  const like = args.find((arg) => arg.axes.length > 0) ?? args[0]
  const rule = referenceOf(code)
  const at = ({ axes: own, data }: Value, i: number): number => data[own.length === 0 ? 0 : i] ?? 0
  const data = Float64Array.from({ length: like?.data.length ?? 1 }, (_, i) =>
    roundTo(dtype, Number(rule(...args.map((arg) => at(arg, i))))),
  )
  return { dtype, axes, shape: like?.shape ?? [], data }
}

/** The author's function for a text of WGSL; throws a UsageError where there is none. */
export function referenceOf({ text, parameters, reference }: InlineCode): (...values: number[]) => number {
  if (reference) return reference
  throw new UsageError(`hl.inlineWgsl(${JSON.stringify(text)}) has no reference, so only a GPU can run it`, {
    remedy: `Say what it computes: { reference: (${parameters.join(', ')}) => … }.`,
  })
}

/**
 * Conversion by value: floats to integers truncate and saturate, integers wrap. `through`: to what this type
 * of memory can hold.
 */
export function cast(arg: Value, dtype: DType, through: StorageType = dtype): Value {
  const { round, stored } = STORAGE[through]
  const wraps = isInteger(arg.dtype) && isInteger(dtype)
  return { ...arg, dtype, data: arg.data.map((v) => (wraps ? stored(roundTo(dtype, v)) : round(v))) }
}

function isInteger(dtype: DType): boolean {
  return DTYPES[dtype].category === 'int'
}

/** Conversion as a node has it. */
export function castBy({ type: { dtype }, bits, through }: CastNode, arg: Value): Value {
  return bits ? bitcast(arg, dtype) : cast(arg, dtype, through)
}

const BITS = new DataView(new ArrayBuffer(4))
const BIT_ACCESS: Record<'f32' | 'i32' | 'u32', { get: () => number; set: (value: number) => void }> = {
  f32: { get: () => BITS.getFloat32(0), set: (v) => BITS.setFloat32(0, v) },
  i32: { get: () => BITS.getInt32(0), set: (v) => BITS.setInt32(0, v) },
  u32: { get: () => BITS.getUint32(0), set: (v) => BITS.setUint32(0, v) },
}

/** The same 32 bits read as another dtype. */
export function bitcast(arg: Value, dtype: DType): Value {
  const from = BIT_ACCESS[arg.dtype as 'f32']
  const to = BIT_ACCESS[dtype as 'f32']
  if (!from || !to) throw new Error(`bitcast of ${arg.dtype} to ${dtype}`)
  const data = arg.data.map((v) => {
    from.set(v)
    return to.get()
  })
  return { ...arg, dtype, data }
}

/**
 * Rearranged to `axes` with lengths `shape`; `source[i]` is the operand's axis behind output axis i, or -1.
 */
export function gatherAxes(
  arg: Value,
  axes: readonly Axis[],
  shape: readonly number[],
  source: readonly number[],
): Value {
  const strides = rowMajorStrides(arg.shape)
  const steps = source.map((from) => (from < 0 || arg.shape[from] === 1 ? 0 : (strides[from] ?? 0)))
  const data = new Float64Array(product(shape))
  forEachOffset(shape, [steps], (i, [offset]) => {
    data[i] = arg.data[offset ?? 0] ?? 0
  })
  return { dtype: arg.dtype, axes, shape, data }
}

interface Reduction {
  readonly start: number
  readonly step: (state: number, value: number) => number
}

const REDUCTIONS: Readonly<Record<Exclude<ReduceOp, 'argmax' | 'argmin'>, Reduction>> = {
  sum: { start: 0, step: (a, b) => a + b },
  prod: { start: 1, step: (a, b) => a * b },
  max: { start: Number.NEGATIVE_INFINITY, step: (a, b) => Math.max(a, b) },
  min: { start: Number.POSITIVE_INFINITY, step: (a, b) => Math.min(a, b) },
  any: { start: 0, step: (a, b) => a | b },
  all: { start: 1, step: (a, b) => a & b },
}

export function reduce(op: ReduceOp, dtype: DType, arg: Value, axis: number): Value {
  const keep = <T>(items: readonly T[]): T[] => items.filter((_, i) => i !== axis)
  const length = arg.shape[axis] ?? 1
  const inner = product(arg.shape.slice(axis + 1))
  const shape = keep(arg.shape)
  const data = new Float64Array(product(shape))
  for (let i = 0; i < data.length; i++) {
    const base = Math.floor(i / inner) * inner * length + (i % inner)
    const element = (k: number): number => arg.data[base + k * inner] ?? 0
    data[i] = roundTo(dtype, reduceRun(op, dtype, length, element))
  }
  return { dtype, axes: keep(arg.axes), shape, data }
}

function reduceRun(op: ReduceOp, dtype: DType, length: number, element: (k: number) => number): number {
  if (op === 'argmax' || op === 'argmin') {
    let best = 0
    for (let k = 1; k < length; k++) {
      if (outranks(op, element(k), element(best))) best = k
    }
    return best
  }
  const { start, step } = REDUCTIONS[op]
  const wraps = dtype === 'i32' || dtype === 'u32'
  let state = DTYPES[dtype].round(start)
  for (let k = 0; k < length; k++) {
    const next = op === 'prod' && wraps ? Math.imul(state, element(k)) : step(state, element(k))
    state = wraps && op !== 'max' && op !== 'min' ? roundTo(dtype, next) : next
  }
  return state
}

/**
 * True when `value` takes the place of an earlier `best`; NaN outranks every number, as it does in max and
 * min.
 */
function outranks(op: 'argmax' | 'argmin', value: number, best: number): boolean {
  if (Number.isNaN(value)) return !Number.isNaN(best)
  return op === 'argmax' ? value > best : value < best
}

/** `a[…, m, k] · b[…, k, n] + acc · rescale`, summed in double precision; integers wrap. */
export function dot(
  dtype: DType,
  axes: readonly Axis[],
  a: Value,
  b: Value,
  acc: Value | undefined,
  rescale?: Value,
): Value {
  const [m = 1, k = 1] = a.shape.slice(-2)
  const n = b.shape.at(-1) ?? 1
  const batch = axes
    .slice(0, -2)
    .map((_, i) => ((a.shape[i] ?? 1) === 1 ? (b.shape[i] ?? 1) : (a.shape[i] ?? 1)))
  const data = new Float64Array(product(batch) * m * n)
  const times = isFloat(dtype) ? (x: number, y: number): number => x * y : Math.imul
  forEachOffset(batch, [matrixSteps(a.shape), matrixSteps(b.shape)], (matrix, [left = 0, right = 0]) => {
    for (let i = 0; i < m; i++) {
      const row = (matrix * m + i) * n
      for (let l = 0; l < k; l++) {
        const factor = a.data[left + i * k + l] ?? 0
        for (let j = 0; j < n; j++)
          data[row + j] = (data[row + j] ?? 0) + times(factor, b.data[right + l * n + j] ?? 0)
      }
    }
  })
  for (let i = 0; i < data.length; i++) {
    const before = (acc?.data[i] ?? 0) * (rescale?.data[Math.floor(i / n)] ?? 1)
    data[i] = roundTo(dtype, (data[i] ?? 0) + before)
  }
  return { dtype, axes, shape: [...batch, m, n], data }
}

/** From one matrix to the next along each leading axis; an axis of one repeats. */
function matrixSteps(shape: readonly number[]): readonly number[] {
  return rowMajorStrides(shape).map((stride, i) => (shape[i] === 1 ? 0 : stride))
}

interface GatherPlan {
  readonly axes: readonly Axis[]
  readonly shape: readonly number[]
  /** The operand's axes that are taken at these positions, each with the first one that is outside. */
  readonly along: readonly number[]
  readonly positions: readonly Value[]
  readonly limits: readonly number[]
}

/** Elements of `arg` at computed positions, zero where one is outside. */
export function gather(arg: Value, { axes, shape, along, positions, limits }: GatherPlan): Value {
  const strides = rowMajorStrides(arg.shape)
  const kept = axes.map((axis) => {
    const at = axis < 0 ? -1 : arg.axes.indexOf(axis)
    return along.includes(at) ? 0 : (strides[at] ?? 0)
  })
  const steps = positions.map((value) => {
    const own = rowMajorStrides(value.shape)
    return axes.map((axis) => (axis < 0 ? 0 : (own[value.axes.indexOf(axis)] ?? 0)))
  })
  const data = new Float64Array(product(shape))
  forEachOffset(shape, [kept, ...steps], (i, [base = 0, ...offsets]) => {
    let from = base
    for (let n = 0; n < along.length; n++) {
      const at = positions[n]?.data[offsets[n] ?? 0] ?? 0
      if (at < 0 || at >= (limits[n] ?? 0)) return
      from += at * (strides[along[n] ?? 0] ?? 0)
    }
    data[i] = arg.data[from] ?? 0
  })
  return { dtype: arg.dtype, axes, shape, data }
}

export function rowMajorStrides(shape: readonly number[]): number[] {
  const strides = new Array<number>(shape.length).fill(1)
  for (let i = shape.length - 2; i >= 0; i--) strides[i] = (strides[i + 1] ?? 1) * (shape[i + 1] ?? 1)
  return strides
}

/** Visits all positions of `shape` in row-major order with the offsets that the step lists add up to. */
export function forEachOffset(
  shape: readonly number[],
  steps: readonly (readonly number[])[],
  visit: (position: number, offsets: readonly number[]) => void,
): void {
  const total = product(shape)
  const coordinate = new Array<number>(shape.length).fill(0)
  const offsets = new Array<number>(steps.length).fill(0)
  for (let position = 0; position < total; position++) {
    visit(position, offsets)
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      const wrapped = (coordinate[axis] ?? 0) + 1 === shape[axis]
      const delta = wrapped ? -(coordinate[axis] ?? 0) : 1
      coordinate[axis] = wrapped ? 0 : (coordinate[axis] ?? 0) + 1
      for (let s = 0; s < steps.length; s++) offsets[s] = (offsets[s] ?? 0) + delta * (steps[s]?.[axis] ?? 0)
      if (!wrapped) break
    }
  }
}

/** What an atomic operation leaves in memory. */
export function combine(
  op: Exclude<AtomicOp, 'compareExchange'>,
  dtype: DType,
  a: number,
  b: number,
): number {
  switch (op) {
    case 'add':
      return roundTo(dtype, a + b)
    case 'max':
      return Math.max(a, b)
    case 'min':
      return Math.min(a, b)
    case 'and':
      return roundTo(dtype, a & b)
    case 'or':
      return roundTo(dtype, a | b)
    case 'xor':
      return roundTo(dtype, a ^ b)
    case 'exchange':
      return b
    case 'await':
      return a
    default:
      return unreachable(op)
  }
}
