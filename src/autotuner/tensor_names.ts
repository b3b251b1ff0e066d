/** Calls in which a tensor stands for two arguments. */
import type { WgslProgram } from '../codegen/program.ts'
import type { BoundKernel } from '../kernel/bound_kernel.ts'
import type { CallArguments } from '../kernel/call_arguments.ts'
import { UsageError } from '../support/errors.ts'

/** Throws UsageError where a dispatch writes a tensor that it has under another name, too: no config runs. */
export function checkNames(
  { definition, ir }: BoundKernel,
  { tensors }: CallArguments,
  { dispatches }: WgslProgram,
): void {
  for (const { bindings } of dispatches) {
    const given = bindings.flatMap((binding) => {
      const storage = 'tensor' in binding ? tensors[binding.tensor]?.storage : undefined
      return storage && 'tensor' in binding ? [{ ...binding, storage }] : []
    })
    for (const { tensor, access, storage } of given) {
      const other = given.find((one) => one.storage === storage && one.tensor !== tensor)
      if (!other || access === 'read') continue
      const [written, same] = [tensor, other.tensor].map((id) => ir.tensors[id]?.name)
      throw new UsageError(
        `${definition.name} writes to ${written}, which is the same tensor as ${same} in this call`,
        {
          location: definition.location,
          remedy: 'Pass a copy of it for one of the two, or take it once and write to it in place.',
        },
      )
    }
  }
}
