/**
 * Whom a search asks: provider, address, key and certificates, each from the search's options, else from the
 * environment, in the documented order.
 */
import { errorMessage, UsageError } from '../../support/errors.ts'
import { fileError } from '../../support/file_errors.ts'
import { readText } from '../../support/files.ts'
import { environment, requireNode } from '../../support/node.ts'
import { settingText } from '../../support/resolve_settings.ts'
import { SECRET, type Secret } from '../../support/secret.ts'
import type { LlmProvider } from '../../support/settings.ts'
import { readHeaders, readStyle } from './extras.ts'
import { LlmError } from './llm_error.ts'
import { type Place, PROVIDER_NAMES, PROVIDERS, type Provider, type Style } from './providers.ts'

/** As options and settings name it; null where they are silent. */
export interface EndpointOptions {
  readonly provider: LlmProvider | null
  readonly model: string
  readonly apiBase: string | null
  readonly apiKey: Secret | string | null
  /** Paths of PEM files. */
  readonly caBundle: string | null
  readonly clientCert: string | null
  readonly clientKey: string | null
}

export interface Endpoint {
  readonly provider: Provider
  readonly model: string
  readonly url: URL
  readonly key: Secret
  readonly tls: TlsFiles
  readonly style: Style
  /** Beside those of the API. */
  readonly headers: ReadonlyMap<string, Secret>
}

interface TlsFiles {
  readonly ca: readonly string[] | undefined
  readonly cert: string | undefined
  readonly key: string | undefined
}

/** Where a key that code does not give is looked for first. */
export const KEY_VARIABLE = 'HELION_LLM_API_KEY'
/** Where certificates of authorities are looked for when no setting names them. */
export const CA_VARIABLES: readonly string[] = ['NODE_EXTRA_CA_CERTS', 'CURL_CA_BUNDLE']
const LOOPBACK = /^(localhost|127(\.\d+){3}|\[::1\])$/

/**
 * Throws UsageError for a provider that cannot be told, a base URL that is none, and outside Node; LlmError
 * when there is no key, or no such certificate.
 */
export function resolveEndpoint(
  options: EndpointOptions,
  what: string,
  read: (name: string) => string | undefined = environment,
): Endpoint {
  requireNode('https', what)
  const provider = providerOf(options)
  const place = { model: options.model, read }
  return Object.freeze({
    provider,
    model: options.model,
    url: urlOf(provider, options.apiBase ?? firstOf(provider.baseVariables, read), place),
    key: keyOf(provider, options.apiKey, read),
    tls: tlsOf(options, read),
    style: readStyle(read),
    headers: readHeaders(read),
  })
}

/** A text that others wrote, without what is secret of an endpoint. */
export function hideSecrets({ key, headers }: Endpoint, text: string): string {
  return [key, ...headers.values()].reduce((shown, secret) => secret.hideIn(shown), text)
}

/** The address without what may follow it: for messages. */
export function addressOf({ url }: Pick<Endpoint, 'url'>): string {
  return `${url.origin}${url.pathname}`
}

function providerOf({ provider, model }: EndpointOptions): Provider {
  if (provider) return PROVIDER_NAMES[provider]
  const guessed = PROVIDERS.find(({ models }) => models.test(model))
  if (guessed) return guessed
  throw new UsageError(`which API serves the model ${JSON.stringify(model)} cannot be told from its name`, {
    remedy: `Name ${Object.keys(PROVIDER_NAMES).join(' or ')} in ${settingText('llmProvider')}.`,
  })
}

function urlOf(provider: Provider, given: string | undefined, place: Place): URL {
  const base = given ?? provider.defaultBase(place)
  const remedy = `Give ${settingText('llmApiBase')} an address such as https://api.example.org/v1.`
  const url = URL.canParse(base) ? new URL(base) : undefined
  if (!url) throw new UsageError('the base URL of the language model is no URL', { remedy })
  if (url.username || url.password)
    throw new UsageError('the base URL of the language model holds a user or a password', {
      remedy: `Give the key in ${KEY_VARIABLE}.`,
    })
  if (url.protocol !== 'https:' && !(url.protocol === 'http:' && LOOPBACK.test(url.hostname)))
    throw new UsageError(`the language model is at ${url.origin}, which is not https`, {
      remedy: 'Use https: key and kernel would be readable on the way. Only this machine may do without.',
    })
  url.pathname = provider.path(url.pathname.replace(/\/+$/, ''), place)
  url.hash = ''
  return url
}

function keyOf(
  { keyVariables }: Provider,
  given: Secret | string | null,
  read: (name: string) => string | undefined,
): Secret {
  const key = SECRET.read(given ?? firstOf([KEY_VARIABLE, ...keyVariables], read))
  if (!key)
    throw new LlmError('there is no API key', {
      remedy: `Set ${[KEY_VARIABLE, ...keyVariables].join(' or ')}.`,
    })
  if (!/^[\x21-\x7e]+$/.test(key.reveal()))
    throw new LlmError('the API key holds characters that no key has', {
      remedy: 'Copy it again, without spaces and line breaks.',
    })
  return key
}

function tlsOf(options: EndpointOptions, read: (name: string) => string | undefined): TlsFiles {
  const bundle = options.caBundle ?? firstOf(CA_VARIABLES, read)
  const pem = (path: string | null | undefined, what: string) => (path ? readPem(path, what) : undefined)
  const ca = pem(bundle, 'the CA bundle')
  const tls = {
    ca: ca === undefined ? undefined : [...requireNode('tls', 'a CA bundle').rootCertificates, ca],
    cert: pem(options.clientCert, 'the client certificate'),
    // One file may hold both.
    key: pem(options.clientKey ?? options.clientCert, 'the key of the client certificate'),
  }
  try {
    requireNode('tls', 'a certificate').createSecureContext({ ...tls, ca: ca && [ca] })
  } catch (error) {
    const settings = (['llmCaBundle', 'llmClientCert', 'llmClientKey'] as const).map(settingText)
    throw new LlmError(`the certificates for the language model cannot be used: ${errorMessage(error)}`, {
      remedy: `Look at the files that ${settings.join(', ')} name.`,
    })
  }
  return tls
}

function readPem(path: string, what: string): string {
  const remedy = 'Name a file in PEM format, or none.'
  try {
    const text = readText(path)
    if (text.includes('-----BEGIN ')) return text
  } catch (error) {
    throw new LlmError(`${what}: ${fileError(error, path)?.what ?? errorMessage(error)}`, { remedy })
  }
  throw new LlmError(`${what} ${path} holds nothing in PEM format`, { remedy })
}

function firstOf(names: readonly string[], read: (name: string) => string | undefined): string | undefined {
  for (const name of names) {
    const value = read(name)
    if (value) return value
  }
  return undefined
}
