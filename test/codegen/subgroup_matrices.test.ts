/** Products on subgroup matrices, on the workgroup interpreter: every shape of matrix that adapters list. */
import { expect, it } from 'vitest'
import type { SubgroupMatrix } from '../../src/codegen/program.ts'
import { hl } from '../../src/language/hl.ts'
import type { Tensor } from '../../src/language/tensors/tensor.ts'
import { randomConfigs } from '../config/random_configs.ts'
import { whole } from '../gpu/inputs.ts'
import { attention, linearRelu, matmul } from '../gpu/kernels.ts'
import { causalAttention, halfSums, headAttention } from '../gpu/matrix_kernels.ts'
import type { HostArgument } from '../language/harness.ts'
import { bmm } from './batched_kernels.ts'
import { Compiled } from './compiling.ts'
import { DEVICES } from './devices.ts'
import { OnCpu } from './on_cpu.ts'

const CONFIGS = Number(process.env.RANDOM_CONFIGS ?? 4)
const TOLERANCE = { abs: 1e-2, rel: 1e-2 }

function half(shape: readonly number[]): HostArgument {
  return { ...whole(shape, 'f16'), dynamic: undefined }
}

function matrix(m: number, n: number, k: number, result: 'f32' | 'f16' = 'f32'): SubgroupMatrix {
  return { m, n, k, operand: 'f16', result }
}

/** Both operands as they lie the other way round; the sums begin with what is there. */
function transposedInto(x: Tensor, y: Tensor, bias: Tensor): Tensor {
  const [k, m] = x.shape
  const n = y.shape[0]
  const out = hl.empty([m, n])
  for (const [tm, tn] of hl.tile([m, n])) {
    const acc = hl.zeros([tm, tn]).add(bias.at(tn))
    const sums = hl.full([tm, tn], 0)
    sums.assign(acc)
    for (const tk of hl.tile(k)) sums.addDot(x.at(tk, tm).transpose(), y.at(tn, tk).transpose())
    out.at(tm, tn).set(sums)
  }
  return out
}

/** Two products, of which one is an operand of the other. */
function chained(x: Tensor, y: Tensor, z: Tensor): Tensor {
  const [m] = x.shape
  const out = hl.empty([m, z.shape[1]], x.dtype)
  for (const tm of hl.tile(m))
    out.at(tm, ':').set(x.at(tm, ':').dot(y.at(':', ':')).to('f16').dot(z.at(':', ':')))
  return out
}

type Case = readonly [(...args: never[]) => unknown, readonly HostArgument[], SubgroupMatrix]

const CASES: Readonly<Record<string, Case>> = {
  'of one row after another': [matmul, [half([32, 32]), half([32, 64])], matrix(16, 16, 16)],
  'with ragged edges': [matmul, [half([37, 29]), half([29, 51])], matrix(16, 16, 16)],
  'of 16 x 8 matrices': [matmul, [half([32, 16]), half([16, 40])], matrix(16, 8, 16)],
  'of 16 x 8 x 8 matrices': [matmul, [half([16, 24]), half([24, 32])], matrix(16, 8, 8)],
  'of 8 x 8 matrices': [matmul, [half([24, 16]), half([16, 32])], matrix(8, 8, 8)],
  'in f16': [halfSums, [half([32, 24]), half([24, 32])], matrix(16, 16, 16, 'f16')],
  'of a transposed weight': [linearRelu, [half([32, 40]), half([48, 40]), half([48])], matrix(16, 16, 16)],
  'of transposed operands': [
    transposedInto,
    [half([32, 48]), half([32, 32]), half([32])],
    matrix(16, 16, 16),
  ],
  'of a batch': [bmm, [half([2, 32, 16]), half([2, 16, 32])], matrix(16, 16, 16)],
  'of products': [chained, [half([32, 16]), half([16, 32]), half([32, 16])], matrix(16, 16, 16)],
  'of nothing': [matmul, [half([32, 0]), half([0, 32])], matrix(16, 16, 16)],
  'in attention of heads': [
    headAttention,
    [half([2, 32, 32]), half([2, 64, 32]), half([2, 64, 32])],
    matrix(16, 16, 16),
  ],
  'in causal attention': [
    causalAttention,
    [half([1, 64, 32]), half([1, 64, 32]), half([1, 64, 32])],
    matrix(16, 16, 16),
  ],
  'in causal attention with ragged edges': [
    causalAttention,
    [half([1, 43, 16]), half([1, 43, 16]), half([1, 43, 16])],
    matrix(16, 16, 16),
  ],
  'in attention': [attention, [half([32, 16]), half([48, 16]), half([48, 16])], matrix(16, 16, 16)],
}

it.each(Object.keys(CASES).flatMap((name) => [true, false].map((dynamic) => ({ name, dynamic }))))(
  'a product $name, dynamic: $dynamic',
  ({ name, dynamic }) => {
    const [fn, args, of] = CASES[name] ?? expect.fail(name)
    const subject = new OnCpu(fn as never, args, {
      dynamic,
      subgroupMatrices: [of],
      tolerance: TOLERANCE,
    })
    subject.expectRight()
    const { spec, input } = subject.compiled
    const mma = input.dots.map(({ matrix: cuts }) => (cuts ? 'subgroup_matrix' : 'fma'))
    expect(mma).toContain('subgroup_matrix')
    const configs = randomConfigs(spec, CONFIGS, 7).map(({ data }) =>
      spec.normalize({ ...data, mma }, 'repair'),
    )
    const outcomes = configs.map(({ data }) => subject.outcome(data))
    expect(outcomes).toContain('right')
  },
)

it.each([
  [
    { block_sizes: [8, 32, 16] },
    'matrix units multiply tiles of at least 16 rows and 16 columns; the config has 8 x 32',
  ],
  [
    { block_sizes: [32, 32, 8] },
    'subgroup matrices contract at least 16 positions at a time; the config has 8',
  ],
  [{ block_sizes: [16, 32, 16], num_warps: 4 }, '4 subgroups share 2 matrices of 16 x 16'],
])('%j is refused', (config, message) => {
  const subject = new OnCpu(matmul as never, [half([64, 64]), half([64, 64])], {
    subgroupMatrices: [matrix(16, 16, 16)],
  })
  const asked = { num_warps: 1, ...config, mma: ['subgroup_matrix'] as const }
  expect(() => subject.run(asked)).toThrow(message)
})

it.each([
  ['256 x 256 x 32 and 16 subgroups', halfSums, 'f16', [256, 256, 32], 16, 49_152],
  ['128 x 128 x 64 and 8 subgroups', matmul, 'f32', [128, 128, 64], 8, 49_152],
  ['64 x 64 x 32, in the memory of a phone', matmul, 'f32', [64, 64, 32], 4, 14_400],
] as const)(
  'sums come out in the memory that operands leave: %s',
  (_, fn, result, tiles, num_warps, bytes) => {
    const [m, n, k] = tiles
    const subject = new OnCpu(fn as never, [half([m, 2 * k]), half([2 * k, n])], {
      ...DEVICES.H200,
      subgroupMatrices: [matrix(16, 16, 16, result)],
      maxWorkgroupBytes: bytes,
      registerBudget: 200,
      tolerance: TOLERANCE,
    })
    subject.expectRight({ block_sizes: [...tiles], num_warps, num_stages: 2, mma: ['subgroup_matrix'] })
  },
)

it.each([
  [
    'of f16',
    matmul,
    'f32',
    [
      [40, 200],
      [200, 56],
    ],
    [32, 32, 64],
    4,
    4,
  ],
  [
    'of more subgroups than matrices',
    matmul,
    'f32',
    [
      [32, 128],
      [128, 16],
    ],
    [16, 16, 128],
    8,
    8,
  ],
  [
    'with sums in f16',
    halfSums,
    'f16',
    [
      [32, 128],
      [128, 64],
    ],
    [32, 64, 32],
    4,
    2,
  ],
  [
    'of operands that lie the other way',
    transposedInto,
    'f32',
    [[96, 48], [40, 96], [40]],
    [16, 32, 32],
    4,
    2,
  ],
  ['of a transposed weight', linearRelu, 'f32', [[32, 80], [48, 80], [48]], [32, 16, 64], 8, 4],
] as const)(
  'subgroups share out the depth of a product %s',
  (_, fn, result, shapes, tiles, num_warps, slices) => {
    const subject = new OnCpu(fn as never, shapes.map(half), {
      ...DEVICES.H200,
      subgroupMatrices: [matrix(16, 16, 16, result)],
      registerBudget: 200,
      tolerance: TOLERANCE,
    })
    for (const num_stages of [1, 2]) {
      const config = { num_warps, num_stages, slice_k: [slices], mma: ['subgroup_matrix'] } as const
      subject.expectRight({ ...config, block_sizes: [...tiles] })
    }
  },
)

it.each([
  [matmul, 'f32', [128, 128, 32], 4, 2],
  [halfSums, 'f16', [128, 128, 32], 4, 2],
  [matmul, 'f32', [64, 64, 64], 4, 2],
  [matmul, 'f32', [64, 128, 32], 4, 3],
  [matmul, 'f32', [128, 128, 32], 8, 2],
  [linearRelu, 'f32', [128, 128, 32], 4, 2],
] as const)(
  'sums that come out leave room for as many workgroups as operands do: %o, %s, %o, %i warps, %i workgroups',
  (fn, result, tiles, num_warps, workgroups) => {
    const shapes =
      fn === linearRelu
        ? [[512, 512], [512, 512], [512]]
        : [
            [512, 512],
            [512, 512],
          ]
    const subject = new Compiled(fn as never, shapes.map(half), {
      ...DEVICES.H200,
      subgroupMatrices: [matrix(16, 16, 16, result)],
      registerBudget: 200,
    })
    const config = { block_sizes: [...tiles], num_warps, num_stages: 2, mma: ['subgroup_matrix'] } as const
    const [dispatch] = subject.program(config).dispatches
    expect(dispatch?.workgroupBytes).toBeLessThanOrEqual(49_152 / workgroups - 512)
  },
)

it.each([
  [
    'plain',
    matmul,
    [
      [40, 72],
      [72, 40],
    ],
    { block_sizes: [32, 32, 32], num_warps: 4 },
  ],
  [
    'in slices',
    matmul,
    [
      [40, 72],
      [72, 40],
    ],
    { block_sizes: [32, 32, 32], num_warps: 4, slice_k: [2] },
  ],
  [
    'of attention',
    headAttention,
    [
      [2, 32, 16],
      [2, 64, 16],
      [2, 64, 16],
    ],
    { block_sizes: [32, 32], num_warps: 2 },
  ],
] as const)('late loads come after the first step of products: %s', (_, fn, shapes, config) => {
  const subject = new OnCpu(fn as never, shapes.map(half), {
    subgroupMatrices: [matrix(16, 16, 16)],
    tolerance: TOLERANCE,
  })
  const mma = subject.compiled.input.dots.map(() => 'subgroup_matrix' as const)
  for (const late_loads of [false, true]) {
    const whole = { ...config, num_stages: 2, mma, late_loads }
    subject.expectRight(whole)
    const [{ wgsl } = { wgsl: '' }] = subject.compiled.program(whole).dispatches
    const round = wgsl.slice(wgsl.indexOf('for (var tile'))
    const [products, loads] = ['subgroupMatrixMultiplyAccumulate', 'let words_'].map((text) =>
      round.indexOf(text),
    )
    expect([products, loads].includes(-1)).toBe(false)
    expect((products ?? 0) < (loads ?? 0)).toBe(late_loads)
  }
})

it.each([true, false])('rounds that load ahead are written out two by two, dynamic: %s', (dynamic) => {
  for (const depth of [32, 64, 72, 96]) {
    const subject = new OnCpu(matmul as never, [half([40, depth]), half([depth, 24])], {
      dynamic,
      subgroupMatrices: [matrix(16, 16, 16)],
      tolerance: TOLERANCE,
    })
    const config = {
      block_sizes: [32, 16, 32],
      num_warps: 2,
      num_stages: 2,
      range_unroll_factors: [2],
    } as const
    const asked = { ...config, mma: ['subgroup_matrix'] } as const
    subject.expectRight(asked)
    const [{ wgsl } = { wgsl: '' }] = subject.compiled.program(asked).dispatches
    expect(wgsl).toContain(' += 64u')
  }
})

it('a device without matrices for the dtypes is named', () => {
  const subject = new OnCpu(matmul as never, [half([64, 64]), half([64, 64])])
  expect(() => subject.run({ mma: ['subgroup_matrix'] })).toThrow(
    'the device has no subgroup matrices for products of f16 with sums in f32',
  )
})

it('f16 is asked for where only fragments have it', () => {
  const subject = new OnCpu(matmul as never, [half([32, 64]), half([64, 32])], {
    subgroupMatrices: [matrix(16, 16, 16)],
    tolerance: TOLERANCE,
  })
  const config = {
    block_sizes: [32, 32, 16],
    num_warps: 2,
    split_sums: [2],
    mma: ['subgroup_matrix'],
  } as const
  subject.expectRight(config)
  for (const { wgsl } of subject.compiled.program(config).dispatches)
    if (wgsl.includes('f16')) expect(wgsl).toContain('enable f16;')
})

it.each([
  [1, 4096, { block_sizes: [1, 32, 512], num_warps: 16, mma: ['direct'], split_sums: [1] }],
  [16, 4096, { block_sizes: [16, 32, 64], num_warps: 2, mma: ['subgroup_matrix'], split_sums: [4] }],
  // 5.4 us instead of 7.3 with 32 x 32 x 64.
  [512, 512, { block_sizes: [64, 32, 128], num_warps: 4, mma: ['subgroup_matrix'], split_sums: [1] }],
  // 13.7 us instead of 15.3 with 64 x 64 x 64.
  [1024, 1024, { block_sizes: [128, 64, 64], num_warps: 4, mma: ['subgroup_matrix'], split_sums: [1] }],
  // 64 and 465 us instead of 65 and 484 with a depth of 64.
  [2048, 2048, { block_sizes: [128, 128, 32], num_warps: 4, mma: ['subgroup_matrix'], split_sums: [1] }],
  [
    4096,
    4096,
    {
      block_sizes: [128, 128, 32],
      num_warps: 4,
      mma: ['subgroup_matrix'],
      split_sums: [1],
      l2_groupings: [1],
    },
  ],
  // 112 tiles in a row.
  [1024, 14_336, { block_sizes: [128, 128, 32], num_warps: 4, mma: ['subgroup_matrix'], l2_groupings: [8] }],
])('the default of %d rows and %d columns on an H200', (m, n, expected) => {
  const sized = (shape: readonly number[]) => ({ shape, dtype: 'f16', data: [], dynamic: undefined })
  const { spec } = new Compiled(matmul as never, [sized([m, n]), sized([n, n])] as never, {
    ...DEVICES.H200,
    registerBudget: 200,
    subgroupMatrices: [matrix(16, 16, 16)],
  })
  expect(spec.defaultConfig().data).toMatchObject(expected)
})

it.each([
  // Programs of its heads count: nothing is split. 102 us; 137 with 128 x 64 by 8 warps.
  [16, 2048, 64, { block_sizes: [128, 32], num_warps: 4, split_sums: [1] }],
  // 204 us; 250 with 64 x 64.
  [16, 2048, 128, { block_sizes: [128, 32], num_warps: 8, split_sums: [1] }],
  // No matrices are small enough for so wide a head.
  [8, 1024, 512, { mma: ['fma', 'fma'] }],
])('the default of attention of %d heads x %d x %d', (heads, n, width, expected) => {
  const q = { shape: [heads, n, width], dtype: 'f16', data: [], dynamic: undefined }
  const { spec } = new Compiled(headAttention as never, [q, q, q] as never, {
    ...DEVICES.H200,
    registerBudget: 200,
    subgroupMatrices: [matrix(16, 16, 16)],
  })
  expect(spec.defaultConfig().data).toMatchObject(expected)
})
