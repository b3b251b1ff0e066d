/** Asking a model: both APIs, every way in which that fails, and that the key is in no message. */
import { readFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { inspect } from 'node:util'
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import { type EndpointOptions, resolveEndpoint } from '../../../src/autotuner/llm/endpoint.ts'
import { LlmError } from '../../../src/autotuner/llm/llm_error.ts'
import { ask } from '../../../src/autotuner/llm/transport.ts'
import { UsageError } from '../../../src/support/errors.ts'
import { Secret } from '../../../src/support/secret.ts'
import { heldTimer } from '../../timers.ts'
import { type Authority, makeAuthority } from './authority.ts'
import { type FakeLlm, KEY, says, sends, startFakeLlm } from './fake_llm.ts'

let authority: Authority
let llm: FakeLlm

beforeAll(async () => {
  authority = makeAuthority()
  llm = await startFakeLlm(authority)
})
afterAll(() => llm.close())
afterEach(() => {
  llm.reset()
})

const REQUEST = {
  system: 'be brief',
  messages: [{ role: 'user', content: 'hello' }],
  maxTokens: 512,
} as const
const SILENT: EndpointOptions = {
  provider: null,
  model: 'gpt-5-2',
  apiBase: null,
  apiKey: null,
  caBundle: null,
  clientCert: null,
  clientKey: null,
}
const from = (variables: Record<string, string>) => (name: string) => variables[name]

function endpoint(options: Partial<EndpointOptions> = {}, variables: Record<string, string> = {}) {
  const own = { apiBase: llm.base, apiKey: new Secret(KEY), caBundle: authority.ca }
  return resolveEndpoint({ ...SILENT, ...own, ...options }, 'LLMGuidedSearch', from(variables))
}

/** The error of a question; whatever can be printed of it does not hold the key, nor a longer piece of it. */
async function failure(options: Partial<EndpointOptions> = {}, timeoutMs = 600_000): Promise<LlmError> {
  const error = await ask(endpoint(options), REQUEST, { timeoutMs }).then(
    (text) => expect.unreachable(`an answer: ${text}`),
    (thrown: unknown) => thrown,
  )
  const printed = [
    String(error),
    inspect(error, { depth: 9, showHidden: true }),
    JSON.stringify(error),
  ].join()
  expect(printed).not.toContain(KEY.slice(8, 18))
  expect(error).toBeInstanceOf(LlmError)
  return error as LlmError
}

describe('a model of OpenAI', () => {
  it('is asked by the Responses API', async () => {
    llm.act = says('{"configs": []}')
    expect(await ask(endpoint(), REQUEST, { timeoutMs: 600_000 })).toBe('{"configs": []}')
    const [question] = llm.questions
    expect(question?.path).toBe('/v1/responses')
    expect(question?.headers.authorization).toBe(`Bearer ${KEY}`)
    expect(question?.body).toEqual({
      model: 'gpt-5-2',
      instructions: 'be brief',
      input: REQUEST.messages,
      max_output_tokens: 512,
      reasoning: { effort: 'low' },
      store: false,
    })
  })
})

describe('a model of Anthropic', () => {
  it('is asked by the Messages API', async () => {
    llm.act = says('[]')
    expect(await ask(endpoint({ model: 'claude-haiku-4.5' }), REQUEST, { timeoutMs: 600_000 })).toBe('[]')
    const [question] = llm.questions
    expect(question?.path).toBe('/v1/messages')
    expect(question?.headers).toMatchObject({ 'x-api-key': KEY, 'anthropic-version': '2023-06-01' })
    expect(question?.headers.authorization).toBeUndefined()
    expect(question?.body).toEqual({
      model: 'claude-haiku-4.5',
      system: 'be brief',
      messages: REQUEST.messages,
      max_tokens: 512,
      temperature: 0.3,
    })
  })
})

describe.each(['gpt-5-2', 'claude-opus-4-7'])('%s', (model) => {
  it('is asked again without a field that it does not take', async () => {
    const optional = model.startsWith('gpt') ? 'reasoning' : 'temperature'
    llm.act = (response, question, index) => {
      const error = { message: `'${optional}' is deprecated for this model.` }
      if (optional in question.body) sends(400, JSON.stringify({ error }))(response)
      else says('[1]')(response, question, index)
    }
    expect(await ask(endpoint({ model }), REQUEST, { timeoutMs: 600_000 })).toBe('[1]')
    expect(llm.questions.map(({ body }) => optional in body)).toEqual([true, false])
  })

  it('says what a refusal means', async () => {
    const own = model.startsWith('gpt') ? 'OPENAI_API_KEY' : 'ANTHROPIC_API_KEY'
    const leaf = model.startsWith('gpt') ? 'responses' : 'messages'
    llm.act = sends(
      401,
      JSON.stringify({ error: { message: `Incorrect API key provided: ${KEY}.\u001b[31m` } }),
    )
    expect((await failure({ model })).message).toBe(
      `${llm.base}/v1/${leaf} answers 401: "Incorrect API key provided: (hidden).\\u001b[31m"\n` +
        `  Check the API key (HELION_LLM_API_KEY, ${own}).`,
    )
    expect(llm.questions).toHaveLength(1)
  })
})

describe('a server that is busy', () => {
  it.each([429, 500, 503, 529])('is asked again after %i', async (status) => {
    llm.act = (response, question, index) =>
      index < 2
        ? sends(status, '{}', { 'retry-after': '0' })(response)
        : says('[2]')(response, question, index)
    expect(await ask(endpoint(), REQUEST, { timeoutMs: 600_000 })).toBe('[2]')
    expect(llm.questions).toHaveLength(3)
  })

  it('is given up after three times', async () => {
    llm.act = sends(500, '<html>\u001b[2J</html>')
    expect((await failure()).message).toBe(`${llm.base}/v1/responses answers 500 (asked 3 times)`)
    expect(llm.questions).toHaveLength(3)
  })

  it('is waited for as long as it asks', async () => {
    llm.act = (response, question, index) =>
      index === 0
        ? sends(429, '{}', { 'retry-after': '1' })(response)
        : says('[3]')(response, question, index)
    const begin = performance.now()
    expect(await ask(endpoint(), REQUEST, { timeoutMs: 600_000 })).toBe('[3]')
    expect(performance.now() - begin).toBeGreaterThanOrEqual(990)
  })

  it('is not waited for beyond the time limit', async () => {
    const date = new Date(Date.now() + 3_600_000).toUTCString()
    llm.act = sends(429, '{"error": {"message": "slow down"}}', { 'retry-after': date })
    expect((await failure()).message).toBe(
      `${llm.base}/v1/responses answers 429: "slow down"\n  Wait, or ask your provider for a higher limit.`,
    )
    expect(llm.questions).toHaveLength(1)
  })
})

describe('a question that gets no answer', () => {
  it('ends with the time limit, where nothing comes', async () => {
    const end = heldTimer(200_000)
    llm.act = end
    expect((await failure({}, 200_000)).message).toBe(`${llm.base}/v1/responses did not answer within 200 s`)
  })

  it('ends with the time limit, where the answer never ends', async () => {
    const end = heldTimer(300_000)
    llm.act = (response) => {
      response.writeHead(200)
      const timer = setInterval(() => response.write(' '), 20)
      response.on('close', () => clearInterval(timer))
      end()
    }
    expect((await failure({}, 300_000)).message).toContain('did not answer within 300 s')
  })

  it('ends at once when it is withdrawn', async () => {
    const controller = new AbortController()
    llm.act = () => controller.abort()
    const options = { timeoutMs: 600_000, signal: controller.signal }
    await expect(ask(endpoint(), REQUEST, options)).rejects.toThrow('the question to the model was withdrawn')
    await expect(ask(endpoint(), REQUEST, options)).rejects.toThrow('the question to the model was withdrawn')
  })

  it('is asked again where the connection breaks', async () => {
    llm.act = (response) => response.destroy()
    expect((await failure()).message).toBe(
      `${llm.base}/v1/responses: the connection was closed before the answer was complete (asked 3 times)`,
    )
    llm.act = (response) => {
      response.writeHead(200, { 'content-length': '1000' })
      response.write('{', () => response.destroy())
    }
    expect((await failure()).message).toContain('the connection was closed before the answer was complete')
    expect(llm.questions).toHaveLength(6)
  })

  it('says where nobody listens', async () => {
    const closed = createServer()
    await new Promise<void>((resolve) => closed.listen(0, '127.0.0.1', resolve))
    const { port } = closed.address() as { port: number }
    await new Promise((resolve) => closed.close(resolve))
    const base = `https://127.0.0.1:${port}`
    expect((await failure({ apiBase: base })).message).toBe(`${base}/v1/responses: the connection is refused`)
  })
})

describe('an answer that is none', () => {
  it.each([
    ['no JSON', 'hello', 'answers with something that is not JSON'],
    ['a list', '[]', 'answers with something that is not JSON'],
    ['a number', '7', 'answers with something that is not JSON'],
    ['an empty object', '{}', 'holds no text'],
    [
      'wrong types',
      '{"output": {"length": 1}, "content": [null, 3, {"type": "text", "text": 7}]}',
      'holds no text',
    ],
    ['no text', '{"output": [{"type": "reasoning"}], "content": [{"type": "thinking"}]}', 'holds no text'],
    ['an error', `{"output": [], "error": {"message": "no ${KEY}"}}`, 'reports an error: "no (hidden)"'],
    [
      'deep nesting',
      `{"output": ${'['.repeat(100_000)}${']'.repeat(100_000)}}`,
      'something that is not JSON',
    ],
  ])('%s', async (_name, body, message) => {
    llm.act = sends(200, body)
    expect((await failure()).message).toContain(message)
    expect((await failure({ model: 'claude-haiku-4.5' })).message).toContain(message)
  })

  it('is not read to the end where it has none', async () => {
    llm.act = (response) => {
      response.writeHead(200)
      const more = (): void => {
        while (response.write('x'.repeat(65_536)));
        response.once('drain', more)
      }
      more()
    }
    expect((await failure()).message).toBe(`${llm.base}/v1/responses: the answer has more than 1048576 bytes`)
  })

  it('is not looked for elsewhere', async () => {
    llm.act = sends(307, '', { location: `${llm.base}/elsewhere` })
    expect((await failure()).message).toBe(`${llm.base}/v1/responses answers 307`)
    expect(llm.questions).toHaveLength(1)
  })
})

describe('certificates', () => {
  it('of a server are checked, whatever the environment says', async () => {
    vi.stubEnv('NODE_TLS_REJECT_UNAUTHORIZED', '0')
    try {
      expect((await failure({ caBundle: null })).message).toMatch(
        /certificate.*\n {2}Behind a proxy .* in llmCaBundle \(HELION_LLM_CA_BUNDLE\)\.$/,
      )
      expect(llm.questions).toHaveLength(0)
    } finally {
      vi.unstubAllEnvs()
    }
  })

  it('of authorities are found in the documented order', () => {
    const missing = { NODE_EXTRA_CA_CERTS: 'extra.pem', CURL_CA_BUNDLE: 'curl.pem' }
    const read = (caBundle: string | null, variables: Record<string, string>) => () =>
      endpoint({ caBundle }, variables)
    expect(read('given.pem', missing)).toThrow('the CA bundle: cannot open given.pem: there is no such file')
    expect(read(null, missing)).toThrow('the CA bundle: cannot open extra.pem')
    expect(read(null, { CURL_CA_BUNDLE: 'curl.pem' })).toThrow('the CA bundle: cannot open curl.pem')
    const { tls } = endpoint({ caBundle: null }, { CURL_CA_BUNDLE: authority.ca })
    expect(tls.ca?.at(-1)).toBe(readFileSync(authority.ca, 'utf8'))
    expect(endpoint({ caBundle: null }).tls.ca).toBeUndefined()
  })

  it('that cannot be used say so', () => {
    expect(() => endpoint({ clientKey: authority.ca })).toThrow(
      /^the certificates for the language model cannot be used: .*\n {2}Look at the files that llmCaBundle/,
    )
    const noPem = import.meta.filename
    expect(() => endpoint({ clientCert: noPem })).toThrow(
      `the client certificate ${noPem} holds nothing in PEM format\n  Name a file in PEM format, or none.`,
    )
  })

  it('of a client are shown to a server that asks for one', async () => {
    const mutual = await startFakeLlm(authority, { mutual: true })
    try {
      mutual.act = says('[4]')
      const { clientCert, clientKey } = authority
      const certified = endpoint({ apiBase: mutual.base, clientCert, clientKey })
      expect(await ask(certified, REQUEST, { timeoutMs: 600_000 })).toBe('[4]')
      expect(mutual.questions.map(({ certified: shown }) => shown)).toEqual([true])
      expect((await failure({ apiBase: mutual.base })).message).toContain('127.0.0.1')
      expect(mutual.questions).toHaveLength(1)
    } finally {
      await mutual.close()
    }
  })
})

describe('outside Node', () => {
  it('there is no endpoint', async () => {
    vi.resetModules()
    vi.stubGlobal('process', undefined)
    try {
      const page = await import('../../../src/autotuner/llm/endpoint.ts')
      const resolved = () => page.resolveEndpoint({ ...SILENT, apiKey: KEY }, 'LLMGuidedSearch')
      expect(resolved).toThrow('LLMGuidedSearch needs Node, and this is a browser')
    } finally {
      vi.unstubAllGlobals()
    }
  })
})

describe('an endpoint', () => {
  const resolve = (options: Partial<EndpointOptions>, variables: Record<string, string> = {}) =>
    resolveEndpoint({ ...SILENT, ...options }, 'LLMGuidedSearch', from(variables))

  it.each([
    ['gpt-5-2', 'openai'],
    ['o4-mini', 'openai'],
    ['claude-opus-4-7', 'anthropic'],
  ])('of %s is one of %s', (model, name) => {
    expect(resolve({ model, apiKey: new Secret(KEY) }).provider.name).toBe(name)
  })

  it('is told by its provider, where the model does not tell', () => {
    const apiKey = new Secret(KEY)
    expect(resolve({ model: 'llama', provider: 'openai_responses', apiKey }).provider.name).toBe('openai')
    expect(() => resolve({ model: 'llama', apiKey })).toThrow(
      new UsageError('which API serves the model "llama" cannot be told from its name', {
        remedy:
          'Name openai or openai_responses or anthropic or bedrock or vertex in ' +
          'llmProvider (HELION_LLM_PROVIDER).',
      }),
    )
  })

  it('takes its key from code, from its own variable, then from that of the provider', () => {
    const key = (options: Partial<EndpointOptions>, variables: Record<string, string>) =>
      resolve(options, variables).key.reveal()
    const all = { HELION_LLM_API_KEY: 'b', OPENAI_API_KEY: 'c', ANTHROPIC_API_KEY: 'd' }
    expect(key({ apiKey: new Secret('a') }, all)).toBe('a')
    expect(key({}, all)).toBe('b')
    expect(key({}, { ...all, HELION_LLM_API_KEY: '' })).toBe('c')
    expect(key({ model: 'claude' }, { ...all, HELION_LLM_API_KEY: '' })).toBe('d')
    expect(() => resolve({}, { ANTHROPIC_API_KEY: 'd' })).toThrow(
      new LlmError('there is no API key', { remedy: 'Set HELION_LLM_API_KEY or OPENAI_API_KEY.' }),
    )
  })

  it('does not show a key that cannot be one', () => {
    const broken = `${KEY}\r\nx-other: 1`
    expect(() => resolve({}, { HELION_LLM_API_KEY: broken })).toThrow(
      new LlmError('the API key holds characters that no key has', {
        remedy: 'Copy it again, without spaces and line breaks.',
      }),
    )
  })

  it.each([
    ['gpt-5-2', {}, 'https://api.openai.com/v1/responses'],
    ['gpt-5-2', { OPENAI_API_BASE: 'https://b/v1' }, 'https://b/v1/responses'],
    [
      'gpt-5-2',
      { OPENAI_BASE_URL: 'https://a/llm/', OPENAI_API_BASE: 'https://b' },
      'https://a/llm/responses',
    ],
    ['gpt-5-2', { OPENAI_BASE_URL: 'https://a/v1/responses?v=1' }, 'https://a/v1/responses?v=1'],
    ['gpt-5-2', { OPENAI_BASE_URL: 'http://localhost:8000' }, 'http://localhost:8000/v1/responses'],
    ['claude', {}, 'https://api.anthropic.com/v1/messages'],
    ['claude', { ANTHROPIC_BASE_URL: 'https://a/v1' }, 'https://a/v1/messages'],
    ['claude', { ANTHROPIC_BASE_URL: 'https://a/x/messages' }, 'https://a/x/messages'],
  ])('of %s with %j is %s', (model, variables, url) => {
    const apiKey = new Secret(KEY)
    expect(resolve({ model, apiKey }, variables).url.href).toBe(url)
    const given = { apiBase: 'https://given', model, apiKey }
    expect(resolve(given, variables).url.host).toBe('given')
  })

  it.each([
    ['nonsense', 'the base URL of the language model is no URL'],
    ['https://user:secret@host', 'the base URL of the language model holds a user or a password'],
    ['http://host/v1', 'the language model is at http://host, which is not https'],
    ['ftp://localhost', 'the language model is at ftp://localhost, which is not https'],
  ])('is not %s', (apiBase, message) => {
    const refused = () => resolve({ apiBase, apiKey: new Secret(KEY) })
    expect(refused).toThrow(UsageError)
    expect(refused).toThrow(message)
    expect(refused).not.toThrow('secret')
  })
})
