/** Tunes a synthetic kernel with searches that ask the language model of the tests. */
import { inspect } from 'node:util'
import { afterAll, afterEach, beforeAll, beforeEach, expect, vi } from 'vitest'
import { LLMGuidedSearch } from '../../../src/autotuner/llm/llm_guided_search.ts'
import { type HybridStageBreakdown, LLMSeededSearch } from '../../../src/autotuner/llm/llm_seeded_search.ts'
import type { Workload } from '../../../src/autotuner/llm/workload.ts'
import type { OptionValues, SearchClass, Tunable } from '../../../src/autotuner/search/search.ts'
import type { ConfigData } from '../../../src/config/value.ts'
import { createLog } from '../../../src/support/log.ts'
import { PROBLEMS, type Problem, type TuneOptions, tune } from '../synthetic.ts'
import { type Authority, makeAuthority } from './authority.ts'
import { type Act, type FakeLlm, KEY, says, startFakeLlm } from './fake_llm.ts'

let authority: Authority
/** The model of the test file. */
export let llm: FakeLlm

/** Path of the certificate that vouches for it. */
export function caBundle(): string {
  return authority.ca
}

/** Starts the model for the tests of a file, and gives the environment its key. */
export function useFakeLlm(): void {
  beforeAll(async () => {
    authority = makeAuthority()
    llm = await startFakeLlm(authority)
  })
  afterAll(() => llm.close())
  beforeEach(() => {
    vi.stubEnv('HELION_LLM_API_KEY', KEY)
  })
  afterEach(() => {
    vi.unstubAllEnvs()
    llm.reset()
  })
}

export const matmul: Problem = PROBLEMS[0] as Problem
export const GOOD: ConfigData = { block_sizes: [64, 64, 16], num_warps: 2, l2_groupings: [8], num_stages: 2 }
export const FAIR: ConfigData = { block_sizes: [32, 32, 16], num_warps: 4 }

export const WORKLOAD: Workload = {
  kernel: 'matmul',
  source: 'function matmul(x, y) { /* THE TEXT OF THE KERNEL */ }',
  program: 'kernel matmul',
  args: 'f32[1024,1024], f32[1024,1024]',
  device: 'a device',
  facts: ['it multiplies matrices'],
}

export interface Outcome extends Awaited<ReturnType<typeof tune>> {
  readonly warnings: readonly string[]
  readonly breakdown: HybridStageBreakdown | undefined
}

/** Tunes with a search of a class, asking the model of this test. Nothing that is said holds the key. */
export async function tuneWith(
  Class: SearchClass,
  act: Act,
  options: OptionValues = {},
  { settings, task, ...others }: TuneOptions = {},
  problem: Parameters<typeof tune>[0] = matmul,
): Promise<Outcome> {
  llm.act = act
  const logged: string[] = []
  const warnings: string[] = []
  const log = createLog(0, (line, level) => (level === 'warning' ? warnings : logged).push(line))
  const nothing: Tunable = { autotune: () => expect.unreachable() }
  const search = new Class(nothing, [], options)
  const outcome = await tune(problem, {
    ...others,
    settings: {
      autotuneEffort: 'quick',
      autotuneIgnoreErrors: true,
      llmApiBase: llm.base,
      llmCaBundle: authority.ca,
      ...settings,
    },
    task: { search, log, workload: () => WORKLOAD, ...task },
  })
  const all = [...logged, ...warnings, inspect(outcome.result, { depth: 9 }), inspect(search, { depth: 9 })]
  expect(all.join('\n')).not.toContain(KEY.slice(8, 18))
  const breakdown = search instanceof LLMSeededSearch ? search.hybridStageBreakdown : undefined
  return { ...outcome, warnings, breakdown }
}

export function guided(act: Act, options: OptionValues = {}, others: TuneOptions = {}): Promise<Outcome> {
  const brief = { requestTimeoutS: 600, initialRandomConfigs: 3 }
  return tuneWith(LLMGuidedSearch, act, { ...brief, ...options }, others)
}

export function seeded(act: Act, options: OptionValues = {}, others: TuneOptions = {}): Promise<Outcome> {
  const brief = { llmRequestTimeoutS: 600, llmInitialRandomConfigs: 3, secondStageAlgorithm: 'PatternSearch' }
  return tuneWith(LLMSeededSearch, act, { ...brief, ...options }, others)
}

/** A model that proposes these configs, round by round. */
export function answers(...rounds: readonly (readonly object[])[]): Act {
  return says(...rounds.map((configs) => JSON.stringify({ configs })))
}
