/**
 * Results of searches on disk: one JSON file per key, named by the key's hash. A key says everything that a
 * result depends on; how thorough the search was and how fast its configs ran stand in the entry. Files
 * appear whole or not at all; one that cannot be used is named in a warning and passed over. So is a folder:
 * a search never fails because of its cache. Node only: elsewhere the cache is empty and stays so.
 */
import { Config } from '../../config/config.ts'
import { cacheFolder } from '../../support/cache_dir.ts'
import { errorMessage, HelionError } from '../../support/errors.ts'
import { fileError } from '../../support/file_errors.ts'
import { writeFileAtomic } from '../../support/files.ts'
import { warnOnce } from '../../support/log.ts'
import { nodeBuiltin } from '../../support/node.ts'
import type { Effort } from '../../support/settings.ts'
import { sha256Hex, stableStringify } from '../../support/stable.ts'
import { EFFORT_RANK } from '../search/effort_profiles.ts'
import { type CacheEntry, type CacheKey, parseEntry } from './cache_entry.ts'

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
    const name = root ? `${root}/configs` : 'the cache folder'
    this.folder =
      path &&
      optional(name, 'is not used', () =>
        root ? path.join(path.resolve(root), 'configs') : cacheFolder('configs'),
      )
  }

  /** The file of a key, whether it exists or not. */
  pathOf(key: CacheKey): string {
    return `${this.folder}/${sha256Hex(stableStringify(key))}${SUFFIX}`
  }

  /** The entry of a key, if its search was at least as thorough as `effort`. */
  get(key: CacheKey, effort: Effort): CacheEntry | undefined {
    const path = this.pathOf(key)
    const entry = this.#read(path)
    if (!entry || EFFORT_RANK[entry.effort] < EFFORT_RANK[effort]) return undefined
    const differing = differences(entry, key, effort)
    if (differing.length === 0) return entry
    this.reject(key, `it is of another task: ${differing.join('; ')}`)
    return undefined
  }

  /** Says in a warning why the entry of a key is of no use. */
  reject(key: CacheKey, reason: string): void {
    warnOfFile(this.pathOf(key), reason)
  }

  /** Stores an entry, unless a more thorough search has stored one for the same key. */
  put(entry: CacheEntry): void {
    if (!this.folder) return
    const known = this.get(entry.key, entry.effort)
    if (known && EFFORT_RANK[known.effort] > EFFORT_RANK[entry.effort]) return
    const path = this.pathOf(entry.key)
    optional(this.folder, 'does not take the result of this search', () => {
      writeFileAtomic(path, `${JSON.stringify(entry, null, 2)}\n`)
      this.#removeOldest()
    })
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
    if (!this.folder || !fs) return undefined
    const text = optional(this.folder, 'is passed over', () => {
      // What is no plain file might never end.
      const isFile = fs.statSync(path, { throwIfNoEntry: false })?.isFile()
      return isFile ? fs.readFileSync(path, 'utf8') : undefined
    })
    if (text === undefined) return undefined
    try {
      return parseEntry(text)
    } catch (error) {
      if (!(error instanceof HelionError)) throw error
      warnOfFile(path, errorMessage(error))
      return undefined
    }
  }

  #files(): readonly { path: string; modified: number }[] {
    const fs = nodeBuiltin('fs')
    const { folder } = this
    if (!folder || !fs?.existsSync(folder)) return []
    const names = optional(folder, 'is passed over', () => fs.readdirSync(folder)) ?? []
    return names
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

function warnOfFile(path: string, reason: string): void {
  warnOnce(`cache file ${path}`, `helion-aot: cannot use the stored search result ${path}: ${reason}`)
}

/** What `action` gives; undefined and a warning when the file system refuses. Other errors fly. */
function optional<T>(folder: string, consequence: string, action: () => T): T | undefined {
  try {
    return action()
  } catch (error) {
    const told = fileError(error, folder)
    if (!told) throw error
    warnOnce(`cache ${folder}`, `helion-aot: the cache ${folder} ${consequence}: ${errorMessage(told)}`)
    return undefined
  }
}
