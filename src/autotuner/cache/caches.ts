/**
 * All caches by name: what sort of key each stores results under, and whether a remote cache stands behind
 * the folder. A new one is a row here.
 */
import { UsageError } from '../../support/errors.ts'
import { warnOnce } from '../../support/log.ts'
import { requireNode } from '../../support/node.ts'
import type { RemoteCache } from '../../support/remote_cache.ts'
import { settingText } from '../../support/resolve_settings.ts'
import type { AutotuneCacheName, Settings } from '../../support/settings.ts'
import type { KeyKind } from './cache_key.ts'
import { EntryFolder } from './entry_folder.ts'
import { FileShareCache } from './file_share_cache.ts'
import { HttpCache } from './http_cache.ts'
import { RemoteResults } from './remote_results.ts'
import { ResultStore } from './result_store.ts'

const CACHES: Readonly<Record<AutotuneCacheName, { readonly kind: KeyKind; readonly isRemote: boolean }>> = {
  LocalAutotuneCache: { kind: 'loose', isRemote: false },
  StrictLocalAutotuneCache: { kind: 'strict', isRemote: false },
  RemoteAutotuneCache: { kind: 'loose', isRemote: true },
  StrictRemoteAutotuneCache: { kind: 'strict', isRemote: true },
}

/** One for each address, so that what is known of a server is known to all kernels. */
const REMOTES = new Map<string, RemoteCache>()

/**
 * The store that the settings name; `remote` replaces the remote cache that they name. Throws UsageError
 * where a remote cache is asked for and none is named, or by an address that is none.
 */
export function storeOf(settings: Settings, remote?: RemoteCache): ResultStore {
  const { autotuneCache, cacheDir, cacheMaxEntries, cacheMaxMegabytes } = settings
  const { kind, isRemote } = CACHES[autotuneCache]
  const folder = EntryFolder.below(cacheDir, {
    maxEntries: cacheMaxEntries,
    maxBytes: cacheMaxMegabytes * 1e6,
  })
  if (isRemote) return new ResultStore(kind, folder, remoteResults(settings, remote))
  if (remote ?? settings.remoteCache) warnOfIdleRemote(autotuneCache)
  return new ResultStore(kind, folder)
}

function remoteResults(
  { autotuneCache, remoteCache, remoteCacheTimeout }: Settings,
  remote: RemoteCache | undefined,
): RemoteResults {
  const chosen = remote ?? (remoteCache ? remoteAt(remoteCache) : undefined)
  if (chosen) return new RemoteResults(chosen, remoteCacheTimeout * 1000)
  throw new UsageError(`${autotuneCache} needs to know where the remote cache is`, {
    remedy: `Name an https:// address or a folder in ${settingText('remoteCache')}.`,
  })
}

function remoteAt(place: string): RemoteCache {
  const known = REMOTES.get(place) ?? makeRemote(place)
  REMOTES.set(place, known)
  return known
}

/** An address when it looks like one: `C:\` is a folder. */
function makeRemote(place: string): RemoteCache {
  const [, scheme = ''] = /^(\w[\w+.-]+):/.exec(place) ?? []
  if (scheme === '') return new FileShareCache(place)
  if (scheme.toLowerCase() !== 'file') return new HttpCache(place)
  return new FileShareCache(requireNode('url', 'a file: address').fileURLToPath(place))
}

function warnOfIdleRemote(cache: AutotuneCacheName): void {
  warnOnce(
    'idle remote cache',
    `helion-aot: a remote cache is named, and ${cache} does not use it: ` +
      `choose RemoteAutotuneCache in ${settingText('autotuneCache')}`,
  )
}
