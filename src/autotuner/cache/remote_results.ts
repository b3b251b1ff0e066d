/**
 * Results in a remote cache, which is slow, away, full or lies at times: each costs one warning, never a
 * search. What it answers is read as data, like a file. After a failure it is left alone for a while, so that
 * a server that hangs makes the first kernel wait, not each of a hundred.
 */
import { DataError, errorMessage, HelionError, TimeoutError } from '../../support/errors.ts'
import { fileError } from '../../support/file_errors.ts'
import { warnOnce } from '../../support/log.ts'
import type { RemoteCache } from '../../support/remote_cache.ts'
import { type CacheEntry, entryText, isEnough, MAX_ENTRY_BYTES, parseEntry, tooLong } from './cache_entry.ts'

/** How long a remote cache that failed is left alone. */
const REST_MS = 60_000
/** How often a result is offered while others store theirs. */
const MOST_OFFERS = 3

/** Until when a remote cache is left alone, in milliseconds. */
const RESTING = new WeakMap<RemoteCache, number>()

export class RemoteResults {
  readonly remote: RemoteCache
  readonly #timeoutMs: number

  constructor(remote: RemoteCache, timeoutMs: number) {
    this.remote = remote
    this.#timeoutMs = timeoutMs
  }

  /** The entry under a key; undefined, and a warning where it cannot be read. */
  get(keyText: string): Promise<CacheEntry | undefined> {
    return this.#attempt('is not asked', async (signal) =>
      this.#parse(keyText, await this.remote.get(keyText, signal)),
    )
  }

  /** Stores an entry, unless a more thorough search has stored one. */
  put(keyText: string, entry: CacheEntry): Promise<void> {
    return this.#attempt('does not take the result of this search', async (signal) => {
      for (let offer = 0; offer < MOST_OFFERS; offer++) {
        const known = this.#parse(keyText, await this.remote.get(keyText, signal))
        if (known && !isEnough(entry, known.effort)) return
        if (await this.remote.put(keyText, entryText(entry), signal)) return
      }
    })
  }

  /** Says in a warning why the entry of a key is of no use. */
  reject(keyText: string, reason: string): void {
    const { name } = this.remote
    warnOnce(
      `remote ${name} ${keyText}`,
      `helion-aot: cannot use the search result ${keyText} of the remote cache ${name}: ${reason}`,
    )
  }

  #parse(keyText: string, text: unknown): CacheEntry | undefined {
    if (text === undefined) return undefined
    try {
      if (typeof text !== 'string') throw new DataError(`it is of type ${typeof text}, not a text`)
      // Each character takes a byte or more.
      if (text.length > MAX_ENTRY_BYTES) throw tooLong()
      return parseEntry(text)
    } catch (error) {
      if (!(error instanceof HelionError)) throw error
      this.reject(keyText, errorMessage(error))
      return undefined
    }
  }

  /** What `work` gives; undefined and a warning when the remote cache fails or takes too long. */
  async #attempt<T>(consequence: string, work: (signal: AbortSignal) => Promise<T>): Promise<T | undefined> {
    const { name } = this.remote
    if (performance.now() < (RESTING.get(this.remote) ?? 0)) return undefined
    const stop = new AbortController()
    let timer: ReturnType<typeof setTimeout> | undefined
    const late = new Promise<never>((_, reject) => {
      const limit = this.#timeoutMs / 1000
      timer = setTimeout(
        () => reject(new TimeoutError(`there was no answer for ${limit} s`)),
        this.#timeoutMs,
      )
    })
    try {
      // Not all that is asked ends when it is told to.
      return await Promise.race([work(stop.signal), late])
    } catch (error) {
      RESTING.set(this.remote, performance.now() + REST_MS)
      const why = errorMessage(fileError(error, name) ?? error)
      warnOnce(`remote ${name}`, `helion-aot: the remote cache ${name} ${consequence}: ${why}`)
      return undefined
    } finally {
      clearTimeout(timer)
      stop.abort()
    }
  }
}
