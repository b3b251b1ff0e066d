/**
 * The memory in which configs are tried: everything that the kernel writes is a copy of its own, so that
 * callers' tensors never change. Before each trial, inputs that a kernel changes are restored, and outputs
 * are filled with what the kernel asks for, or with a poison that no right answer is made of.
 */
import type { KernelIr } from '../../ir/kernel_ir.ts'
import type { CallArguments } from '../../kernel/call_arguments.ts'
import { allocateLocals, localTensors, storagesOf } from '../../kernel/launch_plan.ts'
import { Gather } from '../../runtime/gather.ts'
import { generatorLaunch } from '../../runtime/generators.ts'
import type { Launch } from '../../runtime/launch.ts'
import type { Storage } from '../../runtime/storage.ts'
import type { Stream } from '../../runtime/stream.ts'
import { DeviceTensor } from '../../runtime/tensor.ts'
import { type DType, isFloat } from '../../support/dtypes.ts'
import type { KernelWrites } from './kernel_writes.ts'

/** Neither NaN nor this integer is a likely answer. */
const POISON_INTEGER = 0xdeadbee

interface WorkingCopy {
  readonly copy: DeviceTensor
  readonly original: Storage
}

interface Parts {
  readonly storages: readonly Storage[]
  readonly stream: Stream
  readonly locals: readonly DeviceTensor[]
  readonly copies: readonly WorkingCopy[]
  readonly fills: readonly Launch[]
}

export class TrialMemory {
  readonly #parts: Parts
  readonly #gathers = new Map<Uint32Array, Gather>()

  private constructor(parts: Parts) {
    this.#parts = parts
  }

  /** Memory for trials of `call`. Rejects with GpuError when there is not enough. */
  static async allocate(
    ir: KernelIr,
    { lastGrid }: KernelWrites,
    call: CallArguments,
    stream: Stream,
  ): Promise<TrialMemory> {
    const written = ir.tensors.filter(({ role }) => role === 'argument').map(({ id }) => lastGrid.has(id))
    const copies = new Map<Storage, WorkingCopy>()
    for (const [position, { storage, shape, dtype }] of call.tensors.entries())
      if (written[position] && !copies.has(storage))
        copies.set(storage, { copy: DeviceTensor.allocate(shape, dtype, stream), original: storage })
    const locals = allocateLocals(localTensors(ir, call), stream)
    const tensors = call.tensors.map((tensor) => copies.get(tensor.storage)?.copy ?? tensor)
    return new TrialMemory({
      storages: storagesOf(ir, tensors, locals),
      stream,
      locals: [...locals.values()],
      copies: [...copies.values()],
      fills: await fillLaunches(ir, locals, stream),
    })
  }

  /** By tensor id of the kernel. */
  get storages(): readonly Storage[] {
    return this.#parts.storages
  }

  /** Puts the memory into the state before a call, in stream order. */
  reset(): void {
    const { stream, locals, copies, fills } = this.#parts
    for (const { storage } of locals) storage.failure = undefined
    for (const { copy, original } of copies) stream.copy(original, copy.storage)
    for (const launch of fills) stream.launch(launch)
  }

  /**
   * The bytes of a tensor, or of its elements at some positions, once everything before has run. Rejects with
   * what went wrong there.
   */
  read(tensor: number, positions?: Uint32Array<ArrayBuffer>): Promise<ArrayBuffer> {
    const storage = this.storages[tensor]
    if (!storage) throw new Error(`no tensor ${tensor}`)
    if (!positions) return this.#parts.stream.read(storage)
    let gather = this.#gathers.get(positions)
    if (!gather) {
      gather = new Gather(this.#parts.stream, positions)
      this.#gathers.set(positions, gather)
    }
    return gather.read(storage)
  }

  dispose(): void {
    for (const gather of this.#gathers.values()) gather.dispose()
    for (const tensor of this.#parts.locals) tensor.dispose()
    for (const { copy } of this.#parts.copies) copy.dispose()
  }
}

async function fillLaunches(
  ir: KernelIr,
  locals: ReadonlyMap<number, DeviceTensor>,
  stream: Stream,
): Promise<readonly Launch[]> {
  const device = await stream.opened()
  const filled = ir.tensors.flatMap(({ id, fill, dtype }) => {
    const tensor = locals.get(id)
    return tensor && tensor.size > 0 ? [{ tensor, value: fill ?? poison(dtype) }] : []
  })
  return await Promise.all(
    filled.map(({ tensor, value }) => generatorLaunch(device, tensor.storage, { kind: 'fill', value })),
  )
}

function poison(dtype: DType): number {
  return isFloat(dtype) ? Number.NaN : POISON_INTEGER
}
