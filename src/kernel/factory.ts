/** The ways to make a kernel: `kernel(fn)`, `kernel(options, fn)`, and `@kernel(options)` on a method. */

import { calledFrom, callSite, entryPoint } from '../support/call_site.ts'
import { UsageError } from '../support/errors.ts'
import type { GivenSettings } from '../support/settings.ts'
import { takes } from '../support/signature.ts'
import { defineKernel } from './definition.ts'
import { type Kernel, type KernelServices, makeKernel } from './kernel.ts'
import type { AnyFunction, KernelOptions } from './options.ts'

/** Wraps a function, or decorates a method (a standard decorator). */
export type KernelDecorator = <F extends AnyFunction>(
  fn: F,
  context?: ClassMethodDecoratorContext,
) => Kernel<F>

/** The ways to make a kernel: `kernel(fn)`, `kernel(options, fn)`, and `@kernel(options)` on a method. */
export interface KernelFactory {
  <F extends AnyFunction>(fn: F): Kernel<F>
  <F extends AnyFunction>(options: KernelOptions<NoInfer<F>>, fn: F): Kernel<F>
  (options?: KernelOptions): KernelDecorator
  <F extends AnyFunction>(fn: F, context: ClassMethodDecoratorContext): Kernel<F>
}

/** `defaults` replace those of the settings table; the environment and the author's options win over them. */
export function kernelFactory(services: KernelServices, defaults: GivenSettings = {}): KernelFactory {
  const make = (fn: AnyFunction, options: KernelOptions, context?: ClassMethodDecoratorContext): Kernel => {
    if (context && context.kind !== 'method')
      throw misuse(context.kind ? `a ${context.kind} of a class` : 'a function before its options')
    const method = context && String(context.name)
    return makeKernel(defineKernel(fn, options, defaults, method), services)
  }
  const factory = (first: unknown = {}, second?: unknown): unknown => {
    if (typeof first === 'function') {
      return make(first as AnyFunction, {}, second as ClassMethodDecoratorContext | undefined)
    }
    if (typeof first !== 'object' || first === null) throw misuse(String(first))
    if (typeof second === 'function') return make(second as AnyFunction, first)
    if (second !== undefined) throw misuse(String(second))
    const location = callSite()
    return entryPoint((fn: unknown, context?: ClassMethodDecoratorContext) => {
      if (typeof fn !== 'function') throw misuse(String(fn))
      // Decorators are called by helpers of compilers, which have no place of the author's.
      return calledFrom(context ? location : callSite(), () => make(fn as AnyFunction, first, context))
    })
  }
  return entryPoint(takes('kernel', 'options or function?, function?', factory)) as KernelFactory
}

function misuse(what: string): UsageError {
  return new UsageError(`a kernel cannot be made of ${what}`, {
    location: callSite(),
    remedy: 'Use kernel(fn), kernel(options, fn), or @kernel(options) on a method.',
  })
}
