/**
 * The two families of APIs that are spoken, one row each: how a model is asked, and where its answer holds
 * the text. A proxy that speaks one of them serves as well.
 */
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

type Json = Readonly<Record<string, unknown>>

export interface Provider {
  readonly name: 'openai' | 'anthropic'
  /** Models of this family are named so. */
  readonly models: RegExp
  /** Environment variables of this provider's own tools, in order. */
  readonly keyVariables: readonly string[]
  readonly baseVariables: readonly string[]
  readonly defaultBase: string
  /** From the base URL's path to that of a request. */
  readonly path: (base: string) => string
  readonly headers: (key: Secret) => Readonly<Record<string, string>>
  readonly body: (model: string, request: LlmRequest) => Json
  /** Fields of the body that some models refuse, and that a request does without then. */
  readonly optional: readonly string[]
  /** The text of an answer, empty when there is none. */
  readonly textOf: (answer: Json) => string
}

const openai: Provider = {
  name: 'openai',
  models: /^(openai\/|gpt|chatgpt|codex|o\d)/i,
  keyVariables: ['OPENAI_API_KEY'],
  baseVariables: ['OPENAI_BASE_URL', 'OPENAI_API_BASE'],
  defaultBase: 'https://api.openai.com/v1',
  path: (base) => (base.endsWith('/responses') ? base : `${base || '/v1'}/responses`),
  headers: (key) => ({ authorization: `Bearer ${key.reveal()}` }),
  body: (model, { system, messages, maxTokens }) => ({
    model,
    instructions: system,
    input: messages,
    max_output_tokens: maxTokens,
    reasoning: { effort: 'low' },
    store: false,
  }),
  optional: ['reasoning'],
  textOf: ({ output }) =>
    objects(output)
      .flatMap(({ content }) => objects(content))
      .filter(({ type }) => type === 'output_text')
      .map(textIn)
      .join(''),
}

const anthropic: Provider = {
  name: 'anthropic',
  models: /^(anthropic\/|claude)/i,
  keyVariables: ['ANTHROPIC_API_KEY'],
  baseVariables: ['ANTHROPIC_BASE_URL'],
  defaultBase: 'https://api.anthropic.com',
  path(base) {
    if (base.endsWith('/messages')) return base
    return base.endsWith('/v1') ? `${base}/messages` : `${base}/v1/messages`
  },
  headers: (key) => ({ 'x-api-key': key.reveal(), 'anthropic-version': '2023-06-01' }),
  body: (model, { system, messages, maxTokens }) => ({
    model,
    system,
    messages,
    max_tokens: maxTokens,
    temperature: 0.3,
  }),
  optional: ['temperature'],
  textOf: ({ content }) =>
    objects(content)
      .filter(({ type }) => type === 'text')
      .map(textIn)
      .join(''),
}

export const PROVIDERS: readonly Provider[] = Object.freeze([openai, anthropic])

/** Every name of a provider, and which one it means. */
export const PROVIDER_NAMES: Readonly<Record<LlmProvider, Provider>> = {
  openai,
  openai_responses: openai,
  anthropic,
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
