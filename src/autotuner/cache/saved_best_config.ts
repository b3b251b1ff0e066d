/** The results in a cache folder, for people and programs that look through them. Node only. */
import { Config } from '../../config/config.ts'
import type { ConfigValue } from '../../config/value.ts'
import { cacheRoot } from '../../support/cache_dir.ts'
import { entryPoint } from '../../support/call_site.ts'
import { requireNode } from '../../support/node.ts'
import { takes } from '../../support/signature.ts'
import type { CacheEntry } from './cache_entry.ts'
import { EntryFolder } from './entry_folder.ts'

/** A stored result. */
export class SavedBestConfig {
  /** The file that it was read from. */
  readonly path: string
  /** Name of the kernel. */
  readonly kernel: string
  /** The device that it was found on. */
  readonly hardware: string
  /** Dtypes, ranks and size classes of the arguments. */
  readonly specializationKey: string
  /** The winner. */
  readonly config: Config
  /** Hash of the space of configs that it was chosen from. */
  readonly configSpecHash: string
  /** The values of its fields, in the order in which they are stored. */
  readonly flatConfig: readonly ConfigValue[]
  /** Milliseconds of a launch; NaN when that is not known. */
  readonly ms: number
  /** All else that is stored with it. */
  readonly entry: CacheEntry

  constructor(path: string, entry: CacheEntry) {
    const { key } = entry
    this.path = path
    this.kernel = key.kernel
    this.hardware = key.device
    this.specializationKey = key.specialization
    this.config = new Config(entry.config)
    this.configSpecHash = key.space
    this.flatConfig = Object.freeze(Object.values(this.config.data))
    this.ms = entry.ms
    this.entry = entry
    Object.freeze(this)
  }

  /** A copy of `flatConfig` that may be changed. */
  toMutableFlatConfig(): ConfigValue[] {
    return [...this.flatConfig]
  }
}

/** The folder of all caches of this package: `HELION_CACHE_DIR`, else one of the system's. Not made here. */
export const getHelionCacheDir: () => string = entryPoint(takes('getHelionCacheDir', '', cacheRoot))

/**
 * The stored results in a folder, those that were stored or used last first. A file that cannot be read is
 * named in a warning and left out. `path` is a cache folder, the `configs` in it, or a file share; at most
 * `maxScan` files are looked at.
 */
export const iterCacheEntries: (
  path?: string,
  options?: { readonly maxScan?: number | undefined },
) => Generator<SavedBestConfig> = entryPoint(
  takes('iterCacheEntries', 'path?, { maxScan: number }?', (path?: string, options = {}) =>
    saved(path ?? cacheRoot(), options.maxScan),
  ),
)

function* saved(path: string, maxScan = Number.POSITIVE_INFINITY): Generator<SavedBestConfig> {
  const { join, resolve } = requireNode('path', 'iterCacheEntries')
  const inner = join(resolve(path), 'configs')
  const isRoot = requireNode('fs', 'iterCacheEntries').existsSync(inner)
  const folder = new EntryFolder(isRoot ? inner : resolve(path))
  for (const found of folder.entries(maxScan)) yield new SavedBestConfig(found.path, found.entry)
}
