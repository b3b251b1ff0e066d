/** A kernel as its author defined it: the function, its options, and where it stands. */
import { parameterNames, signatureOfFunction } from '../language/index.ts'
import { callSite } from '../support/call_site.ts'
import { type SourceLocation, UsageError } from '../support/errors.ts'
import type { GivenSettings } from '../support/settings.ts'
import type { Signature } from '../support/signature.ts'
import { sha16 } from '../support/stable.ts'
import { toPath } from '../support/stack_text.ts'
import { type AnyFunction, type KernelOptions, type ResolvedOptions, resolveOptions } from './options.ts'
import { canonicalText, renamed } from './source_text.ts'

export interface KernelDefinition {
  readonly name: string
  readonly fn: AnyFunction
  readonly options: ResolvedOptions
  readonly parameters: readonly string[]
  /** How many arguments a call may have. */
  readonly signature: Signature
  /** Where `kernel(...)` was called. */
  readonly location: SourceLocation | undefined
  /** The file of the kernel's source: `options.source`, or where `kernel(...)` was called. */
  readonly sourceFile: string | undefined
  /** Changes with the text of the function, but not with its layout or with how it was compiled. */
  readonly sourceHash: string
  /** The same if the function had another name: compilers and bundlers give new ones. */
  readonly sourceHashAs: (name: string) => string
  /** A decorated method: `this` of a call is passed on. */
  readonly isMethod: boolean
}

export function defineKernel(
  fn: AnyFunction,
  options: KernelOptions,
  defaults: GivenSettings,
  methodName?: string,
): KernelDefinition {
  const location = callSite()
  const resolved = resolveOptions(options, defaults)
  const written = Function.prototype.toString.call(fn)
  if (/\{\s*\[native code\]\s*\}$/.test(written)) throw withoutText(fn.name, location)
  if (/^class(?:\s*\{|\s+[\w$])/.test(written)) throw isClass(fn.name, location)
  const text = canonicalText(written)
  // Arrow functions may have no name, and minifiers take others away.
  const name = resolved.own.name ?? methodName ?? (fn.name || `kernel_${sha16(text).slice(0, 8)}`)
  if (!/^[A-Za-z_$][\w$]{0,199}$/.test(name) || name === '__proto__') throw badName(name, location)
  const { source } = resolved.own
  return Object.freeze({
    name,
    fn,
    options: resolved,
    parameters: parameterNames(fn),
    signature: signatureOfFunction(fn),
    location,
    sourceFile: source === undefined ? location?.file : toPath(source),
    // Compilers rename functions in their text, tsx among them, and restore only what `name` says.
    sourceHash: sha16(renamed(text, name)),
    sourceHashAs: (other: string) => sha16(renamed(text, other)),
    isMethod: methodName !== undefined,
  })
}

/** Such kernels would all count as the same version of one kernel, whatever they do. */
function withoutText(name: string, location: SourceLocation | undefined): UsageError {
  return new UsageError(`a kernel cannot be made of ${name || 'a function'}, which is built in or bound`, {
    location,
    remedy: 'Write function my_kernel(x) { … } around the call: kernels are known by their text.',
  })
}

function isClass(name: string, location: SourceLocation | undefined): UsageError {
  return new UsageError(`a kernel cannot be made of ${name || 'something'}, which is a class`, {
    location,
    remedy: 'Pass a function, or decorate a method of the class with @kernel(options).',
  })
}

function badName(name: string, location: SourceLocation | undefined): UsageError {
  return new UsageError(`a kernel is named ${JSON.stringify(name)}`, {
    location,
    remedy: `Use a named function, or the option name: 'my_kernel' (an identifier of at most 200 letters).`,
  })
}
