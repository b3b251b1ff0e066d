/** Attention on matrix units: scores leave their fragments, and weights come where they were. */
import { describe, expect, it } from 'vitest'
import { Random } from '../../src/support/random.ts'
import { causalAttention, headAttention } from '../gpu/matrix_kernels.ts'
import { type HostArgument, host } from '../language/harness.ts'
import { Compiled } from './compiling.ts'
import { DEVICES } from './devices.ts'
import { OnCpu } from './on_cpu.ts'

const MATRIX = { m: 16, n: 16, k: 16, operand: 'f16', result: 'f32' } as const
const ON_MATRICES = { mma: ['subgroup_matrix', 'subgroup_matrix'] } as const

/** Keys that grow by `step` with every 16 rows: so do the maxima of scores. */
function heads(rows: number, width: number, step: number): readonly HostArgument[] {
  const chance = new Random(3)
  const shape = [1, rows, width]
  const values = (size: (row: number) => number): HostArgument =>
    host(shape, (i) => Math.round(16 * size(Math.floor(i / width)) * chance.next()) / 16, 'f16')
  return [
    values(() => 2),
    host(shape, (i) => Math.floor(i / width / 16) * step + Math.round(8 * chance.next()) / 8, 'f16'),
    values(() => 4),
  ].map((argument) => ({ ...argument, dynamic: undefined }))
}

function roundOf(wgsl: string): string {
  return wgsl.slice(wgsl.indexOf('for (var tile'))
}

describe('weights lie where the scores came out', () => {
  it.each([
    { fn: headAttention, rows: 64, width: 32, block_sizes: [32, 32], num_warps: 2 },
    { fn: headAttention, rows: 64, width: 64, block_sizes: [64, 32], num_warps: 2 },
    { fn: headAttention, rows: 96, width: 32, block_sizes: [16, 64], num_warps: 1 },
    { fn: headAttention, rows: 64, width: 16, block_sizes: [32, 64], num_warps: 1 },
    { fn: causalAttention, rows: 64, width: 32, block_sizes: [32, 32], num_warps: 2 },
    { fn: causalAttention, rows: 75, width: 32, block_sizes: [32, 32], num_warps: 1 },
  ])('$fn.name, $rows x $width in $block_sizes by $num_warps', ({ fn, rows, width, ...config }) => {
    for (const step of [0, 0.5]) {
      const subject = new OnCpu(fn as never, heads(rows, width, step), {
        subgroupMatrices: [MATRIX],
        tolerance: { abs: 1e-2, rel: 1e-2 },
      })
      for (const num_stages of [1, 2]) subject.expectRight({ ...config, ...ON_MATRICES, num_stages })
      const wgsl = subject.compiled.wgsl({ ...config, ...ON_MATRICES })
      // One for what comes out and goes back, one for the operands in turn.
      expect(wgsl.match(/var<workgroup> matrix_/g)).toHaveLength(2)
    }
  })

  it('takes three barriers a round, and the answer to the question whether to rescale', () => {
    const subject = new OnCpu(headAttention as never, heads(64, 32, 0), { subgroupMatrices: [MATRIX] })
    const wgsl = subject.compiled.wgsl({ block_sizes: [32, 32], num_warps: 2, ...ON_MATRICES })
    const [before = '', after = ''] = roundOf(wgsl).split('workgroupUniformLoad')
    expect(before.match(/workgroupBarrier/g)).toHaveLength(3)
    const rest = after.slice(after.indexOf('\n    }\n'), after.indexOf('\n  }\n'))
    expect(rest).toContain('subgroupMatrixMultiplyAccumulate')
    expect(rest).not.toContain('workgroupBarrier')
  })

  it('not where keys are too few for what a product takes at once', () => {
    const subject = new OnCpu(headAttention as never, heads(64, 32, 0.5), {
      subgroupMatrices: [MATRIX],
      tolerance: { abs: 1e-2, rel: 1e-2 },
    })
    const config = { block_sizes: [32, 16], num_warps: 2, ...ON_MATRICES } as const
    subject.expectRight(config)
    expect(subject.compiled.wgsl(config).match(/var<workgroup> matrix_/g)).toHaveLength(3)
  })
})

it.each([
  [[128, 32], 8, 2],
  [[128, 32], 4, 2],
  [[64, 32], 4, 3],
] as const)(
  'tiles of %j by %d subgroups: %d workgroups share a processor of an H200',
  (tile, num_warps, many) => {
    const q = { shape: [16, 2048, 64], dtype: 'f16', data: [], dynamic: undefined }
    const compiled = new Compiled(headAttention as never, [q, q, q] as never, {
      ...DEVICES.H200,
      registerBudget: 255,
      subgroupMatrices: [MATRIX],
    })
    const wgsl = compiled.wgsl({ block_sizes: [...tile], num_warps, ...ON_MATRICES })
    const arrays = [...wgsl.matchAll(/var<workgroup> matrix_\d+: array<array<vec4u, (\d+)>, (\d+)>/g)]
    const bytes = arrays.reduce((sum, [, length, parts]) => sum + 16 * Number(length) * Number(parts), 4)
    expect(Math.floor(49_152 / (bytes + 512))).toBe(many)
  },
)
