import { describe, expect, it } from 'vitest'
import { ConfigGeneration } from '../../src/autotuner/search/session/config_generation.ts'
import { powerOf2 } from '../../src/config/fragments.ts'
import { TunableSpace } from '../../src/config/tunable_space.ts'
import { ConfigError } from '../../src/support/errors.ts'
import { Random } from '../../src/support/random.ts'

const tunables = { block: powerOf2(16, 256, 64), unroll: [2, 1, 4, 7], layout: ['row', 'column'] }
const product = ({ block, unroll }: Record<string, unknown>) => Number(block) * Number(unroll)

describe('a space of tunables', () => {
  const space = new TunableSpace(tunables)

  it('starts from the first value of each list', () => {
    expect(space.defaultConfig().data).toEqual({ block: 64, unroll: 2, layout: 'row' })
    expect(space.cardinality).toBe(5 * 4 * 2)
    expect(new TunableSpace(tunables, { default: { unroll: 7 } }).defaultConfig().data.unroll).toBe(7)
  })

  it('takes numbers in order of size', () => {
    const unroll = space.slots[1]?.fragment
    expect(unroll?.neighbors(4, 1)).toEqual([2, 7])
    expect([unroll?.nearest(6), unroll?.nearest(5), unroll?.nearest(-3), unroll?.nearest(99)]).toEqual([
      7, 4, 1, 7,
    ])
    expect(unroll?.encode(4)).toEqual([2])
  })

  it('judges what people write, and repairs what searches make', () => {
    expect(space.normalize({ block: 32 }, 'strict').data).toEqual({ block: 32, unroll: 2, layout: 'row' })
    expect(space.normalize({ block: 1000, x: 1, layout: 3 }, 'repair').data).toEqual({
      block: 256,
      unroll: 2,
      layout: 'row',
    })
    expect(() => space.normalize({ unroll: 3 }, 'strict')).toThrow(
      new ConfigError('the tunable unroll is 3; allowed: 1, 2, 4, 7'),
    )
    expect(() => space.normalize({ unrolls: 3 }, 'strict')).toThrow(
      new ConfigError('there is no tunable unrolls', { remedy: 'Known here: block, unroll, layout.' }),
    )
  })

  it('tells other ranges and defaults apart', () => {
    const others = [
      { ...tunables, unroll: [1, 2, 4, 7] },
      { ...tunables, block: powerOf2(16, 128, 64) },
    ]
    const prints = [tunables, ...others].map((each) => new TunableSpace(each).fingerprint)
    expect(new Set(prints).size).toBe(3)
  })

  it('refuses tunables that no config can hold', () => {
    const refused = (values: object) => () => new TunableSpace(values as typeof tunables)
    expect(refused({ num_warps: [1, 2] })).toThrow('the tunable num_warps has the name of a config field')
    expect(refused({ block_size: [1, 2] })).toThrow('the tunable block_size has the name of a config field')
    expect(refused({ block: [] })).toThrow('the tunable block has no values')
    expect(refused({ block: [1, null] })).toThrow('the tunable block holds null')
    expect(refused({ block: [1, 2, 1] })).toThrow('the tunable block holds a value twice: [1, 2, 1]')
    expect(refused({ block: [{}] })).toThrow('block[0] holds a value of type object')
  })
})

describe('a constraint', () => {
  const allowed = (values: Record<string, unknown>) => product(values) >= 512 && product(values) <= 1024
  const space = new TunableSpace(tunables, { constraint: allowed })

  it('holds for the default, for what people write, and for everything that a search looks at', () => {
    expect(allowed(space.defaultConfig().data)).toBe(true)
    expect(() => space.normalize({ block: 16 }, 'strict')).toThrow('the constraint forbids new Config({')
    const generation = new ConfigGeneration(space, new Random(1))
    const start = generation.defaultConfig()
    const looked = [
      start,
      ...generation.randomPopulation(10),
      ...generation.neighbors(start),
      ...(generation.enumerate(100) ?? []),
    ]
    expect(looked.map(({ data }) => allowed(data))).not.toContain(false)
    expect(generation.enumerate(100)).toHaveLength(8)
  })

  it('that forbids everything is an error', () => {
    expect(() => new TunableSpace(tunables, { constraint: () => false })).toThrow(
      new ConfigError('the constraint forbids all 40 configs looked at', {
        remedy: 'Give a default that it allows, or correct it.',
      }),
    )
  })
})
