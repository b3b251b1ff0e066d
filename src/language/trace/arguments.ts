/**
 * What tracing knows of a call's arguments, and the symbolic values made from them. Sizes of 0 and 1 are
 * always constants; other dynamic sizes keep only their divisibility by 4 and 16, so that one program serves
 * them all.
 */
import type { Specialization } from '../../ir/kernel_ir.ts'
import type { Size } from '../../ir/size.ts'
import { nextPowerOf2 } from '../../support/maths.ts'
import type { StorageType } from '../../support/storage_types.ts'
import { type BaseDim, isWhole, type View, wholeView } from '../tensors/tensor_view.ts'
import { ScalarArgument } from '../values/value.ts'
import type { Trace } from './trace.ts'
import { TracedTensor } from './traced_tensor.ts'

export interface TensorArgument {
  readonly kind: 'tensor'
  readonly dtype: StorageType
  readonly shape: readonly number[]
  /** Which dimensions may change without tracing again. */
  readonly dynamic: readonly boolean[]
  /** How it lies in the memory of a larger tensor. */
  readonly view?: ArgumentView
  /** Whether the sizes of that memory, and where the view begins, may change without tracing again. */
  readonly openView?: boolean
}

/** A view with numbers for all sizes. */
export interface ArgumentView extends View {
  readonly shape: readonly number[]
  readonly base: readonly number[]
  readonly dims: readonly (BaseDim & { readonly offset: number })[]
}

/**
 * An argument of a call, as data. Tensors and scalars are numbered in order of appearance; a boolean is a
 * constant.
 */
export type ArgumentSpec =
  | TensorArgument
  | { readonly kind: 'scalar'; readonly value: number }
  | { readonly kind: 'constant'; readonly value: unknown }
  | { readonly kind: 'list'; readonly items: readonly ArgumentSpec[] }
  | { readonly kind: 'record'; readonly entries: readonly (readonly [string, ArgumentSpec])[] }

/** Divisors of sizes that the specialisation key tells apart, largest first. */
const DIVISORS: readonly number[] = [16, 4, 1]

/** The largest of DIVISORS that divides `size`. */
export function divisibilityOf(size: number): number {
  return DIVISORS.find((divisor) => size % divisor === 0) ?? 1
}

/** The value that the kernel function receives for an argument. */
export function symbolicArgument(
  trace: Trace,
  spec: ArgumentSpec,
  name: string,
  facts: readonly Specialization[],
): unknown {
  switch (spec.kind) {
    case 'tensor':
      return symbolicTensor(trace, spec, name, facts)
    case 'scalar':
      return symbolicScalar(trace, spec.value, name, facts)
    case 'constant':
      return spec.value
    case 'list':
      return spec.items.map((item, i) => symbolicArgument(trace, item, `${name}[${i}]`, facts))
    case 'record':
      return Object.fromEntries(
        spec.entries.map(([key, item]) => [key, symbolicArgument(trace, item, `${name}.${key}`, facts)]),
      )
  }
}

/** The tensor that the kernel function receives. */
export function symbolicTensor(
  trace: Trace,
  spec: TensorArgument,
  name: string,
  facts: readonly Specialization[],
): TracedTensor {
  const id = trace.tensors.length
  const sizeOf = (size: number, axis: number, isOpen: boolean | undefined, key: string): Size => {
    const fact = (by: 'value' | 'next_power_of_2'): boolean =>
      facts.some((f) => f.kind === 'dim' && f.tensor === id && f.axis === axis && f.by === by)
    if (!isOpen || size <= 1 || fact('value')) return size
    const max = fact('next_power_of_2') ? nextPowerOf2(size) : undefined
    const multipleOf = divisibilityOf(size)
    return Object.freeze({ op: 'symbol', key: `${name}.${key}`, tensor: id, axis, multipleOf, max } as const)
  }
  const shape = spec.shape.map((size, axis) => sizeOf(size, axis, spec.dynamic[axis], `shape[${axis}]`))
  const view = spec.view ? symbolicView(spec, name, shape, sizeOf) : wholeView(name, shape)
  const info = Object.freeze({
    id,
    name,
    dtype: spec.dtype,
    shape: view.base,
    role: 'argument',
    fill: undefined,
  } as const)
  trace.tensors.push(info)
  return new TracedTensor(info, view)
}

/** The axes of its symbols are numbered as in a view's `sizes`: its shape, then the base's, then offsets. */
function symbolicView(
  { view, openView }: TensorArgument,
  name: string,
  shape: readonly Size[],
  sizeOf: (size: number, axis: number, isOpen: boolean | undefined, key: string) => Size,
): View {
  const { base, dims } = view ?? { base: [], dims: [] }
  const rank = shape.length
  return {
    name,
    shape,
    base: base.map((size, at) => {
      const { dim } = dims[at] ?? {}
      if (view && dim !== undefined && isWhole(view, at)) return shape[dim] ?? size
      return sizeOf(size, rank + at, openView, `base[${at}]`)
    }),
    dims: dims.map((one, at) => ({
      ...one,
      offset: sizeOf(one.offset, rank + base.length + at, openView, `offset[${at}]`),
    })),
  }
}

function symbolicScalar(
  trace: Trace,
  value: number,
  name: string,
  facts: readonly Specialization[],
): number | ScalarArgument {
  const id = trace.scalars.length
  trace.scalars.push(Object.freeze({ id, name }))
  const isConstant = facts.some((fact) => fact.kind === 'scalar' && fact.scalar === id)
  return isConstant ? value : new ScalarArgument(trace, id)
}
