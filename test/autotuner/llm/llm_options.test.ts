/** Options of the searches that ask a language model: from code, settings and environment. */
import { describe, expect, it, vi } from 'vitest'
import {
  guidedSearchKwargsFromConfig,
  guidedSearchKwargsFromProfile,
} from '../../../src/autotuner/llm/llm_guided_search.ts'
import { LLMSeededSearch } from '../../../src/autotuner/llm/llm_seeded_search.ts'
import { UsageError } from '../../../src/support/errors.ts'
import { resolveSettings } from '../../../src/support/resolve_settings.ts'
import { Secret } from '../../../src/support/secret.ts'
import { KEY } from './fake_llm.ts'
import { answers, GOOD, guided, llm, seeded, useFakeLlm } from './llm_tuning.ts'

useFakeLlm()

describe('options of LLM searches', () => {
  it('are refused without showing a key', async () => {
    await expect(guided(answers([]), { apiKey: { key: KEY } })).rejects.toThrow(
      new UsageError(
        'option apiKey of LLMGuidedSearch is of a wrong kind; allowed: text, which is never shown',
      ),
    )
    await expect(guided(answers([]), { [`x${KEY}`]: 1 })).rejects.toThrow('LLMGuidedSearch has no option')
    await expect(guided(answers([]), { maxRounds: 0 })).rejects.toThrow('allowed: an integer of at least 1')
    await expect(seeded(answers([]), { llmMaxRounds: -1 })).rejects.toThrow(
      'allowed: an integer of at least 0',
    )
  })

  it('prefer code to settings', async () => {
    vi.stubEnv('HELION_LLM_API_KEY', 'wrong')
    const settings = { llmModel: 'claude-haiku-4.5', llmProvider: 'anthropic' } as const
    await guided(answers([GOOD]), { apiKey: KEY }, { settings })
    expect(llm.questions[0]?.headers['x-api-key']).toBe(KEY)
    await guided(answers([GOOD]), { apiKey: KEY, model: 'gpt-7', provider: 'openai' }, { settings })
    expect(llm.questions[1]?.body.model).toBe('gpt-7')
    expect(llm.questions[1]?.headers.authorization).toBe(`Bearer ${KEY}`)
  })

  it('that make no sense are errors', async () => {
    await expect(guided(answers([]), { model: 'llama' })).rejects.toThrow('cannot be told from its name')
    await expect(guided(answers([]), { apiBase: 'http://host' })).rejects.toThrow('which is not https')
    expect(() =>
      resolveSettings({}, (name) => (name === 'HELION_LLM_PROVIDER' ? 'ollama' : undefined)),
    ).toThrow(
      'HELION_LLM_PROVIDER is "ollama"; allowed: openai, openai_responses, anthropic, bedrock, vertex',
    )
    const negative = (name: string) => (name === 'HELION_HYBRID_LLM_MAX_ROUNDS' ? '-1' : undefined)
    expect(() => resolveSettings({}, negative)).toThrow('HELION_HYBRID_LLM_MAX_ROUNDS is "-1"')
  })

  it('come from the effort, changed by settings', () => {
    const settings = resolveSettings({ llmModel: 'm', llmCompileTimeout: 9 }, () => undefined)
    expect(guidedSearchKwargsFromProfile('full', settings)).toMatchObject({
      model: 'm',
      maxRounds: 4,
      configsPerRound: 15,
      initialRandomConfigs: 10,
      compileTimeoutS: 9,
      apiKey: null,
    })
    expect(guidedSearchKwargsFromProfile('quick', settings)).toMatchObject({ maxRounds: 1 })
    expect(guidedSearchKwargsFromConfig({ model: 'own', maxRounds: 2 }, settings)).toMatchObject({
      model: 'm',
      maxRounds: 2,
    })
    const hybrid = resolveSettings(
      { hybridLlmMaxRounds: 0, hybridSecondStageAlgorithm: 'R' },
      () => undefined,
    )
    expect(LLMSeededSearch.getKwargsFromProfile('full', hybrid)).toMatchObject({
      llmMaxRounds: 0,
      secondStageAlgorithm: 'R',
      llmModel: 'gpt-5-2',
    })
  })

  it('may hold the key as a secret', async () => {
    vi.stubEnv('HELION_LLM_API_KEY', '')
    await guided(answers([GOOD]), { apiKey: new Secret(KEY) })
    expect(llm.questions[0]?.headers.authorization).toBe(`Bearer ${KEY}`)
  })
})
