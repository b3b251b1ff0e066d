/**
 * From a compiled program and the sizes of a call to launches with concrete numbers: which storages, which
 * words, how many workgroups. Everything that equal shapes share is worked out once.
 */
import type { DeviceLimits, LaunchGrid, Memory, WgslDispatch, WgslProgram } from '../codegen/program.ts'
import { dependsOnConfig, guardOnConfig } from '../ir/block_sizes.ts'
import {
  addressable,
  type Guard,
  type KernelIr,
  type ReturnedView,
  type ReturnTree,
  seenTensors,
} from '../ir/kernel_ir.ts'
import { evalSize, printSize, type Size } from '../ir/size.ts'
import { foldGrid, type GridSize, type Launch } from '../runtime/commands/launch.ts'
import { Storage } from '../runtime/memory/storage.ts'
import type { Pipeline } from '../runtime/pipelines/pipeline_cache.ts'
import type { Stream } from '../runtime/stream.ts'
import { DeviceTensor } from '../runtime/tensor/tensor.ts'
import type { DType } from '../support/dtypes.ts'
import { ConfigError, UsageError, unreachable } from '../support/errors.ts'
import { product } from '../support/maths.ts'
import type { StorageType } from '../support/storage_types.ts'
import type { CallArguments } from './call_arguments.ts'

/** What a call allocates and returns, by tensor id of the kernel. */
export interface LocalTensor {
  readonly id: number
  readonly shape: readonly number[]
  readonly dtype: StorageType
  readonly fill: number | undefined
}

/** Bytes of scratch memory, and what they hold before a launch. */
export interface PlannedScratch {
  readonly bytes: number
  readonly dtype: StorageType
  readonly fill: number | undefined
}

/** A program with the numbers of a call. */
export interface LaunchPlan {
  readonly dispatches: readonly PlannedDispatch[]
  readonly scratch: readonly PlannedScratch[]
}

/** The memory of a launch: tensors by their id in the kernel, and scratch in the program's order. */
export interface LaunchMemory {
  readonly tensors: readonly Storage[]
  readonly scratch: readonly Storage[]
}

export interface PlannedDispatch {
  readonly request: WgslDispatch
  readonly grid: GridSize
  /** Words that hold sizes; those of scalars are zero. */
  readonly words: Uint32Array<ArrayBuffer>
  readonly scalars: readonly { readonly word: number; readonly scalar: number; readonly dtype: DType }[]
}

/** What of a call says how large everything is. */
interface Shapes {
  readonly tensors: readonly {
    readonly shape: readonly number[]
    /** What symbols of the tensor stand for, where that is more than its shape. */
    readonly sizes?: readonly number[] | undefined
  }[]
}

/** Sizes of a call, from the shapes of its tensors. */
export function sizeEvaluator(call: Shapes): (size: Size) => number {
  return (size) =>
    evalSize(size, ({ tensor, axis }) => {
      const { shape, sizes = shape } = call.tensors[tensor] ?? { shape: [] }
      return sizes[axis] ?? 0
    })
}

/** Positions along a dimension are i32, places in memory u32. */
const MOST_POSITIONS = 2 ** 31 - 1
const MOST_ELEMENTS = 2 ** 32 - 1

/** Throws UsageError when the shapes do not fit what the kernel does with them. */
export function checkGuards(ir: KernelIr, call: Shapes): void {
  const sizeOf = sizeEvaluator(call)
  for (const { name, shape } of addressable(ir)) {
    const sizes = shape.flatMap((size) => (dependsOnConfig(size) ? [] : [sizeOf(size)]))
    if (product(sizes) <= MOST_ELEMENTS && sizes.every((size) => size <= MOST_POSITIONS)) continue
    throw new UsageError(`${ir.name}: ${name} of [${sizes.join(', ')}] is too long for 32-bit positions`, {
      remedy:
        `Up to ${MOST_POSITIONS} along a dimension and ${MOST_ELEMENTS} in all; ` +
        'give the kernel slices of it.',
    })
  }
  for (const { name, end, location } of ir.blocks) {
    if (end === undefined || dependsOnConfig(end) || sizeOf(end) <= MOST_POSITIONS) continue
    throw new UsageError(
      `${ir.name}: ${name} runs to ${sizeOf(end)}, which is too far for 32-bit positions`,
      {
        location,
        remedy: `Up to ${MOST_POSITIONS} in one dimension; walk two of them.`,
      },
    )
  }
  for (const guard of ir.guards) {
    const broken = brokenGuard(guard, sizeOf)
    if (broken === undefined) continue
    const { location } = guard
    throw new UsageError(`${ir.name}: ${broken}`, { location, remedy: 'Check the shapes of the arguments.' })
  }
}

/** What is wrong with the sizes, if anything: nothing where only a config decides them. */
export function brokenGuard(guard: Guard, sizeOf: (size: Size) => number): string | undefined {
  if (guardOnConfig(guard)) return undefined
  const { relation, left, right, reason } = guard
  const [a, b] = [sizeOf(left), sizeOf(right)]
  if (relation === 'eq' ? a === b : a <= b) return undefined
  const wanted = relation === 'eq' ? 'be equal to' : 'be at most'
  const named = (size: Size, value: number): string =>
    typeof size === 'number' ? String(size) : `${printSize(size)} = ${value}`
  return `${reason}: ${named(left, a)} must ${wanted} ${named(right, b)}`
}

export function localTensors(ir: KernelIr, call: CallArguments): readonly LocalTensor[] {
  const sizeOf = sizeEvaluator(call)
  return ir.tensors
    .filter((tensor) => tensor.role === 'local')
    .map(({ id, shape, dtype, fill }) => ({ id, shape: shape.map(sizeOf), dtype, fill }))
}

/** Throws ConfigError when the program cannot be launched for these sizes. */
export function planLaunch(
  program: WgslProgram,
  call: Shapes,
  device: { readonly limits: DeviceLimits },
): LaunchPlan {
  const sizeOf = sizeEvaluator(call)
  for (const guard of program.guards) {
    const broken = brokenGuard(guard, sizeOf)
    if (broken !== undefined) throw new ConfigError(broken, { location: guard.location })
  }
  const dispatches = program.dispatches.map((request) => {
    const words = new Uint32Array(request.words.length)
    const scalars: { word: number; scalar: number; dtype: DType }[] = []
    request.words.forEach((source, word) => {
      if (source.kind === 'size') words[word] = sizeOf(source.size)
      else scalars.push({ word, scalar: source.scalar, dtype: source.dtype })
    })
    return { request, grid: gridOf(request.grid, sizeOf, device), words, scalars }
  })
  const scratch = program.scratch.map(({ bytes, dtype, fill }) => {
    return { bytes: checkedBytes(sizeOf(bytes), device), dtype, fill }
  })
  return { dispatches, scratch }
}

/** Memory for the scratch of one launch, to be given back to the stream once the launch is on it. */
export function allocateScratch({ scratch }: Pick<LaunchPlan, 'scratch'>): readonly Storage[] {
  return scratch.length === 0 ? NO_STORAGES : scratch.map(({ bytes, dtype }) => new Storage(bytes, dtype))
}

const NO_STORAGES: readonly Storage[] = []

/** Launches for compiled pipelines. */
export function launchesOf(
  { dispatches }: LaunchPlan,
  pipelines: readonly Pipeline[],
  memory: LaunchMemory,
  scalars: readonly number[],
): readonly Launch[] {
  return dispatches.map((dispatch, i) => {
    const pipeline = pipelines[i]
    if (!pipeline) throw new Error(`no pipeline for ${dispatch.request.label}`)
    const storages = dispatch.request.bindings.map((binding) => storageOf(binding, memory))
    return { pipeline, storages, words: launchWords(dispatch, scalars), grid: dispatch.grid }
  })
}

/** The memory behind a binding. */
export function storageOf(binding: Memory, { tensors, scratch }: LaunchMemory): Storage {
  if ('tensor' in binding) return tensors[binding.tensor] ?? missing(binding.tensor)
  const storage = scratch[binding.scratch]
  if (!storage) throw new Error(`no scratch ${binding.scratch} in this launch`)
  return storage
}

/** The storages that callers see, by id: those of arguments and of what is returned. */
export function storagesOf(
  ir: KernelIr,
  tensors: readonly DeviceTensor[],
  locals: ReadonlyMap<number, DeviceTensor>,
): readonly Storage[] {
  let argument = 0
  return seenTensors(ir).map(({ id, role }) => {
    const tensor = role === 'argument' ? tensors[argument++] : locals.get(id)
    return (tensor ?? missing(id)).storage
  })
}

/** Tensors for everything that the kernel allocates. */
export function allocateLocals(locals: readonly LocalTensor[], stream: Stream): Map<number, DeviceTensor> {
  return new Map(locals.map(({ id, shape, dtype }) => [id, DeviceTensor.allocate(shape, dtype, stream)]))
}

/** The value that a call returns. */
export function returnValue(
  tree: ReturnTree,
  tensorOf: (id: number) => DeviceTensor,
  sizeOf: (size: Size) => number,
): unknown {
  const made = (item: ReturnTree): unknown => returnValue(item, tensorOf, sizeOf)
  switch (tree.kind) {
    case 'none':
      return tree.value
    case 'tensor':
      return tree.view ? viewOf(tensorOf(tree.tensor), tree.view, sizeOf) : tensorOf(tree.tensor)
    case 'list':
      return tree.items.map(made)
    case 'record':
      return Object.fromEntries(tree.entries.map(([key, item]) => [key, made(item)]))
    default:
      return unreachable(tree)
  }
}

function viewOf(
  tensor: DeviceTensor,
  { name, dtype, shape, base, dims }: ReturnedView,
  sizeOf: (size: Size) => number,
): DeviceTensor {
  const sizes = { name, shape: shape.map(sizeOf), base: base.map(sizeOf) }
  return tensor.seenAs({ ...sizes, dims: dims.map((dim) => ({ ...dim, offset: sizeOf(dim.offset) })) }, dtype)
}

function gridOf(
  grid: LaunchGrid,
  sizeOf: (size: Size) => number,
  device: { readonly limits: DeviceLimits },
): GridSize {
  const most = device.limits.maxWorkgroupsPerDimension
  // A range that ends before it begins is empty.
  const countOf = (size: Size): number => Math.max(0, sizeOf(size))
  if (grid.kind === 'linear') {
    const count = countOf(grid.count)
    if (count <= most ** 2) return foldGrid(count, most)
    throw new ConfigError(`it would launch ${count} workgroups; the limit is ${most} x ${most}`, {
      remedy: 'Use larger block_sizes.',
    })
  }
  const [x, y, z] = grid.counts.map(countOf)
  const counts: GridSize = [x ?? 1, y ?? 1, z ?? 1]
  if (counts.every((count) => count <= most)) return counts
  throw new ConfigError(
    `pid_type 'xyz' would launch ${counts.join(' x ')} workgroups; the limit is ${most} each`,
    {
      remedy: `Use pid_type 'flat'.`,
    },
  )
}

function checkedBytes(bytes: number, { limits }: { readonly limits: DeviceLimits }): number {
  if (bytes <= limits.maxBindingBytes) return bytes
  throw new ConfigError(
    `the config needs ${bytes} bytes of scratch memory in one buffer; ` +
      `the device binds ${limits.maxBindingBytes}`,
  )
}

const BITS = new DataView(new ArrayBuffer(4))

/** The launch words with the numbers of a call in their places. */
export function launchWords(
  { words, scalars }: PlannedDispatch,
  values: readonly number[],
): Uint32Array<ArrayBuffer> {
  if (scalars.length === 0) return words
  const own = words.slice()
  for (const { word, scalar, dtype } of scalars) {
    const value = values[scalar] ?? 0
    if (dtype === 'f32') BITS.setFloat32(0, value)
    else BITS.setInt32(0, toInteger(value))
    own[word] = BITS.getUint32(0)
  }
  return own
}

function toInteger(value: number): number {
  if (Number.isInteger(value) && Math.abs(value) < 2 ** 32) return value
  throw new UsageError(`the kernel uses an argument as an integer, but it is ${value}`)
}

function missing(id: number): never {
  throw new Error(`no tensor ${id} in this call`)
}
