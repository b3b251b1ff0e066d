/** Each config field that acts changes the text or the launch as it says, and never the answer. */
import { describe, expect, it } from 'vitest'
import type { WgslProgram } from '../../src/codegen/program.ts'
import type { ConfigInput } from '../../src/config/config.ts'
import { ACTING_ROWS, type ActingField } from '../../src/config/fields.ts'
import type { InertField } from '../../src/config/inert_fields.ts'
import type { AnyFunction } from '../../src/kernel/options.ts'
import { hl, type Tensor } from '../../src/language/index.ts'
import { type Input, whole } from './inputs.ts'
import * as kernels from './kernels.ts'
import { Subject } from './subject.ts'

interface Case {
  readonly fn: AnyFunction
  readonly inputs: () => readonly Input[]
  readonly base?: ConfigInput
  /** Values of the field, with the facts about the program that it decides. */
  readonly values: readonly (readonly [value: unknown, facts: Readonly<Record<string, unknown>>])[]
  readonly facts: (program: WgslProgram, wgsl: string) => Readonly<Record<string, unknown>>
}

const count = (text: string, pattern: RegExp): number => [...text.matchAll(pattern)].length
const vectors = { fn: kernels.vectorAdd, inputs: () => [whole([1024]), whole([1024])] }
const rows = { fn: kernels.columnSums, inputs: () => [whole([64, 32])] }
const grid = { fn: kernels.biasAdd, inputs: () => [whole([32, 64]), whole([64])] }
const product = { fn: kernels.matmul, inputs: () => [whole([32, 32]), whole([32, 32])] }

function rowSums(x: Tensor): Tensor {
  const out = hl.empty([x.shape[0]])
  for (const t of hl.tile(x.shape[0])) out.at(t).set(x.at(t, ':').sum(1))
  return out
}
const sums = { fn: rowSums, inputs: () => [whole([8, 256])] }

const CASES: Readonly<Record<ActingField, Case>> = {
  block_sizes: {
    ...vectors,
    values: [
      [[64], { count: 16, begin: '64u' }],
      [[256], { count: 4, begin: '256u' }],
    ],
    facts: ({ dispatches: [first] }, wgsl) => ({
      count: first?.grid.kind === 'linear' && first.grid.count,
      begin: /tile0_id \* (\w+);/.exec(wgsl)?.[1],
    }),
  },
  num_warps: {
    ...vectors,
    base: { block_sizes: [256] },
    values: [
      [1, { size: 32, loads: 4 }],
      [2, { size: 64, loads: 2 }],
      [8, { size: 256, loads: 2 }],
    ],
    facts: ({ dispatches: [first] }, wgsl) => ({
      size: first?.workgroupSize,
      loads: count(wgsl, /= [xy]_vec4\[/g),
    }),
  },
  num_threads: {
    ...sums,
    base: { block_sizes: [8], num_warps: 1 },
    values: [
      [[4], { lane: 'thread % 4u' }],
      [[16], { lane: 'thread % 16u' }],
    ],
    facts: (_, wgsl) => ({ lane: /slice1_lane = \((.*?)\) << 2u/.exec(wgsl)?.[1] }),
  },
  reduction_loops: {
    ...sums,
    values: [
      [[null], { loop: undefined }],
      [[32], { loop: '32u' }],
      [[128], { loop: '128u' }],
    ],
    facts: (_, wgsl) => ({ loop: /slice1_0 \+= (\w+)\)/.exec(wgsl)?.[1] }),
  },
  loop_orders: {
    ...grid,
    base: { block_sizes: [8, 16] },
    values: [
      [[[0, 1]], { fastest: 'tile1_id = program_id % 4u' }],
      [[[1, 0]], { fastest: 'tile0_id = program_id % 4u' }],
    ],
    facts: (_, wgsl) => ({ fastest: /tile\d_id = program_id % 4u/.exec(wgsl)?.[0] }),
  },
  flatten_loops: {
    ...grid,
    base: { block_sizes: [8, 16] },
    values: [
      [[false], { flat: false, count: 16 }],
      [[true], { flat: true, count: 16 }],
    ],
    facts: ({ dispatches: [first] }, wgsl) => ({
      flat: wgsl.includes('flat_at'),
      count: first?.grid.kind === 'linear' && first.grid.count,
    }),
  },
  l2_groupings: {
    ...grid,
    base: { block_sizes: [8, 16] },
    values: [
      [[1], { group: undefined }],
      [[2], { group: '2u' }],
      [[4], { group: '4u' }],
    ],
    facts: (_, wgsl) => ({ group: /rows_here = min\(.*, (\w+)\)/.exec(wgsl)?.[1] }),
  },
  range_unroll_factors: {
    ...rows,
    base: { block_sizes: [32, 8], num_warps: 1 },
    values: [
      [[1], { step: '8u', loads: 1 }],
      [[2], { step: '16u', loads: 2 }],
      [[4], { step: '32u', loads: 4 }],
    ],
    facts: (_, wgsl) => ({
      step: /tile1_0 \+= (\w+)\)/.exec(wgsl)?.[1],
      loads: count(wgsl, /let x_\d+ = vec4f|let x_\d+ = x_vec4/g) / 2,
    }),
  },
  static_ranges: {
    ...rows,
    base: { block_sizes: [32, 16], num_warps: 1 },
    values: [
      [[false], { loops: 1 }],
      [[true], { loops: 0 }],
    ],
    facts: (_, wgsl) => ({ loops: count(wgsl, /for \(var tile1/g) }),
  },
  num_stages: {
    ...product,
    base: { block_sizes: [16, 16, 8], num_warps: 1 },
    values: [
      [1, { waiting: false }],
      [2, { waiting: true }],
    ],
    facts: (_, wgsl) => ({ waiting: wgsl.includes('var waiting_') }),
  },
  // Products without matrix units have no steps; test/codegen/subgroup_matrices.test.ts has those with them.
  late_loads: {
    ...product,
    base: { block_sizes: [16, 16, 8], num_warps: 1, num_stages: 2 },
    values: [
      [false, { waiting: true }],
      [true, { waiting: true }],
    ],
    facts: (_, wgsl) => ({ waiting: wgsl.includes('var waiting_') }),
  },
  indexing: {
    ...vectors,
    base: { block_sizes: [256], num_warps: 2 },
    values: [
      ['block_ptr', { x: 'vec4f', y: 'vec4f', out: 'vec4f' }],
      ['pointer', { x: 'f32', y: 'f32', out: 'f32' }],
      [['pointer', 'block_ptr', 'block_ptr'], { x: 'f32', y: 'vec4f', out: 'vec4f' }],
      [['block_ptr', 'block_ptr', 'pointer'], { x: 'vec4f', y: 'vec4f', out: 'f32' }],
    ],
    facts: (_, wgsl) => {
      const [x, y, out] = [...wgsl.matchAll(/var<storage, \w+> \w+: array<(\w+)>/g)].map(([, type]) => type)
      return { x, y, out }
    },
  },
  dot_rows: {
    ...product,
    base: { block_sizes: [16, 16, 8], num_warps: 1 },
    values: [
      [[1], { rows: 1 }],
      [[2], { rows: 2 }],
      [[4], { rows: 4 }],
    ],
    facts: (_, wgsl) => {
      const products = [...wgsl.matchAll(/= fma\((.*), part_/g)].map(([, left]) => left)
      return { rows: new Set(products.join().match(/part_0(?:\.\w)?/g)).size }
    },
  },
  slice_k: {
    ...product,
    base: { block_sizes: [16, 16, 8], num_warps: 4 },
    values: [
      [[1], { rounds: '8u', slice: undefined }],
      [[2], { rounds: '4u', slice: '(thread >> 6u) << 2u' }],
      [[4], { rounds: '2u', slice: '(thread >> 5u) << 1u' }],
    ],
    facts: (_, wgsl) => ({
      rounds: /k_0 < (\w+);/.exec(wgsl)?.[1],
      slice: /let tile2_lane\w* = (\(thread >> \du\) << \du);/.exec(wgsl)?.[1],
    }),
  },
  mma: {
    ...product,
    base: { block_sizes: [2, 16, 8], num_warps: 1 },
    values: [
      ['fma', { staged: true, sums: false }],
      ['direct', { staged: false, sums: true }],
    ],
    facts: (_, wgsl) => ({ staged: wgsl.includes('operand_'), sums: wgsl.includes('exchange_') }),
  },
  split_sums: {
    ...product,
    base: { block_sizes: [16, 16, 8], num_warps: 2 },
    values: [
      [[1], { counts: [4], scratch: [], parts: 0 }],
      [[2], { counts: [8, 4], scratch: [2 * 32 * 32 * 4], parts: 2 }],
      [[4], { counts: [16, 4], scratch: [4 * 32 * 32 * 4], parts: 4 }],
    ],
    facts: ({ dispatches, scratch }, wgsl) => ({
      counts: dispatches.map(({ grid: launched }) => launched.kind === 'linear' && launched.count),
      scratch: scratch.map(({ bytes }) => bytes),
      parts: count(wgsl, /= parts0_vec4\[/g),
    }),
  },
  chained_scans: {
    fn: (x: Tensor) => x.cumsum(0),
    inputs: () => [whole([300])],
    base: { num_warps: 1, reduction_loops: [16] },
    values: [
      [[0], { dispatches: 1, scratch: [], looks: 0 }],
      [[1], { dispatches: 1, scratch: [(3 + 19) * 4], looks: 1 }],
    ],
    facts: ({ dispatches, scratch }, wgsl) => ({
      dispatches: dispatches.length,
      scratch: scratch.map(({ bytes }) => bytes),
      looks: count(wgsl, /fn await_/g),
    }),
  },
  pid_type: {
    ...grid,
    base: { block_sizes: [8, 16] },
    values: [
      ['flat', { grid: { kind: 'linear', count: 16 }, loop: undefined }],
      ['xyz', { grid: { kind: 'xyz', counts: [4, 4, 1] }, loop: undefined }],
      [
        'persistent_blocked',
        {
          grid: { kind: 'linear', count: 7 },
          loop: 'var program_id = workgroup.x * programs_each; program_id < programs_end; program_id++',
        },
      ],
      [
        'persistent_interleaved',
        {
          grid: { kind: 'linear', count: 7 },
          loop: 'var program_id = workgroup.x; program_id < 16u; program_id += workgroups.x',
        },
      ],
    ],
    facts: ({ dispatches: [first] }, wgsl) => ({
      grid: first?.grid,
      loop: /for \((var program_id.*)\)/.exec(wgsl)?.[1],
    }),
  },
  num_sm_multiplier: {
    ...vectors,
    base: { block_sizes: [4], num_warps: 1, pid_type: 'persistent_interleaved' },
    values: [
      [1, { workgroups: 7 }],
      [4, { workgroups: 28 }],
    ],
    facts: ({ dispatches: [first] }) => ({ workgroups: first?.grid.kind === 'linear' && first.grid.count }),
  },
}

describe.each([...ACTING_ROWS.keys()])('%s', (field) => {
  const { fn, inputs, base, values, facts } = CASES[field]
  it.each(values.map(([value, expected]) => ({ value, expected })))('$value', async ({ value, expected }) => {
    const subject = await Subject.of(fn, inputs(), { staticShapes: true })
    const limits = { computeUnits: 7, subgroupSize: 0 }
    const config = { ...base, [field]: value } as ConfigInput
    expect(facts(subject.compile(config, limits), subject.wgsl(config, limits))).toEqual(expected)
    await subject.expectRight(config, limits)
  })
})

it('tensor_descriptor stages what lies otherwise in memory than in the tile', async () => {
  const subject = await Subject.of(kernels.transpose, [whole([32, 64])], { staticShapes: true })
  const base = { block_sizes: [16, 16], num_warps: 1 }
  const stores = (config: ConfigInput) => [
    subject.wgsl(config).includes('exchange_'),
    subject.wgsl(config).includes('local1_vec4['),
  ]
  const staged = { ...base, indexing: ['block_ptr', 'tensor_descriptor'] } as const
  expect([stores(base), stores(staged)]).toEqual([
    [false, false],
    [true, true],
  ])
  await subject.expectAllRight([base, staged])
})

const INERT: Readonly<Record<InertField, unknown>> = {
  range_warp_specializes: [null],
  range_num_stages: [3],
  range_multi_buffers: [true],
  range_flattens: [false],
  load_eviction_policies: ['first', 'last'],
  load_cache_modifiers: ['.cg', ''],
  store_cache_modifiers: ['.cs'],
  atomic_indexing: ['pointer'],
  maxnreg: 64,
  advanced_controls_file: 'x.acf',
  epilogue_subtile: 2,
  index_dtype: 'int64',
  xcd_remap: true,
  pallas_load_buffer_count: [2, 2],
}

it.each(Object.entries(INERT))('%s is accepted and changes nothing', async (field, value) => {
  const subject = await Subject.of(vectors.fn, vectors.inputs(), { staticShapes: true })
  const config = { [field]: value } as ConfigInput
  expect(subject.spec.normalize(config, 'strict').data).toHaveProperty(field)
  expect(subject.wgsl(config)).toBe(subject.wgsl())
  // Configs of a search that differ in nothing else are one.
  expect(subject.config(config)).toEqual(subject.config())
})
