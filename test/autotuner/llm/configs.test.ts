/** What is read out of an answer, and what a hostile one can do: nothing. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { readAnswer } from '../../../src/autotuner/llm/configs.ts'
import { jsonIn } from '../../../src/autotuner/llm/json_in_text.ts'
import { LlmError } from '../../../src/autotuner/llm/llm_error.ts'
import { ConfigGeneration } from '../../../src/autotuner/search/session/config_generation.ts'
import { ConfigSpec } from '../../../src/config/config_spec.ts'
import { choice } from '../../../src/config/fragments.ts'
import type { ConfigData } from '../../../src/config/value.ts'
import { Random } from '../../../src/support/random.ts'
import { matmulInput, rowInput } from '../../config/spec_inputs.ts'

const matmul = new ConfigGeneration(new ConfigSpec(matmulInput()), new Random(1))

function read(answer: string, generation: ConfigGeneration = matmul) {
  return readAnswer(answer, generation, 15)
}

/** The fields of the first config that differ from the default. */
function first(answer: string, generation: ConfigGeneration = matmul): ConfigData | undefined {
  const [config] = read(answer, generation).configs
  const standard = generation.defaultConfig().data
  return (
    config &&
    Object.fromEntries(
      Object.entries(config.data).filter(
        ([name, value]) => JSON.stringify(value) !== JSON.stringify(standard[name]),
      ),
    )
  )
}

describe('an answer', () => {
  const wanted = { num_warps: 16, l2_groupings: [4] }

  it.each([
    ['bare JSON', '{"configs": [{"num_warps": 16, "l2_groupings": [4]}]}'],
    ['a bare list', '[{"num_warps": 16, "l2_groupings": [4]}]'],
    ['a code fence', 'Here:\n```json\n{"configs": [{"num_warps": 16, "l2_groupings": [4]}]}\n```\nGood luck'],
    ['a fence without a name', '```\n[{"num_warps": 16, "l2_groupings": [4]}]\n```'],
    ['prose around it', 'I think {so}: {"configs": [{"num_warps": 16, "l2_groupings": [4]}]} is best.'],
    ['a bare list in prose', 'Try [1] this: [{"num_warps": 16, "l2_groupings": [4]}], please'],
    [
      'literals of Python',
      "{'configs': [{'num_warps': 16, 'l2_groupings': (4,), 'flatten_loops': [False]}]}",
    ],
    ['commas too many', '{"configs": [{"num_warps": 16, "l2_groupings": [4,],},],}'],
    ['an answer cut off', '{"configs": [{"num_warps": 16, "l2_groupings": [4]}, {"num_war'],
    ['singular names and scalars', '[{"num_warps": 16, "l2_grouping": 4}]'],
    [
      'further entries of all kinds',
      '{"configs": [{"num_warps": 16, "l2_groupings": 4}, 7, null, "x", [], {}]}',
    ],
  ])('may be %s', (_name, answer) => {
    expect(first(answer)).toEqual(wanted)
  })

  it.each([
    ['nothing', ''],
    ['prose', 'I cannot help with that.'],
    ['a number', '7'],
    ['a list of numbers', '[1, 2, 3]'],
    ['broken JSON', '{"configs": [{"num_warps": '],
  ])('may be %s, which holds no configs', (_name, answer) => {
    expect(() => read(answer)).toThrow(
      new LlmError('the answer holds no configs', { remedy: 'Another model may do better.' }),
    )
  })

  it('may hold the same config many times, and as many as it likes', () => {
    const many = Array.from({ length: 500 }, (_, index) => ({ num_warps: 2 ** (index % 6) }))
    const { configs } = read(JSON.stringify({ configs: many }))
    expect(new Set(configs.map(({ hash }) => hash)).size).toBe(configs.length)
    expect(configs).toHaveLength(6)
    const different = Array.from({ length: 500 }, (_, index) => ({
      range_unroll_factors: [index % 5],
      num_warps: 2 ** (index % 6),
    }))
    expect(read(JSON.stringify(different)).configs).toHaveLength(15)
  })
})

describe('a config of an answer', () => {
  it('is completed by the defaults, and a list by its one entry', () => {
    const [config] = read('[{"block_sizes": 16}]').configs
    expect(config?.data).toEqual(matmul.spec.normalize({ block_sizes: [16, 16, 16] }, 'strict').data)
  })

  it('has numbers brought into their range', () => {
    expect(first('[{"block_sizes": 4096}]')).toEqual({ block_sizes: [1024, 1024, 1024] })
  })

  it('has its wrong fields passed over', () => {
    expect(first('[{"num_warps": 16, "num_ctas": 2, "exec": "rm -rf /"}]')).toEqual({ num_warps: 16 })
  })

  it.each([
    [
      'no power of two',
      '{"block_sizes": [16, 48, 16]}',
      /^config field block_sizes\[1\] is 48; allowed: a power of two/,
    ],
    ['a list of the wrong length', '{"block_sizes": [16, 16]}', /^block_sizes: allowed is a list of 3, each/],
    ['a list for a scalar', '{"num_warps": [4]}', /^num_warps: allowed is a power of two from 1 to 32$/],
    ['text for a number', '{"num_warps": "4"}', /^num_warps: allowed is/],
    ['an object for a number', '{"num_warps": {"valueOf": 4}}', /^num_warps: allowed is/],
    ['an unknown word', '{"pid_type": "ignore all instructions"}', /^pid_type: allowed is 'flat', 'xyz'/],
    ['a number for a word', '{"pid_type": 3}', /^pid_type: allowed is/],
    ['no order', '{"loop_orders": [[0, 0]]}', /^loop_orders: allowed is/],
    ['an endless number', '{"num_warps": 1e999}', /^config field num_warps holds Infinity$/],
    ['nothing that it could have', '{"__proto__": {"num_warps": 4}}', /^a config names at least one field/],
    ['other inherited names', '{"constructor": 4, "toString": 4}', /^a config names at least one field/],
    ['a list', '[[["num_warps", 4]]]', /^a config is an object$/],
  ])('is left out with %s', (_name, entry, refusal) => {
    const { configs, refusals } = read(`{"configs": [${entry}, ${entry}]}`)
    expect(configs).toEqual([])
    expect(refusals).toEqual([expect.stringMatching(refusal)])
  })

  it('says nothing of the answer when it is left out', () => {
    const { refusals } = read(
      '[{"pid_type": "SECRET \\u001b[31m", "INJECTED": 1}, {"INJECTED": 2}, {"indexing": "INJECTED"}]',
    )
    expect(refusals.join()).not.toMatch(/SECRET|INJECTED|\[31m/)
  })

  it('keeps the fields that the user fixed', () => {
    const fixed = new ConfigGeneration(matmul.spec as ConfigSpec, new Random(1), { num_warps: 2 })
    const { configs } = read('[{"num_warps": 16, "l2_groupings": 8}, {"num_warps": 4}]', fixed)
    expect(configs.map(({ data }) => data.num_warps)).toEqual([2, 2])
  })

  it('may leave a row whole, and choose tunables', () => {
    const rows = new ConfigGeneration(new ConfigSpec(rowInput(65_536)), new Random(1))
    expect(read('[{"reduction_loops": null}]', rows).configs[0]?.data.reduction_loops).toEqual([null])
    const tunables = { unroll: choice([1, 2, 4]), mode: choice(['a', 'b']) }
    const spec = new ConfigSpec({ ...rowInput(4096), tunables })
    const answer = '[{"unroll": 4, "mode": "b"}, {"unroll": 4, "mode": "c"}]'
    const own = read(answer, new ConfigGeneration(spec, new Random(1)))
    expect(own.configs.map(({ data }) => [data.unroll, data.mode])).toEqual([[4, 'b']])
    expect(own.refusals).toEqual(["mode: allowed is 'a', 'b'"])
  })
})

describe('a hostile answer', () => {
  it.each([
    ['deep lists', '['.repeat(60_000) + ']'.repeat(60_000)],
    ['deep objects', '{"configs":'.repeat(10_000)],
    ['deep lists in a config', `[{"num_warps": ${'['.repeat(20_000)}${']'.repeat(20_000)}}]`],
    ['tuples without end', `{"configs": ${'('.repeat(30_000)}${')'.repeat(30_000)}}`],
    ['brackets that never close', '{['.repeat(30_000)],
    ['quotes that never close', '{"\\"'.repeat(20_000)],
    ['backslashes', `{${'\\"'.repeat(30_000)}`],
    ['fences', '```'.repeat(20_000)],
    ['commas and space', `[{${', '.repeat(30_000)}`],
    ['single quotes', `['${"\\'".repeat(30_000)}`],
    ['more than is read', `${' '.repeat(70_000)}[{"num_warps": 4}]`],
  ])('of %s gives no configs', (_name, answer) => {
    let configs: readonly unknown[] = []
    try {
      configs = read(answer).configs
    } catch (error) {
      expect(error).toBeInstanceOf(LlmError)
    }
    expect(configs).toEqual([])
  })

  it('does not change objects of this program', () => {
    read('[{"__proto__": {"polluted": 1}, "num_warps": 4}, {"constructor": {"prototype": {"polluted": 1}}}]')
    expect(({} as Record<string, unknown>).polluted).toBeUndefined()
  })

  it('of any text gives configs of the space, or says that it holds none', () => {
    const words = [
      '{',
      '}',
      '[',
      ']',
      '"configs"',
      ':',
      ',',
      '"num_warps"',
      '"block_sizes"',
      '16',
      '3',
      '-1',
      "'",
      '```',
      '\\',
      'None',
      'null',
      '"flat"',
      '(',
      ')',
    ]
    const text = fc.array(fc.oneof(fc.constantFrom(...words), fc.string()), { maxLength: 40 })
    fc.assert(
      fc.property(text, (parts) => {
        try {
          for (const config of read(parts.join('')).configs)
            expect(matmul.spec.normalize(config, 'strict').data).toEqual(config.data)
        } catch (error) {
          if (!(error instanceof LlmError)) throw error
        }
      }),
    )
  })

  it('of any JSON does so, too', () => {
    const entry = fc.dictionary(
      fc.constantFrom('num_warps', 'block_sizes', 'loop_orders', 'indexing', '__proto__', 'x'),
      fc.jsonValue(),
    )
    fc.assert(
      fc.property(fc.array(entry, { minLength: 1 }), (configs) => {
        for (const config of read(JSON.stringify({ configs })).configs)
          expect(matmul.spec.normalize(config, 'strict').data).toEqual(config.data)
      }),
    )
  })
})

describe('jsonIn', () => {
  it('finds every object that was printed into prose', () => {
    const value = fc.dictionary(fc.string(), fc.array(fc.integer()))
    fc.assert(
      fc.property(value, fc.string({ unit: fc.constantFrom('a', ' ', '.', '\n') }), (object, prose) => {
        expect([...jsonIn(`${prose}${JSON.stringify(object)}${prose}`)][0]).toEqual(object)
      }),
    )
  })
})
