/** What a function of states makes of two, on the CPU. */
import { type CombineMeaning, combined, type Fact, type Operation } from './combine.ts'
import type { State, StepOf } from './interpret_combine.ts'
import { castBy, referenceOf, roundTo, scalar } from './interpret_values.ts'
import { OPS } from './ops.ts'

/** `factOf` has what a function of states may name. */
export function stepWith(factOf: (fact: Fact) => number): StepOf {
  const meaning: CombineMeaning<number> = { fact: factOf, operation: operationOf }
  return (combine, before, next): State => combined(combine, before, next, meaning)
}

function operationOf(node: Operation, args: readonly number[]): number {
  const { dtype } = node.type
  if (node.kind === 'map') {
    const of = node.args.at(-1)?.type.dtype ?? dtype
    return roundTo(dtype, OPS[node.op].cpu(args[0] ?? 0, args[1] ?? 0, args[2] ?? 0, of))
  }
  if (node.kind === 'inline') return roundTo(dtype, Number(referenceOf(node.code)(...args)))
  const value = scalar(node.arg.type.dtype, args[0] ?? 0)
  return castBy(node, value).data[0] ?? 0
}
