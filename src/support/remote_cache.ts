/**
 * What a remote cache of search results has to do. A class with these members can stand behind the caches of
 * this package; whatever it throws or however long it takes, a search goes on.
 */
export interface RemoteCache {
  /** Where it is, for messages: no secrets. */
  readonly name: string
  /** The text stored under a key of 64 hex digits; undefined when there is none. */
  get(key: string, signal: AbortSignal): Promise<string | undefined>
  /**
   * Stores a text. False when somebody else has stored one since the key was got, and this one was left
   * out; the cache of results then looks at that one and decides again.
   */
  put(key: string, text: string, signal: AbortSignal): Promise<boolean>
}
