/**
 * A remote cache behind HTTP: GET and PUT of `<address>/<key>`. A server that knows ETags is asked to refuse
 * what would overwrite another writer's result. The token from HELION_REMOTE_CACHE_TOKEN goes to the server
 * in the Authorization header and nowhere else: no message holds it, and it is not sent without encryption
 * except to this machine.
 */
import { DataError, HelionError, UsageError } from '../../support/errors.ts'
import { environment } from '../../support/node.ts'
import type { RemoteCache } from '../../support/remote_cache.ts'
import { MAX_ENTRY_BYTES, tooLong } from './cache_entry.ts'

/** The variable of the token: no setting, so that nothing that shows settings shows it. */
export const TOKEN_VARIABLE = 'HELION_REMOTE_CACHE_TOKEN'
const THIS_MACHINE: RegExp = /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])$/

/** What was there when a key was last asked for. */
interface Seen {
  readonly found: boolean
  /** The ETag, where the server told one that says that the bytes are the same. */
  readonly tag: string | undefined
}

/** A remote cache behind HTTP: GET and PUT of `<address>/<key>`. */
export class HttpCache implements RemoteCache {
  /** The address without its query. */
  readonly name: string
  readonly #address: URL
  readonly #seen = new Map<string, Seen>()

  /** `address` begins with https:// or http://; its query is sent along and left out of messages. */
  constructor(address: string) {
    const url = readAddress(address)
    this.#address = url
    this.name = `${url.origin}${url.pathname}`
  }

  /** The answer to GET; undefined for 404. Rejects for all other answers, and where there is none. */
  async get(key: string, signal: AbortSignal): Promise<string | undefined> {
    const response = await this.#send(key, { method: 'GET', signal, headers: {} })
    const found = response.status !== 404
    const tag = response.headers.get('etag') ?? undefined
    // A weak tag does not say that the bytes are the same.
    this.#seen.set(key, { found, tag: tag?.startsWith('W/') ? undefined : tag })
    if (found && response.ok) return await reached(() => readText(response))
    await response.body?.cancel()
    if (found) throw refusal(response)
    return undefined
  }

  /** False when the server has another text by now than the last `get` has seen. */
  async put(key: string, text: string, signal: AbortSignal): Promise<boolean> {
    const headers = { 'content-type': 'application/json', ...this.#condition(key) }
    const response = await this.#send(key, { method: 'PUT', signal, headers, body: text })
    await response.body?.cancel()
    if (response.status === 412) return false
    if (!response.ok) throw refusal(response)
    return true
  }

  /** Holds a PUT to what was seen. */
  #condition(key: string): Readonly<Record<string, string>> {
    const seen = this.#seen.get(key)
    if (seen?.tag !== undefined) return { 'if-match': seen.tag }
    return seen && !seen.found ? { 'if-none-match': '*' } : {}
  }

  async #send(
    key: string,
    request: RequestInit & { readonly headers: Readonly<Record<string, string>> },
  ): Promise<Response> {
    const url = new URL(this.#address)
    url.pathname += `/${encodeURIComponent(key)}`
    const headers = { ...request.headers, ...this.#authorization() }
    // A redirect might lead the token away.
    const options: RequestInit = { ...request, headers, redirect: 'manual', credentials: 'omit' }
    return await reached(() => fetch(url, options))
  }

  #authorization(): Readonly<Record<string, string>> {
    const token = environment(TOKEN_VARIABLE)
    if (token === undefined) return {}
    if (!/^[\x21-\x7e]+$/.test(token))
      throw new DataError(`${TOKEN_VARIABLE} holds characters that cannot be sent`, {
        remedy: 'Take spaces and line breaks out of it.',
      })
    const { protocol, hostname } = this.#address
    if (protocol === 'https:' || THIS_MACHINE.test(hostname)) return { authorization: `Bearer ${token}` }
    throw new DataError(`${TOKEN_VARIABLE} is set, and is not sent without encryption`, {
      remedy: 'Use an https:// address.',
    })
  }
}

/** The parts of an address; a wrong one is not quoted, because it may hold a password. */
function readAddress(address: string): URL {
  const url = typeof address === 'string' && URL.canParse(address) ? new URL(address) : undefined
  if (!url || !/^https?:$/.test(url.protocol))
    throw new UsageError(
      'the address of a remote cache (HELION_REMOTE_CACHE) does not begin with https:// or http://',
    )
  if (url.username || url.password)
    throw new UsageError('the address of a remote cache holds a name or password', {
      remedy: `Put a token in ${TOKEN_VARIABLE} instead.`,
    })
  url.pathname = url.pathname.replace(/\/+$/, '')
  url.hash = ''
  return url
}

function refusal({ status }: Response): HelionError {
  if (status === 401 || status === 403)
    return new DataError(`it answers ${status}`, { remedy: `Check the token in ${TOKEN_VARIABLE}.` })
  if (status >= 300 && status < 400)
    return new DataError(`it answers ${status}, a redirect`, {
      remedy: 'Give the address that it leads to.',
    })
  return new DataError(`it answers ${status || 'with a redirect'}`)
}

/** Does what needs the network; of its errors only codes are told: texts may quote address or header. */
async function reached<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    if (error instanceof HelionError) throw error
    throw new DataError(`it cannot be reached (${codeOf(error)})`)
  }
}

function codeOf(error: unknown): string {
  const { code, name, cause } = error as { code?: unknown; name?: unknown; cause?: unknown }
  if (typeof code === 'string') return code
  return cause === undefined ? String(name) : codeOf(cause)
}

/** The whole answer; throws before one that is too long is taken into memory. */
async function readText(response: Response): Promise<string> {
  const decoder = new TextDecoder()
  let text = ''
  let bytes = 0
  const reader = response.body?.getReader()
  for (;;) {
    const part = await reader?.read()
    if (!part || part.done) return text + decoder.decode()
    bytes += part.value.byteLength
    if (bytes > MAX_ENTRY_BYTES) {
      await reader?.cancel()
      throw tooLong()
    }
    text += decoder.decode(part.value, { stream: true })
  }
}
