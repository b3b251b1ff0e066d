/**
 * Runs the author's baseline function (`baselineFn`) on copies of the arguments, and brings what it returns,
 * and what it did to the arguments, into the order of the kernel's tensors.
 */
import { returnedTensors } from '../../ir/kernel_ir.ts'
import type { BoundKernel } from '../../kernel/bound_kernel.ts'
import type { CallArguments } from '../../kernel/call_arguments.ts'
import type { KernelDefinition } from '../../kernel/definition.ts'
import { withDefaultStream } from '../../runtime/default_device.ts'
import type { Device } from '../../runtime/device.ts'
import type { Storage } from '../../runtime/memory/storage.ts'
import type { Stream } from '../../runtime/stream.ts'
import { DeviceTensor } from '../../runtime/tensor/tensor.ts'
import { timeInterleaved, withTimeout } from '../../runtime/timing/timing.ts'
import { TimeoutError, UsageError } from '../../support/errors.ts'
import { settingText } from '../../support/resolve_settings.ts'
import type { KernelWrites } from './kernel_writes.ts'
import type { KnownTensor } from './sampled_reference.ts'

type Values = ArrayLike<number>

/** As many times what a config may take, since hosts compute slowly. */
const PATIENCE = 10

/**
 * Values of all visible tensors. Rejects with UsageError when the function returns something else, or nothing
 * within many times the seconds that a config may take.
 */
export async function baselineValues(
  { ir, definition }: BoundKernel,
  call: CallArguments,
  stream: Stream,
  writes: KernelWrites,
  benchmarkTimeout: number,
): Promise<readonly KnownTensor[]> {
  const { baselineFn } = definition.options.own
  if (!baselineFn) throw new Error(`${definition.name} has no baselineFn`)
  const copies = new Map<DeviceTensor, DeviceTensor>()
  const args = call.values.map((value) => copiedArgument(value, copies, stream))
  const answer = async () =>
    await flatten(await withDefaultStream(stream, () => baselineFn(...(args as never[]))))
  const seconds = PATIENCE * benchmarkTimeout
  const returned = await withTimeout(answer(), seconds * 1000, 'baselineFn').catch((error: unknown) => {
    throw error instanceof TimeoutError ? tooLate(definition, seconds) : error
  })
  const ids = returnedTensors(ir.returns)
  if (returned.length !== ids.length) {
    const what = `baselineFn of ${definition.name} returned ${returned.length} tensors`
    throw new UsageError(`${what}, not ${ids.length} like the kernel`, { location: definition.location })
  }
  const known = new Map(ids.map((id, index) => [id, returned[index] ?? []]))
  const parameters = ir.tensors.filter(({ role }) => role === 'argument').map(({ id }) => id)
  for (const [position, tensor] of call.tensors.entries()) {
    const id = parameters[position]
    const copy = copies.get(tensor)
    if (id !== undefined && copy && writes.lastGrid.has(id)) known.set(id, await copy.memory.data())
  }
  for (const copy of copies.values()) copy.memory.dispose()
  return [...known].map(([tensor, values]) => ({ tensor, values, positions: undefined }))
}

/**
 * Median milliseconds that the function's kernels take on the GPU. Rejects with UsageError where there is no
 * such function, and where it launches nothing before its first await.
 */
export async function baselineTime(
  { definition }: BoundKernel,
  call: CallArguments,
  stream: Stream,
  device: Device,
): Promise<number> {
  const { name, location, options } = definition
  const { baselineFn } = options.own
  if (!baselineFn)
    throw new UsageError(`times of ${name} cannot be seen in relation to a baseline: it has no baselineFn`, {
      location,
      remedy: "Give the kernel one, or leave relativeTo: 'baseline' out.",
    })
  const copies = new Map<DeviceTensor, DeviceTensor>()
  const args = call.values.map((value) => copiedArgument(value, copies, stream))
  const run = () => withDefaultStream(stream, () => baselineFn(...(args as never[])))
  const kept: Storage[] = []
  try {
    await run()
    await stream.sync()
    const launches = stream.capture(run, kept)
    await stream.sync()
    if (launches.length > 0) {
      const [timing] = await timeInterleaved(device, [launches])
      if (timing) return timing.medianMs
    }
  } finally {
    for (const copy of copies.values()) copy.memory.dispose()
    for (const storage of kept) stream.release(storage)
  }
  throw new UsageError(`baselineFn of ${name} launches no kernel that could be timed`, {
    location,
    remedy: 'It has to make its calls before its first await.',
  })
}

function tooLate({ name, location }: KernelDefinition, seconds: number): UsageError {
  const setting = settingText('autotuneBenchmarkTimeout')
  return new UsageError(`baselineFn of ${name} gave no answer within ${seconds} s`, {
    location,
    remedy:
      'It has to start its work on tensors before its first await: later calls wait for the search, which ' +
      `waits for it. If it is only slow, raise ${setting}: it gets ${PATIENCE} times as long.`,
  })
}

/** An argument with every tensor replaced by a copy on `stream`; the same copy for the same tensor. */
export function copiedArgument(
  value: unknown,
  copies: Map<DeviceTensor, DeviceTensor>,
  stream: Stream,
): unknown {
  if (value instanceof DeviceTensor) {
    let copy = copies.get(value)
    if (!copy) {
      copy = value.cloneMemory(stream)
      copies.set(value, copy)
    }
    return copy
  }
  if (Array.isArray(value)) return value.map((item) => copiedArgument(item, copies, stream))
  if (!isRecord(value)) return value
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [key, copiedArgument(item, copies, stream)]),
  )
}

/** All tensors and typed arrays in a returned value, in order, as numbers. */
async function flatten(value: unknown): Promise<readonly Values[]> {
  if (value === undefined || value === null) return []
  if (value instanceof DeviceTensor) return [await value.data()]
  if (ArrayBuffer.isView(value) && 'length' in value) return [value as unknown as Values]
  if (Array.isArray(value)) return (await Promise.all(value.map(flatten))).flat()
  if (isRecord(value)) return (await Promise.all(Object.values(value).map(flatten))).flat()
  throw new UsageError(`baselineFn returned a ${typeof value}; it must return tensors or typed arrays`)
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype
}
