/**
 * Traces kernels and runs them on the interpreter, the way a caller would: arguments in, returned tensors
 * out. A test states what it expects once and `expectRun` holds it for static and dynamic shapes and for
 * several tile extents.
 */
import { expect } from 'vitest'
import { guardOnConfig } from '../../src/ir/block_sizes.ts'
import { type HostTensor, interpretKernel } from '../../src/ir/interpret.ts'
import { forEachOffset, rowMajorStrides } from '../../src/ir/interpret_values.ts'
import {
  type Guard,
  type KernelIr,
  type ReturnedView,
  type ReturnTree,
  seenTensors,
} from '../../src/ir/kernel_ir.ts'
import { printKernel } from '../../src/ir/print.ts'
import { evalSize, type Size } from '../../src/ir/size.ts'
import type { ArgumentSpec } from '../../src/language/trace/arguments.ts'
import { type KernelFunction, traceKernel } from '../../src/language/trace/trace_kernel.ts'
import { product } from '../../src/support/maths.ts'
import type { StorageType } from '../../src/support/storage_types.ts'

/** A tensor argument with its elements; `dynamic` says which sizes are symbolic (all, by default). */
export interface HostArgument {
  readonly shape: readonly number[]
  readonly dtype: StorageType
  readonly dynamic: readonly boolean[] | undefined
  readonly data: readonly number[]
}

export type Argument =
  | HostArgument
  | number
  | boolean
  | string
  | ((...args: never[]) => unknown)
  | readonly Argument[]
  | { readonly [key: string]: Argument }

/** The returned tensors' elements, in the structure that the kernel returned. */
export type Returned = number[] | undefined | readonly Returned[] | { readonly [key: string]: Returned }

export interface RunOptions {
  /** Elements per tile; the default takes whole ranges. */
  readonly extent?: number
  /** Whether sizes are symbolic, for arguments that do not say. */
  readonly dynamic?: boolean
  readonly self?: unknown
  readonly programs?: (grid: number, count: number) => Iterable<number>
  readonly onWrite?: (tensor: number, position: number) => void
}

/** A tensor argument; `values` are its elements in row-major order, or a function of the position. */
export function host(
  shape: readonly number[],
  values: readonly number[] | ((i: number) => number),
  dtype: StorageType = 'f32',
  dynamic?: readonly boolean[],
): HostArgument {
  const count = product(shape)
  const data = typeof values === 'function' ? Array.from({ length: count }, (_, i) => values(i)) : values
  if (data.length !== count) throw new Error(`${data.length} values for shape ${shape}`)
  return { shape, dtype, dynamic, data }
}

/** Small numbers that f32 and f16 hold exactly and that no simple mistake leaves unchanged. */
export function ramp(
  shape: readonly number[],
  dtype: StorageType = 'f32',
  dynamic?: readonly boolean[],
): HostArgument {
  return host(shape, (i) => ((i * 7) % 11) - 3, dtype, dynamic)
}

export function traced(fn: KernelFunction, args: readonly Argument[], options: RunOptions = {}): KernelIr {
  return traceKernel({
    name: 'k',
    fn,
    args: args.map((arg) => specOf(arg, options.dynamic ?? true)),
    self: options.self,
  })
}

/** The printed IR. */
export function irOf(fn: KernelFunction, args: readonly Argument[], options: RunOptions = {}): string {
  return printKernel(traced(fn, args, options))
}

/** The printed IR of the first grid's body, without the lines around it. */
export function bodyOf(fn: KernelFunction, args: readonly Argument[], options: RunOptions = {}): string {
  const lines = irOf(fn, args, options).split('\n')
  const start = lines.findIndex((line) => line.startsWith('  grid'))
  return lines
    .slice(start + 1, -1)
    .map((line) => line.slice(4))
    .join('\n')
}

/** Runs a kernel; the elements of all tensors by id (arguments first) and what the kernel returned. */
export function run(
  fn: KernelFunction,
  args: readonly Argument[],
  options: RunOptions = {},
): { readonly kernel: KernelIr; readonly tensors: readonly number[][]; readonly returned: Returned } {
  const kernel = traced(fn, args, options)
  const tensors: HostTensor[] = []
  const hosts = args.flatMap(tensorsIn)
  const sizeOf = (size: Size): number =>
    evalSize(size, ({ tensor, axis }) => hosts[tensor]?.shape[axis] ?? Number.NaN)
  for (const guard of kernel.guards) if (!guardOnConfig(guard)) checkGuard(guard, sizeOf)
  for (const info of seenTensors(kernel)) {
    const shape = info.shape.map(sizeOf)
    const data =
      info.role === 'argument' ? [...(hosts[info.id]?.data ?? [])] : new Array(product(shape)).fill(NaN)
    tensors.push({ shape, data })
  }
  interpretKernel(kernel, tensors, args.flatMap(scalarsIn), {
    extentOf: ({ kind }) => (kind === 'tile' || kind === 'size' ? options.extent : undefined),
    ...(options.programs && { programs: options.programs }),
    ...(options.onWrite && { onWrite: options.onWrite }),
  })
  const data = tensors.map((tensor) => Array.from(tensor.data as ArrayLike<number>))
  return { kernel, tensors: data, returned: returnedFrom(kernel.returns, data, sizeOf) }
}

/** The kernel returns `expected` for static and dynamic shapes and every tile extent. */
export function expectRun(
  fn: KernelFunction,
  args: readonly Argument[],
  expected: Returned,
  extents: readonly (number | undefined)[] = [undefined, 1, 2, 4, 16],
): void {
  for (const dynamic of [false, true]) {
    for (const extent of extents) {
      const { returned } = run(fn, args, extent === undefined ? { dynamic } : { dynamic, extent })
      expect(returned, `dynamic ${dynamic}, extent ${extent}`).toEqual(expected)
    }
  }
}

/**
 * What the first tensor argument holds after the kernel has run, for static and dynamic shapes and every
 * extent.
 */
export function expectInPlace(
  fn: KernelFunction,
  args: readonly Argument[],
  expected: readonly number[],
): void {
  for (const dynamic of [false, true]) {
    for (const extent of [undefined, 1, 2, 4, 16]) {
      const { tensors } = run(fn, args, extent === undefined ? { dynamic } : { dynamic, extent })
      expect(tensors[0], `dynamic ${dynamic}, extent ${extent}`).toEqual(expected)
    }
  }
}

function isHost(arg: Argument): arg is HostArgument {
  return typeof arg === 'object' && 'dtype' in arg && 'data' in arg
}

function itemsOf(arg: Argument): readonly Argument[] {
  if (typeof arg !== 'object' || isHost(arg)) return []
  return Object.values(arg)
}

/** The tensors among the arguments, in order. */
export function tensorsIn(arg: Argument): readonly HostArgument[] {
  return isHost(arg) ? [arg] : itemsOf(arg).flatMap(tensorsIn)
}

/** The numbers among the arguments, in order. */
export function scalarsIn(arg: Argument): readonly number[] {
  return typeof arg === 'number' ? [arg] : itemsOf(arg).flatMap(scalarsIn)
}

function specOf(arg: Argument, dynamic: boolean): ArgumentSpec {
  if (typeof arg === 'number') return { kind: 'scalar', value: arg }
  if (typeof arg !== 'object') return { kind: 'constant', value: arg }
  if (isHost(arg)) {
    const { shape, dtype } = arg
    return { kind: 'tensor', shape, dtype, dynamic: arg.dynamic ?? shape.map(() => dynamic) }
  }
  if (Array.isArray(arg)) return { kind: 'list', items: arg.map((item) => specOf(item, dynamic)) }
  const entries = Object.entries(arg).map(([key, item]) => [key, specOf(item as Argument, dynamic)] as const)
  return { kind: 'record', entries }
}

function checkGuard(guard: Guard, sizeOf: (size: Size) => number): void {
  const [left, right] = [sizeOf(guard.left), sizeOf(guard.right)]
  if (guard.relation === 'eq' ? left === right : left <= right) return
  throw new Error(`guard: ${guard.reason}: ${left} ${guard.relation} ${right}`)
}

function returnedFrom(tree: ReturnTree, data: readonly number[][], sizeOf: (size: Size) => number): Returned {
  switch (tree.kind) {
    case 'none':
      return undefined
    case 'tensor':
      return tree.view ? elementsOf(tree.view, data[tree.tensor] ?? [], sizeOf) : data[tree.tensor]
    case 'list':
      return tree.items.map((item) => returnedFrom(item, data, sizeOf))
    case 'record':
      return Object.fromEntries(tree.entries.map(([key, item]) => [key, returnedFrom(item, data, sizeOf)]))
  }
}

/** The elements of a returned view in order. */
export function elementsOf(
  { shape, base, dims }: ReturnedView,
  data: ArrayLike<number>,
  sizeOf: (size: Size) => number,
): number[] {
  const strides = rowMajorStrides(base.map(sizeOf))
  const begin = dims.reduce((sum, { offset }, i) => sum + sizeOf(offset) * (strides[i] ?? 0), 0)
  const steps = shape.map((_, dim) =>
    dims.reduce((sum, other, i) => sum + (other.dim === dim ? other.step * (strides[i] ?? 0) : 0), 0),
  )
  const found: number[] = []
  forEachOffset(shape.map(sizeOf), [steps], (_, [offset = 0]) => {
    found.push(data[begin + offset] ?? Number.NaN)
  })
  return found
}
