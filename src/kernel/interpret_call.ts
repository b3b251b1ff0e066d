/**
 * Runs a call in the reference interpreter instead of on the GPU (HELION_INTERPRET), with its tensors'
 * contents.
 */
import { type InterpretOptions, interpretKernel } from '../ir/interpret.ts'
import { type KernelIr, seenTensors } from '../ir/kernel_ir.ts'
import { decodeBytes, encodeValues } from '../runtime/memory/host_data.ts'
import type { Storage } from '../runtime/memory/storage.ts'
import type { Stream } from '../runtime/stream.ts'
import { product } from '../support/maths.ts'
import type { CallArguments } from './call_arguments.ts'
import { sizeEvaluator } from './launch_plan.ts'

/** Elements of each tensor that callers see, by id; f16 as numbers, bool as 0 and 1. */
export type HostContents = readonly { readonly shape: readonly number[]; readonly data: Float64Array }[]

/** Reads all tensors of a call. */
async function readContents(
  ir: KernelIr,
  call: CallArguments,
  storages: readonly Storage[],
  stream: Stream,
): Promise<HostContents> {
  const sizeOf = sizeEvaluator(call)
  return await Promise.all(
    seenTensors(ir).map(async ({ id, dtype, shape }) => {
      const storage = storages[id]
      if (!storage) throw new Error(`no storage for tensor ${id}`)
      const sizes = shape.map(sizeOf)
      const values = decodeBytes(await stream.read(storage), dtype, product(sizes))
      return { shape: sizes, data: new Float64Array(values) }
    }),
  )
}

/** The contents of all tensors after the call, on copies. */
export function interpretOn(
  ir: KernelIr,
  call: CallArguments,
  contents: HostContents,
  options: InterpretOptions = {},
): HostContents {
  const copies = contents.map(({ shape, data }, id) => ({
    shape,
    sizes: call.tensors[id]?.sizes,
    data: data.slice(),
  }))
  interpretKernel(ir, copies, call.scalars, options)
  return copies
}

/** Does the whole call on the CPU and writes what it changed. */
export async function interpretCall(
  ir: KernelIr,
  call: CallArguments,
  storages: readonly Storage[],
  stream: Stream,
): Promise<void> {
  const before = await readContents(ir, call, storages, stream)
  const after = interpretOn(ir, call, before)
  seenTensors(ir).forEach(({ id, dtype }) => {
    const [storage, data] = [storages[id], after[id]?.data]
    if (!storage || !data || data.length === 0) return
    stream.write(storage, encodeValues(data, dtype))
  })
}
