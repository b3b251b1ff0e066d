/** Answers of language models, and of servers that should be some: configs of the space, or a sentence. */
import { afterAll, beforeAll, expect, it } from 'vitest'
import { readAnswer } from '../../../src/autotuner/llm/configs.ts'
import { resolveEndpoint } from '../../../src/autotuner/llm/endpoint.ts'
import { LlmError } from '../../../src/autotuner/llm/llm_error.ts'
import { ask } from '../../../src/autotuner/llm/transport.ts'
import { ConfigGeneration } from '../../../src/autotuner/search/session/config_generation.ts'
import { ConfigSpec } from '../../../src/config/config_spec.ts'
import { Random } from '../../../src/support/random.ts'
import { Secret } from '../../../src/support/secret.ts'
import { matmulInput } from '../../config/spec_inputs.ts'
import { forEachMutation, mutations } from '../../mutations.ts'
import { type Authority, makeAuthority } from './authority.ts'
import { type FakeLlm, KEY, sends, startFakeLlm } from './fake_llm.ts'

const generation = new ConfigGeneration(new ConfigSpec(matmulInput()), new Random(1))
const CONFIGS = Array.from({ length: 6 }, () => generation.randomConfig().data)
const ANSWER = `Here they are:\n\`\`\`json\n${JSON.stringify({ configs: CONFIGS }, null, 1)}\n\`\`\``

let authority: Authority
let llm: FakeLlm
beforeAll(async () => {
  authority = makeAuthority()
  llm = await startFakeLlm(authority)
})
afterAll(() => llm.close())

it('what a model says', async () => {
  expect(readAnswer(ANSWER, generation, 15).configs).toHaveLength(6)
  await forEachMutation(ANSWER, 61, (text) => {
    try {
      const { configs, refusals } = readAnswer(text, generation, 15)
      for (const config of configs) expect(generation.canonical(config)?.hash).toBe(config.hash)
      for (const refusal of refusals) expect(refusal).not.toContain('executed')
    } catch (error) {
      if (!(error instanceof LlmError)) throw error
    }
  })
})

it.each([
  [
    'gpt-5-2',
    { status: 'completed', output: [{ type: 'message', content: [{ type: 'output_text', text: 'x' }] }] },
  ],
  ['claude-haiku-4.5', { type: 'message', content: [{ type: 'text', text: 'x' }], stop_reason: 'end_turn' }],
  ['gpt-5-2', { error: { message: 'no', type: 'invalid_request_error' } }],
])('what a server of %s says', async (model, answer) => {
  const endpoint = resolveEndpoint(
    {
      provider: null,
      model,
      apiBase: llm.base,
      apiKey: new Secret(KEY),
      caBundle: authority.ca,
      clientCert: null,
      clientKey: null,
    },
    'LLMGuidedSearch',
    () => undefined,
  )
  const request = { system: 's', messages: [{ role: 'user', content: 'c' }], maxTokens: 512 } as const
  const answers = async (text: string): Promise<void> => {
    for (const status of [200, 400]) {
      llm.act = sends(status, text)
      const heard = await ask(endpoint, request, { timeoutMs: 600_000 }).catch((error: unknown) => error)
      if (typeof heard !== 'string') expect(heard).toBeInstanceOf(LlmError)
    }
  }
  await forEachMutation(JSON.stringify(answer, null, 1), 62, answers, mutations() / 4)
})
