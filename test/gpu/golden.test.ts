/**
 * The WGSL of kernels of each kind, as files to read, and that it is right. The device is made up, so that
 * the text is the same everywhere; `npx vitest run test/gpu/golden.test.ts -u` writes the files anew.
 */
import { describe, expect, it } from 'vitest'
import type { DeviceLimits } from '../../src/codegen/program.ts'
import type { ConfigInput } from '../../src/config/config.ts'
import type { AnyFunction } from '../../src/kernel/options.ts'
import { LIMITS } from '../codegen/compiling.ts'
import * as thin from '../codegen/thin_kernels.ts'
import { type Input, spread, values, whole } from './inputs.ts'
import * as kernels from './kernels.ts'
import { CLOSE, EXACT, Subject, type Tolerance } from './subject.ts'

const DEVICE: DeviceLimits = { ...LIMITS, subgroupSize: 0, shaderF16: false }

interface Golden {
  readonly fn: AnyFunction
  readonly inputs: () => readonly Input[]
  readonly config: ConfigInput
  readonly dynamic?: true
  readonly tolerance?: Tolerance
}

const add = (size: number): Pick<Golden, 'fn' | 'inputs'> => ({
  fn: kernels.vectorAdd,
  inputs: () => [whole([size]), whole([size])],
})
const bias = (dynamic: boolean): Pick<Golden, 'fn' | 'inputs'> => ({
  fn: kernels.biasAdd,
  inputs: () => (dynamic ? [whole([37, 52]), whole([52])] : [whole([64, 48]), whole([48])]),
})
const product: Pick<Golden, 'fn' | 'inputs'> = {
  fn: kernels.matmul,
  inputs: () => [whole([64, 32]), whole([32, 96])],
}

const GOLDEN: Readonly<Record<string, Golden>> = {
  vector_add: { ...add(1024), config: { block_sizes: [256], num_warps: 2 } },
  vector_add_dynamic: { ...add(1000), config: { block_sizes: [256], num_warps: 2 }, dynamic: true },
  vector_add_ragged: { ...add(1001), config: { block_sizes: [256], num_warps: 2 }, dynamic: true },
  vector_add_pointer: { ...add(1024), config: { block_sizes: [64], num_warps: 1, indexing: 'pointer' } },
  vector_add_persistent: {
    ...add(8192),
    config: { block_sizes: [64], num_warps: 1, pid_type: 'persistent_blocked', num_sm_multiplier: 2 },
  },
  softmax: {
    fn: kernels.softmax,
    inputs: () => [spread([6, 100])],
    config: { block_sizes: [2], num_warps: 1 },
    tolerance: CLOSE,
  },
  softmax_looped: {
    fn: kernels.softmax,
    inputs: () => [spread([6, 256])],
    config: { block_sizes: [2], num_warps: 1, reduction_loops: [64] },
    tolerance: CLOSE,
  },
  layer_norm: {
    fn: kernels.layerNorm,
    inputs: () => [spread([5, 64]), spread([64]), spread([64]), 1e-5],
    config: { block_sizes: [4], num_warps: 2 },
    dynamic: true,
    tolerance: { abs: 2e-5, rel: 2e-5 },
  },
  matmul: { ...product, config: { block_sizes: [32, 32, 16], num_warps: 2, num_stages: 1 } },
  matmul_two_stages: { ...product, config: { block_sizes: [32, 32, 16], num_warps: 2, num_stages: 2 } },
  matmul_sliced: { ...product, config: { block_sizes: [16, 16, 16], num_warps: 4, slice_k: [4] } },
  matmul_direct: {
    ...product,
    config: { block_sizes: [2, 64, 16], num_warps: 2, num_stages: 1, mma: 'direct' },
  },
  int4_direct: {
    fn: thin.grouped,
    inputs: () => [whole([1, 64]), whole([64, 96], 'i4'), whole([16, 96])],
    config: { block_sizes: [1, 32, 32], num_warps: 1, num_stages: 1, mma: 'direct' },
  },
  transpose: {
    fn: kernels.transpose,
    inputs: () => [whole([32, 64])],
    config: { block_sizes: [16, 16], num_warps: 1 },
  },
  transpose_staged: {
    fn: kernels.transpose,
    inputs: () => [whole([32, 64])],
    config: { block_sizes: [16, 16], num_warps: 1, indexing: ['block_ptr', 'tensor_descriptor'] },
  },
  embedding: {
    fn: kernels.embedding,
    inputs: () => [whole([11, 24]), values([19], 'i32', (i) => ((i * 5) % 14) - 2)],
    config: { block_sizes: [4], num_warps: 1 },
    dynamic: true,
  },
  bias_add_flattened: {
    ...bias(true),
    config: { flatten_loops: [true], block_sizes: [4, 32], num_warps: 1 },
    dynamic: true,
  },
  bias_add_grouped: {
    ...bias(true),
    config: { block_sizes: [8, 16], l2_groupings: [4], num_warps: 1 },
    dynamic: true,
  },
  bias_add_xyz: {
    ...bias(false),
    config: { block_sizes: [8, 16], pid_type: 'xyz', loop_orders: [[1, 0]], num_warps: 1 },
  },
  bias_add_interleaved: {
    ...bias(false),
    config: { block_sizes: [8, 16], pid_type: 'persistent_interleaved', num_warps: 1 },
  },
  argmax: {
    fn: kernels.argmaxRows,
    inputs: () => [whole([6, 75])],
    config: { block_sizes: [1], num_warps: 1 },
  },
  histogram: {
    fn: kernels.histogram,
    inputs: () => [whole([300], 'i32', [0, 100])],
    config: { block_sizes: [128], num_warps: 1 },
    dynamic: true,
  },
  neighbours: {
    fn: kernels.neighbours,
    inputs: () => [whole([130])],
    config: { block_sizes: [64], num_warps: 1 },
  },
  in_place: {
    fn: kernels.scaleInPlace,
    inputs: () => [whole([300])],
    config: { block_sizes: [64], num_warps: 1 },
  },
  two_grids: {
    fn: kernels.centred,
    inputs: () => [whole([8, 64])],
    config: { block_sizes: [4, 4, 16], num_warps: 1 },
  },
  scalars: {
    fn: kernels.axpy,
    inputs: () => [3, whole([70]), whole([70]), { negate: true }],
    config: { block_sizes: [64], num_warps: 1 },
    dynamic: true,
  },
}

describe('the text and its answer', () => {
  it.each(Object.entries(GOLDEN))('%s', async (name, { fn, inputs, config, dynamic, tolerance = EXACT }) => {
    const subject = await Subject.of(fn, inputs(), { staticShapes: !dynamic, tolerance })
    await expect(subject.wgsl(config, DEVICE)).toMatchFileSnapshot(`golden/${name}.wgsl`)
    await subject.expectRight(config, DEVICE)
  })
})
