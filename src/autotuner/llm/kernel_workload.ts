/** What a language model is told of a kernel and a call of it. */
import type { ConfigSpec } from '../../config/config_spec.ts'
import { printKernel } from '../../ir/print.ts'
import type { BoundKernel } from '../../kernel/bound_kernel.ts'
import { type CallArguments, describeCall } from '../../kernel/call_arguments.ts'
import { describeAdapter } from '../../runtime/adapter/adapter.ts'
import type { Device } from '../../runtime/device.ts'
import type { Workload } from './workload.ts'

export function kernelWorkload(
  { definition, ir }: BoundKernel,
  call: CallArguments,
  { info, limits }: Device,
  spec: ConfigSpec,
): Workload {
  const { computeUnits, maxWorkgroupBytes } = limits
  const sizes = `${computeUnits} compute units, ${maxWorkgroupBytes} bytes of workgroup memory`
  return {
    kernel: definition.name,
    source: Function.prototype.toString.call(definition.fn),
    program: printKernel(ir),
    args: describeCall(call),
    device: `${describeAdapter(info)}; ${sizes}`,
    facts: facts(spec),
  }
}

/** What decides which configs are good, as far as the space shows it. */
function facts({ input: { blocks, rows, dots, maxInvocations } }: ConfigSpec): readonly string[] {
  return [
    ...blocks.map(({ name, sizeHint }) => `the tile dimension ${name} has ${sizeHint} positions`),
    ...rows.map(({ name, size }) => `the rows ${name} are taken whole, ${size} elements each`),
    dots.length > 0
      ? 'it multiplies matrices: work per thread and reuse of what was loaded decide'
      : 'it multiplies no matrices: the memory is likely the limit',
    `a workgroup has at most ${maxInvocations} threads`,
  ]
}
