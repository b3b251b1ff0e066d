/** Jagged loops, compiled: on the workgroup interpreter, under random configs, RANDOM_CONFIGS of them. */
import { expect, it } from 'vitest'
import type { KernelFunction } from '../../src/language/trace/trace_kernel.ts'
import { type Argument, host, ramp } from '../language/harness.ts'
import * as kernels from '../language/jagged_kernels.ts'
import { OnCpu } from './on_cpu.ts'
import { programConfigs } from './random_programs.ts'

const CONFIGS = Number(process.env.RANDOM_CONFIGS ?? 2)
/** Lengths of rows: none, one that is empty, all empty, one row, many. */
const ROWS = [[0, 3, 1, 9], [0, 0], [], [5], [1, 2, 0, 9, 1]]

/** `argsOf` is given the number of elements, their offsets, and the number of rows. */
function expectAll(
  fn: KernelFunction,
  argsOf: (count: number, offsets: Argument, rows: number) => readonly Argument[],
  tolerance = 0,
): void {
  let right = 0
  for (const [seed, lengths] of ROWS.entries()) {
    const offsets = [0]
    for (const length of lengths) offsets.push((offsets.at(-1) ?? 0) + length)
    const args = argsOf(offsets.at(-1) ?? 0, host([offsets.length], offsets, 'i32'), lengths.length)
    const subject = new OnCpu(fn, args, {
      dynamic: seed % 2 === 0,
      maxWorkgroupInvocations: 128,
      subgroupSize: seed % 3 === 0 ? 0 : 32,
      tolerance: { abs: tolerance, rel: tolerance },
    })
    for (const { data } of programConfigs(subject.compiled.spec, CONFIGS, seed))
      right += subject.outcome(data) === 'right' ? 1 : 0
  }
  expect(right).toBeGreaterThan((ROWS.length * CONFIGS) / 3)
}

it('sums and means', () => {
  expectAll(kernels.jaggedSum, (n, offsets) => [ramp([n, 6]), offsets])
  expectAll(kernels.jaggedMean, (n, offsets) => [ramp([n, 5]), offsets], 1e-6)
})

it('softmax', () => {
  expectAll(kernels.jaggedSoftmaxRows, (n, offsets) => [ramp([n, 5]), offsets], 1e-5)
})

it('layer norm', () => {
  expectAll(kernels.jaggedLayerNormRows, (n, offsets) => [ramp([n, 6]), offsets, 1e-5], 1e-4)
})

it('beside dense tensors', () => {
  expectAll(kernels.jaggedDenseAdd, (n, offsets, rows) => [ramp([n]), offsets, ramp([rows, 7])])
})

it('products', () => {
  expectAll(kernels.jaggedDenseBmm, (n, offsets, rows) => [
    ramp([n, 4]),
    offsets,
    ramp([rows, 4, 3]),
    ramp([rows, 3]),
  ])
})

it('positions that are computed', () => {
  expectAll(kernels.jaggedFlatSum, (n, offsets) => [ramp([n, 6]), offsets])
})

it('attention', () => {
  const args = (n: number) => [ramp([n, 4]), ramp([n, 4]), ramp([n, 4])]
  expectAll(kernels.jaggedAttention, (n, offsets) => [...args(n), offsets], 1e-4)
})

it('combinations', () => {
  const args = [ramp([3, 7]), host([3], [3, 7, 2], 'i32')]
  for (const dynamic of [false, true]) {
    const subject = new OnCpu(kernels.jaggedCombined, args, { dynamic, maxWorkgroupInvocations: 64 })
    for (const { data } of programConfigs(subject.compiled.spec, CONFIGS, 1)) subject.expectRight(data)
  }
})

it('elements past the end of every row are masked once', () => {
  const args = [ramp([64, 32]), host([9], (i) => 8 * i, 'i32')]
  for (const fn of [kernels.jaggedSum, kernels.jaggedSoftmaxRows]) {
    const { compiled } = new OnCpu(fn, args, { dynamic: false })
    const text = compiled.after('insert masks', { block_sizes: 4 })
    expect(text.match(/inside tile2|inside tile3/g) ?? [], text).toEqual([])
  }
})
