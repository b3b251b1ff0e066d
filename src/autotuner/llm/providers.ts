/**
 * The APIs that are spoken, one row each: how a model is asked, and where its answer holds the text. A proxy
 * that speaks one of them serves as well. Bedrock and Vertex serve Anthropic's models under other addresses.
 */
import { UsageError } from '../../support/errors.ts'
import type { Secret } from '../../support/secret.ts'
import type { LlmProvider } from '../../support/settings.ts'

export interface Message {
  readonly role: 'user' | 'assistant'
  readonly content: string
}

export interface LlmRequest {
  readonly system: string
  /** In turns, from the user to the user. */
  readonly messages: readonly Message[]
  /** Most tokens of the answer. */
  readonly maxTokens: number
}

/** How the model is to answer. */
export interface Style {
  /** How much it is to think; undefined leaves that to the request. */
  readonly effort: string | undefined
  /** Sooner, at a higher price. */
  readonly fast: boolean
}

/** What decides an address. */
export interface Place {
  readonly model: string
  /** Value of an environment variable. */
  readonly read: (name: string) => string | undefined
}

type Json = Readonly<Record<string, unknown>>

export interface Provider {
  readonly name: 'openai' | 'anthropic' | 'bedrock' | 'vertex'
  /** Models of this family are named so. */
  readonly models: RegExp
  /** Environment variables of this provider's own tools, in order. */
  readonly keyVariables: readonly string[]
  readonly baseVariables: readonly string[]
  /** Both throw UsageError when the environment does not say where the model is. */
  readonly defaultBase: (place: Place) => string
  /** From the base URL's path to that of a request. */
  readonly path: (base: string, place: Place) => string
  readonly headers: (key: Secret, style: Style) => Readonly<Record<string, string>>
  readonly body: (model: string, request: LlmRequest, style: Style) => Json
  /** Fields of the body that some models refuse, and that a request does without then. */
  readonly optional: readonly string[]
  /** The text of an answer, empty when there is none. */
  readonly textOf: (answer: Json) => string
}

const bearer = (key: Secret) => ({ authorization: `Bearer ${key.reveal()}` })

const openai: Provider = {
  name: 'openai',
  models: /^(openai\/|gpt|chatgpt|codex|o\d)/i,
  keyVariables: ['OPENAI_API_KEY'],
  baseVariables: ['OPENAI_BASE_URL', 'OPENAI_API_BASE'],
  defaultBase: () => 'https://api.openai.com/v1',
  path: (base) => (base.endsWith('/responses') ? base : `${base || '/v1'}/responses`),
  headers: bearer,
  body: (model, { system, messages, maxTokens }, { effort = 'low', fast }) => ({
    model,
    instructions: system,
    input: messages,
    max_output_tokens: maxTokens,
    reasoning: { effort },
    store: false,
    ...(fast && { service_tier: 'priority' }),
  }),
  optional: ['reasoning', 'service_tier'],
  textOf: ({ output }) =>
    objects(output)
      .flatMap(({ content }) => objects(content))
      .filter(({ type }) => type === 'output_text')
      .map(textIn)
      .join(''),
}

/** Of the Messages API, whoever serves it. */
function messagesBody({ system, messages, maxTokens }: LlmRequest, { effort, fast }: Style): Json {
  return {
    system,
    messages,
    max_tokens: maxTokens,
    temperature: 0.3,
    ...(effort !== undefined && { output_config: { effort } }),
    ...(fast && { speed: 'fast' }),
  }
}

const anthropic: Provider = {
  name: 'anthropic',
  models: /^(anthropic\/|claude)/i,
  keyVariables: ['ANTHROPIC_API_KEY'],
  baseVariables: ['ANTHROPIC_BASE_URL'],
  defaultBase: () => 'https://api.anthropic.com',
  path(base) {
    if (base.endsWith('/messages')) return base
    return base.endsWith('/v1') ? `${base}/messages` : `${base}/v1/messages`
  },
  headers: (key, { fast }) => ({
    'x-api-key': key.reveal(),
    'anthropic-version': '2023-06-01',
    ...(fast && { 'anthropic-beta': 'fast-mode-2026-02-01' }),
  }),
  body: (model, request, style) => ({ model, ...messagesBody(request, style) }),
  optional: ['temperature', 'output_config', 'speed'],
  textOf: ({ content }) =>
    objects(content)
      .filter(({ type }) => type === 'text')
      .map(textIn)
      .join(''),
}

/** The model stands in the address there, and the version of the API in the body. */
const served: Pick<Provider, 'headers' | 'optional' | 'textOf'> = {
  headers: bearer,
  optional: anthropic.optional,
  textOf: anthropic.textOf,
}

const bedrock: Provider = {
  ...served,
  name: 'bedrock',
  models: /^(?:[a-z]{2,6}\.)?anthropic\./i,
  keyVariables: ['AWS_BEARER_TOKEN_BEDROCK'],
  baseVariables: ['ANTHROPIC_BEDROCK_BASE_URL'],
  defaultBase({ read }) {
    const region = read('AWS_REGION') ?? read('AWS_DEFAULT_REGION')
    return `https://bedrock-runtime.${named(region, 'Bedrock', 'a region', 'AWS_REGION')}.amazonaws.com`
  },
  path: (base, { model }) => `${base}/model/${encodeURIComponent(model)}/invoke`,
  body: (_model, request, style) => ({
    anthropic_version: 'bedrock-2023-05-31',
    ...messagesBody(request, style),
  }),
}

/** Where Vertex is asked. */
export const VERTEX_PROJECT = 'HELION_LLM_VERTEX_PROJECT'
export const VERTEX_LOCATION = 'HELION_LLM_VERTEX_LOCATION'

const vertex: Provider = {
  ...served,
  name: 'vertex',
  // Its models are named as Anthropic's are: it has to be asked for.
  models: /(?!)/,
  keyVariables: [],
  baseVariables: ['ANTHROPIC_VERTEX_BASE_URL'],
  defaultBase({ read }) {
    const location = named(read(VERTEX_LOCATION) ?? 'global', 'Vertex', 'a location', VERTEX_LOCATION)
    if (location === 'global') return 'https://aiplatform.googleapis.com'
    const isMultiRegion = /^[a-z]{2}$/.test(location)
    return `https://${isMultiRegion ? `aiplatform.${location}.rep` : `${location}-aiplatform`}.googleapis.com`
  },
  path(base, { model, read }) {
    const project = named(read(VERTEX_PROJECT), 'Vertex', 'a project', VERTEX_PROJECT)
    const location = named(read(VERTEX_LOCATION) ?? 'global', 'Vertex', 'a location', VERTEX_LOCATION)
    const where = `projects/${project}/locations/${location}/publishers/anthropic/models`
    // Versions of models stand behind an @, which is written as it is.
    const name = encodeURIComponent(model).replaceAll('%40', '@')
    return `${base.endsWith('/v1') ? base : `${base}/v1`}/${where}/${name}:rawPredict`
  },
  body: (_model, request, style) => ({
    anthropic_version: 'vertex-2023-10-16',
    ...messagesBody(request, style),
  }),
}

/** A part of an address: what is none could lead the key elsewhere. */
function named(text: string | undefined, whose: string, what: string, variable: string): string {
  if (text !== undefined && /^[\w-]+$/.test(text)) return text
  const said = text === undefined ? 'needs' : `takes no ${JSON.stringify(text)} for`
  throw new UsageError(`${whose} ${said} ${what}`, { remedy: `Name it in ${variable}.` })
}

export const PROVIDERS: readonly Provider[] = Object.freeze([openai, bedrock, anthropic, vertex])

/** Every name of a provider, and which one it means. */
export const PROVIDER_NAMES: Readonly<Record<LlmProvider, Provider>> = {
  openai,
  openai_responses: openai,
  anthropic,
  bedrock,
  vertex,
}

/** The objects in a list; none where there is no list. */
function objects(value: unknown): readonly Json[] {
  return Array.isArray(value) ? value.filter(isObject) : []
}

function textIn({ text }: Json): string {
  return typeof text === 'string' ? text : ''
}

export function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
