/** All caches by name: what sort of key each stores results under. A new one is a row here. */
import type { AutotuneCacheName, Settings } from '../../support/settings.ts'
import type { KeyKind } from './cache_key.ts'
import { EntryFolder } from './entry_folder.ts'
import { ResultStore } from './result_store.ts'

const CACHES: Readonly<Record<AutotuneCacheName, { readonly kind: KeyKind }>> = {
  LocalAutotuneCache: { kind: 'loose' },
  StrictLocalAutotuneCache: { kind: 'strict' },
}

export type CacheSettings = Pick<
  Settings,
  'autotuneCache' | 'cacheDir' | 'cacheMaxEntries' | 'cacheMaxMegabytes'
>

/** The store that the settings name. */
export function storeOf({
  autotuneCache,
  cacheDir,
  cacheMaxEntries,
  cacheMaxMegabytes,
}: CacheSettings): ResultStore {
  const limits = { maxEntries: cacheMaxEntries, maxBytes: cacheMaxMegabytes * 1e6 }
  return new ResultStore(CACHES[autotuneCache].kind, EntryFolder.below(cacheDir, limits))
}
