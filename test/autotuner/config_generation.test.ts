import { describe, expect, it } from 'vitest'
import { ConfigGeneration } from '../../src/autotuner/search/session/config_generation.ts'
import { drawBiased } from '../../src/autotuner/search/session/priors.ts'
import { Config } from '../../src/config/config.ts'
import { ConfigSpec } from '../../src/config/config_spec.ts'
import { choice, integer, powerOf2 } from '../../src/config/fragments.ts'
import type { ConfigData } from '../../src/config/value.ts'
import { ConfigError } from '../../src/support/errors.ts'
import { Random } from '../../src/support/random.ts'
import { matmulInput, rowInput, streamInput } from '../config/spec_inputs.ts'

const matmul = new ConfigSpec(matmulInput())
const generate = (overrides: ConfigData = {}, spec = matmul, seed = 1) =>
  new ConfigGeneration(spec, new Random(seed), overrides)
const hashes = (configs: readonly Config[]) => new Set(configs.map((config) => config.hash))

/** Names of the fields in which two configs differ. */
function changed(a: Config, b: Config): string[] {
  return Object.keys(a.data).filter(
    (field) => JSON.stringify(a.data[field]) !== JSON.stringify(b.data[field]),
  )
}

describe('flat configs', () => {
  it('hold slot values in slot order, and come back as the same config', () => {
    const generation = generate()
    const config = matmul.normalize({ block_sizes: [32, 16, 8], num_warps: 8 }, 'strict')
    const flat = generation.flatten(config)
    expect(flat.slice(0, 2)).toEqual([[32, 16, 8], [[0, 1]]])
    expect(generation.unflatten(flat)?.data).toEqual(config.data)
  })

  it('fill gaps and repeat scalars', () => {
    const flat = generate().flatten(new Config({ indexing: 'pointer' }))
    const at = (field: string) => flat[matmul.slots.findIndex((slot) => slot.field === field)]
    expect(at('indexing')).toEqual(['pointer', 'pointer', 'pointer'])
    expect(at('num_warps')).toBe(4)
  })
})

describe('fixed fields', () => {
  it('stand in every config', () => {
    const generation = generate({ num_warps: 16, pid_type: 'persistent_blocked' })
    const start = generation.defaultConfig()
    const configs = [
      start,
      generation.randomConfig(),
      ...generation.randomPopulation(20),
      ...generation.neighbors(start),
      ...generation.resets(generation.randomConfig()),
    ]
    for (const config of configs)
      expect([config.numWarps, config.pidType]).toEqual([16, 'persistent_blocked'])
  })

  it('rule out configs that cannot keep them', () => {
    const generation = generate({ loop_orders: [[1, 0]] })
    expect(generation.canonical(new Config({ flatten_loops: [true] }))).toBeUndefined()
    expect(generation.canonical(new Config({ flatten_loops: [false] }))?.loopOrders).toEqual([[1, 0]])
    for (const config of generation.randomPopulation(50)) expect(config.loopOrders).toEqual([[1, 0]])
  })

  it('must be possible together', () => {
    const generation = generate({ loop_orders: [[1, 0]], flatten_loops: [true] })
    expect(() => generation.defaultConfig()).toThrow(
      'the fixed fields {"loop_orders":[[1,0]],"flatten_loops":[true]} exclude each other',
    )
    expect(() => generation.randomConfig()).toThrow('none of 64 random configs keeps {"loop_orders"')
  })

  it('are judged strictly', () => {
    expect(() => generate({ num_warps: 64 })).toThrow('config field num_warps is 64')
    expect(() => generate({ num_sm_multiplier: 4 })).toThrow(ConfigError)
  })
})

describe('random configs', () => {
  it('are complete, different, and not among those to leave out', () => {
    const generation = generate()
    const first = generation.randomPopulation(50)
    const second = generation.randomPopulation(50, first)
    expect(hashes([...first, ...second]).size).toBe(100)
    for (const config of first) expect(matmul.normalize(config, 'strict').data).toEqual(config.data)
  })

  it('end where the space does', () => {
    const spec = new ConfigSpec({ ...streamInput(2), memoryOps: [], pidTypes: ['flat'], maxInvocations: 64 })
    expect(generate({}, spec).randomPopulation(100)).toHaveLength(4)
  })

  it('depend on the seed only', () => {
    const draw = (seed: number) => generate({}, matmul, seed).randomPopulation(10).map(String)
    expect(draw(5)).toEqual(draw(5))
    expect(draw(5)).not.toEqual(draw(6))
  })

  it('keep tiles within 2048 elements per thread', () => {
    const spec = new ConfigSpec(matmulInput(2 ** 16, 2 ** 16, 2 ** 16))
    for (const { blockSizes, numWarps } of generate({}, spec).randomPopulation(200)) {
      const [m = 0, n = 0, k = 0] = blockSizes
      expect(Math.max(m * n, m * k, k * n)).toBeLessThanOrEqual(2048 * 32 * numWarps)
    }
  })

  it('reach every value of every slot', () => {
    const configs = generate().randomPopulation(2000)
    for (const { field, fragment } of matmul.slots) {
      if (field === 'block_sizes') continue
      const drawn = new Set(configs.map((config) => JSON.stringify(config.data[field])))
      expect([field, drawn.size]).toEqual([field, fragment.cardinality])
    }
  })
})

describe('biased draws', () => {
  const random = new Random(2)
  const share = (field: string, fragment: Parameters<typeof drawBiased>[1], value: unknown) =>
    Array.from({ length: 2000 }, () => drawBiased(field, fragment, random)).filter((v) => v === value)
      .length / 2000

  it('follow the weights of the values that the fragment has', () => {
    expect(share('num_warps', powerOf2(1, 32), 4)).toBeCloseTo(4 / 12, 1)
    expect(share('num_warps', powerOf2(1, 2), 2)).toBeCloseTo(2 / 3, 1)
    expect(share('num_warps', powerOf2(1, 32), 32)).toBe(0)
  })

  it('are uniform without weights, or where none of the weighted values is possible', () => {
    expect(share('num_stages', integer(1, 2), 1)).toBeCloseTo(1 / 2, 1)
    expect(share('num_warps', powerOf2(32, 64), 64)).toBeCloseTo(1 / 2, 1)
    expect(share('split_k', choice([1, 2]), 2)).toBeCloseTo(1 / 2, 1)
  })
})

describe('neighbors', () => {
  const generation = generate()
  const start = matmul.normalize({ block_sizes: [32, 32, 16] }, 'strict')
  const neighbors = generation.neighbors(start)

  it('are different, complete and not the config itself', () => {
    expect(hashes(neighbors).size).toBe(neighbors.length)
    expect(hashes(neighbors).has(start.hash)).toBe(false)
    for (const config of neighbors) expect(matmul.normalize(config, 'strict').data).toEqual(config.data)
  })

  it('change one slot, or two that belong together', () => {
    const kinds = new Set(neighbors.map((config) => changed(start, config).join('+')))
    expect(kinds).toEqual(
      new Set([
        'block_sizes',
        'block_sizes+num_warps',
        'loop_orders',
        'flatten_loops',
        'l2_groupings',
        'range_unroll_factors',
        'static_ranges',
        'num_warps',
        'num_stages',
        'indexing',
        'dot_rows',
        'slice_k',
        'pid_type',
        'pid_type+num_sm_multiplier',
      ]),
    )
  })

  it('move block sizes singly and in pairs', () => {
    const sizes = neighbors.filter((config) => changed(start, config).join() === 'block_sizes')
    expect(sizes).toHaveLength(6 + 3 * 4)
    expect(sizes.map(({ blockSizes }) => String(blockSizes))).toContain('64,16,16')
  })

  it('reach farther with a larger radius', () => {
    const far = generation.neighbors(start, 2).map(({ blockSizes }) => String(blockSizes))
    expect(far).toContain('128,32,16')
    expect(neighbors.map(({ blockSizes }) => String(blockSizes))).not.toContain('128,32,16')
  })
})

describe('resets and merges', () => {
  const generation = generate({ num_warps: 8 })
  const config = matmul.normalize({ num_warps: 8, num_stages: 1, indexing: 'pointer' }, 'strict')

  it('bring one free slot back to its default', () => {
    const resets = generation.resets(config)
    expect(resets.map((reset) => changed(config, reset))).toEqual([['num_stages'], ['indexing']])
    expect(generation.resets(generation.defaultConfig())).toEqual([])
  })

  it('merge the changes of several configs', () => {
    const merged = generation.merge(config, generation.resets(config))
    expect(merged?.data).toEqual(generation.defaultConfig().data)
  })

  it('let the last of two changes of one slot win', () => {
    const sizes = [16, 8].map((size) =>
      matmul.normalize({ ...config.data, block_sizes: [size, 64, 16] }, 'strict'),
    )
    expect(generation.merge(config, sizes)?.blockSizes).toEqual([8, 64, 16])
  })
})

describe('differential mutation', () => {
  const generation = generate()
  const [x, a, b, c] = generation.randomPopulation(4) as [Config, Config, Config, Config]

  it('moves at least one slot at rate 0 and all at rate 1', () => {
    const size = (rate: number) => {
      const trials = Array.from({ length: 40 }, () => generation.differentialMutation(x, [a, b, c], rate))
      return trials.reduce((total, trial) => total + (trial ? changed(x, trial).length : 0), 0)
    }
    expect(size(0)).toBeGreaterThan(0)
    expect(size(1)).toBeGreaterThan(2 * size(0))
  })

  it('takes the step between two configs', () => {
    const spec = new ConfigSpec({ ...streamInput(), memoryOps: [], pidTypes: ['flat'] })
    const at = (block: number, warps: number) =>
      spec.normalize({ block_sizes: [block], num_warps: warps }, 'strict')
    const trial = generate({}, spec).differentialMutation(at(1, 1), [at(64, 4), at(32, 8), at(8, 16)], 1)
    expect([trial?.blockSizes, trial?.numWarps]).toEqual([[128], 2])
  })

  it('leaves a config alone where everything is fixed', () => {
    const fixed = generate(matmul.defaultConfig().data)
    expect(fixed.differentialMutation(x, [a, b, c], 1)?.data).toEqual(matmul.defaultConfig().data)
  })
})

describe('enumerate', () => {
  const spec = new ConfigSpec({ ...rowInput(64, 4), memoryOps: [], pidTypes: ['flat'], maxInvocations: 64 })

  it('lists every config once, the default included', () => {
    const configs = generate({}, spec).enumerate(1000) ?? []
    expect(configs).toHaveLength(hashes(configs).size)
    expect(hashes(configs).has(spec.defaultConfig().hash)).toBe(true)
    for (const config of generate({}, spec).randomPopulation(300))
      expect(hashes(configs).has(config.hash)).toBe(true)
  })

  it('gives up on large spaces', () => {
    const count = generate({}, spec).enumerate(1000)?.length ?? 0
    expect(generate({}, spec).enumerate(count)).toHaveLength(count)
    expect(generate({}, spec).enumerate(count - 1)).toBeUndefined()
    expect(generate().enumerate(100_000)).toBeUndefined()
  })

  it('counts free slots only', () => {
    expect(generate({ ...matmul.defaultConfig().data }).enumerate(1)).toHaveLength(1)
  })
})

describe('encode', () => {
  it('has the same length for all configs and tells them apart', () => {
    const generation = generate()
    const configs = generation.randomPopulation(200)
    const codes = configs.map((config) => generation.encode(config))
    expect(new Set(codes.map(({ length }) => length)).size).toBe(1)
    expect(new Set(codes.map(String)).size).toBe(200)
  })
})
