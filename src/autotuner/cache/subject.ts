/** What stored results are asked for, as a key with the settings that go with it. */

import { BoundKernel } from '../../kernel/bound_kernel.ts'
import { type CallArguments, readArguments } from '../../kernel/call_arguments.ts'
import { streamOf } from '../../kernel/kernel.ts'
import type { AnyFunction } from '../../kernel/options.ts'
import { callSite } from '../../support/call_site.ts'
import { UsageError } from '../../support/errors.ts'
import type { RemoteCache } from '../../support/remote_cache.ts'
import { resolveSettings } from '../../support/resolve_settings.ts'
import type { Settings } from '../../support/settings.ts'
import { chooseSearch } from '../choose_search.ts'
import { searchSpace } from '../kernel_space.ts'
import { Search } from '../search/search.ts'
import { type CacheKey, KEY_FIELDS } from './cache_key.ts'
import { kernelKey } from './kernel_key.ts'

/**
 * What results can be asked for: a search of a kernel, a binding with the call that it was bound for, or a
 * key.
 */
export type CacheSubject = Search | { readonly bound: BoundKernel } | CacheKey

export interface Subject {
  readonly key: CacheKey
  readonly settings: Settings
  readonly remote: RemoteCache | undefined
}

/** Rejects with UsageError for what is none of these, and for searches of what is no kernel. */
export async function subjectOf(of: CacheSubject): Promise<Subject> {
  if (of instanceof Search) return kernelSubject(boundBy(of), readArguments(of.args), of)
  if (isBinding(of)) return kernelSubject(of.bound, of.bound.traced)
  if (isKey(of)) return { key: of, settings: resolveSettings(), remote: undefined }
  throw new UsageError('stored results are asked for with something that names no task', {
    location: callSite(),
    remedy: 'Give a search, a binding (kernel.bind(…)), or a whole key.',
  })
}

function boundBy({ name, kernel, args }: Search): BoundKernel {
  if (isBinding(kernel)) return kernel.bound
  const binding: unknown = 'bind' in kernel ? (kernel as { bind: AnyFunction }).bind(...(args as never[])) : 0
  if (isBinding(binding)) return binding.bound
  throw new UsageError(`the ${name} tunes something that is no kernel, and its results are not stored`, {
    location: callSite(),
    remedy: 'Make the search for a kernel or a binding of one.',
  })
}

async function kernelSubject(bound: BoundKernel, call: CallArguments, search?: Search): Promise<Subject> {
  const { settings, own } = bound.definition.options
  const device = await streamOf(call).opened()
  const spec = searchSpace(bound, call, device, settings)
  const { choices } = chooseSearch({ bound, args: call.values, settings, search, options: {} })
  return {
    key: kernelKey({ bound, device, spec, settings, choices }),
    settings,
    remote: own.remoteCacheBackend,
  }
}

function isBinding(value: unknown): value is { readonly bound: BoundKernel } {
  const isObject = typeof value === 'function' || (typeof value === 'object' && value !== null)
  return isObject && 'bound' in value && value.bound instanceof BoundKernel
}

function isKey(value: unknown): value is CacheKey {
  if (typeof value !== 'object' || value === null) return false
  const fields = value as Readonly<Record<string, unknown>>
  return Object.keys(KEY_FIELDS).every((field) => typeof fields[field] === 'string')
}
