/** Arguments and results of the examples as the interpreters know them. */
import { isTensor } from '../../examples/shared/example.ts'
import type { ReturnedView, ReturnTree } from '../../src/ir/kernel_ir.ts'
import { sizeEvaluator } from '../../src/kernel/launch_plan.ts'
import type { Input } from '../gpu/inputs.ts'
import type { Subject } from '../gpu/subject.ts'
import { elementsOf } from '../language/harness.ts'

/** The contents of tensors in their place. */
export async function inputOf(value: unknown): Promise<Input> {
  if (isTensor(value)) {
    const { shape, dtype } = value
    return { shape: [...shape], dtype, data: Array.from(await value.data()) }
  }
  if (typeof value !== 'object' || value === null) return value as Input
  if (Array.isArray(value)) return await Promise.all(value.map(inputOf))
  const entries = Object.entries(value).map(async ([key, item]) => [key, await inputOf(item)] as const)
  return Object.fromEntries(await Promise.all(entries))
}

/** What the interpreter made the kernel return. */
export function resultOf({ bound, after }: Subject): readonly number[][] {
  const sizeOf = sizeEvaluator({ tensors: after })
  const dataOf = (tree: ReturnTree): number[][] => {
    switch (tree.kind) {
      case 'none':
        return []
      case 'tensor':
        return [elementsIn(tree, after[tree.tensor]?.data ?? [])]
      case 'list':
        return tree.items.flatMap(dataOf)
      case 'record':
        return tree.entries.flatMap(([, item]) => dataOf(item))
    }
  }
  const elementsIn = ({ view }: { readonly view?: ReturnedView }, data: ArrayLike<number>): number[] =>
    view ? elementsOf(view, data, sizeOf) : Array.from(data)
  return dataOf(bound.ir.returns)
}
