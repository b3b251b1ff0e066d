/**
 * The default of products of few rows: nothing is staged, threads hold as much of what is read once as keeps
 * memory busy, and workgroups share out what few programs would leave to a part of the device.
 */
import { describe, expect, it } from 'vitest'
import type { DeviceLimits } from '../../src/codegen/program.ts'
import { hl, type Tensor } from '../../src/language/index.ts'
import type { KernelFunction } from '../../src/language/trace/trace_kernel.ts'
import type { DType } from '../../src/support/dtypes.ts'
import type { StorageType } from '../../src/support/storage_types.ts'
import { decodeAttention, matmul } from '../gpu/kernels.ts'
import { Compiled } from './compiling.ts'
import { DEVICES } from './devices.ts'

const H200: Partial<DeviceLimits> = {
  ...DEVICES.H200,
  subgroupMatrices: [{ m: 16, n: 16, k: 16, operand: 'f16', result: 'f32' }],
}

/** Heads, queries, keys, width. */
function defaultOf(sizes: readonly [number, number, number, number], dtype: DType, device = H200) {
  const [heads, queries, keys, width] = sizes
  const tensor = (...shape: number[]) => ({ shape, dtype, dynamic: undefined, data: [] })
  const memory = tensor(heads, keys, width)
  const { spec } = new Compiled(decodeAttention, [tensor(heads, queries, width), memory, memory], device)
  const { block_sizes, num_warps, num_stages, mma, split_sums } = spec.defaultConfig().data
  return { block_sizes, num_warps, num_stages, mma, split_sums }
}

describe('the default of attention of few queries', () => {
  const direct = { num_warps: 8, num_stages: 1, mma: ['direct', 'direct'] }

  it.each([
    ['f16', 64],
    ['f32', 32],
  ] as const)('reads keys and values of %s as they are, 64 bytes a thread, shared out', (dtype, tk) => {
    const wanted = { block_sizes: [1, 1, tk], ...direct, split_sums: [16] }
    expect(defaultOf([32, 1, 8192, 128], dtype)).toEqual(wanted)
  })

  it('makes rows of the queries of a head, whose sums leave room for fewer workgroups', () => {
    expect(defaultOf([8, 1, 8192, 128], 'f16').split_sums).toEqual([32])
    expect(defaultOf([4, 2, 16_384, 128], 'f16').split_sums).toEqual([64])
    const wanted = { block_sizes: [1, 4, 64], ...direct, split_sums: [16] }
    expect(defaultOf([8, 4, 8192, 128], 'f16')).toEqual(wanted)
    expect(defaultOf([8, 3, 8192, 128], 'f16')).toEqual(wanted)
  })

  it.each([
    [32, 64, 128, [16]],
    [32, 256, 32, [16]],
    [512, 128, 64, [1]],
    [1, 128, 64, [32]],
  ] as const)('of %i heads of width %i takes %i keys a round', (heads, width, tk, split_sums) => {
    expect(defaultOf([heads, 1, 8192, width], 'f16')).toMatchObject({ block_sizes: [1, 1, tk], split_sums })
  })

  it('shares out no fewer keys than are worth a workgroup', () => {
    expect(defaultOf([4, 1, 512, 128], 'f16').split_sums).toEqual([8])
    expect(defaultOf([20, 1, 448, 64], 'f32').split_sums).toEqual([4])
    expect(defaultOf([4, 1, 50, 128], 'f16')).toMatchObject({ block_sizes: [1, 1, 64], split_sums: [1] })
  })

  it('is for few queries', () => {
    expect(defaultOf([4, 7, 32_768, 128], 'f16')).toEqual({
      block_sizes: [1, 4, 64],
      ...direct,
      split_sums: [16],
    })
    expect(defaultOf([4, 9, 32_768, 128], 'f16').mma).toEqual(['subgroup_matrix', 'subgroup_matrix'])
    expect(defaultOf([32, 64, 8192, 128], 'f16').mma).toEqual(['subgroup_matrix', 'subgroup_matrix'])
  })

  it('is one warp of a processor', () => {
    const wanted = { num_warps: 1, num_stages: 1, mma: ['direct', 'direct'], split_sums: [1] }
    const { SwiftShader } = DEVICES
    expect(defaultOf([4, 1, 1024, 64], 'f32', SwiftShader)).toEqual({ block_sizes: [1, 1, 16], ...wanted })
    expect(defaultOf([4, 4, 1024, 64], 'f32', SwiftShader)).toEqual({ block_sizes: [1, 4, 16], ...wanted })
    expect(defaultOf([4, 7, 1024, 64], 'f32', SwiftShader).mma).toEqual(['fma', 'fma'])
  })
})

/** `x · wᵀ`. */
function ofRows(x: Tensor, w: Tensor): Tensor {
  const out = hl.empty([x.shape[0], w.shape[0]])
  for (const [tm, tn] of hl.tile([x.shape[0], w.shape[0]])) {
    const acc = hl.zeros([tm, tn])
    for (const tk of hl.tile(x.shape[1])) acc.addDot(x.at(tm, tk), w.at(tn, tk).to(x.dtype).transpose())
    out.at(tm, tn).set(acc)
  }
  return out
}

describe('the default of products of few rows', () => {
  type Shape = readonly [rows: number, depth: number, columns: number]
  const dataOf = (fn: KernelFunction, x: Shape, dtype: DType, weights: StorageType) => {
    const [m, k, n] = x
    const shape = fn === ofRows ? [n, k] : [k, n]
    const args = [
      { shape: [m, k], dtype, dynamic: undefined, data: [] },
      { shape, dtype: weights, dynamic: undefined, data: [] },
    ]
    return new Compiled(fn, args, H200).spec.defaultConfig().data
  }
  const defaultsOf = (fn: KernelFunction, x: Shape, dtype: DType, weights: StorageType = dtype) => {
    const data = dataOf(fn, x, dtype, weights)
    return [data.block_sizes, data.num_warps, data.num_stages, String(data.mma)]
  }

  it('lies along the memory of the weights', () => {
    expect(defaultsOf(matmul, [1, 4096, 4096], 'f16')).toEqual([[1, 32, 512], 16, 2, 'direct'])
    expect(defaultsOf(matmul, [1, 4096, 4096], 'f32')).toEqual([[1, 32, 512], 16, 2, 'direct'])
    expect(defaultsOf(ofRows, [3, 4096, 4096], 'f32')).toEqual([[4, 4, 1024], 8, 1, 'direct'])
    expect(defaultsOf(ofRows, [1, 4096, 4096], 'f16')).toEqual([[1, 8, 1024], 8, 1, 'direct'])
    expect(defaultsOf(ofRows, [1, 4096, 4096], 'f16', 'u4')).toEqual([[1, 8, 4096], 8, 1, 'direct'])
    expect(defaultsOf(ofRows, [1, 4096, 4096], 'f32', 'i8')).toEqual([[1, 8, 2048], 8, 1, 'direct'])
  })

  it('has longer rounds of weights of few bits, shared out so that threads have several columns', () => {
    const slicesOf = (weights: StorageType): unknown =>
      dataOf(ofRows, [1, 4096, 4096], 'f16', weights).slice_k
    expect((['f16', 'i8', 'u4'] as const).map(slicesOf)).toEqual([[1], [2], [4]])
  })

  it('takes more columns where there is little depth', () => {
    expect(defaultsOf(ofRows, [1, 200, 4096], 'f32')).toEqual([[1, 16, 256], 8, 1, 'direct'])
    expect(defaultsOf(ofRows, [1, 200, 3], 'f32')).toEqual([[1, 4, 256], 8, 1, 'direct'])
  })

  it('is loaded ahead where there is more than a few rows', () => {
    expect(defaultsOf(matmul, [1024, 1024, 1024], 'f32')).toEqual([[64, 64, 16], 4, 2, 'fma'])
  })
})
