/** Products without staging: who holds what, and the right sums under every config. */
import { expect, it } from 'vitest'
import { hl, type Tensor } from '../../src/language/index.ts'
import type { StorageType } from '../../src/support/storage_types.ts'
import { drawConfigs } from '../config/random_configs.ts'
import { whole } from '../gpu/inputs.ts'
import type { HostArgument } from '../language/harness.ts'
import * as batched from './batched_kernels.ts'
import { OnCpu } from './on_cpu.ts'
import * as kernels from './thin_kernels.ts'

const CONFIGS = Number(process.env.RANDOM_CONFIGS ?? 3)

function input(shape: readonly number[], dtype: StorageType = 'f32'): HostArgument {
  return { ...whole(shape, dtype, [-3, 3]), dynamic: undefined }
}

const CASES: Readonly<Record<string, readonly [(...args: never[]) => unknown, readonly HostArgument[]]>> = {
  'of a vector': [kernels.product, [input([1, 40]), input([40, 24])]],
  'of four rows': [kernels.product, [input([4, 32]), input([32, 16])]],
  'of ragged sizes': [kernels.product, [input([5, 19]), input([19, 11])]],
  'of ragged vectors': [kernels.product, [input([3, 21]), input([21, 12])]],
  'of i32': [kernels.product, [input([3, 16], 'i32'), input([16, 8], 'i32')]],
  'of f16': [kernels.product, [input([2, 24], 'f16'), input([24, 16], 'f16')]],
  'of one column': [kernels.product, [input([6, 16]), input([16, 1])]],
  'of one number each': [kernels.product, [input([1, 1]), input([1, 1])]],
  'along nothing': [kernels.product, [input([3, 0]), input([0, 4])]],
  'without rows': [kernels.product, [input([0, 4]), input([4, 4])]],
  'with transposed weights': [kernels.linear, [input([3, 24]), input([12, 24]), input([12])]],
  'of a row with transposed weights': [kernels.linear, [input([1, 64]), input([8, 64]), input([8])]],
  'of ragged transposed weights': [kernels.linear, [input([5, 13]), input([7, 13]), input([7])]],
  'whose sums are read': [kernels.running, [input([2, 20]), input([20, 8]), input([20, 8])]],
  'of groups of i4': [kernels.grouped, [input([2, 24]), input([24, 16], 'i4'), input([6, 16])]],
  'of groups of u4': [kernels.grouped, [input([1, 16]), input([16, 8], 'u4'), input([4, 8])]],
  'of groups of f16': [
    kernels.grouped,
    [input([1, 32], 'f16'), input([32, 16], 'i4'), input([8, 16], 'f16')],
  ],
  'of groups of i16': [kernels.grouped, [input([1, 16]), input([16, 4], 'i16'), input([4, 4])]],
  'of ragged groups': [kernels.grouped, [input([2, 13]), input([13, 7], 'u4'), input([4, 7])]],
  'of transposed groups with zeros': [
    kernels.withZeros,
    [input([2, 64]), input([8, 64], 'u4'), input([8, 8]), input([8, 8], 'u4')],
  ],
  'of groups of i8': [kernels.grouped, [input([3, 12]), input([12, 8], 'i8'), input([3, 8])]],
  'of a batch': [batched.bmm, [input([3, 2, 12]), input([3, 12, 8])]],
  'of a batch with one matrix for all': [
    batched.sharedWeights,
    [input([3, 2, 8]), input([8, 12]), input([12])],
  ],
  'of heads': [batched.attentionOfHeads, [input([2, 2, 4]), input([2, 9, 4]), input([2, 9, 4])]],
}

it.each(Object.keys(CASES).flatMap((name) => [true, false].map((dynamic) => ({ name, dynamic }))))(
  'a product $name, dynamic: $dynamic',
  ({ name, dynamic }) => {
    const [fn, args] = CASES[name] ?? expect.fail(name)
    const subject = new OnCpu(fn as never, args, {
      dynamic,
      subgroupSize: dynamic ? 8 : 0,
      maxWorkgroupInvocations: 128,
      tolerance: { abs: 1e-4, rel: 1e-4 },
    })
    const block_sizes = [1, 2, 8, 16].slice(-subject.compiled.spec.input.blocks.length)
    subject.expectRight({ block_sizes, mma: 'direct' })
    const configs = drawConfigs(subject.compiled.spec, CONFIGS, 3)
    const outcomes = configs.map(({ data }) => subject.outcome({ ...data, mma: 'direct' }))
    expect(outcomes).toContain('right')
  },
)

it('adds up what threads hold of one element, beside a block of no loop of its own', () => {
  const subject = new OnCpu(
    function products(x: Tensor, y: Tensor) {
      const shared = hl.registerBlockSize(2, 16)
      const copy = hl.empty([x.shape[0], x.shape[1]])
      const out = hl.empty([x.shape[0], y.shape[1]])
      for (const rows of hl.tile(x.shape[0], { blockSize: shared })) copy.at(rows, ':').set(x.at(rows, ':'))
      for (const [m, n] of hl.tile([x.shape[0], y.shape[1]])) {
        const sums = hl.zeros([m, n])
        for (const k of hl.tile(x.shape[1])) sums.addDot(x.at(m, k), y.at(k, n))
        out.at(m, n).set(sums)
      }
      return [copy, out]
    },
    [input([3, 16]), input([16, 4])],
    { subgroupSize: 0, maxWorkgroupInvocations: 128 },
  )
  subject.expectRight({ block_sizes: [8, 1, 1, 8], mma: 'direct' })
})

it('parts of sums that workgroup memory has no room for are handed over in turns', () => {
  const config = { block_sizes: [4, 16, 32], num_warps: 2, num_stages: 1, slice_k: 1, mma: 'direct' } as const
  const barriers = [32_768, 4096].map((maxWorkgroupBytes) => {
    const args = [input([4, 64]), input([64, 16])]
    const subject = new OnCpu(kernels.product, args, { maxWorkgroupBytes, subgroupSize: 0 })
    subject.expectRight(config)
    return subject.compiled.wgsl(config).split('workgroupBarrier').length - 1
  })
  expect(barriers).toEqual([1, 3])
})

it('a scale of a group multiplies the sum over it, unless there are as many rows', () => {
  const products = [1, 4].map((m) => {
    const args = [input([m, 64]), input([64, 32], 'i4'), input([16, 32])]
    const subject = new OnCpu(kernels.grouped, args, { subgroupSize: 0 })
    const config = {
      block_sizes: [m, 32, 32],
      num_warps: 1,
      num_stages: 1,
      slice_k: 1,
      mma: 'direct',
    } as const
    subject.expectRight(config)
    return subject.compiled.wgsl(config).match(/\* scale_|, scale_\d+, acc/g)?.length
  })
  // Two vectors of columns; four positions of the contracted dimension.
  expect(products).toEqual([2, 8])
})

it.each([
  [64, 32, 64],
  [32, 32, 16],
])('scales in f16 that several registers share are loaded ahead: %d, %d, %d', (n, block, depth) => {
  const args = [input([1, 128], 'f16'), input([128, n], 'i4'), input([32, n], 'f16')]
  const subject = new OnCpu(kernels.grouped, args, { subgroupSize: 32, tolerance: { abs: 1e-3, rel: 1e-3 } })
  for (const num_warps of [1, 2])
    subject.expectRight({ block_sizes: [1, block, depth], num_warps, num_stages: 2, mma: 'direct' })
})
