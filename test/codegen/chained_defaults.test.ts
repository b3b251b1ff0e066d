/** The default configs of attention on an H200: tiles, warps, and chunks of wide heads. */
import { expect, it } from 'vitest'
import { causalAttention, headAttention } from '../gpu/matrix_kernels.ts'
import { Compiled } from './compiling.ts'
import { DEVICES } from './devices.ts'

const MATRIX = { m: 16, n: 16, k: 16, operand: 'f16', result: 'f32' } as const

it.each([
  [
    'f32',
    headAttention,
    [16, 2048, 128],
    { block_sizes: [128, 32], num_warps: 8, reduction_loops: [null, 32] },
  ],
  [
    'f32',
    headAttention,
    [32, 512, 128],
    { block_sizes: [128, 32], num_warps: 8, reduction_loops: [null, 32] },
  ],
  [
    'f32',
    headAttention,
    [32, 128, 128],
    { block_sizes: [16, 32], num_warps: 4, reduction_loops: [null, null] },
  ],
  [
    'f32',
    headAttention,
    [16, 2048, 64],
    { block_sizes: [64, 64], num_warps: 4, reduction_loops: [null, null] },
  ],
  [
    'f32',
    causalAttention,
    [16, 2048, 128],
    { block_sizes: [32, 32], num_warps: 4, reduction_loops: [null, null] },
  ],
  ['f16', headAttention, [16, 2048, 64], { block_sizes: [128, 32], num_warps: 4 }],
  ['f16', causalAttention, [16, 2048, 64], { block_sizes: [128, 32], num_warps: 8 }],
  ['f16', causalAttention, [14, 1024, 64], { block_sizes: [32, 32], num_warps: 4 }],
] as const)('%s, %o, %j', (dtype, fn, shape, wanted) => {
  const q = { shape, dtype, data: [], dynamic: undefined }
  for (const dynamic of [false, true]) {
    const limits = { ...DEVICES.H200, registerBudget: 200, subgroupMatrices: [MATRIX] }
    const { spec } = new Compiled(fn as never, [q, q, q] as never, { ...limits, dynamic })
    expect(spec.defaultConfig().data).toMatchObject(wanted)
  }
})
