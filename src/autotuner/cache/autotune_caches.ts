/**
 * The caches of search results as users hold them: made for a search, a binding or a key, they read and store
 * the config that a tuning would find and leave behind.
 */
import { Config } from '../../config/config.ts'
import type { ConfigLike } from '../../kernel/options.ts'
import { areEntryPoints, entryPoint } from '../../support/call_site.ts'
import { UsageError } from '../../support/errors.ts'
import type { RemoteCache } from '../../support/remote_cache.ts'
import { settingText } from '../../support/resolve_settings.ts'
import type { AutotuneCacheName } from '../../support/settings.ts'
import { checkArguments, methodsTake, signatureOf, takes } from '../../support/signature.ts'
import { Search } from '../search/search.ts'
import type { CacheKey } from './cache_key.ts'
import { storeOf } from './caches.ts'
import type { ResultStore } from './result_store.ts'
import { type CacheSubject, type Subject, subjectOf } from './subject.ts'

/** Where a cache keeps what it holds, if not where the settings say. */
export interface CacheOptions {
  /** Replaces the folder that all caches share. */
  readonly folder?: string
  /** Replaces the remote cache that the kernel or its settings name. */
  readonly remote?: RemoteCache
}

const TAKES = 'of, { folder, remote: object }?'
const SIGNATURE = signatureOf(TAKES)

interface Opened extends Subject {
  readonly store: ResultStore
}

/** What the caches have in common. */
export abstract class AutotuneCache {
  readonly #of: CacheSubject
  readonly #options: CacheOptions

  /**
   * A search, a binding or a key says which result it is about; the settings of its kernel say how thorough a
   * search has to have been, and what `options` leave open.
   */
  constructor(of: CacheSubject, options: CacheOptions = {}) {
    checkArguments('a cache', SIGNATURE, [of, options], UsageError)
    this.#of = of
    this.#options = options
  }

  /** The name that chooses it in the setting `autotuneCache`. */
  abstract get name(): AutotuneCacheName

  /**
   * The stored config; undefined when there is none, or none of a search as thorough as the kernel's effort.
   * A cache that cannot be read is a warning and a miss.
   */
  async get(): Promise<Config | undefined> {
    const { key, settings, store } = await this.#open()
    const entry = await store.get(key, settings.autotuneEffort)
    return entry && new Config(entry.config)
  }

  /**
   * Stores a config as the result of a search of the kernel's effort, with the milliseconds of a launch where
   * they are known. A cache that does not take it is a warning.
   */
  async put(config: ConfigLike, ms: number = Number.NaN): Promise<void> {
    const { data } = config instanceof Config ? config : new Config(config)
    const { key, settings, store } = await this.#open()
    await store.put({
      key,
      config: data,
      ms,
      spread: Number.NaN,
      effort: settings.autotuneEffort,
      search: this.#of instanceof Search ? this.#of.name : '',
      tested: 0,
      seconds: 0,
      createdAt: new Date().toISOString(),
      runnersUp: [],
      hung: [],
    })
  }

  /** All that is known of the task; which fields count depends on the cache. */
  async key(): Promise<CacheKey> {
    return (await this.#open()).key
  }

  /** The file of the result, whether it exists or not. */
  async path(): Promise<string> {
    const { store, key } = await this.#open()
    return store.pathOf(key)
  }

  #open(): Promise<Opened> {
    return open(this.#of, this.#options, this.name)
  }
}

methodsTake(AutotuneCache.prototype, { get: '', put: 'config: object, ms?: number', key: '', path: '' })
areEntryPoints(AutotuneCache.prototype, ['get', 'put', 'key', 'path'])

/**
 * Results in the cache folder, found again after updates too: by the kernel's code, arguments, space of
 * configs, device and settings.
 */
export class LocalAutotuneCache extends AutotuneCache {
  /** Its name in the setting `autotuneCache`. */
  override get name(): AutotuneCacheName {
    return 'LocalAutotuneCache'
  }
}

/** The same, while the versions of this package, of the WebGPU implementation and of the driver stay. */
export class StrictLocalAutotuneCache extends AutotuneCache {
  /** Its name in the setting `autotuneCache`. */
  override get name(): AutotuneCacheName {
    return 'StrictLocalAutotuneCache'
  }
}

/** A cache folder with a remote cache behind it; what is found there lies in the folder afterwards. */
export class RemoteAutotuneCache extends AutotuneCache {
  /** Its name in the setting `autotuneCache`. */
  override get name(): AutotuneCacheName {
    return 'RemoteAutotuneCache'
  }
}

/** The same, while the versions stay. */
export class StrictRemoteAutotuneCache extends AutotuneCache {
  /** Its name in the setting `autotuneCache`. */
  override get name(): AutotuneCacheName {
    return 'StrictRemoteAutotuneCache'
  }
}

/**
 * Why no stored result is found for a search, a binding or a key, in words: which fields of the nearest
 * results differ. Looks into the cache that the settings name.
 */
export const explainCacheMiss: (of: CacheSubject, options?: CacheOptions) => Promise<string> = entryPoint(
  takes('explainCacheMiss', TAKES, async (of, options = {}) => {
    const { key, settings, store } = await open(of, options)
    for (const name of ['skipCache', 'forceAutotune'] as const)
      if (settings[name]) return `stored results are not read: ${settingText(name)} is set`
    const found = await store.get(key, settings.autotuneEffort)
    return found
      ? `nothing is missing: ${store.pathOf(key)} holds the result`
      : store.explainMiss(key, settings.autotuneEffort)
  }),
)

/** `name` replaces the cache that the settings name. */
async function open(of: CacheSubject, options: CacheOptions, name?: AutotuneCacheName): Promise<Opened> {
  const subject = await subjectOf(of)
  const { settings: own } = subject
  const settings = {
    ...own,
    autotuneCache: name ?? own.autotuneCache,
    cacheDir: options.folder ?? own.cacheDir,
  }
  return { ...subject, settings, store: storeOf(settings, options.remote ?? subject.remote) }
}
