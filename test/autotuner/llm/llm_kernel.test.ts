/** A real kernel and a language model: what leaves this machine, and what stays on its disk. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { Config, kernel, LLMGuidedSearch, LLMSeededSearch, rand, type Tensor } from '../../../src/index.ts'
import { temporaryFolder } from '../../temporary_folder.ts'
import { double } from '../kernel_trials.ts'
import { KEY } from './fake_llm.ts'
import { answers, caBundle, llm, useFakeLlm } from './llm_tuning.ts'

useFakeLlm()

const args: [Tensor] = [rand([100_000])]
const proposed = answers([{ num_warps: 8 }, { block_sizes: 512 }])
const brief = { exhaustiveLimit: 0, initialRandomConfigs: 1, configsPerRound: 2 }

function made(folder: string, autotuner: string) {
  const settings = { autotuneEffort: 'quick', autotuneRandomSeed: 1, autotuneLogLevel: 'silent' } as const
  const llmSettings = { llmApiBase: llm.base, llmCaBundle: caBundle() }
  const files = { cacheDir: folder, autotuneLog: join(folder, 'log') }
  return kernel({ ...settings, ...llmSettings, ...files, autotuner }, double)
}

/** Everything in a folder. */
function written(folder: string): string {
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true })
  return entries
    .flatMap((entry) => (entry.isFile() ? readFileSync(join(entry.parentPath, entry.name), 'utf8') : []))
    .join('\n')
}

describe('tuning a kernel with a language model', () => {
  it('sends the kernel, not where it lies, and writes no key', async () => {
    const folder = temporaryFolder()
    llm.act = proposed
    const best = await made(folder, 'LLMGuidedSearch').autotune(args, { ...brief, apiKey: KEY })
    expect(best).toBeInstanceOf(Config)
    const [question] = llm.questions
    const input = question?.body.input as readonly { content: string }[] | undefined
    const content = input?.[0]?.content ?? ''
    expect(content).toContain(Function.prototype.toString.call(double))
    expect(content).toContain('Arguments: f32[100000]')
    expect(content).toContain('compute units')
    expect(question?.text).not.toContain(process.cwd())
    expect(question?.text).not.toContain(KEY)
    const files = written(folder)
    expect(files).toContain('gpt-5-2, round 1')
    expect(files).not.toContain(KEY)
    expect(files).not.toContain(Function.prototype.toString.call(double))
  })

  it('can be asked for by hand', async () => {
    llm.act = proposed
    const binding = made(temporaryFolder(), 'RandomSearch').bind(...args)
    expect(await new LLMGuidedSearch(binding, args, brief).autotune()).toBeInstanceOf(Config)
    expect(llm.questions).toHaveLength(1)
    const search = new LLMSeededSearch(binding, args, {
      secondStageAlgorithm: 'RandomSearch',
      secondStageKwargs: { count: 2 },
    })
    expect(await search.autotune()).toBeInstanceOf(Config)
    expect(search.hybridStageBreakdown?.secondStageAlgorithm).toBe('RandomSearch')
  })

  it('sends nothing when another search was chosen', async () => {
    llm.act = proposed
    await made(temporaryFolder(), 'RandomSearch').autotune(args, { count: 2 })
    expect(llm.questions).toHaveLength(0)
  })
})
