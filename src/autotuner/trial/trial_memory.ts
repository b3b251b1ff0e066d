/**
 * The memory in which configs are tried: everything that the kernel writes is a copy of its own, so that
 * callers' tensors never change. Before each trial, inputs that a kernel changes are restored, and outputs
 * are filled with what the kernel asks for, or with a poison that no right answer is made of.
 */

import type { Launch } from '../../runtime/commands/launch.ts'
import type { Storage } from '../../runtime/memory/storage.ts'
import type { Stream } from '../../runtime/stream.ts'
import { Gather } from '../../runtime/tensor/gather.ts'
import { generatorLaunch } from '../../runtime/tensor/generators.ts'
import { DeviceTensor } from '../../runtime/tensor/tensor.ts'
import { STORAGE, type StorageType } from '../../support/storage_types.ts'
import type { TrialTensor } from './trial_program.ts'

/** Neither NaN nor this integer is a likely answer. */
const POISON_INTEGER = 0xdeadbee

interface WorkingCopy {
  readonly copy: DeviceTensor
  readonly original: Storage
}

interface Parts {
  readonly storages: readonly Storage[]
  /** Of the kernel's tensors, which may show their memory as another type. */
  readonly dtypes: readonly StorageType[]
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

  /**
   * Memory for trials; `contents` are those of the arguments. Rejects with GpuError when there is not enough.
   */
  static async allocate(
    tensors: readonly TrialTensor[],
    contents: readonly Storage[],
    stream: Stream,
  ): Promise<TrialMemory> {
    const copies = new Map<Storage, WorkingCopy>()
    const locals = new Map<TrialTensor, DeviceTensor>()
    const originalOf = ({ contents: index = -1 }: TrialTensor) => contents[index]
    for (const tensor of tensors) {
      const { shape, dtype, written } = tensor
      const original = originalOf(tensor)
      if (!original) locals.set(tensor, DeviceTensor.allocate(shape, dtype, stream))
      else if (written && !copies.has(original))
        copies.set(original, { copy: DeviceTensor.allocate(shape, dtype, stream), original })
    }
    const storages = tensors.map((tensor) => {
      const original = originalOf(tensor)
      const storage = original
        ? (copies.get(original)?.copy.storage ?? original)
        : locals.get(tensor)?.storage
      if (!storage) throw new Error('a tensor without memory')
      return storage
    })
    const fills = await fillLaunches(locals, stream)
    return new TrialMemory({
      storages,
      dtypes: tensors.map(({ dtype }) => dtype),
      stream,
      locals: [...locals.values()],
      copies: [...copies.values()],
      fills,
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
    return gather.read(storage, this.#parts.dtypes[tensor] ?? storage.dtype)
  }

  dispose(): void {
    for (const gather of this.#gathers.values()) gather.dispose()
    for (const tensor of this.#parts.locals) tensor.dispose()
    for (const { copy } of this.#parts.copies) copy.dispose()
  }
}

async function fillLaunches(
  locals: ReadonlyMap<TrialTensor, DeviceTensor>,
  stream: Stream,
): Promise<readonly Launch[]> {
  const device = await stream.opened()
  const filled = [...locals].filter(([, { size }]) => size > 0)
  return await Promise.all(
    filled.map(([{ fill, dtype }, { storage }]) =>
      generatorLaunch(device, storage, { kind: 'fill', value: fill ?? poison(dtype) }),
    ),
  )
}

/** What memory holds that nobody has written. */
export function poison(dtype: StorageType): number {
  return STORAGE[dtype].category === 'float' ? Number.NaN : POISON_INTEGER
}
