/** Folds and scans on the workgroup interpreter: in every layout, streamed, with and without subgroups. */
import { describe, expect, it } from 'vitest'
import type { ConfigInput } from '../../src/config/config.ts'
import { hl, type Tensor } from '../../src/language/index.ts'
import type { KernelFunction } from '../../src/language/trace/trace_kernel.ts'
import { type TensorInput, values, whole } from '../gpu/inputs.ts'
import {
  lastOfRecurrence,
  normalizedSums,
  recurrence,
  reverseRecurrence,
  sums,
  welford,
} from '../language/combining_kernels.ts'
import { argumentOf } from './case_arguments.ts'
import { OnCpu } from './on_cpu.ts'

/** Few and many threads along the row, streamed, as vectors and one by one. */
const CONFIGS: readonly ConfigInput[] = [
  {},
  { block_sizes: [4], num_warps: 1 },
  { block_sizes: [1], num_warps: 4 },
  { block_sizes: [16], num_warps: 2 },
  { block_sizes: [1], num_warps: 4, indexing: 'pointer' },
]
/** Where the rows are whole dimensions of more than one element. */
const STREAMED: readonly ConfigInput[] = [
  { block_sizes: [2], num_threads: [4], num_warps: 1 },
  { reduction_loops: [16], block_sizes: [2], num_warps: 2 },
  { reduction_loops: [32], block_sizes: [1], num_warps: 1, indexing: 'pointer' },
]
const DEVICES = [
  { subgroupSize: 0, dynamic: true },
  { subgroupSize: 4, dynamic: false },
]
const CLOSE = { abs: 1e-4, rel: 1e-4 }

const signs = (shape: readonly number[]): TensorInput =>
  values(shape, 'f32', (i) => [1, -1, 1, 1, -1, 1, -1][i % 7] ?? 1)

interface Kernel {
  readonly fn: KernelFunction
  readonly args: readonly TensorInput[]
  readonly streams: boolean
}

const KERNELS: Readonly<Record<string, Kernel>> = {
  'running sums': { fn: sums(1, false), args: [whole([5, 75])], streams: true },
  'running sums of one element': { fn: sums(1, false), args: [whole([3, 1])], streams: false },
  'running sums of a power of two': { fn: sums(1, false), args: [whole([3, 64], 'i32')], streams: true },
  'running sums from the end': { fn: sums(1, true), args: [whole([5, 75])], streams: true },
  'running sums of columns': { fn: sums(0, false), args: [whole([33, 6])], streams: true },
  'running sums of columns from the end': { fn: sums(0, true), args: [whole([33, 6])], streams: true },
  'a recurrence': { fn: recurrence, args: [signs([5, 75]), whole([5, 75])], streams: true },
  'a recurrence from the end': {
    fn: reverseRecurrence,
    args: [signs([5, 75]), whole([5, 75])],
    streams: true,
  },
  'the end of a recurrence': { fn: lastOfRecurrence, args: [signs([5, 75]), whole([5, 75])], streams: true },
  moments: { fn: welford, args: [whole([5, 75])], streams: true },
  'a scan between reductions': { fn: normalizedSums, args: [whole([5, 75])], streams: true },
}

describe.each(Object.keys(KERNELS))('%s', (name) => {
  const { fn, args, streams } = KERNELS[name] as Kernel
  it.each(DEVICES)('subgroups of $subgroupSize', (device) => {
    const kernel = new OnCpu(fn, args.map(argumentOf), { ...device, tolerance: CLOSE })
    for (const config of streams ? [...CONFIGS, ...STREAMED] : CONFIGS) kernel.expectRight(config)
  })
})

describe('a row walked from its end', () => {
  const ends = (x: Tensor, w: Tensor) => {
    const [m, n] = x.shape
    const out = { sums: hl.emptyLike(x), ends: hl.empty([m, 2]), products: hl.empty([m]) }
    for (const row of hl.tile(m)) {
      const values = x.at(row, ':')
      out.sums.at(row, ':').set(values.cumsum(1, { reverse: true }).add(hl.arange(n)))
      out.ends.at(row, 0).set(hl.reduce((a) => a, values, 1))
      out.ends.at(row, 1).set(hl.reduce((_, b) => b, values, 1).add(values.amax(1)))
      out.products.at(row).set(values.mul(w.at(':')).sum(1))
    }
    return out
  }

  it.each([true, false])('has its folds in order, and positions where they are, dynamic: %s', (dynamic) => {
    const args = [whole([5, 37]), whole([37])].map(argumentOf)
    const kernel = new OnCpu(ends as KernelFunction, args, { dynamic, tolerance: CLOSE })
    for (const config of [{}, ...STREAMED]) kernel.expectRight(config)
  })

  it('is not walked both ways at once', () => {
    const both = (x: Tensor): Tensor => {
      const out = hl.emptyLike(x)
      for (const row of hl.tile(x.shape[0])) {
        const values = x.at(row, ':')
        out.at(row, ':').set(values.cumsum(1).sub(values.cumsum(1, { reverse: true })))
      }
      return out
    }
    const kernel = new OnCpu(both as KernelFunction, [argumentOf(whole([2, 21]))])
    kernel.expectRight()
    expect(kernel.compiled.wgsl({ reduction_loops: [8] })).toBe(kernel.compiled.wgsl({}))
  })
})

it('is made anew in each round that is written out', () => {
  const carriedSums = (x: Tensor): Tensor => {
    const [m, n] = x.shape
    const out = hl.emptyLike(x)
    for (const row of hl.tile(m)) {
      const before = hl.zeros([row])
      for (const t of hl.tile(n)) {
        out.at(row, t).set(x.at(row, t).cumsum(1).add(before.unsqueeze(1)))
        before.addAssign(x.at(row, t).sum(1))
      }
    }
    return out
  }
  const kernel = new OnCpu(carriedSums as KernelFunction, [argumentOf(whole([3, 21]))])
  for (const range_unroll_factors of [[1], [2], [4]]) {
    kernel.expectRight({ block_sizes: [2, 4], range_unroll_factors, num_warps: 1 })
  }
  kernel.expectRight({ block_sizes: [2, 8], static_ranges: [true] })
})
