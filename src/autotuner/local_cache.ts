/**
 * Results of searches on disk: one JSON file per key, named by the key's hash. A key says everything that a
 * result depends on; how thorough the search was and how fast its configs ran stand in the entry. Files
 * appear whole or not at all; one that cannot be read is named in a warning and passed over. Node only:
 * elsewhere the cache is empty and stays so.
 */
import { Config } from '../config/config.ts'
import type { ConfigData } from '../config/value.ts'
import { cacheFolder } from '../support/cache_dir.ts'
import { errorMessage } from '../support/errors.ts'
import { writeFileAtomic } from '../support/files.ts'
import { warnOnce } from '../support/log.ts'
import { nodeBuiltin } from '../support/node.ts'
import type { Effort } from '../support/settings.ts'
import { sha256Hex, stableStringify } from '../support/stable.ts'
import { EFFORT_RANK } from './effort_profiles.ts'

/** Everything that decides which config is best. All texts; equal keys mean equal tasks. */
export interface CacheKey {
  readonly kernel: string
  /** Hash of the kernel's IR: its code, helpers and sizes included, formatting and comments not. */
  readonly ir: string
  /** Dtypes, ranks and size classes of the arguments. */
  readonly specialization: string
  /** `ConfigSpec.fingerprint`. */
  readonly space: string
  readonly device: string
  readonly driver: string
  /** Dawn's version, or the browser's. */
  readonly runtime: string
  /** Settings that change code, accuracy or the set of configs. */
  readonly settings: string
}

export interface StoredConfig {
  readonly config: ConfigData
  readonly ms: number
  readonly spread: number
}

export interface CacheEntry extends StoredConfig {
  readonly key: CacheKey
  readonly effort: Effort
  readonly search: string
  /** Configs measured, and seconds that took. */
  readonly tested: number
  readonly seconds: number
  /** ISO time. */
  readonly createdAt: string
  /** The next best configs, fastest first. */
  readonly runnersUp: readonly StoredConfig[]
}

const SUFFIX = '.best_config'

export class LocalCache {
  readonly folder: string | undefined
  readonly #maxFiles: number

  /**
   * `root` replaces the folder that all caches share. Writing a file removes the oldest of more than
   * `maxFiles`.
   */
  constructor(root?: string | null, maxFiles = 5000) {
    this.#maxFiles = maxFiles
    const path = nodeBuiltin('path')
    this.folder = path && (root ? path.join(path.resolve(root), 'configs') : cacheFolder('configs'))
  }

  /** The file of a key, whether it exists or not. */
  pathOf(key: CacheKey): string {
    return `${this.folder}/${sha256Hex(stableStringify(key))}${SUFFIX}`
  }

  /** The entry of a key, if its search was at least as thorough as `effort`. */
  get(key: CacheKey, effort: Effort): CacheEntry | undefined {
    const entry = this.#read(this.pathOf(key))
    return entry && EFFORT_RANK[entry.effort] >= EFFORT_RANK[effort] ? entry : undefined
  }

  /** Stores an entry, unless a more thorough search has stored one for the same key. */
  put(entry: CacheEntry): void {
    if (!this.folder) return
    const known = this.get(entry.key, entry.effort)
    if (known && EFFORT_RANK[known.effort] > EFFORT_RANK[entry.effort]) return
    writeFileAtomic(this.pathOf(entry.key), `${JSON.stringify(entry, null, 2)}\n`)
    this.#removeOldest()
  }

  /** Readable entries, newest file first; at most `maxScan` files are looked at. */
  *entries(maxScan: number = Number.POSITIVE_INFINITY): Generator<CacheEntry> {
    for (const { path } of this.#files().slice(0, maxScan)) {
      const entry = this.#read(path)
      if (entry) yield entry
    }
  }

  /**
   * Configs that earlier searches of this kernel found on this device: those for the same task first, then
   * for the same code, then for other sizes; newer before older, and the runners-up of one search after all
   * winners.
   */
  bestAvailable(key: CacheKey, maxConfigs: number, maxScan: number): readonly Config[] {
    const related = [...this.entries(maxScan)].filter(
      (entry) => entry.key.device === key.device && entry.key.kernel === key.kernel,
    )
    const ranked = related
      .map((entry) => ({ entry, rank: likeness(entry.key, key) }))
      .sort((a, b) => b.rank - a.rank)
      .map(({ entry }) => entry)
    const stored = [...ranked, ...ranked.flatMap(({ runnersUp }) => runnersUp)]
    const configs = stored.map(({ config }) => new Config(config))
    return [...new Map(configs.map((config) => [config.hash, config])).values()].slice(0, maxConfigs)
  }

  /** Why nothing was found: the fields in which the nearest entries differ from `key`. */
  explainMiss(key: CacheKey, effort: Effort): string {
    if (!this.folder) return 'there is no cache outside Node'
    const near = [...this.entries()].filter((entry) => entry.key.kernel === key.kernel)
    if (near.length === 0) return `${this.folder} holds nothing for the kernel ${key.kernel}`
    const lines = near
      .map((entry) => ({ entry, differences: differences(entry, key, effort) }))
      .sort((a, b) => a.differences.length - b.differences.length)
      .slice(0, 5)
      .map(({ entry, differences: texts }) => `  ${this.pathOf(entry.key)}:\n    ${texts.join('\n    ')}`)
    return `the nearest of ${near.length} entries for ${key.kernel} differ:\n${lines.join('\n')}`
  }

  #read(path: string): CacheEntry | undefined {
    const fs = nodeBuiltin('fs')
    if (!this.folder || !fs?.existsSync(path)) return undefined
    try {
      return parseEntry(fs.readFileSync(path, 'utf8'))
    } catch (error) {
      warnOnce(
        `cache file ${path}`,
        `helion-aot: cannot use the stored search result ${path}: ${errorMessage(error)}`,
      )
      return undefined
    }
  }

  #files(): readonly { path: string; modified: number }[] {
    const fs = nodeBuiltin('fs')
    if (!this.folder || !fs?.existsSync(this.folder)) return []
    return fs
      .readdirSync(this.folder)
      .filter((name) => name.endsWith(SUFFIX))
      .flatMap((name) => {
        const path = `${this.folder}/${name}`
        const modified = fs.statSync(path, { throwIfNoEntry: false })?.mtimeMs
        return modified === undefined ? [] : [{ path, modified }]
      })
      .sort((a, b) => b.modified - a.modified || (a.path < b.path ? -1 : 1))
  }

  #removeOldest(): void {
    for (const { path } of this.#files().slice(this.#maxFiles))
      nodeBuiltin('fs')?.rmSync(path, { force: true })
  }
}

/** How much two tasks of one kernel on one device have in common. */
function likeness(a: CacheKey, b: CacheKey): number {
  return (
    (a.ir === b.ir ? 4 : 0) + (a.specialization === b.specialization ? 2 : 0) + (a.space === b.space ? 1 : 0)
  )
}

function differences(entry: CacheEntry, key: CacheKey, effort: Effort): readonly string[] {
  const fields = (Object.keys(key) as (keyof CacheKey)[])
    .filter((field) => entry.key[field] !== key[field])
    .map((field) => `${field}: stored ${entry.key[field]}, asked for ${key[field]}`)
  if (EFFORT_RANK[entry.effort] >= EFFORT_RANK[effort]) return fields
  return [...fields, `effort: stored ${entry.effort}, asked for ${effort}`]
}

function parseEntry(text: string): CacheEntry {
  const entry = JSON.parse(text) as Partial<CacheEntry> | null
  if (!entry?.key || !entry.config || !entry.effort || !(entry.effort in EFFORT_RANK))
    throw new Error('it has no key, config or effort')
  const { key, effort, search = '', tested = 0, seconds = 0, createdAt = '', runnersUp = [] } = entry
  const checked = (stored: Partial<StoredConfig>): StoredConfig => ({
    config: Config.fromJSON(stored.config ?? {}).data,
    ms: stored.ms ?? Number.NaN,
    spread: stored.spread ?? Number.NaN,
  })
  return {
    ...checked(entry),
    key,
    effort,
    search,
    tested,
    seconds,
    createdAt,
    runnersUp: runnersUp.map(checked),
  }
}
