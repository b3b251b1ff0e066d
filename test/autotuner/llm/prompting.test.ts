/** The words to a language model: of results, and of what it said before. */
import { describe, expect, it } from 'vitest'
import { describeResults } from '../../../src/autotuner/llm/feedback.ts'
import { Conversation } from '../../../src/autotuner/llm/prompting.ts'
import { describeTask } from '../../../src/autotuner/llm/workload.ts'
import { History } from '../../../src/autotuner/search/history.ts'
import { ConfigGeneration } from '../../../src/autotuner/search/session/config_generation.ts'
import { failure, type Measurement } from '../../../src/autotuner/trial/benchmarker.ts'
import { ConfigSpec } from '../../../src/config/config_spec.ts'
import type { ConfigData } from '../../../src/config/value.ts'
import { Random } from '../../../src/support/random.ts'
import { streamInput } from '../../config/spec_inputs.ts'

const spec = new ConfigSpec(streamInput(4096))
const generation = new ConfigGeneration(spec, new Random(1))
const config = (data: ConfigData) => spec.normalize(data, 'strict')

function measured(data: ConfigData, ms: number): Measurement {
  const known = { spread: 0, samplesMs: [ms], compileMs: 1, programHash: undefined, reason: undefined }
  return { config: config(data), status: 'ok', ms, ...known }
}

describe('describeResults', () => {
  it('says what was found, what the best share, and what to do next', () => {
    const history = new History()
    history.add(measured({}, 2), 'default')
    history.add(measured({ num_warps: 16 }, 0.5), 'a')
    history.add(measured({ num_warps: 16, block_sizes: [64] }, 0.75), 'b')
    history.add(failure(config({ num_warps: 32 }), 'invalid', 'too large\n  at /home/me/kernel.ts:1:2'), 'c')
    const text = describeResults(history, generation)
    expect(text).toContain(
      'State: 4 configs measured, 1 of them failed; the best takes 500 µs, the default takes 2.00 ms.',
    )
    expect(text).toContain(`Best configs:\n- 500 µs: ${JSON.stringify(config({ num_warps: 16 }).data)}`)
    expect(text).toContain('- 500 µs: num_warps: 16\n')
    expect(text).toContain('- 2.00 ms: nothing')
    expect(text).toContain('Failed:\n- invalid, too large: num_warps: 32')
    expect(text).not.toContain('/home')
    expect(text).toContain('Next: change the best configs')
  })

  it('advises care when a third fails, and keeps to the last and the best few', () => {
    const history = new History()
    for (let size = 0; size < 13; size++)
      history.add(failure(config({ block_sizes: [2 ** size] }), 'error', 'x'.repeat(500)), 'a')
    const text = describeResults(history, generation)
    expect(text).toContain('State: 13 configs measured, 13 of them failed; none works so far.')
    expect(text).toContain('Next: many fail.')
    expect(text.match(/- error, x{140}: /g)).toHaveLength(5)
  })
})

describe('describeTask', () => {
  it('cuts long texts', () => {
    const workload = { kernel: 'k', source: 'x'.repeat(1e6), program: 'p', args: 'a', device: 'd', facts: [] }
    const text = describeTask(workload, spec)
    expect(text.length).toBeLessThan(40_000)
    expect(text).toContain('x\n… (cut)\n</kernel>')
  })

  it('leaves out what there is nothing to choose of', () => {
    const fields = [...describeTask(undefined, spec).matchAll(/^- (\w+):/gm)].map(([, field]) => field)
    const open = spec.slots.filter(({ fragment }) => fragment.cardinality > 1)
    expect(fields).toEqual(open.map(({ field }) => field))
  })
})

describe('a conversation', () => {
  it('tells what was left out of the last answer, in our words', () => {
    const conversation = new Conversation('THE TASK', 40)
    const first = conversation.ask('')
    expect(first.maxTokens).toBe(4096)
    expect(first.messages).toHaveLength(1)
    conversation.answered({ configs: [config({ num_warps: 16 })], refusals: ['num_warps: allowed is 1'] })
    const { messages } = conversation.ask('RESULTS')
    expect(messages[0]?.content).toContain('THE TASK')
    expect(messages[1]).toEqual({
      role: 'assistant',
      content: `{"configs": [${JSON.stringify(config({ num_warps: 16 }).data)}]}`,
    })
    expect(messages[2]?.content).toBe(
      'Left out of your last answer:\n- num_warps: allowed is 1\n\nRESULTS\n\n' +
        'Propose 40 configs that were not measured yet.',
    )
    expect(new Conversation('', 1).ask('').maxTokens).toBe(512)
  })
})
