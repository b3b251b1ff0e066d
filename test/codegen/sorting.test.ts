/** Sorting on the workgroup interpreter: in every layout, for every dtype, with and without subgroups. */
import { describe, expect, it } from 'vitest'
import type { ConfigInput } from '../../src/config/config.ts'
import { hl, type Tensor } from '../../src/language/index.ts'
import type { KernelFunction } from '../../src/language/trace/trace_kernel.ts'
import type { DType } from '../../src/support/dtypes.ts'
import { values, whole } from '../gpu/inputs.ts'
import { largest, sorted } from '../language/sorting_kernels.ts'
import { argumentOf } from './case_arguments.ts'
import { OnCpu } from './on_cpu.ts'

const sortedValues =
  (descending: boolean): KernelFunction =>
  (x: Tensor) => {
    const out = hl.emptyLike(x)
    for (const row of hl.tile(x.shape[0])) out.at(row, ':').set(x.at(row, ':').sort(1, { descending }).values)
    return out
  }

const CONFIGS: readonly ConfigInput[] = [
  {},
  { block_sizes: [4], num_warps: 1 },
  { block_sizes: [1], num_warps: 4 },
  { block_sizes: [2], num_threads: [4], num_warps: 1, indexing: 'pointer' },
]
/** SORT_ROW asks for a longer one. */
const LONG_ROW = Number(process.env.SORT_ROW ?? 2048)
const DTYPES: readonly DType[] = ['f32', 'f16', 'i32', 'u32', 'bool']

describe.each([0, 4, 32])('subgroups of %s', (subgroupSize) => {
  it.each(DTYPES)('rows of %s, rising and falling', (dtype) => {
    const x = argumentOf(whole([3, 37], dtype, dtype === 'bool' ? [0, 1] : undefined))
    for (const descending of [false, true]) {
      const kernel = new OnCpu(sorted(1, descending), [x], { subgroupSize, dynamic: descending })
      for (const config of CONFIGS.slice(0, dtype === 'f32' ? 4 : 2)) kernel.expectRight(config)
    }
  })

  it.each(DTYPES)('values of %s alone', (dtype) => {
    const x = argumentOf(whole([3, 37], dtype, dtype === 'bool' ? [0, 1] : [-9, 9]))
    for (const descending of [false, true]) {
      const kernel = new OnCpu(sortedValues(descending), [x], { subgroupSize })
      for (const config of CONFIGS.slice(0, 2)) kernel.expectRight(config)
    }
  })

  it('columns, rows of a power of two, of one element and of none', () => {
    for (const x of [whole([33, 6]), whole([1, 6]), whole([0, 6])])
      new OnCpu(sorted(0, true), [argumentOf(x)], { subgroupSize }).expectRight()
    new OnCpu(sorted(1, false), [argumentOf(whole([2, 64], 'i32'))], { subgroupSize }).expectRight()
  })

  it('the largest and smallest', () => {
    const x = argumentOf(whole([5, 37]))
    for (const config of CONFIGS.slice(0, 3)) new OnCpu(largest(3), [x], { subgroupSize }).expectRight(config)
    new OnCpu(largest(4, { largest: false }), [x], { subgroupSize, dynamic: true }).expectRight()
  })

  it('infinities and NaN at a ragged end', () => {
    const odd = [Number.NaN, Infinity, 1, Number.NaN, -Infinity, Infinity, -Infinity]
    const x = argumentOf(values([2, 7], 'f32', (i) => odd[(i * 3) % 7] ?? 0))
    for (const descending of [false, true])
      new OnCpu(sorted(1, descending), [x], { subgroupSize }).expectRight()
  })
})

it('integers travel alone where nobody asks where they stood', () => {
  const shuffles = (fn: KernelFunction, dtype: DType): number => {
    const kernel = new OnCpu(fn, [argumentOf(whole([1, 64], dtype))])
    return kernel.compiled.wgsl({ num_warps: 1 }).match(/subgroupShuffleXor/g)?.length ?? 0
  }
  const both = shuffles(sorted(1, false), 'u32')
  expect(shuffles(sortedValues(false), 'u32')).toBe(both / 2)
  expect(shuffles(sortedValues(false), 'f32')).toBe(both)
})

describe('rows that are long to write out are sorted by loops', () => {
  // Few threads with many registers, as of longer rows: few elements, so that the interpreter is done soon.
  const config: ConfigInput = { block_sizes: [1], num_warps: 1 }

  it('subgroups of 8', () => {
    const x = argumentOf(whole([1, LONG_ROW - 3], 'f32', [-90, 90]))
    new OnCpu(sorted(1, false), [x], { subgroupSize: 8, dynamic: true }).expectRight(config)
  })

  it('of integers, without vectors and subgroups', () => {
    const x = argumentOf(whole([1, LONG_ROW], 'u32', [0, 3]))
    new OnCpu(sorted(1, true), [x], { subgroupSize: 0 }).expectRight({ ...config, indexing: 'pointer' })
  })

  it('the largest of a row of 8192', () => {
    const kernel = new OnCpu(largest(3), [argumentOf(whole([1, 8192], 'f32', [-900, 900]))])
    expect(kernel.compiled.wgsl()).toContain('merge_')
  })

  it('and refused where that is too long, too', () => {
    const kernel = new OnCpu(sorted(1, false), [argumentOf(whole([1, 8192]))], { registerBudget: 2048 })
    expect(() => kernel.run({ block_sizes: [1], num_warps: 1 })).toThrow(
      /sorting 8192 elements takes \d+ comparisons per thread/,
    )
  })
})
