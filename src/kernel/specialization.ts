/**
 * Which calls can share one trace of a kernel. The base key holds what tracing always depends on: dtypes,
 * ranks, sizes of 0 and 1, divisibility of other sizes, marked dimensions, constants. What a trace used
 * beyond that (exact values, the next power of two of a whole dimension) is compared with each known trace.
 */
import type { KernelIr, Specialization } from '../ir/kernel_ir.ts'
import { type ArgumentSpec, divisibilityOf, type TensorArgument } from '../language/index.ts'
import { isWhole } from '../language/tensors/tensor_view.ts'
import { unreachable } from '../support/errors.ts'
import { nextPowerOf2 } from '../support/maths.ts'
import { stableStringify } from '../support/stable.ts'
import { type CallArguments, identityOf } from './call_arguments.ts'

/** Above this many elements, indices do not fit into 32 bits. */
const MAX_ELEMENTS: number = 2 ** 31 - 1

/** The part of the specialisation key that does not depend on the kernel's code. */
export function baseKey(specs: readonly ArgumentSpec[]): string {
  return specs.map(keyOf).join(';')
}

/** True when everything that the trace assumed beyond the base key holds for this call. */
export function matches(ir: KernelIr, traced: CallArguments, call: CallArguments): boolean {
  return ir.specializations.every((fact) => Object.is(factValue(fact, traced), factValue(fact, call)))
}

/** The facts beyond the base key with their values, for the whole key. */
export function extraKey(ir: KernelIr, call: CallArguments): string {
  return ir.specializations.map((fact) => `${stableStringify(fact)}=${factValue(fact, call)}`).join(';')
}

function factValue(fact: Specialization, call: CallArguments): number {
  if (fact.kind === 'scalar') return call.scalars[fact.scalar] ?? Number.NaN
  const size = call.tensors[fact.tensor]?.sizes[fact.axis] ?? 0
  return fact.by === 'value' ? size : nextPowerOf2(size)
}

function keyOf(spec: ArgumentSpec): string {
  switch (spec.kind) {
    case 'tensor':
      return tensorKey(spec)
    case 'scalar':
      return 'number'
    case 'constant':
      return isObject(spec.value) ? identityOf(spec.value) : String(JSON.stringify(spec.value))
    case 'list':
      return `[${spec.items.map(keyOf).join()}]`
    case 'record':
      return `{${spec.entries.map(([key, item]) => `${key}:${keyOf(item)}`).join()}}`
    default:
      return unreachable(spec)
  }
}

function tensorKey({ dtype, shape, dynamic, view, openView }: TensorArgument): string {
  const keyOfSize = (size: number, isOpen: boolean | undefined): string =>
    isOpen && size > 1 ? `/${divisibilityOf(size)}` : `=${size}`
  const sizes = shape.map((size, dim) => keyOfSize(size, dynamic[dim]))
  const elements = (view?.base ?? shape).reduce((product, size) => product * size, 1)
  const lies = view?.dims.map(({ dim, offset, step }, at) => {
    const place = isWhole(view, at)
      ? ''
      : `${keyOfSize(view.base[at] ?? 0, openView)}${keyOfSize(offset, openView)}`
    return `${dim ?? ''}*${step}${place}`
  })
  const text = `${dtype}[${sizes.join()}]${elements > MAX_ELEMENTS ? '!' : ''}`
  return lies ? `${text} of ${lies.join()}` : text
}

function isObject(value: unknown): value is object {
  return (typeof value === 'object' && value !== null) || typeof value === 'function'
}
