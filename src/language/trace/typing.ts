/**
 * Type rules of the language: how dtypes mix, how shapes broadcast, and the words for what does not fit.
 * Shapes broadcast as in NumPy: aligned at the last axis, an axis of one repeats along the other's block.
 */
import { tileType } from '../../ir/build.ts'
import { type Axis, type Node, ONE } from '../../ir/node.ts'
import { printSize } from '../../ir/size.ts'
import { callSite } from '../../support/call_site.ts'
import { DTYPES, type DType, isFloat } from '../../support/dtypes.ts'
import { AuthorError, type SourceLocation } from '../../support/errors.ts'
import {
  isPacked,
  isStorageType,
  STORAGE,
  STORAGE_TYPES,
  type StorageType,
} from '../../support/storage_types.ts'
import { movedTo } from '../tensors/whole_tiles.ts'
import { isOne } from './blocks.ts'
import { aligned, keptApart } from './other_axes.ts'
import type { Trace } from './trace.ts'

const RANK: Record<DType, number> = { bool: 0, i32: 1, u32: 1, f16: 2, f32: 3 }

/** `dtype`, if it is one; `what` names the call. */
export function requireDType(dtype: StorageType, what: string): StorageType {
  if (isStorageType(dtype)) return dtype
  const isOptions = typeof dtype === 'object' && dtype !== null
  const text = typeof dtype === 'string' ? JSON.stringify(dtype) : String(dtype)
  const shown = isOptions ? `{ ${Object.keys(dtype).join(', ')} }` : text
  throw new AuthorError(`${what}: ${shown} is not a dtype`, {
    location: callSite(),
    remedy: `${isOptions ? "Give the dtype itself, as in 'f32'. " : ''}Known are ${STORAGE_TYPES}.`,
  })
}

/** The dtype that both operands are converted to. */
export function promote(a: DType, b: DType, what: string): DType {
  if (a === b) return a
  if (RANK[a] === RANK[b]) {
    throw new AuthorError(`${what} of ${a} and ${b}`, {
      location: callSite(),
      remedy: `Convert one operand: .to('i32') or .to('u32').`,
    })
  }
  return RANK[a] > RANK[b] ? a : b
}

/** The dtype a plain number takes beside a tile of dtype `other`. */
export function dtypeOfNumber(value: number, other: DType | undefined): DType {
  if (other !== undefined && isFloat(other)) return other
  if (!Number.isInteger(value)) return 'f32'
  return other === undefined ? 'f32' : other === 'bool' ? 'i32' : other
}

/** The axes that tiles with these axes broadcast to. */
export function broadcastAxes(
  trace: Trace,
  shapes: readonly (readonly Axis[])[],
  what: string,
): readonly Axis[] {
  const rank = Math.max(...shapes.map((axes) => axes.length))
  const result: Axis[] = new Array(rank).fill(ONE)
  for (const axes of shapes) {
    axes.forEach((axis, i) => {
      const at = rank - axes.length + i
      const present = result[at] ?? ONE
      if (axis === ONE || (isOne(axis) && !isOne(present))) return
      if (present === ONE || (isOne(present) && !isOne(axis))) result[at] = trace.blocks.canonical(axis)
      else if (!sameAxis(trace, present, axis, what)) throw mismatch(trace, shapes, what)
    })
  }
  return distinctAxes(trace, result, what, callSite())
}

/** The axes of a value in a finished kernel, in which axes of one have no names. */
export function finalAxes(
  trace: Trace,
  axes: readonly Axis[],
  what: string,
  location: SourceLocation | undefined,
): readonly Axis[] {
  return distinctAxes(trace, axes, what, location).map((axis) => Math.max(axis, ONE))
}

export function sameAxes(a: readonly Axis[], b: readonly Axis[]): boolean {
  return a.length === b.length && a.every((axis, i) => axis === b[i])
}

/** `axes` by their canonical names; no two may run along the same block. */
export function distinctAxes(
  trace: Trace,
  axes: readonly Axis[],
  what: string,
  location: SourceLocation | undefined,
): readonly Axis[] {
  const canonical = axes.map((axis) => trace.blocks.canonical(axis))
  const names = canonical.map((axis, i) =>
    axis < ONE && canonical.indexOf(axis) < i ? trace.blocks.one() : axis,
  )
  const blocks = names.filter((axis) => !isOne(axis))
  if (new Set(blocks).size === blocks.length) return names
  const twice = blocks.find((axis, i) => blocks.indexOf(axis) !== i) ?? ONE
  throw new AuthorError(`${what} gives a tile with the same dimension twice: ${printAxes(trace, names)}`, {
    location,
    remedy:
      trace.blocks.get(twice).kind === 'slice'
        ? 'What a loop carries, and what was overwritten since it was read, cannot be had along a second ' +
          'range: write it to a tensor, and read that.'
        : 'Take one of the two dimensions in tiles of its own: for (const t of hl.tile(size)) …',
  })
}

/** True when two axes run along the same positions; whole dimensions of equal size become one axis here. */
export function sameAxis(trace: Trace, a: Axis, b: Axis, what: string): boolean {
  const reason = `${what} combines whole dimensions`
  return trace.blocks.unify(a, b, (left, right) => trace.guard('eq', left, right, reason))
}

/** `node` repeated to `axes`. */
export function broadcastTo(trace: Trace, node: Node, axes: readonly Axis[], what: string): Node {
  const from = node.type.axes
  if (from.length === axes.length && from.every((axis, i) => trace.blocks.canonical(axis) === axes[i]))
    return node
  let arg = node
  if (from.length > 0 && from.length < axes.length) {
    const missing = axes.length - from.length
    const view = axes.map((_axis, i) => (i < missing ? ONE : i - missing))
    const type = tileType(
      node.type.dtype,
      view.map((i) => (i === ONE ? ONE : (from[i] ?? ONE))),
    )
    arg = trace.add(what, { kind: 'view', type, arg: node, axes: view })
    if (arg.type.axes.every((axis, i) => trace.blocks.canonical(axis) === axes[i])) return arg
  }
  return trace.add(what, { kind: 'broadcast', type: tileType(node.type.dtype, axes), arg })
}

/** `node` repeated to the axes of a place that cannot grow; `place` is what the message calls it. */
export function fitTo(trace: Trace, value: Node, axes: readonly Axis[], what: string, place: string): Node {
  const missing = axes.length - value.type.axes.length
  const [apart = value] = keptApart(trace, [aligned(value)], axes)
  const node = movedTo(trace, apart, axes)
  const fits = node.type.axes.every((axis, i) => {
    const wanted = axes[i + missing]
    return wanted !== undefined && ((isOne(axis) && !isOne(wanted)) || sameAxis(trace, axis, wanted, what))
  })
  if (fits) {
    const target = axes.map((axis) => trace.blocks.canonical(axis))
    return broadcastTo(trace, node, target, what)
  }
  const [have, want] = [node.type.axes, axes].map((shape) => printAxes(trace, shape))
  throw new AuthorError(`${what} of a value with shape ${have} to ${place} ${want}`, {
    location: callSite(),
    remedy: 'The value must have those axes, or broadcast to them.',
  })
}

/** `node` with another dtype. */
export function castTo(trace: Trace, node: Node, dtype: DType): Node {
  if (node.type.dtype === dtype) return node
  const type = tileType(dtype, node.type.axes)
  if (node.kind === 'constant') {
    const value = isFloat(dtype) ? node.value : DTYPES[dtype].round(node.value)
    return trace.constant(value, dtype)
  }
  // A number among the arguments travels as a double: reading it as an integer must not go through f32.
  if (node.kind === 'argument' && node.type.dtype === 'f32' && dtype !== 'bool') {
    const { id: _id, ...spec } = node
    return trace.add('a cast', { ...spec, type })
  }
  return trace.add('a cast', { kind: 'cast', type, arg: node, bits: false })
}

/** `node` with only values that this type of memory can hold, in the type that a load of it gives. */
export function castThrough(trace: Trace, node: Node, dtype: StorageType): Node {
  const { compute, round } = STORAGE[dtype]
  if (!isPacked(dtype)) return castTo(trace, node, compute)
  if (node.kind === 'constant') return trace.constant(round(node.value), compute)
  const type = tileType(compute, node.type.axes)
  return trace.add('a cast', { kind: 'cast', type, arg: node, bits: false, through: dtype })
}

/** `node` as a store to such memory takes it, which rounds floats and wraps integers itself. */
export function castForStore(trace: Trace, node: Node, dtype: StorageType): Node {
  const { packed, compute } = STORAGE[dtype]
  if (packed?.kind !== 'int') return castTo(trace, node, compute)
  if (isFloat(node.type.dtype)) return castThrough(trace, node, dtype)
  if (node.kind === 'constant') requireFit(node.value, dtype)
  return castTo(trace, node, compute)
}

/** A whole number that the author wrote must be one of the type. */
function requireFit(value: number, dtype: StorageType): void {
  const { round } = STORAGE[dtype]
  if (round(value) === value) return
  const [least, most] = [round(Number.NEGATIVE_INFINITY), round(Number.POSITIVE_INFINITY)]
  throw new AuthorError(`the number ${value} does not fit ${dtype}`, {
    location: callSite(),
    remedy: `Its numbers are ${least} to ${most}.`,
  })
}

/** "f32[tile0, 1]", the way shapes print in messages and IR. */
export function printAxes(trace: Trace, axes: readonly Axis[]): string {
  const names = axes.map((axis) => {
    if (isOne(axis)) return '1'
    const block = trace.blocks.get(trace.blocks.canonical(axis))
    if (block.kind === 'slice') return `:${printSize(block.size)}`
    // What is read from memory has no end that is known.
    return block.end === undefined ? block.name : `${block.name} of ${printSize(block.size)}`
  })
  return `[${names.join(', ')}]`
}

function mismatch(trace: Trace, shapes: readonly (readonly Axis[])[], what: string): AuthorError {
  const list = shapes.map((axes) => printAxes(trace, axes)).join(' and ')
  return new AuthorError(`${what} of tiles with shapes ${list}, which do not broadcast`, {
    location: callSite(),
    remedy:
      'Axes align at the last one; add an axis of one with .unsqueeze(axis), or reduce with keepdim: true.',
  })
}
