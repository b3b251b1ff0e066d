/**
 * The folder of stored results: a file for each key, named by the text of the key. Files appear whole or not
 * at all, whoever writes at the same time. One that cannot be used is named in a warning and passed over; so
 * is a folder: a search never fails because of its cache. Node only: elsewhere the folder is empty and stays
 * so.
 */
import { cacheFolder } from '../../support/cache_dir.ts'
import { errorMessage, HelionError } from '../../support/errors.ts'
import { fileError } from '../../support/file_errors.ts'
import { isDraft, writeFileAtomic } from '../../support/files.ts'
import { warnOnce } from '../../support/log.ts'
import { nodeBuiltin } from '../../support/node.ts'
import { type CacheEntry, MAX_ENTRY_BYTES, parseEntry, tooLong } from './cache_entry.ts'

const SUFFIX = '.best_config'
/** What may be removed: other files were put here by somebody else. */
const OWN_NAME: RegExp = /^[0-9a-f]{64}\.best_config$/
/** A draft that is older belongs to a writer that died. */
const DRAFT_LIFE_MS = 3_600_000

/** How much a folder may hold; the files that were not used for the longest time make room. */
export interface FolderLimits {
  readonly maxEntries: number
  readonly maxBytes: number
}

const DEFAULT_LIMITS: FolderLimits = { maxEntries: 5000, maxBytes: 64 * 2 ** 20 }

interface FoundFile {
  readonly path: string
  readonly name: string
  readonly bytes: number
  /** When it was last written or found, in milliseconds. */
  readonly used: number
}

export class EntryFolder {
  /** Undefined where there are no files, or no folder can be named. */
  readonly path: string | undefined
  readonly #limits: FolderLimits

  constructor(path: string | undefined, limits: FolderLimits = DEFAULT_LIMITS) {
    this.path = path
    this.#limits = limits
  }

  /** The folder of results below `root`, which replaces the folder that all caches share. */
  static below(root: string | null | undefined, limits?: FolderLimits): EntryFolder {
    const path = nodeBuiltin('path')
    const name = root ? `${root}/configs` : 'the cache folder'
    const found =
      path &&
      optional(name, 'is not used', () =>
        root ? path.join(path.resolve(root), 'configs') : cacheFolder('configs'),
      )
    return new EntryFolder(found, limits)
  }

  /** The file of a key, whether it exists or not. */
  pathOf(keyText: string): string {
    return `${this.path}/${keyText}${SUFFIX}`
  }

  read(keyText: string): CacheEntry | undefined {
    return this.path === undefined ? undefined : this.#read(this.pathOf(keyText))
  }

  /** Notes that an entry was of use, so that others make room before it does. */
  touch(keyText: string): void {
    const now = new Date()
    try {
      nodeBuiltin('fs')?.utimesSync(this.pathOf(keyText), now, now)
    } catch (error) {
      // In a folder that can only be read, nothing is removed either.
      if (!fileError(error)) throw error
    }
  }

  /** Says in a warning why the entry of a key is of no use. */
  reject(keyText: string, reason: string): void {
    warnOfFile(this.pathOf(keyText), reason)
  }

  /** Stores a text that was made by `entryText`. */
  write(keyText: string, text: string): void {
    const { path } = this
    if (path === undefined) return
    optional(path, 'does not take the result of this search', () => {
      writeFileAtomic(this.pathOf(keyText), text)
      this.#makeRoom(this.pathOf(keyText))
    })
  }

  /** Readable entries with their files, last used first; at most `maxScan` files are looked at. */
  *entries(maxScan: number = Number.POSITIVE_INFINITY): Generator<{ path: string; entry: CacheEntry }> {
    for (const { path } of this.#files().slice(0, maxScan)) {
      const entry = this.#read(path)
      if (entry) yield { path, entry }
    }
  }

  #read(path: string): CacheEntry | undefined {
    const text = optional(String(this.path), 'is passed over', () => readPlainFile(path))
    if (text === undefined) return undefined
    try {
      return parseEntry(text)
    } catch (error) {
      if (!(error instanceof HelionError)) throw error
      warnOfFile(path, errorMessage(error))
      return undefined
    }
  }

  #files(): readonly FoundFile[] {
    return this.#list()
      .filter(({ name }) => name.endsWith(SUFFIX))
      .sort((a, b) => b.used - a.used || (a.path < b.path ? -1 : 1))
  }

  #list(): readonly FoundFile[] {
    const fs = nodeBuiltin('fs')
    const { path: folder } = this
    if (folder === undefined || !fs?.existsSync(folder)) return []
    const list = () =>
      fs.readdirSync(folder).flatMap((name): FoundFile[] => {
        const path = `${folder}/${name}`
        // Another process may have removed it meanwhile.
        const stat = fs.lstatSync(path, { throwIfNoEntry: false })
        return stat ? [{ path, name, bytes: stat.size, used: stat.mtimeMs }] : []
      })
    return optional(folder, 'is passed over', list) ?? []
  }

  /** Removes what has not been used for the longest time, never the file that was just written. */
  #makeRoom(written: string): void {
    const { maxEntries, maxBytes } = this.#limits
    let entries = 0
    let bytes = 0
    for (const file of this.#files().filter(({ name }) => OWN_NAME.test(name))) {
      entries++
      bytes += file.bytes
      if (file.path !== written && (entries > maxEntries || bytes > maxBytes)) remove(file.path)
    }
    const oldest = Date.now() - DRAFT_LIFE_MS
    for (const { path, name, used } of this.#list()) if (isDraft(name) && used < oldest) remove(path)
  }
}

function remove(path: string): void {
  nodeBuiltin('fs')?.rmSync(path, { force: true })
}

/** The text of a file; undefined where there is none, and for what is no plain file and might never end. */
function readPlainFile(path: string): string | undefined {
  const fs = nodeBuiltin('fs')
  const stat = fs?.statSync(path, { throwIfNoEntry: false })
  if (!fs || !stat?.isFile()) return undefined
  if (stat.size > MAX_ENTRY_BYTES) {
    warnOfFile(path, tooLong().what)
    return undefined
  }
  try {
    return fs.readFileSync(path, 'utf8')
  } catch (error) {
    // Another process may have removed it in between, and a third one may have written it again since.
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
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
