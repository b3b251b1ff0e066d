/**
 * The default of products of few rows: nothing is staged, threads hold as much of what is read once as keeps
 * memory busy, and workgroups share out what few programs would leave to a part of the device.
 */
import { describe, expect, it } from 'vitest'
import type { DeviceLimits } from '../../src/codegen/program.ts'
import { hl, type Tensor } from '../../src/language/index.ts'
import type { DType } from '../../src/support/dtypes.ts'
import { Compiled } from './compiling.ts'
import { DEVICES } from './devices.ts'

/** Queries of each head, which share its keys. */
function decode(q: Tensor, k: Tensor, v: Tensor): Tensor {
  const [heads, queries] = q.shape
  const width = hl.specialize(q.shape[2])
  const out = hl.emptyLike(q)
  for (const [h, tq] of hl.tile([heads, queries])) {
    const [top, total, acc] = [hl.full([h, tq], -Infinity), hl.zeros([h, tq]), hl.zeros([h, tq, width])]
    for (const tk of hl.tile(k.shape[1])) {
      const scores = q.at(h, tq, ':').dot(k.at(h, tk, ':').transpose())
      const next = hl.maximum(top, scores.amax(-1))
      const weights = scores.sub(next.unsqueeze(-1)).exp()
      const rescale = top.sub(next).exp()
      total.assign(total.mul(rescale).add(weights.sum(-1)))
      acc.mulAssign(rescale.unsqueeze(-1))
      acc.addDot(weights.to(v.dtype), v.at(h, tk, ':'))
      top.assign(next)
    }
    out.at(h, tq, ':').set(acc.div(total.unsqueeze(-1)).to(q.dtype))
  }
  return out
}

const H200: Partial<DeviceLimits> = {
  ...DEVICES.H200,
  subgroupMatrices: [{ m: 16, n: 16, k: 16, operand: 'f16', result: 'f32' }],
}

/** Heads, queries, keys, width. */
function defaultOf(sizes: readonly [number, number, number, number], dtype: DType, device = H200) {
  const [heads, queries, keys, width] = sizes
  const tensor = (...shape: number[]) => ({ shape, dtype, dynamic: undefined, data: [] })
  const memory = tensor(heads, keys, width)
  const { spec } = new Compiled(decode, [tensor(heads, queries, width), memory, memory], device)
  const { block_sizes, num_warps, num_stages, mma, split_sums } = spec.defaultConfig().data
  return { block_sizes, num_warps, num_stages, mma, split_sums }
}

describe('the default of attention of few queries', () => {
  const direct = { num_warps: 8, num_stages: 1, mma: ['direct', 'direct'] }

  it.each(['f16', 'f32'] as const)('reads keys and values of %s as they are, shared out', (dtype) => {
    const wanted = { block_sizes: [1, 1, 64], ...direct, split_sums: [16] }
    expect(defaultOf([32, 1, 8192, 128], dtype)).toEqual(wanted)
  })

  it('makes rows of the queries of a head', () => {
    const wanted = { block_sizes: [1, 4, 64], ...direct, split_sums: [64] }
    expect(defaultOf([8, 4, 8192, 128], 'f16')).toEqual(wanted)
    expect(defaultOf([8, 3, 8192, 128], 'f16')).toEqual(wanted)
  })

  it.each([
    [32, 64, 128, [16]],
    [32, 256, 32, [16]],
    [512, 128, 64, [1]],
    [1, 128, 64, [64]],
  ] as const)('of %i heads of width %i takes %i keys a round', (heads, width, tk, split_sums) => {
    expect(defaultOf([heads, 1, 8192, width], 'f16')).toMatchObject({ block_sizes: [1, 1, tk], split_sums })
  })

  it('shares out no fewer keys than are worth a workgroup', () => {
    expect(defaultOf([4, 1, 512, 128], 'f16').split_sums).toEqual([4])
    expect(defaultOf([4, 1, 50, 128], 'f16')).toMatchObject({ block_sizes: [1, 1, 64], split_sums: [1] })
  })

  it('is for few queries', () => {
    expect(defaultOf([32, 64, 8192, 128], 'f16').mma).toEqual(['subgroup_matrix', 'subgroup_matrix'])
  })

  it('is one warp of a processor', () => {
    const wanted = { num_warps: 1, num_stages: 1, mma: ['direct', 'direct'], split_sums: [1] }
    const { SwiftShader } = DEVICES
    expect(defaultOf([4, 1, 1024, 64], 'f32', SwiftShader)).toEqual({ block_sizes: [1, 1, 16], ...wanted })
    expect(defaultOf([4, 4, 1024, 64], 'f32', SwiftShader)).toEqual({ block_sizes: [1, 4, 16], ...wanted })
  })
})
