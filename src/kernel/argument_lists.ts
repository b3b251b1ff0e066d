/** Several lists of arguments that are tuned for together: what they must have in common. */
import { DeviceTensor } from '../runtime/tensor/tensor.ts'
import { callSite } from '../support/call_site.ts'
import { UsageError } from '../support/errors.ts'
import { type CallArguments, describeCall } from './call_arguments.ts'

/** The calls of several lists of arguments. Throws UsageError where there are none, or of several kinds. */
export function readLists(
  kernel: string,
  lists: readonly unknown[],
  read: (values: readonly unknown[]) => CallArguments,
): readonly CallArguments[] {
  const what = `autotuneMulti of ${kernel}`
  if (lists.length === 0)
    throw new UsageError(`${what} was given no argument lists`, {
      location: callSite(),
      remedy: 'Give one for each shape: [[x1, y1], [x2, y2]].',
    })
  const calls = lists.map((list, index) => {
    if (Array.isArray(list)) return read(list)
    throw new UsageError(`${what}: list ${index} is no list of arguments`, {
      location: callSite(),
      remedy: 'Give a list of lists: [[x1, y1], [x2, y2]].',
    })
  })
  const [first] = calls
  for (const [index, call] of calls.entries()) if (first) checkKind(what, first, call, index)
  return calls
}

function checkKind(what: string, first: CallArguments, call: CallArguments, index: number): void {
  const [kind, other] = [first.values.map(kindOf).join(', '), call.values.map(kindOf).join(', ')]
  if (kind === other) return
  throw new UsageError(
    `${what}: list ${index} is (${describeCall(call)}), which is of another kind than ` +
      `list 0, (${describeCall(first)})`,
    {
      location: callSite(),
      remedy: 'Lists may differ in sizes and numbers. Tune each dtype and rank by itself.',
    },
  )
}

/** What no two lists may differ in. */
function kindOf(value: unknown): string {
  if (value instanceof DeviceTensor) return `${value.dtype} of rank ${value.shape.length}`
  if (Array.isArray(value)) return `[${value.map(kindOf).join(', ')}]`
  if (typeof value !== 'object' || value === null) return typeof value
  return `{${Object.entries(value).map(([key, item]) => `${key}: ${kindOf(item)}`)}}`
}
