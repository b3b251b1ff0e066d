/**
 * Tensors that a kernel function, or a function among its arguments, takes from around it: they become
 * arguments like others. Which ones they are is only known when they are used, and then the kernel is traced
 * again.
 */
import { lazyCallSite } from '../../support/call_site.ts'
import type { SourceLocation } from '../../support/errors.ts'
import { isTracing, tracing } from './trace.ts'
import type { TracedTensor } from './traced_tensor.ts'

/** Thrown through the author's code to trace again with one more argument. */
export class CaptureSignal extends Error {
  readonly tensor: object
  /** Where it is used. */
  readonly location: () => SourceLocation | undefined = lazyCallSite()

  constructor(tensor: object) {
    super('trace again with a tensor from around the kernel')
    this.tensor = tensor
  }
}

/** Marks objects that become arguments in a kernel. */
const ARGUMENT = Symbol('argument')

/** The argument that a tensor from around the kernel becomes; undefined for all else. */
export function capturedTensor(value: unknown): TracedTensor | undefined {
  if (typeof value !== 'object' || value === null || !(ARGUMENT in value)) return undefined
  return argumentOf(value)
}

/** The methods of a class, which in a kernel function are those of the argument that its object becomes. */
export function areCaptured<Class extends object>(
  prototype: Class,
  names: readonly (keyof Class & string & keyof TracedTensor)[],
): void {
  Object.defineProperty(prototype, ARGUMENT, { value: true })
  for (const name of names) {
    const { get, value, ...rest } = Object.getOwnPropertyDescriptor(prototype, name) ?? {}
    if (get) {
      const captured = function (this: object): unknown {
        return isTracing() ? argumentOf(this)[name] : get.call(this)
      }
      Object.defineProperty(prototype, name, { ...rest, get: captured })
      continue
    }
    const captured = function (this: object, ...args: unknown[]): unknown {
      if (!isTracing()) return value.apply(this, args)
      const traced = argumentOf(this)
      return (traced[name] as (...args: unknown[]) => unknown).apply(traced, args)
    }
    Object.defineProperty(prototype, name, { ...rest, value: captured })
  }
}

function argumentOf(tensor: object): TracedTensor {
  const known = tracing('a tensor').captured.get(tensor)
  if (known) return known as TracedTensor
  throw new CaptureSignal(tensor)
}
