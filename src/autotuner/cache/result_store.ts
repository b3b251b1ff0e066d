/**
 * Stored results by task: what a search finds before it starts and leaves behind when it ends. Results lie in
 * a folder, under a loose or a strict key; a remote cache may stand behind it, which is asked when the folder
 * has nothing.
 */
import { Config } from '../../config/config.ts'
import type { ConfigData } from '../../config/value.ts'
import type { Effort } from '../../support/settings.ts'
import { type CacheEntry, differences, entryText, isEnough } from './cache_entry.ts'
import { type CacheKey, type KeyKind, keyText } from './cache_key.ts'
import type { EntryFolder } from './entry_folder.ts'
import type { RemoteResults } from './remote_results.ts'

/** An entry without the kind of its key, which the store knows. */
export type Result = Omit<CacheEntry, 'kind'>

export class ResultStore {
  readonly kind: KeyKind
  readonly folder: EntryFolder
  readonly #remote: RemoteResults | undefined

  constructor(kind: KeyKind, folder: EntryFolder, remote?: RemoteResults) {
    this.kind = kind
    this.folder = folder
    this.#remote = remote
  }

  /** The file of a task, whether it exists or not. */
  pathOf(key: CacheKey): string {
    return this.folder.pathOf(keyText(key, this.kind))
  }

  /** Where results are, for people. */
  get place(): string {
    return this.folder.path ?? this.#remote?.remote.name ?? 'no cache'
  }

  /**
   * The entry of a task, if its search was at least as thorough as `effort`. One that comes from the remote
   * cache lies in the folder afterwards.
   */
  async get(key: CacheKey, effort: Effort): Promise<CacheEntry | undefined> {
    const name = keyText(key, this.kind)
    const local = this.#local(key, effort)
    if (local) {
      this.folder.touch(name)
      return local
    }
    const remote = await this.#remote?.get(name)
    const found = this.#usable(remote, key, effort, (reason) => this.#remote?.reject(name, reason))
    if (found) this.folder.write(name, entryText(found))
    return found
  }

  /** Says in a warning why the entry of a task is of no use. */
  reject(key: CacheKey, reason: string): void {
    const name = keyText(key, this.kind)
    if (this.folder.path === undefined) this.#remote?.reject(name, reason)
    else this.folder.reject(name, reason)
  }

  /** Notes in the folder that an entry serves with the present versions, too. The same entry. */
  confirm(entry: CacheEntry): CacheEntry {
    this.folder.write(keyText(entry.key, this.kind), entryText(entry))
    return entry
  }

  /** Configs of a task that never ended and cost the device. */
  hung(key: CacheKey): readonly ConfigData[] {
    return this.#local(key, 'none')?.hung ?? []
  }

  /**
   * Stores a result, unless a more thorough search has stored one for the same task; what never ended is
   * remembered in any case.
   */
  async put(result: Result): Promise<void> {
    const entry = { kind: this.kind, ...result }
    const name = keyText(entry.key, this.kind)
    const known = this.#local(entry.key, 'none')
    const hung = distinctConfigs([...(known?.hung ?? []), ...entry.hung]).map(({ data }) => data)
    const kept = known && !isEnough(entry, known.effort) ? known : entry
    this.folder.write(name, entryText({ ...kept, hung }))
    await this.#remote?.put(name, entry)
  }

  #local(key: CacheKey, effort: Effort): CacheEntry | undefined {
    const entry = this.folder.read(keyText(key, this.kind))
    return this.#usable(entry, key, effort, (reason) => this.reject(key, reason))
  }

  #usable(
    entry: CacheEntry | undefined,
    key: CacheKey,
    effort: Effort,
    reject: (reason: string) => void,
  ): CacheEntry | undefined {
    if (!entry || !isEnough(entry, effort)) return undefined
    const differing = differences(entry, key, this.kind, effort)
    if (differing.length === 0) return entry
    reject(`it is of another task: ${differing.join('; ')}`)
    return undefined
  }

  /**
   * Configs that earlier searches of this kernel found on this device: those for the same task first, then
   * for the same code, then for other sizes; newer before older, and the runners-up of one search after all
   * winners.
   */
  bestAvailable(key: CacheKey, maxConfigs: number, maxScan: number): readonly Config[] {
    const ranked = [...this.folder.entries(maxScan)]
      .map(({ entry }) => ({ entry, rank: likeness(entry.key, key) }))
      .filter(({ entry }) => entry.key.device === key.device && entry.key.kernel === key.kernel)
      .sort((a, b) => b.rank - a.rank)
      .map(({ entry }) => entry)
    const stored = [...ranked, ...ranked.flatMap(({ runnersUp }) => runnersUp)]
    return distinctConfigs(stored.map(({ config }) => config)).slice(0, maxConfigs)
  }

  /** Why nothing was found: the fields in which the nearest entries differ from `key`. */
  explainMiss(key: CacheKey, effort: Effort): string {
    if (this.folder.path === undefined) return 'there is no cache outside Node'
    const near = [...this.folder.entries()].filter(({ entry }) => entry.key.kernel === key.kernel)
    if (near.length === 0) return `${this.folder.path} holds nothing for the kernel ${key.kernel}`
    const lines = near
      .map(({ path, entry }) => ({ path, told: this.#differences(entry, key, effort) }))
      .sort((a, b) => a.told.length - b.told.length)
      .slice(0, 5)
      .map(({ path, told }) => `  ${path}:\n    ${told.join('\n    ')}`)
    return `the nearest of ${near.length} entries for ${key.kernel} differ:\n${lines.join('\n')}`
  }

  #differences(entry: CacheEntry, key: CacheKey, effort: Effort): readonly string[] {
    const told = differences(entry, key, this.kind, effort)
    return entry.kind === this.kind
      ? told
      : [...told, `kind of key: stored ${entry.kind}, asked for ${this.kind}`]
  }
}

function distinctConfigs(all: readonly ConfigData[]): readonly Config[] {
  return [...new Map(all.map((data) => new Config(data)).map((config) => [config.hash, config])).values()]
}

/** How much two tasks of one kernel on one device have in common. */
function likeness(a: CacheKey, b: CacheKey): number {
  return (
    (a.ir === b.ir ? 4 : 0) + (a.specialization === b.specialization ? 2 : 0) + (a.space === b.space ? 1 : 0)
  )
}
