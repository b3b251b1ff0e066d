/** Searches without the model that they ask: they go on, with one warning, and never show the key. */
import { describe, expect, it, vi } from 'vitest'
import { heldTimer } from '../../timers.ts'
import { type Act, KEY, says, sends } from './fake_llm.ts'
import { answers, GOOD, guided, llm, matmul, seeded, useFakeLlm } from './llm_tuning.ts'

useFakeLlm()

const FAILURES: readonly (readonly [string, Act, RegExp])[] = [
  [
    'refuses the key',
    sends(401, `{"error": {"message": "bad key ${KEY}"}}`),
    /answers 401: "bad key \(hidden\)"/,
  ],
  ['is busy for long', sends(429, '{}', { 'retry-after': '3600' }), /answers 429\n/],
  ['fails', sends(500, KEY, { 'retry-after': '0' }), /answers 500 \(asked 3 times\)$/],
  ['closes the connection', (response) => response.destroy(), /the connection was closed/],
  ['says nothing of use', says(`I will not, ${KEY}.`), /the answer holds no configs/],
  ['says nothing', sends(200, '{}'), /holds no text/],
  ['says no JSON', sends(200, `<html>${KEY}</html>`), /something that is not JSON/],
]

describe.each(FAILURES)('a model that %s', (_name, act, why) => {
  it('leaves LLMGuidedSearch with what it has, and one warning', async () => {
    const { result, warnings } = await guided(act)
    expect(warnings).toEqual([expect.stringMatching(why)])
    expect(warnings[0]).toMatch(/^helion-aot: LLMGuidedSearch goes on without the language model: /)
    expect(result.candidates.length).toBeGreaterThanOrEqual(4)
    expect(result.ended).toBe('done')
  })

  it('leaves LLMSeededSearch to its second stage, with one warning', async () => {
    const { result, warnings } = await seeded(act)
    expect(warnings).toEqual([expect.stringMatching(why)])
    expect(warnings[0]).toMatch(/^helion-aot: LLMSeededSearch goes on with PatternSearch: /)
    expect(result.candidates.length).toBeGreaterThan(20)
  })
})

describe('without an answer', () => {
  it('searches wait as long as the option says', async () => {
    const end = heldTimer(300_000)
    const { warnings } = await guided(end, { requestTimeoutS: 300 })
    expect(warnings).toEqual([expect.stringContaining('did not answer within 300 s')])
  })

  it('searches go on without a key', async () => {
    vi.stubEnv('HELION_LLM_API_KEY', '')
    vi.stubEnv('OPENAI_API_KEY', '')
    const remedy = 'there is no API key\n  Set HELION_LLM_API_KEY or OPENAI_API_KEY.'
    const first = await guided(answers([GOOD]))
    expect(first.warnings).toEqual([
      `helion-aot: LLMGuidedSearch goes on without the language model: ${remedy}`,
    ])
    expect(first.result.candidates.length).toBeGreaterThanOrEqual(4)
    const second = await seeded(answers([GOOD]))
    expect(second.warnings).toEqual([`helion-aot: LLMSeededSearch goes on with PatternSearch: ${remedy}`])
    expect(llm.questions).toHaveLength(0)
  })

  it('what several rounds found before stays', async () => {
    const act: Act = (response, question, index) =>
      index === 0 ? answers([GOOD])(response, question, index) : sends(403, '{}')(response)
    const { result, warnings } = await guided(act, { maxRounds: 3 })
    expect(warnings).toHaveLength(1)
    const good = matmul.spec.normalize(GOOD, 'repair')
    expect(result.candidates.some(({ config }) => config.equals(good))).toBe(true)
  })
})
