/**
 * A remote cache in a folder that several machines can reach. Files are the same as in the cache folder of a
 * user. Everything waits aside, because a share may hang. Node only.
 */
import type * as NodeFs from 'node:fs/promises'
import { UsageError } from '../../support/errors.ts'
import { draftName, insideFolder } from '../../support/files.ts'
import { requireNode } from '../../support/node.ts'
import type { RemoteCache } from '../../support/remote_cache.ts'
import { MAX_ENTRY_BYTES, tooLong } from './cache_entry.ts'

/** A remote cache in a folder that several machines can reach. Node only. */
export class FileShareCache implements RemoteCache {
  /** The folder. */
  readonly name: string
  readonly #fs: typeof NodeFs

  /** `folder` has to exist: where a share is not mounted, nothing is made in its place. */
  constructor(folder: string) {
    if (typeof folder !== 'string' || folder === '')
      throw new UsageError(`a FileShareCache is given ${JSON.stringify(folder)}, not a folder`)
    this.name = requireNode('path', 'a FileShareCache').resolve(folder)
    this.#fs = requireNode('fs', 'a FileShareCache').promises
  }

  /** The text of a file. Rejects where the folder or the file cannot be read. */
  async get(key: string): Promise<string | undefined> {
    const path = this.#pathOf(key)
    const stat = await this.#fs.stat(path).catch((error: unknown) => this.#orMissing(error))
    // What is no plain file might never end.
    if (!stat?.isFile()) return undefined
    if (stat.size > MAX_ENTRY_BYTES) throw tooLong()
    return this.#fs.readFile(path, 'utf8').catch((error: unknown) => this.#orMissing(error))
  }

  /** Replaces what is there: files appear whole, the last writer wins. */
  async put(key: string, text: string): Promise<boolean> {
    const path = this.#pathOf(key)
    const draft = insideFolder(this.name, draftName(key))
    const file = await this.#fs.open(draft, 'wx')
    try {
      await file.writeFile(text)
      await file.sync()
      await file.close()
      await this.#fs.rename(draft, path)
    } catch (error) {
      await file.close().catch(() => {})
      await this.#fs.rm(draft, { force: true }).catch(() => {})
      throw error
    }
    return true
  }

  #pathOf(key: string): string {
    return insideFolder(this.name, `${key}.best_config`)
  }

  /** A missing file is no error, a missing folder is one. */
  async #orMissing(error: unknown): Promise<undefined> {
    if ((error as { code?: unknown }).code !== 'ENOENT') throw error
    await this.#fs.access(this.name)
  }
}
