/**
 * Asks a language model over HTTPS and answers with its text. Node's own client, since certificates can be
 * given to it. One time limit covers everything: connecting, waiting, reading, and asking again where a
 * server is busy. Nothing that is thrown or logged here holds the key.
 */
import type { IncomingHttpHeaders } from 'node:http'
import { errorMessage } from '../../support/errors.ts'
import { jsonIn } from '../../support/json.ts'
import { requireNode } from '../../support/node.ts'
import { settingText } from '../../support/resolve_settings.ts'
import { addressOf, type Endpoint, hideSecrets, KEY_VARIABLE } from './endpoint.ts'
import { LlmError, quoted } from './llm_error.ts'
import { isObject, type LlmRequest } from './providers.ts'

export interface AskOptions {
  readonly timeoutMs: number
  /** Ends the request early. */
  readonly signal?: AbortSignal | undefined
}

/** Most bytes of an answer; those asked for have some ten thousand. */
const MOST_BYTES = 2 ** 20
/** How often a question is put at most, and the first time that is waited in between. */
const ATTEMPTS = 3
const FIRST_WAIT_MS = 250
/** After a time limit: what has arrived while this thread was busy is read all the same. */
const GRACE_MS = 50
/** Answers of servers that may be other ones soon. */
const PASSING = new Set([408, 425, 429, 500, 502, 503, 504, 529])

/** What came back, or why nothing did. */
type Reply =
  | { readonly status: number; readonly headers: IncomingHttpHeaders; readonly text: string }
  | { readonly failure: string; readonly remedy: string | undefined; readonly passing: boolean }

/** The text of the model's answer. Rejects with LlmError whatever goes wrong. */
export async function ask(endpoint: Endpoint, request: LlmRequest, options: AskOptions): Promise<string> {
  const stop = new Stop(options)
  try {
    return await untilAnswered(endpoint, request, stop)
  } catch (error) {
    if (!stop.signal.aborted) throw error
    const seconds = options.timeoutMs / 1000
    throw new LlmError(
      options.signal?.aborted
        ? 'the question to the model was withdrawn'
        : `${addressOf(endpoint)} did not answer within ${Number(seconds.toFixed(1))} s`,
    )
  } finally {
    stop.release()
  }
}

async function untilAnswered(endpoint: Endpoint, request: LlmRequest, stop: Stop): Promise<string> {
  const { provider, model, style } = endpoint
  let body = provider.body(model, request, style)
  for (let attempt = 1; ; ) {
    const reply = await post(endpoint, JSON.stringify(body), stop.signal)
    if ('status' in reply && reply.status === 200) return textOf(endpoint, reply.text)
    const refused = optionalField(endpoint, body, reply)
    if (refused !== undefined) {
      body = Object.fromEntries(Object.entries(body).filter(([name]) => name !== refused))
      continue
    }
    const passing = 'status' in reply ? PASSING.has(reply.status) : reply.passing
    const waitMs = waitBefore(reply, attempt)
    if (!passing || attempt >= ATTEMPTS || waitMs >= stop.leftMs) throw failureOf(endpoint, reply, attempt)
    await stop.sleep(waitMs)
    attempt++
  }
}

/** A field of the body that this model does not take and that need not be there. */
function optionalField({ provider }: Endpoint, body: object, reply: Reply): string | undefined {
  if (!('status' in reply) || reply.status !== 400) return undefined
  return provider.optional.find((name) => name in body && reply.text.includes(name))
}

function waitBefore(reply: Reply, attempt: number): number {
  const own = FIRST_WAIT_MS * 4 ** (attempt - 1)
  const asked = 'headers' in reply ? reply.headers['retry-after'] : undefined
  if (asked === undefined) return own
  const seconds = /^\d+(\.\d+)?$/.test(asked) ? Number(asked) : (Date.parse(asked) - Date.now()) / 1000
  return Number.isNaN(seconds) ? own : Math.max(seconds * 1000, 0)
}

function textOf(endpoint: Endpoint, json: string): string {
  const at = addressOf(endpoint)
  const answer = jsonIn(json)
  if (!isObject(answer)) throw new LlmError(`${at} answers with something that is not JSON`)
  const text = endpoint.provider.textOf(answer)
  if (text.trim() !== '') return text
  const said = serverMessage(endpoint, json)
  if (said) throw new LlmError(`${at} reports an error: ${said}`)
  throw new LlmError(`the answer of ${at} holds no text`, {
    remedy: 'A model that thinks for long may use up its tokens before: ask for fewer configs in a round.',
  })
}

function failureOf(endpoint: Endpoint, reply: Reply, attempts: number): LlmError {
  const times = attempts > 1 ? ` (asked ${attempts} times)` : ''
  if ('failure' in reply)
    return new LlmError(`${addressOf(endpoint)}: ${hideSecrets(endpoint, reply.failure)}${times}`, {
      remedy: reply.remedy,
    })
  const said = serverMessage(endpoint, reply.text)
  const what = `${addressOf(endpoint)} answers ${reply.status}${said ? `: ${said}` : ''}${times}`
  return new LlmError(what, { remedy: remedyFor(endpoint, reply.status) })
}

function remedyFor({ provider, model }: Endpoint, status: number): string | undefined {
  if (status === 401 || status === 403)
    return `Check the API key (${[KEY_VARIABLE, ...provider.keyVariables].join(', ')}).`
  if (status === 404)
    return `Check ${settingText('llmModel')}, ${JSON.stringify(model)}, and ${settingText('llmApiBase')}.`
  if (status === 429) return 'Wait, or ask your provider for a higher limit.'
  return undefined
}

/** What the server says of an error, as far as it may be shown. */
function serverMessage(endpoint: Endpoint, text: string): string {
  const answer = jsonIn(text)
  const error = isObject(answer) ? (isObject(answer.error) ? answer.error : answer) : {}
  return typeof error.message === 'string' ? quoted(hideSecrets(endpoint, error.message)) : ''
}

/** One request. Rejects when it is stopped, and only then. */
function post(
  { url, key, provider, tls, style, headers: extra }: Endpoint,
  body: string,
  signal: AbortSignal,
): Promise<Reply> {
  const client = requireNode(url.protocol === 'http:' ? 'http' : 'https', 'a language model')
  const { ca, ...own } = tls
  return new Promise((resolve, reject) => {
    const fail = (error: Error): void => (signal.aborted ? reject(error) : resolve(networkFailure(error)))
    const request = client.request(
      url,
      {
        method: 'POST',
        agent: false,
        signal,
        ...own,
        ...(ca && { ca: [...ca] }),
        // Whatever the environment allows: without this, the key could be read on the way.
        rejectUnauthorized: true,
        headers: {
          ...Object.fromEntries([...extra].map(([name, value]) => [name, value.reveal()])),
          ...provider.headers(key, style),
          'content-type': 'application/json',
          'content-length': new TextEncoder().encode(body).length,
        },
      },
      (response) => {
        const decoder = new TextDecoder()
        let text = ''
        let bytes = 0
        response.on('data', (chunk: Uint8Array) => {
          bytes += chunk.length
          text += decoder.decode(chunk, { stream: true })
          if (bytes > MOST_BYTES) request.destroy(new TooLong())
        })
        response.on('error', fail)
        response.on('end', () => {
          const { statusCode: status = 0, headers } = response
          resolve({ status, headers, text: text + decoder.decode() })
        })
      },
    )
    request.on('error', fail)
    request.end(body)
  })
}

class TooLong extends Error {}

/** Codes of Node's to words. */
const NETWORK: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'the connection is refused',
  ECONNRESET: 'the connection was closed before the answer was complete',
  EPIPE: 'the connection was closed before the answer was complete',
  EHOSTUNREACH: 'there is no way there',
  ENETUNREACH: 'there is no network',
  ENOTFOUND: 'there is no such host',
  EAI_AGAIN: 'the name of the host cannot be looked up',
  ETIMEDOUT: 'the connection timed out',
}
/** Failures that may be over soon. */
const PASSING_CODES = new Set(['ECONNRESET', 'EPIPE', 'EAI_AGAIN', 'ETIMEDOUT'])

function networkFailure(error: Error): Reply {
  if (error instanceof TooLong)
    return { failure: `the answer has more than ${MOST_BYTES} bytes`, remedy: undefined, passing: false }
  const { code = '' } = error as NodeJS.ErrnoException
  const failure = NETWORK[code] ?? errorMessage(error)
  return { failure, remedy: certificateRemedy(code), passing: PASSING_CODES.has(code) }
}

function certificateRemedy(code: string): string | undefined {
  if (/SELF_SIGNED|UNABLE_TO_(GET|VERIFY)/.test(code))
    return `Behind a proxy that reads TLS, name its certificate in ${settingText('llmCaBundle')}.`
  if (/ERR_SSL_.*(CERTIFICATE|HANDSHAKE)/.test(code))
    return `A server that asks for a certificate gets that of ${settingText('llmClientCert')}.`
  return undefined
}

/** The end of a request: by time, or because nobody waits for it any more. */
class Stop {
  readonly #controller = new AbortController()
  readonly #end: number
  readonly #timer: ReturnType<typeof setTimeout>
  readonly #outer: AbortSignal | undefined

  constructor({ timeoutMs, signal }: AskOptions) {
    this.#end = performance.now() + timeoutMs
    this.#timer = setTimeout(() => setTimeout(this.#abort, GRACE_MS), timeoutMs)
    this.#outer = signal
    if (signal?.aborted) this.#abort()
    signal?.addEventListener('abort', this.#abort)
  }

  readonly #abort = (): void => this.#controller.abort()

  get signal(): AbortSignal {
    return this.#controller.signal
  }

  get leftMs(): number {
    return this.#end - performance.now()
  }

  /** Waits; rejects when stopped meanwhile. */
  sleep(ms: number): Promise<void> {
    return new Promise((resolve, reject) => {
      const stopped = (): void => {
        clearTimeout(timer)
        reject(new Error('stopped'))
      }
      const timer = setTimeout(() => {
        this.signal.removeEventListener('abort', stopped)
        resolve()
      }, ms)
      this.signal.addEventListener('abort', stopped)
    })
  }

  release(): void {
    clearTimeout(this.#timer)
    this.#outer?.removeEventListener('abort', this.#abort)
  }
}
