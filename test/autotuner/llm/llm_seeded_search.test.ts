/** LLMSeededSearch: a second stage that goes on where the model leaves off. */
import { describe, expect, it } from 'vitest'
import { LLMSeededLFBOTreeSearch, LLMSeededSearch } from '../../../src/autotuner/llm/llm_seeded_search.ts'
import type { Settings } from '../../../src/support/settings.ts'
import { answers, FAIR, GOOD, llm, matmul, seeded, tuneWith, useFakeLlm } from './llm_tuning.ts'

useFakeLlm()

describe('LLMSeededSearch', () => {
  it('goes on from what the model proposed', async () => {
    const outcome = await seeded(answers([GOOD, FAIR]))
    expect(outcome.warnings).toEqual([])
    const good = matmul.spec.normalize(GOOD, 'repair')
    expect(outcome.breakdown).toEqual({
      usedLlmSeed: true,
      objectiveUnit: 'ms',
      llmSeedObjective: matmul.cost(good),
      llmSeedPerfMs: matmul.cost(good),
      llmSeedTimeS: expect.closeTo(0.2, 0),
      llmSeedConfigsTested: 6,
      llmSeedConfig: good.data,
      secondStageAlgorithm: 'PatternSearch',
      secondStageObjective: outcome.result.ms,
      secondStagePerfMs: outcome.result.ms,
      secondStageTimeS: expect.any(Number),
      secondStageConfigsTested: expect.any(Number),
    })
    expect(outcome.result.ms).toBeLessThan(Number(matmul.cost(good)))
    const hashes = outcome.benchmarker.measured.map(({ hash }) => hash)
    expect(new Set(hashes).size).toBe(hashes.length)
    expect(outcome.result.generations).toBeGreaterThan(1)
  })

  it('asks no model in no rounds', async () => {
    const outcome = await seeded(answers([GOOD]), { llmMaxRounds: 0 })
    expect(llm.questions).toHaveLength(0)
    expect(outcome.warnings).toEqual([])
    expect(outcome.breakdown).toMatchObject({ usedLlmSeed: false, llmSeedConfigsTested: 0 })
    const setting = await seeded(answers([GOOD]), {}, { settings: { hybridLlmMaxRounds: 0 } })
    expect(setting.breakdown?.llmSeedConfig).toBeUndefined()
  })

  it('goes on with another search by option or setting, with its options', async () => {
    const option = { secondStageAlgorithm: 'RandomSearch', secondStageKwargs: { count: 9 } }
    const outcome = await seeded(answers([GOOD]), option)
    expect(outcome.breakdown?.secondStageAlgorithm).toBe('RandomSearch')
    const settings: Partial<Settings> = { hybridSecondStageAlgorithm: 'RandomSearch' }
    const bySetting = await tuneWith(LLMSeededSearch, answers([GOOD]), {}, { settings })
    expect(bySetting.breakdown?.secondStageAlgorithm).toBe('RandomSearch')
    await expect(seeded(answers([GOOD]), { ...option, secondStageKwargs: { x: 1 } })).rejects.toThrow(
      'RandomSearch has no option x',
    )
  })

  it.each(['LLMGuidedSearch', 'LLMSeededSearch', 'FiniteSearch', 'NoSearch'])(
    'refuses %s as its second stage',
    async (name) => {
      await expect(seeded(answers([GOOD]), { secondStageAlgorithm: name })).rejects.toThrow(
        `"${name}" cannot be the second stage of a search\n  Name `,
      )
      expect(llm.questions).toHaveLength(0)
    },
  )

  it.each([LLMSeededSearch, LLMSeededLFBOTreeSearch])('goes on with LFBOTreeSearch in %o', async (Class) => {
    const { warnings, breakdown } = await tuneWith(Class, answers([GOOD]))
    expect(warnings).toEqual([])
    expect(breakdown).toMatchObject({ usedLlmSeed: true, secondStageAlgorithm: 'LFBOTreeSearch' })
    expect(breakdown?.secondStageObjective).toBeLessThanOrEqual(breakdown?.llmSeedObjective ?? 0)
  })

  it('has no second stage to choose as LLMSeededLFBOTreeSearch', async () => {
    expect(LLMSeededLFBOTreeSearch.getKwargsFromProfile('full')).not.toHaveProperty('secondStageAlgorithm')
    const settings: Partial<Settings> = { hybridSecondStageAlgorithm: 'RandomSearch' }
    const { breakdown } = await tuneWith(LLMSeededLFBOTreeSearch, answers([GOOD]), {}, { settings })
    expect(breakdown?.secondStageAlgorithm).toBe('LFBOTreeSearch')
    const chosen = { secondStageAlgorithm: 'RandomSearch' }
    await expect(tuneWith(LLMSeededLFBOTreeSearch, answers([GOOD]), chosen)).rejects.toThrow(
      'LLMSeededLFBOTreeSearch has no option secondStageAlgorithm',
    )
  })

  it('lets a class fix its second stage', async () => {
    class Fixed extends LLMSeededSearch {
      static override readonly defaultSecondStageAlgorithm = 'RandomSearch'
      static override readonly allowSecondStageEnvOverride = false
    }
    const settings = { hybridSecondStageAlgorithm: 'PatternSearch' }
    const outcome = await tuneWith(Fixed, answers([GOOD]), {}, { settings })
    expect(outcome.breakdown?.secondStageAlgorithm).toBe('RandomSearch')
  })
})
