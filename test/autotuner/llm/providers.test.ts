/** Anthropic's models at Bedrock and Vertex, and what the environment alone says of requests. */
import { inspect } from 'node:util'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { addressOf, type EndpointOptions, resolveEndpoint } from '../../../src/autotuner/llm/endpoint.ts'
import { ask } from '../../../src/autotuner/llm/transport.ts'
import { UsageError } from '../../../src/support/errors.ts'
import { Secret } from '../../../src/support/secret.ts'
import { type Authority, makeAuthority } from './authority.ts'
import { type FakeLlm, KEY, type Question, says, sends, startFakeLlm } from './fake_llm.ts'

let authority: Authority
let llm: FakeLlm

beforeAll(async () => {
  authority = makeAuthority()
  llm = await startFakeLlm(authority)
})
afterAll(() => llm.close())
afterEach(() => llm.reset())

const REQUEST = {
  system: 'be brief',
  messages: [{ role: 'user', content: 'hello' }],
  maxTokens: 512,
} as const
const VERTEX = { HELION_LLM_VERTEX_PROJECT: 'my-project', HELION_LLM_VERTEX_LOCATION: 'europe-west1' }
const TEAM = 'team-token-abcdefgh'

type Variables = Readonly<Record<string, string>>

function endpoint(options: Partial<EndpointOptions>, variables: Variables = {}) {
  const own = { apiBase: llm.base, apiKey: new Secret(KEY), caBundle: authority.ca }
  const silent = { provider: null, model: 'gpt-5-2', clientCert: null, clientKey: null }
  return resolveEndpoint({ ...silent, ...own, ...options }, 'LLMGuidedSearch', (name) => variables[name])
}

async function asked(options: Partial<EndpointOptions>, variables: Variables = {}): Promise<Question> {
  llm.act = says('[1]')
  expect(await ask(endpoint(options, variables), REQUEST, { timeoutMs: 600_000 })).toBe('[1]')
  expect(llm.questions).toHaveLength(1)
  return llm.questions[0] as Question
}

const SAME = { system: 'be brief', messages: REQUEST.messages, max_tokens: 512, temperature: 0.3 }

it('Bedrock is asked for the model by its address, with a key of its own', async () => {
  const { path, headers, body } = await asked(
    { model: 'us.anthropic.claude-opus-4-7-v1:0', apiKey: null },
    { AWS_BEARER_TOKEN_BEDROCK: KEY },
  )
  expect(path).toBe('/model/us.anthropic.claude-opus-4-7-v1%3A0/invoke')
  expect(headers.authorization).toBe(`Bearer ${KEY}`)
  expect(body).toEqual({ ...SAME, anthropic_version: 'bedrock-2023-05-31' })
})

it('Vertex is asked for the model of a project', async () => {
  const { path, headers, body } = await asked({ provider: 'vertex', model: 'claude-opus-4@20250514' }, VERTEX)
  const where = 'projects/my-project/locations/europe-west1/publishers/anthropic/models'
  expect(path).toBe(`/v1/${where}/claude-opus-4@20250514:rawPredict`)
  expect(headers.authorization).toBe(`Bearer ${KEY}`)
  expect(body).toEqual({ ...SAME, anthropic_version: 'vertex-2023-10-16' })
})

it.each([
  ['bedrock', { AWS_REGION: 'eu-west-1' }, 'https://bedrock-runtime.eu-west-1.amazonaws.com/'],
  ['bedrock', { AWS_DEFAULT_REGION: 'us-east-1' }, 'https://bedrock-runtime.us-east-1.amazonaws.com/'],
  ['vertex', VERTEX, 'https://europe-west1-aiplatform.googleapis.com/v1/projects/my-project/'],
  [
    'vertex',
    { HELION_LLM_VERTEX_PROJECT: 'p' },
    'https://aiplatform.googleapis.com/v1/projects/p/locations/global/',
  ],
  [
    'vertex',
    { HELION_LLM_VERTEX_PROJECT: 'p', HELION_LLM_VERTEX_LOCATION: 'eu' },
    'https://aiplatform.eu.rep.googleapis.com/v1/projects/p/locations/eu/',
  ],
] as const)('%s is found by region and location', (provider, variables, begin) => {
  const address = addressOf(endpoint({ provider, model: 'claude-opus-4-7', apiBase: null }, variables))
  expect(address.slice(0, begin.length)).toBe(begin)
})

it.each([
  ['bedrock', {}, 'Bedrock needs a region\n  Name it in AWS_REGION.'],
  ['bedrock', { AWS_REGION: 'evil.example/' }, 'Bedrock takes no "evil.example/" for a region'],
  ['vertex', {}, 'Vertex needs a project\n  Name it in HELION_LLM_VERTEX_PROJECT.'],
  ['vertex', { ...VERTEX, HELION_LLM_VERTEX_LOCATION: 'a.b' }, 'Vertex takes no "a.b" for a location'],
] as const)('%s with %o is told what is missing: no key goes elsewhere', (provider, variables, message) => {
  const make = () => endpoint({ provider, model: 'claude-opus-4-7', apiBase: null }, variables)
  expect(make).toThrow(UsageError)
  expect(make).toThrow(message)
})

describe('HELION_LLM_EFFORT_LEVEL and HELION_LLM_FAST_MODE', () => {
  const variables = { HELION_LLM_EFFORT_LEVEL: 'High', HELION_LLM_FAST_MODE: '1' }

  it('ask OpenAI for an effort and a tier of service', async () => {
    const { body } = await asked({}, variables)
    expect(body).toMatchObject({ reasoning: { effort: 'high' }, service_tier: 'priority' })
  })

  it('ask Anthropic for an effort and a speed', async () => {
    const { body, headers } = await asked({ model: 'claude-opus-4-7' }, variables)
    expect(body).toMatchObject({ output_config: { effort: 'high' }, speed: 'fast' })
    expect(headers['anthropic-beta']).toBe('fast-mode-2026-02-01')
  })

  it('are given up by a model that does not know them', async () => {
    llm.act = (response, question, index) => {
      const unknown = ['speed', 'output_config'].find((name) => name in question.body)
      if (unknown) sends(400, JSON.stringify({ error: { message: `${unknown}: no` } }))(response)
      else says('[2]')(response, question, index)
    }
    const own = endpoint({ model: 'claude-haiku-4.5' }, variables)
    expect(await ask(own, REQUEST, { timeoutMs: 600_000 })).toBe('[2]')
    expect(llm.questions).toHaveLength(3)
  })

  it.each([
    ['HELION_LLM_EFFORT_LEVEL', '9 "', 'HELION_LLM_EFFORT_LEVEL is "9 \\""'],
    ['HELION_LLM_FAST_MODE', 'maybe', 'HELION_LLM_FAST_MODE is "maybe"; allowed: 1, true, yes, on or 0,'],
  ])('refuse what cannot be meant: %s=%s', (name, value, message) => {
    expect(() => endpoint({}, { [name]: value })).toThrow(message)
  })
})

describe('HELION_LLM_EXTRA_HEADERS', () => {
  const variables = { HELION_LLM_EXTRA_HEADERS: JSON.stringify({ 'X-Team': TEAM, Authorization: 'none' }) }

  it('go along with each request, and change nothing of its own', async () => {
    const { headers } = await asked({}, variables)
    expect(headers['x-team']).toBe(TEAM)
    expect(headers.authorization).toBe(`Bearer ${KEY}`)
  })

  it('are never shown', async () => {
    const own = endpoint({}, variables)
    llm.act = sends(403, JSON.stringify({ error: { message: `no ${TEAM}, no ${KEY}` } }))
    const error: unknown = await ask(own, REQUEST, { timeoutMs: 600_000 }).catch((thrown: unknown) => thrown)
    expect(String(error)).toContain('"no (hidden), no (hidden)"')
    const printed = [own, error].flatMap((one) => [
      inspect(one, { depth: 9, showHidden: true }),
      JSON.stringify(one),
    ])
    for (const text of printed) expect(text).not.toContain(TEAM.slice(4, 14))
  })

  it.each([
    ['no JSON', 'cannot be read'],
    ['["a"]', 'cannot be read'],
    [`{"x-team": 7}`, 'cannot be read'],
    [`{"x team": "${TEAM}"}`, 'has "x team", which cannot be set'],
    [`{"Host": "${TEAM}"}`, 'has "Host", which cannot be set'],
    [`{"x-team": "${TEAM}\\r\\nx: y"}`, 'has "x-team", which cannot be set'],
  ])('are refused without their values: %s', (text, message) => {
    const make = () => endpoint({}, { HELION_LLM_EXTRA_HEADERS: text })
    expect(make).toThrow(`HELION_LLM_EXTRA_HEADERS ${message}`)
    expect(make).toThrow(expect.objectContaining({ message: expect.not.stringContaining(TEAM) }))
  })
})
