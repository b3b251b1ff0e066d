import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { isTuple } from '../../src/config/composite_fragments.ts'
import { Config } from '../../src/config/config.ts'
import { ConfigSpec } from '../../src/config/config_spec.ts'
import { integer, powerOf2 } from '../../src/config/fragments.ts'
import type { ConfigSpecInput } from '../../src/config/spec_input.ts'
import { ConfigError } from '../../src/support/errors.ts'
import { Random } from '../../src/support/random.ts'
import { listen } from '../listen.ts'
import { matmulInput, rowInput, streamInput } from './spec_inputs.ts'

const matmul = new ConfigSpec(matmulInput())

let lines: readonly string[]
beforeEach(() => {
  ;({ lines } = listen())
})
afterEach(() => vi.restoreAllMocks())

describe('slots', () => {
  it('stand in the order of the fields, only those the kernel has', () => {
    expect(matmul.slots.map(({ field }) => field)).toEqual([
      'block_sizes',
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
      'mma',
      'pid_type',
      'num_sm_multiplier',
    ])
    expect(new ConfigSpec(streamInput()).slots.map(({ field }) => field)).toEqual([
      'block_sizes',
      'num_warps',
      'indexing',
      'pid_type',
    ])
  })

  it('leave a constant where a loop cannot be changed', () => {
    const input = matmulInput()
    const loops = input.loops.map((loop) => ({
      ...loop,
      canReorder: false,
      canFlatten: false,
      canUnrollFully: false,
    }))
    const spec = new ConfigSpec({ ...input, loops })
    const fields = ['loop_orders', 'flatten_loops', 'static_ranges']
    expect(
      spec.slots.filter(({ field }) => fields.includes(field)).map(({ fragment }) => fragment.cardinality),
    ).toEqual([1, 1, 1])
  })

  it('group the tiles of grids only, and reorder every loop over several blocks', () => {
    const input = matmulInput()
    const loops = [{ ...input.loops[0], kind: 'device' }, input.loops[0]] as typeof input.loops
    const { l2Groupings, loopOrders } = new ConfigSpec({ ...input, loops }).defaultConfig()
    expect([l2Groupings.length, loopOrders.length]).toEqual([1, 2])
  })

  it('keep rows of up to 8 elements whole', () => {
    const counts = [8, 9].map((size) => {
      const slot = new ConfigSpec(rowInput(size)).slots.find(({ field }) => field === 'reduction_loops')
      return slot?.fragment.cardinality
    })
    expect(counts).toEqual([1, 2])
  })

  it('keep a workgroup within the device', () => {
    const small = new ConfigSpec({ ...matmulInput(), maxInvocations: 256 })
    expect(() => small.normalize({ num_warps: 16 }, 'strict')).toThrow(
      'config field num_warps is 16; allowed: a power of two from 1 to 8',
    )
    expect(new ConfigSpec({ ...matmulInput(), maxInvocations: 64 }).defaultConfig().numWarps).toBe(2)
  })

  it('multiply to the cardinality', () => {
    expect(new ConfigSpec(streamInput()).cardinality).toBe(13 * 6 * 2 * 2 * 2)
  })
})

describe('the default config', () => {
  it('fills every slot', () => {
    expect(matmul.defaultConfig().data).toEqual({
      block_sizes: [64, 64, 16],
      loop_orders: [[0, 1]],
      flatten_loops: [false],
      l2_groupings: [1],
      range_unroll_factors: [0],
      static_ranges: [false],
      num_warps: 4,
      num_stages: 2,
      indexing: ['block_ptr', 'block_ptr', 'block_ptr'],
      dot_rows: [0],
      slice_k: [1],
      mma: ['fma'],
      pid_type: 'flat',
      num_sm_multiplier: 1,
    })
  })

  it('is what an empty config normalises to', () => {
    for (const input of [matmulInput(), rowInput(1024), rowInput(100_000), streamInput()]) {
      const spec = new ConfigSpec(input)
      expect(spec.normalize({}, 'strict').data).toEqual(spec.defaultConfig().data)
    }
  })

  it('streams rows too long for registers', () => {
    expect(new ConfigSpec(rowInput(16384)).defaultConfig().reductionLoops).toEqual([null])
    expect(new ConfigSpec(rowInput(16385)).defaultConfig().reductionLoops).toEqual([4096])
  })
})

describe('normalize', () => {
  const strict = (data: object) => matmul.normalize(new Config(data as never), 'strict')
  const repair = (data: object) => matmul.normalize(new Config(data as never), 'repair')

  it('fills gaps and repeats scalars', () => {
    const config = strict({ block_sizes: [32, 32, 8], indexing: 'pointer' })
    expect(config.blockSizes).toEqual([32, 32, 8])
    expect(config.indexing).toEqual(['pointer', 'pointer', 'pointer'])
    expect(config.numWarps).toBe(4)
  })

  it('reduces block sizes to the range of the call, strictly too', () => {
    const small = new ConfigSpec(matmulInput(64, 64, 64))
    expect(small.normalize({ block_sizes: [128, 32, 512] }, 'strict').blockSizes).toEqual([64, 32, 64])
  })

  it('makes a chunk that covers the row the whole row', () => {
    const spec = new ConfigSpec(rowInput(1000))
    expect(spec.normalize({ reduction_loops: [1024] }, 'strict').reductionLoops).toEqual([null])
    expect(spec.normalize({ reduction_loops: 512 }, 'strict').reductionLoops).toEqual([512])
  })

  it.each([
    [
      { block_sizes: [32, 32] },
      'config field block_sizes has 2 entries ([32, 32]); this kernel takes 3, one for each tile dimension',
    ],
    [{ range_unroll_factors: [9] }, 'config field range_unroll_factors is [9]; allowed: '],
    [{ blocksizes: [1] }, 'config has the unknown field blocksizes\n  Known here: block_sizes, loop_orders,'],
    [
      { num_sm_multiplier: 4 },
      "config has num_sm_multiplier: 4 with pid_type: 'flat'\n" +
        '  Remove num_sm_multiplier, or choose a persistent pid_type.',
    ],
    [
      { reduction_loops: [512] },
      'config field reduction_loops is [512], but this kernel has no row\n  Remove reduction_loops.',
    ],
  ])('refuses %j of people', (data, message) => {
    expect(() => strict(data)).toThrow(ConfigError)
    expect(() => strict(data)).toThrow(message)
  })

  it('takes stages beyond what there is for as many as there are', () => {
    for (const stages of [2, 3, 4]) expect(strict({ num_stages: stages }).numStages).toBe(2)
  })

  it('gives dots outside of loops no stages to decide about', () => {
    const input = matmulInput()
    const dots = input.dots.map((dot) => ({ ...dot, inLoop: false }))
    expect(new ConfigSpec({ ...input, dots }).slots.map(({ field }) => field)).not.toContain('num_stages')
  })

  it('accepts idle entries of fields that the kernel has no use for', () => {
    expect(strict({ reduction_loops: [null], num_threads: 0 }).data).toEqual(matmul.defaultConfig().data)
    expect(
      new ConfigSpec(streamInput()).normalize({ num_stages: 4 }, 'strict').data.num_stages,
    ).toBeUndefined()
  })

  it('repairs what a search may produce', () => {
    const config = repair({ block_sizes: [32], num_stages: 7, num_sm_multiplier: 8, unknown: 1 })
    expect(config.blockSizes).toEqual([32, 64, 16])
    expect([config.numStages, config.numSmMultiplier]).toEqual([2, 1])
    expect(config.data.unknown).toBeUndefined()
  })

  it('keeps the multiplier of a persistent launch', () => {
    expect(strict({ num_sm_multiplier: 4, pid_type: 'persistent_blocked' }).numSmMultiplier).toBe(4)
  })

  it('unrolls a loop in one way only', () => {
    expect(strict({ static_ranges: [true], range_unroll_factors: [3] }).rangeUnrollFactors).toEqual([0])
    expect(strict({ static_ranges: [false], range_unroll_factors: [3] }).rangeUnrollFactors).toEqual([3])
  })

  it('gives flat loops one form in a search', () => {
    const data = { flatten_loops: [true], loop_orders: [[1, 0]], l2_groupings: [8] }
    expect(repair(data).loopOrders).toEqual([[0, 1]])
    expect(repair(data).l2Groupings).toEqual([1])
    expect(repair({ ...data, flatten_loops: [false] }).l2Groupings).toEqual([8])
    expect(strict(data).loopOrders).toEqual([[1, 0]])
  })

  it('keeps threads along a row and groups of warps within the workgroup', () => {
    const spec = new ConfigSpec(rowInput(1024))
    expect(() => spec.normalize({ num_threads: 256, num_warps: 4 }, 'strict')).toThrow(
      'config has num_threads of 256 in a workgroup of 128 threads\n' +
        '  Set num_warps to at least 8, or num_threads to at most 128.',
    )
    expect(spec.normalize({ num_threads: 256, num_warps: 4 }, 'repair').numThreads).toEqual([128])
    expect(() => strict({ slice_k: 8, num_warps: 4 })).toThrow(
      'config has slice_k of 8 in a workgroup of 4 warps\n' +
        '  Set num_warps to at least 8, or slice_k to at most 4.',
    )
    expect(repair({ slice_k: 8, num_warps: 4 }).sliceK).toEqual([4])
  })

  it('keeps fields without meaning and names them once', () => {
    const data = { maxnreg: 64, load_eviction_policies: ['first', ''] }
    expect(strict(data).data).toMatchObject(data)
    strict(data)
    strict({ maxnreg: 64 })
    expect(lines).toEqual([
      'helion-aot: the config ignores maxnreg (WGSL says nothing of registers), ' +
        'load_eviction_policies (WGSL has no hints for caches)\n',
      'helion-aot: the config ignores maxnreg (WGSL says nothing of registers)\n',
    ])
  })

  it('knows registered tunables', () => {
    const spec = new ConfigSpec({ ...streamInput(), tunables: { split_k: powerOf2(1, 16, 4) } })
    expect(spec.normalize({}, 'strict').data.split_k).toBe(4)
    expect(() => spec.normalize({ split_k: 3 }, 'strict')).toThrow(
      'config field split_k is 3; allowed: a power of two from 1 to 16',
    )
    expect(() => spec.normalize({ split_n: 3 }, 'strict')).toThrow('config has the unknown field split_n')
    expect(() => new ConfigSpec({ ...streamInput(), tunables: { num_warps: integer(0, 1) } })).toThrow(
      'the tunable num_warps has the name of a config field',
    )
  })

  it('changes nothing the second time', () => {
    const random = new Random(3)
    for (const spec of [matmul, new ConfigSpec(rowInput(5000))])
      for (let trial = 0; trial < 300; trial++) {
        const data = Object.fromEntries(
          spec.slots.map(({ field, fragment }) => [field, fragment.random(random)]),
        )
        const once = spec.normalize(data, 'repair')
        expect(spec.normalize(once, 'repair').data).toEqual(once.data)
        expect(spec.normalize(once, 'strict').data).toEqual(once.data)
        expect(spec.normalize(once.minimize(spec), 'strict').data).toEqual(once.data)
      }
  })
})

describe('minimize', () => {
  it('keeps block sizes and what differs from the default', () => {
    const config = matmul.normalize({ num_warps: 8, block_sizes: [64, 64, 16] }, 'strict')
    expect(config.minimize(matmul).data).toEqual({ block_sizes: [64, 64, 16], num_warps: 8 })
  })
})

describe('shrink', () => {
  it('halves the largest block of each oversized tile', () => {
    const config = matmul.shrink(new Config({ block_sizes: [256, 256, 256], num_warps: 1 }), 64)
    expect(config.blockSizes).toEqual([32, 32, 64])
  })

  it('leaves small tiles alone', () => {
    const config = new Config({ block_sizes: [64, 32, 16] })
    expect(matmul.shrink(config, 2048).blockSizes).toEqual([64, 32, 16])
  })

  it('counts rows kept in registers, and chunks of those that are not', () => {
    const spec = new ConfigSpec(rowInput(4096))
    const data = { block_sizes: [64], num_warps: 4 }
    expect(spec.shrink(new Config(data), 64).blockSizes).toEqual([2])
    expect(spec.shrink(new Config({ ...data, reduction_loops: [256] }), 64).blockSizes).toEqual([32])
  })

  it('never lets a tile exceed 2^20 elements', () => {
    const spec = new ConfigSpec(matmulInput(2 ** 16, 2 ** 16, 2 ** 16))
    const config = new Config({ block_sizes: [4096, 4096, 16] })
    expect(spec.shrink(config, Number.POSITIVE_INFINITY).blockSizes).toEqual([1024, 1024, 16])
  })

  it('stops at the least block size', () => {
    const spec = new ConfigSpec(rowInput(16384))
    expect(spec.shrink(new Config({ block_sizes: [4], num_warps: 1 }), 1).blockSizes).toEqual([1])
  })
})

describe('default block sizes', () => {
  const sizes = (input: ConfigSpecInput) => new ConfigSpec(input).defaultConfig().blockSizes

  it('give rows of a reduction tiles of about 2048 elements', () => {
    expect(sizes(rowInput(64, 100_000))).toEqual([32])
    expect(sizes(rowInput(1024, 100_000))).toEqual([2])
    expect(sizes(rowInput(4096, 100_000))).toEqual([1])
  })

  it('leave enough programs for the device', () => {
    expect(sizes(rowInput(64, 512))).toEqual([4])
    expect(sizes(streamInput(2 ** 24))).toEqual([2048])
    expect(sizes(streamInput(2 ** 16))).toEqual([256])
  })

  it('count all blocks as one tile where none is described', () => {
    expect(sizes({ ...matmulInput(), dots: [], tiles: [] })).toEqual([1, 4, 512])
  })

  it('of small dots are even and deep, shared out among warps', () => {
    const standard = (changes: Partial<ConfigSpecInput>) => {
      const { data } = new ConfigSpec({ ...matmulInput(256, 256, 256), ...changes }).defaultConfig()
      return [data.block_sizes, data.num_warps, data.num_stages, data.slice_k]
    }
    expect(standard({})).toEqual([[32, 32, 32], 8, 2, [4]])
    expect(standard({ workgroupBytes: 49_152 })).toEqual([[32, 32, 64], 8, 2, [4]])
    // Sums that are read on the way cannot be shared out; a processor gains nothing from it.
    expect(standard({ dots: [{ maxRows: 16, maxSlices: 1 }] })).toEqual([[32, 32, 16], 4, 2, [1]])
    expect(standard({ software: true, computeUnits: 2 })).toEqual([[64, 64, 16], 2, 1, [1]])
  })

  it('respect the range and the author', () => {
    expect(sizes(streamInput(3))).toEqual([4])
    const [block] = streamInput().blocks
    expect(sizes({ ...streamInput(), blocks: block ? [{ ...block, default: 8 }] : [] })).toEqual([8])
  })
})

describe('the least block sizes that are searched', () => {
  const least = (input: ConfigSpecInput) => {
    const [slot] = new ConfigSpec(input).slots
    return slot && isTuple(slot.fragment) ? slot.fragment.items.map((item) => [...item.values()][0]) : []
  }

  it('make no more programs than the device can keep in flight', () => {
    expect(least({ ...matmulInput(4096, 4096, 4096), computeUnits: 132 })).toEqual([32, 32, 8])
    expect(least({ ...matmulInput(4096, 4096, 4096), computeUnits: 4 * 132 })).toEqual([16, 16, 8])
    expect(least(streamInput(2 ** 20))).toEqual([256])
  })

  it('never exceed the default, and do not bind people', () => {
    expect(least(rowInput(4096, 2 ** 20))).toEqual([1])
    const spec = new ConfigSpec(matmulInput(4096, 4096, 4096))
    expect(spec.normalize({ block_sizes: [1, 2, 4] }, 'strict').blockSizes).toEqual([1, 2, 4])
  })
})

describe('fingerprint', () => {
  it('is the same for the same input and differs with ranges, tiles and choices', () => {
    const base = matmulInput()
    const prints = [
      base,
      matmulInput(512),
      { ...base, tiles: base.tiles.slice(1) },
      { ...base, memoryOps: base.memoryOps.slice(1) },
      { ...base, maxInvocations: 512 },
      { ...base, pidTypes: ['flat'] as const },
      { ...base, tunables: { split_k: integer(1, 4) } },
    ].map((input) => new ConfigSpec(input).fingerprint)
    expect(new Set(prints).size).toBe(prints.length)
    expect(new ConfigSpec(matmulInput()).fingerprint).toBe(prints[0])
  })
})
