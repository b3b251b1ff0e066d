/** Memory that is to hold something before the dispatches of a launch: tensors of the kernel and scratch. */

import type { Launch } from '../runtime/commands/launch.ts'
import type { Device } from '../runtime/device.ts'
import type { Storage } from '../runtime/memory/storage.ts'
import { generatorLaunch, readyLaunch } from '../runtime/tensor/generators.ts'
import type { DeviceTensor } from '../runtime/tensor/tensor.ts'
import type { LocalTensor, PlannedScratch } from './launch_plan.ts'

/** Memory and the value of all its elements. */
interface Filled {
  readonly storage: Storage
  readonly value: number
}

/** What the call returns and the kernel wants filled. */
export function localsToFill(
  locals: readonly LocalTensor[],
  allocated: ReadonlyMap<number, DeviceTensor>,
): readonly Filled[] {
  return locals.flatMap(({ id, fill }) => {
    const tensor = allocated.get(id)
    return fill === undefined || !tensor || tensor.size === 0
      ? []
      : [{ storage: tensor.storage, value: fill }]
  })
}

/** `otherwise` is for memory that the kernel says nothing of, left as it is when absent. */
export function scratchToFill(
  { scratch }: { readonly scratch: readonly PlannedScratch[] },
  storages: readonly Storage[],
  otherwise?: (scratch: PlannedScratch) => number,
): readonly Filled[] {
  return scratch.flatMap((one, i) => {
    const [storage, value] = [storages[i], one.fill ?? otherwise?.(one)]
    return value === undefined || !storage || one.bytes === 0 ? [] : [{ storage, value }]
  })
}

/** Launches that fill the memory, compiled if need be. */
export async function allFills(filled: readonly Filled[], device: Device): Promise<readonly Launch[]> {
  return await Promise.all(
    filled.map(({ storage, value }) => generatorLaunch(device, storage, { kind: 'fill', value })),
  )
}

/** The same at once, or undefined when one of them is not compiled yet. */
export function readyFills(filled: readonly Filled[], device: Device): readonly Launch[] | undefined {
  const launches = filled.map(({ storage, value }) => readyLaunch(device, storage, { kind: 'fill', value }))
  const ready = launches.filter((launch) => launch !== undefined)
  return ready.length === launches.length ? ready : undefined
}
